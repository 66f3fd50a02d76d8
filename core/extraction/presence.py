"""Whether the subject can be judged in a frame, and the reason when not."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from core.extraction.people import People
from core.skeletons import BLAZEPOSE
from core.track import Presence

# The share of the body that has to be visible: the mean visibility of shoulders and hips, and of the best half of all joints.
_SURE = 0.5
# A candidate of the detector is somebody from this score on.
_SOMEBODY = 0.7
# Another person is at least this large beside the subject (radius to radius): smaller ones are pictures, machines and distant background.
_LARGE = 0.4
# Seconds around a frame in which counts are taken together. Another person is there if a third of these counts shows one, and two at least
# (where there are two): the detector misses a real person now and then, and seldom twice sees one who is not there.
_AROUND = 0.8
# A pose lies on somebody if its hips are nearer to a candidate's than this share of the candidate's radius.
_ON = 0.6
# From one frame to the next a person's hips move less than this share of the body's size.
_JUMP = 0.5

_JOINTS = [
    BLAZEPOSE.index(f"{side}_{part}") for part in ("shoulder", "hip", "elbow", "wrist", "knee", "ankle") for side in ("left", "right")
]
_SHOULDERS, _HIPS = _JOINTS[:2], _JOINTS[2:4]


@dataclass(eq=False)
class Evidence:
    """What is known of each frame; rows are filled as frames are read.

    times float64 [T]; points float32 [T, 33, 2] in pixels and visibility float32 [T, 33], NaN where no pose was found; boxes float32
    [T, 4]; people by frame, for the frames in which they were counted; frames with a pose that the tracker had not
    settled on; the first frames of new shots.
    """

    times: np.ndarray
    points: np.ndarray
    visibility: np.ndarray
    boxes: np.ndarray
    people: dict[int, People] = field(default_factory=dict)
    unsettled: set[int] = field(default_factory=set)
    cuts: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Verdict:
    presence: Presence
    reason: str | None = None


def judge(evidence: Evidence, done: int) -> list[Verdict]:
    """A verdict for each of the T frames; frames from `done` on were not read yet and are `none`."""
    others = {frame: _others(evidence, frame, people) for frame, people in evidence.people.items() if frame < done}
    crowded = _around(evidence.times, others, done)
    jumps = _jumps(evidence, done, crowded)
    cuts = set(evidence.cuts)
    verdicts = []
    for frame in range(len(evidence.times)):
        if frame >= done:
            verdicts.append(Verdict(Presence.NONE, "This frame has not been read yet."))
        elif frame in cuts:
            verdicts.append(Verdict(Presence.CUT, "A new shot begins here."))
        elif frame in jumps:
            verdicts.append(Verdict(Presence.CUT, "The tracker jumps to another person here."))
        else:
            verdicts.append(_verdict(evidence, frame, crowded[frame]))
    return verdicts


def _verdict(evidence: Evidence, frame: int, others: int) -> Verdict:
    people = evidence.people.get(frame)
    somebody = people is not None and bool((people.scores >= _SOMEBODY).any())
    if np.isnan(evidence.visibility[frame, 0]):
        if somebody:
            return Verdict(Presence.UNCERTAIN, "Somebody is visible, but the pose could not be found.")
        return Verdict(Presence.NONE, "Nobody was found.")
    if frame in evidence.unsettled:
        return Verdict(Presence.UNCERTAIN, "The tracker has only just found the person and has not settled on a pose.")
    sure = confidence(evidence.visibility[frame])
    if sure < _SURE:
        return Verdict(Presence.UNCERTAIN, f"The pose is unreliable: its joints are visible with a confidence of only {100 * sure:.0f} %.")
    if people is not None and somebody and not _on_somebody(evidence.points[frame], people):
        return Verdict(Presence.UNCERTAIN, "The pose does not lie on the person that the detector sees.")
    if others:
        return Verdict(
            Presence.MANY, f"{others + 1} people are visible; it cannot be known whether the pose is always that of the same one."
        )
    return Verdict(Presence.OK)


def confidence(visibility: np.ndarray) -> float:
    """0..1: how well the better half of the twelve large joints is seen; a person seen from the hips up is seen well."""
    joints = np.sort(visibility[_JOINTS])
    return float(joints[len(joints) // 2 :].mean())


def _hips(points: np.ndarray) -> np.ndarray:
    middle: np.ndarray = points[..., _HIPS, :].mean(-2)
    return middle


def _reach(points: np.ndarray) -> np.ndarray:
    """The size of a body in the picture, comparable to a candidate's radius: from the hips to the farthest joint, at least 1.3 trunks."""
    trunk = np.linalg.norm(points[..., _SHOULDERS, :].mean(-2) - _hips(points), axis=-1)
    far = np.linalg.norm(points[..., _JOINTS, :] - _hips(points)[..., None, :], axis=-1).max(-1)
    size: np.ndarray = np.maximum(1.3 * trunk, far)
    return size


def _on_somebody(points: np.ndarray, people: People) -> bool:
    likely = people.scores >= _SOMEBODY
    distance = np.linalg.norm(people.centres[likely] - _hips(points), axis=-1)
    return bool((distance < _ON * np.maximum(people.radii[likely], _reach(points))).any())


def _others(evidence: Evidence, frame: int, people: People) -> int:
    """How many people other than the subject the detector sees: likely, large enough, with their hips outside the subject's box.

    Without a pose, everybody but one. Two people of whom one hides the hips of the other are counted as one: the detector cannot tell.
    """
    likely = people.scores >= _SOMEBODY
    centres, radii = people.centres[likely], people.radii[likely]
    box = evidence.boxes[frame]
    if np.isnan(box[0]):
        return max(int((radii >= _LARGE * radii.max()).sum()) - 1, 0) if len(radii) else 0
    margin = 0.1 * max(box[2] - box[0], box[3] - box[1])
    inside = ((centres >= box[:2] - margin) & (centres <= box[2:] + margin)).all(-1)
    reach = float(_reach(evidence.points[frame]))
    # The hips of somebody seen from the chest up lie outside the picture, and so outside the box.
    near = np.linalg.norm(centres - _hips(evidence.points[frame]), axis=-1) < _ON * np.maximum(radii, reach)
    return int((~inside & ~near & (radii >= _LARGE * reach)).sum())


def _around(times: np.ndarray, others: dict[int, int], done: int) -> np.ndarray:
    """int [T]: how many other people are there in each frame, from the counts nearby."""
    crowded = np.zeros(len(times), int)
    frames = np.array(sorted(others), int)
    counts = np.array([others[int(frame)] for frame in frames], int)
    for frame in range(done if len(frames) else 0):
        first, last = np.searchsorted(times[frames], (times[frame] - _AROUND, times[frame] + _AROUND))
        near = counts[first:last] if last > first else counts[[np.abs(times[frames] - times[frame]).argmin()]]
        shown = np.sort(near[near > 0])
        if len(shown) and len(shown) >= min(len(near), max(2.0, len(near) / 3)):
            crowded[frame] = shown[len(shown) // 2]
    return crowded


def _jumps(evidence: Evidence, done: int, crowded: np.ndarray) -> set[int]:
    """Frames in which the pose is suddenly that of somebody else: the hips leave the body's place while others are near."""
    jumps, last = set(), None
    hips, reach = _hips(evidence.points), _reach(evidence.points)
    for frame in range(done):
        if np.isnan(reach[frame]):
            continue
        if last is not None and crowded[last : frame + 1].any():
            apart = float(np.linalg.norm(hips[frame] - hips[last]))
            if apart > _JUMP * (frame - last) ** 0.5 * float(reach[last]):
                jumps.add(frame)
        last = frame
    return jumps
