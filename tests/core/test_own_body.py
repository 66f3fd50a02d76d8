"""A person's own SMPL model takes the place of the bundled body."""

import os
import pickle

import numpy as np
import pytest
import scipy.sparse

from core.body import BUNDLED_BODY_SMALL, BUNDLED_SPACE, USER_SPACE, load_body, pose_body
from core.own_body import display_body, own_body_file
from core.user_models.folder import models_folder
from tests.model_files import chumpy, write_smpl


def test_that_the_bundled_body_is_shown_where_there_is_no_own_one() -> None:
    assert own_body_file() is None
    assert display_body().space == BUNDLED_SPACE


def test_that_an_own_body_is_shown_instead() -> None:
    path = write_smpl(models_folder() / "SMPL_NEUTRAL.npz")
    assert own_body_file() == path
    assert display_body().space == USER_SPACE
    assert np.array_equal(display_body().v_template, load_body(path).v_template)


def test_that_an_own_body_that_cannot_be_read_is_named_and_the_bundled_one_shown() -> None:
    models_folder().mkdir(parents=True)
    (models_folder() / "SMPL_NEUTRAL.pkl").write_bytes(b"not a pickle")
    with pytest.warns(UserWarning, match="Your body model cannot be used"):
        assert display_body().space == BUNDLED_SPACE


@pytest.mark.parametrize("protocol", [0, 2])
def test_that_a_body_is_read_as_its_owners_pickle_it(protocol: int) -> None:
    plain = load_body(BUNDLED_BODY_SMALL)
    vertices = len(plain.v_template)
    # 300 shapes as a chumpy array of which ten are selected, a sparse regressor, and a root whose parent is 2^32 - 1.
    shapes = np.zeros((vertices, 3, 300))
    shapes[:, :, :10] = plain.shapedirs
    places = np.arange(shapes.size).reshape(shapes.shape)[:, :, :20].ravel()
    parents = np.stack([plain.parents, np.arange(24)]).astype(np.uint32)
    with chumpy() as (array, selection):
        content = {
            "v_template": array(x=plain.v_template.astype(np.float64)),
            "shapedirs": selection(a=array(x=shapes), idxs=places, preferred_shape=(vertices, 3, 20)),
            "posedirs": np.zeros((vertices, 3, 207), np.float32),
            "J_regressor": scipy.sparse.csc_matrix(plain.J_regressor),
            "weights": plain.weights.astype(np.float64),
            "f": plain.faces.astype(np.uint32),
            "kintree_table": parents,
            "bs_style": "lbs",
        }
        path = models_folder() / "basicmodel_neutral_lbs_10_207_0_v1.1.0.pkl"
        models_folder().mkdir(parents=True)
        path.write_bytes(pickle.dumps(content, protocol))
    body = display_body()
    assert own_body_file() == path
    assert body.space == USER_SPACE
    pose = (np.eye(3), np.tile(np.eye(3), (23, 1, 1)), np.linspace(-1, 1, 10), np.zeros(3))
    np.testing.assert_allclose(pose_body(body, *pose)[0], pose_body(plain, *pose)[0], atol=1e-6)


def test_that_a_body_that_is_exchanged_is_read_again() -> None:
    path = write_smpl(models_folder() / "SMPL_NEUTRAL.npz")
    first = display_body()
    template = first.v_template * 2
    write_smpl(path, v_template=template)
    os.utime(path, ns=(1, 1))
    np.testing.assert_array_equal(display_body().v_template, template)
