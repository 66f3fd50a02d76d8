"""main.py train: repeatable, continued after a kill, ablations, and bad input."""

import csv
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cli import main
from cli.training_output import sparkline
from core.manifold import load_manifold
from tests.tag_folders import write_features, write_real

ROOT = Path(__file__).parents[2]
EPOCHS = 3
SMALL = ["--d-model", "8", "--device", "cpu"]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("real")
    meshes, keypoints = write_real(folder, {"PullUps": 10, "PushUps": 10, "Rowing": 10})
    return [str(meshes), "--keypoints", str(keypoints)]


@pytest.fixture(scope="module")
def trained(real: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "real.manifold"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(out.parent / "cache"))
        patch.setenv("XDG_STATE_HOME", str(out.parent / "state"))
        assert main(["train", *real, "--out", str(out), "--epochs", str(EPOCHS), *SMALL]) == 0
    return out


def weights(path: Path) -> dict[str, np.ndarray]:
    manifold = load_manifold(path)
    return {**manifold.weights, "centroids": manifold.centroids, "mean": manifold.mean, "references": manifold.references}


def running(arguments: list[str]) -> subprocess.Popen[str]:
    """The program in a process of its own."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "main.py", *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests in the background of a shell inherit that it is ignored
    )


def assert_same(left: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> None:
    assert left.keys() == right.keys()
    for name, values in left.items():
        np.testing.assert_array_equal(values, right[name], err_msg=name)


def small_copy(real: list[str], folder: Path, per_class: int = 2) -> tuple[Path, Path]:
    """The first clips of each class, to be spoilt."""
    meshes, keypoints = folder / "meshes", folder / "keypoints"
    for action in sorted(Path(real[0]).iterdir()):
        for path in sorted(action.iterdir())[:per_class]:
            (meshes / action.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, meshes / action.name)
            shutil.copytree(Path(real[2]) / action.name / path.stem, keypoints / action.name / path.stem)
    return meshes, keypoints


def one_epoch(meshes: Path, keypoints: Path, out: Path, *more: str) -> int:
    """As quick as a run can be: without a manifold."""
    window = [] if "--window-length" in more else ["--window-length", "16"]
    return main(["train", str(meshes), "--keypoints", str(keypoints), "--out", str(out), "--epochs", "1", *SMALL, *window, *more])


def test_that_a_run_repeats_bit_for_bit_with_its_seed(real: list[str], trained: Path, tmp_path: Path) -> None:
    again = tmp_path / "real.manifold"
    assert main(["train", *real, "--out", str(again), "--epochs", str(EPOCHS), *SMALL]) == 0
    assert again.read_bytes() == trained.read_bytes()


def test_that_another_seed_makes_another_run(real: list[str], tmp_path: Path) -> None:
    meshes, keypoints = small_copy(real, tmp_path)
    losses = []
    for seed in ("7", "7", "8"):
        assert one_epoch(meshes, keypoints, tmp_path / "a.manifold", "--seed", seed) == 0
        with (tmp_path / "a.losses.csv").open(newline="") as file:
            (row,) = csv.DictReader(file)
        losses.append(row["loss"])
    assert losses[0] == losses[1] != losses[2]


def test_that_a_killed_run_goes_on_and_ends_with_the_same_weights(
    real: list[str], trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "real.manifold"
    arguments = ["train", *real, "--out", str(out), "--epochs", str(EPOCHS), *SMALL]
    with running(arguments) as process:
        assert process.stderr is not None
        assert any(line.startswith("epoch 1/") for line in process.stderr)
        process.kill()
    assert process.returncode == -9
    assert not out.exists()
    assert main(arguments) == 0
    assert "An interrupted run goes on after epoch" in capsys.readouterr().err
    assert_same(weights(out), weights(trained))
    assert not list(tmp_path.glob("*.checkpoint"))


def test_that_a_run_that_is_stopped_says_that_it_can_go_on(real: list[str], tmp_path: Path) -> None:
    meshes, keypoints = small_copy(real, tmp_path)
    arguments = ["train", str(meshes), "--keypoints", str(keypoints), "--out", str(tmp_path / "a.manifold"), "--epochs", "500", *SMALL]
    with running(arguments) as process:
        assert process.stderr is not None
        assert any(line.startswith("epoch 1/") for line in process.stderr)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read().splitlines()
    assert process.returncode == 130
    assert rest[-1] == "Stopped: the same command goes on after the last epoch that ended."
    assert (tmp_path / "a.manifold.checkpoint").exists()


def test_that_a_manifold_holds_all_that_scores_need_and_says_how_it_was_made(trained: Path) -> None:
    manifold = load_manifold(trained)
    assert manifold.classes == ("PullUps", "PushUps", "Rowing")
    assert (manifold.variant, manifold.mask, manifold.fps) == ("authors", "hands", None)
    assert manifold.source_names == ("vit", "global", "pose", "beta", "kp2d")
    np.testing.assert_allclose(np.linalg.norm(manifold.centroids, axis=1), 1, atol=1e-6)
    # Two of ten clips of each class are held out, with two windows each in their 40 frames.
    assert manifold.references.shape == (12, 8)
    assert manifold.reference_map.shape == (12, 2)
    assert (manifold.band_high >= manifold.band_low).all()
    assert manifold.card["recipe"]["preset"] == "release"
    assert manifold.card["recipe"]["weight_decay"] == 1e-2
    assert manifold.card["distances"].keys() == set(manifold.classes)
    assert 0 <= manifold.card["nmi"] <= 1


def test_that_the_losses_lie_beside_the_manifold(trained: Path) -> None:
    with trained.with_name("real.losses.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    for row in rows:
        terms = sum(float(row[name]) for name in ("shuffle", "reverse", "static"))
        assert float(row["loss"]) == pytest.approx(float(row["tcl"]) + 10 * terms, rel=1e-4)
    assert float(rows[-1]["learning_rate"]) == pytest.approx(1e-6)
    assert float(rows[-1]["held_out"]) < float(rows[0]["held_out"])


def test_that_the_presets_and_ablations_decide_the_run(real: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "part.manifold"
    meshes, keypoints = small_copy(real, tmp_path, per_class=5)
    more = ["--preset", "paper", "--drop-source", "vit", "--drop-loss", "tcl", "--split", "group", "--active-share", "0.5"]
    assert main(["train", str(meshes), "--keypoints", str(keypoints), "--out", str(out), "--epochs", "2", *SMALL, *more]) == 0
    told = capsys.readouterr()
    assert "12 clips train" in told.err
    assert "Split by video" not in told.err
    manifold = load_manifold(out)
    assert manifold.config.dilations == (1, 2, 4)
    assert manifold.source_names == ("global", "pose", "beta", "kp2d")
    with out.with_name("part.losses.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert float(first["tcl"]) == 0
    assert (first["windows"], second["windows"]) == ("24", "12")


def test_that_another_window_length_gives_a_report_and_no_manifold(
    real: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "short.manifold"
    meshes, keypoints = small_copy(real, tmp_path, per_class=5)
    assert one_epoch(meshes, keypoints, out, "--window-length", "24") == 0
    told = capsys.readouterr()
    # 40 frames hold windows of 24 at 0, 8 and 16.
    assert "36 windows of 12 clips train, 9 windows of 3 clips are held out" in told.err
    assert "No manifold is written" in told.out
    assert not out.exists()
    report = json.loads(out.with_name("short.report.json").read_text())
    assert report["recipe"]["window"] == 24


def test_that_a_split_by_video_is_said_to_leak(real: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    meshes, keypoints = small_copy(real, tmp_path)
    assert one_epoch(meshes, keypoints, tmp_path / "a.manifold") == 0
    assert "Split by video" in capsys.readouterr().err


def test_that_excluded_videos_take_no_part(real: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    meshes, keypoints = small_copy(real, tmp_path, per_class=3)
    names = tmp_path / "seeds.txt"
    names.write_text("v_PushUps_g01_c01.avi\n\nv_Rowing_g02_c01\nno_such_clip\n")
    assert one_epoch(meshes, keypoints, tmp_path / "a.manifold", "--exclude", str(names)) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[:2] == [
        "Left out, as the list of excluded ones says: 2 videos (PushUps/v_PushUps_g01_c01, Rowing/v_Rowing_g02_c01).",
        "On the list of excluded ones, but not among the videos: 1 name (no_such_clip).",
    ]
    report = json.loads((tmp_path / "a.report.json").read_text())
    assert report["left_out"]["excluded"] == ["PushUps/v_PushUps_g01_c01", "Rowing/v_Rowing_g02_c01"]


def test_that_nan_and_a_pickle_are_left_out_each_with_its_sentence(
    real: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    meshes, keypoints = small_copy(real, tmp_path, per_class=4)
    spoilt = sorted((meshes / "PullUps").iterdir())
    with np.load(spoilt[0]) as content:
        arrays = dict(content)
    arrays["vit"][3, 1] = np.nan
    np.savez(spoilt[0], **arrays)
    spoilt[1].write_bytes(pickle.dumps({"pose": 1}))
    assert one_epoch(meshes, keypoints, tmp_path / "a.manifold") == 1
    nan, pickled, *_ = capsys.readouterr().err.splitlines()
    assert nan.startswith(f"PullUps/{spoilt[0].stem} is left out: ")
    assert "holds NaN or infinity, first in row 3" in nan
    assert "is a pickle and not an npz" in pickled
    assert (tmp_path / "a.report.json").exists()


def test_that_a_class_with_one_video_is_left_out_and_named(real: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    meshes, keypoints = small_copy(real, tmp_path)
    write_features(meshes, keypoints, "v_Lonely_g01_c01", 40, "Lonely")
    assert one_epoch(meshes, keypoints, tmp_path / "a.manifold") == 1
    assert "The class Lonely has only one video" in capsys.readouterr().err
    assert "Lonely" not in json.loads((tmp_path / "a.report.json").read_text())["distances"]


def test_that_clips_of_another_width_are_named(real: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    meshes, keypoints = small_copy(real, tmp_path)
    first, second, *_ = sorted((meshes / "PullUps").iterdir())
    with np.load(second) as content:
        arrays = {**content, "vit": content["vit"][:, :5]}
    np.savez(second, **arrays)
    assert one_epoch(meshes, keypoints, tmp_path / "a.manifold") == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert (
        f"6 columns of vit (tokenhmr-token) in PullUps/{first.stem} and 5 columns of vit (tokenhmr-token) in PullUps/{second.stem}" in line
    )
    assert not (tmp_path / "a.losses.csv").exists()


def test_that_too_few_clips_are_counted_by_class(real: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    meshes, keypoints = small_copy(real, tmp_path, per_class=1)
    write_features(meshes, keypoints, "v_Rowing_g09_c01", 40, "Rowing")
    assert one_epoch(meshes, keypoints, tmp_path / "a.manifold") == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert "and found Rowing (a single one in PullUps, PushUps): add videos." in line


def test_that_a_truncated_checkpoint_is_refused_and_left_alone(real: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    meshes, keypoints = small_copy(real, tmp_path)
    cut = b"PK\x03\x04" + bytes(3000)
    (tmp_path / "a.manifold.checkpoint").write_bytes(cut)
    assert one_epoch(meshes, keypoints, tmp_path / "a.manifold") == 1
    assert "is damaged, cut short or not one of Telltale's: begin anew with --restart" in capsys.readouterr().err.splitlines()[-1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.manifold.checkpoint", "keypoints", "meshes"]
    assert one_epoch(meshes, keypoints, tmp_path / "a.manifold", "--restart") == 0


def test_that_folders_without_clips_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "PushUps").mkdir()
    for source, reason in ((tmp_path, "holds no class folders with videos or meshes"), (tmp_path / "no", "There is no folder")):
        assert main(["train", str(source), "--out", str(tmp_path / "a.manifold")]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert reason in line


def test_that_an_empty_class_folder_is_named_and_reported(real: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    meshes, keypoints = small_copy(real, tmp_path)
    (meshes / "Nothing").mkdir()
    write_features(meshes, keypoints, "v_Rowing_g77_c01", 12, "Rowing")
    write_features(meshes, keypoints, "v_Lonely_g01_c01", 40, "Lonely")
    assert one_epoch(meshes, keypoints, tmp_path / "a.manifold") == 1
    assert "The class folder Nothing holds nothing to train on: it is left out." in capsys.readouterr().err.splitlines()
    report = json.loads((tmp_path / "a.report.json").read_text())
    kept = {name: report["left_out"][name] for name in ("empty", "short", "classes_of_one")}
    assert kept == {"empty": ["Nothing"], "short": ["Rowing/v_Rowing_g77_c01"], "classes_of_one": ["Lonely"]}
    assert report["sources"] == ["vit", "global", "pose", "beta", "kp2d"]
    assert report["manifold"] is None  # windows of 16


def test_that_a_folder_is_no_place_for_a_manifold(real: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *real, "--out", str(tmp_path), "--epochs", "1", *SMALL]) == 1
    assert capsys.readouterr().err == f"--out {tmp_path} is a folder: name the file of the manifold.\n"
    assert list(tmp_path.parent.glob(f"{tmp_path.name}.*")) == []


def test_that_meshes_need_their_key_points(real: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", real[0], "--out", str(tmp_path / "a.manifold")]) == 1
    assert "--keypoints" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (["--d-model", "12"], "no multiple"),
        (["--active-share", "0"], "no share"),
        ([option for name in ("tcl", "shuffle", "reverse", "static") for option in ("--drop-loss", name)], "Every term"),
    ],
)
def test_that_options_that_cannot_be_are_wrong_usage(
    real: list[str], more: list[str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *real, "--out", str(tmp_path / "a.manifold"), *more]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--drop-source", "clip"], ["--split", "group"]])
def test_that_what_the_clips_lack_is_named(more: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    meshes, keypoints = tmp_path / "meshes", tmp_path / "keypoints"
    for seed, name in enumerate("abcd"):
        write_features(meshes, keypoints, name, 20, "AB"[seed % 2], seed=seed)
    assert one_epoch(meshes, keypoints, tmp_path / "a.manifold", *more) == 1
    assert ("There is no source 'clip'" in (told := capsys.readouterr().err)) or "states no group such as g01" in told


def test_that_the_course_of_the_loss_is_drawn_from_its_lowest_to_its_highest() -> None:
    assert sparkline([8.0, 4.5, 1.0]) == "█▅▁"
    assert sparkline([3.0, 3.0]) == "▁▁"
    assert len(sparkline([float(i) for i in range(100)])) == 40
