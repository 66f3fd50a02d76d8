from pathlib import Path

import pytest

from benchmarks.glitches import detection
from core.store import ANALYSIS, EMBEDDING, GLITCHES, PIXELS, TRACK


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for `core`, with one file that makes embeddings and one that does not."""
    folder = tmp_path / "core"
    folder.mkdir()
    for name in (*detection._EMBEDDING_CODE, "glitches"):
        (folder / f"{name}.py").write_text("one")
    (folder / "tracks" / "pixels").mkdir(parents=True)
    (folder / "tracks" / "pixels" / "flow.py").write_text("one")
    monkeypatch.setattr(detection, "_CORE", folder)
    return folder


def filled(work: Path) -> set[str]:
    """The kinds of entries that are left after the store is opened, one of each having been there."""
    store = detection.open_store(work)
    return {kind for kind in (TRACK, PIXELS, EMBEDDING, GLITCHES, ANALYSIS) if list((store.folder / kind).glob("*.npz"))}


def fill(work: Path) -> None:
    for kind in (TRACK, PIXELS, EMBEDDING, GLITCHES, ANALYSIS):
        folder = work / "store" / kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "entry.npz").write_bytes(b"")


def test_that_nothing_is_forgotten_while_the_code_stays(code: Path, tmp_path: Path) -> None:
    detection.open_store(tmp_path)
    fill(tmp_path)
    assert filled(tmp_path) == {TRACK, PIXELS, EMBEDDING, GLITCHES, ANALYSIS}


def test_that_a_changed_detector_forgets_conclusions_and_keeps_tracks(code: Path, tmp_path: Path) -> None:
    detection.open_store(tmp_path)
    fill(tmp_path)
    (code / "glitches.py").write_text("two")
    assert filled(tmp_path) == {TRACK, PIXELS, EMBEDDING}


def test_that_a_changed_encoder_forgets_embeddings_too(code: Path, tmp_path: Path) -> None:
    detection.open_store(tmp_path)
    fill(tmp_path)
    (code / "windows.py").write_text("two")
    assert filled(tmp_path) == {TRACK, PIXELS}


def test_that_changed_pixel_measures_forget_pixel_tracks(code: Path, tmp_path: Path) -> None:
    detection.open_store(tmp_path)
    fill(tmp_path)
    (code / "tracks" / "pixels" / "flow.py").write_text("two")
    assert filled(tmp_path) == {TRACK, EMBEDDING}
