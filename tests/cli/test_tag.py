"""main.py tag: score and manifold, and tag-files on the command line of analyze."""

import json
from pathlib import Path

import pytest

from cli import main
from tests.tag_folders import write_checkpoint, write_embeddings, write_features, write_real, write_real_embeddings


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("tag")
    meshes, keypoints = write_real(folder, {"PushUps": 3, "PullUps": 2})
    checkpoint = write_checkpoint(folder / "model.pt")
    return ["--real-meshes", str(meshes), "--real-keypoints", str(keypoints), "--checkpoint", str(checkpoint)]


@pytest.fixture
def generated(tmp_path: Path) -> list[str]:
    meshes, keypoints = tmp_path / "generated_meshes", tmp_path / "generated_kps"
    for seed, name in enumerate(("Wan2.2_PushUps_01_aa", "Hunyuan_PullUps_01_bb", "Runway_PushUps_01_cc")):
        write_features(meshes, keypoints, name, frames=41, seed=seed)
    return ["--meshes", str(meshes), "--keypoints", str(keypoints)]


def test_that_the_oracle_comes_out_of_one_command(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    oracle = shared / "oracle" / "tag_small"
    expected = json.loads((oracle / "expected.json").read_text())
    out = tmp_path / "new" / "scores.json"
    status = main(
        [
            "tag", "score", "--meshes", str(oracle / "generated_meshes"), "--keypoints", str(oracle / "generated_kps"),
            "--real-meshes", str(oracle / "real_meshes"), "--real-keypoints", str(oracle / "real_kps"),
            "--checkpoint", str(oracle / "model.pt"), "--out", str(out),
        ]
    )  # fmt: skip
    assert status == 0
    found = json.loads(out.read_text())
    assert found.keys() == expected["scores"].keys()
    for name, scores in expected["scores"].items():
        assert found[name] == pytest.approx(scores, abs=1e-5)
    report = json.loads((tmp_path / "new" / "scores.report.json").read_text())
    assert report["variant"] == {"motion": "authors", "mask": "hands", "scores": "code", "alignment": "frame_idx"}
    assert sorted(report["training"]) == sorted(expected["train_videos"])
    assert report["clips"]["Hunyuan_JumpingJack_01_00001b61"] == {"class": "JumpingJack", "windows": 1, "padded": True, "notes": []}
    told = capsys.readouterr()
    assert told.out.splitlines()[0] == "4 of 4 clips scored against 3 classes"
    assert "Hunyuan_JumpingJack_01_00001b61: It is shorter than 32 frames" in told.err


def test_that_agreement_is_told_with_the_faults_of_the_released_matching(
    real: list[str], generated: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    human = tmp_path / "human.json"
    out = tmp_path / "scores.json"
    main(["tag", "score", *generated, *real, "--out", str(out)])
    scores = json.loads(out.read_text())
    # People rate exactly against the distances; one of their clips was never scored.
    ratings = {f"{name}.mp4": {"ac": -values["ac"], "tc": -values["tc"]} for name, values in scores.items()}
    human.write_text(json.dumps(ratings | {"Sora_PullUps_01_cc.mp4": {"ac": 9.0, "tc": 9.0}}))
    capsys.readouterr()
    assert main(["tag", "score", *generated, *real, "--human", str(human), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "action consistency: Spearman 1.0000 over 3 clips (positive = agreement)" in told
    assert "1 rated clips have no score and count for nothing, e.g. Sora_PullUps_01_cc.mp4" in told
    assert "the released eval.py would give" in told
    assert "the rating of Sora_PullUps_01_cc.mp4 with the score of Runway_PushUps_01_cc" in told
    assert "leaves out Wan2.2_PushUps_01_aa" in told
    agreement = json.loads((tmp_path / "scores.report.json").read_text())["agreement"]
    assert agreement["tc"]["spearman"] == pytest.approx(1.0)
    assert len(agreement["tc"]["released_matching"]["faults"]) == 2


def test_that_a_clip_without_key_points_costs_one_line_and_the_status(
    real: list[str], generated: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "generated_kps" / "Runway_PushUps_01_cc" / "keypoints.npy").unlink()
    assert main(["tag", "score", *generated, *real, "--out", str(tmp_path / "scores.json")]) == 1
    told = capsys.readouterr()
    (line,) = told.err.splitlines()
    assert line.startswith("Runway_PushUps_01_cc has no scores: Runway_PushUps_01_cc has meshes but no key points")
    assert told.out.startswith("2 of 3 clips scored")
    assert json.loads((tmp_path / "scores.json").read_text()).keys() == {"Wan2.2_PushUps_01_aa", "Hunyuan_PullUps_01_bb"}


@pytest.mark.parametrize(
    ("option", "content", "sentence"),
    [
        ("--meshes", None, "There is no folder"),
        ("--checkpoint", b"PK\x03\x04 cut", "is empty or ends early"),
        ("--human", b"[1]", "give a score file"),
    ],
)
def test_that_a_wrong_input_is_one_line(
    real: list[str],
    generated: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    option: str,
    content: bytes | None,
    sentence: str,
) -> None:
    wrong = tmp_path / "wrong.json"
    if content is not None:
        wrong.write_bytes(content)
    assert main(["tag", "score", *generated, *real, "--out", str(tmp_path / "scores.json"), option, str(wrong)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line
    assert not (tmp_path / "scores.json").exists()


@pytest.mark.parametrize("arguments", [["tag"], ["tag", "score"], ["tag", "guess"], ["tag", "manifold", "--out", "x"]])
def test_that_wrong_usage_ends_with_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "usage:" in capsys.readouterr().err


def test_that_features_are_analysed_with_the_manifold_of_their_checkpoint(
    real: list[str], generated: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifold, out, scores = tmp_path / "tag.manifold", tmp_path / "out", tmp_path / "scores.json"
    assert main(["tag", "manifold", *real, "--out", str(manifold)]) == 0
    assert "2 classes" in capsys.readouterr().out
    main(["tag", "score", *generated, *real, "--out", str(scores)])
    clip = tmp_path / "generated_meshes" / "Wan2.2_PushUps_01_aa.npz"
    options = ["--extractor", "tag-files", *generated[2:], "--manifold", str(manifold), "--out", str(out)]
    assert main(["analyze", str(clip), *options]) == 0
    analysis = json.loads((out / "Wan2.2_PushUps_01_aa" / "analysis.json").read_text())
    expected = json.loads(scores.read_text())["Wan2.2_PushUps_01_aa"]
    assert analysis["manifold"]["variant"] == "authors"
    assert analysis["scores"]["temporal_coherence"] == pytest.approx(expected["tc"], abs=1e-6)
    assert analysis["scores"]["action_consistency"]["PushUps"] == pytest.approx(expected["ac"], abs=1e-6)
    assert main(["analyze", str(clip), "--extractor", "tag-files", "--manifold", str(manifold), "--out", str(out)]) == 1
    assert "give its key points with --keypoints" in capsys.readouterr().err


def test_that_embeddings_go_through_scores_manifold_and_analysis_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    classes, name = {"PushUps": 3, "PullUps": 2}, "Sora_PushUps_01"
    meshes, keypoints = write_real(tmp_path, classes)
    real = ["--real-meshes", str(meshes), "--real-keypoints", str(keypoints)]
    generated = ["--meshes", str(tmp_path / "m"), "--keypoints", str(tmp_path / "k")]
    write_features(tmp_path / "m", tmp_path / "k", name, seed=5)
    named: list[str] = []
    for source in ("clip", "dino"):
        real += [f"--real-{source}", str(write_real_embeddings(tmp_path / f"real_{source}", classes, source))]
        write_embeddings(tmp_path / source, source, name, seed=5)
        named += [f"--{source}", str(tmp_path / source)]
    real += ["--checkpoint", str(write_checkpoint(tmp_path / "model.pt", embeddings=("clip", "dino")))]
    scores, manifold, out = tmp_path / "scores.json", tmp_path / "tag.manifold", tmp_path / "out"
    assert main(["tag", "score", *generated, *real, "--out", str(scores)]) == 1
    assert "name the folder of its embeddings with --clip" in capsys.readouterr().err
    assert main(["tag", "score", *generated, *named, *real, "--out", str(scores)]) == 0
    assert main(["tag", "manifold", *real, "--out", str(manifold)]) == 0
    files = ["--extractor", "tag-files", "--keypoints", str(tmp_path / "k"), "--manifold", str(manifold), "--out", str(out)]
    clip = str(tmp_path / "m" / f"{name}.npz")
    assert main(["analyze", clip, *files, *named[:2]]) == 1
    assert "The manifold 'tag' needs the source 'dino': name the folder of its embeddings with --dino." in capsys.readouterr().err
    assert main(["analyze", clip, *files, *named]) == 0
    analysis = json.loads((out / name / "analysis.json").read_text())
    expected = json.loads(scores.read_text())[name]
    assert [source["space"] for source in analysis["extractor"]["sources"][-2:]] == ["tag-clip", "tag-dino"]
    assert analysis["scores"]["temporal_coherence"] == pytest.approx(expected["tc"], abs=1e-6)
    assert analysis["scores"]["action_consistency"]["PushUps"] == pytest.approx(expected["ac"], abs=1e-6)
    assert set(analysis["attention"]) == {"vit", "global", "pose", "beta", "kp2d", "clip", "dino"}
