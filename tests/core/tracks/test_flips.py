"""The second look in the mirror: which frames are looked at, and what is found there."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.extraction import Cancelled, create_extractor
from core.skeletons import BLAZEPOSE, OPENPOSE_BODY
from core.track import HumanTrack, Presence
from core.tracks.flips import MOST_FRAMES, MOST_SHARE, FlipTracks, compare, frames_to_mirror, measure_flips, of_pictures
from core.tracks.joints import JOINTS
from core.video import Video, open_video
from tests.walking import HEIGHT_METRES, HEIGHT_PIXELS, walking_track

SAMPLE = Path(__file__).parents[3] / "resources" / "sample" / "telltale_sample.mp4"
FRAMES = range(10, 22)
OK = Presence.OK


def mirrored(track: HumanTrack) -> tuple[np.ndarray, np.ndarray]:
    """What a perfect estimate finds of the body in the mirrored pictures: points and world of all 33."""
    points = np.full((len(track), len(BLAZEPOSE), 2), np.nan)
    for name in JOINTS:
        points[:, BLAZEPOSE.index(name)] = track.keypoints[:, OPENPOSE_BODY.index(name)]
    world = track.points3d.astype(np.float64)
    points[..., 0], world[..., 0] = track.size[0] - 1 - points[..., 0], -world[..., 0]
    other = [BLAZEPOSE.index(f"{'right' if name.startswith('left') else 'left'}_{name.partition('_')[2]}") for name in JOINTS[1:]]
    own = [BLAZEPOSE.index(name) for name in JOINTS[1:]]
    points[:, own], world[:, own] = points[:, other], world[:, other]
    return points, world


def test_that_the_mirrored_body_is_the_body() -> None:
    track = walking_track(frames=20)
    found = compare(track, *mirrored(track))
    assert found.picture.max() < 1e-5
    assert found.space.max() < 1e-5


def test_that_a_joint_found_elsewhere_in_the_mirror_is_that_far_off() -> None:
    track = walking_track(frames=20)
    points, world = mirrored(track)
    # The mirrored body's right wrist is the left one of the body.
    wrist = BLAZEPOSE.index("right_wrist")
    points[7, wrist, 1] += 0.2 * HEIGHT_PIXELS
    world[7, wrist, 1] += 0.2 * HEIGHT_METRES
    found = compare(track, points, world)
    for values in (found.picture, found.space):
        assert values[7, JOINTS.index("left_wrist")] == pytest.approx(0.2, rel=0.05)
        assert np.delete(values[7], JOINTS.index("left_wrist")).max() < 1e-4
    assert found.whole.max() < 1e-4


def test_that_a_body_found_with_its_sides_exchanged_is_far_from_itself() -> None:
    track = walking_track(frames=20)
    track.points3d[..., 0] += np.where(np.arange(len(BLAZEPOSE)) % 2 == 1, 0.15, -0.15)
    points, world = mirrored(track)
    world[..., 0] *= -1
    assert np.median(compare(track, points, world).space) > 0.05


def test_that_the_most_wanted_frames_are_looked_at_within_the_bound() -> None:
    wanted = np.zeros(200)
    wanted[50:60], wanted[120:125] = 0.5, 2.0
    look = frames_to_mirror(wanted, (OK,) * 200)
    assert look[120:125].all()
    assert set(np.flatnonzero(look)) <= {*range(50, 60), *range(120, 125)}
    # Before each stretch three frames let the tracker settle: they are paid for as well.
    assert look.sum() + 6 >= 20 or look.sum() == 15
    assert look.sum() + 6 <= MOST_SHARE * 200


def test_that_a_long_clip_is_looked_at_in_no_more_frames_than_the_most() -> None:
    assert frames_to_mirror(np.ones(6000), (OK,) * 6000).sum() <= MOST_FRAMES


def test_that_nothing_is_looked_at_that_nobody_wants() -> None:
    assert not frames_to_mirror(np.zeros(100), (OK,) * 100).any()


def test_that_frames_with_several_people_or_nobody_are_not_looked_at() -> None:
    presence = tuple(Presence.MANY if frame < 50 else Presence.NONE for frame in range(100))
    assert not frames_to_mirror(np.ones(100), presence).any()


def test_that_an_edited_clip_keeps_what_was_found_in_its_pictures() -> None:
    picture = np.arange(4, dtype=np.float32)[:, None] + np.zeros((4, len(JOINTS)), np.float32)
    found = of_pictures(FlipTracks(picture, picture + 10), np.array([0, 0, 3, -1]))
    assert found.picture[:3, 0].tolist() == [0.0, 0.0, 3.0]
    assert found.space[:3, 0].tolist() == [10.0, 10.0, 13.0]
    assert np.isnan(found.picture[3]).all()


@pytest.fixture(scope="module")
def sample() -> Iterator[Video]:
    with open_video(SAMPLE) as video:
        yield video


@pytest.fixture(scope="module")
def watched(sample: Video) -> HumanTrack:
    extractor = create_extractor("blazepose")
    return extractor.extract(sample, FRAMES, progress=lambda done, total: None, partial=lambda track: None, cancelled=lambda: False)


def test_that_the_extractor_finds_the_mirrored_body_in_the_mirrored_picture(sample: Video, watched: HumanTrack) -> None:
    look = np.zeros(len(FRAMES), bool)
    look[[5, 6, 9]] = True
    told: list[tuple[int, int]] = []
    found = measure_flips(sample, FRAMES, watched, look, lambda done, total: told.append((done, total)))
    assert np.isfinite(found.whole).tolist() == look.tolist()
    assert np.nanmax(found.whole) < 0.03
    # From three frames before the first to the last, which are too near to begin anew.
    assert told == [(done, 8) for done in range(1, 9)]


def test_that_the_second_look_can_be_cancelled(sample: Video, watched: HumanTrack) -> None:
    with pytest.raises(Cancelled):
        measure_flips(sample, FRAMES, watched, np.ones(len(FRAMES), bool), cancelled=lambda: True)
