"""Ranges and glitch kinds as people read them."""

from __future__ import annotations


def frames_text(frames: range) -> str:
    """A range with an exclusive stop, in inclusive words: `frame 47`, `frames 47–52`."""
    if len(frames) == 1:
        return f"frame {frames.start}"
    return f"frames {frames.start}–{frames.stop - 1}"


def kind_text(kind: str) -> str:
    """`limb_stretch` -> `Limb stretch`."""
    words = kind.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


def class_text(name: str) -> str:
    """`jump_high` -> `jump high`."""
    return name.replace("_", " ")


CANNOT_SEE = (
    "It cannot see faces, fingers in detail, objects, physics of the scene, or whether the action matches a prompt. It judges one person, "
    "whose pose was estimated from pixels: an error of the pose looks like an error of the motion. It sees only weakly limbs that grow, "
    "joints that bend the wrong way, exchanged sides of the body and sliding feet, and a body that grows only where it repeats a pose. "
    "Motion that looks the same both ways hides its direction. Fast real motion steps far too, and half speed looks coherent. "
    "“No glitch found” does not mean “good”."
)
