"""Win ratios, from scores and from preferences, up to TAG's published tables."""

from pathlib import Path

import pytest

from core.evaluation.clip_names import ClipName, match_slots, parse_clip_names
from core.evaluation.errors import EvaluationError
from core.evaluation.files import read_scores
from core.evaluation.maps import read_map
from core.evaluation.preferences import read_preferences
from core.evaluation.win_ratio import WinRatio, count_wins, win_ratios


def ratios(scores: dict[str, float], higher: bool = True) -> dict[str, WinRatio]:
    names, _ = parse_clip_names(scores)
    return {one.model: one for one in win_ratios(scores, names, higher).overall}


def test_that_every_pair_of_models_in_a_class_and_number_is_compared() -> None:
    scores = {"A_Run_1": 3.0, "B_Run_1": 2.0, "C_Run_1": 2.0, "A_Run_2": 0.0, "B_Run_2": 1.0, "A_Walk_1": 9.0}
    found = ratios(scores)
    assert found["A"] == WinRatio("A", 2, 0, 3)
    assert found["B"] == WinRatio("B", 1, 1, 3)
    assert found["B"].ratio == 0.5
    assert found["C"] == WinRatio("C", 0, 1, 2)


def test_that_the_lower_distance_wins_when_asked() -> None:
    assert ratios({"A_Run_1": 3.0, "B_Run_1": 2.0}, higher=False)["B"].wins == 1


def test_that_classes_are_counted_for_themselves() -> None:
    scores = {"A_Run_1": 3.0, "B_Run_1": 2.0, "A_Walk_1": 1.0, "B_Walk_1": 2.0}
    names, _ = parse_clip_names(scores)
    by_class = win_ratios(scores, names, True).by_class
    assert by_class == {"Run": (WinRatio("A", 1, 0, 1), WinRatio("B", 0, 0, 1)), "Walk": (WinRatio("A", 0, 0, 1), WinRatio("B", 1, 0, 1))}


def test_that_two_clips_of_one_model_class_and_number_are_refused() -> None:
    with pytest.raises(EvaluationError, match="'A_Run_1_x' and 'A_Run_1_y' are both number 1 of Run by A"):
        ratios({"A_Run_1_x": 1.0, "A_Run_1_y": 2.0})


def test_that_models_without_a_common_clip_are_refused() -> None:
    with pytest.raises(EvaluationError, match="No two models have a clip of the same class and number"):
        ratios({"A_Run_1": 1.0, "B_Run_2": 2.0})


PUBLISHED_2026 = {
    "ac": {"Hunyuan": 100, "Opensora_768": 59, "RunwayGen4": 144, "Wan2.2": 216, "wan21": 81},
    "tc": {"Hunyuan": 110, "Opensora_768": 44, "RunwayGen4": 133, "Wan2.2": 218, "wan21": 95},
}
# TAG Tables 8 and 9.
PUBLISHED_2025 = {
    "ac": {"Hunyuan": (75, 191), "Opensora_768": (40, 178), "RunwayGen4": (116, 185), "Wan2p2": (164, 182), "Wan2p1": (52, 158)},
    "tc": {"Hunyuan": (80, 191), "Opensora_768": (31, 178), "RunwayGen4": (109, 185), "Wan2p2": (165, 182), "Wan2p1": (62, 158)},
}


@pytest.mark.parametrize("axis", ["ac", "tc"])
def test_that_the_release_of_2026_gives_its_known_counts(shared: Path, axis: str) -> None:
    scores = read_scores(shared / "oracle" / "tagbench" / "human_scores_2026.json").axes[axis]
    found = ratios(dict(scores))
    assert {model: one.wins for model, one in found.items()} == PUBLISHED_2026[axis]
    assert {(one.ties, one.comparisons) for one in found.values()} == {(0, 240)}


@pytest.mark.parametrize("axis", ["ac", "tc"])
def test_that_the_papers_tables_come_out_of_the_release_of_2025(shared: Path, axis: str) -> None:
    folder = shared / "oracle" / "tagbench"
    scores = read_scores(folder / "human_scores_2025.json").axes[axis]
    shown = [point.clip for point in read_map(folder / "tsne_published.json") if point.clip is not None]
    kept = {left for left, _ in match_slots(scores, shown).pairs}
    assert len(kept) == 255
    found = ratios({clip: value for clip, value in scores.items() if clip in kept})
    assert {model: (one.wins, one.comparisons) for model, one in found.items()} == PUBLISHED_2025[axis]


def preferences(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_that_preferences_of_people_are_counted(tmp_path: Path) -> None:
    text = "model_a,model_b,winner,class\nX,Y,X,Run\nX,Y,b,Run\nY,Z,tie,Walk\nX,Z,A,Walk\n"
    found = count_wins(read_preferences(preferences(tmp_path / "p.csv", text)))
    assert found.overall == (WinRatio("X", 2, 0, 3), WinRatio("Y", 1, 1, 3), WinRatio("Z", 0, 1, 2))
    assert found.by_class["Run"] == (WinRatio("X", 1, 0, 2), WinRatio("Y", 1, 0, 2))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("model_a,model_b,winner\nX,Y,Q\n", "line 2: the winner 'Q' is neither of the two models"),
        ("model_a,model_b,winner\nX,X,X\n", "line 2: two different models are needed"),
        ("model_a,winner\nX,X\n", "has none of the columns model_b"),
        ("model_a,model_b,winner\n", "holds no preferences"),
    ],
)
def test_that_bad_preferences_are_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(EvaluationError, match=sentence):
        read_preferences(preferences(tmp_path / "p.csv", text))


def test_that_names_are_given_for_every_clip() -> None:
    assert win_ratios({"x": 1.0, "y": 0.0}, {"x": ClipName("A", "Run", 1), "y": ClipName("B", "Run", 1)}, True).overall[0].wins == 1
