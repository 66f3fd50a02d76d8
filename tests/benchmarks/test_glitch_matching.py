import pytest

from benchmarks.glitches.kinds import BODY_KINDS, EVENT_KINDS, PIXEL_KINDS, RIGHT_KINDS, TREMBLING_KINDS, Plant, kind_is_right, limb_of
from benchmarks.glitches.matching import Event, Fate, fits, match, overlap


def event(start: int, stop: int, peak: int | None = None, score: float = 1.0, kind: str = "jump") -> Event:
    return Event("clip", kind, start, stop, start if peak is None else peak, score)


SHORT = Plant("splice", 100, 102)
LONG = Plant("reversal", 100, 120)


@pytest.mark.parametrize(("peak", "fitting"), [(96, False), (97, True), (104, True), (105, False)])
def test_that_the_peak_may_lie_three_frames_outside_the_plant(peak: int, fitting: bool) -> None:
    assert fits(event(peak, peak + 1), SHORT) == fitting


@pytest.mark.parametrize(("length", "fitting"), [(14, True), (15, False)])
def test_that_an_event_may_be_twelve_frames_longer_than_the_plant(length: int, fitting: bool) -> None:
    assert fits(event(95, 95 + length, peak=101), SHORT) == fitting


@pytest.mark.parametrize(("stop", "fitting"), [(106, True), (105, False)])
def test_that_a_plant_of_more_than_eight_frames_asks_for_an_overlap_of_three_tenths(stop: int, fitting: bool) -> None:
    assert fits(event(100, stop), LONG) == fitting


def test_that_a_plant_of_eight_frames_asks_for_no_overlap() -> None:
    assert fits(event(110, 111), Plant("freeze", 100, 108)) and not fits(event(110, 111), Plant("freeze", 100, 109))


def test_that_overlap_is_intersection_over_union() -> None:
    assert overlap(event(90, 110), LONG) == pytest.approx(10 / 30)
    assert overlap(event(0, 5), LONG) == 0


def test_that_the_second_event_on_a_plant_is_a_duplicate_and_false() -> None:
    weak, strong = match([event(101, 102, score=1.0), event(100, 101, score=2.0)], [SHORT])[::-1]
    assert (strong.fate, strong.event.score, strong.plant) == (Fate.HIT, 2.0, SHORT)
    assert weak.fate is Fate.DUPLICATE and weak.is_false


def test_that_an_event_between_two_plants_takes_the_free_one() -> None:
    near = Plant("skip", 104, 105)
    verdicts = match([event(100, 102, score=2.0), event(103, 104, score=1.0)], [SHORT, near])
    assert [v.plant for v in verdicts] == [SHORT, near]


def test_that_an_event_far_from_any_plant_is_false() -> None:
    assert match([event(10, 11)], [SHORT])[0].fate is Fate.FALSE


@pytest.mark.parametrize("kind", ["edit", "pose lost"])
def test_that_an_event_that_is_no_fault_neither_hits_nor_counts_as_false(kind: str) -> None:
    verdict = match([event(100, 101, kind=kind)], [SHORT])[0]
    assert verdict.fate is Fate.NO_FAULT and not verdict.is_false


def test_that_an_event_on_a_labelled_irregularity_is_not_false() -> None:
    assert match([event(50, 51)], [SHORT], [Plant("jump", 48, 50)])[0].fate is Fate.KNOWN


def test_that_a_label_does_not_hide_a_hit() -> None:
    assert match([event(100, 101)], [SHORT], [Plant("jump", 99, 103)])[0].fate is Fate.HIT


def test_that_weaker_events_change_nothing_for_stronger_ones() -> None:
    events = [event(start, start + 2, score=score) for start, score in ((100, 5.0), (101, 3.0), (10, 4.0), (118, 2.0))]
    whole = match(events, [SHORT, LONG])
    for count in range(1, 5):
        strongest = sorted(events, key=lambda e: -e.score)[:count]
        assert match(strongest, [SHORT, LONG]) == whole[:count]


def test_that_every_planted_kind_has_a_right_name_among_the_kinds_of_events() -> None:
    assert set(RIGHT_KINDS) == {*PIXEL_KINDS, *BODY_KINDS, *TREMBLING_KINDS}
    assert all(names[0] in EVENT_KINDS for names in RIGHT_KINDS.values())
    assert kind_is_right("mirror", "swap") and not kind_is_right("mirror", "jump")


@pytest.mark.parametrize(
    ("joint", "limb"),
    [("left_wrist", "left_arm"), ("right_foot_index", "right_leg"), ("right_hip", "right_leg"), ("nose", None), ("left_eye", None)],
)
def test_that_a_joint_lies_on_its_limb(joint: str, limb: str | None) -> None:
    assert limb_of(joint) == limb
