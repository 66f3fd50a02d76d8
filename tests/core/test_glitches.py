"""The list of glitches: planted ones are found where they are, clean motion stays silent, and each place is told once."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.analysis import Glitch, JointEvidence
from core.detectors.candidate import Candidate
from core.extraction import create_extractor
from core.glitches import GlitchSettings, candidates, find_glitches, glitch_id, one_each
from core.skeletons import BLAZEPOSE, OPENPOSE_BODY
from core.track import HumanTrack, Presence
from core.tracks.pixels.measure import PixelTracks, measure_pictures, measure_pixels
from core.video import open_video
from tests.moving_square import HEIGHT, WIDTH, film, square_track, texture
from tests.planted_trees import planting
from tests.quiet_tracks import at
from tests.standing_body import TIMES, standing
from tests.walking import HEIGHT_METRES, HEIGHT_PIXELS, PIXELS_PER_METRE, walking_track

SAMPLE = Path(__file__).parents[2] / "resources" / "sample" / "telltale_sample.mp4"


def move(track: HumanTrack, name: str, frames: slice, metres: tuple[float, float]) -> None:
    """Displace one joint in both views of it."""
    track.points3d[frames, BLAZEPOSE.index(name), :2] += metres
    track.keypoints[frames, OPENPOSE_BODY.index(name)] += np.array(metres) * PIXELS_PER_METRE


def hold(track: HumanTrack, first: int, stop: int) -> None:
    """The frames from `first` on show what `first` shows, but for the estimator's tremor."""
    rng = np.random.default_rng(1)
    for values, tremor in ((track.keypoints, 0.02), (track.points3d, 0.0001)):
        values[first + 1 : stop] = values[first] + rng.normal(0, tremor, values[first + 1 : stop].shape)


def the_only(glitches: tuple[Glitch, ...]) -> Glitch:
    assert [glitch.text for glitch in glitches[1:]] == []
    return glitches[0]


@pytest.mark.parametrize(("fps", "swing"), [(30.0, 0.7), (24.0, 1.0), (60.0, 0.7), (10.0, 0.5), (30.0, 0.0)])
def test_that_clean_motion_stays_silent(fps: float, swing: float) -> None:
    assert find_glitches(walking_track(frames=150, fps=fps, swing=swing, noise=0.006), "v") == ()


def test_that_a_pause_that_begins_and_ends_gently_is_no_freeze() -> None:
    track = walking_track(frames=150, noise=0.0005)
    clock = np.interp(np.arange(150), [0, 50, 60, 80, 90, 149], [0, 50, 55, 55, 60, 119])
    window = np.hanning(15)[1:-1]
    eased = np.convolve(np.pad(clock, 6, mode="edge"), window / window.sum(), mode="valid")

    def paused(values: np.ndarray) -> np.ndarray:
        columns = values.reshape(150, -1).T
        return np.stack([np.interp(eased, np.arange(150), column) for column in columns], axis=1).reshape(values.shape).astype(np.float32)

    assert find_glitches(replace(track, keypoints=paused(track.keypoints), points3d=paused(track.points3d)), "v") == ()


def test_that_a_joint_that_jumps_is_found_with_its_frames_and_size() -> None:
    track = walking_track()
    move(track, "left_wrist", slice(47, 48), (0.0, -0.31 * HEIGHT_METRES))
    glitch = the_only(find_glitches(track, "v"))
    assert (glitch.kind, glitch.start, glitch.stop) == ("jump", 47, 49)
    assert glitch.peak in (47, 48)
    assert glitch.joints[0].name == "left_wrist"
    assert sum(joint.share for joint in glitch.joints) == pytest.approx(1)
    sentence = re.fullmatch(
        r"The left wrist leaps by 0\.(\d\d) body heights between frames (\d+) and (\d+), unlike the motion around: "
        r"(\d\.\d) times what 99\.9 % of real motion at this pace stays below\.",
        glitch.text,
    )
    assert sentence is not None
    assert abs(int(sentence[1]) - 31) <= 3
    assert (int(sentence[2]), int(sentence[3])) == (glitch.peak - 1, glitch.peak)
    assert float(sentence[4]) == pytest.approx(glitch.joints[0].excess, abs=0.051)
    assert glitch.joints[0].excess > 2
    assert glitch.tracks[:2] == ("joint steps in the picture", "joint steps in space")
    assert glitch.confidence == pytest.approx(0.95)
    assert "real motion" in glitch.rarity


def test_that_a_step_to_another_place_is_one_event_of_the_frame_it_leads_to() -> None:
    track = walking_track()
    move(track, "right_ankle", slice(60, None), (0.3 * HEIGHT_METRES, 0.0))
    jump = next(glitch for glitch in find_glitches(track, "v") if glitch.kind == "jump")
    assert (jump.start, jump.stop, jump.peak) == (60, 61, 60)
    assert jump.text.startswith("The right ankle leaps by 0.")


def test_that_a_teleport_of_the_whole_body_says_so() -> None:
    track = walking_track()
    track.keypoints[70:72, :, 0] += 0.2 * HEIGHT_PIXELS
    glitch = the_only(find_glitches(track, "v"))
    assert (glitch.kind, glitch.start, glitch.stop) == ("jump", 70, 73)
    assert glitch.text.startswith("The whole body leaps by 0.2")
    assert len(glitch.joints) == 13
    assert glitch.tracks[:2] == ("joint steps in the picture", "steps of the whole body")
    assert "joint steps in space" not in glitch.tracks


def test_that_a_freeze_is_one_event_with_the_jump_at_its_end() -> None:
    track = walking_track(drift=4.0)
    hold(track, 50, 60)
    glitch = the_only(find_glitches(track, "v"))
    assert (glitch.kind, glitch.start, glitch.stop) == ("freeze", 51, 60)
    assert glitch.text == "The body does not move in frames 51 to 59 (0.30 s), although it moves before and after."


def test_that_a_person_who_stands_still_is_not_frozen() -> None:
    assert find_glitches(walking_track(swing=0.0, noise=0.0), "v") == ()


def test_that_a_limb_that_stretches_is_found_with_its_length() -> None:
    track = walking_track(frames=180)
    grow = 0.5 * np.sin(np.pi * np.arange(14) / 13)
    for frame, share in zip(range(80, 94), grow, strict=True):
        for values, names in ((track.points3d, BLAZEPOSE), (track.keypoints, OPENPOSE_BODY)):
            elbow, wrist = names.index("left_elbow"), names.index("left_wrist")
            values[frame, wrist, :2] += share * (values[frame, wrist, :2] - values[frame, elbow, :2])
    glitch = the_only(find_glitches(track, "v"))
    assert glitch.kind == "stretch"
    assert 80 <= glitch.start <= 83
    assert 90 <= glitch.stop <= 94
    assert [joint.name for joint in glitch.joints] == ["left_wrist", "left_elbow"]
    sentence = re.fullmatch(
        rf"Left forearm is up to (\d\d)% longer than it is usually seen in frames {glitch.start} to {glitch.stop - 1}: (\d\.\d) times what "
        r"99\.9 % of real motion at this pace stays below\.",
        glitch.text,
    )
    assert sentence is not None
    assert int(sentence[1]) in range(44, 57)
    assert float(sentence[2]) == pytest.approx(glitch.joints[0].excess, abs=0.051)


def test_that_frames_that_are_not_ok_are_no_witnesses() -> None:
    track = walking_track()
    move(track, "left_wrist", slice(47, 48), (0.0, -0.31 * HEIGHT_METRES))
    many = tuple(Presence.MANY if frame == 47 else value for frame, value in enumerate(track.presence))
    assert find_glitches(replace(track, presence=many), "v") == ()
    assert [glitch.kind for glitch in find_glitches(replace(track, presence=many), "v", allow_many=True)] == ["jump"]


def test_that_a_pose_that_is_lost_is_no_fault_of_the_motion() -> None:
    track = walking_track()
    move(track, "left_wrist", slice(47, 49), (0.0, -0.31 * HEIGHT_METRES))
    move(track, "nose", slice(90, None), (0.3 * HEIGHT_METRES, 0.0))
    track.points3d_scores[46:50] = 0.1
    jump, lost = find_glitches(track, "v")
    assert (jump.kind, jump.peak) == ("jump", 90)
    assert (lost.kind, lost.start, lost.stop) == ("pose lost", 46, 50)
    assert lost.severity == 0
    assert lost.rarity == "a failure of the pose estimate, not of the motion"
    assert lost.confidence == pytest.approx(0.1)
    assert lost.text == "The pose is not trusted in frames 46 to 49 (confidence 0.10): the motion there cannot be judged."


def test_that_left_and_right_changing_places_is_the_estimators_mistake() -> None:
    track = walking_track()
    for name in ("knee", "ankle"):
        for values, names in ((track.points3d, BLAZEPOSE), (track.keypoints, OPENPOSE_BODY)):
            left, right = names.index(f"left_{name}"), names.index(f"right_{name}")
            values[60:62, [left, right]] = values[60:62, [right, left]]
    assert [glitch.kind for glitch in find_glitches(track, "v") if glitch.kind == "jump"] == []


def test_that_the_list_is_short_and_strongest_first() -> None:
    track = walking_track(frames=800)
    for number, frame in enumerate(range(10, 790, 24)):
        move(track, "left_wrist", slice(frame, frame + 1), (0.0, -(0.1 + 0.01 * number) * HEIGHT_METRES))
    glitches = find_glitches(track, "v")
    assert len(glitches) == GlitchSettings().most
    strength = [glitch.severity * glitch.confidence for glitch in glitches]
    assert strength == sorted(strength, reverse=True)
    assert len({glitch.id for glitch in glitches}) == len(glitches)
    assert all(0 <= glitch.severity <= 1 for glitch in glitches)


def test_that_an_id_stays_when_the_ends_move_a_little_and_differs_otherwise() -> None:
    assert glitch_id("v", "jump", 46, 49) == glitch_id("v", "jump", 47, 49)
    assert (
        len(
            {
                glitch_id("v", "jump", 46, 49),
                glitch_id("w", "jump", 46, 49),
                glitch_id("v", "freeze", 46, 49),
                glitch_id("v", "jump", 60, 63),
            }
        )
        == 4
    )


@pytest.mark.parametrize("frames", [1, 2, 3, 5])
def test_that_a_clip_of_few_frames_has_no_glitches(frames: int) -> None:
    assert find_glitches(walking_track(frames=frames), "v") == ()


def candidate(detector: str, kind: str, start: int, stop: int, joints: tuple[str, ...] = ()) -> Candidate:
    evidence = tuple(JointEvidence(name, 1 / len(joints), 9.0) for name in joints)
    return Candidate(detector, kind, start, stop, start, 5.0, 0.9, evidence, (detector,), f"{detector} {start}")


def resolved(*weighed: tuple[Candidate, float]) -> list[tuple[str, float, list[str]]]:
    return [(c.text, minutes, [joint.name for joint in c.joints]) for c, minutes in one_each(weighed, GlitchSettings())]


def test_that_one_place_is_told_once_by_the_first_that_explains_it_and_as_rare_as_the_rarest() -> None:
    splice, skip = candidate("splice", "jump", 50, 52), candidate("skip", "jump", 54, 55)
    assert resolved((splice, 10.0), (skip, 90.0)) == [("splice 50", 90.0, [])]
    assert resolved((splice, 10.0), (candidate("skip", "jump", 55, 56), 90.0)) == [("splice 50", 10.0, []), ("skip 55", 90.0, [])]


def test_that_what_is_more_than_ten_times_rarer_explains_the_same_frames_better() -> None:
    splice, leap = candidate("splice", "jump", 50, 52), candidate("joints", "jump", 50, 53, ("nose",))
    assert resolved((splice, 10.0), (leap, 100.0)) == [("splice 50", 100.0, ["nose"])]
    assert resolved((splice, 10.0), (leap, 101.0)) == [("joints 50", 101.0, ["nose"])]
    limbs = candidate("limbs", "stretch", 49, 55, ("left_wrist",))
    assert resolved((splice, 4.0), (leap, 41.0), (limbs, 300.0)) == [("joints 50", 300.0, ["nose"])]
    assert resolved((splice, 4.0), (leap, 41.0), (limbs, 420.0)) == [("limbs 49", 420.0, ["left_wrist"])]


def test_that_nothing_explains_an_edit_better() -> None:
    cut, leap = candidate("cut", "edit", 50, 51), candidate("joints", "jump", 50, 53, ("nose",))
    assert resolved((cut, 5.0), (leap, 600.0)) == [("cut 50", 600.0, [])]


@pytest.mark.parametrize(
    ("skipped", "told"),
    [((), True), ((30,), False), ((42,), False), ((44,), False), ((30, 42), True), ((36,), True), ((46,), True)],
)
def test_that_a_limb_that_is_elsewhere_from_or_until_where_frames_are_left_out_is_no_fault(
    skipped: tuple[int, ...], told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It is one where it begins and ends with a leap of the picture: that is the limb itself.
    never = ("rate", 1e3, 0.001, 0.001)
    planting(tmp_path, monkeypatch)(limbs=("strength", float(np.log(10)), 0.001, 5.0), leaps=never, slip=never, floats=never)
    tracks = standing({"left_forearm": (-0.1, 0.25)}, leap=at(90, dict.fromkeys(skipped, 5.0), 1.0))
    found = candidates(tracks, TIMES)
    assert [one.peak for one in found if one.detector == "skip"] == list(skipped)
    assert [(one.start, one.stop) for one in found if one.detector == "limbs"] == [(30, 42)] * told


@pytest.mark.parametrize(
    ("limb", "rare", "whole"),
    [
        (candidate("limbs", "stretch", 50, 62, ("left_wrist", "left_elbow")), 0.5, True),
        (candidate("limbs", "stretch", 40, 53, ("left_wrist", "left_elbow")), 0.5, True),
        (candidate("limbs", "stretch", 50, 62, ("left_wrist", "left_elbow")), 0.4, False),
        (candidate("limbs", "stretch", 50, 62, ("right_knee", "right_hip")), 0.5, False),
        (candidate("limbs", "stretch", 44, 62, ("left_wrist", "left_elbow")), 0.5, False),
    ],
)
def test_that_a_joint_that_leaps_where_its_limb_begins_or_ends_to_be_elsewhere_is_that_fault(
    limb: Candidate, rare: float, whole: bool
) -> None:
    leap = candidate("joints", "jump", 50, 52, ("left_wrist",))
    ((found, minutes),) = one_each([(leap, 10.0), (limb, rare)], GlitchSettings())
    assert (found.detector, found.peak, minutes) == ("joints", 50, 10.0)
    wanted = (limb.kind, min(limb.start, 50), max(limb.stop, 52), limb.text) if whole else ("jump", 50, 52, leap.text)
    assert (found.kind, found.start, found.stop, found.text) == wanted


def test_that_the_joints_of_what_is_explained_away_are_kept_even_of_what_is_not_rare() -> None:
    splice, leap = candidate("splice", "jump", 50, 52), candidate("joints", "jump", 50, 53, ("left_wrist", "left_elbow"))
    assert resolved((splice, 10.0), (leap, 90.0)) == [("splice 50", 90.0, ["left_wrist", "left_elbow"])]
    assert resolved((splice, 10.0), (leap, 0.5)) == [("splice 50", 10.0, ["left_wrist", "left_elbow"])]


def test_that_what_is_not_rare_is_not_told_unless_there_is_nothing_but_the_body() -> None:
    assert resolved((candidate("splice", "jump", 50, 52), GlitchSettings().minutes - 0.1)) == []
    assert resolved((candidate("joints alone", "jump", 50, 52, ("nose",)), 0.5)) == [("joints alone 50", 0.5, ["nose"])]


def test_that_a_cut_explains_whatever_happens_at_it_and_has_no_joints() -> None:
    cut, leap = candidate("cut", "edit", 50, 51), candidate("joints", "jump", 50, 53, ("nose",))
    assert resolved((cut, 0.0), (leap, 90.0), (candidate("size", "scale or identity drift", 45, 60), 90.0)) == [("cut 50", 90.0, [])]


def test_that_a_slow_drift_and_what_happens_within_it_are_two_events() -> None:
    drift, leap = candidate("size", "scale or identity drift", 30, 80), candidate("joints", "jump", 50, 53, ("nose",))
    assert resolved((leap, 90.0), (drift, 20.0)) == [("joints 50", 90.0, ["nose"]), ("size 30", 20.0, [])]


def test_that_a_cut_is_told_without_severity() -> None:
    other = [np.asarray(255 - texture(HEIGHT, WIDTH, 5, 20.0) // 3, np.uint8)] * 20
    track = square_track(60)
    # The square glides along without a step: that is told as well, and rightly.
    found = find_glitches(track, "v", pixels=measure_pictures(film(40) + other, track))
    (edit,) = (one for one in found if one.kind != "slide or float")
    assert (edit.kind, edit.start, edit.severity) == ("edit", 40, 0.0)
    assert edit.rarity == "the editor's work, not a fault of the motion"


def test_that_the_pictures_tell_frames_that_are_shown_again() -> None:
    pictures = film(80)
    rng = np.random.default_rng(0)
    for frame in range(36, 44):
        pictures[frame] = np.clip(pictures[35] + rng.normal(0, 1, pictures[35].shape), 0, 255).astype(np.uint8)
    track = square_track(80)
    # The square glides along without a step: that is told as well, and rightly.
    (freeze,) = (found for found in find_glitches(track, "v", pixels=measure_pictures(pictures, track)) if found.kind != "slide or float")
    assert (freeze.kind, freeze.start, freeze.stop) == ("freeze", 36, 44)
    assert freeze.tracks[0] == "pictures compared"


def test_that_clean_pictures_stay_silent() -> None:
    track = square_track(80)
    assert {found.kind for found in find_glitches(track, "v", pixels=measure_pictures(film(80), track))} <= {"slide or float"}


@pytest.fixture(scope="module")
def sample() -> tuple[HumanTrack, PixelTracks]:
    with open_video(SAMPLE) as video:
        frames = range(len(video))
        track = create_extractor("blazepose", "cpu").extract(
            video, frames, progress=lambda done, total: None, partial=lambda track: None, cancelled=lambda: False
        )
        return track, measure_pixels(video, frames, track)


@pytest.mark.parametrize("seen", [True, False])
def test_that_the_plants_of_the_sample_are_found_and_nothing_else(sample: tuple[HumanTrack, PixelTracks], seen: bool) -> None:
    plants = json.loads(SAMPLE.with_suffix(".json").read_text(encoding="utf-8"))["plants"]
    track, pixels = sample
    glitches = find_glitches(track, "v", pixels=pixels if seen else None)
    kinds = {"stretch": "stretch", "freeze": "freeze", "teleport": "jump"}
    for plant in plants:
        (found,) = [g for g in glitches if g.kind == kinds[plant["kind"]]]
        assert abs(found.start - plant["start"]) <= 1
        assert abs(found.stop - plant["stop"]) <= 1
        assert plant["joint"] is None or plant["joint"] == found.joints[0].name
    assert len(glitches) == len(plants)
