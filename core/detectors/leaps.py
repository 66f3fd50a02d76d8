"""Steps of joints that the motion around does not explain, and what tells a limb that leaps from a pose that is mistaken for a moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.detectors.candidate import runs
from core.tracks.bones import BONES
from core.tracks.joints import JOINTS, frame_seconds, half_window, running_median
from core.tracks.local import LocalTracks
from core.tracks.sides import PAIRS

FEATURES = (
    "amount", "score", "in_space", "in_space_at_most", "many", "frames", "share", "trunk", "other_side", "leaps", "leap", "limb_leaps",
    "other_limbs_leap", "off_flow", "off_flow_least", "confidence", "least_confidence", "confidence_around", "speed", "body_speed", "rate",
    "comes_back", "body_swap", "swap", "camera", "colour_changes", "longer", "longer_in_space", "sharpness", "regular", "change",
    "leg", "end", "moves_house", "moves_house_most", "colour_off", "off_flow_around", "exchange",
)  # fmt: skip
_LEAST_JUMP, _LEAST_SCORE = 0.025, 2.5
_EXCHANGED = 0.5  # of a pair's steps: when left and right change places and this share is gone, the sides were mistaken
_JOINED, _BACK, _AROUND = 0.08, 0.7, 0.25  # seconds
_NOISE, _SLOWEST, _CALM, _SHORTEST = 0.004, 0.05, 0.2, 0.02  # floors of what a logarithm is taken of
_TRUNK = [JOINTS.index(f"{side}_{name}") for side in ("left", "right") for name in ("shoulder", "hip")]
_OTHER_SIDE = {"left": "right", "right": "left"}
# The same joint of the other side; the nose has none but itself.
_OTHER = [JOINTS.index("_".join((_OTHER_SIDE.get(side, side), *rest))) for side, *rest in (name.split("_") for name in JOINTS)]
_OF_JOINT = np.array([[joint in bone[1:] for bone in BONES] for joint in range(len(JOINTS))])


@dataclass(frozen=True)
class Leap:
    """Frames start..stop, in which joints (those that leap farthest first) leap; most at `peak`."""

    start: int
    stop: int
    peak: int
    joints: tuple[int, ...]


def leaps(tracks: LocalTracks, times: np.ndarray, least: float = _LEAST_JUMP, least_score: float = _LEAST_SCORE) -> list[Leap]:
    """Where any joint leaps by so many body heights and multiples of what is usual. Left and right that have only changed places do not."""
    jump, score = np.nan_to_num(tracks.joint_jump), np.nan_to_num(tracks.joint_jump_score)
    hits = (jump >= least) & (score >= least_score) & ~exchanged(tracks)
    found = []
    for start, stop in runs(hits.any(axis=1), bridge=half_window(times, _JOINED)):
        part = np.where(hits[start:stop], jump[start:stop], 0.0)
        total = part.sum(axis=0)
        order = tuple(int(joint) for joint in np.argsort(-total, kind="stable") if total[joint] > 0)
        found.append(Leap(start, stop, start + int(part.sum(axis=1).argmax()), order))
    return found


def exchanged(tracks: LocalTracks) -> np.ndarray:
    """bool [T, J]: steps that all but vanish when left and right change places."""
    steps = np.nan_to_num(tracks.joint_speed * tracks.duration[:, None])
    result = np.zeros(steps.shape, bool)
    for pair, name in enumerate(PAIRS):
        left, right = JOINTS.index(f"left_{name}"), JOINTS.index(f"right_{name}")
        kept = steps[:, left] + steps[:, right]
        result[:, left] = result[:, right] = (2 * np.nan_to_num(tracks.swap_pairs[:, pair]) > _EXCHANGED * kept) & (kept > 0)
    return result


def leap_features(tracks: LocalTracks, found: list[Leap], times: np.ndarray) -> dict[str, np.ndarray]:
    """float64 [N] each, NaN unknown; of the joint that leaps farthest, "the lead", at the peak, unless said otherwise.

    amount, score, in_space    log of its step beyond what is explained; the highest score of all joints; the score in space
    in_space_at_most           the highest score in space of all that leap
    many, frames, share        joints that leap, frames that it takes, the lead's share of all
    trunk, other_side          the farthest step of shoulders and hips; that of the lead's partner
    leaps, leap                of the person's picture (`unexplained`, `leap`), the highest of three frames
    limb_leaps, other_limbs_leap  the same under the lead's bones and under the others
    off_flow, off_flow_least   from the flow under it; the least of all that leap
    confidence, least_confidence, confidence_around
    speed, body_speed, rate    usual speed of the lead and of all joints around, frames a second
    comes_back                 how far another step of the lead soon before or after is as far
    exchange                   body heights that exchanging left and right takes away, of the pair where it is most
    body_swap, swap            how far the mirror image of the body, and of its sides, explains the step
    camera, sharpness, regular, change  as the tracks have them
    moves_house, moves_house_most  of the picture where the lead's bones were and where they are, the smaller; the same over all bones
    off_flow_around            from the flow under it, usually
    colour_changes, colour_off distance of the colour of the lead's bones before and after, and before and at the peak
    longer, longer_in_space    change of the length of those bones, the largest
    leg, end                   whether it is on a leg; whether it is the end of a limb
    """
    if not found:
        return {name: np.zeros(0) for name in FEATURES}
    jump = np.nan_to_num(np.asarray(tracks.joint_jump, np.float64))
    speed = (
        running_median(np.asarray(tracks.joint_speed, np.float64), half_window(times, _AROUND)) if len(times) > 1 else tracks.joint_speed
    )
    length, depth = (np.log(np.maximum(np.linalg.norm(v, axis=-1), _SHORTEST)) for v in (tracks.bone_shown, tracks.bone_pointing))
    back, step = half_window(times, _BACK), frame_seconds(times)
    rows = [_features(tracks, leap, jump, np.asarray(speed), length, depth, back) for leap in found]
    columns = {name: np.array([row[name] for row in rows], np.float64) for name in rows[0]}
    return {**columns, "rate": np.full(len(found), 1 / step)}


def _features(
    tracks: LocalTracks, leap: Leap, jump: np.ndarray, speed: np.ndarray, length: np.ndarray, depth: np.ndarray, back: int
) -> dict[str, float]:
    peak, lead, joints = leap.peak, leap.joints[0], list(leap.joints)
    near, wide = slice(max(peak - 1, 0), peak + 2), slice(max(peak - 3, 0), peak + 4)
    bones = _OF_JOINT[lead]
    total = jump[leap.start : leap.stop, joints].sum(axis=0)
    before, after = max(leap.start - 2, 0), min(leap.stop + 1, len(tracks) - 1)
    elsewhere = np.r_[jump[max(peak - back, 0) : max(leap.start - 1, 0), lead], jump[leap.stop + 1 : peak + back, lead]]
    sure, partner = tracks.confidence[:, lead], _OTHER[lead]
    return {
        "amount": np.log(_NOISE + jump[peak, lead]),
        "score": np.log1p(_highest(tracks.joint_jump_score[leap.start : leap.stop][:, joints])),
        "in_space": np.log1p(_highest(tracks.joint_space_jump_score[near, lead])),
        "in_space_at_most": np.log1p(_highest(tracks.joint_space_jump_score[near][:, joints])),
        "many": len(joints),
        "frames": leap.stop - leap.start,
        "share": total[0] / total.sum(),
        "trunk": np.log(_NOISE + jump[near][:, _TRUNK].max()),
        "other_side": np.log(_NOISE + (jump[near, partner].max() if partner != lead else 0.0)),
        "leaps": np.log(max(_highest(tracks.unexplained[near]), _CALM)),
        "leap": np.log(max(_highest(tracks.leap[near]), _CALM)),
        "limb_leaps": np.log(max(_highest(tracks.bone_leap[near][:, bones]), _CALM)) if bones.any() else np.nan,
        "other_limbs_leap": np.log(max(_highest(tracks.bone_leap[near][:, ~bones]), _CALM)),
        "moves_house": np.log(max(_highest(tracks.bone_leap[near].min(axis=-1)[:, bones]), _CALM)) if bones.any() else np.nan,
        "moves_house_most": np.log(max(_highest(tracks.bone_leap[near].min(axis=-1)), _CALM)),
        "off_flow_around": np.log(_NOISE + np.median(np.nan_to_num(tracks.joint_off_flow[wide, lead]))),
        "colour_off": float(np.linalg.norm(tracks.bone_colour[peak] - tracks.bone_colour[before], axis=-1)[bones].max(initial=0.0)),
        "off_flow": np.log(_NOISE + tracks.joint_off_flow[peak, lead]),
        "off_flow_least": np.log(_NOISE + np.nan_to_num(tracks.joint_off_flow[peak, joints], nan=1.0).min()),
        "confidence": sure[near].min(),
        "least_confidence": tracks.confidence[near][:, joints].min(),
        "confidence_around": np.median(sure[wide]),
        "speed": np.log(_SLOWEST + speed[peak, lead]),
        "body_speed": np.log(_SLOWEST + np.median(np.nan_to_num(speed[peak]))),
        "comes_back": min(elsewhere.max(initial=0.0) / max(jump[peak, lead], _NOISE), 1.0),
        "body_swap": _highest(tracks.body_swap[leap.start : leap.stop]),
        "swap": _highest(tracks.swap[leap.start : leap.stop]),
        "exchange": _highest(tracks.swap_pairs[leap.start : leap.stop]),
        "camera": tracks.camera_speed[peak],
        "colour_changes": float(np.linalg.norm(tracks.bone_colour[after] - tracks.bone_colour[before], axis=-1)[bones].max(initial=0.0)),
        "longer": np.abs(length[after] - length[before])[bones].max(initial=0.0),
        "longer_in_space": np.abs(depth[after] - depth[before])[bones].max(initial=0.0),
        "sharpness": float(tracks.sharpness[near].min()),
        "regular": tracks.regular[peak],
        "change": np.log(_CALM + np.nan_to_num(tracks.change[peak])),
        "leg": float(JOINTS[lead].endswith(("knee", "ankle", "hip"))),
        "end": float(JOINTS[lead].endswith(("wrist", "ankle"))),
    }


def _highest(values: np.ndarray) -> float:
    return float(np.max(np.nan_to_num(values), initial=0.0))
