"""Score files: what is read, and the one sentence for each way they can be wrong."""

import json
from pathlib import Path

import pytest

from core.evaluation.errors import EvaluationError
from core.evaluation.files import read_scores


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_that_a_tag_file_is_read_and_a_missing_score_stays_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "s.json", json.dumps({"a.mp4": {"ac": 1.5, "tc": -2}, "b.mp4": {"ac": None, "tc": 3}}))
    scores = read_scores(path)
    assert scores.axes == {"ac": {"a.mp4": 1.5}, "tc": {"a.mp4": -2.0, "b.mp4": 3.0}}
    assert scores.clips == ("a.mp4", "b.mp4")


def test_that_single_numbers_are_one_axis(tmp_path: Path) -> None:
    assert read_scores(write(tmp_path / "s.json", '{"a": 1, "b": 2}')).axes == {"score": {"a": 1.0, "b": 2.0}}


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_that_a_table_of_other_metrics_is_read_and_its_text_columns_left_out(tmp_path: Path, separator: str) -> None:
    rows = [["Clip", "Model", "Action_Consistency", "lpips"], ["a", "M", "1", "0.5"], ["b", "M", "", "0.25"]]
    path = write(tmp_path / "s.csv", "\n".join(separator.join(row) for row in rows))
    assert read_scores(path).axes == {"ac": {"a": 1.0}, "lpips": {"a": 0.5, "b": 0.25}}


def test_that_a_folder_of_analyses_gives_both_scores(tmp_path: Path) -> None:
    cases = (("x", "run", {"run": 0.5, "walk": 1.0}, 0.1), ("y", None, {"run": 0.75}, 0.2), ("z", "run", {}, None))
    for name, action, distances, coherence in cases:
        analysis = {
            "schema": 1, "video": {"path": f"/v/{name}.mp4"}, "action": action, "attention": {},
            "scores": {"temporal_coherence": coherence, "action_consistency": distances},
        }  # fmt: skip
        (tmp_path / name).mkdir()
        write(tmp_path / name / "analysis.json", json.dumps(analysis))
    assert read_scores(tmp_path).axes == {"ac": {"x.mp4": 0.5}, "tc": {"x.mp4": 0.1, "y.mp4": 0.2}}


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("s.json", '{"a": {"ac": NaN}}', "'ac' of 'a' is nan, which is no finite number"),
        ("s.json", '{"a": {"ac": "good"}}', "'ac' of 'a' is 'good', which is no finite number"),
        ("s.json", "[1, 2]", "is not of the form"),
        ("s.json", "{}", "holds no scores"),
        ("s.json", "{", "is no JSON"),
        ("s.csv", "", "is empty"),
        ("s.csv", "clip,lpips\na,inf\n", "'lpips' in line 2 is 'inf', which is no finite number"),
        ("s.csv", "clip,lpips\na,1\nb,bad\n", "'lpips' in line 3 is 'bad'"),
        ("s.csv", "which,lpips\na,1\n", "has none of the columns video_id, clip, video, video_name, name, file, filename"),
        ("s.csv", "clip,lpips\na,1\na,2\n", "names the clip 'a' twice"),
        ("s.csv", "clip,lpips,lpips\na,1,2\n", "two columns named 'lpips'"),
        ("s.csv", "clip,lpips\na\n", "line 2: 1 cells instead of 2"),
        ("s.csv", "clip,note\na,good\n", "holds no scores"),
    ],
)
def test_that_bad_input_is_refused_with_a_sentence_of_its_own(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    with pytest.raises(EvaluationError) as error:
        read_scores(write(tmp_path / name, text))
    assert sentence in str(error.value)


def test_that_a_missing_file_and_an_empty_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="cannot be read"):
        read_scores(tmp_path / "none.json")
    with pytest.raises(EvaluationError, match=r"holds no analysis.json: run 'main.py analyze"):
        read_scores(tmp_path)


def test_that_a_json_that_is_no_analysis_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "analysis.json", '{"schema": 1}')
    with pytest.raises(EvaluationError, match="is no analysis of Telltale"):
        read_scores(tmp_path)
