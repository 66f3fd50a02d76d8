"""What the encoder says of an event, in words for the window and the report."""

from __future__ import annotations

from collections.abc import Mapping

from core.analysis import Glitch
from core.detectors.candidate import EDIT, POSE_LOST

# Sources as people call them.
_NAMES = {
    "vit": "appearance (ViT)",
    "clip": "appearance (CLIP)",
    "dino": "appearance (DINO)",
    "global": "orientation",
    "beta": "shape",
    "kp2d": "key points",
}
ONE_DETECTOR = "Pose, orientation, shape and key points come from one detector: not four witnesses."
LOCATED = "Events are located on local tracks; the encoder explains them and ranks those that are equally rare."
NOT_ASKED = (
    "The encoder was not asked: the event lies at the end of a shot, is longer than a window of 32 frames, or leaves too little of the "
    "clip to compare with."
)


def source_name(source: str) -> str:
    """`kp2d` -> `key points`."""
    return _NAMES.get(source, source)


def encoder_text(glitch: Glitch) -> str | None:
    """Whether the encoder sees an event, in one sentence; None for what is no fault of the motion."""
    if glitch.kind in (EDIT, POSE_LOST):
        return None
    reaction = glitch.encoder
    if reaction is None:
        return NOT_ASKED
    if reaction.seen:
        return (
            f"The encoder sees this event: across it, it steps {reaction.rise:.1f} usual steps farther than across the same frames healed; "
            f"ordinary stretches of this clip reach {max(reaction.highest, 0.0):.1f}."
        )
    how = f"only {reaction.rise:.1f} usual steps farther" if reaction.rise > 0 else "no farther"
    return (
        f"The encoder does not see this event: across it, it steps {how} than across the same frames healed; ordinary stretches of this "
        f"clip reach {reaction.highest:.1f}."
    )


def encoder_line(glitch: Glitch) -> str | None:
    """The same in a line, for the window."""
    reaction = glitch.encoder
    if reaction is None or glitch.kind in (EDIT, POSE_LOST):
        return encoder_text(glitch)
    sees = "sees" if reaction.seen else "does not see"
    # The encoder is said to step less across an event than across its healed version by a negative number: a freeze does that.
    return (
        f"The encoder {sees} this event: {reaction.rise:.1f} usual steps above the healed clip (ordinary: up to {reaction.highest:.1f})."
    ).replace("-", "−")


def shares_remark(shares: Mapping[str, float], extractor: str) -> str | None:
    """What has to be known before shares are believed; None where there is nothing to say."""
    return ONE_DETECTOR if shares and extractor == "blazepose" else None
