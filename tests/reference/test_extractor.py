"""The assembled extractor on real pictures: files in the folder of models, as a user's lie there, to a track and its scores."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cli import main
from core.events import AnalysisRequest, Partial
from core.extraction import Cancelled, ExtractionError, create_extractor
from core.extraction.reference import extractor as assembly
from core.extraction.reference.extractor import Reference
from core.extraction.reference.persons import Persons
from core.extraction.reference.settings import ReferenceSettings
from core.extraction.reference.tokenhmr.prediction import MeshPrediction
from core.extraction.reference.torchvision_ops import import_torchvision
from core.manifold import ManifoldError, save_manifold
from core.pipeline import analyze, track_key
from core.skeletons import KEYPOINTS
from core.store import Store
from core.tag_data import tag_sources
from core.timebase import FrameIndex
from core.track import HumanTrack, Presence, Source
from core.user_models.folder import VARIABLE
from core.video import Video, open_video

if not (find_spec("onnxruntime") and find_spec("onnx")):
    pytest.skip("onnxruntime and onnx are not installed (extras reference, reference-dev)", allow_module_level=True)

from tests.reference.films import SQUARE, left_edges, signalled, square, write_film
from tests.reference.small_networks import save_brightest, save_light_finder, save_signalled
from tests.synthetic_tracks import blank_manifold

KEY_POINTS = (Source("kp2d", "openpose-60", 120),)
# A fifth of the published sizes, and a little more: smaller files are taken for cut short.
POSE_BYTES, YOLOX_BYTES = 30_000_000, 50_000_000
BOXES = np.array([[420, 60, 860, 700], [900, 200, 1200, 600], [100, 300, 300, 600]], np.float32)
# Who is seen in each frame of `acted`.
ACTS = ["A"] * 8 + ["AB"] * 5 + ["B"] * 3 + ["AB"] * 4 + [""] * 8 + ["B"] * 4 + ["A"] * 4


@pytest.fixture(scope="module")
def small_pose(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_brightest(tmp_path_factory.mktemp("networks") / "pose.onnx", padding=POSE_BYTES)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where the reference extractor looks, empty."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "models"))
    folder = tmp_path / "models" / "reference"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def with_pose(models: Path, small_pose: Path) -> Path:
    (models / "dw-ll_ucoco_384.onnx").hardlink_to(small_pose)
    return models


@pytest.fixture(scope="module")
def clip(shared: Path) -> Path:
    return shared / "clips" / "gen_squat.mp4"


@pytest.fixture(scope="module")
def acted(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cut of a real clip whose corner tells who is to be seen."""
    with open_video(clip) as video:
        pictures = [picture.copy() for _, picture in islice(video.frames(), len(ACTS))]
    return write_film(tmp_path_factory.mktemp("film") / "acted.mp4", signalled(pictures, ACTS))


@pytest.fixture(scope="module")
def swinging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("film") / "square.mp4", map(square, left_edges(60)))


@pytest.fixture
def opened() -> Iterator[Callable[[Path], Video]]:
    videos = []

    def keep(path: Path) -> Video:
        videos.append(open_video(path))
        return videos[-1]

    yield keep
    for video in videos:
        video.close()


def extract(extractor: Any, video: Video, frames: range | None = None, **more: Any) -> HumanTrack:
    calls = {"progress": lambda done, total: None, "partial": lambda track: None, "cancelled": lambda: False} | more
    return extractor.extract(video, range(len(video)) if frames is None else frames, **calls)


def reference(**settings: Any) -> Reference:
    made = create_extractor("reference", "cpu", reference=ReferenceSettings(**settings))
    assert isinstance(made, Reference)
    return made


# -- key points only


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


# -- meshes


class StraightBody:
    """In the place of the mesh network: everybody stands upright; the token tells the crop's mean colour, the betas its number."""

    def __init__(self) -> None:
        self.seen = 0

    def predict(self, images: Any) -> MeshPrediction:
        count = len(images)
        numbers = np.arange(self.seen, self.seen + count, dtype=np.float32)
        self.seen += count
        eye, camera = np.eye(3, dtype=np.float32), np.tile(np.float32([0.9, 0.0, 0.0]), (count, 1))
        token = np.repeat(images.mean(dim=(1, 2, 3)).numpy()[:, None], 1024, axis=1)
        upright = np.tile(np.diag(np.float32([1, -1, -1])), (count, 1, 1))
        return MeshPrediction(token, upright, np.tile(eye, (count, 23, 1, 1)), np.repeat(numbers[:, None], 10, axis=1), camera)


def test_that_meshes_stand_in_the_frames_and_places_they_are_of(
    with_pose: Path, acted: Path, opened: Callable[[Path], Video], monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.camera import project
    from core.extraction.reference.networks import Networks

    extractor = reference(detector=save_signalled(with_pose / "signals.onnx", BOXES, (1280, 720)))
    networks = assembly.load_networks(extractor._setup, "cpu", extractor._settings)
    extractor._networks = Networks(networks.detector, None, StraightBody())  # type: ignore[arg-type]
    sources = tuple(source for source in tag_sources(1024) if source.name != "kp2d")
    extractor.info = replace(extractor.info, sources=sources)
    track = extract(extractor, opened(acted))
    shown = np.flatnonzero(np.isfinite(track.boxes[:, 0]))
    assert len(shown) == 25
    np.testing.assert_array_equal(track.betas[shown, 0], np.arange(25))
    assert np.isnan(track.betas[[13, 22]]).all() and np.isnan(track.features["vit"][[13, 22]]).all()
    assert track.features["vit"].shape == (len(ACTS), 1024)
    # Person B's crop is another one than A's.
    assert abs(track.features["vit"][29, 0] - track.features["vit"][35, 0]) > 0.05
    # A camera that looks at the crop's middle puts the body's origin at the middle of the box.
    for frame in (0, 29):
        middle = (track.boxes[frame, :2] + track.boxes[frame, 2:]) / 2
        np.testing.assert_allclose(project(track.translation[frame][None], track.intrinsics[frame])[0], middle, atol=0.5)
    # Without key points of their own, tracks show the joints of the mesh.
    assert track.seen().tolist() == np.isfinite(track.boxes[:, 0]).tolist()
    nose = KEYPOINTS.index("nose")
    assert np.isnan(track.keypoints[0, nose]).all()
    knee = track.keypoints[0, KEYPOINTS.index("left_knee")]
    assert BOXES[0][0] < knee[0] < BOXES[0][2] and BOXES[0][1] < knee[1] < BOXES[0][3] + 50


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("mmpose"), reason="mmpose is not installed (make setup-reference)")
def test_that_all_sources_at_full_size_are_judged_by_a_manifold_of_a_tag_checkpoint(
    models: Path, shared: Path, acted: Path, tmp_path: Path
) -> None:
    """Needs 9 GB of memory and 3 GB of disk; a few minutes."""
    from tests.reference.random_models import export_pose, random_pose, write_mesh

    export_pose(random_pose(), models / "dw-ll_ucoco_384.onnx")
    mesh_files = write_mesh(models)
    save_signalled(models / "yolox_l.onnx", BOXES, (1280, 720), YOLOX_BYTES)
    oracle, manifold = shared / "oracle" / "tag_small", tmp_path / "tag.manifold"
    real = ["--real-meshes", oracle / "real_meshes", "--real-keypoints", oracle / "real_kps"]
    words = ["tag", "manifold", *real, "--checkpoint", oracle / "model.pt", "--out", manifold]
    assert main([str(word) for word in words]) == 0
    request = AnalysisRequest(acted, "reference", manifold, frames=(4, 13), allow_many=True, device="cpu")
    store = Store(tmp_path / "cache")
    analysis = analyze(request, lambda event: None, lambda: False, store, "job")
    for path in mesh_files:
        path.unlink()
    track = analysis.track
    assert track.extractor.sources == tag_sources(1024)
    assert [str(value) for value in track.presence[4:13]] == ["ok"] * 4 + ["many"] * 5
    seen = slice(4, 13)
    assert np.isfinite(track.features["vit"][seen]).all() and track.features["vit"][seen].std(axis=0).mean() > 1e-3
    turns = np.concatenate([track.global_orient[seen, None], track.body_pose[seen]], axis=1)
    np.testing.assert_allclose(turns @ turns.swapaxes(-1, -2), np.broadcast_to(np.eye(3), turns.shape), atol=1e-5)
    assert np.isfinite(track.keypoints[seen]).all() and np.isfinite(track.translation[seen]).all()
    assert analysis.scores.temporal_coherence is not None and 0 <= analysis.scores.temporal_coherence <= 2
    assert set(analysis.scores.action_consistency) == {"JumpingJack", "PushUps", "TennisSwing"}
    assert set(analysis.curves.attention) == {"vit", "global", "pose", "beta", "kp2d"}
    assert analysis.video.notes == ()


# -- persons


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


class Counting:
    """The detector it is given, with a note of what went through."""

    def __init__(self, detector: Any) -> None:
        self.detector, self.pictures = detector, 0

    def detect(self, pictures: Sequence[np.ndarray]) -> list[Persons]:
        self.pictures += len(pictures)
        return self.detector.detect(pictures)


def counted(extractor: Reference) -> Counting:
    networks = assembly.load_networks(extractor._setup, "cpu", extractor._settings)
    counting = Counting(networks.detector)
    extractor._networks = replace(networks, detector=counting)
    return counting


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


# -- while it runs


def test_that_it_stops_within_a_batch(with_pose: Path, clip: Path, opened: Callable[[Path], Video]) -> None:
    extractor, video = reference(), opened(clip)
    networks = assembly.load_networks(extractor._setup, "cpu", extractor._settings)
    assert networks.pose is not None
    located: list[int] = []
    original = networks.pose.locate

    def locate(crops: Sequence[Any]) -> Any:
        located.append(len(crops))
        return original(crops)

    networks.pose.locate = locate  # type: ignore[method-assign]
    extractor._networks = networks

    def cancelled() -> bool:
        return len(located) == 2

    with pytest.raises(Cancelled):
        extract(extractor, video, range(64), cancelled=cancelled)
    assert located == [4, 4]


def test_that_the_search_for_persons_stops_too(with_pose: Path, acted: Path, opened: Callable[[Path], Video]) -> None:
    extractor = reference(detector=save_signalled(with_pose / "signals.onnx", BOXES, (1280, 720)))
    counting = counted(extractor)
    with pytest.raises(Cancelled):
        extract(extractor, opened(acted), cancelled=lambda: counting.pictures == 3)
    assert counting.pictures == 3


def test_that_partial_tracks_hold_what_was_read(
    with_pose: Path, clip: Path, opened: Callable[[Path], Video], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assembly, "_PARTIAL_SECONDS", 0.0)
    parts: list[HumanTrack] = []
    whole = extract(reference(), opened(clip), range(10, 20), partial=parts.append)
    assert [int(part.seen().sum()) for part in parts] == [4, 8, 10]
    assert parts[0].presence == (Presence.OK,) * 4 + (Presence.NONE,) * 6
    assert parts[0].reasons[4] == "This frame is not read yet."
    np.testing.assert_array_equal(parts[1].keypoints[:8], whole.keypoints[:8])


# -- what is remembered


def test_that_the_cache_tells_weights_and_settings_apart(with_pose: Path, tmp_path: Path) -> None:
    def key(**settings: Any) -> str:
        return track_key("0" * 64, reference(**settings), range(10))

    first = key()
    assert key() == first
    assert len({first, key(variant="corrected"), key(detect_every=2), key(precision="bfloat16")}) == 4
    pose = with_pose / "dw-ll_ucoco_384.onnx"
    content = bytearray(pose.read_bytes())
    pose.unlink()  # it is the one that all tests share
    pose.write_bytes(content)
    assert key() == first  # the same weights in another file
    content[-20] ^= 1
    pose.write_bytes(content)
    assert key() != first


def test_that_what_is_known_is_not_extracted_again(with_pose: Path, clip: Path, tmp_path: Path) -> None:
    manifold = tmp_path / "points.manifold"
    save_manifold(blank_manifold(fps=None, sources=KEY_POINTS), manifold)
    request = AnalysisRequest(clip, "reference", manifold, frames=(0, 40), device="cpu")
    store, events = Store(tmp_path / "cache"), []
    first = analyze(request, events.append, lambda: False, store, "one")
    assert first.scores.temporal_coherence is not None and first.scores.reason is None
    assert first.scores.nearest_class in ("Squat", "Walk") and len(first.scores.windows) == 2
    assert np.isfinite(first.curves.step[1:40]).all()
    assert any("no person detector" in note for note in first.video.notes)
    again = analyze(replace(request, reference=ReferenceSettings()), events.append, lambda: False, store, "two")
    np.testing.assert_array_equal(again.track.keypoints, first.track.keypoints)
    assert not [event for event in events if isinstance(event, Partial) and event.job == "two"]
    assert again.created == first.created


def test_that_a_manifold_that_needs_meshes_is_refused_before_the_clip_is_read(with_pose: Path, clip: Path, tmp_path: Path) -> None:
    manifold = tmp_path / "tag.manifold"
    save_manifold(blank_manifold(fps=None, sources=tag_sources(1024)), manifold)
    request = AnalysisRequest(clip, "reference", manifold, device="cpu")
    with pytest.raises(ManifoldError, match=r"needs the source 'vit'.*TokenHMR is not ready: tokenhmr_model_latest\.ckpt is missing"):
        analyze(request, lambda event: None, lambda: False, Store(tmp_path / "cache"), "job")


# -- what is not ready


def test_that_without_models_it_says_what_to_do(models: Path) -> None:
    with pytest.raises(ExtractionError, match=r"^The reference extractor has no models yet: put DWPose for key points"):
        reference()


def test_that_a_gpu_that_is_not_there_is_refused(with_pose: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a GPU")
    with pytest.raises(ExtractionError, match="choose --device cpu"):
        create_extractor("reference", "cuda")
    assert create_extractor("reference", "auto").info.device == "cpu"
