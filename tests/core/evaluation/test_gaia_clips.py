"""GAIA's published files: prompts_all.csv, MOS.csv, and clips named <model>_<action>.mp4."""

from pathlib import Path

import pytest

from core.evaluation.clip_names import ClipName
from core.evaluation.errors import EvaluationError
from core.evaluation.files import read_scores
from core.evaluation.gaia_clips import gaia_clip_names, read_prompts

PROMPTS = "Action;Scene\nZumba;A man.\nClimbing a Rope;One person climbs, another watches.\nDancing Ballet;On a stage.\nBallet;Again."


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_that_prompts_give_the_scene_of_each_action(tmp_path: Path) -> None:
    prompts = read_prompts(write(tmp_path / "prompts_all.csv", PROMPTS))
    assert list(prompts) == ["Zumba", "Climbing a Rope", "Dancing Ballet", "Ballet"]
    assert prompts["Climbing a Rope"] == "One person climbs, another watches."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Action;Scene\n", "holds no actions"),
        ("Action;Scene\nZumba;a\nZumba;b\n", "line 3: the action 'Zumba' stands there twice"),
        ("Action;Scene\n;a\n", "line 2: the action is not named"),
        ("Action,Scene\nZumba,a,b\n", "line 2: 3 cells instead of 2"),
        ("clip;score\na;1\n", "has no column 'action'"),
    ],
)
def test_that_another_file_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=sentence):
        read_prompts(write(tmp_path / "prompts_all.csv", text))


def test_that_names_state_model_and_action(tmp_path: Path) -> None:
    prompts = read_prompts(write(tmp_path / "prompts_all.csv", PROMPTS))
    expected = {
        "zeroScope_Zumba.mp4": ClipName("zeroScope", "Zumba", 1),
        "Gen-2_climbing a rope.mp4": ClipName("Gen-2", "Climbing a Rope", 1),
        "VideoCrafter_v2_Climbing_a_Rope.mp4": ClipName("VideoCrafter_v2", "Climbing a Rope", 1),
        "Pika_Dancing Ballet.mp4": ClipName("Pika", "Dancing Ballet", 1),
        "Pika_Dancing_Ballet.gif": ClipName("Pika", "Dancing Ballet", 1),
    }
    assert gaia_clip_names([*expected, "Zumba.mp4", "Pika_Zumba2.mp4"], prompts) == (expected, ["Zumba.mp4", "Pika_Zumba2.mp4"])


def test_that_the_published_opinions_are_read_with_their_combined_score(tmp_path: Path) -> None:
    rows = (
        "filename,final action subject,final action completeness,final action interaction\n"
        "Anmidiff_Zumba.mp4,49,46,52\nPika_Zumba.mp4,30,20,\n"
    )
    axes = read_scores(write(tmp_path / "MOS.csv", rows)).axes
    assert axes["subject quality"] == {"Anmidiff_Zumba.mp4": 49, "Pika_Zumba.mp4": 30}
    assert axes["action-scene interaction"] == {"Anmidiff_Zumba.mp4": 52}
    assert axes["combined"] == {"Anmidiff_Zumba.mp4": 49}
    assert list(axes) == ["subject quality", "action completeness", "action-scene interaction", "combined"]
