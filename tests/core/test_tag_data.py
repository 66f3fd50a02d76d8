"""Files of the TAG authors' scripts: both layouts, the two alignments, and one sentence for each way a file can be wrong."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from core.encoder import load_checkpoint
from core.manifold import ManifoldError
from core.tag_data import ClipFiles, FeatureFolders, TagDataError, find_clip, list_clips, read_clip, tag_sources
from tests.tag_folders import keypoint_rows, mesh_arrays, write_checkpoint, write_features


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "meshes", tmp_path / "kps"


def files_of(meshes: Path, keypoints: Path) -> ClipFiles:
    (clip,) = list_clips(meshes, keypoints)
    return clip


def test_that_both_folder_layouts_give_the_same_clip(tmp_path: Path) -> None:
    flat, nested = (tmp_path / "flat", tmp_path / "flat_kps"), (tmp_path / "nested", tmp_path / "nested_kps")
    write_features(*flat, "a")
    write_features(*nested, "a", action="PushUps")
    assert files_of(*flat).action is None
    assert files_of(*nested).action == "PushUps"
    one, other = read_clip(files_of(*flat)), read_clip(files_of(*nested))
    assert list(one.raw) == ["vit", "global", "pose", "beta", "kp2d"]
    for name, values in one.raw.items():
        np.testing.assert_array_equal(values, other.raw[name])
    assert {name: values.shape for name, values in one.raw.items()} == {
        "vit": (40, 6), "global": (40, 9), "pose": (40, 207), "beta": (40, 10), "kp2d": (40, 120),
    }  # fmt: skip


def test_that_a_global_orientation_without_the_joint_axis_is_read_alike(folders: tuple[Path, Path]) -> None:
    write_features(*folders, "a")
    expected = read_clip(files_of(*folders)).raw["global"]
    arrays = mesh_arrays(40)
    np.savez(folders[0] / "a.npz", **arrays | {"global_orient": arrays["global_orient"][:, 0]})
    np.testing.assert_array_equal(read_clip(files_of(*folders)).raw["global"], expected)


def test_that_key_points_are_those_of_the_frame_the_row_names(folders: tuple[Path, Path]) -> None:
    write_features(*folders, "a", frames=10, left_out=(3, 4))
    clip = read_clip(files_of(*folders))
    assert clip.frames.tolist() == [0, 1, 2, 5, 6, 7, 8, 9]
    np.testing.assert_allclose(clip.raw["kp2d"][:, 0] * 1000, clip.frames, atol=1e-4)
    assert clip.notes == ("2 of the first 10 frames are missing from the meshes.",)


def test_that_the_authors_reading_goes_row_by_row_and_drifts(folders: tuple[Path, Path]) -> None:
    write_features(*folders, "a", frames=10, left_out=(3, 4))
    clip = read_clip(files_of(*folders), "authors")
    np.testing.assert_allclose(clip.raw["kp2d"][:, 0] * 1000, np.arange(8), atol=1e-4)
    assert "later key points belong to other frames" in clip.notes[0]


def test_that_short_key_points_leave_the_frames_behind_them_unknown_and_say_so(folders: tuple[Path, Path]) -> None:
    write_features(*folders, "a", frames=10)
    np.save(folders[1] / "a" / "keypoints.npy", keypoint_rows(7))
    clip = read_clip(files_of(*folders))
    assert clip.usable().tolist() == [True] * 7 + [False] * 3
    assert clip.notes[0].startswith("The key points end at frame 6, the meshes at frame 9: 3 frames are left out")


def test_that_the_authors_reading_repeats_the_last_of_short_key_points(folders: tuple[Path, Path]) -> None:
    write_features(*folders, "a", frames=10)
    np.save(folders[1] / "a" / "keypoints.npy", keypoint_rows(7))
    clip = read_clip(files_of(*folders), "authors")
    np.testing.assert_allclose(clip.raw["kp2d"][:, 0] * 1000, [0, 1, 2, 3, 4, 5, 6, 6, 6, 6], atol=1e-4)
    assert clip.notes == ("The key points end after 7 of 10 rows; the last ones are repeated.",)


def test_that_a_video_finds_its_features_by_its_exact_name(folders: tuple[Path, Path], tmp_path: Path) -> None:
    write_features(*folders, "Wan2.2_PushUps_01", action="PushUps")
    write_features(*folders, "PushUps_01", action="PushUps")
    found = find_clip(tmp_path / "Wan2.2_PushUps_01.mp4", FeatureFolders(folders[1], folders[0]))
    assert found.meshes == folders[0] / "PushUps" / "Wan2.2_PushUps_01.npz"
    assert found.keypoints == folders[1] / "PushUps" / "Wan2.2_PushUps_01" / "keypoints.npy"
    with pytest.raises(TagDataError, match=r"holds no features of PushUps_0\.mp4"):
        find_clip(tmp_path / "PushUps_0.mp4", FeatureFolders(folders[1], folders[0]))


def test_that_brackets_in_a_name_are_no_pattern(folders: tuple[Path, Path], tmp_path: Path) -> None:
    write_features(*folders, "clip[1]", action="PushUps")
    assert find_clip(tmp_path / "clip[1].mp4", FeatureFolders(folders[1], folders[0])).name == "clip[1]"


def test_that_features_in_two_classes_are_refused_for_a_video(folders: tuple[Path, Path], tmp_path: Path) -> None:
    write_features(*folders, "a", action="PushUps")
    write_features(*folders, "a", action="PullUps")
    with pytest.raises(TagDataError, match=r"more than once \(PullUps/a\.npz and PushUps/a\.npz\)"):
        find_clip(tmp_path / "a.mp4", FeatureFolders(folders[1], folders[0]))


def test_that_missing_key_points_are_said_of_a_video(folders: tuple[Path, Path], tmp_path: Path) -> None:
    write_features(*folders, "a")
    write_features(*folders, "b")
    (folders[1] / "b" / "keypoints.npy").unlink()
    with pytest.raises(TagDataError, match="holds no key points of b"):
        find_clip(tmp_path / "b.mp4", FeatureFolders(folders[1], folders[0]))


def test_that_key_points_of_another_class_are_not_taken(folders: tuple[Path, Path]) -> None:
    write_features(*folders, "a", action="PushUps")
    (folders[1] / "PushUps").rename(folders[1] / "WallPushups")
    assert files_of(*folders).keypoints is None
    with pytest.raises(TagDataError, match="a has meshes but no key points"):
        read_clip(files_of(*folders))


@pytest.mark.parametrize("what", ["missing", "empty", "no meshes"])
def test_that_a_folder_without_features_is_refused(tmp_path: Path, what: str) -> None:
    folder = tmp_path / "meshes"
    if what != "missing":
        folder.mkdir()
    if what == "no meshes":
        (folder / "readme.txt").write_text("x")
    sentence = {"missing": "There is no folder", "empty": "is empty", "no meshes": "holds no meshes"}[what]
    with pytest.raises(TagDataError, match=sentence):
        list_clips(folder, tmp_path)


def test_that_a_mixture_of_layouts_is_refused(folders: tuple[Path, Path]) -> None:
    write_features(*folders, "a")
    write_features(*folders, "b", action="PushUps")
    with pytest.raises(TagDataError, match="keep one of the two layouts"):
        list_clips(*folders)


def change(key: str, edit: Callable[[np.ndarray], np.ndarray]) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        arrays = mesh_arrays(40)
        np.savez(path, **arrays | {key: edit(arrays[key].copy())})

    return apply


def with_nan(values: np.ndarray) -> np.ndarray:
    values[5:7, 0] = np.nan
    return values


def without_pose(path: Path) -> None:
    np.savez(path, **{key: values for key, values in mesh_arrays(40).items() if key != "pose"})


def without_frames(path: Path) -> None:
    np.savez(path, **{key: values for key, values in mesh_arrays(40).items() if key != "frame_idx"})


def as_pickle(path: Path) -> None:
    # What a pickle begins with; nothing more of it is ever read.
    path.write_bytes(b"\x80\x04\x95" + b"x" * 40)


def with_objects(path: Path) -> None:
    np.savez(path, **mesh_arrays(40) | {"vit": np.array([{"a": 1}] * 40, dtype=object)})


MESH_FAULTS = {
    "NaN": (change("vit", with_nan), r"vit of a\.npz holds NaN or infinity, first in row 5 \(2 rows in all\)"),
    "axis-angle": (change("pose", lambda v: v.reshape(40, -1)[:, :69]), r"pose of a\.npz has the shape \[40, 69\] instead of \[frames, 23"),
    "short": (change("betas", lambda v: v[:-1]), r"a\.npz has 40 rows of pose but 39 of betas"),
    "words": (change("vit", lambda v: np.full(v.shape, "x")), r"vit of a\.npz holds no numbers"),
    "frames back": (change("frame_idx", lambda v: v[::-1]), "does not rise from 0 on"),
    "frames short": (change("frame_idx", lambda v: v[:-1]), "does not give one frame number for each row"),
    "no frames": (without_frames, "has no 'frame_idx'"),
    "no pose": (without_pose, "has no 'pose'"),
    "pickle": (as_pickle, r"a\.npz is a pickle and not an npz"),
    "objects": (with_objects, "holds Python objects"),
    "text": (lambda path: path.write_text("hello"), r"a\.npz is not an npz"),
    "nothing": (lambda path: path.write_bytes(b""), r"a\.npz is empty \(0 bytes\)"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-400]), r"a\.npz is damaged or ends early"),
}  # fmt: skip


@pytest.mark.parametrize("fault", MESH_FAULTS)
def test_that_a_bad_mesh_file_gets_its_own_sentence(folders: tuple[Path, Path], fault: str) -> None:
    write_features(*folders, "a")
    spoil, sentence = MESH_FAULTS[fault]
    spoil(folders[0] / "a.npz")
    with pytest.raises(TagDataError, match=sentence):
        read_clip(files_of(*folders))


POINT_FAULTS = {
    "shape": (lambda path: np.save(path, np.zeros((40, 60, 2))), r"a/keypoints\.npy has the shape \[40, 60, 2\]"),
    "NaN": (lambda path: np.save(path, np.full((40, 120), np.nan)), r"a/keypoints\.npy holds NaN"),
    "no rows": (lambda path: np.save(path, np.zeros(0)), "The key points of a are empty"),
    "pickle": (as_pickle, r"a/keypoints\.npy is a pickle and not an npy"),
    "objects": (lambda path: np.save(path, np.array([None, 1], dtype=object)), "holds Python objects"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-400]), "is damaged or ends early"),
}  # fmt: skip


@pytest.mark.parametrize("fault", POINT_FAULTS)
def test_that_a_bad_key_point_file_gets_its_own_sentence(folders: tuple[Path, Path], fault: str) -> None:
    write_features(*folders, "a")
    spoil, sentence = POINT_FAULTS[fault]
    spoil(folders[1] / "a" / "keypoints.npy")
    with pytest.raises(TagDataError, match=sentence):
        read_clip(files_of(*folders))


def test_that_rows_without_frame_numbers_can_be_read_row_by_row(folders: tuple[Path, Path]) -> None:
    write_features(*folders, "a")
    without_frames(folders[0] / "a.npz")
    assert read_clip(files_of(*folders), "authors").frames.tolist() == list(range(40))


@pytest.mark.parametrize("left", [0.5, 0.999, 0])
def test_that_a_checkpoint_that_ends_early_is_said_to(tmp_path: Path, left: float) -> None:
    path = write_checkpoint(tmp_path / "model.pt")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * left)])
    with pytest.raises(ManifoldError, match=r"model\.pt is empty or ends early: copy or download it again"):
        load_checkpoint(path)


@pytest.mark.parametrize("blocks", [2, 5])
def test_that_a_checkpoint_with_another_number_of_dilation_blocks_is_refused(tmp_path: Path, blocks: int) -> None:
    path = write_checkpoint(tmp_path / "model.pt")
    weights = torch.load(path, weights_only=True)
    for name in [name for name in weights if ".blocks.3." in name]:
        if blocks == 5:
            weights[name.replace(".blocks.3.", ".blocks.4.")] = weights[name]
        else:
            weights = {key: value for key, value in weights.items() if ".blocks.2." not in key and ".blocks.3." not in key}
    torch.save(weights, path)
    with pytest.raises(ManifoldError, match=rf"with {blocks} blocks \(3 or 4 are known\)"):
        load_checkpoint(path)


def test_that_one_path_with_fewer_dilation_blocks_is_refused_by_name(tmp_path: Path) -> None:
    path = write_checkpoint(tmp_path / "model.pt")
    weights = torch.load(path, weights_only=True)
    torch.save({name: value for name, value in weights.items() if not name.startswith("motion_enc.vit.blocks.3.")}, path)
    with pytest.raises(ManifoldError, match=r"motion_enc\.vit\.blocks\.3\.conv1\.weight is missing"):
        load_checkpoint(path)


def test_that_a_whole_checkpoint_of_something_else_is_not_said_to_end_early(tmp_path: Path) -> None:
    torch.save({"state_dict": {"cls": Path("x")}}, tmp_path / "model.pt")
    with pytest.raises(ManifoldError, match="not a checkpoint of plain tensors"):
        load_checkpoint(tmp_path / "model.pt")


def test_that_the_sources_are_those_of_the_encoder_in_its_order() -> None:
    assert [(s.name, s.space, s.size) for s in tag_sources(1024)] == [
        ("vit", "tokenhmr-token", 1024), ("global", "smpl", 9), ("pose", "smpl", 207), ("beta", "smpl", 10), ("kp2d", "openpose-60", 120),
    ]  # fmt: skip
