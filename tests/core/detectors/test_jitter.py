"""Joints that tremble, from tracks with known values."""

from dataclasses import replace

import numpy as np
import pytest

from core.detectors.candidate import Candidate
from core.detectors.jitter import jitters, without_what_trembles
from core.tracks.joints import JOINTS
from core.tracks.local import LocalTracks
from tests.quiet_tracks import of_column, quiet_tracks

TIMES = np.arange(60) / 30
WRIST, ELBOW, HIP = (JOINTS.index(name) for name in ("right_wrist", "right_elbow", "left_hip"))


def shaking(frames: range = range(20, 40), pictures: bool = True, **scores: float) -> LocalTracks:
    """Joints whose score has this value in these frames, and who then reach a hundredth of it."""
    columns = {JOINTS.index(name): dict.fromkeys(frames, value) for name, value in scores.items()}
    score = of_column(60, len(JOINTS), columns)
    return quiet_tracks(pictures=pictures, trembling_score=score, trembling=0.01 * score)


def test_that_a_trembling_arm_is_told_with_its_joints() -> None:
    (found,) = jitters(shaking(right_wrist=2.0, right_elbow=1.2, left_hip=0.8), TIMES)
    assert (found.detector, found.kind, found.start, found.stop) == ("jitter", "jitter", 20, 40)
    assert found.value == pytest.approx(2.0)
    assert [joint.name for joint in found.joints] == ["right_wrist", "right_elbow"]
    assert [joint.share for joint in found.joints] == pytest.approx([0.625, 0.375])
    assert found.text.startswith("Right wrist trembles in frames 20 to 39 (0.67 s), by 0.020 body heights and the picture with it")


def test_that_a_whole_body_is_called_so() -> None:
    (found,) = jitters(shaking(**dict.fromkeys(JOINTS, 1.5)), TIMES)
    assert found.text.startswith("The whole body trembles")


def test_that_what_is_ordinary_or_over_at_once_is_not_told() -> None:
    assert jitters(shaking(right_wrist=0.55), TIMES) == []
    assert jitters(shaking(range(20, 28), right_wrist=2.0), TIMES) == []


def test_that_the_judder_of_a_converted_frame_rate_is_no_trembling() -> None:
    regular = np.zeros(60)
    regular[25] = 1.0
    shaken = replace(shaking(right_wrist=2.0), regular=regular)
    assert len(jitters(shaken, TIMES)) == 1
    regular[30] = 0.7
    assert jitters(replace(shaken, regular=regular), TIMES) == []


def test_that_nothing_is_told_without_pictures() -> None:
    assert jitters(quiet_tracks(pictures=False), TIMES) == []


def disorder(value: float, detector: str = "shuffle") -> Candidate:
    return Candidate(detector, "disorder", 25, 30, 27, value, 1.0, (), ("pictures compared",), "")


def test_that_trembling_explains_a_slight_disorder_of_frames() -> None:
    trembling = jitters(shaking(right_wrist=2.0), TIMES)
    assert without_what_trembles([disorder(1.5)], trembling) == []
    for stays in (disorder(2.2), disorder(1.5, "reversal")):
        assert without_what_trembles([stays], trembling) == [stays]
    assert without_what_trembles([disorder(1.5)], jitters(shaking(right_wrist=1.0), TIMES)) == [disorder(1.5)]
    assert without_what_trembles([disorder(1.5)], jitters(shaking(range(40, 58), right_wrist=2.0), TIMES)) == [disorder(1.5)]
