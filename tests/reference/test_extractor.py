"""The assembled extractor on real pictures: files in the folder of models, as a user's lie there, to persons and key points."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from core.extraction.reference.torchvision_ops import import_torchvision
from core.timebase import FrameIndex
from core.track import Presence
from core.video import Video

if not (find_spec("onnxruntime") and find_spec("onnx")):
    pytest.skip("onnxruntime and onnx are not installed (extras reference, reference-dev)", allow_module_level=True)

from tests.reference.extraction import BOXES, KEY_POINTS, YOLOX_BYTES, counted, extract, reference
from tests.reference.films import SQUARE, left_edges, write_film
from tests.reference.small_networks import save_light_finder, save_signalled


@pytest.mark.skipif(not find_spec("mmpose"), reason="mmpose is not installed (make setup-reference)")
def test_that_key_points_alone_come_from_a_network_of_full_size(models: Path, clip: Path, opened: Callable[[Path], Video]) -> None:
    from tests.reference.random_models import export_pose, random_pose

    export_pose(random_pose(), models / "dw-ll_ucoco_384.onnx")
    video, extractor = opened(clip), reference()
    done: list[tuple[int, int]] = []
    track = extract(extractor, video, range(40, 64), progress=lambda *step: done.append(step))
    assert track.extractor.sources == KEY_POINTS
    assert track.presence == (Presence.OK,) * 24
    assert np.isfinite(track.keypoints).all() and track.keypoints.std(axis=0).mean() > 1  # it looks at the pictures
    assert (track.keypoint_scores[:, :18] <= 1).all()
    assert np.array_equal(track.boxes, np.tile(np.float32([0, 0, 1280, 720]), (24, 1)))
    assert np.isnan(track.body_pose).all() and track.features == {}
    np.testing.assert_array_equal(track.times, video.timebase.times[40:64])
    assert done == sorted(done) and done[-1] == (24, 24)
    notes = " ".join(extractor.notes)
    assert "There is no person detector, so the whole frame is taken for one person" in notes
    assert "TokenHMR is not ready: tokenhmr_model_latest.ckpt is missing" in notes
    assert extractor.seconds["key points"] > 0 and extractor.seconds["meshes"] == 0


def test_that_each_frame_has_its_own_points(with_pose: Path, swinging: Path, opened: Callable[[Path], Video]) -> None:
    """The points of every frame are where its square is: none is late, early or somebody else's."""
    save_light_finder(with_pose / "finder.onnx")
    video = opened(swinging)
    track = extract(reference(detector=with_pose / "finder.onnx"), video)
    left = left_edges(60)
    nose = track.keypoints[:, 0]
    assert ((nose[:, 0] > left - 3) & (nose[:, 0] < left + SQUARE + 3) & (nose[:, 1] > 61) & (nose[:, 1] < 64 + SQUARE + 3)).all()
    truth = np.stack([left, np.full(60, 64), left + SQUARE, np.full(60, 64 + SQUARE)], axis=1)
    np.testing.assert_allclose(track.boxes, truth, atol=1.1)


def test_that_presence_comes_from_real_counts(with_pose: Path, acted: Path, opened: Callable[[Path], Video]) -> None:
    detector = save_signalled(with_pose / "yolox_l.onnx", BOXES, (1280, 720), YOLOX_BYTES)
    assert detector.stat().st_size > 0.2 * 216_746_733
    video = opened(acted)
    track = extract(reference(), video)
    ok, many, none, cut = Presence.OK, Presence.MANY, Presence.NONE, Presence.CUT
    assert track.presence == (*[ok] * 8, *[many] * 5, *[none] * 3, *[many] * 4, *[none] * 8, cut, *[ok] * 7)
    assert track.reasons[12:14] == ("2 people are visible.", "The person who is analysed is not visible; another one is.")
    assert track.reasons[20] == "Nobody was found."
    assert track.reasons[28] == "The person was lost and found again here, or this is somebody else."
    np.testing.assert_allclose(track.boxes[[0, 12, 19, 29, 35]], BOXES[[0, 0, 0, 1, 0]], atol=0.1)
    assert track.seen().tolist() == [value is not none for value in track.presence]
    assert track.subject.box == pytest.approx(BOXES[0], abs=0.1)


def test_that_searching_each_third_frame_gives_nearly_the_same_boxes(
    with_pose: Path, swinging: Path, opened: Callable[[Path], Video]
) -> None:
    finder, video = save_light_finder(with_pose / "finder.onnx"), opened(swinging)
    each, third = reference(detector=finder), reference(detector=finder, detect_every=3)
    calls = [counted(each), counted(third)]
    whole, sparse = extract(each, video), extract(third, video)
    assert calls[0].pictures == 60
    assert 20 <= calls[1].pictures <= 24
    np.testing.assert_allclose(sparse.boxes, whole.boxes, atol=1.5)
    assert sparse.presence == whole.presence


def test_that_boxes_are_not_interpolated_over_a_cut(with_pose: Path, opened: Callable[[Path], Video], tmp_path: Path) -> None:
    """Somebody at nearly the same place on both sides of a cut, which is none of the searched frames."""

    def pictures() -> Iterator[np.ndarray]:
        light = np.random.default_rng(0).integers(0, 2, (2, 6, 10, 1), np.uint8) * 80
        for frame in range(40):
            shot = int(frame >= 19)
            picture = np.kron(light[shot], np.ones((32, 32, 3), np.uint8))
            picture[..., shot] += 40
            left = 100 + 8 * shot
            picture[64 : 64 + SQUARE, left : left + SQUARE] = 255
            yield picture

    video = opened(write_film(tmp_path / "cut.mp4", pictures()))
    track = extract(reference(detector=save_light_finder(with_pose / "finder.onnx"), detect_every=7), video)
    assert track.presence[19] is Presence.CUT
    np.testing.assert_allclose(track.boxes[:, 0], [100] * 19 + [108] * 21, atol=1.1)


@pytest.mark.skipif(not find_spec("detectron2"), reason="detectron2 is not installed (make setup-reference)")
def test_that_a_detector_of_detectron2_is_named_with_its_configuration(
    with_pose: Path, clip: Path, opened: Callable[[Path], Video], tmp_path: Path
) -> None:
    import_torchvision()
    from detectron2.model_zoo import get_config_file

    from tests.reference.random_models import random_detector, save_detector

    (tmp_path / "base.yaml").write_text(Path(get_config_file("Base-RCNN-FPN.yaml")).read_text())
    config = tmp_path / "small.yaml"
    config.write_text(
        "_BASE_: base.yaml\nMODEL:\n  RESNETS: {DEPTH: 50, STEM_OUT_CHANNELS: 8, RES2_OUT_CHANNELS: 16, WIDTH_PER_GROUP: 8}\n"
        "  FPN: {OUT_CHANNELS: 16}\n  ROI_BOX_HEAD: {FC_DIM: 32}\nINPUT: {MIN_SIZE_TEST: 192, MAX_SIZE_TEST: 320}\n"
    )
    video = opened(clip)
    weights = save_detector(random_detector(config, video.frame(FrameIndex(100))), tmp_path / "small.pkl")
    track = extract(reference(detector=weights, config=config), video, range(100, 106))
    # These random weights see persons everywhere.
    assert track.presence[0] is Presence.MANY
    assert track.reasons[0] is not None and track.reasons[0].endswith(" people are visible.")
    assert track.seen().sum() >= 3
    assert set(reference(detector=weights, config=config).settings["weights"]) == {"detector", "config", "pose"}
