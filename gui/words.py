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
