"""NMI, sensitivity, attention and maps over labelled tracks of made-up motion."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.cache_keys import track_key
from core.embedding import embed
from core.evaluation.attention import attention_by_class, attention_of_analyses, attention_of_tracks
from core.evaluation.errors import EvaluationError
from core.evaluation.labelled_tracks import read_labelled_tracks, with_spelling_of
from core.evaluation.maps import map_json, map_of_tracks, read_map
from core.evaluation.nmi import cluster_windows
from core.evaluation.sensitivity import sensitivity
from core.extraction import create_extractor
from core.scores import action_consistency
from core.store import TRACK, Store
from core.track import Source, slice_track, track_arrays
from core.training.dataset import LabelledClip
from core.video import file_sha256
from tests.synthetic_tracks import SMALL_SOURCES, blank_manifold, moving_track
from tests.tag_folders import write_real, write_real_embeddings
from tests.tiny_extractor import write_clip

MANIFOLD = blank_manifold(sources=SMALL_SOURCES)


def clip(action: str, seed: int, frames: int = 48) -> LabelledClip:
    number = ("Jump", "Squat", "Walk").index(action)
    return LabelledClip(f"M{seed % 2}_{action}_{seed:02d}", action, f"p{seed}", moving_track(number, seed, frames, sources=SMALL_SOURCES))


def apart(action: str, seed: int) -> LabelledClip:
    """A clip whose class shows in every window: shape far from that of the other class."""
    one = clip(action, seed)
    return replace(one, track=replace(one.track, betas=np.full_like(one.track.betas, 20.0 if action == "Walk" else -20.0)))


def still(action: str, seed: int) -> LabelledClip:
    """A clip in which nothing moves."""
    one = clip(action, seed)
    first = np.zeros(len(one.track), int)
    names = ("keypoints", "global_orient", "body_pose", "betas")
    held = {name: getattr(one.track, name)[first] for name in names}
    return replace(one, track=replace(one.track, features={k: v[first] for k, v in one.track.features.items()}, **held))


CLIPS = tuple(clip(action, seed) for action in ("Jump", "Squat", "Walk") for seed in (1, 2))


def test_that_classes_which_part_by_themselves_have_nmi_1() -> None:
    found = cluster_windows([apart(action, seed) for action in ("Squat", "Walk") for seed in (1, 2, 3)], MANIFOLD)
    assert found.nmi == pytest.approx(1)
    assert found.counts.tolist() == [[9, 0], [0, 9]]
    assert (found.classes, found.clips, found.windows) == (("Squat", "Walk"), 6, 18)


def test_that_labels_which_mean_nothing_have_nmi_near_0() -> None:
    clips = [replace(apart(action, seed), action=label) for action in ("Squat", "Walk") for seed, label in ((1, "a"), (2, "b"))]
    assert cluster_windows(clips, MANIFOLD).nmi == pytest.approx(0, abs=1e-9)


def test_that_nmi_needs_two_classes() -> None:
    with pytest.raises(EvaluationError, match="NMI needs two classes"):
        cluster_windows([clip("Walk", 1)], MANIFOLD)


def test_that_what_does_not_move_cannot_be_shuffled_reversed_or_copied() -> None:
    for response in sensitivity([still("Walk", 1), still("Squat", 2)], MANIFOLD):
        assert response.ratio == pytest.approx(1, abs=1e-6)
        assert response.windows == 6


def test_that_every_distortion_has_ten_severities_and_follows_the_seed() -> None:
    clips = [clip("Walk", 1), clip("Squat", 2)]
    found = sensitivity(clips, MANIFOLD, most_windows=4, seed=1)
    kinds = {(one.distortion, one.severity) for one in found if one.score == "temporal_coherence"}
    assert len(kinds) == 31
    assert {one.windows for one in found} == {4}
    assert found == sensitivity(clips, MANIFOLD, most_windows=4, seed=1)
    full = {(one.distortion, one.score): one.ratio for one in found if one.severity == 1.0}
    # All frames shuffled make larger steps, a held frame makes smaller ones.
    assert full["shuffle", "temporal_coherence"] > 1.05
    assert full["copy", "temporal_coherence"] < 1


def test_that_action_consistency_is_left_out_for_classes_the_manifold_does_not_offer() -> None:
    assert {one.score for one in sensitivity([clip("Jump", 1)], MANIFOLD)} == {"temporal_coherence"}


def test_that_clips_shorter_than_a_window_are_refused() -> None:
    with pytest.raises(EvaluationError, match="32 scored frames"):
        sensitivity([clip("Walk", 1, frames=20)], MANIFOLD)


def test_that_attention_is_averaged_over_a_clips_windows_and_a_classs_clips() -> None:
    found = attention_of_tracks(CLIPS, MANIFOLD)
    assert [(one.clip, one.action) for one in found] == [(one.clip, one.action) for one in CLIPS]
    assert [sum(one.share.values()) for one in found] == pytest.approx([1] * 6)
    by_class = attention_by_class(found)
    assert list(by_class) == ["Jump", "Squat", "Walk", "all"]
    assert by_class["Squat"]["pose"] == pytest.approx((found[2].share["pose"] + found[3].share["pose"]) / 2)


def write_analysis(path: Path, video: str, action: str | None, attention: dict[str, list[float | None]]) -> None:
    path.mkdir()
    scores = {"temporal_coherence": 0.1, "action_consistency": {}}
    content = {"schema": 1, "video": {"path": video}, "action": action, "scores": scores, "attention": attention}
    (path / "analysis.json").write_text(json.dumps(content))


def test_that_a_clip_without_a_window_leaves_the_names_of_the_others_alone() -> None:
    short = replace(clip("Jump", 8, frames=20), clip="short")
    found = attention_of_tracks([short, *CLIPS], MANIFOLD)
    assert found == attention_of_tracks(CLIPS, MANIFOLD)


def test_that_clips_of_two_classes_with_one_name_are_told_apart(tmp_path: Path) -> None:
    for seed, name in enumerate(("Jump/01", "Walk/01", "Walk/02")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        np.savez(tmp_path / f"{name}.npz", **track_arrays(clip(name[:4], seed).track))
    found = attention_of_tracks(read_labelled_tracks(tmp_path).clips, MANIFOLD)
    assert [(one.clip, one.action) for one in found] == [("Jump/01.npz", "Jump"), ("Walk/01.npz", "Walk"), ("02.npz", "Walk")]


def test_that_attention_of_analyses_takes_known_frames_and_the_class_of_action_or_name(tmp_path: Path) -> None:
    write_analysis(tmp_path / "a", "x.mp4", "run", {"pose": [None, 0.25, 0.75], "beta": [None, 0.75, 0.25]})
    write_analysis(tmp_path / "b", "M_Walk_01.mp4", None, {"pose": [1.0], "beta": [0.0]})
    write_analysis(tmp_path / "c", "nobody.mp4", None, {"pose": [None], "beta": [None]})
    found = attention_of_analyses(tmp_path)
    assert [(one.clip, one.action, one.share) for one in found] == [
        ("x.mp4", "run", {"pose": 0.5, "beta": 0.5}),
        ("M_Walk_01.mp4", "Walk", {"pose": 1.0, "beta": 0.0}),
    ]
    assert attention_by_class(found)["all"] == {"pose": 0.75, "beta": 0.25}


def test_that_clips_of_two_manifolds_are_not_averaged(tmp_path: Path) -> None:
    write_analysis(tmp_path / "a", "x.mp4", "run", {"pose": [1.0]})
    write_analysis(tmp_path / "b", "y.mp4", "run", {"vit": [1.0]})
    with pytest.raises(EvaluationError, match=r"'y.mp4' has other sources than 'x.mp4'"):
        attention_by_class(attention_of_analyses(tmp_path))


def test_that_the_published_map_is_read_and_written_again_without_loss(shared: Path) -> None:
    path = shared / "oracle" / "tagbench" / "tsne_published.json"
    points = read_map(path)
    assert (len(points), sum(point.is_centroid for point in points)) == (265, 10)
    assert map_json(points) == json.loads(path.read_text())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({}, "is no list of"),
        ([{"kind": "gen"}], "entry 0 lacks 'class'"),
        ([{"kind": "real", "class": "a", "model": "b", "video_id": "c", "x": 0, "y": 0}], "of the kind 'real'"),
        ([{"kind": "gen", "class": "a", "model": "b", "video_id": "c", "x": None, "y": 0}], "x of entry 0 is None"),
    ],
)
def test_that_a_bad_map_file_is_refused(tmp_path: Path, content: object, sentence: str) -> None:
    path = tmp_path / "map.json"
    path.write_text(json.dumps(content))
    with pytest.raises(EvaluationError) as error:
        read_map(path)
    assert sentence in str(error.value)


def test_that_a_map_of_clips_holds_the_centroids_and_true_distances() -> None:
    dark = clip("Walk", 3)
    dark = replace(dark, clip="dark", track=replace(dark.track, keypoints=np.full_like(dark.track.keypoints, np.nan)))
    points, refused = map_of_tracks([*CLIPS, dark], MANIFOLD)
    assert [point.clip for point in points] == [*(one.clip for one in CLIPS), None, None]
    assert [point.action for point in points[6:]] == ["Squat", "Walk"]
    assert points[0].model == "M1"
    assert np.isnan(points[0].distance)  # the manifold has no class Jump
    z_cls = embed(CLIPS[2].track, MANIFOLD).z_cls
    assert points[2].distance == pytest.approx(action_consistency(z_cls, MANIFOLD.centroids[0]))
    assert refused == ("dark: No person was found in the clip, so it has no scores.",)
    assert np.isfinite([(point.x, point.y) for point in points]).all()


def test_that_tracks_come_from_class_folders_and_what_does_not_do_is_named(tmp_path: Path) -> None:
    (tmp_path / "Walk").mkdir()
    np.savez(tmp_path / "Walk" / "a.npz", **track_arrays(clip("Walk", 1).track))
    (tmp_path / "Walk" / "b.npz").write_bytes(b"no npz")
    write_clip(tmp_path / "Walk" / "c.mp4", frames=4)
    found = read_labelled_tracks(tmp_path, store=Store(tmp_path / ".cache"))
    assert [(one.clip, one.action, len(one.track)) for one in found.clips] == [("a.npz", "Walk", 48)]
    assert "b.npz is no track of Telltale" in found.refused[0]
    assert "c.mp4 was not analysed yet: run 'main.py analyze" in found.refused[1]


def test_that_videos_extracted_for_training_are_found_in_the_cache(tmp_path: Path) -> None:
    store = Store(tmp_path / ".cache")
    (tmp_path / "Walk").mkdir()
    clip = write_clip(tmp_path / "Walk" / "a.mp4", frames=40)
    track, sha256 = moving_track(frames=40), file_sha256(clip)
    store.save(TRACK, track_key(sha256, create_extractor("blazepose", "cpu"), range(40)), track, video=clip.name, sha256=sha256)
    (tmp_path / "Walk" / "letter.txt").write_text("no video")
    found = read_labelled_tracks(tmp_path, store=store)
    np.testing.assert_array_equal(found.clips[0].track.keypoints, track.keypoints)
    assert [(clip.clip, clip.action) for clip in found.clips] == [("a.mp4", "Walk")]
    assert len(found.refused) == 1 and "letter.txt" in found.refused[0]


def test_that_an_index_of_tracks_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **track_arrays(slice_track(clip("Walk", 1).track, slice(0, 5))))
    (tmp_path / "index.json").write_text(json.dumps([{"file": "a.npz", "clip": "a", "action": "Walk", "subject": "p"}]))
    (found,) = read_labelled_tracks(tmp_path).clips
    assert (found.clip, found.action, found.subject, len(found.track)) == ("a", "Walk", "p", 5)
    (tmp_path / "index.json").write_text('[{"file": "a.npz"}]')
    with pytest.raises(EvaluationError, match=r"index.json is no list of"):
        read_labelled_tracks(tmp_path)


def test_that_an_empty_folder_and_no_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="holds no class folder with a clip that can be used"):
        read_labelled_tracks(tmp_path)
    with pytest.raises(EvaluationError, match="is no folder"):
        read_labelled_tracks(tmp_path / "none")


def test_that_feature_files_of_the_tag_scripts_are_read_in_both_layouts(shared: Path) -> None:
    folder = shared / "oracle" / "tag_small"
    real = read_labelled_tracks(folder / "real_meshes", folder / "real_kps")
    assert sorted({one.action for one in real.clips}) == ["JumpingJack", "PushUps", "TennisSwing"]
    generated = with_spelling_of(read_labelled_tracks(folder / "generated_meshes", folder / "generated_kps"), ("TennisSwing",))
    assert [one.action for one in generated.clips] == ["JumpingJack", "TennisSwing", "TennisSwing", "PushUps"]
    with pytest.raises(EvaluationError, match="There is no folder"):
        read_labelled_tracks(folder / "real_meshes", folder / "none")


def test_that_embeddings_beside_feature_files_become_sources_of_their_tracks(tmp_path: Path) -> None:
    folders = write_real(tmp_path, {"PushUps": 2})
    clip = write_real_embeddings(tmp_path / "clip", {"PushUps": 2}, "clip")
    tracks = read_labelled_tracks(*folders, embeddings={"clip": clip})
    assert [one.track.extractor.sources[-1] for one in tracks.clips] == [Source("clip", "tag-clip", 512)] * 2
    (clip / "PushUps" / "v_PushUps_g01_c01" / "clip_embeddings.npz").unlink()
    found = read_labelled_tracks(*folders, embeddings={"clip": clip})
    assert len(found.clips) == 1
    assert "v_PushUps_g01_c01 has no clip embeddings" in found.refused[0]
