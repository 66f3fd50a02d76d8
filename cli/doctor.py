"""main.py doctor: what works here, what is missing, and what to do."""

from __future__ import annotations

import argparse
import ctypes.util
import importlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cli.doctor_models import report_models
from cli.findings import Findings
from cli.status import DONE, REFUSED
from core.body import BUNDLED_BODY
from core.logs import log_file
from core.manifold import ManifoldError, load_manifold
from core.store import default_folder
from core.version import telltale_version

_PACKAGES = ("numpy", "av", "mediapipe", "ai-edge-litert", "torch", "smplx", "openTSNE", "numba", "pyrender", "PySide6_Essentials")
_TOLD_WITH_THEIR_MODELS = ("reference",)
_QT_LIBRARIES = {"EGL": "libegl1", "GL": "libgl1", "xkbcommon": "libxkbcommon0", "fontconfig": "libfontconfig1", "dbus-1": "libdbus-1-3"}
_SCREEN_LIBRARIES = {"xcb-cursor": "libxcb-cursor0", "xkbcommon-x11": "libxkbcommon-x11-0"}


def parser() -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog="main.py doctor", description="Say what works here, what is missing and what to do. Exit status 0: analysing videos works."
    )


def run(options: argparse.Namespace) -> int:
    """Check everything that the default path needs (analysing a video and writing a report), then what is optional."""
    findings = Findings()
    sections: tuple[tuple[str, Callable[[Findings], None]], ...] = (
        (f"Telltale {telltale_version()}, Python {platform.python_version()}, {platform.platform()}", _packages),
        ("Devices", _devices),
        ("Models", _models),
        ("Folders", _folders),
        ("Window and drawing", _window),
        ("Models of your own and the reference extractor (optional)", report_models),
    )
    for title, check in sections:
        print(title)
        check(findings)
    print("Analysing videos works." if not findings.broken else "Analysing videos does not work: see BROKEN above.")
    return REFUSED if findings.broken else DONE


def _packages(findings: Findings) -> None:
    for name in _PACKAGES:
        try:
            findings.ok(name, version(name))
        except PackageNotFoundError:
            findings.bad(name, "not installed: run 'make setup', or pip install telltale")


def _devices(findings: Findings) -> None:
    findings.ok("CPU", f"{os.cpu_count()} cores")
    try:
        import torch
    except ImportError as error:
        findings.bad("torch", f"cannot be loaded ({error}): run 'make setup'")
        return
    if torch.cuda.is_available():
        findings.ok("CUDA", torch.cuda.get_device_name(0))
    else:
        findings.note("CUDA", "no device that torch can use; everything that this version has runs on the CPU")


def _models(findings: Findings) -> None:
    try:
        manifold = load_manifold()
        findings.ok("bundled manifold", f"{manifold.name}, {len(manifold.classes)} classes: {', '.join(manifold.classes)}")
    except ManifoldError as error:
        findings.bad("bundled manifold", str(error))
    if BUNDLED_BODY.is_file():
        findings.ok("bundled body", f"{BUNDLED_BODY.stat().st_size / 1e6:.1f} MB")
    else:
        findings.bad("bundled body", f"{BUNDLED_BODY} is not there: get the file again")
    from core.extraction import FILE_READERS, ExtractionError, create_extractor, extractor_names

    for name in extractor_names():
        if name in FILE_READERS:
            findings.ok(f"extractor {name}", "reads features that are there already")
        elif name not in _TOLD_WITH_THEIR_MODELS:
            try:
                info = create_extractor(name).info
                findings.ok(
                    f"extractor {name}", f"version {info.version} on {info.device}, gives {', '.join(s.name for s in info.sources)}"
                )
            except (ExtractionError, ImportError, OSError) as error:
                findings.bad(f"extractor {name}", str(error))


def _folders(findings: Findings) -> None:
    for what, folder in (("cache", default_folder()), ("log", log_file().parent)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
            findings.ok(what, f"{folder}, {shutil.disk_usage(folder).free / 1e9:.1f} GB free")
        except OSError as error:
            findings.note(what, f"{folder} cannot be written ({error.strerror}): nothing is remembered; set TELLTALE_CACHE")


def _window(findings: Findings) -> None:
    for library, package in {**_QT_LIBRARIES, **_SCREEN_LIBRARIES}.items():
        if ctypes.util.find_library(library) is None:
            findings.note(f"lib{library}", f"install the system package {package}")
        else:
            findings.ok(f"lib{library}", "found")
    fonts = _fonts()
    if fonts:
        findings.ok("fonts", f"{fonts} found")
    else:
        findings.note("fonts", "none found, texts in the window stay empty: install the system packages fontconfig and fonts-dejavu-core")
    for name, module in (("Qt", "PySide6.QtWidgets"), ("raster renderer", "numba")):
        _import(findings, name, module)
    screen = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    if sys.platform.startswith("linux") and not screen:
        findings.note("display", "none here, the window cannot open; 'main.py analyze' works without one")
    else:
        findings.ok("display", screen or sys.platform)


def _import(findings: Findings, name: str, module: str) -> None:
    try:
        importlib.import_module(module)
        findings.ok(name, "loads")
    except (ImportError, OSError) as error:
        findings.note(name, f"cannot be loaded ({error}): the window needs it")


def _fonts() -> int:
    """How many fonts fontconfig knows."""
    lister = shutil.which("fc-list")
    if lister is None:
        return sum(1 for _ in Path("/usr/share/fonts").rglob("*.ttf"))
    return len(subprocess.run([lister], capture_output=True, text=True, check=False).stdout.splitlines())
