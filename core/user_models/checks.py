"""What is wrong with the files of models that a person brought: one sentence for each, by size and by the arrays that they hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from safetensors import SafetensorError, safe_open

from core.body import load_body
from core.extraction import ExtractionError
from core.extraction.person_weights import CONFIG, PREPARATION, WEIGHTS, find_weights
from core.safe_pickle import UnsafePickle
from core.user_models.contents import ContentsError, State, read_contents
from core.user_models.fits import MISFITS
from core.user_models.folder import models_folder
from core.user_models.registry import MODEL_FILES, REFERENCE, ModelFile, find, model_file

# A copy with fewer bits a number, or without what only training needs, has a third or a quarter of the published size.
_SMALLEST = 0.2
_OTHER_SIZE = 0.02  # a file whose size differs by more than this share from the published one is told to be another release


@dataclass(frozen=True)
class Finding:
    """How one model fares. size: bytes of what was found. text: one sentence, what is wrong and what to do, or what was seen."""

    file: ModelFile
    state: State
    path: Path | None
    size: int | None
    text: str

    @property
    def ready(self) -> bool:
        return self.state == State.READY


def check(key: str) -> Finding:
    """Look for a model and into it; weights are not loaded, and nothing in the file is run. Raises KeyError for an unknown key.

    A big file takes up to a second the first time; while it does not change, the answer is remembered.
    """
    file, path = model_file(key), find(key)
    if path is None:
        return Finding(file, State.MISSING, None, None, _missing(file) if key in MISFITS else _check_folder(file)[1])
    try:
        parts = [each.stat() for each in (path, *(path.iterdir() if path.is_dir() else ()))]
        size = sum(part.st_size for part in parts[1:]) if path.is_dir() else parts[0].st_size
        return _checked(key, path, size, max(part.st_mtime_ns for part in parts))
    except OSError as error:
        return Finding(file, State.UNREADABLE, path, None, f"{path.name} cannot be read ({error.strerror}): allow it to be read.")


def check_all() -> tuple[Finding, ...]:
    """Every model that a person may bring, in the order of the registry."""
    return tuple(check(file.key) for file in MODEL_FILES)


def problem(key: str) -> str | None:
    """What stands in the way of using a model, as one sentence; None when it is ready. Raises KeyError for an unknown key."""
    finding = check(key)
    return None if finding.ready else finding.text


def size_text(size: int) -> str:
    """Bytes for people: `12 kB`, `54.6 MB`, `2.72 GB`."""
    if size < 1e6:
        return f"{size / 1e3:.3g} kB"
    return f"{size / 1e6:.3g} MB" if size < 1e9 else f"{size / 1e9:.2f} GB"


@lru_cache(maxsize=64)
def _checked(key: str, path: Path, size: int, changed: int) -> Finding:
    file = model_file(key)
    if key not in MISFITS:
        state, text = _check_folder(file)
    elif path.is_dir():
        state, text = State.WRONG, f"{path.name} is a folder: put the file itself into {file.folder}."
    else:
        state, text = _check_file(file, path, size)
    return Finding(file, state, path, size, text)


def _missing(file: ModelFile) -> str:
    one_of = " or ".join(file.names[:2])
    folders = (models_folder(), models_folder() / REFERENCE)
    elsewhere = [path for folder in folders for name in file.names if (path := folder / name).exists()]
    if elsewhere:
        return f"{elsewhere[0].name} lies in {elsewhere[0].parent}: move it into {file.folder}."
    return f"{one_of} is missing: put it into {file.folder}."


def _check_file(file: ModelFile, path: Path, size: int) -> tuple[State, str]:
    try:
        contents = read_contents(path)
    except ContentsError as error:
        return error.state, str(error)
    wrong = MISFITS[file.key](contents)
    if not wrong and file.size is not None and size < _SMALLEST * file.size and file.key != "smpl":  # whose arrays are all read below
        wrong = f"it has {size_text(size)} where about {size_text(file.size)} are published"
    if wrong:
        other = next((model_file(key) for key, misfit in MISFITS.items() if key != file.key and not misfit(contents)), None)
        if other is not None:
            return State.SWAPPED, f"{path.name} is in truth {other.name}: put each file under its own name."
        return State.WRONG, f"{path.name} is not the model that is needed: {wrong}; take the file from its publisher."
    if file.key == "smpl":
        try:
            body = load_body(path)
        except UnsafePickle as error:
            return State.UNSAFE, f"{path.name}: {error} Take the file from its makers again."
        except ValueError as error:
            return State.WRONG, str(error)
        return State.READY, f"A body of {len(body.v_template):,} vertices."
    seen = f"{len(contents.shapes)} arrays" if contents.kind != "onnx" else "inputs and outputs as expected"
    if file.size is not None and abs(size - file.size) > _OTHER_SIZE * file.size:
        return State.READY, f"{seen}; {size_text(size)} instead of the published {size_text(file.size)}, so it may be another release."
    return State.READY, f"{seen}, {size_text(size)}."


def _check_folder(file: ModelFile) -> tuple[State, str]:
    """A model in the Hugging Face layout; its checksum is left to the analysis that uses it."""
    try:
        weights = find_weights(file.key, checksum=lambda path: "")
    except ExtractionError as error:
        complete = all((file.folder / file.name / name).is_file() for name in (CONFIG, PREPARATION, WEIGHTS))
        return State.WRONG if complete else State.MISSING, str(error)
    try:
        with safe_open(weights.folder / WEIGHTS, framework="numpy") as tensors:
            count = len(list(tensors.keys()))
    except (SafetensorError, OSError):
        return State.TRUNCATED, f"{weights.folder / WEIGHTS} is cut short or damaged: copy or download it again."
    return State.READY, f"{weights.model_type}, {count} arrays, {weights.source.size} numbers a frame."
