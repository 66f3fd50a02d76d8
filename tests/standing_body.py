"""Local tracks of a body that stands with its arms out, in a slow sway; the ends of some bones are elsewhere for a moment."""

from collections.abc import Mapping

import numpy as np

from core.tracks.bones import BONES
from core.tracks.joints import JOINTS
from core.tracks.local import LocalTracks
from tests.quiet_tracks import at, of_column, quiet_tracks

TIMES = np.arange(90) / 30
BONE = {name: number for number, (name, _, _) in enumerate(BONES)}
WRIST = JOINTS.index("left_wrist")


def standing(
    moved: Mapping[str, tuple[float, float]], frames: range = range(30, 42), joint: int = WRIST, fps: float = 30.0, **given: np.ndarray
) -> LocalTracks:
    """90 frames; `moved`: bone -> body heights in the picture. The person's picture and a joint leap into these frames and out of them."""
    times = np.arange(90) / fps
    shown = np.zeros((90, len(BONES), 2))
    for name, number in BONE.items():
        arm, side = name.endswith("arm"), 1.0 if name.startswith("left") else -1.0
        shown[:, number] = (0.16 * side, 0.05) if arm else (0.02 * side, 0.24)
    shown[..., 0] += 0.005 * np.sin(2 * np.pi * times / 2)[:, None]
    space = np.concatenate([shown, np.full((90, len(BONES), 1), 0.05)], axis=-1)
    for name, by in moved.items():
        shown[frames.start : frames.stop, BONE[name]] += by
    edges = {frames.start: 3.0, frames.stop: 3.0}
    found = {
        "bone_shown": shown,
        "bone_pointing": space,
        "unexplained": at(90, edges, 1.0),
        "joint_jump": of_column(90, len(JOINTS), {joint: dict.fromkeys(edges, 0.3)}),
    }
    return quiet_tracks(90, fps=fps, **{**found, **given})
