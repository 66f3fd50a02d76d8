"""What a report says, in plain words. Frames are 0-based; ranges are given with both ends included."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import PurePath

from core.analysis import Analysis, Glitch, JointEvidence
from core.detectors.candidate import EDIT, POSE_LOST
from core.skeletons import readable
from core.timebase import clock
from core.track import Presence

PRESENCE = {
    Presence.OK: "one person, clearly seen",
    Presence.NONE: "nobody found",
    Presence.MANY: "several people visible",
    Presence.UNCERTAIN: "uncertain pose",
    Presence.CUT: "cut",
}
OWN_SCALE = "The scores of this extractor are Telltale's own: do not set them beside published figures of other tools."
_SURE, _LIKELY = 0.8, 0.5
# Below this share of the strongest joint an event has no one place.
_ONE_JOINT = 0.15


def file_name(analysis: Analysis) -> str:
    """The video's name without its folders: a report is passed on, and where it was made is nobody's business."""
    return PurePath(analysis.video.path.replace("\\", "/")).name or analysis.video.path


def frames_text(start: int, stop: int) -> str:
    """`frame 7`, or `frames 7 to 9` for the range 7..10."""
    return f"frame {start}" if stop - start == 1 else f"frames {start} to {stop - 1}"


def span_text(analysis: Analysis, start: int, stop: int) -> str:
    """Frames and times of a range: `frames 7 to 9 (0:00.280 to 0:00.360)`."""
    times = analysis.track.times
    first, last = clock(times[start]), clock(times[min(stop, len(times)) - 1])
    return f"{frames_text(start, stop)} ({first if stop - start == 1 else f'{first} to {last}'})"


def joints_text(joints: Sequence[JointEvidence]) -> str:
    """`left wrist (70 %), left elbow (30 %)`; empty when no joint stands out."""
    return ", ".join(f"{readable(joint.name)} ({joint.share:.0%})".replace("%", " %") for joint in joints)


def confidence_text(confidence: float) -> str:
    """What the confidence in the pose means."""
    if confidence >= _SURE:
        return "the pose is well seen"
    if confidence >= _LIKELY:
        return "the pose is fairly well seen"
    return "the pose is badly seen, so this may be a mistake of the detector"


def verdict(analysis: Analysis) -> list[str]:
    """When, where and why, in two or three sentences."""
    sentences = []
    faults = [glitch for glitch in analysis.glitches if glitch.kind not in (EDIT, POSE_LOST)]
    if faults:
        count, strongest = len(faults), faults[0]
        events = "1 suspicious moment was" if count == 1 else f"{count} suspicious moments were"
        sentences.append(f"{events} found in {len(analysis)} frames.")
        lead = "It lies" if count == 1 else "The strongest lies"
        sentences.append(f"{lead} at {span_text(analysis, strongest.peak, strongest.peak + 1)}{_where(strongest)}.")
        sentences.append(strongest.text)
    elif any(value is Presence.OK for value in analysis.track.presence):
        sentences.append(f"No suspicious moment was found in {len(analysis)} frames. That does not mean that the motion is good.")
    else:
        sentences.append(f"Nothing could be judged: none of the {len(analysis)} frames shows one person clearly.")
    if analysis.scores.reason is not None:
        sentences.append(f"There are no scores: {_lower_first(analysis.scores.reason)}")
    if analysis.scores.padded:
        sentences.append("The clip is shorter than a window of 32 frames: its last frame was repeated, which makes it look more coherent.")
    return sentences


def presence_rows(analysis: Analysis) -> list[tuple[str, str, str]]:
    """Runs of frames that are not ok: frames, what, why."""
    rows, start = [], 0
    for (presence, reason), group in groupby(zip(analysis.track.presence, analysis.track.reasons, strict=True)):
        stop = start + len(list(group))
        if presence is not Presence.OK:
            rows.append((span_text(analysis, start, stop), PRESENCE[presence], reason or ""))
        start = stop
    return rows


def _where(glitch: Glitch) -> str:
    if not glitch.joints:
        return ""
    if len(glitch.joints) > 1 and max(joint.share for joint in glitch.joints) < _ONE_JOINT:
        return ", all over the body"
    return f", in the {readable(glitch.joints[0].name)}"


def _lower_first(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
