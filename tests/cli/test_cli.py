"""The front door: help, wrong usage, missing files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli import COMMANDS, main

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([command, "--help"] for command in COMMANDS)])
def test_that_help_loads_neither_torch_nor_qt(arguments: list[str]) -> None:
    code = """
import sys
from cli import main
status = main(sys.argv[1:])
heavy = {"torch", "PySide6", "mediapipe", "matplotlib", "sklearn", "openTSNE", "numba", "smplx"} & set(sys.modules)
sys.exit(f"loaded {heavy}" if heavy else status)
"""
    done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert ("usage: main.py" in done.stdout) or done.stdout.startswith("Telltale ")


def test_that_the_front_door_prints_the_commands() -> None:
    done = subprocess.run([sys.executable, "main.py", "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert all(f"\n  {command} " in done.stdout for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [["--no-such-option"], ["analyze"], ["analyze", "a.mp4"], ["cache", "burn"], ["--frame", "-1", "a.mp4"], ["report", "a.mp4"]],
)
def test_that_wrong_usage_ends_with_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage:" in capsys.readouterr().err


def test_that_a_missing_video_is_one_line_that_names_it_and_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["anaylze"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "anaylze" in line
    assert "analyze" in line


def test_that_a_video_named_like_a_command_goes_to_the_window(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "analyze").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert main(["./analyze"]) == 1
    assert "no display to open a window on" in capsys.readouterr().err


def test_that_the_exit_status_reaches_the_shell() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, str(ROOT / "main.py"), "no-such.mp4"], capture_output=True, text=True, env=environment)
    assert done.returncode == 1
