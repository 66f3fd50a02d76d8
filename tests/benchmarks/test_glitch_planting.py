import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.glitches.clips import Clip
from benchmarks.glitches.controls import FADE, PICTURE_CONTROLS, busiest, make_control, plan_controls
from benchmarks.glitches.films import Film, write_film
from benchmarks.glitches.kinds import CONTROL_KINDS, PIXEL_KINDS
from benchmarks.glitches.pixels import FEWEST, choose_bone, make_pixels, plan_pixels
from benchmarks.glitches.timeline import DRIFTS, SPACING
from benchmarks.glitches.warps import BONES
from core.skeletons import OPENPOSE_BODY
from core.video import open_video
from tests.benchmarks.figure import POINTS
from tools.mocap.clips import Take

SIZE, FRAMES, FPS = (96, 80), 180, 24.0


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """A patch of noise that goes to and fro, quickly and slowly in turn, and the key points of a small person who moves with it."""
    generator = np.random.default_rng(0)
    ground = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    patch = generator.integers(100, 255, (60, 30, 3), np.uint8)
    place = 10 + 25 * (1 + np.sin(np.cumsum(np.where(np.arange(FRAMES) % 100 < 60, 0.15, 0.03))))
    shown = []
    for x in place.round().astype(int):
        picture = ground.copy()
        picture[10:70, x : x + 30] = patch
        shown.append(picture)
    path = write_film(tmp_path_factory.mktemp("clip"), "clip", Film("pixels", "clip", FPS), shown, (0,)).path
    points = np.tile(POINTS * 0.25, (FRAMES, 1, 1)) + np.stack([place - 25, np.zeros(FRAMES)], 1)[:, None]
    scores = np.tile(np.isfinite(POINTS[:, 0]).astype(float), (FRAMES, 1))
    return Clip(path, np.arange(FRAMES), FPS, SIZE, points, scores, 50.0, np.ones(FRAMES, bool))


def shown_frames(path: Path) -> list[np.ndarray]:
    with open_video(path) as video:
        return [picture.astype(int) for _, picture in video.frames()]


def test_that_a_plan_has_enough_plants_of_each_kind_in_their_order(clip: Clip) -> None:
    plans = plan_pixels([clip], 0)
    made = Counter(edit.kind for plan in plans for edit in plan.edits)
    assert all(made[kind] >= FEWEST for kind in PIXEL_KINDS)
    for plan in plans:
        assert all(b.start - a.stop >= SPACING * FPS for a, b in zip(plan.edits, plan.edits[1:], strict=False))
        assert all(edit.kind not in DRIFTS for edit in plan.edits[:-1])
        assert 0 <= plan.start < plan.stop <= FRAMES and plan.edits[-1].stop < plan.stop - plan.start


def test_that_a_seed_repeats_its_plan_and_another_one_does_not(clip: Clip) -> None:
    def places(seed: int) -> list[tuple]:
        return [(plan.start, plan.edits) for plan in plan_pixels([clip], seed)]

    assert places(3) == places(3) != places(4)


def test_that_a_film_shows_the_frames_of_its_origin_and_is_made_once(clip: Clip, tmp_path: Path) -> None:
    plan = next(plan for plan in plan_pixels([clip], 0) if any(edit.kind == "reversal" for edit in plan.edits))
    truth = make_pixels(plan, tmp_path)
    assert truth.frames == len(truth.origin) and truth.source == clip.path.name
    source, film = shown_frames(clip.path), shown_frames(truth.path)
    plant = next(plant for plant in truth.plants if plant.kind == "reversal")
    assert list(truth.origin[plant.start : plant.stop]) == sorted(truth.origin[plant.start : plant.stop], reverse=True)
    for frame in (plant.start, plant.stop - 1):
        assert np.abs(film[frame] - source[truth.origin[frame]]).mean() < 5
    changed = truth.path.stat().st_mtime_ns
    assert make_pixels(plan, tmp_path) == truth and truth.path.stat().st_mtime_ns == changed


def test_that_a_mirrored_plant_shows_mirrored_frames(clip: Clip, tmp_path: Path) -> None:
    plan = next(plan for plan in plan_pixels([clip], 0) if any(edit.kind == "mirror" for edit in plan.edits))
    truth = make_pixels(plan, tmp_path)
    plant = next(plant for plant in truth.plants if plant.kind == "mirror")
    source, film = shown_frames(clip.path)[truth.origin[plant.start]], shown_frames(truth.path)[plant.start]
    assert np.abs(film - source[:, ::-1]).mean() < 5


def test_that_a_limb_is_named_by_the_truth(clip: Clip, tmp_path: Path) -> None:
    plan = next(plan for plan in plan_pixels([clip], 0) if any(edit.kind == "limb" for edit in plan.edits))
    plant = next(plant for plant in make_pixels(plan, tmp_path).plants if plant.kind == "limb")
    side, limb = (plant.limb or "").split("_")
    assert plant.detail.startswith(side) and limb in ("arm", "leg")


def test_that_a_bone_that_is_hardly_seen_is_not_chosen(clip: Clip) -> None:
    scores = clip.scores.copy()
    scores[:, [i for i, name in enumerate(OPENPOSE_BODY) if name not in ("left_elbow", "left_wrist")]] *= 0.3
    hidden = Clip(clip.path, clip.frames, clip.fps, clip.size, clip.points, scores, clip.height, clip.usable)
    assert {choose_bone(hidden, np.arange(20), np.random.default_rng(seed)) for seed in range(10)} == {"left_forearm"}
    assert {choose_bone(clip, np.arange(20), np.random.default_rng(seed)) for seed in range(80)} == set(BONES)


def test_that_every_control_is_planned(clip: Clip) -> None:
    plans = plan_controls([clip], 0)
    assert {plan.kind for plan in plans} == set(CONTROL_KINDS) and len({plan.name for plan in plans}) == len(plans)


@pytest.mark.parametrize("kind", PICTURE_CONTROLS)
def test_that_a_control_keeps_size_and_length_and_plants_nothing(clip: Clip, kind: str, tmp_path: Path) -> None:
    plan = next(plan for plan in plan_controls([clip], 0) if plan.kind == kind)
    truth = make_control(plan, tmp_path, tmp_path)
    film = shown_frames(truth.path)
    assert len(film) == truth.frames == plan.stop - plan.start and film[0].shape == (SIZE[1], SIZE[0], 3)
    assert truth.plants == () and truth.control == kind and (truth.edit is not None) == (kind == "crossfade")


@pytest.mark.parametrize("frames", [range(120), range(1, 179)])
def test_that_a_crossfade_ends_in_the_moment_that_looks_most_different(clip: Clip, frames: range) -> None:
    shown, edit = PICTURE_CONTROLS["crossfade"](clip, frames, np.random.default_rng(0))
    film, source = [picture.astype(int) for picture in shown], np.stack(shown_frames(clip.path)).astype(int)
    assert edit is not None and edit[1] - edit[0] == FADE and len(film) == len(frames)
    first = frames.start + edit[0]
    assert np.abs(film[edit[0] - 1] - source[first - 1]).mean() < 1

    rest = len(film) - edit[0]
    starts = range(FRAMES - rest + 1)
    apart = [np.square(source[start : start + FADE] - source[first : first + FADE]).mean() for start in starts]
    ends = ((FADE, film[edit[1]]), (rest - 1, film[-1]))
    shown_then = [sum(np.abs(picture - source[start + after]).mean() for after, picture in ends) for start in starts]
    assert min(shown_then) < 2
    assert apart[int(np.argmin(shown_then))] > 0.8 * max(apart) > 0


def test_that_what_is_slowed_down_is_the_part_with_the_most_motion(tmp_path: Path) -> None:
    joints, points = ["root", "hand"], np.zeros((300, 2, 3))
    points[:, 1, 0] = np.interp(np.arange(300), (0, 150, 240, 299), (0, 0.1, 2.0, 2.1))
    clips = [{"clip": "a", "subject": "1", "action": "Wave", "frames": 300}]
    (tmp_path / "cmu_index.json").write_text(json.dumps({"joints": joints, "clips": clips}))
    np.savez(tmp_path / "cmu_joints_60fps.npz", **{"a/root": points[:, 0], "a/joints": points})  # type: ignore[arg-type]
    assert busiest("cmu", Take("a", "1", "Wave", 10, 290), tmp_path, 90) == pytest.approx(195, abs=1)


def test_that_motion_blur_is_a_mean_of_neighbours(clip: Clip) -> None:
    shown, _ = PICTURE_CONTROLS["motion blur"](clip, range(30, 60), np.random.default_rng(0))
    film, source = list(shown), shown_frames(clip.path)
    assert np.abs(film[2] - np.mean(source[31:34], axis=0)).max() <= 1
    assert np.abs(film[15] - np.mean(source[43:48], axis=0)).max() <= 1


def test_that_a_background_warp_leaves_the_person(clip: Clip) -> None:
    shown, _ = PICTURE_CONTROLS["background warp"](clip, range(20), np.random.default_rng(0))
    film, source = list(shown), shown_frames(clip.path)
    trunk = np.nanmean(clip.points[10, [2, 5, 8, 11]], 0).round().astype(int)
    window = np.s_[trunk[1] - 2 : trunk[1] + 3, trunk[0] - 1 : trunk[0] + 2]
    assert np.abs(film[10][window].astype(int) - source[10][window]).max() <= 1
