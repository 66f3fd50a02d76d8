"""The wall between the layers: gui -> render -> core; only gui knows Qt; the window's process never imports torch."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = {"core", "render", "gui", "cli", "tools", "telltale", "main"}
MAY_IMPORT = {
    "core": {"core"},
    "render": {"core", "render"},
    "gui": {"core", "render", "gui"},
    "cli": {"core", "render", "gui", "cli"},
    "tools": {"core", "render", "gui", "cli", "tools"},
}
QT = {"PySide6", "pyqtgraph", "shiboken6"}
DRAWING = {"OpenGL", "pyrender", "matplotlib", "jinja2"}


def imported(file: Path) -> Iterator[str]:
    """The top-level packages that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} uses a relative import"
            yield (node.module or "").split(".")[0]


def imports_of(layer: str) -> dict[Path, set[str]]:
    files = {file.relative_to(ROOT): set(imported(file)) for file in (ROOT / layer).rglob("*.py")}
    assert files, f"{layer} is empty"
    return files


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_that_a_layer_imports_only_layers_below_it(layer: str) -> None:
    wrong = {str(file): sorted(names & OURS - MAY_IMPORT[layer]) for file, names in imports_of(layer).items()}
    assert {file: names for file, names in wrong.items() if names} == {}


@pytest.mark.parametrize("layer", ["core", "render", "cli"])
def test_that_only_the_window_knows_qt(layer: str) -> None:
    assert [str(file) for file, names in imports_of(layer).items() if names & QT] == []


def test_that_the_domain_draws_nothing() -> None:
    assert [str(file) for file, names in imports_of("core").items() if names & DRAWING] == []


def test_that_the_window_names_no_torch() -> None:
    assert [str(file) for file, names in imports_of("gui").items() if "torch" in names] == []


def test_that_the_front_door_knows_the_command_line_only() -> None:
    assert set(imported(ROOT / "main.py")) & OURS == {"cli"}


def test_that_nothing_unpickles_files_of_others() -> None:
    # These read pickles with find_class overridden: no name in a file reaches anything.
    allowed = {Path("core/safe_pickle.py"), Path("core/inert_pickle.py"), Path("core/safe_checkpoint.py")}
    users = {file for layer in MAY_IMPORT for file, names in imports_of(layer).items() if names & {"pickle", "dill", "joblib"}}
    assert users <= allowed
