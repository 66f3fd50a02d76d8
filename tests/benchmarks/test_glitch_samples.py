from pathlib import Path

from benchmarks.glitches.films import Truth
from benchmarks.glitches.kinds import Plant
from benchmarks.glitches.matching import Event
from benchmarks.glitches.samples import sample_seeds, samples_report

PLANTS = (Plant("stretch", 20, 34, "left_arm"), Plant("freeze", 90, 98), Plant("teleport", 188, 190))
TRUTH = Truth("sample_1", Path("sample_1.mp4"), "samples", "seed 1", 30.0, 240, PLANTS)


def event(kind: str, start: int, stop: int, score: float, joint: str | None = None) -> Event:
    return Event("sample_1", kind, start, stop, start, score, joint)


def test_that_ranks_kinds_and_limbs_are_told() -> None:
    events = [
        event("freeze", 90, 98, 0.9),
        event("stretch", 21, 33, 0.8, "right_wrist"),
        event("slide or float", 150, 160, 0.7),
        event("disorder", 188, 190, 0.6),
        event("pose lost", 100, 240, 1.0),
    ]
    text = samples_report([(TRUTH, events)])
    assert "| seed 1 | stretch | 20 to 33 | stretch | 21 to 32 | 2 | right | right_arm |" in text
    assert "| seed 1 | freeze | 90 to 97 | freeze | 90 to 97 | 1 | right |  |" in text
    assert "| seed 1 | teleport | 188 to 189 | disorder | 188 to 189 | 4 | wrong |  |" in text
    assert "Found: 3 of 3; among the strongest events of their clip: 2; kind right: 2 of 3; limb right: 0 of 1. 1 clips." in text


def test_that_what_is_not_found_is_told() -> None:
    text = samples_report([(TRUTH, [])])
    assert "| seed 1 | freeze | 90 to 97 | - |  |  |  |  |" in text
    assert "Found: 0 of 3" in text


def test_that_seeds_are_fresh() -> None:
    assert len({*sample_seeds(0), *sample_seeds(1)}) == 10 and 0 not in sample_seeds(0)
