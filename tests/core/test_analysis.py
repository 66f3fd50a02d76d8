import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.analysis import Analysis, ManifoldInfo, to_json
from core.analysis_file import AnalysisFileError, analysis_arrays, analysis_from_arrays, from_json
from core.track import Presence

Maker = Callable[..., Analysis]


@pytest.fixture
def exported(make_analysis: Maker) -> Any:
    return json.loads(json.dumps(to_json(make_analysis()), allow_nan=False))


def numbers_in(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for item in value.values():
            yield from numbers_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from numbers_in(item)
    elif isinstance(value, float):
        yield value


def test_that_the_export_has_every_field_of_the_contract(exported: Any) -> None:
    assert exported["schema"] == 1
    assert (exported["telltale_version"], exported["created"]) == ("0.1.0", "2026-01-02T03:04:05+00:00")
    assert exported["video"] == {
        "path": "clip.mp4",
        "sha256": "5e" * 32,
        "frames": 60,
        "fps": 25.0,
        "duration": 2.4,
        "width": 640,
        "height": 360,
        "notes": [],
    }
    assert exported["times"][:3] == [0.0, 0.04, 0.08]
    assert exported["subject"]["id"] == 0
    assert len(exported["subject"]["box"]) == 4
    assert set(exported["extractor"]) == {"name", "version", "device", "sources"}
    assert exported["extractor"]["sources"][0] == {"name": "appearance", "space": "hog-lab-1024", "size": 1024}
    assert exported["manifold"] == {
        "name": "telltale-blazepose",
        "sha256": "ab" * 32,
        "fps": 25.0,
        "variant": "corrected",
        "sources": ["appearance", "pose", "kp2d"],
        "classes": ["squat", "wave", "walk"],
        "clip_accuracy": None,
    }
    assert exported["action"] is None
    assert {key: exported["scores"][key] for key in ("temporal_coherence", "nearest_class", "motion_amount", "padded", "outside")} == {
        "temporal_coherence": 0.21,
        "nearest_class": "wave",
        "motion_amount": 0.62,
        "padded": False,
        "outside": False,
    }
    assert exported["scores"]["action_consistency"] == {"squat": 0.9, "wave": 0.35, "walk": 1.1}
    assert exported["scores"]["windows"][1] == {
        "start": 8, "stop": 40, "temporal_coherence": 0.21, "nearest_class": "wave", "outside": False,
    }  # fmt: skip
    assert set(exported["attention"]) == {"appearance", "pose", "kp2d"}
    assert exported["timings"] == {"extraction": 1.9, "embedding": 0.2, "glitches": 0.05}


def test_that_every_curve_has_one_value_per_frame(exported: Any) -> None:
    curves = [exported["times"], exported["presence"], exported["presence_reason"], exported["step_curve"], exported["step_disagreement"]]
    curves += [exported["band"]["low"], exported["band"]["high"], *exported["attention"].values()]
    assert {len(curve) for curve in curves} == {60}


def test_that_unknown_numbers_are_null_and_never_nan(make_analysis: Maker) -> None:
    analysis = make_analysis()
    analysis = replace(analysis, scores=replace(analysis.scores, temporal_coherence=math.nan), timings={"extraction": math.inf})
    text = json.dumps(to_json(analysis), allow_nan=False)
    exported = json.loads(text)
    assert exported["step_curve"][0] is None
    assert exported["scores"]["temporal_coherence"] is None
    assert exported["timings"] == {"extraction": None}
    assert all(math.isfinite(number) for number in numbers_in(exported))


def test_that_the_export_says_why_a_frame_is_not_ok(exported: Any) -> None:
    assert exported["presence"][19:23] == ["ok", "none", "none", "ok"]
    assert exported["presence_reason"][19:23] == [None, "nobody was found", "nobody was found", None]


def test_that_the_ranges_of_the_export_have_an_exclusive_stop(exported: Any) -> None:
    strongest = exported["glitches"][0]
    assert (strongest["start"], strongest["peak"], strongest["stop"]) == (39, 40, 42)
    assert set(strongest) == {
        "id", "start", "stop", "peak", "kind", "severity", "rarity", "confidence", "sources", "joints", "tracks", "text",
        "encoder",
    }  # fmt: skip
    assert strongest["joints"][0] == {"name": "left_wrist", "share": 0.7, "excess": 8.2}
    last = exported["scores"]["windows"][-1]
    assert last["stop"] - last["start"] == 32


def test_that_an_analysis_survives_as_arrays(make_analysis: Maker) -> None:
    analysis = make_analysis()
    arrays = analysis_arrays(analysis)
    assert not any(values.dtype.hasobject for values in arrays.values())
    again = analysis_from_arrays(arrays)
    assert to_json(again) == to_json(analysis)
    np.testing.assert_array_equal(again.track.keypoints, analysis.track.keypoints)
    np.testing.assert_array_equal(again.track.features["appearance"], analysis.track.features["appearance"])
    assert again.map is not None
    assert analysis.map is not None
    np.testing.assert_array_equal(again.map.windows, analysis.map.windows)
    assert again.glitches == analysis.glitches


def test_that_arrays_without_a_field_are_refused(make_analysis: Maker) -> None:
    arrays = analysis_arrays(make_analysis())
    del arrays["a3"]
    with pytest.raises(AnalysisFileError, match="analyse the video again"):
        analysis_from_arrays(arrays)


@pytest.mark.parametrize("scored", [True, False])
def test_that_an_export_read_back_exports_the_same(make_analysis: Maker, scored: bool) -> None:
    exported = json.loads(json.dumps(to_json(make_analysis(scored=scored))))
    assert json.loads(json.dumps(to_json(from_json(exported)))) == exported


def test_that_an_export_read_back_knows_presence_but_no_body(exported: Any) -> None:
    analysis = from_json(exported)
    assert len(analysis) == 60
    assert analysis.track.presence[20] is Presence.NONE
    assert analysis.track.size == (640, 360)
    assert np.isnan(analysis.track.keypoints).all()
    assert not analysis.track.seen().any()
    assert analysis.map is None


def test_that_an_export_of_a_newer_version_is_refused(exported: Any) -> None:
    exported["schema"] = 2
    with pytest.raises(AnalysisFileError, match="newer Telltale"):
        from_json(exported)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("step_curve", [1.0, 2.0]),
        ("presence", ["asleep"] * 60),
        ("glitches", [{"id": "x"}]),
        ("video", None),
        ("created", 5),
        ("times", {"0": 0.0}),
        ("times", [0.0] * 60),
        ("times", [None] * 60),
    ],
)
def test_that_a_damaged_export_is_refused_with_one_sentence(exported: Any, field: str, value: Any) -> None:
    exported[field] = value
    with pytest.raises(AnalysisFileError, match=r"^This analysis\.json is damaged .*; export it again\.$"):
        from_json(exported)


def test_that_an_event_outside_the_clip_is_refused(exported: Any) -> None:
    exported["glitches"][0]["peak"] = 10**9
    with pytest.raises(AnalysisFileError, match="outside the clip"):
        from_json(exported)


def test_that_json_of_something_else_is_refused() -> None:
    with pytest.raises(AnalysisFileError, match="no schema"):
        from_json({"hello": "world"})


def test_that_a_manifold_says_how_far_its_nearest_class_can_be_believed() -> None:
    known = ManifoldInfo("m", "0" * 64, 30.0, "corrected", ("pose",), ("walk", "run"), 0.24)
    assert known.caution == "The nearest class is a hint: it was right for 24% of the clips held out from training."
    assert replace(known, clip_accuracy=None).caution is None


def test_that_remarks_come_back_and_may_be_missing_in_older_exports(make_analysis: Maker) -> None:
    told = replace(make_analysis(), remarks=("Unusual tempo: the motion looks slowed down.",))
    exported = to_json(told)
    assert exported["remarks"] == ["Unusual tempo: the motion looks slowed down."]
    assert from_json(exported).remarks == analysis_from_arrays(analysis_arrays(told)).remarks == told.remarks
    del exported["remarks"]
    assert from_json(exported).remarks == ()
