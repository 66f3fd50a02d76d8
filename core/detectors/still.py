"""A body that stands still in the midst of motion: how a freeze shows where there are no pictures."""

from __future__ import annotations

import numpy as np

from core.analysis import JointEvidence
from core.detectors.candidate import FREEZE, Candidate, frames_text, runs
from core.tracks.joints import JOINTS, half_window, median, running_quantile
from core.tracks.local import LocalTracks
from core.tracks.pace import freeze_steps

_SHARE, _SLOWEST = 0.25, 0.004  # of the motion around, and body heights a frame: below both a body stands still
_MOTION = 0.005  # body heights a frame: the least motion around a freeze
_PERFECTLY, _CATCH_UP = 0.0015, 0.03  # body heights a frame: nothing but the tremor of key points; a step that was left out
_FULL_SPEED = 0.5  # of the motion around: a step that neither slows down nor starts gently
_MOST = 30.0  # times: beyond it only the tremor of the key points is measured
_LIMBS = 4  # joints, those that should have moved most


def still_bodies(tracks: LocalTracks, times: np.ndarray) -> list[Candidate]:
    """Runs in which the body does not move at all although it moves before and after; a pause that slows down and starts gently is none.

    Only where there are no pictures: those tell a frame that is shown again from a body that stands still, and more of them.
    """
    if np.isfinite(tracks.held).any():
        return []
    steps = tracks.joint_speed * tracks.duration[:, None]
    body = median(steps.T)
    fewest, reach = max(freeze_steps(times).start, half_window(times, 0.08)), half_window(times, 0.3)
    around = running_quantile(body[:, None], half_window(times, 1.0), 0.75)[:, 0]
    found = []
    for first, stop in runs(body < np.minimum(_SHARE * around, _SLOWEST)):
        if stop - first < fewest or first < 3 or stop >= len(body):
            continue
        earlier, later = slice(max(1, first - reach), first), slice(stop, stop + reach)
        before, after = float(median(body[earlier])), float(median(body[later]))
        held, moving = float(np.median(body[first:stop])), max(before, after)
        # Motion that stops and starts within one frame: the step before and the step after are already as large as the motion around.
        abrupt = max(body[first - 2 : first]) >= _FULL_SPEED * before and body[stop] >= _FULL_SPEED * after
        within_motion = abrupt and min(before, after) >= _MOTION and held <= _SHARE * min(before, after)
        # Frames were lost: perfectly still, then the body is somewhere else.
        if not (within_motion or (held <= _PERFECTLY and body[stop] >= _CATCH_UP)):
            continue
        seconds = float(times[stop - 1] - times[first - 1])
        missing = np.nan_to_num(median(np.concatenate([steps[earlier], steps[later]])))
        order = np.argsort(-missing)[:_LIMBS]
        joints = tuple(JointEvidence(JOINTS[j], float(missing[j] / missing[order].sum())) for j in order)
        value = seconds * min(moving / max(held, 1e-6), _MOST)
        sure = float(np.mean(tracks.confidence[first:stop].max(axis=1)))
        text = f"The body does not move in {frames_text(first, stop)} ({seconds:.2f} s), although it moves before and after."
        found.append(Candidate("still", FREEZE, first, stop, first, value, sure, joints, ("joint steps in the picture",), text))
    return found
