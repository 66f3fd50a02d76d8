"""CLIP and DINO embeddings from the authors' files: layouts, alignment, refusals, and scores of a checkpoint that reads them."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from core.embedding import clip_rows
from core.encoder import Encoder, load_checkpoint
from core.manifold import ManifoldError, encoder_config
from core.tag_data import FeatureFolders, TagClip, TagDataError, find_clip, list_clips, read_clip, tag_sources
from core.tag_model import TagModel, build_model, used_rows
from core.tag_score import score_clips
from tests.tag_folders import (
    VIT,
    embedding_rows,
    keypoint_rows,
    mesh_arrays,
    write_checkpoint,
    write_embeddings,
    write_features,
    write_real,
    write_real_embeddings,
)

CLASSES = {"PushUps": 3, "PullUps": 2}
BOTH = ("clip", "dino")


@pytest.fixture
def folders(tmp_path: Path) -> FeatureFolders:
    return FeatureFolders(tmp_path / "kps", tmp_path / "meshes", clip=tmp_path / "clip", dino=tmp_path / "dino")


def written(folders: FeatureFolders, **wanted: object) -> FeatureFolders:
    """A clip `a` of 40 frames with both embeddings; `wanted` as in `write_embeddings`."""
    assert folders.meshes is not None and folders.clip is not None and folders.dino is not None
    write_features(folders.meshes, folders.keypoints, "a", left_out=(3, 4))
    for source, folder in folders.embeddings.items():
        write_embeddings(folder, source, "a", **wanted)  # type: ignore[arg-type]
    return folders


def read(folders: FeatureFolders, alignment: str = "frame_idx") -> TagClip:
    assert folders.meshes is not None
    (files,) = list_clips(folders.meshes, folders.keypoints, folders.embeddings)
    return read_clip(files, alignment)


def counted(clip: TagClip, source: str) -> list[float]:
    """Which row of its file stands in each row of the clip; NaN where none does."""
    return np.round(clip.raw[source][:, 0].astype(np.float64) * 1000, 3).tolist()


KEPT = [0, 1, 2, *range(5, 40)]


def test_that_embeddings_follow_the_key_points_in_the_order_of_the_encoder(folders: FeatureFolders) -> None:
    clip = read(written(folders))
    assert [(source.name, source.space, source.size) for source in clip.sources()] == [
        ("vit", "tokenhmr-token", VIT), ("global", "smpl", 9), ("pose", "smpl", 207), ("beta", "smpl", 10), ("kp2d", "openpose-60", 120),
        ("clip", "tag-clip", 512), ("dino", "tag-dino", 768),
    ]  # fmt: skip
    assert clip.usable().all()


def test_that_class_folders_and_the_flat_layout_give_the_same_rows(folders: FeatureFolders, tmp_path: Path) -> None:
    flat = read(written(folders))
    nested = FeatureFolders(tmp_path / "n_kps", tmp_path / "n_meshes", clip=tmp_path / "n_clip", dino=tmp_path / "n_dino")
    assert nested.meshes is not None
    write_features(nested.meshes, nested.keypoints, "a", action="PushUps", left_out=(3, 4))
    for source, folder in nested.embeddings.items():
        write_embeddings(folder, source, "a", action="PushUps")
    (files,) = list_clips(nested.meshes, nested.keypoints, nested.embeddings)
    assert files.embeddings == {source: tmp_path / f"n_{source}" / "PushUps" / "a" / f"{source}_embeddings.npz" for source in BOTH}
    for source in BOTH:
        np.testing.assert_array_equal(read(nested).raw[source], flat.raw[source])


def test_that_rows_for_each_video_frame_are_taken_by_frame(folders: FeatureFolders) -> None:
    clip = read(written(folders, rows=40))
    assert counted(clip, "clip") == counted(clip, "dino") == KEPT


def test_that_as_many_rows_as_the_meshes_have_are_taken_row_by_row(folders: FeatureFolders) -> None:
    assert counted(read(written(folders, rows=38)), "clip") == list(range(38))


def test_that_a_file_may_say_itself_which_frames_its_rows_are_of(folders: FeatureFolders) -> None:
    clip = read(written(folders, rows=30, frames=np.arange(10, 40)))
    assert counted(clip, "dino")[8:] == list(range(30))
    assert np.isnan(clip.raw["dino"][:8]).all()
    assert clip.usable().tolist() == [False] * 8 + [True] * 30
    assert "The dino embeddings lack 8 of the 38 frames of the meshes, which are left out." in clip.notes


def test_that_short_embeddings_leave_the_frames_behind_them_unknown_and_say_so(folders: FeatureFolders) -> None:
    clip = read(written(folders, rows=20))
    assert counted(clip, "clip")[:18] == KEPT[:18]
    assert clip.usable().sum() == 18
    assert any(
        note.startswith("The clip embeddings end at frame 19, the meshes at frame 39: 20 frames are left out") for note in clip.notes
    )


def test_that_the_authors_reading_goes_row_by_row_and_repeats_the_last(folders: FeatureFolders) -> None:
    clip = read(written(folders, rows=30), "authors")
    assert counted(clip, "clip") == [*range(30), *[29] * 8]
    assert "The clip embeddings end after 30 of 38 rows; the last ones are repeated." in clip.notes


def test_that_a_video_finds_its_embeddings_by_name(folders: FeatureFolders, tmp_path: Path) -> None:
    found = find_clip(tmp_path / "a.mp4", written(folders))
    assert found.embeddings == {source: folder / "a" / f"{source}_embeddings.npz" for source, folder in folders.embeddings.items()}
    with pytest.raises(TagDataError, match=r"clip holds no clip embeddings of b: it has neither b/clip_embeddings\.npz nor <class>/b/"):
        write_features(folders.meshes or tmp_path, folders.keypoints, "b")
        find_clip(tmp_path / "b.mp4", folders)


def saved(**arrays: np.ndarray) -> Callable[[Path], None]:
    return lambda path: np.savez(path, **arrays)


def spoilt(rows: np.ndarray) -> np.ndarray:
    rows[7, 3] = np.nan
    return rows


FAULTS = {
    "absent": (Path.unlink, r"a has no clip embeddings: make its clip_embeddings\.npz, or leave the clip out"),
    "width": (
        saved(embeddings=np.zeros((40, 768))),
        r"embeddings of a/clip_embeddings\.npz has the shape \[40, 768\] instead of \[frames, 512\]",
    ),
    "NaN": (
        saved(embeddings=spoilt(embedding_rows("clip", 40))),
        r"embeddings of a/clip_embeddings\.npz holds NaN or infinity, first in row 7",
    ),
    "key": (saved(features=np.zeros((40, 512))), r"a/clip_embeddings\.npz has no 'embeddings'"),
    "no rows": (saved(embeddings=np.zeros((0, 512))), "The clip embeddings of a are empty"),
    "pickle": (lambda path: path.write_bytes(b"\x80\x04\x95" + b"x" * 40), r"a/clip_embeddings\.npz is a pickle and not an npz"),
    "objects": (saved(embeddings=np.array([{}] * 40, dtype=object)), r"a/clip_embeddings\.npz holds Python objects"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-400]), r"a/clip_embeddings\.npz is damaged or ends early"),
    "frames": (
        saved(embeddings=embedding_rows("clip", 40), frame_idx=np.arange(39)),
        r"frame_idx of a/clip_embeddings\.npz does not give one frame number for each row",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_that_a_bad_file_of_embeddings_gets_its_own_sentence(folders: FeatureFolders, fault: str) -> None:
    spoil, sentence = FAULTS[fault]
    assert written(folders).clip is not None
    spoil(folders.clip / "a" / "clip_embeddings.npz")  # type: ignore[operator]
    with pytest.raises(TagDataError, match=sentence):
        read(folders)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("real")
    meshes, keypoints = write_real(folder, CLASSES)
    embeddings = {source: write_real_embeddings(folder / source, CLASSES, source, rows=37) for source in BOTH}
    checkpoint = write_checkpoint(folder / "model.pt", embeddings=BOTH)
    return {"checkpoint": checkpoint, "meshes": meshes, "keypoints": keypoints, **embeddings}


def model_of(real: dict[str, Path], alignment: str = "frame_idx") -> TagModel:
    embeddings = {source: real[source] for source in BOTH}
    return build_model(real["checkpoint"], real["meshes"], real["keypoints"], alignment, embeddings=embeddings)


def turned(matrices: np.ndarray) -> torch.Tensor:
    """Axis-angle of each step of rotations [T, J, 3, 3], as the released code computes it, [T, 3 J]; the first row is zero."""
    r = torch.from_numpy(matrices).float()
    step = r[:-1].transpose(-1, -2) @ r[1:]
    angle = torch.arccos((step.diagonal(dim1=-2, dim2=-1).sum(-1).clamp(-1 + 1e-6, 3 - 1e-6) - 1) / 2)
    axis = torch.stack([step[..., 2, 1] - step[..., 1, 2], step[..., 0, 2] - step[..., 2, 0], step[..., 1, 0] - step[..., 0, 1]], -1)
    found = angle[..., None] * axis / (2 * torch.sin(angle)).clamp_min(1e-6)[..., None]
    return torch.cat([torch.zeros(1, found[0].numel()), found.flatten(1)])


def unit_steps(values: np.ndarray) -> torch.Tensor:
    unit = normalize(torch.from_numpy(values), dim=-1)
    return torch.cat([torch.zeros(1, unit.shape[1]), unit[1:] - unit[:-1]])


def test_that_the_columns_are_all_raw_parts_and_then_all_motion_parts_with_unit_steps_of_embeddings(real: dict[str, Path]) -> None:
    model = model_of(real)
    (files, *_) = list_clips(real["meshes"], real["keypoints"], {source: real[source] for source in BOTH})
    rows = clip_rows(used_rows(read_clip(files)), model.manifold)  # the embeddings end at frame 36
    seed = 10  # PullUps, the first by name, is the second class that was written
    arrays = {key: values[:37] for key, values in mesh_arrays(40, seed).items() if key != "meta"}
    points = keypoint_rows(40, seed)[:37]
    clip, dino = (embedding_rows(source, 37, seed) for source in BOTH)
    raw = [arrays["vit"], arrays["global_orient"].reshape(37, -1), arrays["pose"].reshape(37, -1), arrays["betas"], points, clip, dino]
    betas = np.diff(arrays["betas"], axis=0, prepend=arrays["betas"][:1])
    motion = {
        "vit": unit_steps(arrays["vit"]), "global": turned(arrays["global_orient"]), "pose": turned(arrays["pose"]),
        "beta": torch.from_numpy(betas), "clip": unit_steps(clip), "dino": unit_steps(dino),
    }  # fmt: skip
    first = sum(part.shape[1] for part in raw)
    expected = {"raw": np.concatenate(raw, axis=1), **{name: values.numpy() for name, values in motion.items()}}
    widths = {"raw": first, "vit": VIT, "global": 3, "pose": 69, "beta": 10, "kp2d": 120, "clip": 512, "dino": 768}
    assert rows.shape == (37, sum(widths.values()))
    at = 0
    for name, width in widths.items():
        columns = slice(at, at + width)
        at += width
        if name != "kp2d":
            normal = (expected[name] - model.manifold.mean[columns]) / (model.manifold.std[columns] + 1e-6)
            np.testing.assert_allclose(rows[:, columns], normal, atol=2e-3, err_msg=name)
            known = rows[:, columns] * (model.manifold.std[columns] + 1e-6) + model.manifold.mean[columns]
            np.testing.assert_allclose(known, expected[name], atol=1e-5, err_msg=name)


def test_that_a_strict_checkpoint_with_both_embeddings_scores_clips(real: dict[str, Path], tmp_path: Path) -> None:
    model = model_of(real)
    assert model.manifold.source_names == ("vit", "global", "pose", "beta", "kp2d", "clip", "dino")
    write_features(tmp_path / "m", tmp_path / "k", "Sora_PushUps_01", seed=5)
    embeddings = {source: write_embeddings(tmp_path / source, source, "Sora_PushUps_01", seed=5).parent.parent for source in BOTH}
    with pytest.raises(TagDataError, match="reads the source 'clip': name the folder of its embeddings with --clip"):
        score_clips(model, tmp_path / "m", tmp_path / "k")
    found = score_clips(model, tmp_path / "m", tmp_path / "k", embeddings=embeddings).clips["Sora_PushUps_01"]
    # Other embeddings of the same clip give another score: they are read, and reach the network.
    write_embeddings(tmp_path / "dino", "dino", "Sora_PushUps_01", seed=6)
    other = score_clips(model, tmp_path / "m", tmp_path / "k", embeddings=embeddings).clips["Sora_PushUps_01"]
    assert found.windows == other.windows == 2
    assert abs(found.coherence - other.coherence) > 1e-6
    encoder, _ = load_checkpoint(real["checkpoint"])
    (files,) = list_clips(tmp_path / "m", tmp_path / "k", embeddings)
    rows = clip_rows(used_rows(read_clip(files)), model.manifold)
    assert other.coherence == pytest.approx(plain_coherence(encoder, rows, model), abs=1e-6)


def plain_coherence(encoder: Encoder, rows: np.ndarray, model: TagModel) -> float:
    raw = sum(size for _, size, _ in model.manifold.config.sources)
    windows = np.stack([rows[:32], rows[8:40]])
    windows[:, 0, raw:] = -model.manifold.mean[raw:] / (model.manifold.std[raw:] + 1e-6)
    with torch.inference_mode():
        z = encoder(torch.from_numpy(windows)).z
    return float((z[:, 1:] - z[:, :-1]).norm(dim=-1).mean())


def test_that_embeddings_beside_the_released_files_change_nothing_about_the_other_sources(shared: Path, tmp_path: Path) -> None:
    oracle = shared / "oracle" / "tag_small"
    clips = list_clips(oracle / "real_meshes", oracle / "real_kps")
    embeddings = {source: tmp_path / source for source in BOTH}
    for seed, clip in enumerate(clips):
        for source, folder in embeddings.items():
            write_embeddings(folder, source, clip.name, rows=len(read_clip(clip).frames), action=clip.action, seed=seed)
    sources = tag_sources(read_clip(clips[0]).raw["vit"].shape[1], BOTH)
    torch.manual_seed(0)
    torch.save(Encoder(encoder_config(sources, d_model=16, layers=1)).state_dict(), tmp_path / "more.pt")
    model = build_model(tmp_path / "more.pt", oracle / "real_meshes", oracle / "real_kps", embeddings=embeddings)
    assert model.left_out == {}
    with np.load(oracle / "expected.npz", allow_pickle=False) as expected:
        released = {
            part: [expected[f"stats_{n}_{part}_mean"] for n in ("vit", "gori", "pose", "beta", "keypoints")] for part in ("raw", "diff")
        }
    raw = sum(len(part) for part in released["raw"])
    np.testing.assert_allclose(model.manifold.mean[:raw], np.concatenate(released["raw"]), atol=1e-5)
    motion = np.concatenate(released["diff"])
    first = raw + 512 + 768
    np.testing.assert_allclose(model.manifold.mean[first : first + len(motion)], motion, atol=1e-5)
    assert len(model.manifold.mean) == first + len(motion) + 512 + 768
    seeds = {clip.meshes: seed for seed, clip in enumerate(clips)}
    rows = np.concatenate([embedding_rows("clip", len(read_clip(clip).frames), seeds[clip.meshes]) for clip in model.training])
    np.testing.assert_allclose(model.manifold.mean[raw : raw + 512], rows.mean(axis=0), atol=1e-5)


@pytest.mark.parametrize(("alignment", "count"), [("frame_idx", 37), ("authors", 44)])
def test_that_the_authors_take_statistics_over_all_rows_of_the_embeddings(tmp_path: Path, alignment: str, count: int) -> None:
    meshes, keypoints = write_real(tmp_path, {"PushUps": 1})
    clip = write_real_embeddings(tmp_path / "clip", {"PushUps": 1}, "clip", rows=44)
    if alignment == "frame_idx":
        write_real_embeddings(clip, {"PushUps": 1}, "clip", rows=37)
    checkpoint = write_checkpoint(tmp_path / "model.pt", embeddings=("clip",))
    manifold = build_model(checkpoint, meshes, keypoints, alignment, embeddings={"clip": clip}).manifold
    first = VIT + 9 + 207 + 10 + 120
    np.testing.assert_allclose(manifold.mean[first : first + 512], embedding_rows("clip", count).mean(axis=0), atol=1e-6)


def test_that_a_checkpoint_with_embeddings_needs_their_folder(real: dict[str, Path]) -> None:
    with pytest.raises(TagDataError, match="reads the source 'dino': name the folder of its embeddings with --real-dino"):
        build_model(real["checkpoint"], real["meshes"], real["keypoints"], embeddings={"clip": real["clip"]})


def test_that_embeddings_the_checkpoint_does_not_read_are_named_and_left_alone(real: dict[str, Path], tmp_path: Path) -> None:
    plain = write_checkpoint(tmp_path / "plain.pt")
    model = build_model(plain, real["meshes"], real["keypoints"], embeddings={"clip": real["clip"]})
    assert model.notes[0].startswith("The checkpoint does not read the source 'clip'")
    without = build_model(plain, real["meshes"], real["keypoints"]).manifold
    np.testing.assert_array_equal(model.manifold.mean, without.mean)


def test_that_a_checkpoint_that_lacks_one_tensor_of_an_embedding_is_refused_by_name(real: dict[str, Path], tmp_path: Path) -> None:
    weights = torch.load(real["checkpoint"], weights_only=True)
    name = "motion_enc.dino.stem.weight"
    torch.save({key: value for key, value in weights.items() if key != name}, tmp_path / "cut.pt")
    with pytest.raises(ManifoldError, match=re.escape(f"{name} is missing")):
        load_checkpoint(tmp_path / "cut.pt")
