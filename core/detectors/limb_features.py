"""What is measured of an excursion of a limb bone, from which the trees tell a fault of the limb from real motion and from a lost pose."""

from __future__ import annotations

import numpy as np

from core.detectors.forests import odds as fault_odds
from core.detectors.leaps import leap_features, leaps
from core.detectors.stretches import stretch_value
from core.detectors.surroundings import Windows
from core.tracks.bones import BONES
from core.tracks.excursions import Excursions, excursions, steps
from core.tracks.joints import JOINTS, frame_seconds, median, quantile, running_median
from core.tracks.local import LocalTracks

FEATURES = (
    "strength", "weaker", "clearer", "amount", "opposite", "alike", "seconds", "between", "along", "across", "longer", "longer_changes",
    "longer_in_space", "too_long", "too_long_in_space", "long_around", "turned", "bent", "bends_more", "straight", "other_way", "beyond",
    "upper_moves", "lower_moves", "other_moves", "leaps", "leaps_most", "leaps_inside", "off_flow", "off_flow_inside", "confidence",
    "least_confidence", "confidence_falls", "speed", "body_speed", "trembling", "leg", "lower",
    "rate", "bone_leaps", "bone_leaps_most", "bone_leaps_inside", "child_leaps", "other_leaps", "flow_goes", "flow_longer", "flow_agrees",
    "flow_inside", "colour_changes", "colour_varies", "moves_house", "moves_house_most", "size", "too_long_other", "flow_walks",
    "leap_away", "leap_back", "leap_likelier", "leap_other", "bump",
)  # fmt: skip
_LOWER = np.array([lower for _, _, lower in BONES])
_IS_LOWER = np.array([bone[0].endswith(("forearm", "shank")) for bone in BONES])
_IS_LEG = np.array([bone[0].endswith(("thigh", "shank")) for bone in BONES])
_PARENT = np.where(_IS_LOWER, np.arange(len(BONES)) - 1, np.arange(len(BONES)))
_CHILD = np.where(_IS_LOWER, np.arange(len(BONES)), np.arange(len(BONES)) + 1)
_OTHER = (np.arange(len(BONES)) + len(BONES) // 2) % len(BONES)
# Lengths in body heights (Winter, Biomechanics and Motor Control of Human Movement, after Drillis and Contini).
_BODY = np.array([{"upper_arm": 0.186, "forearm": 0.146, "thigh": 0.245, "shank": 0.246}[bone[0].split("_", 1)[1]] for bone in BONES])
_LIMBS = ("left_arm", "right_arm", "left_leg", "right_leg", "trunk")
_UNLIKELY, _NEAR = 1e-4, 1  # odds of what nobody noticed; frames by which a leap may miss the edge of an excursion
_NOISE = 0.004  # body heights that a key point trembles by
_SHORTEST, _SHORTEST_SPACE, _FAINT, _UNUSUALLY_CALM, _SLOWEST = 0.02, 0.03, 0.01, 0.2, 0.05  # floors of what a logarithm is taken of
_SHARES = (-1.0, 2.0)  # within which a share is held
_LONGEST_SEEN = 0.9  # quantile of a bone's lengths in the picture
_AROUND = 6  # frames on either side


def limb_excursions(tracks: LocalTracks, times: np.ndarray) -> Excursions:
    return excursions(steps(tracks.bone_shown, times, _NOISE), times)


def limb_features(tracks: LocalTracks, found: Excursions, times: np.ndarray) -> dict[str, np.ndarray]:
    """float64 [N] each, NaN unknown. "Changes" are those of the step away and of the step back; of two the smaller. Lengths are logs.

    strength, weaker, clearer  of the excursion, of its weaker and of its clearer step
    amount                     body heights that the weaker step takes the end of the bone
    opposite, alike            how far the two steps are opposite, and how far of one length
    seconds, between           that it lasts, that the steps take
    along, across              cosine of the steps with the bone, with its sign and without
    longer, longer_changes     change of the length in the picture, and by how much the two changes differ
    longer_in_space            change of the length in space
    too_long, too_long_in_space  length inside over the longest that is usually seen, and over the usual in space
    long_around                the longer of before and after over the longest that is usually seen
    turned                     change of the direction in space
    bent, bends_more           bend of the hinge above it inside, and its change; quarter turns
    straight                   change of the bend in the picture, to the same side
    beyond                     radians by which the hinge is bent in the picture to the other side than before and after
    other_way                  cosine of the hinge's direction in the body inside with that before and after
    upper_moves, lower_moves, other_moves  change of the bone above, of the bone below and of the same bone of the other side
    leaps, leaps_most, leaps_inside  of the picture (`unexplained`) at the calmer and at the livelier step, and in between
    off_flow, off_flow_inside  of the end of the bone, from the flow under it, at the calmer step and in between
    confidence, least_confidence, confidence_falls  of the end of the bone inside, over all, and how much lower it is than around
    speed, body_speed, trembling  of the end of the bone, of the body, of the bone from frame to frame
    leg, lower  whether it is a leg; whether it is a forearm or a shank
    rate       frames a second
    bone_leaps, bone_leaps_most, bone_leaps_inside, child_leaps, other_leaps  of the picture under the bone at the calmer and at the
               livelier step, and in between; under the bone below and under the same bone of the other side at the livelier one
    flow_goes, flow_longer, flow_agrees, flow_inside  how far the flow at the steps goes the excursion's way, the smaller share; how much it
               lengthens and shortens the bone; how far it does what the key points do, at the steps and in between
    moves_house, moves_house_most  of the picture where the bone was and where it is, the smaller, at the calmer and at the livelier step
    size, too_long_other  length inside over that of a usual body, and over the longest that the same bone of the other side is usually seen
    leap_away, leap_back, leap_likelier, leap_other  log of the odds of a leap of the limb (`leaps`) where it begins, where it ends, the
               likelier of the two; the likeliest leap of another limb at either
    bump       how clearly the bone is too long (`stretch_value`)
    flow_walks  the larger of the ways that the flow goes at the steps
    colour_changes, colour_varies  distance of the bone's colour inside from that around; from before to after
    """
    at = Windows(found, len(tracks))
    bone, parent, child, other = found.bone, _PARENT[found.bone], _CHILD[found.bone], _OTHER[found.bone]
    shown, pointing = np.asarray(tracks.bone_shown, np.float64), np.asarray(tracks.bone_pointing, np.float64)
    length, depth = np.linalg.norm(shown, axis=-1), np.linalg.norm(pointing, axis=-1)
    usual = np.fmax(quantile(length, _LONGEST_SEEN), median(depth))
    log, log_space = np.log(np.maximum(length, _SHORTEST)), np.log(np.maximum(depth, _SHORTEST_SPACE))
    direction = pointing / np.maximum(depth, 1e-9)[..., None]
    away, back = np.linalg.norm(found.away, axis=-1), np.linalg.norm(found.back, axis=-1)
    amount = np.minimum(away, back)
    cosines = [
        step * (jump * place).sum(-1) / np.maximum(size * np.linalg.norm(place, axis=-1), 1e-9)
        for step, jump, size, place in (
            (1, found.away, away, at.before(shown)[at.rows, bone]),
            (-1, found.back, back, at.after(shown)[at.rows, bone]),
        )
    ]
    longer = at.changes(log)[:, at.rows, bone]
    moves = at.smaller_change(shown)
    features = {
        "strength": np.log(found.strength),
        "weaker": np.log(np.minimum(found.away_clear, found.back_clear)),
        "clearer": np.log(np.maximum(found.away_clear, found.back_clear)),
        "amount": np.log(amount),
        "opposite": -(found.away * found.back).sum(-1) / np.maximum(away * back, 1e-9),
        "alike": np.log(amount / np.maximum(away, back)),
        "seconds": (found.stop - found.start) * frame_seconds(times),
        "between": (found.away_frames + found.back_frames) * frame_seconds(times),
        "along": np.minimum(*cosines),
        "across": np.maximum(*np.abs(cosines)),
        "longer": longer.min(axis=0),
        "longer_changes": np.abs(longer[0] - longer[1]),
        "longer_in_space": at.changes(log_space)[:, at.rows, bone].min(axis=0),
        "too_long": at.inside(log)[at.rows, bone] - np.log(usual)[bone],
        "too_long_in_space": (at.inside(log_space) - median(log_space))[at.rows, bone],
        "long_around": np.maximum(at.before(log), at.after(log))[at.rows, bone] - np.log(usual)[bone],
        "turned": np.log1p(np.degrees(np.minimum(*(_angle(*pair)[at.rows, bone] for pair in at.pairs(direction))))),
        "upper_moves": np.log(_FAINT + np.where(parent == bone, 0.0, moves[at.rows, parent])),
        "lower_moves": np.log(_FAINT + np.where(child == bone, 0.0, moves[at.rows, child])),
        "other_moves": np.log(_FAINT + moves[at.rows, other]),
        "leg": _IS_LEG[bone].astype(np.float64),
        "lower": _IS_LOWER[bone].astype(np.float64),
    }
    features |= _hinge_features(at, bone, parent, shown, direction)
    features |= _witness_features(at, tracks, found)
    features["trembling"] = np.log(0.001 + median(np.linalg.norm(np.diff(shown, n=2, axis=0), axis=-1)))[bone]
    features["size"] = at.inside(log)[at.rows, bone] - np.log(_BODY)[bone]
    features["too_long_other"] = at.inside(log)[at.rows, bone] - np.log(usual)[other]
    features["rate"] = np.full(len(found), 1 / frame_seconds(times))
    features["bump"] = at.most(stretch_value(tracks, times), found.start, found.stop)[at.rows, bone]
    features |= _leap_odds(at, tracks, times)
    features |= _picture_features(at, tracks, shown, direction=shown / np.maximum(length, _SHORTEST)[..., None])
    return features


def _hinge_features(at: Windows, bone: np.ndarray, parent: np.ndarray, shown: np.ndarray, direction: np.ndarray) -> dict[str, np.ndarray]:
    """Of the hinge above the bone; 0 at the hip and the shoulder, which are none."""
    upper, lower = direction[:, _PARENT], direction
    bend = _angle(upper, lower) / (np.pi / 2)
    cross = shown[:, _PARENT, 0] * shown[..., 1] - shown[:, _PARENT, 1] * shown[..., 0]
    in_picture = np.arctan2(cross, (shown[:, _PARENT] * shown).sum(-1))
    # As complex numbers: angles have no middle.
    turns = [np.angle(inner / np.where(outer == 0, 1, outer)) for outer, inner in at.pairs(np.exp(1j * in_picture))]
    turns = [turn[at.rows, bone] for turn in turns]
    normal = np.cross(upper, lower)
    normal = normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
    around, inside = (at.before(normal) + at.after(normal))[at.rows, bone], at.inside(normal)[at.rows, bone]
    size = np.linalg.norm(around, axis=-1) * np.linalg.norm(inside, axis=-1)
    bent_to = [part(in_picture)[at.rows, bone] for part in (at.before, at.after, at.inside)]
    found = {
        "bent": at.inside(bend)[at.rows, bone],
        "bends_more": at.changes(bend)[:, at.rows, bone].mean(axis=0),
        "straight": np.where(turns[0] * turns[1] > 0, np.minimum(*np.abs(turns)), 0.0),
        "beyond": np.minimum(*(-np.sign(side) * bent_to[2] for side in bent_to[:2])),
        "other_way": (around * inside).sum(-1) / np.maximum(size, 1e-9),
    }
    return {name: np.where(parent == bone, 0.0, values) for name, values in found.items()}


def _witness_features(at: Windows, tracks: LocalTracks, found: Excursions) -> dict[str, np.ndarray]:
    """Whether the picture leaps with the limb, and how sure the pose is."""
    end = _LOWER[found.bone]
    unexplained = np.asarray(tracks.unexplained, np.float64)
    leaps = [at.most(unexplained, *span) for span in at.edges(1)]
    off = [at.most(np.asarray(tracks.joint_off_flow, np.float64), *span)[at.rows, end] for span in at.edges(0)]
    off_inside = at.inside(np.asarray(tracks.joint_off_flow, np.float64))[at.rows, end]
    sure = np.asarray(tracks.confidence, np.float64)
    around = (at.before(sure) + at.after(sure))[at.rows, end] / 2
    inside = at.inside(sure)[at.rows, end]
    whole = (found.start - _AROUND, found.stop + _AROUND)
    speed = running_median(np.asarray(tracks.joint_speed, np.float64), _AROUND)
    middle = np.clip((whole[0] + whole[1]) // 2, 0, len(tracks) - 1)
    return {
        "leaps": np.log(np.maximum(np.fmin(*leaps), _UNUSUALLY_CALM)),
        "leaps_most": np.log(np.maximum(np.fmax(*leaps), _UNUSUALLY_CALM)),
        "leaps_inside": np.log(np.maximum(at.inside(unexplained), _UNUSUALLY_CALM)),
        "off_flow": np.log(_NOISE + np.fmin(*off)),
        "off_flow_inside": np.log(_NOISE + off_inside),
        "confidence": inside,
        "least_confidence": -at.most(-sure, found.start - 1, found.stop + 1)[at.rows, end],
        "confidence_falls": inside - around,
        "speed": np.log(_SLOWEST + speed[middle, end]),
        "body_speed": np.log(_SLOWEST + median(speed.T)[middle]),
    }


def _leap_odds(at: Windows, tracks: LocalTracks, times: np.ndarray) -> dict[str, np.ndarray]:
    found = leaps(tracks, times)
    odds = np.log(np.maximum(fault_odds("leaps", leap_features(tracks, found, times)), _UNLIKELY))
    total, many = len(tracks), len(_LIMBS)
    best = np.full((total, many), np.log(_UNLIKELY))
    for leap, value in zip(found, odds, strict=True):
        limb = limb_of_joint(leap.joints[0])
        best[leap.start : leap.stop, limb] = np.maximum(best[leap.start : leap.stop, limb], value)
    limb = np.array([limb_of_joint(end) for end in _LOWER])[at.found.bone]
    others = np.arange(many) != limb[:, None]
    edges = [at.most(best, *span) for span in at.edges(_NEAR)]
    away, back = (edge[at.rows, limb] for edge in edges)
    elsewhere = np.where(others, np.maximum(*edges), np.log(_UNLIKELY)).max(axis=1)
    return {"leap_away": away, "leap_back": back, "leap_likelier": np.maximum(away, back), "leap_other": elsewhere}


def limb_of_joint(joint: int) -> int:
    """The number of the limb that one of `joints.JOINTS` is on, the last number for head and trunk."""
    side, _, part = JOINTS[joint].partition("_")
    kind = "arm" if part in ("shoulder", "elbow", "wrist") else "leg"
    return _LIMBS.index(f"{side}_{kind}") if part else len(_LIMBS) - 1


def _picture_features(at: Windows, tracks: LocalTracks, shown: np.ndarray, direction: np.ndarray) -> dict[str, np.ndarray]:
    """What the pictures tell of the bone itself."""
    found, bone, child, other = at.found, at.found.bone, _CHILD[at.found.bone], _OTHER[at.found.bone]
    leap, colour = np.asarray(tracks.bone_leap, np.float64), np.asarray(tracks.bone_colour, np.float64)
    log, both = (np.log(np.maximum(choose(leap, axis=-1), _UNUSUALLY_CALM)) for choose in (np.max, np.min))
    leaps, house = ([at.most(values, *span) for span in at.edges(0)] for values in (log, both))
    flow = np.asarray(tracks.bone_flow, np.float64)
    steps_seen = np.zeros(shown.shape)
    steps_seen[1:] = np.diff(shown, axis=0)
    moved = [(at.total(flow, *span)[at.rows, bone], at.total(steps_seen, *span)[at.rows, bone]) for span in at.edges(0)]
    goes = [
        (of_flow * jump).sum(-1) / np.maximum((jump**2).sum(-1), _NOISE**2)
        for (of_flow, _), jump in zip(moved, (found.away, found.back), strict=True)
    ]
    longer = [
        sign * (of_flow * place(direction)[at.rows, bone]).sum(-1)
        for sign, (of_flow, _), place in ((1, moved[0], at.before), (-1, moved[1], at.after))
    ]
    agrees = [(of_flow * of_points).sum(-1) / np.maximum((of_points**2).sum(-1), _NOISE**2) for of_flow, of_points in moved]
    off = np.linalg.norm(flow - steps_seen, axis=-1)
    before, inside, after = (place(colour)[at.rows, bone] for place in (at.before, at.inside, at.after))
    return {
        "bone_leaps": np.fmin(*(step[at.rows, bone] for step in leaps)),
        "bone_leaps_most": np.fmax(*(step[at.rows, bone] for step in leaps)),
        "bone_leaps_inside": at.inside(log)[at.rows, bone],
        "child_leaps": np.fmax(*(step[at.rows, child] for step in leaps)),
        "other_leaps": np.fmax(*(step[at.rows, other] for step in leaps)),
        "flow_goes": np.clip(np.fmin(*goes), *_SHARES),
        "flow_longer": np.fmin(*longer),
        "flow_agrees": np.clip(np.fmin(*agrees), *_SHARES),
        "flow_inside": np.log(_NOISE + at.inside(off)[at.rows, bone]),
        "colour_changes": np.linalg.norm(inside - (before + after) / 2, axis=-1),
        "moves_house": np.fmin(*(step[at.rows, bone] for step in house)),
        "moves_house_most": np.fmax(*(step[at.rows, bone] for step in house)),
        "flow_walks": np.fmax(*(np.linalg.norm(of_flow, axis=-1) for of_flow, _ in moved)),
        "colour_varies": np.linalg.norm(before - after, axis=-1),
    }


def _angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Radians between directions [..., 3]."""
    size = np.linalg.norm(a, axis=-1) * np.linalg.norm(b, axis=-1)
    return np.asarray(np.arccos(np.clip((a * b).sum(-1) / np.maximum(size, 1e-9), -1, 1)))
