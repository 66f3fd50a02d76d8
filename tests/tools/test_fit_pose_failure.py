"""What counts as a failed pose, and what is told of a fit."""

import numpy as np
import pytest

from core.tracks.joints import JOINTS
from tools.fit_pose_failure import Film, Sample, failed, figures, fit, held_out, lost_from
from tools.pose_errors import Residuals

FRAMES = 10
NONE = np.zeros((len(JOINTS), 3))
LEFT = [place for place, name in enumerate(JOINTS) if name.startswith("left")]
RIGHT = [place for place, name in enumerate(JOINTS) if name.startswith("right")]


def film() -> Film:
    """A body whose sides are 0.2 body heights apart, found where it is."""
    true = np.zeros((FRAMES, len(JOINTS), 2))
    true[:, LEFT, 0], true[:, RIGHT, 0] = 0.1, -0.1
    axes = np.tile(np.eye(3), (FRAMES, 1, 1))
    apart = Residuals(np.zeros((FRAMES, len(JOINTS), 2)), np.zeros((FRAMES, len(JOINTS), 3)), axes)
    return Film("clip", "blazepose", apart, true, np.zeros(FRAMES, bool), np.ones(FRAMES, bool), {}, None)


def test_that_a_pose_at_its_place_has_not_failed() -> None:
    frames, joints = failed(film(), NONE)
    assert not frames.any() and not joints.any()


def test_that_a_constant_difference_of_a_joint_is_no_failure() -> None:
    found = film()
    found.apart.picture[..., 0] += 0.15
    assert failed(found, NONE)[0].all()
    assert not failed(found, NONE + np.array([0.15, 0.0, 0.0]))[0].any()


def test_that_one_limb_off_is_a_failed_joint_and_three_are_a_failed_frame() -> None:
    found = film()
    for frame, names in ((2, ("left_wrist",)), (5, ("left_wrist", "left_elbow", "right_ankle"))):
        found.apart.picture[frame, [JOINTS.index(name) for name in names], 1] = 0.11
    frames, joints = failed(found, NONE)
    assert np.flatnonzero(frames).tolist() == [5]
    assert joints.sum(axis=1).tolist() == [0, 0, 1, 0, 0, 3, 0, 0, 0, 0]


def test_that_exchanged_sides_and_a_body_that_looks_the_other_way_have_failed() -> None:
    found = film()
    found.true[..., 0] *= 0.25
    found.apart.picture[3, LEFT, 0], found.apart.picture[3, RIGHT, 0] = -0.05, 0.05
    found.turned[7] = True
    assert np.flatnonzero(failed(found, NONE)[0]).tolist() == [3, 7]


def sample(weight: np.ndarray | None = None) -> Sample:
    """2000 rows of two features, of which the first tells a failure."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(2000, 2))
    wrong = rng.random(2000) < 1 / (1 + np.exp(-(2 * values[:, 0] - 2)))
    return Sample(("tells", "does not"), values, wrong, np.arange(2000) % 2 == 0, np.ones(2000) if weight is None else weight)


def test_that_the_fit_finds_what_tells_and_is_calibrated_on_the_other_half() -> None:
    rows = sample()
    model = fit(rows, np.ones(2000, bool))
    assert abs(model.weight[0]) > 10 * abs(model.weight[1])
    told = figures(rows, held_out(rows))
    assert min(told["auc"]) > 0.8
    assert told["brier"] < 0.9 * told["brier_of_the_mean"]
    for mean, share in told["calibration"]:
        assert mean == pytest.approx(share, abs=0.03)


def test_that_the_half_that_is_judged_has_no_part_in_the_fit() -> None:
    rows = sample()
    second = rows.second
    turned = Sample(rows.names, np.where(second[:, None], -rows.values, rows.values), rows.wrong, second, rows.weight)
    assert max(figures(turned, held_out(turned))["auc"]) < 0.3


def test_that_a_film_that_stands_for_many_counts_as_many() -> None:
    weight = np.where(np.arange(2000) < 1000, 9.0, 1.0)
    rows = sample(weight)
    share = figures(rows, held_out(rows))["failed"]
    assert share == pytest.approx(0.9 * rows.wrong[:1000].mean() + 0.1 * rows.wrong[1000:].mean(), abs=1e-4)


def test_that_a_pose_counts_as_lost_from_where_most_have_failed() -> None:
    probability = np.repeat(np.arange(0.05, 1.0, 0.1), 200)
    # Of what is told with 0.55, 0.65, ... 0.95, three in ten to seven in ten: six in ten from 0.75 on.
    wrong = np.tile(np.arange(200), 10) < 200 * (probability - 0.24)

    def rows(truth: np.ndarray) -> Sample:
        return Sample(("one",), probability[:, None], truth, np.zeros(2000, bool), np.ones(2000))

    found = lost_from(rows(wrong), probability)
    assert found is not None
    assert 0.65 < found["probability"] <= 0.75
    assert found["precision"] == pytest.approx(wrong[probability > 0.7].mean(), abs=1e-3)
    assert found["recall"] == pytest.approx(wrong[probability > 0.7].sum() / wrong.sum(), abs=1e-3)
    assert lost_from(rows(np.zeros(2000, bool)), probability) is None


def test_that_a_pose_that_is_rather_right_than_wrong_is_not_lost() -> None:
    probability = np.full(2000, 0.4)
    probability[:100] = 0.6
    found = lost_from(Sample(("one",), probability[:, None], np.ones(2000, bool), np.zeros(2000, bool), np.ones(2000)), probability)
    assert found is not None
    assert found["probability"] == 0.5
