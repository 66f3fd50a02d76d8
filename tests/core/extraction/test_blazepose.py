from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.body import load_body, pose_joints
from core.camera import project
from core.extraction import Cancelled, ExtractionError, create_extractor, extractor_names
from core.extraction.blazepose import extract_frames
from core.skeletons import BODY_SLICE, KEYPOINTS, LEFT_HAND_SLICE, SMPL_FROM_BLAZEPOSE
from core.track import HumanTrack, Presence, track_arrays
from core.video import open_video

FIRST, COUNT = 100, 20


@pytest.fixture(scope="module")
def pictures(shared: Path) -> list[np.ndarray]:
    """A woman who squats, 1280 x 720."""
    with open_video(shared / "clips" / "gen_squat.mp4") as video:
        return [picture for _, picture in video.frames(FIRST, FIRST + COUNT)]


@pytest.fixture(scope="module")
def track(pictures: list[np.ndarray]) -> HumanTrack:
    return extract_frames(pictures, np.arange(COUNT) / 24, (1280, 720))


def smpl_joints(track: HumanTrack) -> np.ndarray:
    """Joints [T, 24, 3] in camera space."""
    return pose_joints(load_body(), track.global_orient, track.body_pose, track.betas, track.translation)


def test_that_every_field_of_the_track_is_filled(track: HumanTrack) -> None:
    shapes = {
        "boxes": (4,),
        "keypoints": (60, 2),
        "keypoint_scores": (60,),
        "points3d": (33, 3),
        "points3d_scores": (33,),
        "global_orient": (3, 3),
        "body_pose": (23, 3, 3),
        "betas": (10,),
        "translation": (3,),
        "intrinsics": (4,),
    }
    for name, shape in shapes.items():
        values = getattr(track, name)
        assert (values.shape, values.dtype) == ((COUNT, *shape), np.float32), name
        if name != "keypoints":
            assert np.isfinite(values).all(), name
    assert np.isfinite(track.keypoints[:, BODY_SLICE]).all()
    assert track.features["appearance"].shape == (COUNT, 1024)
    assert [(source.name, source.space, source.size) for source in track.extractor.sources] == [
        ("appearance", "hog-lab-1024", 1024),
        ("global", "smpl", 9),
        ("pose", "smpl", 207),
        ("beta", "telltale-cc0", 10),
        ("kp2d", "openpose-60", 120),
    ]


def test_that_one_person_alone_is_ok_in_every_frame_and_their_box_is_the_subject(track: HumanTrack) -> None:
    assert set(track.presence) == {Presence.OK}
    assert set(track.reasons) == {None}
    assert track.subject.box == pytest.approx(track.boxes[0].tolist(), abs=0.01)
    inside = (track.keypoints[:, BODY_SLICE] >= track.boxes[:, None, :2]) & (track.keypoints[:, BODY_SLICE] <= track.boxes[:, None, 2:])
    assert inside.all(-1)[track.keypoint_scores[:, BODY_SLICE] >= 0.3].all()


def test_that_a_hand_that_was_not_found_has_score_zero_and_no_place(track: HumanTrack) -> None:
    unseen = track.keypoint_scores == 0
    assert np.isnan(track.keypoints[unseen]).all()
    assert np.isfinite(track.keypoints[~unseen]).all()
    hands = track.keypoint_scores[:, LEFT_HAND_SLICE]
    assert (hands.min(1) == hands.max(1)).all()


def test_that_the_neck_lies_between_the_shoulders(track: HumanTrack) -> None:
    index = {name: place for place, name in enumerate(KEYPOINTS)}
    middle = (track.keypoints[:, index["left_shoulder"]] + track.keypoints[:, index["right_shoulder"]]) / 2
    np.testing.assert_allclose(track.keypoints[:, index["neck"]], middle, atol=1e-3)


def test_that_the_body_lies_within_three_centimetres_of_the_real_points(track: HumanTrack) -> None:
    joints = smpl_joints(track)[:, list(SMPL_FROM_BLAZEPOSE)]
    points = track.points3d[:, list(SMPL_FROM_BLAZEPOSE.values())]
    weight = track.points3d_scores[:, list(SMPL_FROM_BLAZEPOSE.values())][..., None]
    total = weight.sum(1, keepdims=True)
    joints, points = (values - (values * weight).sum(1, keepdims=True) / total for values in (joints, points))
    error = np.linalg.norm(joints - points, axis=-1)[..., None]
    assert float((error * weight).sum() / weight.sum()) < 0.03


def test_that_the_projected_joints_lie_on_the_key_points(track: HumanTrack) -> None:
    joints = smpl_joints(track)
    height = float((track.boxes[:, 3] - track.boxes[:, 1]).mean())
    index = {name: place for place, name in enumerate(KEYPOINTS)}
    for name, joint in (("left_knee", 4), ("right_knee", 5), ("left_shoulder", 16), ("right_hip", 2)):
        pixels = project(joints[:, joint], track.intrinsics[0])
        seen = track.keypoint_scores[:, index[name]] > 0.5
        assert seen.any(), name
        away = np.linalg.norm(pixels - track.keypoints[:, index[name]], axis=-1)[seen]
        assert np.median(away) < 0.06 * height, name


def test_that_two_runs_give_identical_tracks(pictures: list[np.ndarray], track: HumanTrack) -> None:
    again = track_arrays(extract_frames(pictures, np.arange(COUNT) / 24, (1280, 720)))
    for name, values in track_arrays(track).items():
        assert np.array_equal(values, again[name], equal_nan=values.dtype.kind == "f"), name


def test_that_an_extractor_reads_its_range_of_the_video_and_tells_its_progress(shared: Path, track: HumanTrack) -> None:
    steps: list[tuple[int, int]] = []
    with open_video(shared / "clips" / "gen_squat.mp4") as video:
        found = create_extractor("blazepose").extract(
            video,
            range(FIRST, FIRST + 6),
            progress=lambda done, total: steps.append((done, total)),
            partial=lambda track: None,
            cancelled=lambda: False,
        )
        assert found.times.tolist() == video.timebase.times[FIRST : FIRST + 6].tolist()
        assert found.size == video.size
    assert steps == [(done, 6) for done in range(1, 7)]
    np.testing.assert_array_equal(found.points3d, track.points3d[:6])


def test_that_cancelling_stops_between_frames_and_closes_the_source(pictures: list[np.ndarray]) -> None:
    closed, steps = [], []

    def source() -> Iterator[np.ndarray]:
        try:
            while True:
                yield pictures[0]
        finally:
            closed.append(True)

    with pytest.raises(Cancelled):
        extract_frames(
            source(),
            np.arange(1000) / 24,
            (1280, 720),
            progress=lambda done, total: steps.append(done),
            cancelled=lambda: len(steps) == 3,
        )
    assert steps == [1, 2, 3]
    assert closed == [True]


def test_that_parts_of_the_track_arrive_on_the_way(pictures: list[np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.extraction.blazepose._PARTIAL_SECONDS", 0.0)
    monkeypatch.setattr("core.extraction.blazepose.BATCH", 4)
    parts: list[HumanTrack] = []
    extract_frames(pictures[:12], np.arange(12) / 24, (1280, 720), partial=parts.append)
    seen = [int(part.seen().sum()) for part in parts]
    assert seen[0] == 4
    assert all(before <= after for before, after in pairwise(seen))
    assert all(len(part) == 12 for part in parts)
    first = parts[0]
    assert set(first.presence[4:]) == {Presence.NONE}
    assert np.isnan(first.features["appearance"][4:]).all()
    assert np.isfinite(first.features["appearance"][:4]).all()
    assert np.isfinite(first.global_orient[:4]).all()


def test_that_a_clip_without_anybody_is_none_throughout_and_has_no_subject() -> None:
    track = extract_frames([np.full((120, 160, 3), 90, np.uint8)] * 5, np.arange(5) / 25, (160, 120))
    assert set(track.presence) == {Presence.NONE}
    assert not track.seen().any()
    assert track.subject.box is None
    assert np.isnan(track.boxes).all()


def test_that_a_street_full_of_people_is_many(shared: Path) -> None:
    with open_video(shared / "clips" / "mmpose_demo_5frames.mp4") as video:
        track = extract_frames((picture for _, picture in video.frames()), video.timebase.times, video.size)
    assert set(track.presence) == {Presence.MANY}
    assert all(reason and "people are visible" in reason for reason in track.reasons)
    assert track.scored(allow_many=True).all()


def test_that_a_cut_is_marked_at_its_frame(pictures: list[np.ndarray], shared: Path) -> None:
    with open_video(shared / "clips" / "gen_burpee.mp4") as video:
        other = [picture for _, picture in video.frames(0, 6)]
    track = extract_frames(pictures[:6] + other, np.arange(12) / 24, (1280, 720))
    assert [frame for frame, presence in enumerate(track.presence) if presence == Presence.CUT] == [6]
    assert track.reasons[6] == "A new shot begins here."


@pytest.mark.parametrize("times", [2, 4])
def test_that_frames_and_times_have_to_be_as_many(times: int) -> None:
    with pytest.raises(ValueError, match="times"):
        extract_frames([np.zeros((64, 64, 3), np.uint8)] * 3, np.arange(times) / 25, (64, 64))


def test_that_the_registry_knows_blazepose_and_refuses_what_it_cannot_do() -> None:
    assert "blazepose" in extractor_names()
    extractor = create_extractor("blazepose", "cpu")
    assert (extractor.info.name, extractor.info.device) == ("blazepose", "cpu")
    with pytest.raises(ExtractionError, match="runs on the CPU and not on 'cuda'"):
        create_extractor("blazepose", "cuda")
    with pytest.raises(ExtractionError, match="no extractor named 'nobody'"):
        create_extractor("nobody")
