"""Detectron2 on networks of random weights, from files on the way of a user's."""

import pickle
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.extraction import ExtractionError
from core.extraction.reference.box_tracking import follow, overlap, search
from core.extraction.reference.detectron import DEFAULT_CONFIG, DetectronDetector, load_detectron
from core.extraction.reference.persons import PERSON_SCORE
from core.extraction.reference.torchvision_ops import import_torchvision
from core.timebase import FrameIndex
from core.video import open_video

if not find_spec("detectron2"):
    pytest.skip("detectron2 is not installed (make setup-reference)", allow_module_level=True)

import torch

from tests.reference.random_models import random_detector, save_detector

import_torchvision()

# A ResNet of 50 layers with small heads, at a small picture size: the same parts as the default, in a tenth of its time.
SMALL = """
_BASE_: base.yaml
MODEL:
  RESNETS: {DEPTH: 50, STEM_OUT_CHANNELS: 8, RES2_OUT_CHANNELS: 16, WIDTH_PER_GROUP: 8}
  FPN: {OUT_CHANNELS: 16}
  ROI_BOX_HEAD: {FC_DIM: 32}
INPUT: {MIN_SIZE_TEST: 192, MAX_SIZE_TEST: 320}
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration file that is based on another one beside it, as detectron2's own are."""
    from detectron2.model_zoo import get_config_file

    folder = tmp_path_factory.mktemp("config")
    (folder / "base.yaml").write_text(Path(get_config_file("Base-RCNN-FPN.yaml")).read_text())
    path = folder / "small.yaml"
    path.write_text(SMALL)
    return path


@pytest.fixture(scope="module")
def pictures(shared: Path) -> list[np.ndarray]:
    with open_video(shared / "clips" / "gen_squat.mp4") as video:
        return [video.frame(FrameIndex(frame)) for frame in (0, 40, 80)]


@pytest.fixture(scope="module")
def network(config: Path, pictures: list[np.ndarray]) -> Any:
    return random_detector(config, pictures[0])


def save_torch(network: Any, path: Path, **more: Any) -> Path:
    """As detectron2's training saves them."""
    torch.save({"model": network.state_dict() | more, "optimizer": {"state": {}}, "iteration": 89999}, path)
    return path


def detectrons_own(network: Any, config: Path | str, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Boxes and scores of persons by detectron2's own predictor, as the TAG authors call it."""
    from detectron2.config import get_cfg
    from detectron2.engine.defaults import DefaultPredictor

    settings = get_cfg()
    settings.merge_from_file(str(config))
    settings.MODEL.DEVICE = "cpu"
    settings.MODEL.WEIGHTS = ""
    settings.MODEL.ROI_HEADS.SCORE_THRESH_TEST = 0.25
    predictor = DefaultPredictor(settings)
    predictor.model.load_state_dict(network.state_dict())
    found = predictor(np.ascontiguousarray(picture[..., ::-1]))["instances"]
    assert (found.pred_classes != 0).any()
    found = found[(found.pred_classes == 0) & (found.scores > 0.5)]
    return found.pred_boxes.tensor.numpy(), found.scores.numpy()


@pytest.mark.parametrize("save", [save_detector, save_torch])
def test_that_it_finds_what_detectron2_finds_in_a_clip(
    save: Callable[..., Path], network: Any, config: Path, pictures: list[np.ndarray], tmp_path: Path
) -> None:
    detector = load_detectron(save(network, tmp_path / f"model_final{'.pkl' if save is save_detector else '.pth'}"), config)
    for picture, found in zip(pictures, detector.detect(pictures), strict=True):
        boxes, scores = detectrons_own(network, config, picture)
        assert len(boxes) > 3
        np.testing.assert_allclose(found.boxes, boxes, atol=1e-2)
        np.testing.assert_allclose(found.scores, scores, atol=1e-5)
        assert found.boxes.dtype == found.scores.dtype == np.float32
        assert (found.scores > PERSON_SCORE).all()
        assert (np.diff(found.scores) <= 0).all()
        assert (found.boxes[:, 2:] <= (picture.shape[1], picture.shape[0])).all()


def test_that_pictures_in_one_call_are_as_one_by_one(network: Any, config: Path, pictures: list[np.ndarray], tmp_path: Path) -> None:
    detector = load_detectron(save_torch(network, tmp_path / "model.pth"), config)
    mixed = [*pictures, pictures[0][:, :400], pictures[1][:300]]
    detector._batch = 2
    together = detector.detect(mixed)
    detector._batch = 1
    for one, several in zip(detector.detect(mixed), together, strict=True):
        np.testing.assert_allclose(several.boxes, one.boxes, atol=1e-2)
        np.testing.assert_allclose(several.scores, one.scores, atol=1e-5)
    assert [len(found) for found in together[:3]] != [0, 0, 0]
    assert detector.detect([]) == []


def test_that_persons_of_a_clip_can_be_followed(network: Any, config: Path, pictures: list[np.ndarray], tmp_path: Path) -> None:
    detector = load_detectron(save_detector(network, tmp_path / "model.pkl"), config)
    still = [pictures[0]] * 5
    asked: list[int] = []

    def detect(frames: list[int]) -> Any:
        asked.extend(frames)
        return detector.detect([still[frame] for frame in frames])

    seen = [found for _, part in search(detect, range(5), every=4) for found in part]
    followed = follow(seen)
    assert asked == [0, 3, 4]
    assert np.isfinite(followed.boxes).all()
    assert (followed.counts == len(seen[0].persons)).all()


def refusal(weights: Path, config: Path | None) -> str:
    with pytest.raises(ExtractionError) as raised:
        load_detectron(weights, config)
    return str(raised.value)


class Harmful:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.write_text, (self.path, "run")


class Shell(Harmful):
    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("kind", [Harmful, Shell])
@pytest.mark.parametrize("name", ["model.pkl", "model.pth", "renamed.pkl"])
def test_that_a_malicious_file_runs_nothing_and_is_refused(kind: type[Harmful], name: str, config: Path, tmp_path: Path) -> None:
    trap, weights = tmp_path / "trap", tmp_path / name
    content = {"model": {"a": np.zeros(3, np.float32)}, "more": kind(trap)}
    if name == "model.pkl":
        weights.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, weights)
    assert name in refusal(weights, config)
    assert not trap.exists()


def test_that_a_malicious_configuration_runs_nothing_and_is_refused(network: Any, tmp_path: Path) -> None:
    trap, config = tmp_path / "trap", tmp_path / "bad.yaml"
    config.write_text(f"MODEL:\n  MASK_ON: !!python/object/apply:os.system ['touch {trap}']\n")
    message = refusal(save_torch(network, tmp_path / "model.pth"), config)
    assert message.startswith("bad.yaml was not loaded, because it asks for a program to be run")
    assert not trap.exists()


@pytest.mark.parametrize("name", ["model.pkl", "model.pth"])
def test_that_missing_empty_and_truncated_files_are_named(name: str, network: Any, config: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    assert refusal(path, config) == f"{name} is missing: there is no such file in {tmp_path}."
    (save_detector if name == "model.pkl" else save_torch)(network, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    message = refusal(path, config)
    assert message.startswith(name)
    assert "damaged" in message
    path.write_bytes(b"")
    assert refusal(path, config) == f"{name} is empty: copy or download it again."


def test_that_weights_which_do_not_fit_are_reported_by_name(network: Any, config: Path, tmp_path: Path) -> None:
    state = dict(network.state_dict())
    state["backbone.extra"] = torch.zeros(2)
    del state["roi_heads.box_predictor.cls_score.bias"]
    state["roi_heads.box_head.fc2.weight"] = torch.zeros(7, 32)
    state["pixel_std"] = torch.tensor([57.375, 57.12, 58.395])
    path = tmp_path / "other.pth"
    torch.save({"model": state}, path)
    assert refusal(path, config) == (
        "other.pth does not hold the weights of small.yaml. Tensors: 1 missing (roi_heads.box_predictor.cls_score.bias); "
        "1 unknown (backbone.extra); 1 of another shape (roi_heads.box_head.fc2.weight [7, 32] instead of [32, 32]); "
        "1 constants that disagree (pixel_std)."
    )


def test_that_constants_of_older_releases_are_accepted_when_they_agree(network: Any, config: Path, tmp_path: Path) -> None:
    buffers = {name: values for name, values in network.named_buffers() if name not in network.state_dict()}
    assert "pixel_mean" in buffers
    more = buffers | {
        "pixel_mean": buffers["pixel_mean"].flatten(),
        "backbone.bottom_up.stem.conv1.norm.num_batches_tracked": torch.tensor(9),
    }
    assert isinstance(load_detectron(save_torch(network, tmp_path / "model.pth", **more), config), DetectronDetector)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("_BASE_: gone.yaml\n", "small.yaml cannot be read: No such file or directory"),
        ("_BASE_: https://example.org/base.yaml\n", "small.yaml cannot be read: No such file or directory"),
        ("MODEL: {NO_SUCH_THING: 1}\n", "small.yaml is not a configuration of detectron2"),
        ("MODEL: [\n", "small.yaml is not a configuration of detectron2"),
        ("a sentence\n", "small.yaml is not a configuration of detectron2"),
        ("VERSION: 1\n", "small.yaml is of another version than 2"),
        ("MODEL: {META_ARCHITECTURE: Nothing}\n", "detectron2 cannot build a network from small.yaml"),
    ],
)
def test_that_an_unusable_configuration_is_named(text: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(text)
    assert refusal(tmp_path / "model.pth", path).startswith(expected)


def test_that_a_missing_configuration_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "model.pth", tmp_path / "gone.yaml").startswith("gone.yaml cannot be read: No such file or directory")


@pytest.mark.slow
def test_that_the_default_network_runs_on_a_frame(pictures: list[np.ndarray], tmp_path: Path) -> None:
    from detectron2.model_zoo import get_config_file

    network = random_detector(get_config_file(DEFAULT_CONFIG), pictures[0])
    detector = load_detectron(save_detector(network, tmp_path / "model_final.pkl"))
    boxes, scores = detectrons_own(network, get_config_file(DEFAULT_CONFIG), pictures[0])
    found = detector.detect(pictures[:1])[0]
    assert len(found) == len(boxes) > 0
    # Persons of equal score may come in any order.
    assert sorted(overlap(found.boxes, boxes).argmax(1)) == list(range(len(boxes)))
    assert overlap(found.boxes, boxes).max(1).min() > 0.99
    np.testing.assert_allclose(found.scores, scores, atol=1e-4)
