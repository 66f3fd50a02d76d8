from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from core.analysis import Analysis
from core.body import SMPL_PELVIS, load_body, rest_joints
from core.skeletons import KEYPOINTS
from core.track import HumanTrack, Presence, Source
from render.compose import Layer, Layers, Painter, compose
from render.palette import LEFT, RIGHT, rgb

Maker = Callable[..., Analysis]
NOTHING = Layers(mesh=Layer(False), skeleton=Layer(False), keypoints=Layer(False), box=Layer(False))
ONLY = {name: replace(NOTHING, **{name: Layer()}) for name in ("mesh", "skeleton", "keypoints", "box")}
SIZE = (640, 360)


@pytest.fixture(scope="module")
def painter() -> Iterator[Painter]:
    painter = Painter(load_body())
    yield painter
    painter.close()


@pytest.fixture(scope="module")
def track(make_analysis: Maker) -> HumanTrack:
    return make_analysis(size=SIZE).track


def with_points(track: HumanTrack, places: dict[str, tuple[float, float, float]]) -> HumanTrack:
    """The same track with only these key points: name -> x, y, score."""
    points, scores = np.full_like(track.keypoints, np.nan), np.zeros_like(track.keypoint_scores)
    for name, (x, y, score) in places.items():
        points[:, KEYPOINTS.index(name)] = x, y
        scores[:, KEYPOINTS.index(name)] = score
    return replace(track, keypoints=points, keypoint_scores=scores)


def weight_at(picture: np.ndarray) -> tuple[float, float]:
    """x and y of the centre of all that is drawn."""
    alpha = picture[:, :, 3].astype(float)
    rows, columns = np.mgrid[: alpha.shape[0], : alpha.shape[1]]
    return float((columns * alpha).sum() / alpha.sum()), float((rows * alpha).sum() / alpha.sum())


@pytest.mark.parametrize("name", ["mesh", "skeleton", "keypoints", "box"])
def test_that_each_layer_draws_by_itself_and_premultiplied(painter: Painter, track: HumanTrack, name: str) -> None:
    picture = painter.overlay(track, 0, SIZE, ONLY[name])
    assert picture.shape == (360, 640, 4)
    assert picture.dtype == np.uint8
    assert (picture[:, :, 3] > 200).sum() > 100
    assert (picture[:, :, :3].max(2) <= picture[:, :, 3].astype(int) + 1).all()


def test_that_a_body_model_with_another_origin_is_drawn_in_the_same_place(painter: Painter, track: HumanTrack) -> None:
    bundled = load_body()
    own = replace(bundled, space="smpl", v_template=bundled.v_template + np.array([0.1, -0.3, 0.2], np.float32))
    mean = replace(track, betas=np.zeros_like(track.betas))
    drawn, expected = Painter(own).overlay(mean, 0, SIZE, ONLY["mesh"]), painter.overlay(mean, 0, SIZE, ONLY["mesh"])
    assert weight_at(drawn) == pytest.approx(weight_at(expected), abs=0.1)


def test_that_nothing_visible_is_a_clear_picture(painter: Painter, track: HumanTrack) -> None:
    assert not painter.overlay(track, 0, SIZE, NOTHING).any()
    assert not painter.overlay(track, 0, SIZE, replace(NOTHING, mesh=Layer(True, 0.0))).any()


def test_that_half_the_opacity_is_half_the_ink(painter: Painter, track: HumanTrack) -> None:
    full = painter.overlay(track, 0, SIZE, ONLY["mesh"]).astype(int)
    half = painter.overlay(track, 0, SIZE, replace(NOTHING, mesh=Layer(opacity=0.5))).astype(int)
    assert full[:, :, 3].max() == 255
    assert np.abs(half - full / 2).max() <= 1


def test_that_the_key_points_lie_over_the_mesh(painter: Painter, track: HumanTrack) -> None:
    track = replace(track, keypoint_scores=np.ones_like(track.keypoint_scores))
    both = painter.overlay(track, 0, SIZE, replace(ONLY["mesh"], keypoints=Layer()))
    x, y = (round(float(value)) for value in track.keypoints[0, KEYPOINTS.index("left_hip")])
    assert painter.overlay(track, 0, SIZE, ONLY["mesh"])[y, x, 3] == 255
    np.testing.assert_array_equal(both[y, x], painter.overlay(track, 0, SIZE, ONLY["keypoints"])[y, x])


@pytest.mark.parametrize("name", ["left_wrist", "right_wrist", "nose"])
@pytest.mark.parametrize("place", [(100.0, 60.0), (100.5, 60.25), (401.75, 300.5)])
def test_that_a_point_is_drawn_around_its_place(painter: Painter, track: HumanTrack, name: str, place: tuple[float, float]) -> None:
    picture = painter.overlay(with_points(track, {name: (*place, 1.0)}), 0, SIZE, ONLY["keypoints"])
    assert weight_at(picture) == pytest.approx(place, abs=0.15)


def test_that_left_and_right_differ_by_colour_and_by_marker(painter: Painter, track: HumanTrack) -> None:
    left = painter.overlay(with_points(track, {"left_knee": (100, 60, 1.0)}), 0, SIZE, ONLY["keypoints"])
    right = painter.overlay(with_points(track, {"right_knee": (100, 60, 1.0)}), 0, SIZE, ONLY["keypoints"])
    assert tuple(left[60, 100]) == (*rgb(LEFT), 255)
    assert tuple(right[60, 100]) == (*rgb(RIGHT), 255)
    left_shape, right_shape = left[:, :, 3] > 127, right[:, :, 3] > 127
    assert (left_shape ^ right_shape).sum() >= 0.1 * left_shape.sum()


def test_that_a_doubtful_point_is_smaller_and_fainter(painter: Painter, track: HumanTrack) -> None:
    sure, doubtful = (
        painter.overlay(with_points(track, {"left_knee": (100, 60, score)}), 0, SIZE, ONLY["keypoints"])[:, :, 3] for score in (1.0, 0.2)
    )
    assert doubtful.max() < 0.6 * sure.max()
    assert (doubtful > 0).sum() < 0.8 * (sure > 0).sum()


def test_that_points_that_are_noise_or_unknown_are_not_drawn(painter: Painter, track: HumanTrack) -> None:
    assert not painter.overlay(with_points(track, {"left_knee": (100, 60, 0.01)}), 0, SIZE, ONLY["keypoints"]).any()
    assert not painter.overlay(with_points(track, {"left_knee": (np.nan, 60, 1.0)}), 0, SIZE, ONLY["keypoints"]).any()
    assert not painter.overlay(with_points(track, {"left_knee": (100, 60, np.nan)}), 0, SIZE, ONLY["keypoints"]).any()


def test_that_a_bone_needs_both_its_ends(painter: Painter, track: HumanTrack) -> None:
    knee, ankle = (200.0, 100.0, 1.0), (200.0, 180.0, 1.0)
    assert not painter.overlay(with_points(track, {"left_knee": knee}), 0, SIZE, ONLY["skeleton"]).any()
    bone = painter.overlay(with_points(track, {"left_knee": knee, "left_ankle": ankle}), 0, SIZE, ONLY["skeleton"])
    assert tuple(bone[140, 200]) == (*rgb(LEFT), 255)


def test_that_points_far_outside_the_picture_do_no_harm(painter: Painter, track: HumanTrack) -> None:
    far = with_points(track, {"left_knee": (1e9, -1e9, 1.0), "left_ankle": (100.0, 60.0, 1.0)})
    picture = painter.overlay(far, 0, SIZE, ONLY["keypoints"])
    assert tuple(picture[60, 100]) == (*rgb(LEFT), 255)


def test_that_the_overlay_scales_with_the_picture(painter: Painter, track: HumanTrack) -> None:
    one = with_points(track, {"left_knee": (99.5, 59.5, 1.0)})
    picture = painter.overlay(one, 0, (1280, 720), ONLY["keypoints"])
    # 99.5 from the first pixel's centre is 100 from the picture's edge, twice that is 200.
    assert weight_at(picture) == pytest.approx((199.5, 119.5), abs=0.15)
    small, large = (painter.overlay(track, 0, size, ONLY["mesh"]) for size in (SIZE, (1280, 720)))
    assert weight_at(large) == pytest.approx([2 * (value + 0.5) - 0.5 for value in weight_at(small)], abs=0.5)


def test_that_the_mesh_lies_where_the_camera_sees_the_body(painter: Painter, track: HumanTrack) -> None:
    moved = replace(track, translation=track.translation + np.float32([0.5, 0, 0]))
    before, after = (weight_at(painter.overlay(one, 0, SIZE, ONLY["mesh"]))[0] for one in (track, moved))
    pixels_a_metre = float(track.intrinsics[0, 0] / track.translation[0, 2])
    assert after - before == pytest.approx(0.5 * pixels_a_metre, rel=0.03)


def test_that_shape_numbers_of_another_body_are_not_used(painter: Painter, track: HumanTrack) -> None:
    thick = replace(track, betas=np.full_like(track.betas, 2.0))
    ours = replace(thick, extractor=replace(track.extractor, sources=(Source("beta", "telltale-cc0", 10),)))
    others = replace(thick, extractor=replace(track.extractor, sources=(Source("beta", "somebody-else", 10),)))
    mean = painter.overlay(track, 0, SIZE, ONLY["mesh"])
    np.testing.assert_array_equal(painter.overlay(others, 0, SIZE, ONLY["mesh"]), mean)
    assert (painter.overlay(ours, 0, SIZE, ONLY["mesh"]) != mean).any()


def test_that_a_body_of_smpl_stands_where_its_pelvis_does(painter: Painter, track: HumanTrack) -> None:
    space = tuple(Source("beta", name, 10) for name in ("telltale-cc0", "smpl"))
    ours, smpl = (replace(track, betas=0 * track.betas, extractor=replace(track.extractor, sources=(source,))) for source in space)
    # SMPL's origin lies below its pelvis, the bundled body's where its pelvis is or nearly so.
    down = weight_at(painter.overlay(ours, 0, SIZE, ONLY["mesh"]))[1] - weight_at(painter.overlay(smpl, 0, SIZE, ONLY["mesh"]))[1]
    pixels_a_metre = float(track.intrinsics[0, 0] / track.translation[0, 2])
    pelvis = rest_joints(load_body(), np.zeros(10))[0][1]
    assert down == pytest.approx((pelvis - SMPL_PELVIS[1]) * pixels_a_metre, rel=0.05)


def test_that_a_frame_without_a_person_says_so_and_draws_no_body(painter: Painter, track: HumanTrack) -> None:
    assert track.presence[20] is Presence.NONE
    assert not painter.overlay(track, 20, SIZE, replace(Layers(), box=Layer(False))).any()
    words = painter.overlay(track, 20, SIZE, ONLY["box"])
    rows, columns = np.nonzero(words[:, :, 3])
    assert rows.max() < 60
    assert columns.max() < 200


def test_that_the_box_of_a_doubtful_frame_is_dashed(painter: Painter, track: HumanTrack) -> None:
    box = np.tile(np.float32([100, 50, 300, 340]), (len(track), 1))
    sure = painter.overlay(replace(track, boxes=box), 0, SIZE, ONLY["box"])
    doubtful = painter.overlay(replace(track, boxes=box, presence=(Presence.UNCERTAIN,) * len(track)), 0, SIZE, ONLY["box"])
    assert (sure[60:330, 300, 3] > 230).all()
    line = doubtful[60:330, 300, 3] > 127
    assert 0.3 < line.mean() < 0.8
    assert np.diff(line.astype(int)).clip(0).sum() >= 3


def test_that_a_clear_overlay_leaves_the_frame_alone() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (9, 7, 3), np.uint8)
    composed = compose(frame, np.zeros((9, 7, 4), np.uint8))
    np.testing.assert_array_equal(composed, frame)
    assert composed is not frame


def test_that_the_overlay_is_mixed_by_its_alpha() -> None:
    frame = np.full((1, 3, 3), 100, np.uint8)
    overlay = np.array([[(0, 0, 0, 0), (255, 0, 10, 255), (100, 50, 0, 127)]], np.uint8)
    np.testing.assert_array_equal(compose(frame, overlay), [[(100, 100, 100), (255, 0, 10), (150, 100, 50)]])
    assert (frame == 100).all()


def test_that_an_overlay_of_another_size_is_an_error() -> None:
    with pytest.raises(ValueError, match="the overlay is 4x4, the frame 5x4"):
        compose(np.zeros((4, 5, 3), np.uint8), np.zeros((4, 4, 4), np.uint8))
