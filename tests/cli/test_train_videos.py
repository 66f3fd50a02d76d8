"""main.py train on class folders of real videos, as a person runs it, and analyze with the manifold that comes of it."""

import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av
import pytest

from core.manifold import load_manifold
from core.video import open_video

ROOT = Path(__file__).parents[2]
HEIGHT = 360
# Class -> clip -> its frames that are kept; three women do aerobics in the last one of Squat.
CLIPS = {
    "Raise": {"gen_arm_circle.mp4": (0, 56), "gen_lateral_raise.mp4": (0, 56)},
    "Squat": {"gen_squat.mp4": (0, 56), "rohanx01_squat.mp4": (60, 120), "felixchenfy_exercise_3p.avi": (0, 24)},
}


@dataclass(frozen=True)
class Run:
    """A finished command of main.py."""

    out: Path
    status: int
    told: str
    errors: str


def cut(source: Path, target: Path, start: int, stop: int) -> None:
    """Frames start to stop of a video, reduced to 360 lines."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(open_video(source)) as video, av.open(str(target), "w") as container:
        width, height = video.size
        stream = container.add_stream("libx264", rate=round(video.timebase.fps))
        stream.width, stream.height, stream.pix_fmt = 2 * round(width * HEIGHT / height / 2), HEIGHT, "yuv420p"
        for _, picture in video.frames(start, stop):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def run(folder: Path, out: Path, *arguments: str) -> Run:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(folder / "cache"), "XDG_STATE_HOME": str(folder / "state")}
    done = subprocess.run([sys.executable, "main.py", *arguments], cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
    return Run(out, done.returncode, done.stdout, done.stderr)


def train(folder: Path, out: Path) -> Run:
    few = ["--epochs", "1", "--d-model", "8", "--device", "cpu"]
    return run(folder, out, "train", str(folder / "videos"), "--out", str(out), "--exclude", str(folder / "seeds.txt"), *few)


@pytest.fixture(scope="module")
def folder(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for action, clips in CLIPS.items():
        for name, (start, stop) in clips.items():
            cut(shared / "clips" / name, folder / "videos" / action / f"{Path(name).stem}.mp4", start, stop)
    cut(shared / "clips" / "cgi_squat_60fps.mp4", folder / "videos" / "Squat" / "seed.mp4", 0, 8)
    (folder / "seeds.txt").write_text("seed.mp4\nseen_nowhere.mp4\n")
    return folder


@pytest.fixture(scope="module")
def trained(folder: Path) -> Run:
    return train(folder, folder / "first" / "mine.manifold")


def cached(folder: Path) -> dict[str, int]:
    """The entries of the cache and when they were written."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / "cache" / "telltale" / "track").rglob("*.npz")}


def test_that_videos_make_a_manifold(trained: Run) -> None:
    assert trained.status == 0, trained.errors
    manifold = load_manifold(trained.out)
    assert (manifold.classes, manifold.fps, manifold.variant) == (("Raise", "Squat"), 30.0, "corrected")
    assert manifold.source_names == ("appearance", "global", "pose", "beta", "kp2d")
    assert "windows of 2 clips train" in trained.errors and "windows of 2 clips are held out" in trained.errors
    assert "epoch 1/1: loss " in trained.errors
    names = [f"mine.{end}" for end in ("manifold", "losses.csv", "report.json")]
    assert trained.told.splitlines()[-3:] == [str(trained.out.with_name(name)) for name in names]


def test_that_a_video_of_several_people_is_discarded_and_counted(trained: Run) -> None:
    line = "Discarded, for over 20 % of frames with more than one person: 1 video (Squat/felixchenfy_exercise_3p)."
    assert line in trained.errors.splitlines()
    report = json.loads(trained.out.with_name("mine.report.json").read_text())
    assert report["left_out"]["several"] == ["Squat/felixchenfy_exercise_3p"]


def test_that_excluded_videos_are_named_and_not_even_extracted(trained: Run, folder: Path) -> None:
    assert "Left out, as the list of excluded ones says: 1 video (Squat/seed)." in trained.errors.splitlines()
    assert "On the list of excluded ones, but not among the videos: 1 name (seen_nowhere)." in trained.errors.splitlines()
    assert len(cached(folder)) == sum(len(clips) for clips in CLIPS.values())


def test_that_a_second_run_takes_the_tracks_from_the_cache_and_ends_alike(trained: Run, folder: Path) -> None:
    before = cached(folder)
    again = train(folder, folder / "second" / "mine.manifold")
    assert again.status == 0, again.errors
    assert cached(folder) == before
    assert again.out.read_bytes() == trained.out.read_bytes()


def test_that_the_manifold_analyses_a_clip(trained: Run, folder: Path) -> None:
    clip = folder / "videos" / "Raise" / "gen_arm_circle.mp4"  # the one of its class that trained
    done = run(folder, folder, "analyze", str(clip), "--manifold", str(trained.out), "--action", "Raise", "--out", str(folder / "results"))
    assert done.status == 0, done.errors
    analysis = json.loads((folder / "results" / clip.stem / "analysis.json").read_text())
    assert (analysis["manifold"]["name"], analysis["manifold"]["classes"], analysis["action"]) == ("mine", ["Raise", "Squat"], "Raise")
    # The centroid of a class is the mean of its training clips, here of this one alone.
    assert analysis["scores"]["nearest_class"] == "Raise"
    assert analysis["scores"]["action_consistency"]["Raise"] == pytest.approx(0, abs=1e-4)
