"""What the trees learn from, how they are kept, and what is told of them."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.glitches.kinds import Plant
from core.detectors import forests
from core.detectors.forests import Forest, read_forests
from core.skeletons import OPENPOSE_BODY
from core.tracks.pixels.measure import PixelTracks, measure_pictures
from tests.moving_square import film as square_film
from tests.moving_square import square_track
from tests.walking import HEIGHT_PIXELS, walking_track
from tools.fit_body_faults import FEATURES, FOLDS, Rows, figures, fold_of, fold_path, grow, joined, rows_of, write_forests
from tools.mocap.recorded import Recorded
from tools.render_faults import training_jobs

FRAMES = 150
THERE, BACK = 60, 74


def counting(*thresholds: float, bias: float = 0.0) -> Forest:
    """How many of the thresholds "x" passes."""
    many = len(thresholds)
    root, nodes = 3 * np.arange(many), np.arange(3 * many)
    is_root = nodes % 3 == 0
    return Forest(
        features=("x",),
        roots=root,
        feature=np.zeros(3 * many, int),
        threshold=np.where(is_root, np.repeat(thresholds, 3), np.inf),
        unknown_left=np.ones(3 * many, bool),
        left=np.where(is_root, nodes + 1, nodes),
        right=np.where(is_root, nodes + 2, nodes),
        value=(nodes % 3 == 2).astype(np.float64),
        bias=bias,
        depth=1,
    )


@pytest.fixture(scope="module")
def pixels() -> PixelTracks:
    """Pictures in which nothing changes its ways."""
    short = measure_pictures(square_film(12), square_track(12))
    return PixelTracks(**{name: np.repeat(values[-1:], FRAMES, axis=0) for name, values in vars(short).items()})


@pytest.fixture
def recorded(pixels: PixelTracks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recorded]:
    """A function (joint names) -> the film of a person who walks, those joints a fifth of the body height to the side for half a second."""
    write_forests(tmp_path / "leaps.npz", {"leaps": replace(counting(), features=FEATURES["leaps"])}, {})
    monkeypatch.setattr(forests, "BUNDLED", tmp_path / "leaps.npz")

    def walk(*names: str) -> Recorded:
        track = walking_track(frames=FRAMES, swing=0.2, noise=0.001)
        keypoints = np.array(track.keypoints)
        for name in names:
            keypoints[THERE:BACK, OPENPOSE_BODY.index(name)] += (0.2 * HEIGHT_PIXELS, 0)
        truth = np.zeros((FRAMES, 24, 3)), np.zeros((FRAMES, 24, 2))
        return Recorded(replace(track, keypoints=keypoints), pixels, *truth)

    return walk


def planted(kind: str = "arm teleport", start: int = THERE, stop: int = BACK, limb: str | None = "left_arm", detail: str = "") -> Plant:
    return Plant(kind, start, stop, limb, detail)


def test_that_the_joined_trees_say_what_the_models_say_also_of_unknown_values(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(size=(400, 3))
    fault = values[:, 0] + np.where(values[:, 1] > 0, values[:, 2], 0.5) > 0.5
    values[generator.random(values.shape) < 0.2] = np.nan
    models = [HistGradientBoostingClassifier(max_iter=12, max_depth=4, max_features=0.7, random_state=s).fit(values, fault) for s in (0, 1)]
    forest = joined(models, ("a", "b", "c"))
    asked = np.concatenate([values, generator.normal(0, 3, (200, 3)), [[np.nan] * 3, [np.inf, -np.inf, np.nan]]])
    expected = np.mean([model.decision_function(asked) for model in models], axis=0)
    write_forests(tmp_path / "trees.npz", {"slip": forest}, {})
    for one in (forest, read_forests(tmp_path / "trees.npz")["slip"]):
        np.testing.assert_allclose(one.log_odds(dict(zip("abc", asked.T, strict=True))), expected, rtol=1e-6, atol=1e-6)


def test_that_a_forest_is_grown_on_what_is_clean_or_a_fault_and_on_nothing_else() -> None:
    generator = np.random.default_rng(1)
    values = generator.normal(size=(240, 2))
    fault = (values[:, 0] > 0.3).astype(int)
    near = Rows(-values, np.full(240, -1), np.arange(240), np.full(240, -1), 0, 8.0)
    told = Rows(values, fault, np.arange(240), np.where(fault == 1, 0, -1), 1, 8.0)
    alone, both = grow([told], ("tells", "does not")), grow([near, told, near], ("tells", "does not"))
    for name in ("roots", "feature", "threshold", "left", "right", "value"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(both, name), err_msg=name)
    said = alone.log_odds({"tells": np.array([-1.0, 1.5]), "does not": np.zeros(2)})
    assert said[0] < -2
    assert said[1] > 2


def test_that_all_views_of_a_clip_are_in_one_fold_and_the_folds_are_alike(shared: Path, tmp_path: Path) -> None:
    jobs = training_jobs(shared / "mocap", 10**6)
    paths = {job.take.clip: {fold_path(tmp_path, other.take.clip) for other in jobs if other.take.clip == job.take.clip} for job in jobs}
    assert {len(of_clip) for of_clip in paths.values()} == {1}
    assert {path.name for of_clip in paths.values() for path in of_clip} == {f"fold_{number}.npz" for number in range(FOLDS)}
    many = Counter(fold_of(job.take.clip) for job in jobs)
    assert min(many.values()) > len(jobs) / FOLDS / 2


def test_that_the_fold_of_a_clip_is_the_same_on_every_machine() -> None:
    assert [fold_of(clip) for clip in ("cmu_02_01", "cmu_14_06", "cmu_49_04")] == [3, 0, 1]


def test_that_clean_film_has_no_faults(recorded: Callable[..., Recorded]) -> None:
    film = recorded("left_wrist")
    for name, rows in (rows_of(film, (), ("leaps", "slip")) | rows_of(film, (), ("limbs",))).items():
        assert rows.values.shape == (len(rows.fault), len(FEATURES[name])), name
        assert rows.plants == 0
        assert (rows.which == -1).all()
        assert set(rows.fault[(rows.frame >= 6) & (rows.frame < FRAMES - 6)]) == {0}, name
        assert rows.seconds == pytest.approx((FRAMES - 1) / 30)


def test_that_leaps_at_the_edges_of_a_planted_fault_are_it(recorded: Callable[..., Recorded]) -> None:
    rows = rows_of(recorded("left_wrist"), (planted(),), ("leaps",))["leaps"]
    assert rows.frame.tolist() == [THERE, BACK]
    assert rows.fault.tolist() == [1, 1]
    assert rows.which.tolist() == [0, 0]
    assert rows.plants == 1


@pytest.mark.parametrize(
    ("plant", "expected"),
    [
        (planted(limb="right_arm"), [-1, -1]),  # another limb
        (planted("root drift", limb=None, detail="slides by 0.2"), [-1, -1]),  # nothing that leaps
        (planted(stop=100), [1, -1]),  # inside a fault that goes on
        (planted(start=BACK + 3, stop=100), [0, -1]),  # within four frames
        (planted(start=100, stop=110), [0, 0]),
    ],
)
def test_that_leaps_near_a_fault_that_are_not_it_count_neither_way(
    recorded: Callable[..., Recorded], plant: Plant, expected: list[int]
) -> None:
    assert rows_of(recorded("left_wrist"), (plant,), ("leaps",))["leaps"].fault.tolist() == expected


def test_that_excursions_of_the_planted_limb_are_the_fault_and_those_of_others_near_it_count_neither_way(
    recorded: Callable[..., Recorded],
) -> None:
    film = recorded("left_wrist", "right_ankle")
    rows = rows_of(film, (planted(),), ("limbs",))["limbs"]
    leg = rows.values[:, FEATURES["limbs"].index("leg")] == 1
    exact = rows.frame == THERE
    assert set(rows.fault[exact & ~leg]) == {1}
    assert set(rows.fault[leg]) == {-1}
    assert (rows.which[leg] == -1).all()
    # Of a plant that is elsewhere in time nothing is a fault, and nothing is near.
    assert set(rows_of(film, (planted(start=100, stop=114),), ("limbs",))["limbs"].fault) == {0}


def test_that_a_body_that_floats_is_no_slide_and_a_slide_no_float(recorded: Callable[..., Recorded]) -> None:
    everything = tuple(OPENPOSE_BODY)
    slide, floating = (planted("root drift", limb=None, detail=f"{how} by 0.2") for how in ("slides", "floats"))
    names = ("slip", "floats")
    of_slide, of_float = (rows_of(recorded(*everything), (plant,), names) for plant in (slide, floating))
    assert (of_slide["slip"].plants, of_slide["floats"].plants) == (1, 0)
    assert (of_float["slip"].plants, of_float["floats"].plants) == (0, 1)
    # The clearest excursion comes first.
    assert abs(of_float["floats"].frame[0] - THERE) <= 1
    assert of_float["floats"].fault[0] == 1
    assert of_slide["floats"].fault[0] == -1
    assert 1 not in of_float["slip"].fault


def test_that_the_middle_of_a_slide_is_the_fault_and_the_frames_around_count_neither_way(recorded: Callable[..., Recorded]) -> None:
    rows = rows_of(recorded(), (planted("root drift", 60, 80, None, "slides by 0.2"),), ("slip",))["slip"]
    expected = np.zeros(FRAMES, int)
    expected[:6] = expected[-6:] = -1
    expected[52:88] = -1
    expected[64:76] = 1
    np.testing.assert_array_equal(rows.fault, expected)
    np.testing.assert_array_equal(np.flatnonzero(rows.which == 0), np.arange(60, 80))


def test_that_figures_are_of_trees_that_have_not_seen_the_clip_and_count_faults_that_nothing_tells() -> None:
    def rows(values: list[float], fault: list[int], frame: list[int], which: list[int], plants: int) -> Rows:
        return Rows(np.array(values)[:, None], np.array(fault), np.array(frame), np.array(which), plants, 300.0)

    # What passes five minutes of clean motion: 7, 6, ... 1; the 6.5 three frames from the 7 is the same, what is near a fault is nothing.
    false = rows([7.1, 6.6, 6.1, 5.1, 4.1, 3.1, 2.1, 1.1, 9.1], [0] * 8 + [-1], [0, 3, 20, 40, 60, 80, 100, 120, 200], [-1] * 9, 0)
    faults = rows([2.1, 7.1, 6.1, 3.1], [1] * 4, [10, 12, 50, 90], [0, 0, 1, 2], 4)
    counts, knows_by_heart = counting(*range(1, 11)), counting(*range(1, 11), bias=50.0)
    told = figures([false, faults], np.array([1, 1]), [knows_by_heart, counts])
    assert told == {"minutes": 10.0, "faults": 4, "told_at_false_a_minute": {"0.1": 0.25, "0.2": 0.5, "0.5": 0.75}}
    assert figures([false, faults], np.array([1, 0]), [knows_by_heart, counts])["told_at_false_a_minute"]["0.1"] == 0.75


def test_that_what_is_written_holds_the_forests_and_the_figures(tmp_path: Path) -> None:
    given = counting(1.5, 2.5, bias=-1.0)
    write_forests(tmp_path / "trees.npz", {"slip": given}, {"slip": {"faults": 3}})
    read = read_forests(tmp_path / "trees.npz")
    assert list(read) == ["slip"]
    np.testing.assert_array_equal(read["slip"].log_odds({"x": np.arange(4.0)}), [-1.0, -1.0, 0.0, 1.0])
    with np.load(tmp_path / "trees.npz", allow_pickle=False) as arrays:
        assert json.loads(str(arrays["figures"])) == {"slip": {"faults": 3}}
    assert [path.name for path in tmp_path.iterdir()] == ["trees.npz"]
