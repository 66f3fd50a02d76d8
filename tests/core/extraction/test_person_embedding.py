"""Embeddings of the person crop: preparation as the networks' own library does it, weights from a person's folder, the track they make."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

from core.extraction import Cancelled, ExtractionError
from core.extraction.person_embedding import MARGIN, PersonDescriber, PersonNetwork, person_crop, prepare
from core.extraction.person_weights import Preparation, described_key, find_weights, needed_weights
from core.track import HumanTrack, Presence, Source
from core.user_models.folder import models_folder
from core.video import Video, open_video
from tests.small_networks import MEAN, STD, write_clip, write_dino, write_first_dino, write_whole_clip
from tests.synthetic_tracks import SMALL_SOURCES, moving_track

transformers = pytest.importorskip("transformers", reason="the extra 'embedders' is not installed")
PREPARED = Preparation(64, "bicubic", 56, 1 / 255, MEAN, STD)


def picture(side: int, seed: int = 0) -> np.ndarray:
    """Smooth colours with some grain, uint8 [side, side, 3]."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)
    grain = rng.integers(0, 20, (side, side, 3))
    return np.clip(cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC) + grain, 0, 255).astype(np.uint8)


@pytest.fixture
def brought() -> Path:
    """The folder of models, with a CLIP and a DINO in it."""
    write_clip(models_folder() / "clip")
    write_dino(models_folder() / "dino")
    return models_folder()


@pytest.fixture
def video(tmp_path: Path) -> Video:
    """Seven frames of 96 x 64, each of another colour."""
    with av.open(str(tmp_path / "clip.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv444p"
        for index in range(7):
            shown = np.full((64, 96, 3), (30 * index, 255 - 30 * index, 90), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        container.mux(stream.encode(None))
    with open_video(tmp_path / "clip.mp4") as opened:
        yield opened


@pytest.fixture
def track() -> HumanTrack:
    """A person in the middle of seven frames of 96 x 64; nobody in the third."""
    moving = moving_track(frames=7, sources=SMALL_SOURCES)
    boxes = np.tile(np.array([30, 10, 50, 50], np.float32), (7, 1))
    keypoints = moving.keypoints.copy()
    boxes[2] = keypoints[2] = np.nan
    presence = tuple(Presence.NONE if frame == 2 else Presence.OK for frame in range(7))
    return replace(moving, boxes=boxes, keypoints=keypoints, presence=presence, size=(96, 64))


@pytest.mark.parametrize("side", [40, 64, 131, 300])
@pytest.mark.parametrize(
    ("processor", "resample"), [("CLIPImageProcessorPil", 3), ("BitImageProcessorPil", 3), ("ViTImageProcessorPil", 2)]
)
def test_that_crops_are_prepared_as_by_the_library_of_the_networks(side: int, processor: str, resample: int) -> None:
    square = processor.startswith("ViT")
    size = {"height": 64, "width": 64} if square else {"shortest_edge": 64}
    crop = {} if square else {"crop_size": {"height": 56, "width": 56}}
    library = getattr(transformers, processor)(size=size, resample=resample, image_mean=MEAN, image_std=STD, **crop)
    expected = library(picture(side), return_tensors="pt", input_data_format="channels_last")["pixel_values"][0]
    own = prepare(picture(side), replace(PREPARED, resample="bilinear" if square else "bicubic", crop=64 if square else 56))
    assert own.shape == expected.shape
    levels = (own - expected).abs() * 255 * torch.tensor(STD)[:, None, None]
    # Rounded to whole levels in between: a value on the edge may fall to either side, in a pixel here and there.
    assert levels.max() < 2.01
    assert (levels > 0.01).float().mean() < 0.02


def test_that_the_crop_is_a_square_around_the_person_with_the_mean_colour_beyond_the_picture() -> None:
    shown = picture(100)
    crop = person_crop(shown, np.array([10, 40, 29, 79.9], np.float32), PREPARED)
    # 48 pixels are 1.2 times the height; their middle lies at x 19.5 and y 59.5, half a pixel from the middle of the box.
    assert (crop.shape, MARGIN) == ((48, 48, 3), 0.2)
    np.testing.assert_array_equal(crop[:, 4:], shown[36:84, :44])
    np.testing.assert_array_equal(crop[:, :4], np.broadcast_to([123, 117, 104], (48, 4, 3)))


def test_that_a_box_outside_the_picture_gives_the_mean_colour_alone() -> None:
    crop = person_crop(picture(50), np.array([200, 200, 220, 240], np.float32), PREPARED)
    assert (crop == [123, 117, 104]).all()


def test_that_the_embeddings_are_those_of_the_library(brought: Path) -> None:
    inputs = torch.stack([prepare(picture(60, seed), Preparation(32, "bicubic", 28, 1 / 255, MEAN, STD)) for seed in range(3)])
    dino = transformers.Dinov2Model.from_pretrained(brought / "dino").eval()
    with torch.inference_mode():
        expected = dino(inputs).pooler_output.numpy()
    np.testing.assert_allclose(PersonNetwork(find_weights("dino"), "cpu").embed(inputs), expected, atol=1e-5)
    inputs = torch.stack([prepare(picture(60, seed), Preparation(32, "bicubic", 32, 1 / 255, MEAN, STD)) for seed in range(3)])
    clip = transformers.CLIPVisionModelWithProjection.from_pretrained(brought / "clip").eval()
    with torch.inference_mode():
        expected = clip(inputs).image_embeds.numpy()
    np.testing.assert_allclose(PersonNetwork(find_weights("clip"), "cpu").embed(inputs), expected, atol=1e-5)


def test_that_a_whole_clip_and_the_first_dino_serve_as_well(capfd: pytest.CaptureFixture[str]) -> None:
    whole = transformers.CLIPModel.from_pretrained(write_whole_clip(models_folder() / "clip")).eval()
    write_first_dino(models_folder() / "dino")
    inputs = torch.stack([prepare(picture(60, seed), Preparation(32, "bicubic", 32, 1 / 255, MEAN, STD)) for seed in range(2)])
    with torch.inference_mode():
        expected = whole.visual_projection(whole.vision_model(pixel_values=inputs).pooler_output).numpy()
    capfd.readouterr()
    np.testing.assert_allclose(PersonNetwork(find_weights("clip"), "cpu").embed(inputs), expected, atol=1e-5)
    weights = find_weights("dino")
    assert (weights.preparation.size, weights.preparation.crop, weights.preparation.resample) == (28, 28, "bilinear")
    assert PersonNetwork(weights, "cpu").embed(inputs[:, :, :28, :28]).shape == (2, 768)
    assert capfd.readouterr().err == ""  # the library tells of every tensor it does not need


def test_that_each_frame_with_a_person_gets_its_embedding(brought: Path, video: Video, track: HumanTrack) -> None:
    weights = needed_weights([*SMALL_SOURCES, Source("dino", "x", 768), Source("clip", "x", 512)], [s.name for s in SMALL_SOURCES])
    done: list[tuple[int, int]] = []
    found = PersonDescriber(weights, "cpu").describe(track, video, range(7), lambda *progress: done.append(progress))
    assert done == [(frame, 7) for frame in range(1, 8)]
    assert [s.name for s in found.extractor.sources] == ["appearance", "global", "pose", "beta", "kp2d", "clip", "dino"]
    for one in weights:
        rows = found.features[one.source.name]
        assert rows.shape == (7, one.source.size)
        assert np.isnan(rows[2]).all() and np.isfinite(np.delete(rows, 2, axis=0)).all()
        shown = video.frame(5)
        inputs = prepare(person_crop(shown, track.boxes[5], one.preparation), one.preparation)[None]
        np.testing.assert_allclose(rows[5], PersonNetwork(one, "cpu").embed(inputs)[0], atol=1e-5)
        assert np.abs(rows[5] - rows[4]).max() > 1e-4
    np.testing.assert_array_equal(found.features["appearance"], track.features["appearance"])


def test_that_a_part_of_the_video_gets_its_own_frames(brought: Path, video: Video, track: HumanTrack) -> None:
    describer = PersonDescriber([find_weights("clip")], "cpu")
    whole = describer.describe(track, video, range(7))
    boxes = replace(track, times=track.times[3:6], boxes=track.boxes[3:6], keypoints=track.keypoints[3:6], presence=track.presence[3:6])
    part = describer.describe(boxes, video, range(3, 6))
    np.testing.assert_allclose(part.features["clip"], whole.features["clip"][3:6], atol=1e-5)


def test_that_cancelling_ends_the_work(brought: Path, video: Video, track: HumanTrack) -> None:
    with pytest.raises(Cancelled):
        PersonDescriber([find_weights("clip")], "cpu").describe(track, video, range(7), cancelled=lambda: True)


def test_that_other_weights_are_another_space_and_another_entry_of_the_cache(brought: Path) -> None:
    first = find_weights("clip")
    assert first.source == Source("clip", f"clip-{first.digest[:8]}", 512)
    assert find_weights("clip") == first
    keys = {described_key("a", (first,)), described_key("b", (first,)), described_key("a", (first, find_weights("dino")))}
    write_clip(brought / "clip", seed=1)
    assert find_weights("clip").source.space != first.source.space
    assert len(keys | {described_key("a", (find_weights("clip"),))}) == 4
    assert described_key("a", ()) == "a"


def test_that_another_preparation_is_another_space_and_another_spelling_is_not(brought: Path) -> None:
    path, config = brought / "clip" / "preprocessor_config.json", brought / "clip" / "config.json"
    first = find_weights("clip").source.space
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "size": {"shortest_edge": 32}, "crop_size": {"height": 32, "width": 32}}))
    config.write_text(json.dumps({**json.loads(config.read_text()), "transformers_version": "4.0.0"}))
    assert find_weights("clip").source.space == first
    path.write_text(json.dumps({**content, "image_mean": [0.5, 0.5, 0.5]}))
    assert find_weights("clip").source.space != first


def test_that_sources_the_extractor_gives_need_no_weights() -> None:
    assert needed_weights([*SMALL_SOURCES, Source("clip", "tag-clip", 512)], ["clip"]) == ()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-300])


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


FAULTS = {
    "no folder": ("clip", None, None, r"source 'clip' is computed with weights that you bring, and config\.json is not in"),
    "no weights": ("clip", "model.safetensors", Path.unlink, r"model\.safetensors is not in .*: put the files config\.json"),
    "cut": ("clip", "model.safetensors", cut, r"model\.safetensors is damaged or holds no 'visual_projection\.weight'"),
    "another network": ("dino", "config.json", lambda path: edit(path, model_type="bert"), "type 'bert', which cannot serve 'dino'"),
    "no JSON": ("dino", "config.json", lambda path: path.write_text("{"), r"config\.json cannot be read as JSON"),
    "no mean": ("dino", "preprocessor_config.json", lambda path: path.write_text('{"size": 28}'), "does not say how pictures are prepared"),
    "crop too large": ("clip", "preprocessor_config.json", lambda path: edit(path, crop_size=40), "impossible sizes"),
    "another filter": ("clip", "preprocessor_config.json", lambda path: edit(path, resample=0), "does not say how pictures are prepared"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_that_weights_that_cannot_be_used_get_their_own_sentence(brought: Path, fault: str) -> None:
    name, file, spoil, sentence = FAULTS[fault]
    if file is None:
        (brought / "clip").rename(brought / "elsewhere")
    else:
        spoil(brought / name / file)  # type: ignore[misc]
    with pytest.raises(ExtractionError, match=sentence):
        find_weights(name)


@pytest.mark.parametrize("change", [{"hidden_size": 384}, {"num_hidden_layers": 2}, {"num_attention_heads": 7}])
def test_that_weights_of_another_configuration_are_refused(brought: Path, change: dict[str, int]) -> None:
    edit(brought / "dino" / "config.json", **change)
    with pytest.raises(ExtractionError, match=r"model\.safetensors does not fit config\.json beside it"):
        PersonNetwork(find_weights("dino"), "cpu")


def test_that_pictures_of_a_size_the_network_does_not_take_are_refused(brought: Path) -> None:
    edit(brought / "clip" / "preprocessor_config.json", size=64, crop_size=64)
    with pytest.raises(ExtractionError, match="does not fit config"):
        PersonNetwork(find_weights("clip"), "cpu")


def test_that_a_pickle_beside_the_weights_is_never_read(brought: Path) -> None:
    (brought / "clip" / "model.safetensors").rename(brought / "clip" / "pytorch_model.bin")
    with pytest.raises(ExtractionError, match=r"model\.safetensors is not in"):
        find_weights("clip")


def test_that_an_absent_library_is_said_with_the_way_to_install_it(brought: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ExtractionError, match=r"needs the package transformers: pip install 'telltale\[embedders\]'"):
        PersonNetwork(find_weights("clip"), "cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_that_a_device_that_is_not_there_is_said(brought: Path) -> None:
    with pytest.raises(ExtractionError, match="There is no CUDA device here"):
        PersonNetwork(find_weights("clip"), "cuda")
