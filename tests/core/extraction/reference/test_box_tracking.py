"""Persons from frame to frame: what is interpolated, what is searched again, and who is followed."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from core.extraction.reference.box_tracking import FramePersons, follow, overlap, search
from core.extraction.reference.persons import Persons
from core.track import Presence


def persons(*boxes: tuple[float, float, float, float], scores: Sequence[float] | None = None) -> Persons:
    found = np.array(boxes, np.float32).reshape(-1, 4)
    return Persons(found, np.array(scores if scores is not None else [0.9] * len(found), np.float32))


def box(x: float, size: float = 100.0) -> tuple[float, float, float, float]:
    return (x, 0.0, x + size, 2 * size)


class Film:
    """Persons by frame, and which frames the detector was asked for."""

    def __init__(self, truth: Callable[[int], Persons]) -> None:
        self.truth = truth
        self.asked: list[int] = []

    def detect(self, frames: Sequence[int]) -> list[Persons]:
        assert list(frames) == sorted(frames)
        self.asked.extend(frames)
        return [self.truth(frame) for frame in frames]

    def search(self, frames: range, every: int, cuts: Sequence[int] = (), block: int = 32) -> dict[int, FramePersons]:
        seen: dict[int, FramePersons] = {}
        for part, found in search(self.detect, frames, every, cuts, block):
            seen.update(zip(part, found, strict=True))
        assert list(seen) == list(frames)
        assert len(self.asked) == len(set(self.asked))
        return seen


def test_that_overlap_is_intersection_over_union() -> None:
    first = np.array([(0, 0, 2, 2), (5, 5, 5, 5)], np.float32)
    second = np.array([(1, 0, 3, 2), (0, 0, 2, 2), (10, 10, 12, 12), (5, 5, 5, 5)], np.float32)
    np.testing.assert_allclose(overlap(first, second), [(1 / 3, 1, 0, 0), (0, 0, 0, 0)])


def test_that_every_frame_is_searched_by_default() -> None:
    film = Film(lambda frame: persons(box(frame)))
    seen = film.search(range(3, 80), every=1)
    assert sorted(film.asked) == list(range(3, 80))
    assert all(frame.searched for frame in seen.values())


@pytest.mark.parametrize("block", [32, 7, 3])
def test_that_a_slow_person_is_searched_in_each_nth_frame_and_interpolated_between(block: int) -> None:
    film = Film(lambda frame: persons(box(2 * frame)))
    seen = film.search(range(100), every=5, block=block)
    for frame, found in seen.items():
        np.testing.assert_allclose(found.persons.boxes, [box(2 * frame)], atol=1e-4)
        assert found.searched == (frame in film.asked)
    expected = {32: 23, 7: 30, 3: 35}[block]  # the last frame of each block is searched too
    assert len(film.asked) == expected


def test_that_an_interpolated_score_is_the_lower_of_both_ends() -> None:
    film = Film(lambda frame: persons(box(0), scores=[0.9 if frame else 0.6]))
    seen = film.search(range(5), every=4)
    assert [round(float(seen[frame].persons.scores[0]), 3) for frame in range(4)] == [0.6, 0.6, 0.6, 0.9]


def test_that_a_gap_whose_ends_do_not_overlap_is_searched_frame_by_frame() -> None:
    # A share of 0.7 is the bound: a person 100 wide who moves by 17 within the gap overlaps by 0.709, by 18 by 0.695.
    calm = Film(lambda frame: persons(box(0 if frame < 5 else 17)))
    calm.search(range(9), every=4)
    assert sorted(calm.asked) == [0, 3, 7, 8]
    leap = Film(lambda frame: persons(box(0 if frame < 5 else 18)))
    seen = leap.search(range(9), every=4)
    assert sorted(leap.asked) == [0, 3, 4, 5, 6, 7, 8]
    np.testing.assert_allclose(seen[4].persons.boxes, [box(0)])
    np.testing.assert_allclose(seen[5].persons.boxes, [box(18)])


def test_that_a_gap_in_which_somebody_comes_or_goes_is_searched_frame_by_frame() -> None:
    film = Film(lambda frame: persons(box(0), box(500)) if frame >= 5 else persons(box(0)))
    seen = film.search(range(9), every=4)
    assert [len(seen[frame].persons) for frame in range(9)] == [1, 1, 1, 1, 1, 2, 2, 2, 2]
    assert all(seen[frame].searched for frame in range(3, 9))


def test_that_persons_keep_their_order_when_the_detector_swaps_them() -> None:
    film = Film(lambda frame: persons(box(0), box(500)) if frame < 4 else persons(box(502), box(2)))
    seen = film.search(range(8), every=4)
    np.testing.assert_allclose(seen[5].persons.boxes, [box(1), box(501)])
    assert not seen[5].searched


def test_that_nothing_is_interpolated_across_a_cut() -> None:
    film = Film(lambda frame: persons(box(0)))
    film.search(range(12), every=4, cuts=[5])
    assert sorted(film.asked) == [0, 3, 4, 5, 6, 7, 11]


def test_that_a_cut_found_while_a_part_is_read_counts() -> None:
    cuts: list[int] = []

    def truth(frame: int) -> Persons:
        if frame == 7:
            cuts.append(6)
        return persons(box(0))

    film = Film(truth)
    film.search(range(12), every=4, cuts=cuts)
    assert {4, 5, 6} <= set(film.asked)


def frames(*found: Persons) -> list[FramePersons]:
    return [FramePersons(value) for value in found]


def test_that_one_person_in_every_frame_is_ok() -> None:
    followed = follow(frames(*(persons(box(3 * frame)) for frame in range(6))))
    assert followed.presence == (Presence.OK,) * 6
    assert followed.reasons == (None,) * 6
    assert followed.number == 0
    np.testing.assert_allclose(followed.boxes[:, 0], 3.0 * np.arange(6))
    np.testing.assert_allclose(followed.scores, 0.9, rtol=1e-6)


def test_that_the_larger_of_two_is_followed_and_the_frames_are_many() -> None:
    followed = follow(frames(*(persons(box(500, 60), box(0, 100)) for _ in range(6))))
    assert followed.presence == (Presence.MANY,) * 6
    assert set(followed.reasons) == {"2 people are visible."}
    np.testing.assert_allclose(followed.boxes[:, 0], 0)
    assert followed.number == 1


def test_that_the_longer_present_is_followed_when_the_larger_only_passes_by() -> None:
    followed = follow(frames(*(persons(box(0, 60), box(500, 100)) if frame < 3 else persons(box(0, 60)) for frame in range(10))))
    assert followed.presence == (Presence.MANY,) * 3 + (Presence.OK,) * 7
    np.testing.assert_allclose(followed.boxes[:, 0], 0)


def test_that_frames_of_others_alone_are_none() -> None:
    both, other = persons(box(0), box(500, 50)), persons(box(500, 50))
    followed = follow(frames(*[other] * 2, *[both] * 6, *[other] * 2))
    assert followed.presence == (Presence.NONE,) * 2 + (Presence.MANY,) * 6 + (Presence.NONE,) * 2
    assert followed.reasons[0] == "The person who is analysed is not visible; another one is."
    assert np.isnan(followed.boxes[[0, 1, 8, 9]]).all()
    assert followed.counts.tolist() == [1, 1, 2, 2, 2, 2, 2, 2, 1, 1]


def test_that_a_person_is_the_same_after_a_gap_of_five_frames() -> None:
    followed = follow(frames(persons(box(0)), *[persons()] * 5, persons(box(4))))
    assert followed.presence == (Presence.OK, *(Presence.NONE,) * 5, Presence.OK)
    assert followed.reasons[1] == "Nobody was found."


def test_that_after_a_longer_gap_it_may_be_somebody_else() -> None:
    followed = follow(frames(persons(box(0)), *[persons()] * 6, *[persons(box(0))] * 3))
    assert followed.presence == (Presence.OK, *(Presence.NONE,) * 6, Presence.CUT, Presence.OK, Presence.OK)
    assert followed.reasons[7] == "The person was lost and found again here, or this is somebody else."
    assert followed.boxes[7].tolist() == list(box(0))


def test_that_somebody_alone_who_leaps_is_the_same_person() -> None:
    followed = follow(frames(persons(box(0)), persons(box(0)), persons(box(700)), persons(box(700))))
    assert followed.presence == (Presence.OK,) * 4


def test_that_a_person_is_not_exchanged_for_a_neighbour_who_is_surer() -> None:
    first, second = persons(box(0), box(300), scores=[0.9, 0.8]), persons(box(300), box(0), scores=[0.95, 0.7])
    followed = follow(frames(first, second, first, persons(box(0))))
    np.testing.assert_allclose(followed.boxes[:, 0], 0)


def test_that_nobody_is_linked_across_a_cut_but_the_next_shot_is_followed() -> None:
    followed = follow(frames(*[persons(box(0))] * 4, *[persons(box(0), box(400, 150))] * 4), cuts=[4])
    assert followed.presence[4] is Presence.CUT
    assert followed.reasons[4] == "A new shot begins here."
    np.testing.assert_allclose(followed.boxes[:, 0], [0] * 4 + [400] * 4)


def test_that_a_clip_without_anybody_has_no_subject() -> None:
    followed = follow(frames(persons(), persons()))
    assert followed.number is None
    assert followed.presence == (Presence.NONE,) * 2
    assert np.isnan(followed.boxes).all()
    assert followed.boxes.shape == (2, 4)


def test_that_counts_which_were_not_made_are_said_to_be_interpolated() -> None:
    pair = Film(lambda frame: persons(box(0), box(500)))
    reasons = follow(list(pair.search(range(5), every=4).values())).reasons
    assert reasons[0] == reasons[3] == "2 people are visible."
    assert reasons[1] == "2 people are visible: this frame was not searched itself, the searched ones around it agree."
    empty = follow(list(Film(lambda frame: persons()).search(range(5), every=4).values()))
    assert empty.reasons[1] == "Nobody was found: this frame was not searched itself, the searched ones around it agree."
    assert empty.searched.tolist() == [True, False, False, True, True]
