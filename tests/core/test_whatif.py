"""Both versions of a clip side by side: scores, curves, tracks and events answer to the edit."""

import json
from dataclasses import replace

import numpy as np
import pytest

from core.analysis import Glitch, ManifoldInfo, VideoInfo
from core.edited_track import Edit, EditError, EditKind, FrameMap
from core.embedding import embed
from core.film import Film
from core.glitches import find_glitches
from core.manifold import ManifoldError, load_manifold
from core.packing import pack, unpack
from core.ranges import embedding_over_all_frames, over_all_frames
from core.scores import score
from core.skeletons import BLAZEPOSE, OPENPOSE_BODY
from core.timebase import FrameIndex
from core.track import HumanTrack, Presence, Source, slice_track
from core.tracks.flips import FlipTracks
from core.tracks.joints import JOINTS
from core.tracks.pixels.measure import measure_pictures
from core.whatif import NEVER_SEEN, NO_PICTURES, PADDED, STILL, TRACKS, Fate, WhatIf, compare_events, to_json, what_if
from tests.moving_square import film, square_track
from tests.synthetic_tracks import BLAZEPOSE_SOURCES, SMALL_SOURCES, blank_manifold, moving_track
from tests.walking import HEIGHT_PIXELS, PIXELS_PER_METRE, walking_track

MANIFOLD = blank_manifold(sources=SMALL_SOURCES)
FRAMES = 90
# Two frames in which the whole body stands beside itself and looks and turns otherwise.
SPLICE = slice(50, 52)


def edit(kind: str, start: int, stop: int) -> Edit:
    return Edit(EditKind(kind), FrameIndex(start), FrameIndex(stop))


def clean_track(swing: float = 0.3, sources: tuple[Source, ...] = SMALL_SOURCES) -> HumanTrack:
    """A walking person with all that the manifold reads; without swing, one who stands."""
    walk = walking_track(FRAMES, swing=swing, noise=0.001)
    features = moving_track(1, 3, FRAMES, 30.0 if swing else 1e6, sources)
    return replace(
        features, size=walk.size, times=walk.times, keypoints=walk.keypoints, points3d=walk.points3d, points3d_scores=walk.points3d_scores
    )


def spliced_track(swing: float = 0.3) -> HumanTrack:
    track, other = clean_track(swing), moving_track(0, 9, FRAMES, 30.0, SMALL_SOURCES)
    track.keypoints[SPLICE] += (0.3 * HEIGHT_PIXELS, 0.0)
    track.keypoints[SPLICE, OPENPOSE_BODY.index("left_wrist")] += (0.0, -0.3 * HEIGHT_PIXELS)
    track.points3d[SPLICE, BLAZEPOSE.index("left_wrist"), 1] -= 0.3 * HEIGHT_PIXELS / PIXELS_PER_METRE
    for name in ("global_orient", "body_pose"):
        getattr(track, name)[SPLICE] = getattr(other, name)[SPLICE]
    track.features["appearance"][SPLICE] = other.features["appearance"][SPLICE]
    return track


def answer(track: HumanTrack, kind: str, start: int, stop: int) -> WhatIf:
    return what_if(track, MANIFOLD, edit(kind, start, stop), "v")


@pytest.fixture(scope="module")
def mended() -> WhatIf:
    return answer(spliced_track(), "interpolate", SPLICE.start, SPLICE.stop)


def test_that_interpolating_over_a_splice_lowers_the_step_curve_there(mended: WhatIf) -> None:
    before, after = mended.before.curves.step[mended.around], mended.after.curves.step[mended.around]
    assert mended.around == slice(50, 53)
    assert after.max() < 0.8 * before.max()
    clean = embed(clean_track(), MANIFOLD).curves.step
    assert np.abs(after - clean[mended.around]).max() < 0.3 * np.abs(before - clean[mended.around]).max()


def test_that_interpolating_over_a_splice_lowers_temporal_coherence(mended: WhatIf) -> None:
    before, after = mended.before.scores, mended.after.scores
    assert after.temporal_coherence is not None
    assert before.temporal_coherence is not None
    assert after.temporal_coherence < before.temporal_coherence
    assert after.motion_amount is not None
    assert before.motion_amount is not None
    assert after.motion_amount < before.motion_amount


def test_that_the_planted_event_vanishes_and_no_other_appears(mended: WhatIf) -> None:
    (change,) = mended.events
    assert change.fate is Fate.VANISHES
    assert change.before == mended.before.glitches[0]
    assert change.before.kind == "jump"
    assert (change.start, change.stop) == (change.before.start, change.before.stop)
    assert change.start <= SPLICE.start < change.stop
    assert mended.after.glitches == ()


def test_that_the_tracks_answer(mended: WhatIf) -> None:
    assert set(mended.before.tracks) == set(TRACKS)
    for name in ("joint_jump", "root_jump", "joint_speed", "joint_acceleration", "appearance_step"):
        before, after = mended.before.tracks[name], mended.after.tracks[name]
        assert before.shape == after.shape == (FRAMES,)
        assert np.nanmax(after[mended.around]) < 0.5 * np.nanmax(before[mended.around]), name
    # The body stands 0.3 of its height to the side; the wrist 0.3 up as well.
    assert np.nanmax(mended.before.tracks["joint_jump"][mended.around]) == pytest.approx(0.3 * np.sqrt(2), rel=0.15)


def test_that_before_is_what_the_analysis_says() -> None:
    track = spliced_track()
    result = answer(track, "drop", 10, 12).before
    embedding = embed(track, MANIFOLD)
    assert result.scores == score(embedding, MANIFOLD)
    np.testing.assert_array_equal(result.curves.step, embedding.curves.step)
    assert result.glitches == find_glitches(track, "v")


def test_that_after_is_what_an_analysis_of_the_edited_clip_says() -> None:
    track = clean_track()
    result = answer(track, "drop", 60, 90).after
    assert result.scores == score(embed(slice_track(track, slice(0, 60)), MANIFOLD), MANIFOLD)


def test_that_a_held_body_does_not_move() -> None:
    result = answer(clean_track(), "hold", 30, 70)
    held = slice(30, 70)
    np.testing.assert_array_equal(result.after.tracks["joint_speed"][held], 0)
    assert np.median(result.before.tracks["joint_speed"][held]) > 0.5


def test_that_stillness_lowers_temporal_coherence_and_the_notes_say_so() -> None:
    """With the bundled manifold: an untrained encoder steps as far through constant poses as through motion."""
    track = clean_track(sources=BLAZEPOSE_SOURCES)
    result = what_if(track, load_manifold(), edit("hold", 20, FRAMES), "v")
    before, after = result.before.scores.temporal_coherence, result.after.scores.temporal_coherence
    assert after is not None
    assert before is not None
    assert after < 0.8 * before
    assert result.notes == (NO_PICTURES, STILL)


def test_that_a_dropped_splice_is_closed_and_its_frames_are_unknown_on_the_original() -> None:
    result = answer(spliced_track(swing=0.0), "drop", SPLICE.start, SPLICE.stop)
    assert len(result.after.times) == FRAMES - 2
    assert result.after.times[-1] == pytest.approx((FRAMES - 3) / 30)
    step = result.frames.on_original(result.after.curves.step)
    assert step.shape == (FRAMES,)
    assert np.flatnonzero(~np.isfinite(step)).tolist() == [0, 50, 51]
    assert step[52] == result.after.curves.step[50]
    # Frame 52 now follows frame 49, and the person stands.
    speed = result.frames.on_original(result.after.tracks["joint_speed"])
    assert speed[52] < 0.05 * result.before.tracks["joint_speed"][52]
    assert np.isnan(speed[50:52]).all()
    assert [change.fate for change in result.events] == [Fate.VANISHES]


def test_that_an_event_behind_dropped_frames_stays_where_it_was() -> None:
    result = answer(spliced_track(), "drop", 0, 10)
    (change,) = result.events
    assert change.fate is Fate.STAYS
    assert change.before is not None
    assert change.after is not None
    assert (change.start, change.stop, change.peak) == (change.before.start, change.before.stop, change.before.peak)
    # In the edited version it lies ten frames earlier, and so says its text.
    assert (change.after.start, change.after.peak) == (change.before.start - 10, change.before.peak - 10)
    assert f"between frames {change.after.peak - 1} and {change.after.peak}" in change.after.text


@pytest.fixture(scope="module")
def stuttering() -> tuple[HumanTrack, Film]:
    """A body that moves on while the pictures of frames 50 to 52 show frame 49 again."""
    features, square = moving_track(1, 3, FRAMES, 30.0, SMALL_SOURCES), square_track(FRAMES)
    track = replace(features, size=square.size, boxes=square.boxes, keypoints=square.keypoints, points3d=square.points3d)
    pictures = film(FRAMES)
    pictures[50:53] = [pictures[49]] * 3
    nowhere = np.full((FRAMES, len(JOINTS)), np.nan, np.float32)
    return track, Film(
        measure_pictures(pictures, track), FlipTracks(nowhere, nowhere), lambda frames: (pictures[frame] for frame in frames)
    )


def test_that_the_pictures_answer_to_dropped_and_held_frames(stuttering: tuple[HumanTrack, Film]) -> None:
    track, pictures = stuttering
    dropped = what_if(track, MANIFOLD, edit("drop", 50, 53), "v", film=pictures)
    assert np.nanmax(dropped.before.tracks["held"][dropped.around]) > 4
    assert np.nanmax(dropped.frames.on_original(dropped.after.tracks["held"])[dropped.around]) < 2
    held = what_if(track, MANIFOLD, edit("hold", 34, 46), "v", film=pictures)
    assert np.nanmax(held.before.tracks["held"][34:46]) < 2
    assert np.nanmin(held.after.tracks["held"][34:46]) > 4
    assert ("vanishes", "freeze", 50) in {(c.fate.value, c.before.kind, c.start) for c in dropped.events if c.before}
    assert ("appears", "freeze", 34) in {(c.fate.value, c.after.kind, c.start) for c in held.events if c.after}
    assert dropped.notes == ()


def test_that_interpolated_frames_have_no_pictures_and_the_notes_say_so(stuttering: tuple[HumanTrack, Film]) -> None:
    track, pictures = stuttering
    result = what_if(track, MANIFOLD, edit("interpolate", 50, 53), "v", film=pictures)
    assert np.isnan(result.after.tracks["held"][50:54]).all()
    assert np.isfinite(result.after.tracks["joint_speed"][50:54]).all()
    assert result.notes == (NEVER_SEEN,)


def test_that_too_little_left_is_said() -> None:
    result = answer(clean_track(), "drop", 20, 90)
    assert result.after.scores.padded
    assert PADDED in result.notes
    assert NO_PICTURES in result.notes
    assert result.after.scores.temporal_coherence is not None


def test_that_dropping_all_frames_with_the_person_leaves_no_scores_but_the_reason() -> None:
    track = clean_track()
    presence = (*track.presence[:85], *[Presence.NONE] * 5)
    for name in ("keypoints", "points3d", "global_orient", "body_pose", "betas"):
        getattr(track, name)[85:] = np.nan
    track.features["appearance"][85:] = np.nan
    result = answer(replace(track, presence=presence), "drop", 0, 85)
    assert result.before.scores.reason is None
    assert result.after.scores.reason == "No person was found in the clip, so it has no scores."
    assert result.after.scores.temporal_coherence is None
    assert np.isnan(result.after.curves.step).all()


def test_that_a_clip_analysed_in_part_is_judged_in_that_part() -> None:
    whole = spliced_track()
    part = slice_track(whole, slice(30, 80))
    result = answer(over_all_frames(part, 30, whole.times), "interpolate", SPLICE.start, SPLICE.stop)
    embedding = embedding_over_all_frames(embed(part, MANIFOLD), 30, FRAMES)
    assert result.before.scores == score(embedding, MANIFOLD)
    assert result.before.scores.windows[0].start == 30
    np.testing.assert_array_equal(result.before.curves.step, embedding.curves.step)
    assert np.isfinite(result.after.curves.step).sum() == 49
    assert np.nanmax(result.after.curves.step[result.around]) < np.nanmax(result.before.curves.step[result.around])


def test_that_dropping_nothing_is_refused() -> None:
    with pytest.raises(EditError, match="holds no frame"):
        answer(clean_track(), "drop", 40, 40)


def test_that_a_manifold_or_a_class_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ManifoldError, match="they cannot be compared"):
        what_if(clean_track(), blank_manifold(), edit("drop", 1, 2), "v")
    with pytest.raises(ManifoldError, match="has no class 'Fly'"):
        what_if(clean_track(), MANIFOLD, edit("drop", 1, 2), "v", action="Fly")


def test_that_progress_runs_once_through_both_versions() -> None:
    told: list[tuple[int, int]] = []
    what_if(clean_track(), MANIFOLD, edit("hold", 40, 44), "v", progress=lambda done, total: told.append((done, total)))
    # The windows of each version fit into one batch.
    assert [done / total for done, total in told] == [0.5, 1.0]


def test_that_the_result_survives_packing(mended: WhatIf) -> None:
    found = unpack(WhatIf, pack(mended))
    assert (found.edit, found.action, found.events, found.notes) == (mended.edit, mended.action, mended.events, mended.notes)
    assert found.after.scores == mended.after.scores
    np.testing.assert_array_equal(found.after.curves.step, mended.after.curves.step)
    np.testing.assert_array_equal(found.frames.picture, mended.frames.picture)
    assert set(found.before.tracks) == set(TRACKS)


def test_that_the_json_holds_both_versions_on_the_frames_of_the_original() -> None:
    result = what_if(spliced_track(swing=0.0), MANIFOLD, edit("drop", SPLICE.start, SPLICE.stop), "v", "Walk")
    video = VideoInfo("walk.mp4", "v", FRAMES, 30.0, 3.0, 640, 640)
    text = json.dumps(to_json(result, video, ManifoldInfo("test", "ab", 30.0, "corrected", (), ())), allow_nan=False)
    data = json.loads(text)
    assert data["edit"] == {"kind": "drop", "start": 50, "stop": 52}
    assert data["action"] == "Walk"
    assert data["frames"]["new"][48:54] == [48, 49, None, None, 50, 51]
    assert len(data["frames"]["old"]) == len(data["times"]["after"]) == FRAMES - 2
    for values in (data["step_curve"], *data["tracks"].values()):
        assert len(values["before"]) == len(values["after"]) == FRAMES
        assert values["after"][50] is None
    assert data["scores"]["before"]["temporal_coherence"] == result.before.scores.temporal_coherence
    assert set(data["scores"]["after"]["action_consistency"]) == {"Squat", "Walk"}
    assert [(event["fate"], event["start"], event["after"]) for event in data["glitches"]] == [("vanishes", result.events[0].start, None)]
    assert data["notes"] == [NO_PICTURES]


def event(kind: str, start: int, stop: int) -> Glitch:
    return Glitch(f"{kind}{start}", start, stop, start, kind, 0.5, "", 0.9, {}, (), (), "")


def told(before: tuple[Glitch, ...], after: tuple[Glitch, ...], dropped: slice = slice(0, 0)) -> list[tuple[str, int, int, str, str]]:
    old = np.delete(np.arange(100, dtype=np.int32), dropped)
    changes = compare_events(before, after, FrameMap(old, old, old))
    return [(c.fate.value, c.start, c.stop, c.before.id if c.before else "", c.after.id if c.after else "") for c in changes]


def test_that_an_event_is_the_same_when_kind_and_place_agree() -> None:
    assert told((event("jump", 40, 43),), (event("jump", 41, 44),)) == [("stays", 40, 43, "jump40", "jump41")]
    assert told((event("jump", 40, 43),), (event("jump", 46, 48),)) == [("stays", 40, 43, "jump40", "jump46")]
    assert told((event("jump", 40, 43),), (event("jump", 47, 49),)) == [
        ("vanishes", 40, 43, "jump40", ""),
        ("appears", 47, 49, "", "jump47"),
    ]
    assert told((event("jump", 40, 43),), (event("freeze", 40, 43),)) == [
        ("appears", 40, 43, "", "freeze40"),
        ("vanishes", 40, 43, "jump40", ""),
    ]


def test_that_each_event_has_one_partner_and_the_best_one() -> None:
    before, after = (event("jump", 40, 50), event("jump", 51, 60)), (event("jump", 48, 60),)
    assert told(before, after) == [("vanishes", 40, 50, "jump40", ""), ("stays", 51, 60, "jump51", "jump48")]


def test_that_what_appears_is_told_in_frames_of_the_original() -> None:
    # Frames 10 to 19 are gone: frames 8 to 12 of the edited version are 8, 9, 20, 21, 22.
    assert told((), (event("jump", 8, 13), event("freeze", 30, 40)), slice(10, 20)) == [
        ("appears", 8, 23, "", "jump8"),
        ("appears", 40, 50, "", "freeze30"),
    ]
