"""`main.py evaluate` and `main.py ratings`: tables, CSV, figures, and one line for each input that does not do."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cli import main
from core.manifold import save_manifold
from core.tag_data import tag_sources
from core.track import track_arrays
from tests.core.conftest import encode
from tests.synthetic_tracks import SMALL_SOURCES, blank_manifold, moving_track
from tests.tag_folders import VIT, write_real, write_real_embeddings

ROOT = Path(__file__).parents[2]
COMMANDS = ("agree", "compare", "win-ratio", "table", "converge", "baselines", "nmi", "sensitivity", "attention", "map")


@pytest.mark.parametrize(
    "words", [["evaluate", "--help"], ["ratings", "process", "--help"], *(["evaluate", name, "--help"] for name in COMMANDS)]
)
def test_that_help_loads_nothing_heavy(words: list[str]) -> None:
    code = """
import sys
from cli import main
status = main(sys.argv[1:])
heavy = {"torch", "scipy", "numpy", "sklearn", "matplotlib", "krippendorff", "av", "PySide6"} & set(sys.modules)
sys.exit(f"loaded {heavy}" if heavy else status)
"""
    done = subprocess.run([sys.executable, "-c", code, *words, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: main.py")


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_json(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


HUMAN = {f"M{i % 3}_Run_{i // 3}_x.mp4": {"ac": float(i), "tc": float(-i)} for i in range(12)}
SCORES = {f"M{i % 3}_videos_Run_{i // 3}_x": {"ac": -float(i) + (i == 3), "tc": float(i)} for i in range(12)}


def test_that_agreement_is_shown_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    human, scores = write_json(tmp_path / "human.json", HUMAN), write_json(tmp_path / "scores.json", SCORES)
    table, figure = tmp_path / "out" / "agree.csv", tmp_path / "out" / "agree.png"
    assert (
        main(["evaluate", "agree", str(scores), "--human", str(human), "--resamples", "50", "--csv", str(table), "--figure", str(figure)])
        == 0
    )
    shown = capsys.readouterr().out
    assert "Agreement with human ratings" in shown
    assert "take no part" not in shown
    rows = {(row["score"], row["coefficient"]): row for row in rows_of(table)}
    assert float(rows["tc", "spearman"]["value"]) == pytest.approx(1)
    assert 0.9 < float(rows["ac", "spearman"]["value"]) < 1
    assert {row["clips"] for row in rows.values()} == {"12"}
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_that_missing_clips_are_named_and_the_released_matching_is_said_where_it_changes_the_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = {f"M_Run_{i}_h{i}": {"ac": float(i)} for i in range(6)} | {"WallPushups_9_zz": {"ac": 9.0}}
    people = {f"M_Run_{i}_h{i}": {"ac": -float(i)} for i in range(6)} | {"PushUps_1_zz": {"ac": 5.0}}
    human, scores = write_json(tmp_path / "human.json", people), write_json(tmp_path / "scores.json", ours)
    assert main(["evaluate", "agree", str(scores), "--human", str(human), "--resamples", "10"]) == 0
    shown = capsys.readouterr().out
    assert f"1 clips of {scores} are not in {human} and take no part: WallPushups_9_zz" in shown
    assert "also matches 1 clips by the end of their names ('PushUps_1_zz' with 'WallPushups_9_zz')" in shown
    assert "over 7 clips" in shown


def test_that_the_axes_in_which_higher_is_better_can_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    human = write_json(tmp_path / "human.json", HUMAN)
    table = tmp_path / "agree.csv"
    words = ["evaluate", "agree", str(human), "--human", str(human), "--resamples", "10", "--csv", str(table)]
    assert main([*words, "--higher-is-better", "ac"]) == 0
    values = {row["score"]: float(row["value"]) for row in rows_of(table) if row["coefficient"] == "pearson"}
    assert values == {"ac": pytest.approx(1), "tc": pytest.approx(-1)}
    assert main([*words, "--higher-is-better", "bc"]) == 1
    assert "--higher-is-better names 'bc', but the scores have ac, tc." in capsys.readouterr().err


def test_that_metrics_of_a_table_are_compared(tmp_path: Path) -> None:
    human = write_json(tmp_path / "human.json", {clip: {"ac": scores["ac"]} for clip, scores in HUMAN.items()})
    metrics = tmp_path / "metrics.csv"
    noise = np.random.default_rng(0).normal(size=12)
    lines = [f"{clip},{-scores['ac'] + 0.1 * noise[i]},{noise[i]}" for i, (clip, scores) in enumerate(HUMAN.items())]
    metrics.write_text("\n".join(["clip,good,bad", *lines]))
    table = tmp_path / "compare.csv"
    words = [f"{metrics}:good", f"{metrics}:bad", "--human", str(human), "--second-higher", "--resamples", "50", "--csv", str(table)]
    assert main(["evaluate", "compare", *words, "--figure", str(tmp_path / "compare.svg")]) == 0
    (row,) = rows_of(table)
    assert float(row["first"]) > 0.95
    assert float(row["p"]) < 0.05
    assert "<svg" in (tmp_path / "compare.svg").read_text()


def test_that_the_papers_win_ratios_come_out_of_one_command(shared: Path, tmp_path: Path) -> None:
    folder, table = shared / "oracle" / "tagbench", tmp_path / "wins.csv"
    words = [str(folder / "human_scores_2025.json"), "--only", str(folder / "tsne_published.json"), "--match", "slot", "--csv", str(table)]
    assert main(["evaluate", "win-ratio", *words]) == 0
    found = {(row["axis"], row["model"]): (row["wins"], row["comparisons"]) for row in rows_of(table) if row["class"] == "all"}
    models = ("Hunyuan", "Opensora_768", "RunwayGen4", "Wan2p2", "Wan2p1")
    comparisons = ("191", "178", "185", "182", "158")
    for axis, wins in (("ac", ("75", "40", "116", "164", "52")), ("tc", ("80", "31", "109", "165", "62"))):
        assert {model: found[axis, model] for model in models} == dict(zip(models, zip(wins, comparisons, strict=True), strict=True))
    assert len(rows_of(table)) == 2 * 5 * 11


def test_that_by_name_only_the_clips_of_that_name_are_kept(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = shared / "oracle" / "tagbench"
    assert main(["evaluate", "win-ratio", str(folder / "human_scores_2025.json"), "--only", str(folder / "tsne_published.json")]) == 0
    shown = capsys.readouterr().out
    assert "160 of 300 clips are named" in shown
    assert "95 clips of" in shown
    assert "--match slot brings them together" in shown


def test_that_preferences_have_win_ratios_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.csv"
    path.write_text("model_a,model_b,winner\nX,Y,X\nX,Y,tie\n")
    assert main(["evaluate", "win-ratio", "--preferences", str(path)]) == 0
    assert "X         1     1            2  0.7500" in capsys.readouterr().out
    assert main(["evaluate", "win-ratio"]) == 2


def test_that_in_analyses_the_lower_distance_wins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for model, coherence in (("A", 0.1), ("B", 0.2)):
        analysis = {
            "schema": 1, "video": {"path": f"{model}_Run_1.mp4"}, "action": None, "attention": {},
            "scores": {"temporal_coherence": coherence, "action_consistency": {}},
        }  # fmt: skip
        (tmp_path / model).mkdir()
        write_json(tmp_path / model / "analysis.json", analysis)
    assert main(["evaluate", "win-ratio", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "temporal coherence (the lower distance wins)" in shown
    assert "A         1     0            1  1.0000" in shown


def test_that_class_and_model_means_are_those_of_the_clips(tmp_path: Path) -> None:
    scores = write_json(tmp_path / "s.json", {"A_Run_1": 1.0, "A_Run_2": 3.0, "B_Run_1": 8.0, "A_Walk_1": 5.0})
    table = tmp_path / "t.csv"
    assert main(["evaluate", "table", str(scores), "--csv", str(table), "--figure", str(tmp_path / "t.svg")]) == 0
    means = {(row["class"], row["model"]): float(row["mean"]) for row in rows_of(table)}
    assert (means["Run", "A"], means["all", "A"], means["Run", "all"], means["all", "all"]) == (2, 3, 4, 4.25)
    assert ("Walk", "B") not in means


def write_ratings(path: Path) -> Path:
    rng = np.random.default_rng(0)
    truth = np.linspace(1, 9, 15)
    rows = ["participant_id,video_id,action_consistency,physical_plausibility"]
    for rater in range(8):
        for clip in [*range(15), 0, 1]:
            a, b = np.clip(truth[clip] + rng.normal(0, 0.5, 2), 0, 10)
            rows.append(f"r{rater},M_Run_{clip}.mp4,{a:.3f},{b:.3f}")
    path.write_text("\n".join(rows))
    return path


def test_that_raw_ratings_become_scores_that_evaluate_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw, out = write_ratings(tmp_path / "raw.csv"), tmp_path / "human.json"
    words = ["ratings", "process", str(raw), "--percentile", "100"]
    assert main([*words, "--out", str(out), "--figure", str(tmp_path / "c.svg"), "--draws", "5"]) == 0
    shown = capsys.readouterr().out
    assert "  raw        all        8      136" in shown
    assert "Krippendorff's alpha" in shown
    z = np.array([scores["ac"] for scores in json.loads(out.read_text()).values()])
    assert len(z) == 15
    assert (z.mean(), z.std()) == (pytest.approx(0, abs=1e-12), pytest.approx(1))
    assert main([*words, "--out", str(tmp_path / "human.csv")]) == 0
    rows = rows_of(tmp_path / "human.csv")
    assert len(rows) == 30
    assert {row["ratings"] for row in rows} == {"7"}  # BT.500 rejects one of the eight on each axis
    assert (tmp_path / "c.svg").exists()


def test_that_gaias_protocol_has_its_own_scale_and_golden_clips(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "raw.csv"
    lines = [f"r{r},c{c},{10 * c + r},{9 * c},{8 * c}" for r in range(3) for c in range(9)]
    lines += [f"bad,c{c},{80 - 10 * c},{c},{c}" for c in range(9)]
    raw.write_text("\n".join(["participant_id,video_id,subject,completeness,interaction", *lines]))
    golden = tmp_path / "golden.csv"
    golden.write_text("video_id,subject\nc0,0\nc4,40\nc8,80\n")
    out = tmp_path / "mos.csv"
    assert main(["ratings", "process", str(raw), "--protocol", "gaia", "--golden", str(golden), "--out", str(out)]) == 0
    assert "golden  all   bad" in capsys.readouterr().out
    assert {row["axis"] for row in rows_of(out)} == {"subject", "completeness", "interaction", "combined"}
    assert main(["ratings", "process", str(raw), "--out", str(out)]) == 1
    assert "outside the scale 0 to 10" in capsys.readouterr().err


def test_that_convergence_is_written(tmp_path: Path) -> None:
    raw, table = write_ratings(tmp_path / "raw.csv"), tmp_path / "c.csv"
    assert main(["evaluate", "converge", str(raw), "--draws", "5", "--most", "3", "--csv", str(table)]) == 0
    assert [(row["axis"], row["k"]) for row in rows_of(table)] == [(axis, str(k)) for axis in ("ac", "tc") for k in (1, 2, 3)]


def test_that_baselines_are_measured_and_set_beside_ratings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = [encode(tmp_path / f"M_Run_{n}.mp4", count=5 + n) for n in range(4)]
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    human = write_json(tmp_path / "human.json", {clip.name: float(n) for n, clip in enumerate(clips)})
    table = tmp_path / "b.csv"
    words = ["evaluate", "baselines", *map(str, clips), str(broken), "--human", str(human)]
    assert main([*words, "--csv", str(table), "--figure", str(tmp_path / "b.png")]) == 1
    shown = capsys.readouterr()
    assert "broken.mp4" in shown.err
    assert "Spearman correlation with human ratings" in shown.out
    assert "uniformity" in shown.out
    rows = rows_of(table)
    assert [row["clip"] for row in rows] == [clip.name for clip in clips]
    assert all(float(row["si"]) > 0 for row in rows)


@pytest.fixture(scope="module")
def motion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of tracks and a manifold that reads them."""
    folder = tmp_path_factory.mktemp("motion")
    for number, action in enumerate(("Squat", "Walk")):
        (folder / "tracks" / action).mkdir(parents=True)
        for seed in (1, 2):
            track = moving_track(number, seed, 40, sources=SMALL_SOURCES)
            np.savez(folder / "tracks" / action / f"M{seed}_{action}_{seed}.npz", **track_arrays(track))
    save_manifold(blank_manifold(sources=SMALL_SOURCES), folder / "test.manifold")
    return folder


@pytest.mark.parametrize(
    ("command", "more", "rows"), [("nmi", [], 4), ("sensitivity", ["--windows", "4"], 62), ("attention", [], 20), ("map", [], 6)]
)
def test_that_labelled_tracks_are_evaluated(motion: Path, tmp_path: Path, command: str, more: list[str], rows: int) -> None:
    table, figure = tmp_path / "t.csv", tmp_path / "f.svg"
    words = ["evaluate", command, str(motion / "tracks"), "--manifold", str(motion / "test.manifold"), *more]
    assert main([*words, "--csv", str(table), "--figure", str(figure)]) == 0
    assert len(rows_of(table)) == rows
    assert "<svg" in figure.read_text()


@pytest.mark.parametrize("command", ["nmi", "attention"])
def test_that_clips_shorter_than_a_window_are_counted(
    motion: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    tracks = shutil.copytree(motion / "tracks", tmp_path / "tracks")
    short = moving_track(0, 9, frames=20, sources=SMALL_SOURCES)
    np.savez(tracks / "Squat" / "short.npz", **track_arrays(short))
    assert main(["evaluate", command, str(tracks), "--manifold", str(motion / "test.manifold")]) == 0
    assert "1 clip has no window of 32 scored frames: left out." in capsys.readouterr().out.splitlines()


def test_that_files_are_written_even_when_nobody_reads_the_tables(tmp_path: Path) -> None:
    scores, table = write_json(tmp_path / "s.json", {"A_Run_1": 1.0, "B_Run_1": 8.0}), tmp_path / "t.csv"
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "main.py", "evaluate", "table", str(scores), "--csv", str(table)]
    done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(rows_of(table)) == 6


def test_that_feature_files_are_evaluated_with_the_embeddings_beside_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    meshes, keypoints = write_real(tmp_path, {"Squat": 2, "Walk": 2})
    dino = write_real_embeddings(tmp_path / "dino", {"Squat": 2, "Walk": 2}, "dino")
    save_manifold(blank_manifold(fps=None, sources=tag_sources(VIT, ["dino"])), tmp_path / "more.manifold")
    words = ["evaluate", "attention", str(meshes), "--manifold", str(tmp_path / "more.manifold")]
    assert main([*words, "--keypoints", str(keypoints), "--dino", str(dino)]) == 0
    assert "dino" in capsys.readouterr().out
    assert main([*words, "--keypoints", str(keypoints)]) == 1
    assert "needs the source 'dino'" in capsys.readouterr().err
    assert main([*words, "--dino", str(dino)]) == 1
    assert "name their key points with --keypoints" in capsys.readouterr().err


def test_that_a_map_is_written_in_the_published_form(motion: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, manifold = tmp_path / "map.json", str(motion / "test.manifold")
    assert main(["evaluate", "map", str(motion / "tracks"), "--manifold", manifold, "--out", str(out)]) == 0
    capsys.readouterr()
    assert main(["evaluate", "map", str(out)]) == 0
    assert "4 clips and 2 class centroids on the map" in capsys.readouterr().out


def test_that_the_published_map_is_drawn(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figure = tmp_path / "map.svg"
    assert main(["evaluate", "map", str(shared / "oracle" / "tagbench" / "tsne_published.json"), "--figure", str(figure)]) == 0
    assert "255 clips and 10 class centroids on the map" in capsys.readouterr().out
    assert "t-SNE of 255 clips of 5 models with 10 class centroids" in figure.read_text()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["agree", "none.json", "--human", "none.json"], "none.json cannot be read"),
        (["table", "squat.json"], "do not state model, class and number ('squat.mp4')"),
        (["nmi", "none"], "none is no folder"),
        (["attention", "."], "holds no class folder"),
        (["baselines", "none.mp4"], "There is no file or folder none.mp4"),
        (["compare", "squat.json:lpips", "squat.json", "--human", "squat.json"], "squat.json has no scores 'lpips'"),
    ],
)
def test_that_bad_input_is_one_line_and_status_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_json(tmp_path / "squat.json", {"squat.mp4": {"ac": 1.0}})
    assert main(["evaluate", *words]) == 1
    assert sentence in capsys.readouterr().err.splitlines()[0]


@pytest.mark.parametrize(
    "words",
    [
        ["evaluate"],
        ["evaluate", "agree", "a.json"],
        ["evaluate", "table", "a.json", "--figure", "a.pdf"],
        ["evaluate", "converge", "a.csv", "--draws", "0"],
        ["ratings", "process", "a.csv"],
        ["ratings", "process", "a.csv", "--out", "b.json", "--scale", "10:0"],
    ],
)
def test_that_wrong_usage_is_status_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert "usage: main.py" in capsys.readouterr().err


def test_that_a_reader_who_has_seen_enough_is_no_failure(tmp_path: Path) -> None:
    scores = {f"M{i % 5}_Class{'abcdefghij'[i % 10]}{'x' * 60}_{i}": float(i) for i in range(3000)}
    path = write_json(tmp_path / "s.json", scores)
    command = f"{sys.executable} main.py evaluate table {path}; echo status $? >&2"
    done = subprocess.run(["bash", "-c", f"({command}) | head -1"], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.startswith("Mean score by class and model")
    assert done.stderr == "status 0\n"


def gaia(folder: Path) -> tuple[Path, Path]:
    """GAIA's two files: opinions of three clips, and the prompts of two actions."""
    opinions, prompts = folder / "MOS.csv", folder / "prompts_all.csv"
    opinions.write_text(
        "filename,final action subject,final action completeness,final action interaction\n"
        "Pika_Zumba.mp4,40,50,60\nGenmo_Zumba.mp4,30,60,30\nPika_High Kick.mp4,10,20,60\n"
    )
    prompts.write_text("Action;Scene\nZumba;A dancer.\nHigh Kick;Karate.\n")
    return opinions, prompts


def test_that_gaias_opinions_are_tabled_by_its_own_classes_and_models(tmp_path: Path) -> None:
    opinions, prompts = gaia(tmp_path)
    table = tmp_path / "table.csv"
    assert main(["evaluate", "table", str(opinions), "--prompts", str(prompts), "--csv", str(table)]) == 0
    means = {(row["axis"], row["class"], row["model"]): float(row["mean"]) for row in rows_of(table)}
    assert means["combined", "Zumba", "Pika"] == 50 and means["combined", "High Kick", "Pika"] == 30
    assert means["subject quality", "all", "Pika"] == 25 and means["combined", "all", "all"] == 40


def test_that_gaias_models_are_compared_action_by_action(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    opinions, prompts = gaia(tmp_path)
    table = tmp_path / "wins.csv"
    assert main(["evaluate", "win-ratio", str(opinions), "--prompts", str(prompts), "--csv", str(table)]) == 0
    overall = {(row["axis"], row["model"]): (row["wins"], row["comparisons"]) for row in rows_of(table) if row["class"] == "all"}
    assert overall["action completeness", "Genmo"] == ("1", "1")
    assert overall["combined", "Pika"] == ("1", "1")
    capsys.readouterr()
    prompts.write_text("Action;Scene\nZumba;A dancer.\n")
    assert main(["evaluate", "win-ratio", str(opinions), "--prompts", str(prompts)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("1 clips of MOS do not end in an action of ") and "Pika_High Kick.mp4" in line


def test_that_an_alpha_that_cannot_be_known_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "raw.csv"
    raw.write_text("user,video,subject\n" + "".join(f"only,v{i},{10 * i}\n" for i in range(6)))
    assert main(["ratings", "process", str(raw), "--protocol", "gaia", "--out", str(tmp_path / "out.csv")]) == 0
    shown = capsys.readouterr()
    assert shown.err == "subject: Krippendorff's alpha needs clips that at least two raters saw, and ratings that differ.\n"
    assert "  subject        -         -" in shown.out.splitlines()
