"""What is planted, and which kind of event names it right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PIXEL_KINDS = ("freeze", "skip", "shuffle", "reversal", "splice", "mirror", "limb", "growth", "hue")
BODY_KINDS = ("swap", "body stretch", "root drift", "hyperextension", "arm teleport")
# Planted in films of its own, so that those of the other kinds stay as they are; counted apart.
TREMBLING_KINDS = ("jitter",)
CONTROL_KINDS = (
    "pan", "zoom", "flicker", "crossfade", "motion blur", "background warp", "12 fps", "60 fps", "slow motion", "slow leap",
)  # fmt: skip

# The kinds of core.glitches (issue: diagnosis, point 4).
EVENT_KINDS = (
    "jump", "freeze", "disorder", "swap", "stretch", "scale or identity drift", "slide or float", "jitter", "edit", "pose lost",
)  # fmt: skip
# Never a fault of the motion: neither a hit nor a false event. An unusual tempo is a remark about the clip.
UNUSUAL_TEMPO = "unusual tempo"
NO_FAULT = ("edit", "pose lost", UNUSUAL_TEMPO)

# A splice of one to three frames from elsewhere is both: the body jumps there and back, and its frames stand out of order.
# No kind is named after a joint bent the wrong way; `stretch` stands for limb or body shape, and an own kind is as good.
RIGHT_KINDS: Mapping[str, tuple[str, ...]] = {
    "freeze": ("freeze",),
    "skip": ("jump",),
    "shuffle": ("disorder",),
    "reversal": ("disorder",),
    "splice": ("jump", "disorder"),
    "mirror": ("swap",),
    "limb": ("stretch",),
    "growth": ("scale or identity drift",),
    "hue": ("scale or identity drift",),
    "swap": ("swap",),
    "body stretch": ("stretch",),
    "root drift": ("slide or float",),
    "hyperextension": ("stretch", "hyperextension"),
    "arm teleport": ("jump",),
    "jitter": ("jitter",),
}
_ARM = ("shoulder", "elbow", "wrist", "hand", "pinky", "index", "thumb", "collar")
_LEG = ("hip", "knee", "ankle", "foot", "heel", "foot_index")


@dataclass(frozen=True)
class Plant:
    """One planted fault: frames start..stop (exclusive) of the finished video.

    limb: left_arm, right_arm, left_leg or right_leg where the fault is in one of them, else None. detail: what exactly was done.
    """

    kind: str
    start: int
    stop: int
    limb: str | None = None
    detail: str = ""

    def __len__(self) -> int:
        return self.stop - self.start


def limb_of(joint: str) -> str | None:
    """The arm or leg on which a joint of SMPL or BlazePose lies; None for head and trunk."""
    side, _, part = joint.partition("_")
    if side not in ("left", "right"):
        return None
    if part in _ARM:
        return f"{side}_arm"
    return f"{side}_leg" if part in _LEG else None


def kind_is_right(plant: str, event: str) -> bool:
    """Whether an event of kind `event` names a plant of kind `plant` right."""
    return event in RIGHT_KINDS[plant]
