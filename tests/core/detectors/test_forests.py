"""Trees kept as arrays: what they say, and what is read from a file."""

from pathlib import Path

import numpy as np
import pytest

from core.detectors import forests, leaps, limb_features, sliding
from core.detectors.forests import BUNDLED, NAMES, Forest, forest_arrays, odds, read_forests

NAN = np.nan
INF = np.inf


def forest(bias: float = -1.0) -> Forest:
    """Two trees: one asks for a <= 1, and on its right for b <= 2 (unknown to the right); the other for b <= 0 (unknown to the left)."""
    return Forest(
        features=("a", "b"),
        roots=np.array([0, 5]),
        feature=np.array([0, 0, 1, 0, 0, 1, 0, 0]),
        threshold=np.array([1.0, INF, 2.0, INF, INF, 0.0, INF, INF]),
        unknown_left=np.array([True, True, False, True, True, True, True, True]),
        left=np.array([1, 1, 3, 3, 4, 6, 6, 7]),
        right=np.array([2, 1, 4, 3, 4, 7, 6, 7]),
        value=np.array([0.0, 0.5, 0.0, 1.0, 2.0, 0.0, 8.0, 16.0]),
        bias=bias,
        depth=2,
    )


def written(path: Path, **named: Forest) -> Path:
    arrays = {f"{name}_{key}": values for name, one in named.items() for key, values in forest_arrays(one).items()}
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (0.0, -1.0, 0.5 + 8.0),
        (1.0, 0.0, 0.5 + 8.0),  # what is at the threshold goes left
        (1.5, 2.0, 1.0 + 16.0),
        (1.5, 2.5, 2.0 + 16.0),
        (1.5, -9.0, 1.0 + 8.0),
        (NAN, 1.0, 0.5 + 16.0),  # unknown to the left
        (1.5, NAN, 2.0 + 8.0),  # unknown to the right in the first tree, to the left in the second
        (INF, INF, 2.0 + 16.0),
    ],
)
def test_that_the_leaves_that_a_row_falls_into_are_added_to_the_bias(a: float, b: float, expected: float) -> None:
    assert forest().log_odds({"a": np.array([a]), "b": np.array([b])}).tolist() == [expected - 1.0]


def test_that_rows_are_weighed_one_by_one_and_features_by_their_names() -> None:
    a, b = np.array([0.0, 1.5, NAN]), np.array([-1.0, 2.5, NAN])
    told = forest(0.0).log_odds({"not asked for": np.ones(3), "b": b, "a": a})
    np.testing.assert_array_equal(told, [8.5, 18.0, 8.5])


def test_that_no_rows_have_no_odds() -> None:
    assert forest().log_odds({"a": np.zeros(0), "b": np.zeros(0)}).shape == (0,)


def test_that_a_missing_feature_is_an_error() -> None:
    with pytest.raises(KeyError, match="b"):
        forest().log_odds({"a": np.zeros(3)})


def test_that_what_is_written_is_read_back_equal(tmp_path: Path) -> None:
    given = forest(-2.5)
    read = read_forests(written(tmp_path / "trees.npz", leaps=given, slip=forest(1.0)))
    assert list(read) == ["leaps", "slip"]
    found = read["leaps"]
    assert (found.features, found.bias, found.depth, read["slip"].bias) == (("a", "b"), -2.5, 2, 1.0)
    for name in ("roots", "feature", "threshold", "unknown_left", "left", "right", "value"):
        np.testing.assert_array_equal(getattr(found, name), getattr(given, name), err_msg=name)
    rows = {"a": np.array([0.0, 1.5, NAN]), "b": np.array([NAN, 2.5, 1.0])}
    np.testing.assert_array_equal(found.log_odds(rows), given.log_odds(rows))


def test_that_odds_are_those_of_the_named_forest_and_never_without_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forests, "BUNDLED", written(tmp_path / "trees.npz", leaps=forest(-9.5), slip=forest()))
    rows = {"a": np.array([0.0, 0.0, 1.5]), "b": np.array([-1.0, 1.0, 2.5])}
    np.testing.assert_allclose(odds("leaps", rows), np.exp([-1.0, 7.0, 8.5]))
    assert odds("slip", rows).max() == pytest.approx(np.exp(13.0))
    with pytest.raises(KeyError, match="limbs"):
        odds("limbs", rows)


def test_that_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_forests(tmp_path / "none.npz")


@pytest.mark.parametrize("content", [b"", b"trees", b"PK\x03\x04 no archive"])
def test_that_a_file_of_something_else_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "trees.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError):
        read_forests(path)


def test_that_a_file_that_is_cut_off_or_altered_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path / "trees.npz", leaps=forest())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="damaged"):
        read_forests(path)
    place = whole.index(b"leaps_threshold.npy") + 30
    path.write_bytes(whole[:place] + bytes(255 - one for one in whole[place : place + 20]) + whole[place + 20 :])
    with pytest.raises(ValueError, match="damaged"):
        read_forests(path)


def test_that_a_file_without_a_column_is_an_error(tmp_path: Path) -> None:
    arrays = {f"leaps_{name}": values for name, values in forest_arrays(forest()).items() if name != "threshold"}
    np.savez(tmp_path / "trees.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="threshold"):
        read_forests(tmp_path / "trees.npz")


def test_that_pickles_are_not_read(tmp_path: Path) -> None:
    arrays = forest_arrays(forest()) | {"features": np.array(["a", {"b": 1}], object)}
    np.savez(tmp_path / "trees.npz", **{f"leaps_{name}": values for name, values in arrays.items()})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="allow_pickle"):
        read_forests(tmp_path / "trees.npz")


def test_that_the_read_forests_rest_on_what_is_measured() -> None:
    measured = {"leaps": leaps.FEATURES, "limbs": limb_features.FEATURES, "slip": sliding.FEATURES, "floats": sliding.FLOAT_FEATURES}
    assert set(NAMES) == set(measured)
    assert {name: one.features for name, one in read_forests(BUNDLED).items()} == measured


@pytest.mark.parametrize("name", NAMES)
def test_that_every_bundled_tree_leads_to_a_leaf_for_any_row(name: str) -> None:
    found = read_forests(BUNDLED)[name]
    nodes = np.arange(len(found.value))
    leaf = found.left == nodes
    np.testing.assert_array_equal(leaf, found.right == nodes)
    np.testing.assert_array_equal(found.value[~leaf], 0.0)
    # Children come after their parents and stay in their tree.
    tree = np.searchsorted(found.roots, nodes, side="right")
    for child in (found.left, found.right):
        assert (child[~leaf] > nodes[~leaf]).all()
        np.testing.assert_array_equal(tree[child], tree)
    depth = np.zeros(len(nodes), int)
    for node in nodes[~leaf]:
        depth[[found.left[node], found.right[node]]] = depth[node] + 1
    assert depth.max() <= found.depth
    assert found.feature.max() < len(found.features)
    assert np.isfinite(found.value).all()
    assert np.isfinite(found.bias)
    unknown = {one: np.array([NAN, -INF, INF]) for one in found.features}
    assert np.isfinite(found.log_odds(unknown)).all()
