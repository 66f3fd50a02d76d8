from pathlib import Path

import pytest

from benchmarks.glitches.baselines import NAMES
from benchmarks.glitches.films import Truth
from benchmarks.glitches.kinds import Plant
from benchmarks.glitches.matching import Event
from benchmarks.glitches.report import judge_all, misses, operating_point, report
from benchmarks.glitches.running import TOOL, Outcome


def outcome(name: str, family: str, plants: tuple[Plant, ...], *events: Event, minutes: float = 1.0, **more) -> Outcome:
    known = more.pop("known", ())
    truth = Truth(name, Path(f"{name}.mp4"), family, name, 10.0, round(minutes * 600), plants, **more)
    return Outcome(truth, known, {TOOL: list(events), **{baseline: [] for baseline in NAMES}}, 0.0)


def event(start: int, score: float, kind: str = "jump", stop: int | None = None, joint: str | None = None) -> Event:
    return Event("film", kind, start, start + 1 if stop is None else stop, start, score, joint)


OUTCOMES = [
    outcome("street", "clean real", (), event(10, 0.3), event(50, 0.2), event(90, 0.1)),
    outcome(
        "film", "pixels", (Plant("skip", 100, 101), Plant("limb", 200, 208, "left_arm")),
        event(100, 0.9), event(201, 0.8, "jump", joint="left_wrist"), event(101, 0.25),
    ),
    outcome("fade", "controls", (), event(30, 0.7), event(62, 0.1, "edit"), control="crossfade", edit=(60, 72)),
]  # fmt: skip


def row(text: str, name: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")][1:]


def test_that_the_operating_point_counts_clean_and_planted_footage_and_no_controls() -> None:
    # Two minutes, so four false events are allowed: 0.3, 0.25, 0.2, 0.1.
    assert operating_point(judge_all(OUTCOMES, TOOL)) == pytest.approx(0.1)
    assert operating_point(judge_all(OUTCOMES[:1], TOOL)) == pytest.approx(0.2)


def test_that_false_events_are_counted_by_footage() -> None:
    text = report(OUTCOMES)
    assert row(text, "clean real")[:3] == ["1.0", "1", "3"]
    assert row(text, "pixels")[:3] == ["1.0", "1", "1"]
    assert row(text, "together")[2] == "4"


def test_that_recall_kind_and_limb_are_told_by_kind() -> None:
    text = report(OUTCOMES)
    assert row(text, "skip") == ["1", "1", "1", "1.00 (0.03 to 1.00)", "1 of 1", ""]
    assert row(text, "limb") == ["1", "1", "1", "1.00 (0.03 to 1.00)", "0 of 1", "1 of 1"]


def test_that_a_crossfade_told_as_edit_is_no_false_event() -> None:
    cells = row(report(OUTCOMES), "crossfade")
    assert cells[2:] == ["1", "1", "0", "1 edit; told as edit: 1 of 1"]


def test_that_labelled_footage_is_taken_off_the_minutes() -> None:
    labelled = outcome("street", "clean real", (), event(10, 0.3), known=(Plant("jump", 0, 300),))
    judged = judge_all([labelled], TOOL)[0]
    assert judged.minutes == pytest.approx(0.5) and not any(v.is_false for v in judged.verdicts)


def test_that_the_detectors_are_compared_by_area_and_recall() -> None:
    text = report(OUTCOMES)
    assert row(text, TOOL)[0] == "1.00 (2 of 2)" and row(text, TOOL)[3] == "1.000"
    assert row(text, "acceleration")[0] == "0.00 (0 of 2)"
    assert "1 - AUPRC is 0.00 of that of the best baseline" in text


def test_that_a_missed_plant_is_listed_with_the_nearest_event() -> None:
    missed = outcome("film", "bodies", (Plant("swap", 100, 104),), event(300, 0.9), event(120, 0.4, "pose lost"))
    assert "| swap | film | 100 to 103 |  | pose lost 120 to 120" in misses([missed])


def test_that_remarks_on_the_tempo_are_counted_apart_for_films_that_are_slow() -> None:
    remark = event(0, 0.0, "unusual tempo", stop=600)
    films = [
        outcome("phalp_running.mp4", "controls", (), remark, control="zoom"),
        outcome("street", "controls", (), control="zoom"),
        outcome("take", "controls", (), remark, control="slow motion"),
        outcome("yard", "controls", (), remark, control="pan"),
    ]
    text = report([*OUTCOMES, *films]).split("## Films remarked")[1]
    assert row(text, "zoom") == ["1", "1", "1", "0"]
    assert row(text, "slow motion") == ["1", "1", "0", "0"]
    assert row(text, "pan") == ["0", "0", "1", "1"]
