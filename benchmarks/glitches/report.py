"""From outcomes to figures and tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmarks.glitches.baselines import NAMES as BASELINES
from benchmarks.glitches.figures import average_precision, clopper_pearson, from_score, operating_threshold, poisson_rate
from benchmarks.glitches.kinds import (
    BODY_KINDS,
    CONTROL_KINDS,
    EVENT_KINDS,
    PIXEL_KINDS,
    TREMBLING_KINDS,
    UNUSUAL_TEMPO,
    kind_is_right,
    limb_of,
)
from benchmarks.glitches.matching import Fate, Verdict, match
from benchmarks.glitches.running import TOOL, Outcome, is_slowed

MOST_FALSE = 2.0  # a minute, at the operating point
_NOTHING = "(nothing)"
_APART = ("controls", "jitter")  # their footage has no part in the operating point


@dataclass(frozen=True)
class Judged:
    """One film and the verdicts on the events of one detector."""

    outcome: Outcome
    verdicts: tuple[Verdict, ...]

    @property
    def family(self) -> str:
        return self.outcome.truth.family

    @property
    def minutes(self) -> float:
        """Of footage in which an event would count as false: without known irregularities."""
        truth = self.outcome.truth
        covered = {frame for label in self.outcome.known for frame in range(label.start, label.stop)}
        return truth.minutes * (1 - len(covered) / truth.frames)


def judge_all(outcomes: Iterable[Outcome], detector: str) -> list[Judged]:
    return [Judged(o, match(o.events[detector], o.truth.plants, o.known)) for o in outcomes]


def operating_point(judged: Sequence[Judged]) -> float:
    """The threshold at which clean and planted footage together have at most `MOST_FALSE` false events a minute; controls and films of
    what trembles stand apart."""
    counted = [j for j in judged if j.family not in _APART]
    return operating_threshold([v for j in counted for v in j.verdicts], sum(j.minutes for j in counted), MOST_FALSE)


def report(outcomes: Sequence[Outcome]) -> str:
    """Everything as text, in Markdown."""
    judged = judge_all(outcomes, TOOL)
    threshold = operating_point(judged)
    parts = [
        _footage(judged, threshold),
        _recall(judged, threshold),
        _kinds(judged, threshold),
        _controls(judged, threshold),
        _tempo(judged),
        _detectors(outcomes),
    ]
    return "\n\n".join(part for part in parts if part)


def _footage(judged: Sequence[Judged], threshold: float) -> str:
    lines = [
        "## False events",
        f"Operating point: ranking score of at least {threshold:.4g} (at most {MOST_FALSE:g} a minute over clean and planted footage).",
        "",
        "| footage | minutes | films | false, all events | a minute (95 %) | false, operating point | a minute (95 %) |",
        "|---|---|---|---|---|---|---|",
    ]
    families = ("clean real", "clean rendered", "pixels", "bodies")
    for name, members in [*((family, (family,)) for family in families), ("together", families), ("jitter", ("jitter",))]:
        chosen = [j for j in judged if j.family in members]
        if chosen:
            minutes = sum(j.minutes for j in chosen)
            every = [v for j in chosen for v in j.verdicts]
            cells = [f"{_rate(sum(v.is_false for v in found), minutes)}" for found in (every, from_score(every, threshold))]
            lines.append(f"| {name} | {minutes:.1f} | {len(chosen)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _rate(count: int, minutes: float) -> str:
    low, high = poisson_rate(count, minutes)
    return f"{count} | {count / minutes if minutes else 0:.2f} ({low:.2f} to {high:.2f})"


def _recall(judged: Sequence[Judged], threshold: float) -> str:
    lines = [
        "## Recall",
        "",
        "| plant | planted | found, all events | found, operating point | recall (95 %) | kind right | limb right |",
        "|---|---|---|---|---|---|---|",
    ]
    planted = Counter(plant.kind for j in judged for plant in j.outcome.truth.plants)
    hits = [v for j in judged for v in j.verdicts if v.fate is Fate.HIT]
    for kinds in (PIXEL_KINDS, BODY_KINDS, TREMBLING_KINDS):
        for name, members in [*((kind, (kind,)) for kind in kinds), *([("together", kinds)] if len(kinds) > 1 else [])]:
            total = sum(planted[kind] for kind in members)
            if total:
                every = [v for v in hits if v.plant and v.plant.kind in members]
                here = from_score(every, threshold)
                low, high = clopper_pearson(len(here), total)
                cells = f"{total} | {len(every)} | {len(here)} | {len(here) / total:.2f} ({low:.2f} to {high:.2f})"
                lines.append(f"| {name} | {cells} | {_share(map(_kind_right, here))} | {_share(_limbs_right(here))} |")
    return "\n".join(lines) if planted else ""


def _kind_right(verdict: Verdict) -> bool:
    assert verdict.plant is not None
    return kind_is_right(verdict.plant.kind, verdict.event.kind)


def _limbs_right(hits: Iterable[Verdict]) -> list[bool]:
    """Of the hits on plants in a limb: whether the joint with the largest share lies on it."""
    return [limb_of(v.event.joint or "") == v.plant.limb for v in hits if v.plant and v.plant.limb]


def _share(right: Iterable[bool]) -> str:
    values = list(right)
    return f"{sum(values)} of {len(values)}" if values else ""


def _kinds(judged: Sequence[Judged], threshold: float) -> str:
    """Rows: what was planted; columns: what the event that hit it was called."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for j in judged:
        found = {v.plant: v.event.kind for v in from_score(j.verdicts, threshold) if v.fate is Fate.HIT}
        for plant in j.outcome.truth.plants:
            table[plant.kind][found.get(plant, _NOTHING)] += 1
        for verdict in from_score(j.verdicts, threshold):
            if verdict.is_false:
                table["(false)"][verdict.event.kind] += 1
    said = {kind for row in table.values() for kind in row}
    columns = [kind for kind in (*EVENT_KINDS, *sorted(said - {*EVENT_KINDS, _NOTHING}), _NOTHING) if kind in said]
    rows = [kind for kind in (*PIXEL_KINDS, *BODY_KINDS, *TREMBLING_KINDS, "(false)") if kind in table]
    lines = [
        "## What was planted, and what it was called (operating point)",
        "",
        f"| | {' | '.join(columns)} |",
        "|---" * (len(columns) + 1) + "|",
    ]
    lines += [f"| {row} | {' | '.join(str(table[row][column] or '') for column in columns)} |" for row in rows]
    return "\n".join(lines) if rows else ""


def _controls(judged: Sequence[Judged], threshold: float) -> str:
    lines = [
        "## Controls, which must stay silent",
        "",
        "| control | films | minutes | events | at the operating point | films silent there | remarks |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in CONTROL_KINDS:
        chosen = [j for j in judged if j.outcome.truth.control == kind]
        if chosen:
            every = [v for j in chosen for v in j.verdicts if v.is_false]
            here = [sum(v.is_false for v in from_score(j.verdicts, threshold)) for j in chosen]
            remarks = Counter(v.event.kind for j in chosen for v in j.verdicts if v.fate is Fate.NO_FAULT)
            told = ", ".join(f"{count} {name}" for name, count in sorted(remarks.items()))
            if kind == "crossfade":
                told += f"{'; ' if told else ''}told as edit: {sum(map(_edit_told, chosen))} of {len(chosen)}"
            minutes = sum(j.outcome.truth.minutes for j in chosen)
            lines.append(f"| {kind} | {len(chosen)} | {minutes:.2f} | {len(every)} | {sum(here)} | {here.count(0)} | {told} |")
    return "\n".join(lines) if len(lines) > 4 else ""


def _tempo(judged: Sequence[Judged]) -> str:
    lines = [
        "## Films remarked for an unusual tempo",
        "",
        "| footage | in slow motion | remarked | others | remarked |",
        "|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(j.outcome.truth.control or j.family for j in judged):
        chosen = [j for j in judged if (j.outcome.truth.control or j.family) == name]
        cells = []
        for slowed in (True, False):
            told = [any(v.event.kind == UNUSUAL_TEMPO for v in j.verdicts) for j in chosen if is_slowed(j.outcome.truth) == slowed]
            cells.append(f"{len(told)} | {sum(told)}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _edit_told(judged: Judged) -> bool:
    edit = judged.outcome.truth.edit
    return edit is not None and any(v.event.kind == "edit" and edit[0] - 3 <= v.event.peak < edit[1] + 3 for v in judged.verdicts)


def _detectors(outcomes: Sequence[Outcome]) -> str:
    lines = [
        "## Beside simpler means",
        f"Recall at {MOST_FALSE:g} false events a minute, each detector at its own threshold and whatever kind it names; AUPRC.",
        "",
        "| detector | pixels | bodies | all | AUPRC pixels | AUPRC bodies | AUPRC all |",
        "|---|---|---|---|---|---|---|",
    ]
    best: dict[str, float] = {}
    for name in (TOOL, *BASELINES):
        judged = judge_all(outcomes, name)
        threshold = operating_point(judged)
        recalls, areas = [], []
        for families in (("pixels", "clean real"), ("bodies", "clean rendered"), ("pixels", "clean real", "bodies", "clean rendered")):
            chosen = [j for j in judged if j.family in families]
            verdicts = [v for j in chosen for v in j.verdicts]
            total = sum(len(j.outcome.truth.plants) for j in chosen)
            hits = sum(v.fate is Fate.HIT for v in from_score(verdicts, threshold))
            recalls.append(f"{hits / total:.2f} ({hits} of {total})" if total else "")
            area = average_precision(verdicts, total)
            areas.append(f"{area:.3f}" if total else "")
        best[name] = area
        lines.append(f"| {name} | {' | '.join((*recalls, *areas))} |")
    simple = max(BASELINES, key=lambda name: best[name])
    share = (1 - best[TOOL]) / (1 - best[simple]) if best[simple] < 1 else float("nan")
    lines += ["", f"1 - AUPRC is {share:.2f} of that of the best baseline ({simple}); asked for is at most 0.50."]
    return "\n".join(lines)


def misses(outcomes: Sequence[Outcome]) -> str:
    """Every plant that was not found at the operating point, and every false event there, for those who tune."""
    judged = judge_all(outcomes, TOOL)
    threshold = operating_point(judged)
    lines = ["## Not found at the operating point", "", "| plant | film | frames | detail | nearest event |", "|---|---|---|---|---|"]
    rows = []
    for j in judged:
        kept = from_score(j.verdicts, threshold)
        found = {v.plant for v in kept if v.fate is Fate.HIT}
        for plant in j.outcome.truth.plants:
            if plant not in found:
                near = min(j.verdicts, key=lambda v: max(plant.start - v.event.peak, v.event.peak - plant.stop + 1, 0), default=None)
                detail = " ".join(part for part in (plant.detail, plant.limb) if part)
                rows.append((plant.kind, j.outcome.truth.name, f"{plant.start} to {plant.stop - 1}", detail, _told(near)))
    lines += [f"| {' | '.join(row)} |" for row in sorted(rows)]
    lines += ["", "## False at the operating point", "", "| footage | film | event |", "|---|---|---|"]
    for j in judged:
        for verdict in from_score(j.verdicts, threshold):
            if verdict.is_false:
                lines.append(f"| {j.outcome.truth.control or j.family} | {j.outcome.truth.name} | {_told(verdict)} |")
    return "\n".join(lines)


def _told(verdict: Verdict | None) -> str:
    if verdict is None:
        return "none in this film"
    e = verdict.event
    return f"{e.kind} {e.start} to {e.stop - 1}, peak {e.peak}, {e.joint or 'no joint'}, score {e.score:.3f} ({verdict.fate})"
