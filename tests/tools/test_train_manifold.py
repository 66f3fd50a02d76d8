"""The script that makes the bundled manifold, end to end on made-up tracks."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.embedding import embed
from core.embedding_map import place
from core.manifold import load_manifold
from core.scores import score
from core.track import track_arrays
from tests.synthetic_tracks import moving_track

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "train_manifold.py"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tracks")
    index = []
    for action in range(2):
        for clip in range(3):
            file = f"clip{action}{clip}__front.npz"
            np.savez(path / file, **track_arrays(moving_track(action, 10 * action + clip, 88)))
            index.append({"file": file, "clip": f"clip{action}{clip}", "view": "front", "action": f"Action{action}", "subject": f"p{clip}"})
    (path / "index.json").write_text(json.dumps(index))
    return path


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], capture_output=True, text=True, check=False)


def test_that_a_folder_of_tracks_becomes_a_manifold_and_its_card(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "resources" / "blazepose.manifold"
    result = run(folder, "--out", out, "--epochs", "1", "--validate", folder, "--films-minutes", "12")
    assert result.returncode == 0, result.stderr
    assert sorted(file.name for file in out.parent.iterdir()) == ["blazepose.manifold", "blazepose.md"]
    assert out.stat().st_size < 15e6
    manifold = load_manifold(out)
    assert (manifold.name, manifold.fps, manifold.variant, manifold.config.d_model) == ("blazepose", 30, "corrected", 64)
    assert manifold.source_names == ("appearance", "global", "pose", "beta", "kp2d")
    card = out.with_suffix(".md").read_text()
    assert "must not be compared with TAG's published table" in card
    assert f"| NMI of k-means | {manifold.card['nmi']:.3f} | {manifold.card['of_all_classes']['nmi']:.3f} |" in card
    assert "12 minutes on two cores" in card
    assert "| Action0 | 16 | 8 | subjects |" in card
    checked = manifold.card["validation"][folder.name]
    assert (checked["band"]["films"], checked["clips_of_offered_classes"]) == (6, 6)
    assert f"| {folder.name} (6 of 6 clips) | {checked['band']['steps']} | {checked['band']['share']:.2%} |" in card
    clip = embed(moving_track(0, 77, 50), manifold)
    assert score(clip, manifold).temporal_coherence is not None
    assert place(clip, manifold).windows.shape == (3, 2)


def test_that_a_folder_without_an_index_is_refused(tmp_path: Path) -> None:
    result = run(tmp_path, "--out", tmp_path / "x.manifold")
    assert result.returncode == 1
    assert result.stderr.startswith("The manifold was not trained: ")
    assert not list(tmp_path.iterdir())
