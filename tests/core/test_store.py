"""The cache: an entry is complete or it is not there."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from core.store import ANALYSIS, CHECKSUM, TRACK, Store, default_folder, make_key

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, eq=False)
class Numbers:
    values: np.ndarray
    writer: int = 0


KEY = make_key(video="abc", extractor="tiny")
# A child that writes the same entry again and again and says when it has written the first.
WRITER = """
import sys
import numpy as np
from dataclasses import dataclass
from pathlib import Path
from core.store import Store, TRACK

@dataclass(frozen=True, eq=False)
class Numbers:
    values: np.ndarray
    writer: int

folder, key, writer, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = Store(folder)
for turn in range(rounds):
    store.save(TRACK, key, Numbers(np.full(500_000, writer, np.float64), writer), video="a.mp4")
    if turn == 0:
        print("written", flush=True)
"""


def writer(folder: Path, number: int, rounds: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WRITER, str(folder), KEY, str(number), str(rounds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_that_an_entry_comes_back(tmp_path: Path) -> None:
    Store(tmp_path).save(TRACK, KEY, Numbers(np.arange(5.0), 7), video="a.mp4")
    found = Store(tmp_path).load(TRACK, KEY, Numbers)
    assert found is not None
    assert found.writer == 7
    np.testing.assert_array_equal(found.values, [0, 1, 2, 3, 4])


def test_that_another_key_is_a_miss(tmp_path: Path) -> None:
    Store(tmp_path).save(TRACK, KEY, Numbers(np.arange(5.0)), video="a.mp4")
    assert Store(tmp_path).load(TRACK, make_key(video="abc", extractor="other"), Numbers) is None


def test_that_a_key_depends_on_every_part_but_not_on_their_order() -> None:
    assert make_key(a=1, b=[2, 3]) == make_key(b=[2, 3], a=1)
    assert make_key(a=1, b=[2, 3]) != make_key(a=1, b=[3, 2])


@pytest.mark.parametrize("damage", ["flip", "truncate", "empty", "garbage"])
def test_that_a_broken_entry_is_a_miss_and_is_removed(tmp_path: Path, damage: str) -> None:
    store = Store(tmp_path)
    store.save(TRACK, KEY, Numbers(np.arange(5000.0)), video="a.mp4")
    path = tmp_path / TRACK / f"{KEY}.npz"
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    path.write_bytes({"flip": content, "truncate": content[: len(content) // 2], "empty": b"", "garbage": b"x" * 4000}[damage])
    assert store.load(TRACK, KEY, Numbers) is None
    assert not path.exists()


def test_that_an_entry_renamed_to_another_key_is_not_shown(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(TRACK, KEY, Numbers(np.arange(5.0)), video="a.mp4")
    other = make_key(video="other")
    (tmp_path / TRACK / f"{KEY}.npz").rename(tmp_path / TRACK / f"{other}.npz")
    assert store.load(TRACK, other, Numbers) is None


def test_that_two_processes_writing_one_key_leave_a_complete_entry(tmp_path: Path) -> None:
    children = [writer(tmp_path, number, 15) for number in (1, 2)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "written\n"
    store = Store(tmp_path)
    while any(child.poll() is None for child in children):
        found = store.load(TRACK, KEY, Numbers)
        assert found is not None
        assert found.writer in (1, 2)
        assert (found.values == found.writer).all()
    for child in children:
        child.communicate()
        assert child.returncode == 0
    assert [path.suffix for path in (tmp_path / TRACK).iterdir()] == [".npz"]


def test_that_a_writer_killed_in_the_middle_leaves_a_complete_entry_or_none(tmp_path: Path) -> None:
    child = writer(tmp_path, 3, 100_000)
    assert child.stdout is not None
    assert child.stdout.readline() == "written\n"
    while not list((tmp_path / TRACK).glob(".*.tmp")):
        assert child.poll() is None
    child.send_signal(signal.SIGKILL)
    child.communicate()
    found = Store(tmp_path).load(TRACK, KEY, Numbers)
    assert found is not None
    assert (found.values == 3).all()


def test_that_what_killed_writers_left_is_swept_after_a_day(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(TRACK, KEY, Numbers(np.arange(5.0)), video="a.mp4")
    old, fresh = tmp_path / TRACK / ".old.tmp", tmp_path / TRACK / ".fresh.tmp"
    for path in (old, fresh):
        path.write_bytes(b"half")
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(old, (two_days_ago, two_days_ago))
    Store(tmp_path).save(TRACK, KEY, Numbers(np.arange(5.0)), video="a.mp4")
    assert not old.exists()
    assert fresh.exists()


def test_that_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        Store(tmp_path).save(TRACK, KEY, Numbers(np.array([object()])), video="a.mp4")
    assert list(tmp_path.rglob("*.*")) == []


def test_that_the_list_names_kind_video_size_and_age(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(TRACK, KEY, Numbers(np.zeros(1000)), video="squat.mp4", sha256="s1")
    (entry,) = store.entries()
    assert (entry.kind, entry.key, entry.video, entry.sha256) == (TRACK, KEY, "squat.mp4", "s1")
    assert entry.size > 8000
    assert 0 <= entry.age < 60


def test_that_the_latest_entry_of_a_video_is_found(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for key, age in (("k1", 100), ("k2", 10), ("k3", 50)):
        store.save(ANALYSIS, key, Numbers(np.zeros(1), age), video="v.mp4", sha256="other" if key == "k2" else "mine")
        moment = time.time() - age
        os.utime(tmp_path / ANALYSIS / f"{key}.npz", (moment, moment))
    found = store.latest(ANALYSIS, "mine", Numbers)
    assert found is not None
    assert found.writer == 50


def test_that_clearing_removes_everything_and_says_how_much(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(TRACK, KEY, Numbers(np.zeros(1000)), video="a.mp4")
    (tmp_path / TRACK / ".left.tmp").write_bytes(b"1234")
    size = store.entries()[0].size
    assert store.clear() == size + 4
    assert store.entries() == []
    assert list((tmp_path / TRACK).iterdir()) == []


def test_that_a_checksum_is_computed_once_until_the_file_changes(tmp_path: Path) -> None:
    asked: list[Path] = []

    def compute(path: Path) -> str:
        asked.append(path)
        return path.read_text()

    video = tmp_path / "video.mp4"
    video.write_text("one")
    store = Store(tmp_path / "cache")
    assert [store.checksum(video, compute), store.checksum(video, compute)] == ["one", "one"]
    assert len(asked) == 1
    video.write_text("three")
    assert store.checksum(video, compute) == "three"
    assert [entry.kind for entry in store.entries()] == [CHECKSUM, CHECKSUM]


def test_that_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("TELLTALE_CACHE", raising=False)
    assert default_folder() == tmp_path / "xdg" / "telltale"
    monkeypatch.setenv("TELLTALE_CACHE", str(tmp_path / "mine"))
    assert Store().folder == tmp_path / "mine"
