"""Meshes in the assembled extractor: each in its frame and place; all sources at full size, to scores."""

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli import main
from core.camera import project
from core.events import AnalysisRequest
from core.extraction.reference.networks import Networks, load_networks
from core.extraction.reference.tokenhmr.prediction import MeshPrediction
from core.pipeline import analyze
from core.skeletons import KEYPOINTS
from core.store import Store
from core.tag_data import tag_sources
from core.video import Video

if not (find_spec("onnxruntime") and find_spec("onnx")):
    pytest.skip("onnxruntime and onnx are not installed (extras reference, reference-dev)", allow_module_level=True)

from tests.reference.extraction import ACTS, BOXES, YOLOX_BYTES, extract, reference
from tests.reference.small_networks import save_signalled


class StraightBody:
    """In the place of the mesh network: everybody stands upright; the token tells the crop's mean colour, the betas its number."""

    def __init__(self) -> None:
        self.seen = 0

    def predict(self, images: Any) -> MeshPrediction:
        count = len(images)
        numbers = np.arange(self.seen, self.seen + count, dtype=np.float32)
        self.seen += count
        eye, camera = np.eye(3, dtype=np.float32), np.tile(np.float32([0.9, 0.0, 0.0]), (count, 1))
        token = np.repeat(images.mean(dim=(1, 2, 3)).numpy()[:, None], 1024, axis=1)
        upright = np.tile(np.diag(np.float32([1, -1, -1])), (count, 1, 1))
        return MeshPrediction(token, upright, np.tile(eye, (count, 23, 1, 1)), np.repeat(numbers[:, None], 10, axis=1), camera)


def test_that_meshes_stand_in_the_frames_and_places_they_are_of(
    with_pose: Path, acted: Path, opened: Callable[[Path], Video], monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor = reference(detector=save_signalled(with_pose / "signals.onnx", BOXES, (1280, 720)))
    networks = load_networks(extractor._setup, "cpu", extractor._settings)
    extractor._networks = Networks(networks.detector, None, StraightBody())  # type: ignore[arg-type]
    sources = tuple(source for source in tag_sources(1024) if source.name != "kp2d")
    extractor.info = replace(extractor.info, sources=sources)
    track = extract(extractor, opened(acted))
    shown = np.flatnonzero(np.isfinite(track.boxes[:, 0]))
    assert len(shown) == 25
    np.testing.assert_array_equal(track.betas[shown, 0], np.arange(25))
    assert np.isnan(track.betas[[13, 22]]).all() and np.isnan(track.features["vit"][[13, 22]]).all()
    assert track.features["vit"].shape == (len(ACTS), 1024)
    # Person B's crop is another one than A's.
    assert abs(track.features["vit"][29, 0] - track.features["vit"][35, 0]) > 0.05
    # A camera that looks at the crop's middle puts the body's origin at the middle of the box.
    for frame in (0, 29):
        middle = (track.boxes[frame, :2] + track.boxes[frame, 2:]) / 2
        np.testing.assert_allclose(project(track.translation[frame][None], track.intrinsics[frame])[0], middle, atol=0.5)
    # Without key points of their own, tracks show the joints of the mesh.
    assert track.seen().tolist() == np.isfinite(track.boxes[:, 0]).tolist()
    nose = KEYPOINTS.index("nose")
    assert np.isnan(track.keypoints[0, nose]).all()
    knee = track.keypoints[0, KEYPOINTS.index("left_knee")]
    assert BOXES[0][0] < knee[0] < BOXES[0][2] and BOXES[0][1] < knee[1] < BOXES[0][3] + 50


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("mmpose"), reason="mmpose is not installed (make setup-reference)")
def test_that_all_sources_at_full_size_are_judged_by_a_manifold_of_a_tag_checkpoint(
    models: Path, shared: Path, acted: Path, tmp_path: Path
) -> None:
    """Needs 9 GB of memory and 3 GB of disk; a few minutes."""
    from tests.reference.random_models import export_pose, random_pose, write_mesh

    export_pose(random_pose(), models / "dw-ll_ucoco_384.onnx")
    mesh_files = write_mesh(models)
    save_signalled(models / "yolox_l.onnx", BOXES, (1280, 720), YOLOX_BYTES)
    oracle, manifold = shared / "oracle" / "tag_small", tmp_path / "tag.manifold"
    real = ["--real-meshes", oracle / "real_meshes", "--real-keypoints", oracle / "real_kps"]
    words = ["tag", "manifold", *real, "--checkpoint", oracle / "model.pt", "--out", manifold]
    assert main([str(word) for word in words]) == 0
    request = AnalysisRequest(acted, "reference", manifold, frames=(4, 13), allow_many=True, device="cpu")
    store = Store(tmp_path / "cache")
    analysis = analyze(request, lambda event: None, lambda: False, store, "job")
    for path in mesh_files:
        path.unlink()
    track = analysis.track
    assert track.extractor.sources == tag_sources(1024)
    assert [str(value) for value in track.presence[4:13]] == ["ok"] * 4 + ["many"] * 5
    seen = slice(4, 13)
    assert np.isfinite(track.features["vit"][seen]).all() and track.features["vit"][seen].std(axis=0).mean() > 1e-3
    turns = np.concatenate([track.global_orient[seen, None], track.body_pose[seen]], axis=1)
    np.testing.assert_allclose(turns @ turns.swapaxes(-1, -2), np.broadcast_to(np.eye(3), turns.shape), atol=1e-5)
    assert np.isfinite(track.keypoints[seen]).all() and np.isfinite(track.translation[seen]).all()
    assert analysis.scores.temporal_coherence is not None and 0 <= analysis.scores.temporal_coherence <= 2
    assert set(analysis.scores.action_consistency) == {"JumpingJack", "PushUps", "TennisSwing"}
    assert set(analysis.curves.attention) == {"vit", "global", "pose", "beta", "kp2d"}
    assert analysis.video.notes == ()
