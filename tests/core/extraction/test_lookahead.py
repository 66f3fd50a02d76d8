import os
import sys
import threading
from collections.abc import Iterator

import pytest

from core.extraction.lookahead import Behind, ahead


def test_that_items_come_in_order_and_end() -> None:
    with ahead(iter(range(100)), 3) as items:
        assert list(items) == list(range(100))


def test_that_the_maker_runs_no_further_ahead_than_it_may() -> None:
    made = []

    def maker() -> Iterator[int]:
        for index in range(100):
            made.append(index)
            yield index

    with ahead(maker(), 3) as items:
        for item in items:
            # Taken, waiting in the queue, and one in the maker's hands.
            assert made[-1] <= item + 5


def test_that_an_error_of_the_maker_is_raised_where_its_item_would_have_come() -> None:
    def maker() -> Iterator[int]:
        yield 1
        raise OSError("the disk is gone")

    with ahead(maker(), 3) as items:
        assert next(items) == 1
        with pytest.raises(OSError, match="the disk is gone"):
            next(items)


def test_that_leaving_early_closes_the_maker_and_ends_its_thread() -> None:
    closed = threading.Event()

    def maker() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.set()

    before = threading.active_count()
    with ahead(maker(), 2) as items:
        next(items)
    assert closed.is_set()
    assert threading.active_count() == before


def test_that_tasks_behind_run_in_order_and_waiting_waits_for_all() -> None:
    done: list[int] = []
    behind = Behind(2)
    for index in range(20):
        behind.submit(done.append, index)
    behind.wait()
    assert done == list(range(20))
    behind.close()


def _fail() -> None:
    raise OSError("no space")


def test_that_an_error_behind_reaches_the_one_who_waits() -> None:
    behind = Behind(2)
    with pytest.raises(OSError, match="no space"):
        behind.submit(_fail)
        behind.wait()
    behind.close()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere priorities belong to whole processes")
def test_that_both_threads_leave_the_tracker_the_way() -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    found: list[int] = []
    with ahead((priority() for _ in range(1)), 1) as items:
        found += items
    behind = Behind(1)
    behind.submit(lambda: found.append(priority()))
    behind.wait()
    behind.close()
    assert found == [min(priority() + 10, 19)] * 2
