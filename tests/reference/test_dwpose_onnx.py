"""Pose and person networks in onnxruntime: small ones with known answers, and files that are none."""

import pickle
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from core.extraction import ExtractionError
from core.extraction.reference.dwpose.onnx_pose import load_onnx_pose
from core.extraction.reference.yolox import load_yolox

if not (find_spec("onnxruntime") and find_spec("onnx")):
    pytest.skip("onnxruntime and onnx are not installed (extras reference, reference-dev)", allow_module_level=True)

from tests.reference.small_networks import save_brightest, save_network, save_yolox

LOADERS = [load_onnx_pose, load_yolox]


def picture_with_dot(x: int, y: int) -> np.ndarray:
    rows, columns = np.mgrid[:480, :640]
    light = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18) * 255
    return np.repeat(light.astype(np.uint8)[..., None], 3, axis=2)


@pytest.mark.parametrize("batch", [1, "batch"])
def test_that_a_network_finds_the_same_points_one_by_one_and_in_batches(tmp_path: Path, batch: int | str) -> None:
    estimator = load_onnx_pose(save_brightest(tmp_path / "pose.onnx", batch))
    boxes = np.array([[100, 20, 220, 200], [50, 50, 400, 240], [90, 60, 200, 150]], np.float32)
    found = estimator.estimate(picture_with_dot(150, 100), boxes)
    assert estimator.device == "cpu"
    assert found.keypoints.shape == (3, 133, 2)
    np.testing.assert_allclose(found.keypoints, np.broadcast_to((150.0, 100.0), (3, 133, 2)), atol=1.3)


def test_that_points_of_one_picture_do_not_depend_on_the_others(tmp_path: Path) -> None:
    estimator = load_onnx_pose(save_brightest(tmp_path / "pose.onnx"))
    pictures = [picture_with_dot(x, 100) for x in range(50, 600, 30)]  # more than one batch
    whole = np.array([0, 0, 640, 480], np.float32)
    found = estimator.locate([estimator.crop(picture, whole) for picture in pictures])
    np.testing.assert_allclose(found.keypoints[:, 0, 0], range(50, 600, 30), atol=2.3)


def anchors(*persons: tuple[int, float, float]) -> np.ndarray:
    """Rows of a 640 x 640 detector: (cell of the finest grid, whether there is anything, person's score), boxes of 64 pixels."""
    rows = np.zeros((8400, 85), np.float32)
    for cell, anything, person in persons:
        rows[cell, 2:6] = np.log(8), np.log(8), anything, person
    return rows


@pytest.mark.parametrize("batch", [1, "batch"])
def test_that_the_detector_gives_boxes_in_pixels_of_each_picture(tmp_path: Path, batch: int | str) -> None:
    detector = load_yolox(save_yolox(tmp_path / "yolox.onnx", anchors((0, 1, 0), (80 * 10 + 20, 0.8, 0.9)), batch))
    dark, blue = np.zeros((320, 640, 3), np.uint8), np.zeros((640, 1280, 3), np.uint8)
    blue[..., 2] = 255
    first, second = detector.detect([dark, blue])
    # Cell (20, 10) of 8 pixels, 64 pixels wide and high.
    np.testing.assert_allclose(first.boxes, [[128, 48, 192, 112]], rtol=1e-5)
    np.testing.assert_allclose(first.scores, [0.72], rtol=1e-5)
    np.testing.assert_allclose(second.boxes, [[-64, -64, 64, 64], [256, 96, 384, 224]], rtol=1e-5)
    np.testing.assert_allclose(second.scores, [1.0, 0.72], rtol=1e-5)


def not_a_network(path: Path) -> None:
    path.write_bytes(pickle.dumps({"weights": [1, 2, 3]}))


def nothing(path: Path) -> None:
    path.write_bytes(b"")


def cut_short(path: Path) -> None:
    save_brightest(path)
    path.write_bytes(path.read_bytes()[:50_000])


@pytest.mark.parametrize("load", LOADERS)
@pytest.mark.parametrize("write", [not_a_network, nothing, cut_short])
def test_that_a_damaged_file_is_named_as_such(tmp_path: Path, load: Callable[[Path], object], write: Callable[[Path], None]) -> None:
    write(tmp_path / "weights.onnx")
    with pytest.raises(ExtractionError, match=r"weights.onnx is not an ONNX network, or is cut short or damaged"):
        load(tmp_path / "weights.onnx")


@pytest.mark.parametrize("load", LOADERS)
def test_that_a_missing_file_is_named(tmp_path: Path, load: Callable[[Path], object]) -> None:
    with pytest.raises(ExtractionError, match=r"weights.onnx is missing"):
        load(tmp_path / "weights.onnx")


def test_that_swapped_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ExtractionError, match="not one of DWPose's"):
        load_onnx_pose(save_yolox(tmp_path / "a.onnx", anchors()))
    with pytest.raises(ExtractionError, match="not a YOLOX"):
        load_yolox(save_brightest(tmp_path / "b.onnx"))


def test_that_a_pose_network_of_other_points_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExtractionError, match="133 key points"):
        load_onnx_pose(save_brightest(tmp_path / "body.onnx", points=17))
    with pytest.raises(ExtractionError, match="simcc_x"):
        load_onnx_pose(save_brightest(tmp_path / "names.onnx", names=("x", "y")))


def test_that_a_detector_of_other_classes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExtractionError, match="80 classes"):
        load_yolox(save_yolox(tmp_path / "faces.onnx", np.zeros((8400, 6), np.float32)))


def test_that_numbers_kept_in_a_second_file_cannot_be_taken_from_elsewhere(tmp_path: Path) -> None:
    import onnx
    from onnx import helper

    (tmp_path / "secret").write_bytes(bytes(4))
    (tmp_path / "models").mkdir()
    path = save_network(
        tmp_path / "models" / "a.onnx",
        [helper.make_node("Add", ["image", "c"], ["simcc_x"])],
        {"c": np.ones(1, np.float32)},
        {"image": [1, 3, 8, 8]},
        {"simcc_x": [1, 3, 8, 8]},
    )
    model = onnx.load(path)
    constant = model.graph.initializer[0]
    constant.ClearField("raw_data")
    constant.data_location = onnx.TensorProto.EXTERNAL
    entry = constant.external_data.add()
    entry.key, entry.value = "location", "../secret"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ExtractionError, match="not an ONNX network"):
        load_onnx_pose(path)


@pytest.mark.parametrize("load", LOADERS)
def test_that_a_gpu_that_cannot_be_used_is_said(tmp_path: Path, load: Callable[[Path, str], object]) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this onnxruntime can use a GPU")
    with pytest.raises(ExtractionError, match="cannot use a GPU"):
        load(save_brightest(tmp_path / "pose.onnx"), "cuda")
