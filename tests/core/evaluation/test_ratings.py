"""Raw ratings through TAG's three stages and through GAIA's checks."""

from pathlib import Path

import numpy as np
import pytest

from core.evaluation.errors import EvaluationError
from core.evaluation.gaia import GaiaSettings, process_gaia_ratings, rater_z_scores
from core.evaluation.rating_table import RatingTable, read_ratings
from core.evaluation.ratings import TagSettings, process_tag_ratings, repeat_spread

HEADER = "participant_id,video_id,action_consistency,physical_plausibility"


def table(rows: list[tuple[str, str, float]], axes: int = 1) -> RatingTable:
    raters, clips = (list(dict.fromkeys(row[i] for row in rows)) for i in (0, 1))
    return RatingTable(
        tuple(map(str, raters)),
        tuple(map(str, clips)),
        ("ac", "tc", "other")[:axes],
        np.array([raters.index(row[0]) for row in rows]),
        np.array([clips.index(row[1]) for row in rows]),
        np.repeat([[row[2]] for row in rows], axes, axis=1).astype(float),
    )


def panel(noise: dict[str, float], clips: int = 20, repeats: int = 3, seed: int = 0) -> RatingTable:
    """Raters with this much noise around one truth, each clip rated by all, the first few twice."""
    rng = np.random.default_rng(seed)
    truth = np.linspace(1, 9, clips)
    rows = [
        (rater, f"clip{clip}", float(np.clip(truth[clip] + rng.normal(0, spread), 0, 10)))
        for rater, spread in noise.items()
        for clip in [*range(clips), *range(repeats)]
    ]
    return table(rows)


def test_that_the_spread_of_repeats_is_the_mean_deviation() -> None:
    rows = [("r", "a", 2.0), ("r", "a", 6.0), ("r", "b", 5.0), ("r", "b", 5.0), ("s", "a", 1.0)]
    spread = repeat_spread(table(rows))
    assert spread[0] == pytest.approx(1.0)  # (2 + 0) / 2
    assert np.isnan(spread[1])


def test_that_every_stage_drops_whom_it_should_and_counts_them() -> None:
    steps = np.linspace(-2, 2, 9)
    rows = [(f"r{i}", f"c{clip}", 5 + np.roll(steps, clip % 9)[i]) for i in range(9) for clip in range(40)]
    rows += [("swings", f"c{clip}", 10.0 * (clip % 2 == 0)) for clip in range(40)]
    rows += [("few", f"c{clip}", 5.0) for clip in range(9)]
    found = process_tag_ratings(table(rows), TagSettings(min_spearman=-1))
    assert [(stage.name, stage.axis, stage.raters, stage.ratings, stage.note) for stage in found.stages[:3]] == [
        ("raw", "all", 11, 409, ""),
        ("repeats", "all", 11, 409, "nobody rated a clip twice: nothing to check"),
        ("BT.500", "ac", 9, 360, "1 rated fewer than 10 clips"),
    ]
    assert found.dropped == (("BT.500", "ac", "swings"), ("BT.500", "ac", "few"))
    assert (found.stages[3].raters, found.stages[3].ratings) == (9, 360)


def test_that_the_percentile_drops_the_least_consistent_rater() -> None:
    noise = {f"good{i}": 0.2 for i in range(9)} | {"shaky": 2.0}
    assert process_tag_ratings(panel(noise), TagSettings()).dropped[0] == ("repeats", "all", "shaky")


def test_that_a_rater_who_disagrees_with_the_others_is_dropped_last() -> None:
    rows = [(f"r{i}", f"c{clip}", clip / 2 + 0.1 * i) for i in range(5) for clip in range(12)]
    rows += [("upside", f"c{clip}", 5.5 - clip / 2) for clip in range(12)]
    found = process_tag_ratings(table(rows), TagSettings())
    assert ("agreement", "ac", "upside") in found.dropped
    assert found.stages[1].note == "nobody rated a clip twice: nothing to check"


def test_that_mean_opinion_scores_and_z_scores_are_those_of_the_definition() -> None:
    rows = [(rater, f"c{clip}", clip + offset) for rater, offset in (("r", 0.0), ("s", 1.0)) for clip in range(10)]
    rows += [("r", "c0", 2.0)]  # a repeat: r gives c0 (0 + 2) / 2 = 1
    opinions = process_tag_ratings(table(rows), TagSettings()).opinions["ac"]
    assert (opinions["c0"].mos, opinions["c0"].ratings) == (1.0, 2)
    assert opinions["c0"].deviation == pytest.approx(0)
    assert (opinions["c3"].mos, opinions["c3"].deviation) == (3.5, pytest.approx(np.sqrt(0.5)))
    mos = np.array([1.0, *(clip + 0.5 for clip in range(1, 10))])
    assert [one.z for one in opinions.values()] == pytest.approx(((mos - mos.mean()) / mos.std()).tolist())


def test_that_the_authors_do_not_average_repeats_and_drop_raters_without_them() -> None:
    rows = [(f"r{i}", f"c{clip}", clip / 2 + 0.01 * i) for i in range(30) for clip in range(12)]
    rows += [(f"r{i}", "c0", 3.0 + 0.01 * i) for i in range(29)]
    standard, authors = (process_tag_ratings(table(rows), TagSettings(variant=variant)) for variant in ("standard", "authors"))
    assert standard.stages[1].note.endswith("1 without repeats kept unchecked")
    assert authors.stages[1].note.endswith("1 without repeats counted as worst")
    assert ("repeats", "all", "r29") in authors.dropped
    assert ("repeats", "all", "r29") not in standard.dropped
    assert authors.opinions["ac"]["c0"].ratings == 58
    assert standard.opinions["ac"]["c0"].ratings == 30


def test_that_nobody_left_is_a_sentence() -> None:
    with pytest.raises(EvaluationError, match="No rater is left on the axis 'ac'"):
        process_tag_ratings(panel({"a": 9.0, "b": 9.0, "c": 9.0}), TagSettings(min_spearman=0.999))


def test_that_raw_ratings_are_read(tmp_path: Path) -> None:
    path = tmp_path / "raw.csv"
    path.write_text(f"{HEADER}\np1,a.mp4,3,4.5\np1,b.mp4,,10\np2,a.mp4,0,1\n")
    found = read_ratings(path, (0, 10))
    assert (found.raters, found.clips, found.axes) == (("p1", "p2"), ("a.mp4", "b.mp4"), ("ac", "tc"))
    assert found.matrix(1).tolist() == [[4.5, 10.0], [1.0, pytest.approx(np.nan, nan_ok=True)]]
    assert np.isnan(found.values[1, 0])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"{HEADER}\np1,a,nan,1\n", "'action_consistency' in line 2 is 'nan', which is no finite number"),
        (f"{HEADER}\np1,a,11,1\n", "'action_consistency' in line 2 is 11, outside the scale 0 to 10"),
        (f"{HEADER}\n,a,1,1\n", "line 2: the rater or the clip is not named"),
        (f"{HEADER}\n", "holds no ratings"),
        ("video_id,action_consistency\na,1\n", "has none of the columns participant_id"),
        ("participant_id,action_consistency\np,1\n", "has none of the columns video_id"),
        ("participant_id,video_id,comment\np,a,nice\n", "has no column of ratings"),
        ("participant_id,video_id,temporal_coherence,physical_plausibility\np,a,1,2\n", "two columns for one axis"),
    ],
)
def test_that_bad_ratings_are_refused_with_a_sentence_of_their_own(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "raw.csv"
    path.write_text(text)
    with pytest.raises(EvaluationError) as error:
        read_ratings(path, (0, 10))
    assert sentence in str(error.value)


def gaia_table(axes: int = 3) -> RatingTable:
    rows = [(f"r{i}", f"c{clip}", 10.0 * clip + i) for i in range(4) for clip in range(9)]
    rows += [("line", f"c{clip}", 50.0 if clip < 4 else 10.0 * clip) for clip in range(9)]
    rows += [("against", f"c{clip}", 90.0 - 10 * clip) for clip in range(9)]
    return table(rows, axes)


GOLDEN = {"ac": {"C0.mp4": 0.0, "c4.mp4": 40.0, "c8.mp4": 80.0}}


def test_that_gaia_drops_who_misses_the_golden_clips_and_who_clicks_a_line() -> None:
    found = process_gaia_ratings(gaia_table(), GaiaSettings(), GOLDEN)
    assert found.dropped == (("golden", "all", "against"), ("line clicker", "all", "line"))
    assert [(stage.name, stage.raters) for stage in found.stages[:3]] == [("raw", 6), ("golden", 5), ("line clicker", 4)]


def test_that_golden_clips_nobody_rated_are_a_sentence() -> None:
    with pytest.raises(EvaluationError, match="No rater rated 3 golden clips"):
        process_gaia_ratings(gaia_table(), GaiaSettings(), {"ac": {"x": 1.0, "y": 2.0, "z": 3.0}})


def test_that_gaias_z_scores_lie_on_0_to_100() -> None:
    scaled = rater_z_scores(np.array([[1.0, 2.0, 3.0, np.nan], [5.0, 5.0, 5.0, 5.0]]))
    assert scaled[0, :3].tolist() == pytest.approx([100 * 2 / 6, 50.0, 100 * 4 / 6])
    assert np.isnan(scaled[0, 3])
    assert np.isnan(scaled[1]).all()


def test_that_the_combined_score_is_the_sum_of_three_axes_on_0_to_100() -> None:
    found = process_gaia_ratings(gaia_table(), GaiaSettings(), GOLDEN).opinions
    assert list(found) == ["ac", "tc", "other", "combined"]
    assert found["combined"]["c3"].mos == pytest.approx(found["ac"]["c3"].mos)
    assert found["combined"]["c3"].ratings == 4
    assert "combined" not in process_gaia_ratings(gaia_table(2), GaiaSettings(), None).opinions
