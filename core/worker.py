"""The supervised worker: a thread here reads the events of a process there, so that a crash in native code costs a job, not the window."""

from __future__ import annotations

import atexit
import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import uuid
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from core.analysis import Analysis
from core.events import Answered, Cancelled, End, Event, Failed, Finished, Partial, Request, WhatIfRequest
from core.logs import LOGGER, capture_output, internal_failure, output_file, start_logging
from core.packing import pack, unpack
from core.shared import SharedArrays, read_shared, remove_shared, write_shared
from core.track import HumanTrack

# How long a cancelled process may take to notice before it is ended. Ending it is harmless: the cache only ever holds complete entries.
_PATIENCE_SECONDS = 3.0
_NICENESS = 5
_RESULT = "result.npz"


@dataclass(frozen=True)
class _PartialSent:
    """A Partial whose arrays lie in shared memory."""

    done: int
    arrays: SharedArrays


@dataclass(frozen=True)
class _ResultWritten:
    """The Analysis or the WhatIf lies in the hand-over folder."""


class AnalysisWorker:
    """One analysis, or one what-if, in a process of its own.

    emit(event) is called from the supervising thread; the last event is one of `events.End`, and exactly one of these comes.
    """

    def __init__(self, request: Request, emit: Callable[[Event], None], store_folder: Path | None = None) -> None:
        self.request = request
        self.job = uuid.uuid4().hex[:12]
        self._emit = emit
        self._store_folder = store_folder
        self._cancel = threading.Event()
        self._process: BaseProcess | None = None
        self._wake_reader, self._wake_writer = multiprocessing.Pipe(duplex=False)
        self._thread = threading.Thread(target=self._supervise, name=f"analysis-{self.job}", daemon=True)

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        _live.add(self)
        self._thread.start()

    def cancel(self) -> None:
        """Ask the analysis to stop; returns at once. Cancelled follows within a few seconds, unless the end was already on its way."""
        if not self._cancel.is_set():
            self._cancel.set()
            with suppress(OSError):
                self._wake_writer.send(None)

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the last event to be delivered; False when the time was up first."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def kill(self) -> None:
        """End the process now, with everything it started."""
        process = self._process
        if process is not None and process.pid is not None and process.is_alive():
            _kill_group(process.pid)

    def _supervise(self) -> None:
        start_logging()
        folder = Path(tempfile.mkdtemp(prefix="telltale-"))
        try:
            last = self._run(folder)
        except Exception:
            LOGGER.exception("the supervision of %s failed", self.request.path)
            self.kill()
            last = Failed(self.job, internal_failure(self.request.path), internal=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            remove_shared(self.job)
            _live.discard(self)
            self._wake_reader.close()
            self._wake_writer.close()
        self._emit(last)

    def _run(self, folder: Path) -> Event:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_child, args=(self.request, self.job, theirs, folder, self._store_folder), name="telltale-analysis"
        )
        process.start()
        self._process = process
        theirs.close()
        try:
            last = self._listen(ours, process, folder)
        finally:
            process.join(_PATIENCE_SECONDS)
            self.kill()
            process.join()
            ours.close()
        return last or self._died(process.exitcode)

    def _listen(self, connection: Connection, process: BaseProcess, folder: Path) -> Event | None:
        """Hand on what the process says until its last event; None when it ended without one."""
        sources: list[Any] = [connection, self._wake_reader]
        patience: float | None = None
        while True:
            ready = wait(sources, patience)
            if not ready:
                self.kill()  # cancelled, and deaf
                return None
            if self._wake_reader in ready:
                sources.remove(self._wake_reader)
                patience = _PATIENCE_SECONDS
                with suppress(OSError):
                    connection.send("cancel")
            if connection in ready:
                try:
                    message = connection.recv()
                except (EOFError, OSError):
                    return None
                event = self._event(message, folder)
                if isinstance(event, End):
                    return event
                if event is not None and not self._cancel.is_set():
                    self._emit(event)

    def _event(self, message: Any, folder: Path) -> Event | None:
        if isinstance(message, _PartialSent):
            arrays = read_shared(message.arrays)
            return Partial(self.job, unpack(HumanTrack, arrays), message.done) if arrays is not None else None
        if isinstance(message, _ResultWritten):
            with np.load(folder / _RESULT, allow_pickle=False) as arrays:
                if isinstance(self.request, WhatIfRequest):
                    from core.whatif import WhatIf

                    return Answered(self.job, unpack(WhatIf, dict(arrays)))
                return Finished(self.job, unpack(Analysis, dict(arrays)))
        event: Event = message
        return event

    def _died(self, code: int | None) -> Event:
        if self._cancel.is_set():
            return Cancelled(self.job)
        LOGGER.error("the worker for %s ended with exit code %s", self.request.path, code)
        return Failed(self.job, _crashed(self.request.path, code), internal=True)


_live: weakref.WeakSet[AnalysisWorker] = weakref.WeakSet()


@atexit.register
def _end_all() -> None:
    """Nobody waits for an analysis whose window is gone. Runs before multiprocessing waits for its children."""
    for worker in list(_live):
        worker.kill()
        worker.join(1.0)  # it removes its folder


def _crashed(path: Path, code: int | None) -> str:
    how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
    if code == -signal.SIGKILL:
        return f"The analysis of {path.name} was ended by the system ({how}), often for want of memory: try a shorter range of frames."
    return f"The analysis of {path.name} crashed ({how}): try again, and if it happens again report it with {output_file()}."


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:  # the child has made its own group, which holds all it started
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)


def _child(request: Request, job: str, connection: Connection, folder: Path, store_folder: Path | None) -> None:
    """The process: runs the pipeline, tells its events, and dies with its parent."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, _end_group)
    os.nice(_NICENESS)
    capture_output()
    # One core stays free for the window. Read by the numerical libraries when they are loaded, which is later.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 2) - 1)))
    cancel = threading.Event()
    threading.Thread(target=_watch, args=(connection, cancel, job, folder), daemon=True).start()
    from core.store import Store

    count = 0

    def emit(event: Event) -> None:
        nonlocal count
        if isinstance(event, Finished | Answered):
            with (folder / _RESULT).open("wb") as file:
                np.savez(file, allow_pickle=False, **pack(event.analysis if isinstance(event, Finished) else event.result))
            connection.send(_ResultWritten())
        elif isinstance(event, Partial):
            # The views of an unfinished analysis show no features, and these are two thirds of a track.
            shared = write_shared(job, count, pack(replace(event.track, features={})))
            count += 1
            if shared is not None:
                connection.send(_PartialSent(event.done, shared))
        else:
            connection.send(event)

    with suppress(BrokenPipeError):
        if isinstance(request, WhatIfRequest):
            from core.whatif_job import run as answer

            answer(request, emit, cancel.is_set, Store(store_folder), job)
        else:
            from core.pipeline import run

            run(request, emit, cancel.is_set, Store(store_folder), job)


def _watch(connection: Connection, cancel: threading.Event, job: str, folder: Path) -> None:
    """In the child: hear "cancel", and end at once, leaving nothing behind, when the parent is gone."""
    parent = multiprocessing.parent_process()
    sources: list[Any] = [connection] if parent is None else [connection, parent.sentinel]
    while True:
        ready = wait(sources)
        if parent is not None and parent.sentinel in ready:
            shutil.rmtree(folder, ignore_errors=True)
            remove_shared(job)
            os.killpg(0, signal.SIGKILL)
        if connection in ready:
            try:
                connection.recv()
            except (EOFError, OSError):
                sources.remove(connection)
                if not sources:
                    return
            cancel.set()


def _end_group(number: int, frame: FrameType | None) -> None:
    os.killpg(0, signal.SIGKILL)
