"""What this tool cannot see, and what is said of a clip that its manifold does not know: the words for window, report and command line.

The figures are those of the committed benchmark (`python -m benchmarks.glitches`, seed 0) at its operating point; they are written down by
hand after a run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.analysis import Scores

# Found less often than the first, a kind of fault counts as not detectable; less often than the second, as seen weakly.
_DETECTABLE, _WELL_SEEN = 0.6, 0.85


@dataclass(frozen=True)
class Planted:
    """A kind of fault that was planted into clean films, and how many of those the tool found."""

    what: str
    found: int
    planted: int

    @property
    def sentence(self) -> str:
        return f"{self.what}: {self.found} of {self.planted} planted ones found."


PLANTED = (
    Planted("A picture that stands still for 4 to 12 frames", 20, 20),
    Planted("Frames that are left out", 19, 20),
    Planted("6 to 16 frames in random order", 20, 20),
    Planted("12 to 24 frames that run backwards", 20, 20),
    Planted("1 to 3 frames from elsewhere", 18, 20),
    Planted("Frames that are mirrored", 20, 20),
    Planted("An arm or leg that is stretched in the picture", 7, 20),
    Planted("A body that slowly grows by 15 % over 1.5 s", 13, 20),
    Planted("Clothes or skin that slowly change their colour", 17, 20),
    Planted("Left and right of the body that change places", 19, 20),
    Planted("A limb of the body that grows and shrinks again", 15, 20),
    Planted("A body that slides while it stands", 13, 20),
    Planted("A knee or elbow that bends the wrong way", 15, 20),
    Planted("An arm that is somewhere else for a moment", 16, 20),
    Planted("A limb or body that trembles", 15, 20),
)
ALWAYS = (
    "“No event found” does not mean “good”: the tool finds motion that differs from real motion, and nothing else.",
    "It looks at one person. Other people, objects, the background, light and the laws of physics around the body are not judged, nor "
    "whether the action is the one that was asked for.",
    "Faces, fingers in detail, clothes, texture and identity are not judged; a wrong number of fingers or limbs may pass unseen.",
    "Smooth motion that is wrong in meaning (the wrong exercise, a knee that bends a little too far) may pass as coherent.",
    "Where the pose detector fails, a wrong pose looks like a wrong motion: see the confidence of an event and its pictures.",
    "Growth is seen only in a body that repeats its pose at one place; of a body that walks about, or whose ankles are hidden, it is not.",
    "Below 18 frames a second faults are found less often, and below 11 a limb or a body that is elsewhere for a moment is not looked for.",
    "A crossfade is seen when it takes about 8 to 30 frames and joins pictures that clearly differ; a longer one, or one between similar "
    "pictures, may pass for motion.",
    "An unusual tempo is told from leaps, runs and the balance of reach and speed: at half speed about 3 films in 10 are remarked, at a "
    "quarter 6 in 10. Motion that is slow on purpose, such as a slow dance, may be remarked as well.",
    "Depth comes from one camera: movement towards it and away from it is less certain than movement across the picture.",
    "Motion that looks the same forwards and backwards does not tell when it runs backwards.",
    "Fast real motion makes large steps too. A step counts only against the band of real motion.",
    "Attention shows where the encoder looked. It is no proof of a cause.",
    "Both scores depend on frame rate and speed: slow motion scores as more coherent. Compare clips of equal rate and similar motion only.",
)
OUTSIDE = "Outside what this manifold knows"


def not_detectable(planted: Sequence[Planted] = PLANTED) -> tuple[str, ...]:
    """Kinds of faults that the tool misses so often that its silence says nothing of them, the least seen first."""
    return _between(planted, -1.0, _DETECTABLE)


def seen_weakly(planted: Sequence[Planted] = PLANTED) -> tuple[str, ...]:
    """Kinds of faults of which the tool misses many, the least seen first."""
    return _between(planted, _DETECTABLE, _WELL_SEEN)


def outside_text(scores: Scores) -> str | None:
    """What is said instead of a verdict when the clip lies outside, or of those of its windows that do; None when all are known."""
    far = [window for window in scores.windows if window.outside]
    if scores.outside:
        return (
            f"{OUTSIDE}: this motion, or the features it was seen by, is unlike all real motion that the manifold has learned from, so no "
            "action is named and no action consistency told."
        )
    if not far:
        return None
    first = far[0]
    return (
        f"{OUTSIDE}: {len(far)} of {len(scores.windows)} windows, the first at frames {first.start} to {first.stop - 1}; no action is "
        "named for them."
    )


def _between(planted: Sequence[Planted], low: float, high: float) -> tuple[str, ...]:
    chosen = [kind for kind in planted if low <= kind.found / kind.planted < high]
    return tuple(kind.sentence for kind in sorted(chosen, key=lambda kind: kind.found / kind.planted))
