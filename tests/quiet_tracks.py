"""Local tracks of a clip in which nothing happens, with what a test puts into them."""

from dataclasses import fields

import numpy as np

from core.tracks.bones import BONES
from core.tracks.footing import MEASURES
from core.tracks.joints import JOINTS
from core.tracks.local import LocalTracks

_PICTURES = (
    "sharpness", "flip", "change", "held", "regular", "freeze", "skip", "disorder", "reversal", "splice", "mirror", "worth", "turn_back",
    "unexplained", "leap", "cut", "crossfade", "flicker", "camera_speed", "camera_zoom", "camera_support",
    "colour_drift",
)  # fmt: skip
_WIDTHS = {
    **dict.fromkeys(
        ("confidence", "joint_speed", "joint_space_speed", "joint_acceleration", "joint_jump", "joint_jump_score"), len(JOINTS)
    ),
    **dict.fromkeys(("joint_space_jump", "joint_space_jump_score", "joint_off_flow", "trembling", "trembling_score"), len(JOINTS)),
    **dict.fromkeys(("bone_space", "bone_picture", "bone_bump"), len(BONES)),
    **dict.fromkeys(("hyperextension", "hinge_turn"), 4),
    "swap_pairs": 6,
}


def quiet_tracks(frames: int = 60, pictures: bool = True, fps: float = 30.0, **given: np.ndarray) -> LocalTracks:
    """Every track at rest: 0, confidence 0.9, bones of their usual length; without pictures what they tell is unknown."""
    found = {field.name: np.zeros((frames, _WIDTHS[field.name]) if field.name in _WIDTHS else frames) for field in fields(LocalTracks)}
    found["bone_shown"], found["bone_pointing"] = np.ones((frames, len(BONES), 2)), np.ones((frames, len(BONES), 3))
    found["bone_flow"], found["bone_leap"] = np.zeros((frames, len(BONES), 2)), np.ones((frames, len(BONES), 2))
    found["bone_colour"] = np.full((frames, len(BONES), 3), 128.0)
    found["trunk_path"], found["footing"] = np.zeros((frames, 2)), np.zeros((frames, len(MEASURES)))
    found["duration"] += 1 / fps
    found["confidence"] += 0.9
    found["swap_pairs"] -= 0.1
    for name in ("bone_space", "bone_picture", "skip", "worth", "unexplained", "leap"):
        found[name] += 1.0
    if not pictures:
        for name in (*_PICTURES, "joint_off_flow", "trembling", "trembling_score", "bone_flow", "bone_leap", "bone_colour"):
            found[name][:] = np.nan
    found.update(given)
    return LocalTracks(**{name: np.asarray(values, np.float32) for name, values in found.items()})


def at(frames: int, values: dict[int, float], usual: float = 0.0) -> np.ndarray:
    """[frames] of `usual`, with other values in some frames."""
    found = np.full(frames, usual)
    for frame, value in values.items():
        found[frame] = value
    return found


def of_column(frames: int, width: int, columns: dict[int, dict[int, float]], usual: float = 0.0) -> np.ndarray:
    """[frames, width] of `usual`, with other values in some frames of some columns."""
    found = np.full((frames, width), usual)
    for column, values in columns.items():
        found[:, column] = at(frames, values, usual)
    return found
