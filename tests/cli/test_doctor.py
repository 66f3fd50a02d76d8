"""main.py doctor: what works, what is missing, and the exit status that says whether videos can be analysed."""

from pathlib import Path

import pytest

import core.manifold
from cli import main
from core.store import default_folder


def test_that_the_doctor_names_models_devices_and_folders(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "BROKEN" not in text
    assert text.endswith("Analysing videos works.\n")
    for what in (
        "mediapipe: 0.10.14",
        "bundled manifold: ",
        "extractor blazepose: version",
        f"cache: {default_folder()}",
        "fonts",
        "EGL",
        "CPU",
    ):
        assert what in text


def test_that_the_doctor_says_what_the_reference_extractor_lacks_and_where_it_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor"])
    text = capsys.readouterr().out
    for what in ("Detectron2", "DWPose", "TokenHMR", "SMPL_NEUTRAL", "https://smpl.is.tue.mpg.de", "works meanwhile"):
        assert what in text


def test_that_a_missing_manifold_is_broken_and_changes_the_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(core.manifold, "BUNDLED", tmp_path / "gone.manifold")
    assert main(["doctor"]) == 1
    assert "BROKEN   bundled manifold: The manifold gone.manifold cannot be read" in capsys.readouterr().out
