"""The reference extractor's answers as a track."""

from dataclasses import replace

import numpy as np
import pytest

from core.body import SMPL_PELVIS, load_body, pose_joints
from core.extraction.reference.box_tracking import Followed
from core.extraction.reference.recording import Recording
from core.skeletons import KEYPOINTS, SMPL
from core.tag_data import tag_sources
from core.track import ExtractorInfo, HumanTrack, Presence

SOURCES = tag_sources(1024)
FRAMES, SIZE = 6, (640, 480)


def recording(*names: str) -> Recording:
    boxes = np.tile(np.float32([100, 50, 300, 450]), (FRAMES, 1))
    followed = Followed(
        boxes=boxes,
        scores=np.ones(FRAMES, np.float32),
        counts=np.ones(FRAMES, int),
        searched=np.ones(FRAMES, bool),
        presence=(Presence.OK,) * FRAMES,
        reasons=(None,) * FRAMES,
        number=0,
    )
    info = ExtractorInfo("reference", "1", "cpu", tuple(source for source in SOURCES if source.name in names))
    return Recording(info, np.arange(FRAMES) / 25, SIZE, followed)


def standing(target: Recording) -> Recording:
    """Upright before the camera, head up in the picture."""
    target.global_orient[:] = np.diag([1, -1, -1])
    target.body_pose[:] = np.eye(3)
    target.betas[:] = 0
    target.translation[:] = (0.1, 0.2, 4.0)
    target.intrinsics[:] = (900, 900, 320, 240)
    target.token[:] = 1
    return target


def test_that_what_is_not_read_yet_is_not_seen() -> None:
    half = recording("kp2d")
    half.keypoints[:3], half.keypoint_scores[:3] = 5, 1
    track = half.track(3)
    assert track.seen().tolist() == [True] * 3 + [False] * 3
    assert track.presence[3:] == (Presence.NONE,) * 3
    assert track.reasons[4] == "This frame is not read yet."
    assert np.isnan(track.boxes[3:]).all()


def test_that_a_track_without_meshes_has_key_points_and_no_body() -> None:
    only = recording("kp2d")
    only.keypoints[:], only.keypoint_scores[:] = 5, 1
    track = only.track(FRAMES)
    assert [source.name for source in track.extractor.sources] == ["kp2d"]
    assert np.isnan(track.body_pose).all()
    assert track.features == {}


@pytest.fixture
def meshes() -> HumanTrack:
    return standing(recording("vit", "global", "pose", "beta")).track(FRAMES)


def test_that_a_track_without_key_points_shows_the_joints_of_its_meshes(meshes: HumanTrack) -> None:
    zero = np.zeros(10, np.float32)
    upright, straight = np.diag([1.0, -1, -1])[None], np.tile(np.eye(3), (1, 23, 1, 1))
    joints = pose_joints(load_body(), upright, straight, zero, np.zeros((1, 3), np.float32))[0]
    knee = joints[SMPL.index("left_knee")] - joints[0] + np.array(SMPL_PELVIS) + (0.1, 0.2, 4.0)
    expected = 900 * knee[:2] / knee[2] + (320, 240)
    np.testing.assert_allclose(meshes.keypoints[2, KEYPOINTS.index("left_knee")], expected, atol=0.01)
    assert meshes.seen().all()


def test_that_a_point_that_no_mesh_tells_is_unknown(meshes: HumanTrack) -> None:
    assert np.isnan(meshes.keypoints[0, KEYPOINTS.index("nose")]).all()
    assert meshes.keypoint_scores[0, KEYPOINTS.index("nose")] == 0


def test_that_the_neck_is_between_the_shoulders(meshes: HumanTrack) -> None:
    left, right, neck = (meshes.keypoints[0, KEYPOINTS.index(name)] for name in ("left_shoulder", "right_shoulder", "neck"))
    np.testing.assert_allclose(neck, (left + right) / 2, atol=1e-3)


def test_that_a_clip_without_anybody_has_no_subject_box() -> None:
    empty = recording("kp2d")
    nobody = replace(empty._followed, boxes=np.full((FRAMES, 4), np.nan, np.float32), presence=(Presence.NONE,) * FRAMES, number=None)
    track = Recording(empty._info, np.arange(FRAMES) / 25, SIZE, nobody).track(FRAMES)
    assert track.subject.box is None
    assert not track.seen().any()
