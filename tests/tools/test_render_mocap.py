"""Films of motion capture for training."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.body import load_body
from core.camera import project
from core.skeletons import OPENPOSE_BODY, SMPL
from core.track import load_track
from render.mesh import create_renderer
from tools.mocap.clips import FPS, open_library
from tools.mocap.retarget import BodyMotion, retarget
from tools.mocap.views import centred, choose_view, every, film
from tools.render_mocap import Job, make, plan


def walk(shared: Path) -> BodyMotion:
    library = open_library(shared / "mocap")
    return centred(every(retarget(library.positions(library.takes[0]), library.joints, load_body(), np.zeros(10), FPS), 2))


def test_that_the_plan_lets_all_classes_grow_evenly(shared: Path) -> None:
    jobs = plan(open_library(shared / "mocap"), 38000)
    frames = Counter()
    for job in jobs[: len(jobs) // 2]:
        frames[job.take.action] += job.frames
    assert len(frames) == 38
    # One film is at most 330 frames long, so no class can be farther ahead of another than that, unless the other has no clips left.
    assert max(frames.values()) - min(frames.values()) <= 330
    assert len({job.file for job in jobs}) == len(jobs)


def test_that_a_film_is_the_same_each_time(shared: Path) -> None:
    motion, body = walk(shared), load_body()
    pictures = [next(film(motion, body, choose_view(motion, 30, np.random.default_rng(5)), create_renderer("raster"))) for _ in range(2)]
    np.testing.assert_array_equal(*pictures)


def test_that_the_person_stays_in_the_picture(shared: Path) -> None:
    motion = walk(shared)
    for seed in range(12):
        view = choose_view(motion, 30, np.random.default_rng(seed))
        for frame in (0, len(motion) // 2, len(motion) - 1):
            head = motion.translation[frame] + (0, 0.75, 0)
            feet = motion.translation[frame] * (1, 0, 1)
            pixels = project(view.camera(frame).see(np.stack([head, feet])), view.intrinsics)
            assert (pixels > 0).all()
            assert (pixels < view.size).all()


def test_that_a_clip_is_filmed_watched_and_not_made_again(shared: Path, tmp_path: Path) -> None:
    take = replace(open_library(shared / "mocap").takes[0], start=20, stop=44)
    job = Job(take, 0)
    row = make(job, "cmu", str(shared / "mocap"), str(tmp_path))
    assert (row["clip"], row["action"], row["subject"]) == ("cmu_02_01", "Walk", "02")
    track = load_track(tmp_path / row["file"])
    assert len(track) == row["frames"] == pytest.approx(24 / 60 * row["fps"], rel=0.25)
    assert track.seen().sum() >= row["frames"] - 1
    with np.load(tmp_path / row["file"]) as arrays:
        knees = arrays["truth_pixels"][:, [SMPL.index("left_knee"), SMPL.index("right_knee")]]
    seen = track.keypoints[:, [OPENPOSE_BODY.index("left_knee"), OPENPOSE_BODY.index("right_knee")]]
    # The truth is that of the person who was seen.
    assert np.nanmedian(np.linalg.norm(knees - seen, axis=-1)) < 0.03 * track.size[1]
    written = (tmp_path / row["file"]).stat().st_mtime_ns
    assert make(job, "cmu", str(shared / "mocap"), str(tmp_path)) == row
    assert (tmp_path / row["file"]).stat().st_mtime_ns == written
    assert [path.name for path in tmp_path.iterdir()] == [row["file"]]
