"""The assembled extractor while it runs, what is remembered of it, and what it refuses."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.cache_keys import track_key
from core.events import AnalysisRequest, Partial
from core.extraction import Cancelled, ExtractionError, create_extractor
from core.extraction.reference import extractor as assembly
from core.extraction.reference.networks import load_networks
from core.extraction.reference.settings import ReferenceSettings
from core.manifold import ManifoldError, save_manifold
from core.pipeline import analyze
from core.store import Store
from core.tag_data import tag_sources
from core.track import HumanTrack, Presence
from core.video import Video

if not (find_spec("onnxruntime") and find_spec("onnx")):
    pytest.skip("onnxruntime and onnx are not installed (extras reference, reference-dev)", allow_module_level=True)

from tests.reference.extraction import BOXES, KEY_POINTS, counted, extract, reference
from tests.reference.small_networks import save_signalled
from tests.synthetic_tracks import blank_manifold


def test_that_it_stops_within_a_batch(with_pose: Path, clip: Path, opened: Callable[[Path], Video]) -> None:
    extractor, video = reference(), opened(clip)
    networks = load_networks(extractor._setup, "cpu", extractor._settings)
    assert networks.pose is not None
    located: list[int] = []
    original = networks.pose.locate

    def locate(crops: Sequence[Any]) -> Any:
        located.append(len(crops))
        return original(crops)

    networks.pose.locate = locate  # type: ignore[method-assign]
    extractor._networks = networks

    def cancelled() -> bool:
        return len(located) == 2

    with pytest.raises(Cancelled):
        extract(extractor, video, range(64), cancelled=cancelled)
    assert located == [4, 4]


def test_that_the_search_for_persons_stops_too(with_pose: Path, acted: Path, opened: Callable[[Path], Video]) -> None:
    extractor = reference(detector=save_signalled(with_pose / "signals.onnx", BOXES, (1280, 720)))
    counting = counted(extractor)
    with pytest.raises(Cancelled):
        extract(extractor, opened(acted), cancelled=lambda: counting.pictures == 3)
    assert counting.pictures == 3


def test_that_partial_tracks_hold_what_was_read(
    with_pose: Path, clip: Path, opened: Callable[[Path], Video], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assembly, "_PARTIAL_SECONDS", 0.0)
    parts: list[HumanTrack] = []
    whole = extract(reference(), opened(clip), range(10, 20), partial=parts.append)
    assert [int(part.seen().sum()) for part in parts] == [4, 8, 10]
    assert parts[0].presence == (Presence.OK,) * 4 + (Presence.NONE,) * 6
    assert parts[0].reasons[4] == "This frame is not read yet."
    np.testing.assert_array_equal(parts[1].keypoints[:8], whole.keypoints[:8])


def test_that_a_gpu_without_memory_is_told_in_a_sentence(with_pose: Path, clip: Path, opened: Callable[[Path], Video]) -> None:
    import torch

    extractor = reference()
    networks = load_networks(extractor._setup, "cpu", extractor._settings)

    def locate(crops: Sequence[Any]) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    networks.pose.locate = locate  # type: ignore[union-attr]
    extractor._networks = networks
    with pytest.raises(ExtractionError, match="The GPU has too little free memory for these networks: choose the device cpu"):
        extract(extractor, opened(clip), range(8))


def test_that_the_cache_tells_weights_and_settings_apart(with_pose: Path, tmp_path: Path) -> None:
    def key(**settings: Any) -> str:
        return track_key("0" * 64, reference(**settings), range(10))

    first = key()
    assert key() == first
    assert len({first, key(variant="corrected"), key(detect_every=2), key(precision="bfloat16")}) == 4
    pose = with_pose / "dw-ll_ucoco_384.onnx"
    content = bytearray(pose.read_bytes())
    pose.unlink()  # it is the one that all tests share
    pose.write_bytes(content)
    assert key() == first  # the same weights in another file
    content[-20] ^= 1
    pose.write_bytes(content)
    assert key() != first


def test_that_what_is_known_is_not_extracted_again(with_pose: Path, clip: Path, tmp_path: Path) -> None:
    manifold = tmp_path / "points.manifold"
    save_manifold(blank_manifold(fps=None, sources=KEY_POINTS), manifold)
    request = AnalysisRequest(clip, "reference", manifold, frames=(0, 40), device="cpu")
    store, events = Store(tmp_path / "cache"), []
    first = analyze(request, events.append, lambda: False, store, "one")
    assert first.scores.temporal_coherence is not None and first.scores.reason is None
    assert first.scores.nearest_class in ("Squat", "Walk") and len(first.scores.windows) == 2
    assert np.isfinite(first.curves.step[1:40]).all()
    assert any("no person detector" in note for note in first.video.notes)
    again = analyze(replace(request, reference=ReferenceSettings()), events.append, lambda: False, store, "two")
    np.testing.assert_array_equal(again.track.keypoints, first.track.keypoints)
    assert not [event for event in events if isinstance(event, Partial) and event.job == "two"]
    assert again.created == first.created


def test_that_a_manifold_that_needs_meshes_is_refused_before_the_clip_is_read(with_pose: Path, clip: Path, tmp_path: Path) -> None:
    manifold = tmp_path / "tag.manifold"
    save_manifold(blank_manifold(fps=None, sources=tag_sources(1024)), manifold)
    request = AnalysisRequest(clip, "reference", manifold, device="cpu")
    with pytest.raises(ManifoldError, match=r"needs the source 'vit'.*TokenHMR is not ready: tokenhmr_model_latest\.ckpt is missing"):
        analyze(request, lambda event: None, lambda: False, Store(tmp_path / "cache"), "job")


def test_that_without_models_it_says_what_to_do(models: Path) -> None:
    with pytest.raises(ExtractionError, match=r"^The reference extractor has no models yet: put DWPose for key points"):
        reference()


def test_that_a_gpu_that_is_not_there_is_refused(with_pose: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ExtractionError, match="choose --device cpu"):
        create_extractor("reference", "cuda")
    assert create_extractor("reference", "auto").info.device == "cpu"
