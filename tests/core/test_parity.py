"""The embedding against what the released TAG code computes on small synthetic files (shared oracle)."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from core.encoder import Encoded, Encoder, load_checkpoint
from core.motion import motion_features
from core.scores import action_consistency, class_centroid, temporal_coherence
from core.training.dataset import column_statistics
from core.training.losses import hard_negative_loss, tcl_loss
from core.windows import cut_windows, window_starts

SOURCES = ("vit", "global", "pose", "beta", "kp2d")
ORACLE_NAMES = ("vit", "gori", "pose", "beta", "keypoints")


@pytest.fixture(scope="module")
def oracle(shared: Path) -> Path:
    return shared / "oracle" / "tag_small"


@pytest.fixture(scope="module")
def expected(oracle: Path) -> dict[str, np.ndarray]:
    with np.load(oracle / "expected.npz", allow_pickle=False) as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def facts(oracle: Path) -> dict:
    return json.loads((oracle / "expected.json").read_text())


@pytest.fixture(scope="module")
def encoder(oracle: Path) -> Encoder:
    return load_checkpoint(oracle / "model.pt")[0]


def read_clip(mesh: Path, keypoints: Path) -> dict[str, np.ndarray]:
    with np.load(mesh, allow_pickle=False) as arrays:
        frames = len(arrays["pose"])
        raw = {"vit": arrays["vit"], "global": arrays["global_orient"], "pose": arrays["pose"], "beta": arrays["betas"]}
        result = {name: values.reshape(frames, -1).astype(np.float32) for name, values in raw.items()}
    return result | {"kp2d": np.load(keypoints, allow_pickle=False).astype(np.float32)}


def rows_of(raw: dict[str, np.ndarray]) -> np.ndarray:
    return np.concatenate([*(raw[name] for name in SOURCES), *(motion_features(name, raw[name], "authors") for name in SOURCES)], axis=-1)


@pytest.fixture(scope="module")
def statistics(oracle: Path, facts: dict) -> tuple[np.ndarray, np.ndarray]:
    return column_statistics(rows_of(clip) for _, clip in training_clips(oracle, facts))


def training_clips(oracle: Path, facts: dict) -> list[tuple[str, dict[str, np.ndarray]]]:
    clips = []
    for name in facts["train_videos"]:
        action = name.split("_")[1]
        folder = oracle / "real_kps" / action / name.removesuffix(".npz")
        clips.append((action, read_clip(oracle / "real_meshes" / action / name, folder / "keypoints.npy")))
    return clips


def normalised_windows(clip: dict[str, np.ndarray], statistics: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    starts = window_starts(len(clip["vit"]))
    rows = rows_of({name: cut_windows(values, starts) for name, values in clip.items()})
    return ((rows - statistics[0]) / (statistics[1] + 1e-6)).astype(np.float32)


@pytest.fixture(scope="module")
def windows(oracle: Path, expected: dict, statistics: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """All windows of the generated clips in the oracle's order."""
    each = []
    for name in sorted(set(expected["window_video"].tolist())):
        clip = read_clip(oracle / "generated_meshes" / f"{name}.npz", oracle / "generated_kps" / name / "keypoints.npy")
        each.append(normalised_windows(clip, statistics))
    return np.concatenate(each)


@pytest.fixture(scope="module")
def encoded(encoder: Encoder, windows: np.ndarray) -> Encoded:
    with torch.inference_mode():
        return encoder(torch.from_numpy(windows))


def test_that_the_statistics_are_those_of_the_released_code(expected: dict, statistics: tuple[np.ndarray, np.ndarray]) -> None:
    for column, kind in enumerate(("mean", "std")):
        released = [expected[f"stats_{name}_{part}_{kind}"] for part in ("raw", "diff") for name in ORACLE_NAMES]
        np.testing.assert_allclose(statistics[column], np.concatenate(released), atol=1e-5)


def test_that_feature_rows_are_those_of_the_released_code(expected: dict, windows: np.ndarray) -> None:
    np.testing.assert_allclose(windows[:3], expected["first_window_features"], atol=1e-5)


def test_that_windows_begin_where_the_released_code_begins_them(oracle: Path, expected: dict) -> None:
    for name in set(expected["window_video"].tolist()):
        with np.load(oracle / "generated_meshes" / f"{name}.npz", allow_pickle=False) as arrays:
            starts = window_starts(len(arrays["pose"]))
        assert starts.tolist() == expected["window_start"][expected["window_video"] == name].tolist()


def test_that_embeddings_and_attention_are_those_of_the_released_code(expected: dict, encoded: Encoded) -> None:
    np.testing.assert_allclose(encoded.z_cls, expected["seq_embeds"], atol=1e-5)
    np.testing.assert_allclose(encoded.z, expected["frame_embeds"][:, 1:], atol=1e-5)
    np.testing.assert_allclose(encoded.alpha, expected["attention"], atol=1e-5)


def test_that_centroids_and_both_scores_are_those_of_the_released_code(
    oracle: Path, facts: dict, expected: dict, statistics: tuple[np.ndarray, np.ndarray], encoder: Encoder, encoded: Encoded
) -> None:
    of_class: dict[str, list[np.ndarray]] = {}
    with torch.inference_mode():
        for action, clip in training_clips(oracle, facts):
            of_class.setdefault(action, []).append(encoder(torch.from_numpy(normalised_windows(clip, statistics))).z_cls.numpy())
    centroids = {action: class_centroid(np.concatenate(parts)) for action, parts in of_class.items()}
    for action, label in facts["labels"].items():
        np.testing.assert_allclose(centroids[action], expected["centroids"][label], atol=1e-5)
    actions = {action.lower(): action for action in centroids}
    for name, scores in facts["scores"].items():
        of_video = expected["window_video"] == name
        action = actions[name.split("_")[1].lower()]
        assert action_consistency(encoded.z_cls.numpy()[of_video], centroids[action]) == pytest.approx(scores["ac"], abs=1e-5)
        assert temporal_coherence(encoded.z.numpy()[of_video]) == pytest.approx(scores["tc"], abs=1e-5)


def test_that_the_losses_are_those_of_the_released_code(oracle: Path, encoder: Encoder, windows: np.ndarray, encoded: Encoded) -> None:
    losses = json.loads((oracle / "expected_losses.json").read_text())
    chosen = losses["tcl_windows"]
    assert float(tcl_loss(encoded.z_cls[chosen], torch.tensor(losses["labels"])[chosen])) == pytest.approx(losses["tcl"], abs=1e-4)
    x = torch.from_numpy(windows)
    with torch.inference_mode():
        for key, distorted in (("hard_reverse", x.flip(1)), ("hard_static", x[:, :1].expand_as(x).contiguous())):
            z = encoder(distorted).z_cls
            assert float(hard_negative_loss(encoded.z_cls, z)) == pytest.approx(losses[key], abs=1e-4)
