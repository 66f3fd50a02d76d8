"""main.py whatif, from the words of the command line to the tables and the file."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import cli.analyze
import cli.whatif
from cli import main
from core.manifold import load_manifold, save_manifold
from core.project import new_project, save_project
from core.recall import recall_latest
from core.store import Store
from core.video import file_sha256
from tests.tiny_extractor import TinyRequest

SAMPLE = Path(__file__).parents[2] / "resources" / "sample" / "telltale_sample.mp4"


@pytest.fixture(autouse=True)
def small_extractor(monkeypatch: pytest.MonkeyPatch, one_cache: Path, tmp_path: Path) -> None:
    """What is analysed goes through the small extractor, and what one test computes the next ones know."""
    monkeypatch.setattr(cli.whatif, "AnalysisRequest", TinyRequest)
    monkeypatch.setenv("TELLTALE_CACHE", str(one_cache))
    monkeypatch.setenv("TINY_LOG", str(tmp_path / "extractions"))


def extractions(tmp_path: Path) -> int:
    log = tmp_path / "extractions"
    return len(log.read_text().splitlines()) if log.exists() else 0


def whatif(manifold: Path, *arguments: object) -> int:
    return main(["whatif", "--manifold", str(manifold), *map(str, arguments)])


def cells(output: str, label: str) -> list[str]:
    """The columns behind a label."""
    (line,) = [line.strip() for line in output.splitlines() if line.strip().startswith(label)]
    return line.removeprefix(label).split()


def test_that_both_versions_stand_side_by_side(clip: Path, manifold: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert whatif(manifold, clip, "--hold", "10:20", "--action", "Walk") == 0
    output = capsys.readouterr().out
    assert output.startswith("swing.mp4, frames 10 to 19 held. Both scores are distances, lower is better; 30 frames a second.\n")
    before, after, change = (float(cell) for cell in cells(output, "Temporal coherence"))
    assert change == pytest.approx(after - before, abs=2e-4)
    assert len(cells(output, "Action consistency with Walk (meant)")) == 3
    assert len(cells(output, "Step of the encoder (1 is the real median)")) == 3
    assert "Highest in frames 10 to 20" in output
    assert "not measured again" not in output


def test_that_an_unknown_video_is_analysed_first_and_only_once(
    clip: Path, manifold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TELLTALE_CACHE", str(tmp_path / "cache"))
    assert whatif(manifold, clip, "--drop", "10:12") == 0
    assert extractions(tmp_path) == 1
    assert "[1/1] swing.mp4: extract 40 of 40" in capsys.readouterr().err
    assert whatif(manifold, clip, "--hold", "10:12") == 0
    assert extractions(tmp_path) == 1


def test_that_the_class_of_the_analysis_is_the_one_meant(
    clip: Path, manifold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli.analyze, "AnalysisRequest", TinyRequest)
    monkeypatch.setenv("TELLTALE_CACHE", str(tmp_path / "cache"))
    words = ["analyze", str(clip), "--manifold", str(manifold), "--extractor", "tiny", "--action", "Squat", "--out", str(tmp_path)]
    assert main(words) == 0
    capsys.readouterr()
    assert whatif(manifold, clip, "--drop", "10:12") == 0
    assert "Action consistency with Squat (meant)" in capsys.readouterr().out


def test_that_the_file_holds_both_versions(clip: Path, manifold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "answer.json"
    assert whatif(manifold, clip, "--drop", "10:14", "--out", out) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(out)
    data = json.loads(out.read_text(encoding="utf-8"))
    assert data["edit"] == {"kind": "drop", "start": 10, "stop": 14}
    assert data["video"]["sha256"] == file_sha256(clip)
    assert data["manifold"]["name"] == "test"
    assert len(data["step_curve"]["before"]) == len(data["step_curve"]["after"]) == 40
    assert data["step_curve"]["after"][9:15].count(None) == 4
    assert len(data["frames"]["old"]) == 36
    assert data["scores"]["before"]["temporal_coherence"] != data["scores"]["after"]["temporal_coherence"]
    assert list(tmp_path.glob("*.tmp")) == []


def test_that_a_file_that_cannot_be_written_is_said(clip: Path, manifold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert whatif(manifold, clip, "--drop", "10:14", "--out", tmp_path / "none" / "answer.json") == 1
    said = capsys.readouterr()
    assert "Temporal coherence" in said.out
    assert "cannot be written (No such file or directory): choose another --out" in said.err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--drop", "3"],
        ["--drop", "5:5"],
        ["--hold", "9:2"],
        ["--interpolate=-1:4"],
        ["--drop", "1:3", "--hold", "1:3"],
        ["--drop", "a:b"],
    ],
)
def test_that_anything_but_one_range_is_wrong_usage(
    clip: Path, manifold: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert whatif(manifold, clip, *words) == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--hold", "38:41"], "The range 38:41 does not lie in the clip, which has 40 frames: give A:B with 0 <= A < B <= 40."),
        (["--drop", "0:40"], "Nothing is left to judge when every frame is dropped: choose a shorter range."),
        (["--interpolate", "30:40"], "There is no frame behind the range 30:40 to interpolate from"),
        (["--drop", "3:5", "--action", "Fly"], "has no class 'Fly': choose one of Squat, Walk."),
    ],
)
def test_that_what_cannot_be_done_is_one_line(
    clip: Path, manifold: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert whatif(manifold, clip, "--drop", "3:5") == 0
    capsys.readouterr()
    assert whatif(manifold, clip, *words) == 1
    said = capsys.readouterr()
    (line,) = [line for line in said.err.splitlines() if not line.startswith("[")]
    assert line.startswith(f"{clip}: ")
    assert sentence in line
    assert said.out == ""


def test_that_a_range_outside_an_unknown_video_costs_no_analysis(
    clip: Path, manifold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TELLTALE_CACHE", str(tmp_path / "cache"))
    assert whatif(manifold, clip, "--drop", "38:41") == 1
    assert "which has 40 frames" in capsys.readouterr().err
    assert extractions(tmp_path) == 0


def test_that_an_analysis_that_fails_is_said(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TELLTALE_CACHE", str(tmp_path / "cache"))
    assert main(["whatif", str(clip), "--drop", "3:5"]) == 1
    # The small extractor does not give what the bundled manifold needs.
    assert "they cannot be compared" in capsys.readouterr().err


def test_that_another_manifold_has_to_be_named(clip: Path, manifold: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert whatif(manifold, clip, "--drop", "3:5") == 0
    capsys.readouterr()
    assert main(["whatif", str(clip), "--drop", "3:5"]) == 1
    assert "analysed with the manifold 'test', which is not the bundled one: name its file with --manifold" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("gone.mp4", None, "there is no such file: check the path."),
        ("film.mp4", b"no film", "is not a video that can be read"),
        ("analysis.json", b"{}", "an exported analysis holds no body to edit: give the video or its .telltale project."),
        ("notes.telltale", b"no zip", "notes.telltale"),
    ],
)
def test_that_what_holds_no_body_is_refused(
    manifold: Path, tmp_path: Path, name: str, content: bytes | None, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert whatif(manifold, path, "--drop", "3:5") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line


def test_that_a_project_with_its_analysis_needs_no_video(
    clip: Path, manifold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert whatif(manifold, clip, "--drop", "3:5") == 0
    path = tmp_path / "swing.telltale"
    save_project(new_project(tmp_path / "gone.mp4", file_sha256(clip), 40), path, recall_latest(Store(), file_sha256(clip)))
    expected = capsys.readouterr().out.splitlines()
    monkeypatch.setenv("TELLTALE_CACHE", str(tmp_path / "empty"))
    assert whatif(manifold, path, "--drop", "3:5") == 0
    told = capsys.readouterr().out.splitlines()
    # Only the pictures are missing.
    assert told[:3] == expected[:3]
    assert told[-1].startswith("The pictures are not measured again: both lists of events come from the followed body alone")


def test_that_the_body_beside_itself_in_the_sample_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The teleport of frames 194 and 195, of an analysis of the frames around it alone, by the real extractor and the bundled manifold."""
    monkeypatch.setenv("TELLTALE_CACHE", str(tmp_path / "cache"))
    assert main(["analyze", str(SAMPLE), "--range", "176:212", "--out", str(tmp_path)]) == 0
    capsys.readouterr()
    assert main(["whatif", str(SAMPLE), "--interpolate", "194:196", "--out", str(tmp_path / "answer.json")]) == 0
    output = capsys.readouterr().out
    assert re.search(r"vanishes +jump +frames 19[345] to 19[56] +[01]\.\d\d +-\n", output)
    before, after, _ = (float(cell) for cell in cells(output, "Unexplained step of the whole body (body heights)"))
    assert before == pytest.approx(0.3, abs=0.05)
    assert after < 0.02
    before, after, _ = (float(cell) for cell in cells(output, "Step of the encoder (1 is the real median)"))
    assert after < before  # by little: most of its features leave out where the body is
    data = json.loads((tmp_path / "answer.json").read_text())
    assert data["step_curve"]["before"][175] is None
    known = json.loads((tmp_path / "telltale_sample" / "analysis.json").read_text())
    assert data["scores"]["before"] == known["scores"]
    assert data["step_curve"]["before"] == known["step_curve"]
    told = [event["before"] for event in data["glitches"] if event["before"]]
    assert sorted(glitch["id"] for glitch in told) == sorted(glitch["id"] for glitch in known["glitches"])
    assert [window["start"] for window in data["scores"]["after"]["windows"]] == [176]
    assert main(["whatif", str(SAMPLE), "--drop", "160:180"]) == 1
    assert "the analysis covers frames 176 to 211 only" in capsys.readouterr().err


def test_that_no_action_is_named_outside_the_manifold(
    clip: Path, manifold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELLTALE_CACHE", str(tmp_path / "cache"))
    narrow = tmp_path / "narrow.manifold"
    save_manifold(replace(load_manifold(manifold), outside_distance=0.0), narrow)
    assert whatif(narrow, clip, "--drop", "10:12") == 0
    out = capsys.readouterr().out
    assert "Before: outside what this manifold knows: this motion" in out
    assert "After: outside what this manifold knows: this motion" in out
    assert "Action consistency" not in out
