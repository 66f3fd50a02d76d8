"""A person's own SMPL model takes the place of the bundled body."""

from pathlib import Path

import numpy as np
import pytest

from core.body import BUNDLED_BODY, BUNDLED_SPACE, USER_SPACE, load_body
from core.own_body import display_body, models_folder, own_body_file


def put_own_body() -> Path:
    """The bundled body under the name of a person's own file, its space untold."""
    with np.load(BUNDLED_BODY, allow_pickle=False) as arrays:
        kept = {name: arrays[name] for name in ("v_template", "shapedirs", "posedirs", "J_regressor", "weights")}
        kept |= {name: arrays[name] for name in ("f", "kintree_table")}
    models_folder().mkdir(parents=True)
    path = models_folder() / "SMPL_NEUTRAL.npz"
    np.savez(path, **kept)
    return path


def test_that_the_bundled_body_is_shown_where_there_is_no_own_one() -> None:
    assert own_body_file() is None
    assert display_body().space == BUNDLED_SPACE


def test_that_an_own_body_is_shown_instead() -> None:
    path = put_own_body()
    assert own_body_file() == path
    assert display_body().space == USER_SPACE
    assert np.array_equal(display_body().v_template, load_body(path).v_template)


def test_that_an_own_body_that_cannot_be_read_is_named_and_the_bundled_one_shown() -> None:
    models_folder().mkdir(parents=True)
    (models_folder() / "SMPL_NEUTRAL.pkl").write_bytes(b"not a pickle")
    with pytest.warns(UserWarning, match="Your body model cannot be used"):
        assert display_body().space == BUNDLED_SPACE
