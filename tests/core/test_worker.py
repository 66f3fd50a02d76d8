"""The supervised process: its events, its end by cancellation, crash or kill."""

import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.analysis import to_json
from core.events import AnalysisRequest, Cancelled, Event, Failed, Finished, Partial, Progress, Started
from core.manifold import save_manifold
from core.pipeline import analyze
from core.store import TRACK, Store
from core.worker import AnalysisWorker
from tests.synthetic_tracks import blank_manifold
from tests.tiny_extractor import TinyRequest, write_clip, write_manifold

ROOT = Path(__file__).parents[2]
LONG = 60.0  # seconds that a waiting test allows a loaded machine


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "swing.mp4")


@pytest.fixture(scope="module")
def manifold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_manifold(tmp_path_factory.mktemp("manifold") / "test.manifold")


class Listener:
    """Collects the events of a worker; `until` waits for one."""

    def __init__(self) -> None:
        self.queue: queue.Queue[Event] = queue.Queue()
        self.seen: list[Event] = []

    def until(self, wanted: Callable[[Event], bool]) -> Event:
        while True:
            event = self.queue.get(timeout=LONG)
            self.seen.append(event)
            if wanted(event):
                return event
            assert not isinstance(event, Finished | Failed | Cancelled), event


def is_last(event: Event) -> bool:
    return isinstance(event, Finished | Failed | Cancelled)


def started(request: AnalysisRequest, folder: Path) -> tuple[AnalysisWorker, Listener]:
    listener = Listener()
    worker = AnalysisWorker(request, listener.queue.put, folder)
    worker.start()
    return worker, listener


def shared_blocks(worker: AnalysisWorker) -> list[Path]:
    return list(Path("/dev/shm").glob(f"*{worker.job}*"))


def test_that_the_worker_finishes_with_the_analysis_the_pipeline_makes(clip: Path, manifold: Path, tmp_path: Path) -> None:
    worker, listener = started(TinyRequest(clip, manifold=manifold), tmp_path / "worker")
    last = listener.until(is_last)
    assert worker.join(LONG)
    assert isinstance(last, Finished)
    assert isinstance(listener.seen[0], Started)
    assert {event.job for event in listener.seen} == {worker.job}
    partials = [event for event in listener.seen if isinstance(event, Partial)]
    assert [event.done for event in partials] == [10, 20, 30, 40, 50, 60]
    assert partials[1].track.seen().sum() == 20
    assert shared_blocks(worker) == []
    direct = to_json(analyze(TinyRequest(clip, manifold=manifold), lambda event: None, lambda: False, Store(tmp_path / "direct"), "job"))
    told = to_json(last.analysis)
    for analysis in (direct, told):
        del analysis["timings"], analysis["created"]
    assert told == direct
    np.testing.assert_array_equal(last.analysis.track.features["appearance"].shape, (60, 8))


@pytest.mark.parametrize("kind", ["tiny-patient", "tiny-deaf"])
def test_that_cancel_answers_at_once_and_ends_a_deaf_process_too(clip: Path, manifold: Path, tmp_path: Path, kind: str) -> None:
    worker, listener = started(TinyRequest(clip, extractor=kind, manifold=manifold), tmp_path)
    listener.until(lambda event: isinstance(event, Partial) and event.done == 20)
    before = time.monotonic()
    worker.cancel()
    worker.cancel()
    assert time.monotonic() - before < 0.1
    assert listener.until(is_last) == Cancelled(worker.job)
    assert time.monotonic() - before < 20
    assert worker.join(LONG)
    assert list(tmp_path.rglob("track/*.npz")) == []


def test_that_cancelling_before_the_process_is_up_works(clip: Path, manifold: Path, tmp_path: Path) -> None:
    worker, listener = started(TinyRequest(clip, manifold=manifold), tmp_path)
    worker.cancel()
    assert listener.until(is_last) == Cancelled(worker.job)


@pytest.mark.parametrize(("kind", "how"), [("tiny-abort", "signal 6"), ("tiny-exit", "exit code 7")])
def test_that_a_crash_in_native_code_costs_the_job_alone(clip: Path, manifold: Path, tmp_path: Path, kind: str, how: str) -> None:
    worker, listener = started(TinyRequest(clip, extractor=kind, manifold=manifold), tmp_path)
    last = listener.until(is_last)
    assert isinstance(last, Failed)
    assert last.internal
    assert f"The analysis of swing.mp4 crashed ({how})" in last.sentence
    assert worker.join(LONG)
    assert shared_blocks(worker) == []


def test_that_a_refusal_passes_through(clip: Path, manifold: Path, tmp_path: Path) -> None:
    worker, listener = started(TinyRequest(clip, extractor="tiny-refusing", manifold=manifold), tmp_path)
    assert listener.until(is_last) == Failed(worker.job, "There is nobody in this clip: choose another.")


def test_that_a_kill_in_the_middle_leaves_nothing_broken(clip: Path, manifold: Path, tmp_path: Path) -> None:
    worker, listener = started(TinyRequest(clip, extractor="tiny-patient", manifold=manifold), tmp_path)
    listener.until(lambda event: isinstance(event, Partial) and event.done == 20)
    worker.kill()
    last = listener.until(is_last)
    assert isinstance(last, Failed)
    assert "was ended by the system (signal 9)" in last.sentence
    again, listener = started(TinyRequest(clip, manifold=manifold), tmp_path)
    last = listener.until(is_last)
    assert isinstance(last, Finished)
    assert last.analysis.track.seen().all()
    assert again.join(LONG)


PARENT = """
import os, sys, threading
from pathlib import Path
from core.events import Partial
from core.worker import AnalysisWorker
from tests.tiny_extractor import TinyRequest

if __name__ == "__main__":
    def emit(event):
        if isinstance(event, Partial) and event.done == 20:
            print(worker._process.pid, flush=True)

    worker = AnalysisWorker(TinyRequest(Path(sys.argv[1]), extractor="tiny-patient", manifold=Path(sys.argv[2])), emit, Path(sys.argv[3]))
    worker.start()
    if sys.argv[4] == "wait":
        threading.Event().wait()
    while worker.running and not sys.stdin.readline():
        pass
"""


def parent(clip: Path, manifold: Path, folder: Path, mode: str) -> tuple[subprocess.Popen[str], int]:
    """A program with a worker in it, and the worker's process id once it is at work."""
    script = folder / "parent.py"
    script.write_text(PARENT)
    program = subprocess.Popen(
        [sys.executable, str(script), str(clip), str(manifold), str(folder / "cache"), mode],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert program.stdout is not None
    return program, int(program.stdout.readline())


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + LONG
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":  # ended; its parent is gone and nobody has asked for it yet
            return
    pytest.fail(f"process {pid} still runs")


def test_that_the_process_dies_with_its_parent(clip: Path, manifold: Path, tmp_path: Path) -> None:
    program, pid = parent(clip, manifold, tmp_path, "wait")
    program.send_signal(signal.SIGKILL)
    program.communicate()
    wait_until_gone(pid)


def test_that_a_program_that_ends_does_not_wait_for_its_worker(clip: Path, manifold: Path, tmp_path: Path) -> None:
    program, pid = parent(clip, manifold, tmp_path, "end")
    _, errors = program.communicate("end\n", timeout=LONG)
    assert program.returncode == 0
    assert errors == ""
    wait_until_gone(pid)


def test_that_a_known_analysis_needs_no_torch(clip: Path, manifold: Path, tmp_path: Path) -> None:
    analyze(TinyRequest(clip, manifold=manifold), lambda event: None, lambda: False, Store(tmp_path), "job")
    code = f"""
import sys
from pathlib import Path
from core.manifold import save_manifold
from core.pipeline import analyze
from core.recall import recall_latest
from core.store import Store
from core.video import file_sha256
import core.worker
assert recall_latest(Store(Path({str(tmp_path)!r})), file_sha256(Path({str(clip)!r}))) is not None
assert not {{"torch", "mediapipe", "PySide6", "matplotlib"}} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_that_a_real_analysis_killed_in_the_middle_can_be_done_again(shared: Path, tmp_path: Path) -> None:
    save_manifold(blank_manifold(), tmp_path / "wide.manifold")
    clip = shared / "clips" / "mmhuman3d_single_basketball.mp4"
    request = AnalysisRequest(clip, manifold=tmp_path / "wide.manifold", frames=(0, 12))
    worker, listener = started(request, tmp_path)
    listener.until(lambda event: isinstance(event, Progress) and event.stage == "extract" and event.done >= 3)
    worker.kill()
    assert isinstance(listener.until(is_last), Failed)
    worker, listener = started(request, tmp_path)
    last = listener.until(is_last)
    assert isinstance(last, Finished)
    assert len(last.analysis.track) == 40
    assert last.analysis.track.seen()[:12].sum() >= 10
    assert not last.analysis.track.seen()[12:].any()
    assert [entry.kind for entry in Store(tmp_path).entries(TRACK)] == [TRACK]
