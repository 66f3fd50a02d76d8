"""One function a kind of event: local tracks -> candidates with their evidence. `core.glitches` ranks them and gives them names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.analysis import JointEvidence
from core.skeletons import readable
from core.track import HumanTrack, Presence
from core.tracks.bones import BONES, BoneLengths
from core.tracks.joints import JOINTS, JointMotion, half_window, median, running_median, running_quantile
from core.tracks.spikes import Spikes

JUMP, FREEZE, STRETCH, POSE_LOST = "jump", "freeze", "stretch", "pose lost"
_PAIRS = tuple(
    (JOINTS.index(f"left_{name}"), JOINTS.index(f"right_{name}")) for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
)
_STILL, _CATCH_UP = 0.0015, 0.03  # body heights a frame
_STEPS_PICTURE, _STEPS_SPACE = "joint steps in the picture", "joint steps in space"
_BONES_PICTURE, _BONES_SPACE = "bone lengths in the picture", "bone lengths in space"
_STILL_LONG = 1.15  # times the longest a bone is usually seen
_ONE_WITNESS = 0.7  # of the confidence, when only one of two tracks saw the event
_WHOLE_BODY = 8  # joints
_TYPICAL_FLOOR = 0.004  # body heights: what key points at rest do from frame to frame


@dataclass(frozen=True)
class Candidate:
    """An event before it has an id, sources and a rank; frames as in Glitch."""

    kind: str
    start: int
    stop: int
    peak: int
    severity: float
    rarity: str
    confidence: float
    joints: tuple[JointEvidence, ...]
    tracks: tuple[str, ...]
    text: str


def jumps(
    motion: JointMotion, image: Spikes, space: Spikes, times: np.ndarray, minimum_score: float, minimum_excess: float
) -> list[Candidate]:
    """Steps that the motion around them does not explain, in the picture; a jump seen in space as well is surer."""
    large = np.minimum(image.excess, motion.image_step) >= minimum_excess
    hits = large & (image.score >= minimum_score) & ~swapped(motion.image)
    typical = np.fmax(median(motion.image_step), _TYPICAL_FLOOR)
    found = []
    for first, stop in runs(hits.any(axis=1), bridge=half_window(times, 0.08)):
        unexplained = np.where(hits[first:stop], image.excess[first:stop], 0.0)
        total = unexplained.sum(axis=0)
        order = [int(joint) for joint in np.argsort(-total) if total[joint] > 0]
        peak = first + int(unexplained.sum(axis=1).argmax())
        lead = int(unexplained[peak - first].argmax())
        # The whole body is told by its middle joint, a part of it by the joint that moves most.
        told = order if len(order) >= _WHOLE_BODY else [lead]
        step, usual = float(median(motion.image_step[peak, told])), float(np.median(typical[told]))
        in_space = bool((space.score[peak, order] >= minimum_score / 2).any())
        confidence = float(motion.confidence[peak - 1 : peak + 1, order].min(axis=0).mean())
        largest = np.nan_to_num(motion.image_step[first:stop]).max(axis=0)
        known = np.nan_to_num(motion.image_step[:, lead])
        found.append(
            Candidate(
                kind=JUMP,
                start=first - 1,
                stop=stop,
                peak=peak,
                severity=_saturating(float(unexplained.max()), 0.15) * _saturating(float(image.score[peak, lead]), 10.0),
                rarity=_rank(int((known >= known[peak]).sum()), int((known > 0).sum())),
                confidence=confidence if in_space else _ONE_WITNESS * confidence,
                joints=tuple(JointEvidence(JOINTS[j], float(total[j] / total.sum()), float(largest[j] / typical[j])) for j in order),
                tracks=(_STEPS_PICTURE, _STEPS_SPACE) if in_space else (_STEPS_PICTURE,),
                text=_jump_text(order, lead, peak, (first, stop), step, step / usual),
            )
        )
    return found


def _jump_text(order: list[int], lead: int, peak: int, span: tuple[int, int], step: float, times_typical: float) -> str:
    who = "The whole body" if len(order) >= _WHOLE_BODY else readable(JOINTS[lead]).capitalize()
    moves = f"{who} moves {step:.2f} body heights between frames {peak - 1} and {peak}"
    rare = f"{times_typical:.0f} times its typical step in this clip"
    first, stop = span
    return f"{moves}, {rare}." if stop - first == 1 else f"{moves}, {rare}, within a disturbance of frames {first - 1} to {stop - 1}."


def freezes(motion: JointMotion, times: np.ndarray, maximum_share: float, minimum_motion: float) -> list[Candidate]:
    """Runs in which the body does not move at all although it moves before and after; a pause that slows down and starts gently is none.

    maximum_share: of the motion around; minimum_motion: body heights a frame around the run.
    """
    body = median(motion.image_step.T)
    fewest = max(3, half_window(times, 0.08))
    around = running_quantile(body[:, None], half_window(times, 1.0), 0.75)[:, 0]
    reach = half_window(times, 0.3)
    found = []
    for first, stop in runs(body < np.minimum(maximum_share * around, _TYPICAL_FLOOR)):
        if stop - first < fewest or first < 3 or stop >= len(body):
            continue
        earlier, later = slice(max(1, first - reach), first), slice(stop, stop + reach)
        before, after = float(median(body[earlier])), float(median(body[later]))
        held = float(np.median(body[first:stop]))
        # Motion that stops and starts within one frame: the step before and the step after are already as large as the motion around.
        abrupt = max(body[first - 2 : first]) >= 0.5 * before and body[stop] >= 0.5 * after
        within_motion = abrupt and min(before, after) >= minimum_motion and held <= maximum_share * min(before, after)
        # Frames were lost: perfectly still, then the body is somewhere else.
        catches_up = held <= _STILL and body[stop] >= _CATCH_UP
        if not (within_motion or catches_up):
            continue
        moving = max(before, after)
        missing = np.nan_to_num(median(np.concatenate([motion.image_step[earlier], motion.image_step[later]])))
        left = np.nan_to_num(median(motion.image_step[first:stop])) / np.maximum(missing, 1e-4)
        order = np.argsort(-missing)[:4]
        seconds = float(times[stop - 1] - times[first - 1])
        found.append(
            Candidate(
                kind=FREEZE,
                start=first - 1,
                stop=stop,
                peak=first,
                severity=_saturating(seconds, 0.2) * _saturating(moving / max(held, 1e-4), 4.0),
                rarity=f"{stop - first} steps in a row at {held / moving:.0%} of the motion around them",
                confidence=float(np.mean(motion.confidence[first - 1 : stop].max(axis=0))),
                joints=tuple(JointEvidence(JOINTS[j], float(missing[j] / missing[order].sum()), float(left[j])) for j in order),
                tracks=(_STEPS_PICTURE,),
                text=f"The body does not move in frames {first - 1} to {stop - 1} ({seconds:.2f} s), although it moves before and after.",
            )
        )
    return found


def stretches(lengths: BoneLengths, motion: JointMotion, minimum_picture: float, minimum_space: float) -> list[Candidate]:
    """Limb bones that grow: longer in the picture than they are ever seen, or longer in space than around, for three frames or more."""
    found = []
    for bone, (name, upper, lower) in enumerate(BONES):
        picture, space = np.nan_to_num(lengths.picture[:, bone]), np.nan_to_num(lengths.space[:, bone])
        in_picture, in_space = picture >= minimum_picture, (space >= minimum_space) & (picture >= 1.0)
        hits = in_picture | in_space
        # The event lasts as long as the bone is clearly too long, not only while it is at its longest.
        for first, stop in runs((picture >= _STILL_LONG) | hits, bridge=2):
            if hits[first:stop].sum() < 3:
                continue
            ratio = np.maximum(picture, space)[first:stop]
            confidence = float(motion.confidence[first:stop][:, [upper, lower]].min(axis=1).mean())
            votes = [(_BONES_PICTURE, in_picture), (_BONES_SPACE, in_space)]
            tracks = tuple(track for track, hits in votes if hits[first:stop].any())
            found.append(
                Candidate(
                    kind=STRETCH,
                    start=first,
                    stop=stop,
                    peak=first + int(ratio.argmax()),
                    severity=_saturating(float(ratio.max()) - 1.0, 0.35),
                    rarity="longer than this bone is seen in the rest of the clip",
                    confidence=confidence if len(tracks) == 2 else _ONE_WITNESS * confidence,
                    joints=tuple(JointEvidence(JOINTS[joint], 0.5, float(ratio.max())) for joint in (lower, upper)),
                    tracks=tracks,
                    text=f"{readable(name).capitalize()} is up to {ratio.max() - 1:.0%} longer than usual in frames {first} to {stop - 1}.",
                )
            )
    return found


def unsure_frames(track: HumanTrack, witness: np.ndarray, confidence: np.ndarray, minimum_share: float) -> np.ndarray:
    """bool [T]: frames with a body in which the pose is not trusted: said so by the extractor, or its confidence has collapsed."""
    level = np.where(track.seen(), confidence.mean(axis=1), np.nan)
    usual = running_median(level[:, None], half_window(track.times, 1.5))[:, 0]
    collapsed = witness & (level < minimum_share * usual)
    return collapsed | (np.array([value == Presence.UNCERTAIN for value in track.presence], bool) & track.seen())


def poses_lost(track: HumanTrack, unsure: np.ndarray, confidence: np.ndarray) -> list[Candidate]:
    """Runs in which the pose is not trusted: told, so that nobody takes them for a fault of the motion."""
    found = []
    for first, stop in runs(unsure, bridge=1):
        if stop - first > len(track) / 2:
            continue
        level = float(confidence[first:stop].mean())
        frames = f"frame {first}" if stop - first == 1 else f"frames {first} to {stop - 1}"
        found.append(
            Candidate(
                kind=POSE_LOST,
                start=first,
                stop=stop,
                peak=first + int(confidence[first:stop].mean(axis=1).argmin()),
                severity=0.1 * _saturating(stop - first, 5.0),
                rarity="a failure of the pose estimate, not of the motion",
                confidence=level,
                joints=(),
                tracks=("pose confidence",),
                text=f"The pose is not trusted in {frames} (confidence {level:.2f}): the motion there cannot be judged.",
            )
        )
    return found


def swapped(image: np.ndarray) -> np.ndarray:
    """bool [T, J]: steps in which left and right have changed places, which is the estimator's mistake and no motion."""
    result = np.zeros(image.shape[:2], bool)
    for left, right in _PAIRS:
        now, before = image[1:], image[:-1]

        def distance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
            return np.asarray(np.linalg.norm(a - b, axis=-1))

        kept = distance(now[:, left], before[:, left]) + distance(now[:, right], before[:, right])
        crossed = distance(now[:, left], before[:, right]) + distance(now[:, right], before[:, left])
        result[1:, left] = result[1:, right] = crossed < 0.5 * kept
    return result


def runs(mask: np.ndarray, bridge: int = 0) -> list[tuple[int, int]]:
    """The stretches of True as (first, stop), those no more than `bridge` apart joined."""
    places = np.flatnonzero(mask)
    if not places.size:
        return []
    breaks = np.flatnonzero(np.diff(places) > bridge + 1)
    return [(int(a), int(b) + 1) for a, b in zip(places[np.r_[0, breaks + 1]], places[np.r_[breaks, len(places) - 1]], strict=True)]


def _rank(place: int, total: int) -> str:
    return f"the largest of this joint's {total} steps" if place <= 1 else f"among the {place} largest of this joint's {total} steps"


def _saturating(value: float, scale: float) -> float:
    return float(1.0 - np.exp(-value / scale))
