"""The manifold file: round trip, refusal of other spaces, refusal of damage."""

import hashlib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from core.encoder import build_encoder
from core.manifold import BUNDLED, Manifold, ManifoldError, check_track, load_manifold, save_manifold
from core.track import ExtractorInfo, HumanTrack, Source
from tests.synthetic_tracks import SMALL_SOURCES, blank_manifold, moving_track


@pytest.fixture(scope="module")
def manifold() -> Manifold:
    return blank_manifold(sources=SMALL_SOURCES)


def test_that_a_manifold_comes_back_as_it_was_written(manifold: Manifold, tmp_path: Path) -> None:
    path = tmp_path / "new" / "test.manifold"
    digest = save_manifold(manifold, path)
    again = load_manifold(path)
    assert again.sha256 == digest == hashlib.sha256(path.read_bytes()).hexdigest()
    for field in fields(Manifold):
        before, after = getattr(manifold, field.name), getattr(again, field.name)
        if field.name == "weights":
            assert before.keys() == after.keys()
            assert all(np.array_equal(before[name], after[name]) for name in before)
        elif isinstance(before, np.ndarray):
            np.testing.assert_array_equal(after, before)
            assert after.dtype == before.dtype
        elif field.name != "sha256":
            assert after == before
    assert [file.name for file in path.parent.iterdir()] == ["test.manifold"]


def test_that_a_native_rate_comes_back_as_none(manifold: Manifold, tmp_path: Path) -> None:
    save_manifold(replace(manifold, fps=None), tmp_path / "m")
    assert load_manifold(tmp_path / "m").fps is None


def extracted(*sources: Source) -> HumanTrack:
    return replace(moving_track(frames=2), extractor=ExtractorInfo("other", "1", "cpu", sources))


def test_that_a_track_in_the_manifolds_spaces_is_accepted(manifold: Manifold) -> None:
    check_track(manifold, extracted(*SMALL_SOURCES, Source("extra", "x", 3)))


def test_that_a_missing_source_is_named(manifold: Manifold) -> None:
    with pytest.raises(ManifoldError, match="needs the source 'kp2d', which the extractor 'other' does not give"):
        check_track(manifold, extracted(*SMALL_SOURCES[:-1]))


def test_that_a_source_in_another_space_is_named(manifold: Manifold) -> None:
    others = [replace(source, space="smpl") if source.name == "beta" else source for source in SMALL_SOURCES]
    with pytest.raises(ManifoldError, match="'beta' in the space 'telltale-cc0' with 10 columns, the track in 'smpl'"):
        check_track(manifold, extracted(*others))


def test_that_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifoldError, match=r"none\.manifold cannot be read \(No such file"):
        load_manifold(tmp_path / "none.manifold")


@pytest.mark.parametrize("damage", [b"", b"not a manifold at all", None])
def test_that_a_damaged_file_is_refused(manifold: Manifold, tmp_path: Path, damage: bytes | None) -> None:
    path = tmp_path / "m.manifold"
    save_manifold(manifold, path)
    path.write_bytes(path.read_bytes()[:5000] if damage is None else damage)
    with pytest.raises(ManifoldError, match="is not a manifold of Telltale or is damaged"):
        load_manifold(path)


def test_that_parts_that_do_not_fit_are_refused(manifold: Manifold, tmp_path: Path) -> None:
    for wrong in ({"std": manifold.std[:-1]}, {"classes": ("A",)}, {"variant": "paper"}, {"variant": "authors"}, {"classes": ()}):
        with pytest.raises(ManifoldError):
            save_manifold(replace(manifold, **wrong), tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_that_the_bundled_manifold_is_whole_small_and_the_one_its_card_describes() -> None:
    bundled = load_manifold()
    assert BUNDLED.stat().st_size < 15e6
    assert (bundled.name, bundled.fps, bundled.variant) == ("blazepose", 30, "corrected")
    assert build_encoder(bundled).config.d_model == 64
    assert 0 < len(bundled.references) <= 2000
    card = BUNDLED.with_suffix(".md").read_text(encoding="utf-8")
    assert bundled.sha256 in card
    assert f"| NMI of k-means | {bundled.card['nmi']:.3f} | {bundled.card['of_all_classes']['nmi']:.3f} |" in card
