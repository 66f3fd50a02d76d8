"""main.py analyze --extractor reference: from the words of the command line to scores, and what is wrong with files as one line."""

import json
import os
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from cli import main
from core.manifold import save_manifold
from core.tag_data import tag_sources
from core.track import Source
from core.user_models import layouts
from core.video import open_video
from tests.model_files import Call, write_checkpoint, write_detector, write_dwpose, write_pickle, write_smpl, write_yolox
from tests.synthetic_tracks import blank_manifold

if not (find_spec("onnxruntime") and find_spec("onnx")):
    pytest.skip("onnxruntime and onnx are not installed (extras reference, reference-dev)", allow_module_level=True)

from tests.reference.films import signalled, write_film
from tests.reference.small_networks import save_signalled

POSE, YOLOX, DETECTRON = "dw-ll_ucoco_384.onnx", "yolox_l.onnx", "model_final_68b088.pkl"
MESH, TOKENIZER = "tokenhmr_model_latest.ckpt", "tokenizer.pth"


@pytest.fixture(scope="module")
def clip(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cut of a real clip; person A of the small detector is in all of it."""
    with open_video(shared / "clips" / "gen_squat.mp4") as video:
        pictures = [picture.copy() for _, picture in video.frames(20, 60)]
    return write_film(tmp_path_factory.mktemp("film") / "squat.mp4", signalled(pictures, ["A"] * 40))


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A file that a harmful one would make."""
    return tmp_path / "trap"


@pytest.fixture(scope="module")
def manifolds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manifolds")
    save_manifold(blank_manifold(fps=None, sources=(Source("kp2d", "openpose-60", 120),)), folder / "points.manifold")
    save_manifold(blank_manifold(fps=None, sources=tag_sources(1024)), folder / "tag.manifold")
    return folder


def analyze(clip: Path, manifold: Path, out: Path, *options: object) -> int:
    words = ["analyze", clip, "--extractor", "reference", "--manifold", manifold, "--out", out, "--device", "cpu", *options]
    return main([str(word) for word in words])


def said(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line beside the progress."""
    (line,) = (line for line in capsys.readouterr().err.splitlines() if not line.startswith("["))
    return line.partition(": ")[2]


def test_that_key_points_alone_end_with_scores(
    clip: Path, models: Path, small_pose: Path, manifolds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (models / POSE).hardlink_to(small_pose)
    box = [400, 40, 900, 700]
    detector = save_signalled(tmp_path / "person.onnx", np.array([box]), (1280, 720))
    options = ("--detector", detector, "--detect-every", "3", "--reference-variant", "corrected")
    assert analyze(clip, manifolds / "points.manifold", tmp_path, *options) == 0
    data = json.loads((tmp_path / "squat" / "analysis.json").read_text())
    assert data["extractor"]["name"] == "reference"
    assert data["extractor"]["sources"] == [{"name": "kp2d", "space": "openpose-60", "size": 120}]
    assert data["presence"] == ["ok"] * 40
    assert data["subject"]["box"] == pytest.approx(box, abs=0.1)
    assert data["scores"]["temporal_coherence"] > 0
    assert set(data["scores"]["action_consistency"]) == {"Squat", "Walk"}
    (note,) = data["video"]["notes"]
    assert note.startswith("TokenHMR is not ready: ")


def put_mesh(models: Path) -> None:
    write_checkpoint(models / MESH, "state_dict", layouts.tokenhmr())
    write_checkpoint(models / TOKENIZER, "net", layouts.tokenizer())


def mesh_cut_short(models: Path, trap: Path) -> None:
    put_mesh(models)
    os.truncate(models / MESH, (models / MESH).stat().st_size // 2)


def mesh_swapped(models: Path, trap: Path) -> None:
    write_checkpoint(models / TOKENIZER, "state_dict", layouts.tokenhmr())
    write_checkpoint(models / MESH, "net", layouts.tokenizer())


def mesh_without_tokenizer(models: Path, trap: Path) -> None:
    write_checkpoint(models / MESH, "state_dict", layouts.tokenhmr())


def mesh_harmful(models: Path, trap: Path) -> None:
    write_checkpoint(models / TOKENIZER, "net", layouts.tokenizer())
    write_checkpoint(models / MESH, "state_dict", layouts.tokenhmr(), beside=Call(os.mkdir, str(trap)))


def tokenizer_harmful(models: Path, trap: Path) -> None:
    write_checkpoint(models / MESH, "state_dict", layouts.tokenhmr())
    write_pickle(models / TOKENIZER, {"net": Call(os.mkdir, str(trap))})


def pose_cut_short(models: Path, trap: Path) -> None:
    os.truncate(write_dwpose(models / POSE), 60_000_000)


def pose_swapped(models: Path, trap: Path) -> None:
    write_yolox(models / POSE)


def pose_harmful(models: Path, trap: Path) -> None:
    write_pickle(models / POSE, Call(os.mkdir, str(trap)))


@pytest.mark.parametrize(
    ("put", "sentence"),
    [
        (
            lambda models, trap: None,
            "The reference extractor has no models yet: put DWPose for key points, TokenHMR for meshes, or both into ",
        ),
        (mesh_without_tokenizer, f"TokenHMR is not ready: {TOKENIZER} is missing: put it into "),
        (mesh_cut_short, f"TokenHMR is not ready: {MESH} is cut short or damaged ("),
        (mesh_swapped, f"TokenHMR is not ready: {MESH} is in truth {TOKENIZER}: put each file under its own name."),
        (mesh_harmful, f"TokenHMR is not ready: {MESH} "),
        (tokenizer_harmful, f"TokenHMR is not ready: {TOKENIZER}"),
        (pose_cut_short, f"DWPose is not ready: {POSE} is cut short or damaged ("),
        (pose_swapped, f"DWPose is not ready: {POSE} is in truth {YOLOX}: put each file under its own name."),
        (pose_harmful, f"DWPose is not ready: {POSE}"),
    ],
)
def test_that_a_bad_file_is_named_and_nothing_runs(
    clip: Path,
    models: Path,
    manifolds: Path,
    trap: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    put: Callable[[Path, Path], None],
    sentence: str,
) -> None:
    put(models, trap)
    assert analyze(clip, manifolds / "tag.manifold", tmp_path) == 1
    assert said(capsys).startswith(sentence)
    assert not trap.exists() and not (tmp_path / "squat").exists()


def detector_cut_short(models: Path, trap: Path) -> None:
    os.truncate(write_yolox(models / YOLOX), 60_000_000)


def detector_harmful(models: Path, trap: Path) -> None:
    write_detector(models / DETECTRON, {"model": Call(os.mkdir, str(trap))})


@pytest.mark.parametrize("put", [detector_cut_short, detector_harmful])
def test_that_a_bad_detector_is_no_reason_to_take_the_whole_frame(
    clip: Path,
    models: Path,
    small_pose: Path,
    manifolds: Path,
    trap: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    put: Callable[[Path, Path], None],
) -> None:
    (models / POSE).hardlink_to(small_pose)
    put(models, trap)
    assert analyze(clip, manifolds / "points.manifold", tmp_path) == 1
    assert said(capsys).startswith("The person detector is not ready: ")
    assert not trap.exists()


@pytest.mark.parametrize(
    ("detector", "config", "sentence"),
    [
        ("gone.pkl", None, r"gone.pkl cannot be read (No such file or directory): check the path."),
        ("harmful.pkl", None, "harmful.pkl "),
        ("pose.onnx", None, "pose.onnx is an ONNX network, but not a YOLOX for COCO's 80 classes: choose another file."),
        (None, "small.yaml", "small.yaml describes a detector whose weights are not named: name them with --detector."),
    ],
)
def test_that_a_detector_that_is_named_must_be_one(
    clip: Path,
    models: Path,
    small_pose: Path,
    manifolds: Path,
    trap: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    detector: str | None,
    config: str | None,
    sentence: str,
) -> None:
    if detector == "harmful.pkl" and not find_spec("detectron2"):
        pytest.skip("detectron2 is not installed (make setup-reference)")
    (models / POSE).hardlink_to(small_pose)
    (tmp_path / "pose.onnx").hardlink_to(small_pose)
    write_pickle(tmp_path / "harmful.pkl", {"model": Call(os.mkdir, str(trap))})
    named = {"--detector": detector, "--detector-config": config}
    options = [word for name, file in named.items() if file for word in (name, tmp_path / file)]
    assert analyze(clip, manifolds / "points.manifold", tmp_path, "--range", "0:4", *options) == 1
    assert sentence in said(capsys)
    assert not trap.exists()


def test_that_a_harmful_body_model_runs_nothing_and_the_bundled_body_is_drawn(
    clip: Path, models: Path, small_pose: Path, manifolds: Path, trap: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (models / POSE).hardlink_to(small_pose)
    write_smpl(models.parent / "SMPL_NEUTRAL.pkl", v_template=Call(os.mkdir, str(trap)))  # type: ignore[arg-type]
    with pytest.warns(UserWarning, match="Your body model cannot be used, the bundled one is shown"):
        status = analyze(clip, manifolds / "points.manifold", tmp_path, "--format", "html")
    assert status == 0
    assert not trap.exists()
