"""Scores from feature files against what the released code computes, its split, and its matching of names."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.embedding import clip_rows, cut_rows, window_rows
from core.encoder import Encoder
from core.evaluation.errors import EvaluationError
from core.manifold import ManifoldError, encoder_config
from core.tag_agreement import tag_agreement
from core.tag_data import ClipFiles, TagDataError, list_clips, read_clip, tag_sources
from core.tag_manifold import tag_manifold
from core.tag_model import TagModel, build_model, released_split
from core.tag_score import class_of, score_clips, scores_json
from core.track import Source
from core.windows import cut_windows, window_starts
from tests.tag_folders import keypoint_rows, write_checkpoint, write_features, write_real


@pytest.fixture(scope="module")
def oracle(shared: Path) -> Path:
    return shared / "oracle" / "tag_small"


@pytest.fixture(scope="module")
def facts(oracle: Path) -> dict:
    return json.loads((oracle / "expected.json").read_text())


@pytest.fixture(scope="module")
def released(oracle: Path) -> TagModel:
    return build_model(oracle / "model.pt", oracle / "real_meshes", oracle / "real_kps")


@pytest.mark.parametrize("alignment", ["frame_idx", "authors"])
def test_that_both_scores_are_those_of_the_released_code(oracle: Path, facts: dict, alignment: str) -> None:
    model = build_model(oracle / "model.pt", oracle / "real_meshes", oracle / "real_kps", alignment)
    scores = score_clips(model, oracle / "generated_meshes", oracle / "generated_kps", alignment)
    assert scores.missing == {}
    found = scores_json(scores)
    assert list(found) == sorted(facts["scores"])
    for name, expected in facts["scores"].items():
        assert found[name] == pytest.approx(expected, abs=1e-5)


def test_that_split_and_classes_are_those_of_the_released_code(facts: dict, released: TagModel) -> None:
    assert sorted(clip.meshes.name for clip in released.training) == sorted(facts["train_videos"])
    assert sorted(clip.meshes.name for clip in released.held_out) == sorted(facts["test_videos"])
    assert released.manifold.classes == tuple(facts["labels"])


def test_that_statistics_and_centroids_are_those_of_the_released_code(oracle: Path, released: TagModel) -> None:
    with np.load(oracle / "expected.npz", allow_pickle=False) as expected:
        np.testing.assert_allclose(released.manifold.centroids, expected["centroids"], atol=1e-5)
        for values, kind in ((released.manifold.mean, "mean"), (released.manifold.std, "std")):
            parts = [expected[f"stats_{n}_{p}_{kind}"] for p in ("raw", "diff") for n in ("vit", "gori", "pose", "beta", "keypoints")]
            np.testing.assert_allclose(values, np.concatenate(parts), atol=1e-5)


@pytest.mark.parametrize("variant", ["authors", "corrected"])
@pytest.mark.parametrize("clip", [0, 2])
def test_that_windows_cut_from_a_clip_are_those_whose_motion_is_derived_inside(
    oracle: Path, released: TagModel, clip: int, variant: str
) -> None:
    raw = read_clip(list_clips(oracle / "generated_meshes", oracle / "generated_kps")[clip]).raw  # 20 and 57 frames
    manifold = replace(released.manifold, variant=variant)
    starts = window_starts(len(raw["vit"]), 1)
    expected = window_rows({name: cut_windows(values, starts) for name, values in raw.items()}, manifold)
    np.testing.assert_array_equal(cut_rows(clip_rows(raw, manifold), starts, manifold), expected)


def test_that_a_manifold_of_the_checkpoint_scores_alike(oracle: Path, released: TagModel) -> None:
    manifold, _ = tag_manifold(oracle / "model.pt", oracle / "real_meshes", oracle / "real_kps", "small")
    assert (manifold.variant, manifold.fps, manifold.classes) == ("authors", None, released.manifold.classes)
    np.testing.assert_array_equal(manifold.centroids, released.manifold.centroids)
    np.testing.assert_array_equal(manifold.mean, released.manifold.mean)
    assert len(manifold.references) == 11  # windows of the held-out clips: 58, 58 and 49 frames
    assert (manifold.band_low < manifold.band_high).all()


def test_that_the_paper_brings_neither_means_nor_centroids_to_unit_length(oracle: Path, released: TagModel) -> None:
    folders = oracle / "generated_meshes", oracle / "generated_kps"
    model = build_model(oracle / "model.pt", oracle / "real_meshes", oracle / "real_kps", scores="paper")
    length = np.linalg.norm(model.manifold.centroids, axis=1, keepdims=True)
    assert (length < 0.9999).all()
    np.testing.assert_allclose(model.manifold.centroids / length, released.manifold.centroids, atol=1e-6)
    code, paper = score_clips(released, *folders).clips, score_clips(model, *folders).clips
    with np.load(oracle / "expected.npz", allow_pickle=False) as expected:
        name = "Wan2.2_PushUps_01_00001b63"
        mean = expected["seq_embeds"][expected["window_video"] == name].mean(axis=0)
    assert paper[name].consistency == pytest.approx(float(np.linalg.norm(mean - model.manifold.centroids[1])), abs=1e-5)
    assert paper[name].coherence == code[name].coherence


def test_that_a_manifold_needs_a_clip_to_hold_out(made_up: tuple[Path, TagModel], tmp_path: Path) -> None:
    with pytest.raises(TagDataError, match="No held-out clip in"):
        tag_manifold(made_up[0], *write_real(tmp_path, {"PushUps": 1, "PullUps": 1}), "small")


@pytest.mark.parametrize(("alignment", "rows"), [("frame_idx", [0, 1, 2, *range(10, 40)]), ("authors", range(40))])
def test_that_the_authors_take_key_point_statistics_over_all_rows(
    made_up: tuple[Path, TagModel], tmp_path: Path, alignment: str, rows: list[int]
) -> None:
    real = tmp_path / "m", tmp_path / "k"
    write_features(*real, "v_PushUps_g01_c01", action="PushUps", left_out=tuple(range(3, 10)))
    mean = build_model(made_up[0], *real, alignment).manifold.mean
    raw = 6 + 9 + 207 + 10
    np.testing.assert_allclose(mean[raw : raw + 120], keypoint_rows(40)[list(rows)].mean(axis=0), atol=1e-6)


def clips_of(counts: dict[str, int]) -> list[ClipFiles]:
    return [ClipFiles(f"c{i:02d}", name, Path(name, f"c{i:02d}.npz"), None) for name, count in counts.items() for i in range(count)]


def test_that_the_split_trains_on_four_of_five_and_holds_one_of_two_out() -> None:
    clips = clips_of({"a": 10, "b": 2, "c": 1, "d": 3})
    training = released_split(clips)
    assert {name: int(training[[clip.action == name for clip in clips]].sum()) for name in "abcd"} == {"a": 8, "b": 1, "c": 1, "d": 2}


def test_that_the_split_does_not_depend_on_the_order_of_the_folder() -> None:
    clips = clips_of({"a": 10, "b": 7})
    training = {clip.meshes for clip, trains in zip(clips, released_split(clips), strict=True) if trains}
    turned = clips[::-1]
    assert {clip.meshes for clip, trains in zip(turned, released_split(turned), strict=True) if trains} == training


@pytest.mark.parametrize(
    ("name", "folder", "action"),
    [
        ("Hunyuan_Tennisswing_01", None, "TennisSwing"),
        ("x_WallPushups_01", None, "WallPushups"),
        ("x_WallPushUpsAndMore_01", None, None),
        ("Wan2.2_PushUps_01", None, "PushUps"),
        ("x_PushUps_01", "tennisswing", "TennisSwing"),
        ("x_PushUps_01", "Yoga", None),
    ],
)
def test_that_a_class_is_a_whole_part_of_the_name_or_the_folder(name: str, folder: str | None, action: str | None) -> None:
    assert class_of(ClipFiles(name, folder, Path("x.npz"), None), ("PushUps", "TennisSwing", "WallPushups")) == action


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TagModel]:
    folder = tmp_path_factory.mktemp("tag")
    checkpoint = write_checkpoint(folder / "model.pt")
    return checkpoint, build_model(checkpoint, *write_real(folder, {"PushUps": 3, "PullUps": 2}))


def test_that_a_clip_that_cannot_be_read_is_missing_with_the_reason_and_the_others_are_scored(
    made_up: tuple[Path, TagModel], tmp_path: Path
) -> None:
    meshes, keypoints = tmp_path / "m", tmp_path / "k"
    for seed, name in enumerate(("a_PushUps_1", "b_PushUps_1", "c_Yoga_1")):
        write_features(meshes, keypoints, name, frames=41, seed=seed)
    (keypoints / "b_PushUps_1" / "keypoints.npy").unlink()
    scores = score_clips(made_up[1], meshes, keypoints)
    assert scores.missing == {"b_PushUps_1": "b_PushUps_1 has meshes but no key points: extract them, or leave the clip out."}
    assert scores.clips["a_PushUps_1"].windows == 2
    assert scores.clips["a_PushUps_1"].consistency is not None
    assert scores.clips["c_Yoga_1"].consistency is None
    assert "none of the real ones" in scores.clips["c_Yoga_1"].notes[0]
    assert scores_json(scores).keys() == {"a_PushUps_1", "c_Yoga_1"}
    assert scores_json(scores)["c_Yoga_1"].keys() == {"tc"}


def test_that_a_clip_of_many_windows_scores_as_the_same_clip_alone(made_up: tuple[Path, TagModel], tmp_path: Path) -> None:
    alone, together = (tmp_path / "m1", tmp_path / "k1"), (tmp_path / "m2", tmp_path / "k2")
    write_features(*alone, "a_PushUps_1", frames=700, seed=3)
    write_features(*together, "A_PullUps_0", frames=60, seed=4)
    write_features(*together, "a_PushUps_1", frames=700, seed=3)
    one = score_clips(made_up[1], *alone).clips["a_PushUps_1"]
    other = score_clips(made_up[1], *together).clips["a_PushUps_1"]
    assert one.windows == other.windows == 84
    assert (one.coherence, one.consistency) == pytest.approx((other.coherence, other.consistency), abs=1e-6)


def test_that_a_clip_shorter_than_a_window_is_marked(made_up: tuple[Path, TagModel], tmp_path: Path) -> None:
    write_features(tmp_path / "m", tmp_path / "k", "a_PushUps_1", frames=31)
    write_features(tmp_path / "m", tmp_path / "k", "b_PushUps_1", frames=32)
    clips = score_clips(made_up[1], tmp_path / "m", tmp_path / "k").clips
    assert (clips["a_PushUps_1"].padded, clips["a_PushUps_1"].windows) == (True, 1)
    assert not clips["b_PushUps_1"].padded


def test_that_alignment_changes_the_score_of_a_clip_with_frames_missing(made_up: tuple[Path, TagModel], tmp_path: Path) -> None:
    write_features(tmp_path / "m", tmp_path / "k", "a_PushUps_1", frames=60, left_out=(10, 11, 12))
    aligned, drifting = (
        score_clips(made_up[1], tmp_path / "m", tmp_path / "k", how).clips["a_PushUps_1"] for how in ("frame_idx", "authors")
    )
    assert aligned.coherence != pytest.approx(drifting.coherence, abs=1e-6)
    assert "3 frames are missing" in drifting.notes[0]


def test_that_a_class_with_one_video_is_named(made_up: tuple[Path, TagModel], tmp_path: Path) -> None:
    model = build_model(made_up[0], *write_real(tmp_path, {"PushUps": 2, "PullUps": 1}))
    assert model.notes == ("The class PullUps has only one real video: it trains, none is held out, and the centroid is that video's.",)
    assert model.manifold.classes == ("PullUps", "PushUps")


def test_that_a_real_clip_with_nan_is_left_out_by_name_and_the_split_stays(made_up: tuple[Path, TagModel], tmp_path: Path) -> None:
    meshes, keypoints = write_real(tmp_path, {"PushUps": 3, "PullUps": 2})
    whole = made_up[1]
    spoilt = whole.training[0]
    path = keypoints / str(spoilt.action) / spoilt.name / "keypoints.npy"
    np.save(path, np.full((40, 120), np.nan, np.float32))
    model = build_model(made_up[0], meshes, keypoints)
    assert list(model.left_out) == [spoilt.name]
    assert "holds NaN" in model.left_out[spoilt.name]
    assert [clip.name for clip in model.training] == [clip.name for clip in whole.training]


def test_that_real_meshes_without_classes_are_refused(made_up: tuple[Path, TagModel], tmp_path: Path) -> None:
    write_features(tmp_path / "m", tmp_path / "k", "a")
    with pytest.raises(TagDataError, match="has no class folders"):
        build_model(made_up[0], tmp_path / "m", tmp_path / "k")


def test_that_a_checkpoint_for_another_width_of_features_is_refused_by_name(tmp_path: Path) -> None:
    real = write_real(tmp_path, {"PushUps": 2})
    with pytest.raises(TagDataError, match=r"v_PushUps_g0[12]_c01\.npz has 6 columns of vit, the checkpoint reads 9"):
        build_model(write_checkpoint(tmp_path / "wide.pt", vit=9), *real)


def test_that_a_name_in_two_classes_is_refused(made_up: tuple[Path, TagModel], tmp_path: Path) -> None:
    for action in ("PushUps", "PullUps"):
        write_features(tmp_path / "m", tmp_path / "k", "a", action=action)
    with pytest.raises(TagDataError, match=r"holds a\.npz in more than one class"):
        score_clips(made_up[1], tmp_path / "m", tmp_path / "k")


def test_that_a_checkpoint_with_other_sources_is_refused_by_name(tmp_path: Path) -> None:
    sources = (*tag_sources(6), Source("sound", "wav", 512))
    torch.save(Encoder(encoder_config(sources, d_model=16, layers=1)).state_dict(), tmp_path / "more.pt")
    with pytest.raises(ManifoldError, match="reads the source 'sound' with 512 columns"):
        build_model(tmp_path / "more.pt", *write_real(tmp_path, {"PushUps": 2}))


DISTANCES = {"Hunyuan_PushUps_01_aa": 0.1, "Hunyuan_PushUps_02_bb": 0.2, "Runway_PushUps_01_cc": 0.3}


def test_that_agreement_is_positive_when_small_distances_are_rated_high() -> None:
    ratings = {"Hunyuan_PushUps_01_aa.mp4": 1.0, "hunyuan_videos_PushUps_02_bb.mp4": 0.5, "Runway_PushUps_01_cc.avi": -2.0}
    result = tag_agreement("ac", DISTANCES, ratings)
    assert (result.spearman, result.clips) == (pytest.approx(1.0), 3)
    assert (result.without_score, result.without_rating) == ((), ())


def test_that_ties_share_their_rank() -> None:
    result = tag_agreement("tc", {"a": 1.0, "b": 2.0, "c": 2.0, "d": 3.0}, {"a.mp4": 4.0, "b.mp4": 3.0, "c.mp4": 2.0, "d.mp4": 1.0})
    assert result.spearman == pytest.approx(0.9486833, abs=1e-6)


def test_that_a_missing_clip_is_missing_and_the_suffix_match_is_named() -> None:
    ratings = {"Hunyuan_PushUps_01_aa.mp4": 1.0, "Hunyuan_PushUps_02_bb.mp4": 0.5, "Sora_JumpingJack_07_cc.mp4": 3.0}
    result = tag_agreement("ac", DISTANCES, ratings)
    assert (result.spearman, result.clips) == (pytest.approx(1.0), 2)
    assert result.without_score == ("Sora_JumpingJack_07_cc.mp4",)
    assert result.without_rating == ("Runway_PushUps_01_cc",)
    # With the foreign pair (0.3, 3.0) the ranks are 1 2 3 against 2 1 3: rho 0.5, its sign turned.
    assert (result.released.spearman, result.released.clips) == (pytest.approx(-0.5), 3)
    assert result.released.faults == (
        "pairs names by their last part alone: the rating of Sora_JumpingJack_07_cc.mp4 with the score of Runway_PushUps_01_cc",
    )


def test_that_names_with_a_dot_survive_here_and_are_lost_there() -> None:
    distances = {"Wan2.2_PushUps_01_aa": 0.1, "Wan2.2_PullUps_01_bb": 0.2, "Runway_PushUps_01_cc": 0.3}
    ratings = {"Wan2.2_PushUps_01_aa.mp4": 3.0, "Wan2.2_PullUps_01_bb.mp4": 2.0, "Runway_PushUps_01_cc.mp4": 1.0}
    result = tag_agreement("ac", distances, ratings)
    assert (result.spearman, result.clips) == (pytest.approx(1.0), 3)
    assert (result.released.spearman, result.released.clips) == (None, 1)
    assert result.released.faults == (
        "cuts names at their last dot twice and tells upper from lower case, and so leaves out Wan2.2_PullUps_01_bb, Wan2.2_PushUps_01_aa",
    )


def test_that_faults_that_change_nothing_are_not_named() -> None:
    ratings = {f"{name}.mp4": -value for name, value in DISTANCES.items()}
    result = tag_agreement("ac", DISTANCES | {"Wan2.2_PushUps_01_dd": 0.4}, ratings)
    assert result.released.faults == ()
    assert result.released.spearman == result.spearman == pytest.approx(1.0)


def test_that_agreement_of_equal_ratings_is_unknown() -> None:
    assert tag_agreement("ac", DISTANCES, {f"{name}.mp4": 1.0 for name in DISTANCES}).spearman is None


def test_that_a_clip_rated_twice_is_refused() -> None:
    with pytest.raises(EvaluationError, match="mean the same clip"):
        tag_agreement("ac", DISTANCES, {"Runway_PushUps_01_cc.mp4": 1.0, "runway_pushups_01_cc.avi": 2.0})
