"""An analysis against a manifold that has embeddings of the person crop, with an extractor that does not give them."""

from pathlib import Path

import numpy as np
import pytest

from core.analysis import Analysis, to_json
from core.events import Event, Failed, Finished, Progress
from core.extraction.person_weights import find_weights
from core.manifold import save_manifold
from core.pipeline import DESCRIBE, run
from core.store import TRACK, Store
from core.user_models.folder import models_folder
from tests.small_networks import write_clip, write_dino
from tests.synthetic_tracks import SMALL_SOURCES, blank_manifold
from tests.tiny_extractor import TinyRequest
from tests.tiny_extractor import write_clip as write_video

pytest.importorskip("transformers", reason="the extra 'embedders' is not installed")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "square.mp4", frames=40)


@pytest.fixture
def manifold(tmp_path: Path) -> Path:
    """A manifold of the tiny extractor's sources and of both embeddings, as the weights in the folder of models make them."""
    write_clip(models_folder() / "clip")
    write_dino(models_folder() / "dino")
    sources = (*SMALL_SOURCES, *(find_weights(name).source for name in ("clip", "dino")))
    save_manifold(blank_manifold(sources=sources), tmp_path / "more.manifold")
    return tmp_path / "more.manifold"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A line for each extraction."""
    monkeypatch.setenv("TINY_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


def analysed(clip: Path, manifold: Path, store: Store) -> tuple[Analysis | str, list[str]]:
    """The analysis or the sentence of its failure, and the stages it went through."""
    events: list[Event] = []
    run(TinyRequest(clip, manifold=manifold, device="cpu"), events.append, lambda: False, store, "job")
    stages = list(dict.fromkeys(event.stage for event in events if isinstance(event, Progress)))
    last = events[-1]
    assert isinstance(last, Finished | Failed)
    return last.analysis if isinstance(last, Finished) else last.sentence, stages


def test_that_what_the_extractor_does_not_give_is_computed_behind_it(clip: Path, manifold: Path, tmp_path: Path) -> None:
    analysis, stages = analysed(clip, manifold, Store(tmp_path / "cache"))
    assert isinstance(analysis, Analysis)
    assert stages == ["open", "extract", "tracks", "mirror", DESCRIBE, "embed", "score", "glitches"]
    sources = {source["name"]: source["space"] for source in to_json(analysis)["extractor"]["sources"]}
    assert sources["clip"] == find_weights("clip").source.space
    assert analysis.track.features["dino"].shape == (40, 768)
    assert set(analysis.curves.attention) == {*(source.name for source in SMALL_SOURCES), "clip", "dino"}
    assert analysis.scores.temporal_coherence is not None


def test_that_embeddings_are_kept_beside_the_track_and_not_computed_again(clip: Path, manifold: Path, tmp_path: Path, log: Path) -> None:
    store = Store(tmp_path / "cache")
    first, _ = analysed(clip, manifold, store)
    again, stages = analysed(clip, manifold, store)
    assert isinstance(first, Analysis) and isinstance(again, Analysis)
    assert stages == ["open"]
    np.testing.assert_array_equal(again.track.features["clip"], first.track.features["clip"])
    plain = tmp_path / "plain.manifold"
    save_manifold(blank_manifold(sources=SMALL_SOURCES), plain)
    other, stages = analysed(clip, plain, store)
    assert isinstance(other, Analysis) and DESCRIBE not in stages
    assert "clip" not in other.track.features
    assert log.read_text().splitlines() == ["extract"]
    assert [entry.kind for entry in store.entries()].count(TRACK) == 2


def test_that_other_weights_than_the_manifolds_are_refused_before_any_work(clip: Path, manifold: Path, tmp_path: Path, log: Path) -> None:
    write_clip(models_folder() / "clip", seed=1)
    sentence, stages = analysed(clip, manifold, Store(tmp_path / "cache"))
    assert isinstance(sentence, str)
    assert "has 'clip' in the space 'clip-" in sentence and "they cannot be compared" in sentence
    assert stages == ["open"] and not log.exists()


def test_that_absent_weights_are_said_before_any_work(clip: Path, manifold: Path, tmp_path: Path, log: Path) -> None:
    (models_folder() / "dino" / "model.safetensors").unlink()
    sentence, stages = analysed(clip, manifold, Store(tmp_path / "cache"))
    assert "The source 'dino' is computed with weights that you bring, and model.safetensors is not in" in str(sentence)
    assert stages == ["open"] and not log.exists()
