"""The tag-files extractor: features with their video, without it, and what is said when they are not there."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from core.analysis import Analysis
from core.embedding import embed
from core.events import AnalysisRequest, Event, Failed, Finished
from core.extraction import Cancelled, ExtractionError, create_extractor
from core.manifold import ManifoldError, check_track, load_manifold, save_manifold
from core.motion import track_features
from core.pipeline import run
from core.scores import score
from core.skeletons import OPENPOSE_BODY
from core.store import Store
from core.tag_data import FeatureFolders
from core.tag_manifold import tag_manifold
from core.tag_track import NO_KEYPOINTS, NOT_SINGLE
from core.track import HumanTrack, Presence
from core.video import Video, VideoError, open_video
from tests.tag_folders import keypoint_rows, mesh_arrays, write_checkpoint, write_embeddings, write_features, write_real


def write_video(path: Path, frames: int = 40, rate: int = 30) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for index in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((64, 96, 3), 40 + index, np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    return path


def extracted(video: Video, folders: FeatureFolders | None, frames: range | None = None) -> HumanTrack:
    extractor = create_extractor("tag-files", "auto", video, folders)
    return extractor.extract(
        video, frames or range(len(video)), progress=lambda done, total: None, partial=lambda track: None, cancelled=lambda: False
    )


@pytest.fixture
def folders(tmp_path: Path) -> FeatureFolders:
    return FeatureFolders(tmp_path / "kps", tmp_path / "meshes")


@pytest.fixture
def clip(tmp_path: Path, folders: FeatureFolders) -> Path:
    """A video of 40 frames whose features leave out the frames 3 and 4, and whose key points end at frame 36."""
    assert folders.meshes is not None
    write_features(folders.meshes, folders.keypoints, "clip", left_out=(3, 4))
    np.save(folders.keypoints / "clip" / "keypoints.npy", keypoint_rows(37))
    return write_video(tmp_path / "clip.mp4")


def test_that_each_frame_of_the_video_has_its_own_row(clip: Path, folders: FeatureFolders) -> None:
    with open_video(clip) as video:
        track = extracted(video, folders)
    assert track.size == (96, 64)
    arrays, points = mesh_arrays(40), keypoint_rows(37)
    for frame in (0, 2, 5, 36):
        np.testing.assert_array_equal(track.body_pose[frame], arrays["pose"][frame])
        np.testing.assert_array_equal(track.features["vit"][frame], arrays["vit"][frame])
        np.testing.assert_allclose(track.keypoints[frame].ravel(), points[frame] * np.tile([96, 64], 60), rtol=1e-6)
    np.testing.assert_allclose(track.times, np.arange(40) / 30, atol=1e-6)


def test_that_frames_without_a_row_have_no_presence_and_a_reason(clip: Path, folders: FeatureFolders) -> None:
    with open_video(clip) as video:
        track = extracted(video, folders)
    reasons = {frame: reason for frame, reason in enumerate(track.reasons) if reason is not None}
    assert reasons == {3: NOT_SINGLE, 4: NOT_SINGLE, 37: NO_KEYPOINTS, 38: NO_KEYPOINTS, 39: NO_KEYPOINTS}
    assert {frame for frame, value in enumerate(track.presence) if value is Presence.NONE} == set(reasons)
    assert np.flatnonzero(~track.seen()).tolist() == list(reasons)
    assert np.isnan(track.body_pose[3]).all()
    assert np.isnan(track.points3d[3]).all()


def test_that_the_sources_name_the_spaces_of_the_authors_files(clip: Path, folders: FeatureFolders) -> None:
    with open_video(clip) as video:
        track = extracted(video, folders)
    assert [(s.name, s.space, s.size) for s in track.extractor.sources] == [
        ("vit", "tokenhmr-token", 6), ("global", "smpl", 9), ("pose", "smpl", 207), ("beta", "smpl", 10), ("kp2d", "openpose-60", 120),
    ]  # fmt: skip


def test_that_a_manifold_of_another_extractor_is_refused_by_name(clip: Path, folders: FeatureFolders) -> None:
    from tests.synthetic_tracks import blank_manifold

    with open_video(clip) as video, pytest.raises(ManifoldError, match="needs the source 'appearance', which the extractor 'tag-files'"):
        check_track(blank_manifold(), extracted(video, folders))


def test_that_a_range_is_the_part_of_the_whole(clip: Path, folders: FeatureFolders) -> None:
    with open_video(clip) as video:
        whole, part = extracted(video, folders), extracted(video, folders, range(2, 9))
    assert len(part) == 7
    np.testing.assert_array_equal(part.keypoints, whole.keypoints[2:9])
    assert part.presence == whole.presence[2:9]


def test_that_a_cancelled_reading_ends(clip: Path, folders: FeatureFolders) -> None:
    with open_video(clip) as video, pytest.raises(Cancelled):
        create_extractor("tag-files", "auto", video, folders).extract(
            video, range(5), progress=lambda done, total: None, partial=lambda track: None, cancelled=lambda: True
        )


def test_that_unseen_points_reach_the_encoder_as_they_are_in_the_file(tmp_path: Path, folders: FeatureFolders) -> None:
    assert folders.meshes is not None
    write_features(folders.meshes, folders.keypoints, "clip")
    rows = keypoint_rows(40)
    neck, hand = OPENPOSE_BODY.index("neck"), 25
    for point in (neck, hand):
        rows[:, 2 * point : 2 * point + 2] = -1
    np.save(folders.keypoints / "clip" / "keypoints.npy", rows)
    with open_video(folders.meshes / "clip.npz") as video:
        track = extracted(video, folders)
    assert track.scored().all()
    assert (track.keypoint_scores[:, [neck, hand]] == 0).all()
    np.testing.assert_array_equal(track_features(track, ["kp2d"], "authors")["kp2d"], rows)


def test_that_other_content_of_the_files_is_another_setting(clip: Path, folders: FeatureFolders) -> None:
    with open_video(clip) as video:
        before = create_extractor("tag-files", "auto", video, folders).settings
        np.save(folders.keypoints / "clip" / "keypoints.npy", keypoint_rows(37, seed=1))
        assert create_extractor("tag-files", "auto", video, folders).settings != before


def test_that_embeddings_are_sources_of_the_track_and_settings_of_the_extractor(clip: Path, folders: FeatureFolders) -> None:
    dino = folders.keypoints.parent / "dino"
    write_embeddings(dino, "dino", "clip")
    with open_video(clip) as video:
        plain = create_extractor("tag-files", "auto", video, folders)
        track = extracted(video, replace(folders, dino=dino))
        settings = create_extractor("tag-files", "auto", video, replace(folders, dino=dino)).settings
        write_embeddings(dino, "dino", "clip", seed=1)
        changed = create_extractor("tag-files", "auto", video, replace(folders, dino=dino)).settings
    assert [source.name for source in track.extractor.sources] == ["vit", "global", "pose", "beta", "kp2d", "dino"]
    np.testing.assert_allclose(track.features["dino"][[0, 2, 5, 36], 0] * 1000, [0, 2, 5, 36], atol=1e-4)
    assert np.isnan(track.features["dino"][[3, 4, 37]]).all()
    assert len({str(each["files"]) for each in (plain.settings, settings, changed)}) == 3


def test_that_features_without_a_video_have_black_pictures_and_say_so(clip: Path, folders: FeatureFolders) -> None:
    assert folders.meshes is not None
    with open_video(folders.meshes / "clip.npz") as video:
        assert len(video) == 40
        assert video.timebase.fps == pytest.approx(25.0)
        assert not video.frame(39).any()
        assert [index for index, _ in video.frames(37)] == [37, 38, 39]
        assert "features without their video" in video.notes[0]
        # The input itself is the mesh file: only the key points have to be named.
        track = extracted(video, FeatureFolders(folders.keypoints))
    np.testing.assert_array_equal(track.keypoints[0].ravel(), keypoint_rows(1)[0] * np.tile([1024, 512], 60).astype(np.float32))


def test_that_a_damaged_mesh_file_as_input_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"\x80\x04 no archive")
    with pytest.raises(VideoError, match=r"a\.npz is a pickle and not an npz"):
        open_video(tmp_path / "a.npz")


def test_that_absent_features_are_said_clearly(clip: Path, folders: FeatureFolders, tmp_path: Path) -> None:
    assert folders.meshes is not None
    with open_video(write_video(tmp_path / "other.mp4", frames=3)) as other:
        for named, sentence in (
            (None, "give the folders with --meshes and --keypoints"),
            (FeatureFolders(folders.keypoints), "no folder of meshes is named: give --meshes"),
            (folders, r"holds no features of other\.mp4: it has neither other\.npz nor <class>/other\.npz"),
        ):
            with pytest.raises(ExtractionError, match=sentence):
                extracted(other, named)
    with open_video(folders.meshes / "clip.npz") as video, pytest.raises(ExtractionError, match="give its key points with --keypoints"):
        extracted(video, None)


@pytest.mark.parametrize("frames", [38, 12])
def test_that_features_behind_the_end_of_the_video_are_noted_or_another_clip(tmp_path: Path, folders: FeatureFolders, frames: int) -> None:
    assert folders.meshes is not None
    write_features(folders.meshes, folders.keypoints, "clip")
    with open_video(write_video(tmp_path / "clip.mp4", frames)) as video:
        if frames == 38:
            extractor = create_extractor("tag-files", "auto", video, folders)
            assert extractor.notes == ("2 rows of the features lie behind the last frame of the video and are left out.",)  # type: ignore[attr-defined]
            assert len(extracted(video, folders)) == 38
        else:
            with pytest.raises(ExtractionError, match="go to frame 39, the video ends at frame 11: they belong to another clip"):
                extracted(video, folders)


def analysed(request: AnalysisRequest, tmp_path: Path) -> Analysis | str:
    events: list[Event] = []
    run(request, events.append, lambda: False, Store(tmp_path / "cache"), "job")
    last = events[-1]
    assert isinstance(last, Finished | Failed)
    return last.analysis if isinstance(last, Finished) else last.sentence


@pytest.fixture(scope="module")
def small_manifold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("manifold")
    manifold, _ = tag_manifold(write_checkpoint(folder / "model.pt"), *write_real(folder, {"PushUps": 3, "PullUps": 2}), "small")
    save_manifold(manifold, folder / "small.manifold")
    return folder / "small.manifold"


def test_that_an_analysis_of_a_video_with_features_has_scores_curves_and_notes(
    clip: Path, folders: FeatureFolders, small_manifold: Path, tmp_path: Path
) -> None:
    request = AnalysisRequest(clip, extractor="tag-files", manifold=small_manifold, features=folders)
    analysis = analysed(request, tmp_path)
    assert isinstance(analysis, Analysis)
    assert analysis.scores.reason is None
    assert set(analysis.scores.action_consistency) == {"PullUps", "PushUps"}
    assert np.isfinite(analysis.curves.step[5:36]).all()
    assert "The key points end at frame 36, the meshes at frame 39" in analysis.video.notes[0]


def test_that_a_mesh_file_needs_the_extractor_that_reads_it(
    clip: Path, folders: FeatureFolders, tmp_path: Path, small_manifold: Path
) -> None:
    assert folders.meshes is not None
    request = AnalysisRequest(folders.meshes / "clip.npz", manifold=small_manifold)
    assert analysed(request, tmp_path) == "clip.npz holds features and no pictures: choose the extractor 'tag-files'."


def test_that_the_analysis_of_features_scores_as_the_released_code(
    shared: Path, tmp_path: Path, make_track_of: Callable[[Path], HumanTrack]
) -> None:
    oracle = shared / "oracle" / "tag_small"
    manifold, _ = tag_manifold(oracle / "model.pt", oracle / "real_meshes", oracle / "real_kps", "small")
    save_manifold(manifold, tmp_path / "small.manifold")
    manifold = load_manifold(tmp_path / "small.manifold")
    for name, expected in json.loads((oracle / "expected.json").read_text())["scores"].items():
        scores = score(embed(make_track_of(oracle / "generated_meshes" / f"{name}.npz"), manifold), manifold)
        assert scores.temporal_coherence == pytest.approx(expected["tc"], abs=1e-5)
        action = next(c for c in manifold.classes if c.lower() in name.lower())
        assert scores.action_consistency[action] == pytest.approx(expected["ac"], abs=1e-5)


@pytest.fixture
def make_track_of(shared: Path) -> Callable[[Path], HumanTrack]:
    def track_of(path: Path) -> HumanTrack:
        with open_video(path) as video:
            return extracted(video, FeatureFolders(shared / "oracle" / "tag_small" / "generated_kps"))

    return track_of
