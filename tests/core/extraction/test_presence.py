import numpy as np

from core.extraction.people import People
from core.extraction.presence import Evidence, Verdict, judge
from core.skeletons import BLAZEPOSE
from core.track import Presence

FRAMES, FPS = 60, 30.0
# A standing person in pixels, the middle of the hips at the origin.
STANDING = {
    "shoulder": (25, -110), "elbow": (32, -60), "wrist": (35, -10), "hip": (15, 0), "knee": (16, 80), "ankle": (17, 155),
}  # fmt: skip


def person(x: float, y: float = 240.0) -> np.ndarray:
    points = np.full((33, 2), (x, y), np.float32)
    points[0] = (x, y - 150)
    for side, sign in (("left", 1), ("right", -1)):
        for part, (across, down) in STANDING.items():
            points[BLAZEPOSE.index(f"{side}_{part}")] = (x + sign * across, y + down)
    return points


def evidence(people_at: tuple[tuple[float, float, float], ...] = ((320, 240, 170),)) -> Evidence:
    """One person who stands still at x = 320, seen with certainty; the detector sees `people_at` (x, y, radius) ten times a second."""
    points = np.tile(person(320.0), (FRAMES, 1, 1))
    low, high = points[0].min(0) - 8, points[0].max(0) + 8
    result = Evidence(
        times=np.arange(FRAMES) / FPS,
        points=points,
        visibility=np.full((FRAMES, 33), 0.95, np.float32),
        boxes=np.tile(np.concatenate([low, high]).astype(np.float32), (FRAMES, 1)),
    )
    for frame in range(0, FRAMES, 3):
        result.people[frame] = seen(*people_at)
    return result


def seen(*people: tuple[float, float, float], score: float = 0.9) -> People:
    values = np.array(people, np.float32).reshape(-1, 3)
    return People(values[:, :2], values[:, 2], np.full(len(values), score, np.float32))


def lose(facts: Evidence, frames: slice) -> None:
    facts.points[frames], facts.visibility[frames], facts.boxes[frames] = np.nan, np.nan, np.nan


def presences(verdicts: list[Verdict]) -> set[Presence]:
    return {verdict.presence for verdict in verdicts}


def test_that_one_person_seen_well_is_ok_without_a_reason() -> None:
    assert set(judge(evidence(), FRAMES)) == {Verdict(Presence.OK, None)}


def test_that_frames_without_a_pose_hold_nobody() -> None:
    facts = evidence()
    lose(facts, slice(20, 26))
    for frame in range(0, FRAMES, 3):
        if 20 <= frame < 26:
            facts.people[frame] = seen()
    verdicts = judge(facts, FRAMES)
    assert presences(verdicts[20:26]) == {Presence.NONE}
    assert verdicts[20].reason == "Nobody was found."
    assert presences(verdicts[:20] + verdicts[26:]) == {Presence.OK}


def test_that_a_pose_lost_while_the_detector_sees_somebody_is_uncertain() -> None:
    facts = evidence()
    lose(facts, slice(21, 22))
    verdict = judge(facts, FRAMES)[21]
    assert verdict.presence == Presence.UNCERTAIN
    assert verdict.reason is not None
    assert "could not be found" in verdict.reason


def test_that_a_pose_the_model_does_not_believe_in_is_uncertain() -> None:
    facts = evidence()
    facts.visibility[:3] = 0.3
    verdicts = judge(facts, FRAMES)
    assert presences(verdicts[:3]) == {Presence.UNCERTAIN}
    assert verdicts[0].reason == "The pose is unreliable: its joints are visible with a confidence of only 30 %."
    assert verdicts[3].presence == Presence.OK


def test_that_a_person_seen_from_the_hips_up_is_ok() -> None:
    facts = evidence()
    for side in ("left", "right"):
        for part in ("hip", "knee", "ankle"):
            facts.visibility[:, BLAZEPOSE.index(f"{side}_{part}")] = 0.02
    assert presences(judge(facts, FRAMES)) == {Presence.OK}


def test_that_a_pose_the_tracker_has_not_settled_on_is_uncertain() -> None:
    facts = evidence()
    facts.unsettled.add(0)
    verdicts = judge(facts, FRAMES)
    assert verdicts[0].presence == Presence.UNCERTAIN
    assert verdicts[0].reason is not None
    assert "not settled" in verdicts[0].reason
    assert verdicts[1].presence == Presence.OK


def test_that_a_misplaced_pose_is_uncertain() -> None:
    facts = evidence()
    facts.points[0], facts.boxes[0] = person(900.0), facts.boxes[0] + (580, 0, 580, 0)
    verdict = judge(facts, FRAMES)[0]
    assert verdict.presence == Presence.UNCERTAIN
    assert verdict.reason == "The pose does not lie on the person that the detector sees."


def test_that_a_second_person_makes_many_and_says_how_many() -> None:
    verdicts = judge(evidence(((320, 240, 170), (700, 250, 150))), FRAMES)
    assert presences(verdicts) == {Presence.MANY}
    assert verdicts[0].reason is not None
    assert verdicts[0].reason.startswith("2 people are visible")


def test_that_a_second_candidate_on_the_same_body_is_not_another_person() -> None:
    assert presences(judge(evidence(((320, 240, 170), (345, 150, 90))), FRAMES)) == {Presence.OK}


def test_that_hips_below_the_picture_are_not_another_person() -> None:
    facts = evidence(((330, 330, 180),))
    facts.boxes[:, 3] = 230  # the picture ends there
    assert presences(judge(facts, FRAMES)) == {Presence.OK}


def test_that_small_and_doubtful_candidates_do_not_count() -> None:
    facts = evidence(((320, 240, 170), (700, 250, 40)))
    assert presences(judge(facts, FRAMES)) == {Presence.OK}
    for frame in facts.people:
        facts.people[frame] = People(*(np.concatenate(pair) for pair in zip(_arrays(seen((320, 240, 170))), _doubtful(), strict=True)))
    assert presences(judge(facts, FRAMES)) == {Presence.OK}


def _arrays(people: People) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return people.centres, people.radii, people.scores


def _doubtful() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return _arrays(seen((700, 250, 150), score=0.6))


def test_that_one_false_alarm_among_many_counts_is_no_other_person() -> None:
    facts = evidence()
    facts.people[30] = seen((320, 240, 170), (700, 250, 150))
    assert presences(judge(facts, FRAMES)) == {Presence.OK}


def test_that_a_person_whom_the_detector_misses_now_and_then_stays() -> None:
    facts = evidence()
    for frame in range(0, FRAMES, 6):
        facts.people[frame] = seen((320, 240, 170), (700, 250, 150))
    assert presences(judge(facts, FRAMES)) == {Presence.MANY}


def test_that_a_cut_is_one_frame_and_comes_before_everything_else() -> None:
    facts = evidence()
    facts.cuts.append(20)
    lose(facts, slice(20, 22))
    verdicts = judge(facts, FRAMES)
    assert verdicts[20] == Verdict(Presence.CUT, "A new shot begins here.")
    assert verdicts[21].presence != Presence.CUT


def test_that_a_tracker_who_jumps_to_another_person_is_marked() -> None:
    facts = evidence(((320, 240, 170), (700, 240, 170)))
    facts.points[40:], facts.boxes[40:] = person(700.0), facts.boxes[40:] + np.float32([380, 0, 380, 0])
    verdicts = judge(facts, FRAMES)
    assert verdicts[40] == Verdict(Presence.CUT, "The tracker jumps to another person here.")
    assert presences(verdicts[:40] + verdicts[41:]) == {Presence.MANY}


def test_that_a_person_alone_who_jumps_is_not_called_another() -> None:
    facts = evidence()
    facts.points[40:], facts.boxes[40:] = person(480.0), facts.boxes[40:] + np.float32([160, 0, 160, 0])
    for frame in range(42, FRAMES, 3):
        facts.people[frame] = seen((480, 240, 170))
    assert presences(judge(facts, FRAMES)) == {Presence.OK}


def test_that_frames_not_read_yet_hold_nobody() -> None:
    verdicts = judge(evidence(), 10)
    assert presences(verdicts[:10]) == {Presence.OK}
    assert set(verdicts[10:]) == {Verdict(Presence.NONE, "This frame has not been read yet.")}
