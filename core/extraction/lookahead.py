"""Work beside the tracker, on another core: what comes before it runs ahead, what comes after it follows behind."""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


_NICER = 10


def _step_aside() -> None:
    """Let the calling thread have what the tracker leaves over: Holistic's own threads want more than one core at times, and it is they
    who set the pace."""
    if sys.platform == "linux":  # elsewhere priorities belong to whole processes
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + _NICER)


@contextmanager
def ahead(items: Iterable[T], depth: int) -> Iterator[Iterator[T]]:
    """The same items in the same order, made on a thread of their own that runs at most `depth` items ahead.

    An exception of the maker is raised where its item would have come. Leaving the block stops the thread, which closes `items`.
    """
    made: queue.Queue[tuple[T | None, BaseException | None, bool]] = queue.Queue(depth)
    stop = threading.Event()

    def put(item: tuple[T | None, BaseException | None, bool]) -> None:
        while not stop.is_set():
            try:
                made.put(item, timeout=0.1)
                return
            except queue.Full:
                continue

    def make() -> None:
        _step_aside()
        iterator = iter(items)
        try:
            for item in iterator:
                put((item, None, False))
                if stop.is_set():
                    break
            put((None, None, True))
        except BaseException as error:
            put((None, error, True))
        finally:
            close = getattr(iterator, "close", None)
            if close is not None:
                close()

    def take() -> Iterator[T]:
        while True:
            item, error, last = made.get()
            if error is not None:
                raise error
            if last:
                return
            yield item  # type: ignore[misc]

    thread = threading.Thread(target=make, name="frames-ahead", daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        stop.set()
        thread.join()


class Behind:
    """A thread that does what it is given, in order; `submit` waits while more than `depth` tasks are open."""

    def __init__(self, depth: int) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="frames-behind", initializer=_step_aside)
        self._depth = depth
        self._open: deque[Future[None]] = deque()

    def submit(self, task: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Hand over a task. Raises what an earlier one has raised."""
        self._open.append(self._pool.submit(task, *args, **kwargs))
        self.wait(self._depth)

    def wait(self, left: int = 0) -> None:
        """Wait until at most `left` tasks are open. Raises what one of them has raised."""
        while self._open and (len(self._open) > left or self._open[0].done()):
            self._open.popleft().result()

    def close(self) -> None:
        """Drop what has not begun and wait for the rest."""
        self._pool.shutdown(wait=True, cancel_futures=True)
