"""Evidence of events: joints, votes and sentences in multiples of what 99.9 % of real motion stays below."""

import pytest

from core.analysis import JointEvidence
from core.bands import Bands, banded
from core.detectors.candidate import EDIT, LEAST, Candidate
from core.evidence import SPOKEN_OF, excess, with_evidence
from core.tracks.bones import BONES
from core.tracks.joints import JOINTS
from core.tracks.local import LocalTracks
from tests.flat_bands import flat_bands
from tests.quiet_tracks import at, of_column, quiet_tracks

T = 60
WRIST, ELBOW, KNEE = (JOINTS.index(name) for name in ("left_wrist", "left_elbow", "right_knee"))


def event(detector: str, start: int, stop: int, joints: tuple[str, ...] = (), kind: str = "jump", text: str = "It happens.") -> Candidate:
    evidence = tuple(JointEvidence(name, 1 / len(joints)) for name in joints)
    return Candidate(detector, kind, start, stop, start, 1.0, 0.9, evidence, ("its own track",), text)


def told(candidate: Candidate, tracks: LocalTracks, bands: Bands | None = None) -> Candidate:
    return with_evidence(candidate, tracks, excess(tracks, bands or flat_bands()))


def leaps(columns: dict[int, dict[int, float]]) -> LocalTracks:
    return quiet_tracks(joint_jump=of_column(T, len(JOINTS), columns))


def test_that_a_joints_excess_is_its_largest_step_in_the_event_over_the_band() -> None:
    tracks = leaps({WRIST: {30: 6.2, 31: 7.0, 32: 50.0}, ELBOW: {31: 0.5}})
    found = told(event("joints", 30, 32, ("left_wrist", "left_elbow")), tracks)
    assert [(joint.name, joint.excess) for joint in found.joints] == [("left_wrist", pytest.approx(7)), ("left_elbow", pytest.approx(0.5))]
    assert [joint.share for joint in found.joints] == [0.5, 0.5]


def test_that_the_sentence_tells_the_multiple_of_the_leap_at_its_peak() -> None:
    tracks = leaps({WRIST: {30: 6.2, 31: 7.0}, ELBOW: {30: 1.0}})
    found = told(event("joints", 30, 32, ("left_elbow", "left_wrist"), text="The left wrist leaps by 6.20 body heights."), tracks)
    assert found.text == ("The left wrist leaps by 6.20 body heights: 6.2 times what 99.9 % of real motion at this pace stays below.")


def test_that_a_sentence_with_a_colon_goes_on_and_large_multiples_have_no_tenths() -> None:
    found = told(event("freeze", 20, 24, kind="freeze", text="It stands still: for long."), quiet_tracks(freeze=at(T, {22: 12.3})))
    assert found.text == "It stands still: for long; that is 12 times what 99.9 % of real motion at this pace stays below."


def test_that_what_is_within_the_band_by_itself_is_said_to_be_rare_together_with_the_rest() -> None:
    found = told(event("freeze", 20, 24, kind="freeze", text="It stands still."), quiet_tracks(freeze=at(T, {22: 0.4})))
    assert found.text == (
        "It stands still; by itself that is 0.4 times what 99.9 % of real motion at this pace stays below, and rare only together with "
        "its other signs."
    )


def test_that_a_sentence_claims_nothing_where_the_band_is_not_known() -> None:
    found = told(event("freeze", 20, 24), quiet_tracks(freeze=at(T, {22: 12.3})), flat_bands(freeze=float("nan")))
    assert found.text == "It happens."


def test_that_the_multiple_counts_what_is_above_the_ordinary() -> None:
    columns = {
        [name for name, _, _ in BONES].index("left_forearm"): {30: 1.6},
        [name for name, _, _ in BONES].index("left_upper_arm"): {30: 3.0},
    }
    tracks = quiet_tracks(bone_picture=of_column(T, len(BONES), columns, 1.0))
    found = told(event("bones", 28, 33, ("left_wrist", "left_elbow")), tracks, flat_bands(bone_picture=0.2))
    assert [joint.excess for joint in found.joints] == [pytest.approx(3), pytest.approx(3)]
    assert found.text.startswith("It happens: 3.0 times")


def test_that_an_event_of_the_pictures_gets_the_joints_that_clearly_exceed_real_motion_within_it_or_out_of_it() -> None:
    tracks = leaps({WRIST: {24: 6.0}, KNEE: {22: 2.0}, ELBOW: {22: 1.4}})
    found = told(event("freeze", 20, 24, kind="freeze"), tracks)
    assert [(joint.name, joint.share, joint.excess) for joint in found.joints] == [
        ("left_wrist", pytest.approx(0.75), pytest.approx(6)),
        ("right_knee", pytest.approx(0.25), pytest.approx(2)),
    ]
    assert told(event("freeze", 20, 24, kind="freeze"), leaps({WRIST: {22: 1.4, 25: 9.0}})).joints == ()


def test_that_a_drift_gets_no_joints_and_no_votes_of_what_happens_for_a_moment() -> None:
    tracks = quiet_tracks(joint_jump=of_column(T, len(JOINTS), {WRIST: {30: 6.0}}), colour_drift=at(T, {30: 3.0}))
    found = told(event("size", 10, 50), tracks)
    assert found.joints == ()
    assert found.tracks == ("its own track", "colour of the trunk")


def test_that_the_tracks_that_exceed_real_motion_vote_most_exceeded_first_each_witness_once() -> None:
    tracks = quiet_tracks(
        joint_jump=of_column(T, len(JOINTS), {WRIST: {30: 3.0}}),
        joint_speed=of_column(T, len(JOINTS), {WRIST: {30: 9.0}}),
        root_jump=at(T, {30: 5.0}),
        appearance_step=at(T, {30: 0.9}),
        shape_step=at(T, {33: 8.0}),
    )
    found = told(event("skip", 30, 32), tracks)
    assert found.tracks == ("its own track", "joint steps in the picture", "steps of the whole body")


def test_that_every_detector_speaks_of_a_track_with_a_band_but_edits_and_a_body_that_stands_still() -> None:
    assert set(SPOKEN_OF) == set(LEAST) - {"cut", "crossfade", "still"}
    assert {banded(name).name for name in SPOKEN_OF.values()} == set(SPOKEN_OF.values())


def test_that_a_detectors_own_witness_has_one_voice_and_at_most_five_speak() -> None:
    columns = of_column(T, len(JOINTS), {WRIST: {30: 3.0}})
    tracks = quiet_tracks(
        joint_jump=columns, joint_space_jump=2 * columns, trembling=3 * columns, root_jump=at(T, {30: 4.0}), slip=at(T, {30: 3.0}),
        growth=at(T, {30: 2.0}), unexplained=at(T, {30: 7.0}),
    )  # fmt: skip
    own = told(event("joints", 30, 32, ("left_wrist",)), tracks)
    assert own.tracks == (
        "its own track", "trembling of joints and picture", "optical flow", "joint steps in space", "steps of the whole body",
    )  # fmt: skip


def test_that_what_is_elsewhere_for_a_while_is_measured_by_its_leap_there_or_back() -> None:
    tracks = quiet_tracks(joint_jump=of_column(T, len(JOINTS), {WRIST: {30: 3.0, 35: 4.0}}), root_jump=at(T, {30: 2.0, 35: 2.5}))
    limb = told(event("limbs", 30, 35, ("left_wrist",), "stretch", "The wrist is out of place: it leaps there and back."), tracks)
    assert limb.joints[0].excess == pytest.approx(4)
    assert limb.text == (
        "The wrist is out of place: it leaps there and back; the leap is 4.0 times what 99.9 % of real motion at this pace stays below."
    )
    assert told(event("floats", 30, 35), tracks).text.startswith("It happens; the leap is 2.5 times")


def test_that_an_edit_stays_as_it_is() -> None:
    cut = event("cut", 30, 31, kind=EDIT)
    assert told(cut, leaps({WRIST: {30: 6.0}})) is cut


def test_that_a_band_of_nothing_does_not_make_infinite_multiples() -> None:
    tracks = quiet_tracks(swap_pairs=of_column(T, 6, {4: {30: 0.05}}))
    assert excess(tracks, flat_bands(swap_pairs=0.0)).columns["swap_pairs"][30, 4] == pytest.approx(5)


def test_that_an_event_of_the_pictures_names_no_joint_that_moves_like_real_ones() -> None:
    tracks = leaps({WRIST: {30: 2.0}, ELBOW: {30: 0.5}})
    found = told(event("splice", 30, 32, ("left_wrist", "left_elbow")), tracks)
    assert [(joint.name, joint.share) for joint in found.joints] == [("left_wrist", 1.0)]
    assert told(event("freeze", 30, 32, ("left_elbow",)), tracks).joints == ()
