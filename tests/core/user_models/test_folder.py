"""One folder of models for window, command line and worker processes."""

from pathlib import Path

import pytest
from platformdirs import user_config_path

from core.own_body import own_body_file
from core.user_models.folder import choose_models_folder, is_fixed, models_folder, usual_folder
from tests.model_files import write_smpl


def test_that_the_usual_folder_lies_among_the_persons_data() -> None:
    assert models_folder() == usual_folder()
    assert models_folder().parts[-2:] == ("telltale", "models")


def test_that_a_choice_is_kept_for_everyone_and_can_be_taken_back(tmp_path: Path) -> None:
    choose_models_folder(tmp_path / "mine")
    assert models_folder() == tmp_path / "mine"
    body = write_smpl(tmp_path / "mine" / "SMPL_NEUTRAL.npz")
    assert own_body_file() == body
    choose_models_folder(None)
    assert models_folder() == usual_folder()
    choose_models_folder(None)


def test_that_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    choose_models_folder(tmp_path / "mine")
    assert not is_fixed()
    monkeypatch.setenv("TELLTALE_MODELS", str(tmp_path / "theirs"))
    assert is_fixed()
    assert models_folder() == tmp_path / "theirs"


def test_that_a_damaged_choice_gives_the_usual_folder() -> None:
    choice = user_config_path("telltale") / "models-folder.txt"
    choice.parent.mkdir(parents=True)
    choice.write_bytes(b"\xff\xfe\n")
    assert models_folder() == usual_folder()
    choice.write_text("\n")
    assert models_folder() == usual_folder()
