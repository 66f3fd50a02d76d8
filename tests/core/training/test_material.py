"""Which clips train and which are held out."""

import json
from pathlib import Path

import numpy as np

from core.store import Store
from core.tag_data import FeatureFolders
from core.training.clips import LeftOut, feature_clips, read_clips
from core.training.dataset import WindowSet
from core.training.material import prepare
from core.training.recipe import PRESETS
from core.training.sampler import split_videos


def clips_of(windows: WindowSet) -> list[str]:
    return sorted({Path(windows.clips[i]).name + ".npz" for i in windows.clip})


def test_that_a_split_by_video_is_the_released_one(shared: Path, tmp_path: Path) -> None:
    folder = shared / "oracle" / "tag_small"
    sources = feature_clips(folder / "real_meshes", FeatureFolders(folder / "real_kps"))
    clips = read_clips(sources, Store(tmp_path), "cpu", LeftOut(), lambda stage, done, total: None)
    material = prepare(clips, PRESETS["release"], "tag", "video", [], "")
    expected = json.loads((folder / "expected.json").read_text())
    assert clips_of(material.training) == expected["train_videos"]
    assert clips_of(material.testing) == expected["test_videos"]


def test_that_of_each_class_a_fifth_is_held_out_and_at_least_one() -> None:
    labels = np.repeat(["a", "b", "c", "d"], [10, 3, 2, 1])
    names = [f"{i:02d}" for i in range(len(labels))]
    held_out = split_videos(names, list(labels), seed=1337)
    assert [int(held_out[labels == label].sum()) for label in "abcd"] == [2, 1, 1, 0]
    turned = split_videos(names[::-1], list(labels[::-1]), seed=1337)
    np.testing.assert_array_equal(turned, held_out[::-1])
    assert (split_videos(names, list(labels), seed=7) != held_out).any()
