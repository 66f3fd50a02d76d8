"""DWPose's network of random weights, through mmpose and through onnxruntime, from files on the way of a user's."""

import pickle
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.extraction import ExtractionError
from core.extraction.reference.dwpose.estimator import SimccEstimator, WholeBody
from core.extraction.reference.dwpose.mmpose_pose import load_mmpose_pose
from core.extraction.reference.dwpose.onnx_pose import load_onnx_pose
from core.timebase import FrameIndex
from core.video import open_video

if not (find_spec("mmpose") and find_spec("onnxruntime") and find_spec("onnx")):
    pytest.skip("mmpose, onnxruntime and onnx are not all installed (make setup-reference)", allow_module_level=True)

import torch

from tests.reference.random_models import export_pose, random_pose

WHOLE = np.zeros((0, 4), np.float32)


@pytest.fixture(scope="module")
def network() -> Any:
    return random_pose()


@pytest.fixture(scope="module")
def checkpoint(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Saved as mmengine saves it, with a configuration and a counter of its own classes beside the weights."""
    from mmengine.config import ConfigDict
    from mmengine.logging import HistoryBuffer

    path = tmp_path_factory.mktemp("weights") / "dw-ll_ucoco_384.pth"
    meta = {"cfg": ConfigDict(model={"type": "TopdownPoseEstimator"}), "loss": HistoryBuffer([1.0], [1])}
    torch.save({"meta": meta, "state_dict": network.state_dict()}, path)
    return path


@pytest.fixture(scope="module")
def loaded(checkpoint: Path) -> SimccEstimator:
    return load_mmpose_pose(checkpoint)


@pytest.fixture(scope="module")
def exported(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export_pose(network, tmp_path_factory.mktemp("weights") / "dw-ll_ucoco_384.onnx")


@pytest.fixture(scope="module")
def picture(shared: Path) -> np.ndarray:
    with open_video(shared / "clips" / "gen_squat.mp4") as video:
        return video.frame(FrameIndex(10)).copy()


@pytest.fixture(scope="module")
def boxes(picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    shares = np.array([[0.3, 0.1, 0.6, 0.95], [0.1, 0.2, 0.97, 0.5], [-0.1, 0.4, 0.4, 1.1]])
    return (shares * (width, height, width, height)).astype(np.float32)


def difference(a: WholeBody, b: WholeBody) -> float:
    assert a.keypoints.shape == b.keypoints.shape
    return float(np.abs(a.keypoints - b.keypoints).max())


def test_that_mmpose_and_onnxruntime_agree(loaded: SimccEstimator, exported: Path, picture: np.ndarray, boxes: np.ndarray) -> None:
    onnx = load_onnx_pose(exported)
    for some in (boxes, WHOLE):
        a, b = loaded.estimate(picture, some), onnx.estimate(picture, some)
        assert difference(a, b) < 1e-3
        np.testing.assert_allclose(a.scores, b.scores, rtol=1e-4)
        # Three boxes are three persons: a network that ignored the crop would agree with everything.
        assert len(a.scores) == max(len(some), 1) and a.keypoints.std(axis=1).min() > 1


def test_that_the_whole_way_is_that_of_mmpose(network: Any, loaded: SimccEstimator, picture: np.ndarray, boxes: np.ndarray) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mmpose
        from mmpose.apis import inference_topdown, init_model

        config = "wholebody_2d_keypoint/rtmpose/ubody/rtmpose-l_8xb32-270e_coco-ubody-wholebody-384x288.py"
        model = init_model(str(Path(mmpose.__file__).parent / ".mim/configs" / config), None, "cpu")
        model.load_state_dict(network.state_dict())
        model.test_cfg["flip_test"] = False
        # mmpose takes pictures in OpenCV's order.
        theirs = inference_topdown(model, np.ascontiguousarray(picture[..., ::-1]), boxes)
    ours = loaded.estimate(picture, boxes)
    np.testing.assert_allclose(ours.keypoints, np.concatenate([one.pred_instances.keypoints for one in theirs]), atol=1e-3)
    np.testing.assert_allclose(ours.scores, np.concatenate([one.pred_instances.keypoint_scores for one in theirs]), rtol=1e-4)


def test_that_colours_in_the_authors_order_change_the_points_equally_in_both(
    checkpoint: Path, loaded: SimccEstimator, exported: Path, picture: np.ndarray, boxes: np.ndarray
) -> None:
    swapped = load_mmpose_pose(checkpoint, colour="bgr").estimate(picture, boxes[:1])
    assert difference(swapped, load_onnx_pose(exported, colour="bgr").estimate(picture, boxes[:1])) < 1e-3
    assert difference(swapped, loaded.estimate(picture, boxes[:1])) > 1


def test_that_nothing_stands_in_for_compiled_operations_afterwards(network: Any) -> None:
    assert "mmcv" in sys.modules and "mmcv._ext" not in sys.modules


def test_that_weights_may_lie_in_the_file_by_themselves(network: Any, loaded: SimccEstimator, tmp_path: Path, picture: np.ndarray) -> None:
    torch.save(network.state_dict(), tmp_path / "bare.pth")
    bare = load_mmpose_pose(tmp_path / "bare.pth")
    assert difference(bare.estimate(picture, WHOLE), loaded.estimate(picture, WHOLE)) == 0


def test_that_a_swapped_or_altered_checkpoint_is_refused_with_the_first_tensor_by_name(network: Any, tmp_path: Path) -> None:
    state = network.state_dict()
    del state["head.cls_x.weight"]
    state["head.cls_y.weight"] = state["head.cls_y.weight"][:512]
    torch.save({"state_dict": state}, tmp_path / "altered.pth")
    with pytest.raises(ExtractionError, match=r"1 missing \(head.cls_x.weight first\) and 1 of another shape \(head.cls_y.weight first\)"):
        load_mmpose_pose(tmp_path / "altered.pth")
    torch.save({"decoder.weight": torch.zeros(3)}, tmp_path / "tokenizer.pth")
    with pytest.raises(ExtractionError, match=r"tokenizer.pth does not hold the weights of DWPose-l 384x288: of 470 tensors 470 missing"):
        load_mmpose_pose(tmp_path / "tokenizer.pth")


def test_that_a_truncated_checkpoint_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "half.pth").write_bytes(checkpoint.read_bytes()[:1_000_000])
    with pytest.raises(ExtractionError, match=r"half.pth"):
        load_mmpose_pose(tmp_path / "half.pth")


class Harm:
    def __reduce__(self) -> Any:
        return exec, ("import pathlib; pathlib.Path('harm').touch()",)


@pytest.mark.parametrize("zipped", [True, False])
def test_that_a_malicious_checkpoint_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zipped: bool) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "harmful.pth"
    if zipped:
        torch.save({"state_dict": Harm()}, path)
    else:
        path.write_bytes(pickle.dumps(Harm()))
    with pytest.raises(ExtractionError, match=r"harmful\.pth"):
        load_mmpose_pose(path)
    assert not (tmp_path / "harm").exists()
