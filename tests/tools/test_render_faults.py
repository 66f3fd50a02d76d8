"""Films with planted faults, for trees to learn from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.glitches.kinds import Plant
from benchmarks.glitches.takes import held_out
from core.tracks.bones import BONES
from tools.mocap.clips import open_library
from tools.mocap.recorded import read_recorded
from tools.mocap.shooting import pictures_of
from tools.render_faults import KINDS, make, shoot, stage_faults, training_jobs
from tools.render_mocap import Job, Shot
from tools.render_mocap import shoot as shoot_clean


def job(shared: Path) -> Job:
    """Two seconds of a walk."""
    return Job(replace(open_library(shared / "mocap").takes[0], start=20, stop=140), 0)


def staged(shot: Shot) -> tuple[object, ...]:
    motion, view = shot.motion, shot.view
    return shot.fps, motion.translation.tobytes(), motion.body_pose.tobytes(), view.offset.tobytes(), view.size


def filmed(shared: Path, again: int = 0) -> tuple[Shot, tuple[Plant, ...]]:
    faulty = stage_faults(job(shared), KINDS.index("arm teleport"), str(shared / "mocap"), again)
    return shoot(faulty), faulty.plants


@pytest.fixture(scope="module")
def first(shared: Path) -> tuple[Shot, tuple[Plant, ...]]:
    return filmed(shared)


def test_that_only_clips_are_filmed_that_the_benchmark_does_not_film(shared: Path) -> None:
    trained = {one.take.clip for one in training_jobs(shared / "mocap", 10**6)}
    judged = {take.clip for _, take in held_out(shared / "mocap", 8.0, 0)}
    assert len(trained) > 100
    assert len(judged) > 100
    assert not trained & judged


def test_that_a_film_and_its_faults_are_the_same_each_time(shared: Path, first: tuple[Shot, tuple[Plant, ...]]) -> None:
    shot, plants = filmed(shared)
    assert plants == first[1]
    assert [plant.kind for plant in plants] == ["arm teleport"]
    assert staged(shot) == staged(first[0])
    # The encoder's choices may differ.
    for one, other in zip(pictures_of(shot.reel), pictures_of(first[0].reel), strict=True):
        assert np.abs(one.astype(int) - other).mean() < 2


def test_that_another_round_has_another_camera(shared: Path, first: tuple[Shot, tuple[Plant, ...]]) -> None:
    again, _ = filmed(shared, again=1)
    clean = shoot_clean(job(shared), "cmu", str(shared / "mocap"))
    assert len({shot.view.offset.tobytes() for shot in (first[0], again, clean)}) == 3


def test_that_the_index_says_where_the_film_is_and_what_is_planted_in_it(
    shared: Path, tmp_path: Path, first: tuple[Shot, tuple[Plant, ...]]
) -> None:
    number = KINDS.index("arm teleport")
    row = make(job(shared), number, 0, str(shared / "mocap"), tmp_path)
    film = read_recorded(tmp_path / row["file"])
    assert (row["clip"], row["fps"], row["frames"]) == ("cmu_02_01", first[0].fps, len(first[0].motion))
    assert len(film.track) == len(film.pixels) == len(film.truth_space) == row["frames"]
    assert film.pixels.bone_flow.shape == (row["frames"], len(BONES), 2, 2)
    assert tuple(Plant(**plant) for plant in row["plants"]) == first[1]
    # The arm of the truth is elsewhere in the planted frames.
    (plant,) = first[1]
    steps = np.linalg.norm(np.diff(film.truth_space, axis=0), axis=-1).max(axis=1)
    assert {plant.start - 1, plant.stop - 1} == set(np.argsort(-steps)[:2].tolist())
    written = (tmp_path / row["file"]).stat().st_mtime_ns
    assert make(job(shared), number, 0, str(shared / "mocap"), tmp_path) == row
    assert (tmp_path / row["file"]).stat().st_mtime_ns == written
    assert [path.name for path in tmp_path.iterdir()] == [row["file"]]
