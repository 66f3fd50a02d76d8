"""Clips of class folders: groups, the list of excluded ones, videos whose tracks are in the cache."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.cache_keys import track_key
from core.extraction import create_extractor
from core.store import TRACK, Store
from core.track import Presence
from core.training.clips import ClipSource, LeftOut, group_of, read_clips, without_excluded
from core.video import file_sha256
from tests.synthetic_tracks import moving_track
from tests.tiny_extractor import write_clip


@pytest.mark.parametrize(
    ("name", "group"),
    [("v_PushUps_g01_c02", "g01"), ("v_PushUps_G12_c02", "g12"), ("walking_01", None), ("big01_walk", None)],
)
def test_that_the_group_is_read_off_the_name(name: str, group: str | None) -> None:
    assert group_of(name) == group


def test_that_only_whole_names_are_excluded() -> None:
    clips = [ClipSource("Walk", Path(f"Walk/{name}")) for name in ("Wan2.2_Walk_01.mp4", "Wan2.2_Walk_011.mp4", "b.npz")]
    left_out = LeftOut()
    kept = without_excluded(clips, {"wan2.2_walk_01", "b"}, left_out)
    assert [clip.path.name for clip in kept] == ["Wan2.2_Walk_011.mp4"]
    assert left_out.excluded == ["Walk/Wan2.2_Walk_01", "Walk/b"]


def test_that_tracks_come_from_the_cache_and_clips_of_several_people_are_counted(tmp_path: Path) -> None:
    store, left_out = Store(tmp_path / "cache"), LeftOut()
    shares = {"one": 0.1, "several": 0.3, "nobody": 0.3}
    for length, (name, share) in enumerate(shares.items(), start=40):
        path = write_clip(tmp_path / f"{name}.mp4", frames=length)
        track = moving_track(frames=length)
        wrong = Presence.NONE if name == "nobody" else Presence.MANY
        count = round(share * length)
        track = replace(track, presence=(wrong,) * count + track.presence[count:])
        sha256 = file_sha256(path)
        key = track_key(sha256, create_extractor("blazepose", "cpu"), range(length))
        store.save(TRACK, key, track, video=path.name, sha256=sha256)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    clips = [ClipSource("Walk", tmp_path / f"{name}.mp4") for name in (*shares, "broken")]
    (found,) = read_clips(clips, store, "cpu", left_out, lambda stage, done, total: None)
    assert (found.clip, found.action, len(found.track)) == ("Walk/one", "Walk", 40)
    assert (left_out.several, left_out.nobody) == (["Walk/several"], ["Walk/nobody"])
    assert "broken.mp4" in left_out.unreadable["Walk/broken"]
