"""Motion-capture clips of the shared material: joint positions, and the stretches of them that show one action."""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

FPS = 60.0
# Faster changes of velocity than this, in metres per frame and frame, are mistakes of the recording: a flipped limb, or a first frame in
# T-pose.
_MOST_ACCELERATION = 0.16
_MARGIN = 3  # frames left out around a mistake
_MAIN_JOINTS = ("root", "lfemur", "ltibia", "rfemur", "rtibia", "lhumerus", "lradius", "rhumerus", "rradius", "head")


@dataclass(frozen=True)
class Take:
    """A stretch of a clip that shows one action: frames start..stop (exclusive) at 60 fps."""

    clip: str
    subject: str
    action: str
    start: int
    stop: int


@dataclass(frozen=True, eq=False)
class Library:
    """An opened set of clips. `joints` names the 31 joints; a joint is the far end of the bone it is named after."""

    joints: tuple[str, ...]
    takes: tuple[Take, ...]
    arrays: np.lib.npyio.NpzFile

    def positions(self, take: Take) -> np.ndarray:
        """float64 [T, 31, 3]: metres, y up, in the room."""
        frames = slice(take.start, take.stop)
        root = self.arrays[f"{take.clip}/root"][frames].astype(np.float64)
        return self.arrays[f"{take.clip}/joints"][frames].astype(np.float64) + root[:, None]


def shared_folder() -> Path:
    """The shared material. Raises SystemExit with a sentence when TELLTALE_SHARED does not name it."""
    folder = os.environ.get("TELLTALE_SHARED")
    if not folder or not (Path(folder) / "mocap").is_dir():
        raise SystemExit("Set TELLTALE_SHARED to the folder of shared material: its subfolder mocap/ is needed.")
    return Path(folder)


def open_library(mocap: Path, name: str = "cmu") -> Library:
    """`name` is cmu, or hdm05 (validation only: its licence does not allow weights that are shipped). Segments of a clip are own takes."""
    index = json.loads((mocap / f"{name}_index.json").read_text())
    cmu = json.loads((mocap / "cmu_index.json").read_text())
    takes = []
    for clip in index["clips"]:
        whole = [{"start": 0, "stop": clip["frames"], "action": clip["action"]}]
        for part in clip.get("segments") or whole:
            takes.append(Take(clip["clip"], clip["subject"], part["action"], part["start"], part["stop"]))
    arrays = np.load(mocap / f"{name}_joints_60fps.npz", allow_pickle=False)
    return Library(tuple(index.get("joints") or cmu["joints"]), tuple(takes), arrays)


def clean_parts(library: Library, take: Take, shortest: int) -> list[Take]:
    """The parts of a take, at least `shortest` frames long, in which no main joint moves as no body can."""
    points = library.positions(take)[:, [library.joints.index(name) for name in _MAIN_JOINTS]]
    jerky = np.linalg.norm(np.diff(points, 2, axis=0), axis=-1).max(1) > _MOST_ACCELERATION
    edges = [-1 - _MARGIN, *(np.flatnonzero(jerky) + 1).tolist(), len(points) + _MARGIN]
    parts = []
    for before, after in itertools.pairwise(edges):
        start, stop = before + 1 + _MARGIN, after - _MARGIN
        if stop - start >= shortest:
            parts.append(replace(take, start=take.start + start, stop=take.start + stop))
    return parts
