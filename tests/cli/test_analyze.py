"""main.py analyze, report and cache, from the words of the command line to the files."""

import csv
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import cli.analyze
from cli import main
from core.logs import log_file
from core.manifold import load_manifold, save_manifold
from core.project import Project, new_note, new_project, save_project
from core.recall import recall_latest
from core.store import Store
from core.video import file_sha256
from tests.tiny_extractor import TinyRequest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def small_extractor(monkeypatch: pytest.MonkeyPatch, one_cache: Path) -> None:
    """The requests of the command line carry the small extractor into the worker's process; what one test computes the next ones know."""
    monkeypatch.setattr(cli.analyze, "AnalysisRequest", TinyRequest)
    monkeypatch.setenv("TELLTALE_CACHE", str(one_cache))


@pytest.fixture
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    """An empty cache for this test alone."""
    monkeypatch.setenv("TELLTALE_CACHE", str(tmp_path / "cache"))
    return Store()


def analyze(manifold: Path, *arguments: object) -> int:
    words = [str(word) for word in arguments]
    extractor = [] if "--extractor" in words else ["--extractor", "tiny"]
    return main(["analyze", "--manifold", str(manifold), *extractor, *words])


def test_that_the_json_holds_the_contract(clip: Path, manifold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert analyze(manifold, clip, "--out", tmp_path, "--action", "Walk") == 0
    path = tmp_path / "swing" / "analysis.json"
    assert capsys.readouterr().out.splitlines() == [str(path)]
    text = path.read_text(encoding="utf-8")
    assert "NaN" not in text
    data = json.loads(text)
    assert set(data) >= {
        "schema", "telltale_version", "created", "video", "times", "subject", "extractor", "manifold", "presence", "presence_reason",
        "action", "scores", "step_curve", "step_disagreement", "band", "attention", "glitches", "timings",
    }  # fmt: skip
    assert set(data["video"]) >= {"path", "sha256", "frames", "fps", "duration", "width", "height"}
    assert data["action"] == "Walk"
    assert len(data["times"]) == len(data["step_curve"]) == len(data["presence"]) == data["video"]["frames"] == 40
    assert data["step_curve"][0] is None


def test_that_a_bad_input_gets_one_line_and_the_others_are_done(
    clip: Path, manifold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "broken.mp4").write_bytes(b"no video")
    (folder / "swing.mp4").write_bytes(clip.read_bytes())
    assert analyze(manifold, tmp_path / "gone.mp4", folder, clip, "--out", tmp_path / "out", "--jobs", "2") == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("[")]
    assert len(errors) == 2
    assert "gone.mp4" in errors[0]
    assert "broken.mp4" in errors[1]
    assert {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.json")} == {
        "swing/analysis.json",
        "swing-2/analysis.json",
    }


def test_that_progress_goes_to_stderr_in_plain_lines(
    clip: Path, manifold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert analyze(manifold, clip, "--out", tmp_path, "--no-cache") == 0
    lines = capsys.readouterr().err.splitlines()
    assert any(line.startswith("[1/1] swing.mp4: extract 40 of 40") for line in lines)
    assert all(line.startswith("[1/1] swing.mp4: ") for line in lines)


def test_that_a_range_holds_its_frames_alone(clip: Path, manifold: Path, tmp_path: Path) -> None:
    assert analyze(manifold, clip, "--out", tmp_path, "--range", "4:38") == 0
    data = json.loads((tmp_path / "swing" / "analysis.json").read_text())
    assert data["presence"] == ["none"] * 4 + ["ok"] * 34 + ["none"] * 2
    assert [(w["start"], w["stop"]) for w in data["scores"]["windows"]] == [(4, 36)]


@pytest.mark.parametrize("text", ["8", "8:", ":8", "9:9", "9:3", "-1:4", "a:b"])
def test_that_what_is_no_range_is_wrong_usage(clip: Path, manifold: Path, tmp_path: Path, text: str) -> None:
    assert analyze(manifold, clip, "--out", tmp_path, f"--range={text}") == 2


def test_that_a_range_outside_the_video_is_refused(clip: Path, manifold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert analyze(manifold, clip, "--out", tmp_path, "--range", "4:41") == 1
    assert "which has 40 frames" in capsys.readouterr().err


def test_that_an_unknown_class_is_refused_with_the_known_ones(
    clip: Path, manifold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert analyze(manifold, clip, "--out", tmp_path, "--action", "Fly") == 1
    assert "choose one of Squat, Walk" in capsys.readouterr().err
    assert not (tmp_path / "swing").exists()


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--format", "json,pdf", "'pdf' is not written by this version yet"),
        ("--format", "xml", "'xml' is unknown"),
        ("--engine", "ray", "use --engine local"),
        ("--extractor", "magic", "'magic' is unknown"),
        ("--jobs", "0", "at least 1"),
    ],
)
def test_that_what_this_version_lacks_is_said(
    clip: Path, manifold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, sentence: str
) -> None:
    assert analyze(manifold, clip, "--out", tmp_path, option, value) == 2
    assert sentence in capsys.readouterr().err


def test_that_the_reference_extractor_without_models_says_what_to_put_where(
    clip: Path, manifold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELLTALE_MODELS", str(tmp_path / "models"))
    assert analyze(manifold, clip, "--out", tmp_path / "out", "--extractor", "reference") == 1
    told = capsys.readouterr().err
    assert "The reference extractor has no models yet" in told
    assert str(tmp_path / "models" / "reference") in told
    assert "main.py doctor" in told
    assert not (tmp_path / "out").exists()


def test_that_an_internal_failure_is_status_3_and_names_the_log(
    clip: Path, manifold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert analyze(manifold, clip, "--out", tmp_path, "--extractor", "tiny-broken") == 3
    assert str(log_file()) in capsys.readouterr().err


def test_that_a_folder_that_cannot_be_written_is_refused(
    clip: Path, manifold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("a file")
    assert analyze(manifold, clip, "--out", tmp_path / "out") == 1
    assert "choose another --out" in capsys.readouterr().err


def test_that_no_cache_remembers_nothing(clip: Path, manifold: Path, tmp_path: Path, own_cache: Store) -> None:
    assert analyze(manifold, clip, "--out", tmp_path, "--no-cache") == 0
    assert own_cache.entries() == []


def test_that_the_table_has_a_row_a_frame(clip: Path, manifold: Path, tmp_path: Path) -> None:
    assert analyze(manifold, clip, "--out", tmp_path, "--format", "csv") == 0
    with (tmp_path / "swing" / "frames.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["frame"] for row in rows] == [str(frame) for frame in range(40)]
    assert rows[0]["step"] == ""
    assert float(rows[1]["step"]) > 0
    assert {"attention_pose", "band_low", "presence"} <= set(rows[0])


INTERRUPTED = """
import sys
import cli.analyze
from cli import main
from tests.tiny_extractor import TinyRequest

if __name__ == "__main__":
    cli.analyze.AnalysisRequest = TinyRequest
    sys.exit(main(sys.argv[1:]))
"""


def test_that_ctrl_c_cancels_cleanly_with_status_130(clip: Path, manifold: Path, tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(INTERRUPTED)
    words = ["analyze", clip, "--out", tmp_path / "out", "--manifold", manifold, "--extractor", "tiny-patient"]
    program = subprocess.Popen(
        [sys.executable, str(script), *map(str, words)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests in the background of a shell inherit that it is ignored
    )
    assert program.stderr is not None
    while ": extract" not in program.stderr.readline():
        assert program.poll() is None
    program.send_signal(signal.SIGINT)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == 130
    assert "Stopping" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "out").exists()


def test_that_a_video_analysed_before_is_reported_with_its_notes(clip: Path, manifold: Path, tmp_path: Path) -> None:
    video = tmp_path / "swing.mp4"
    video.write_bytes(clip.read_bytes())
    assert analyze(manifold, video, "--out", tmp_path / "first") == 0
    project = new_project(video, file_sha256(video), 40)
    project = Project(project.video, (new_note(range(3, 6), "The wrist <melts>"),))
    save_project(project, tmp_path / "swing.mp4.telltale")
    assert main(["report", str(video), "--out", str(tmp_path / "out"), "--format", "html,json"]) == 0
    text = (tmp_path / "out" / "swing" / "report.html").read_text(encoding="utf-8")
    assert "The wrist &lt;melts&gt;" in text
    assert json.loads((tmp_path / "out" / "swing" / "analysis.json").read_text()) == json.loads(
        (tmp_path / "first" / "swing" / "analysis.json").read_text()
    )


def test_that_a_video_never_analysed_cannot_be_reported(
    clip: Path, tmp_path: Path, own_cache: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(clip), "--out", str(tmp_path)]) == 1
    assert "run 'main.py analyze" in capsys.readouterr().err


def test_that_an_exported_analysis_is_reported_without_pictures_and_says_so(
    clip: Path, manifold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert analyze(manifold, clip, "--out", tmp_path) == 0
    capsys.readouterr()
    source = tmp_path / "swing" / "analysis.json"
    assert main(["report", str(source), "--out", str(tmp_path / "out")]) == 0
    assert "without them" in capsys.readouterr().err
    assert (tmp_path / "out" / "swing" / "report.html").stat().st_size > 1000


def test_that_a_project_carries_its_analysis_to_a_report(
    clip: Path, manifold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert analyze(manifold, clip, "--out", tmp_path) == 0
    analysis = recall_latest(Store(), file_sha256(clip))
    path = tmp_path / "swing.telltale"
    save_project(new_project(clip, file_sha256(clip), 40), path, analysis)
    monkeypatch.setenv("TELLTALE_CACHE", str(tmp_path / "empty"))
    assert main(["report", str(path), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "swing" / "report.html").exists()


@pytest.mark.parametrize("content", ["{}", "[1]", "no json", '{"schema": 99}'])
def test_that_a_json_that_is_no_analysis_is_refused(tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.json"
    path.write_text(content)
    assert main(["report", str(path), "--out", str(tmp_path)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_that_the_cache_is_listed_and_cleared(
    clip: Path, manifold: Path, tmp_path: Path, own_cache: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert analyze(manifold, clip, "--out", tmp_path) == 0
    capsys.readouterr()
    assert main(["cache", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sorted(line.split()[0] for line in lines[:-1]) == ["analysis", "embedding", "flips", "glitches", "pixels", "track"]
    assert all("swing.mp4" in line for line in lines[:-1])
    assert main(["cache", "clear"]) == 0
    assert "freed" in capsys.readouterr().out
    assert main(["cache", "list"]) == 0
    assert capsys.readouterr().out.startswith("0 entries")


def test_that_a_clip_outside_the_manifold_is_said_and_still_done(
    clip: Path, manifold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    narrow = tmp_path / "narrow.manifold"
    save_manifold(replace(load_manifold(manifold), outside_distance=0.0), narrow)
    assert analyze(narrow, clip, "--out", tmp_path) == 0
    said = capsys.readouterr()
    assert f"{clip}: Outside what this manifold knows: this motion" in said.err
    scores = json.loads(Path(said.out.strip()).read_text(encoding="utf-8"))["scores"]
    assert scores["outside"] is True
    assert scores["nearest_class"] is None
    assert all(window["outside"] and window["nearest_class"] is None for window in scores["windows"])
    assert set(scores["action_consistency"]) == {"Squat", "Walk"}
