"""main.py train with embeddings of the person crop: read beside meshes, or computed for videos with weights a person brings."""

from pathlib import Path

import numpy as np
import pytest

from cli import main
from core.cache_keys import track_key
from core.extraction import create_extractor
from core.extraction.person_weights import find_weights
from core.manifold import load_manifold
from core.store import TRACK, Store
from core.user_models.folder import models_folder
from core.video import file_sha256
from tests.small_networks import write_clip, write_dino
from tests.synthetic_tracks import moving_track
from tests.tag_folders import write_real, write_real_embeddings
from tests.tiny_extractor import write_clip as write_video

CLASSES = {"PullUps": 2, "PushUps": 2}
SMALL = ["--epochs", "1", "--d-model", "8", "--device", "cpu"]


@pytest.fixture
def meshes(tmp_path: Path) -> list[str]:
    meshes, keypoints = write_real(tmp_path, CLASSES)
    return [str(meshes), "--keypoints", str(keypoints)]


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Class folders of videos whose tracks lie in the cache."""
    store = Store()
    for action in range(2):
        for clip in range(2):
            frames = 40 + 2 * action + clip  # so that no two videos are the same
            path = tmp_path / "videos" / f"class{action}" / f"{clip}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            sha256 = file_sha256(write_video(path, frames))
            key = track_key(sha256, create_extractor("blazepose", "cpu"), range(frames))
            store.save(TRACK, key, moving_track(action, clip, frames), video=path.name, sha256=sha256)
    return tmp_path / "videos"


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_that_embeddings_beside_meshes_become_sources(meshes: list[str], tmp_path: Path) -> None:
    named = [word for s in ("clip", "dino") for word in (f"--{s}", str(write_real_embeddings(tmp_path / s, CLASSES, s)))]
    out = tmp_path / "tag.manifold"
    assert main(["train", *meshes, *named, *SMALL, "--out", str(out)]) == 0
    manifold = load_manifold(out)
    assert [(s.name, s.space, s.size) for s in manifold.sources[4:]] == [
        ("kp2d", "openpose-60", 120), ("clip", "tag-clip", 512), ("dino", "tag-dino", 768),
    ]  # fmt: skip
    assert manifold.variant == "authors"
    assert {name.split(".")[1] for name in manifold.weights if name.startswith("motion_enc.")} == set(manifold.source_names)


def test_that_a_clip_without_its_embeddings_is_left_out_by_name(
    meshes: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_real_embeddings(tmp_path / "clip", CLASSES | {"PushUps": 3}, "clip")
    write_real(tmp_path, CLASSES | {"PushUps": 3})
    (folder / "PushUps" / "v_PushUps_g01_c01" / "clip_embeddings.npz").unlink()
    assert main(["train", *meshes, "--clip", str(folder), *SMALL, "--out", str(tmp_path / "tag.manifold")]) == 1
    assert "PushUps/v_PushUps_g01_c01 is left out:" in capsys.readouterr().err


def test_that_embeddings_of_videos_are_computed_once_and_become_sources(videos: Path, tmp_path: Path) -> None:
    write_clip(models_folder() / "clip")
    write_dino(models_folder() / "dino")
    out = tmp_path / "own.manifold"
    assert main(["train", str(videos), "--add", "dino,clip", *SMALL, "--out", str(out)]) == 0
    manifold = load_manifold(out)
    assert manifold.sources[5:] == (find_weights("clip").source, find_weights("dino").source)
    raw = sum(source.size for source in manifold.sources[:5])
    assert (np.abs(manifold.mean[raw : raw + 512]) > 1e-6).any()
    store = Store()
    kept = {entry.key for entry in store.entries(TRACK)}
    assert len(kept) == 8  # four videos, with and without embeddings
    (tmp_path / "again").mkdir()
    assert main(["train", str(videos), "--add", "clip,dino", *SMALL, "--out", str(tmp_path / "again" / "own.manifold")]) == 0
    assert {entry.key for entry in store.entries(TRACK)} == kept
    again = load_manifold(tmp_path / "again" / "own.manifold")
    for name, values in manifold.weights.items():
        np.testing.assert_array_equal(values, again.weights[name], err_msg=name)


def test_that_absent_weights_are_one_line(videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(videos), "--add", "dino", *SMALL, "--out", str(tmp_path / "own.manifold")]) == 1
    assert "The source 'dino' is computed with weights that you bring" in one_line(capsys)


def test_that_weights_that_cannot_be_loaded_are_one_line_and_not_one_a_clip(
    videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_dino(models_folder() / "dino") / "config.json"
    config.write_text(config.read_text().replace('"num_hidden_layers": 1', '"num_hidden_layers": 3'))
    assert main(["train", str(videos), "--add", "dino", *SMALL, "--out", str(tmp_path / "own.manifold")]) == 1
    assert "does not fit config.json beside it" in one_line(capsys)


def test_that_reading_and_computing_are_not_mixed_up(
    meshes: list[str], videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "x.manifold")]
    assert main(["train", *meshes, "--add", "clip", *SMALL, *out]) == 1
    assert "holds meshes, so nothing is computed: name folders of embeddings instead of --add" in one_line(capsys)
    assert main(["train", str(videos), "--dino", str(tmp_path), *SMALL, *out]) == 1
    assert "holds videos: have the embeddings computed with --add dino" in one_line(capsys)
    assert main(["train", str(videos), "--add", "vit", *SMALL, *out]) == 2
    assert "'vit' is none of clip, dino" in capsys.readouterr().err
