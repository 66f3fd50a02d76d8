"""Which sources the models that are here give, and what a manifold lacks."""

import os
import subprocess
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import pytest

from core.extraction.person_weights import find_weights
from core.manifold import load_manifold
from core.tag_data import tag_sources
from core.track import Source
from core.user_models import layouts, packages
from core.user_models.folder import models_folder
from core.user_models.setup import known_manifolds, lacking_for, reference_setup, survey
from tests.model_files import write_checkpoint, write_clip_folder, write_dwpose, write_rtmpose, write_yolox

TAG = tag_sources(1024)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The packages that count as installed in a test: only those named here."""
    names: set[str] = set()

    def spec(name: str) -> ModuleSpec | None:
        return find_spec("json") if name in names else None

    monkeypatch.setattr(packages.importlib.util, "find_spec", spec)
    return names


def reference(name: str) -> Path:
    return models_folder() / "reference" / name


def put_mesh() -> None:
    write_checkpoint(reference("tokenhmr_model_latest.ckpt"), "state_dict", layouts.tokenhmr())
    write_checkpoint(reference("tokenizer.pth"), "net", layouts.tokenizer())


def test_that_without_models_nothing_can_be_extracted_and_each_part_says_why(installed: set[str]) -> None:
    setup = reference_setup()
    assert setup.sources == ()
    assert set(setup.lacking) == {"detector", "pose", "mesh"}
    assert setup.lacking["mesh"].startswith("TokenHMR is not ready: tokenhmr_model_latest.ckpt is missing: put it into ")


def test_that_key_points_alone_work(installed: set[str]) -> None:
    installed.add("onnxruntime")
    write_dwpose(reference("dw-ll_ucoco_384.onnx"))
    setup = reference_setup()
    assert [source.name for source in setup.sources] == ["kp2d"]
    assert setup.pose == reference("dw-ll_ucoco_384.onnx")
    assert (setup.detector, setup.mesh, setup.tokenizer) == (None, None, None)
    write_yolox(reference("yolox_l.onnx"))
    assert reference_setup().detector == reference("yolox_l.onnx")


def test_that_meshes_alone_work_and_say_which_manifolds_are_ruled_out(installed: set[str]) -> None:
    put_mesh()
    setup = reference_setup()
    assert setup.sources == TAG[:4]
    assert "pose" in setup.lacking
    (reason,) = lacking_for(TAG, setup)
    assert reason.startswith("Needs “kp2d”. DWPose is not ready: dw-ll_ucoco_384.onnx is missing: put it into ")
    assert lacking_for(TAG[:4], setup) == ()


def test_that_one_file_of_the_mesh_network_is_not_enough(installed: set[str]) -> None:
    put_mesh()
    reference("tokenizer.pth").unlink()
    setup = reference_setup()
    assert (setup.mesh, setup.tokenizer) == (None, None)
    assert "tokenizer.pth is missing" in setup.lacking["mesh"]
    assert lacking_for(TAG[:4], setup) == (f"Needs “vit”, “global”, “pose” and “beta”. {setup.lacking['mesh']}",)


def test_that_weights_without_their_package_name_the_package(installed: set[str]) -> None:
    write_dwpose(reference("dw-ll_ucoco_384.onnx"))
    assert reference_setup().lacking["pose"] == (
        "DWPose is not ready: dw-ll_ucoco_384.onnx is there, but the package onnxruntime is not installed."
    )


def test_that_mmpose_serves_where_onnxruntime_is_missing(installed: set[str]) -> None:
    write_dwpose(reference("dw-ll_ucoco_384.onnx"))
    write_rtmpose(reference("dw-ll_ucoco_384.pth"))
    installed.update(packages.NEEDS["mmpose"])
    assert reference_setup().pose == reference("dw-ll_ucoco_384.pth")
    installed.add("onnxruntime")
    assert reference_setup().pose == reference("dw-ll_ucoco_384.onnx")


def test_that_sources_of_another_extractor_are_told_apart_from_missing_ones(installed: set[str]) -> None:
    put_mesh()
    (reason,) = lacking_for([Source("beta", "telltale-cc0", 10)], reference_setup())
    assert reason.startswith("Needs “beta”. The reference extractor never gives it in the space “telltale-cc0”")


def test_that_an_embedding_asks_for_its_folder_and_for_the_weights_of_the_manifold(installed: set[str]) -> None:
    put_mesh()
    setup = reference_setup()
    (reason,) = lacking_for([Source("clip", "clip-12345678", 512)], setup)
    assert reason.startswith("Needs “clip”. The source 'clip' is computed with weights that you bring")
    write_clip_folder(models_folder() / "clip")
    (reason,) = lacking_for([Source("clip", "clip-12345678", 512)], setup)
    assert reason == "Needs “clip”. CLIP is there, but the package transformers is not installed."
    installed.add("transformers")
    (reason,) = lacking_for([Source("clip", "clip-12345678", 512)], setup)
    assert "holds other weights than those the manifold was made with" in reason
    assert lacking_for([find_weights("clip").source], setup) == ()
    (reason,) = lacking_for([Source("clip", "tag-clip", 512)], setup)
    assert "never gives it in the space “tag-clip”" in reason


def test_that_the_bundled_manifold_and_those_in_the_folder_are_known() -> None:
    models_folder().mkdir(parents=True)
    (models_folder() / "broken.manifold").write_bytes(b"nothing")
    found = known_manifolds(reference_setup())
    assert [manifold.bundled for manifold in found] == [True, False]
    assert found[0].name == load_manifold().name
    assert found[1].name == "broken.manifold"
    assert "broken.manifold" in found[1].lacking[0]


def test_that_a_survey_tells_versions_of_what_is_installed() -> None:
    seen = survey()
    assert seen.folder == models_folder()
    assert set(seen.packages) == {package.module for package in packages.PACKAGES}
    assert packages.package_version(packages.Package("numpy", ("numpy",), "", "")) is not None
    assert packages.package_version(packages.Package("no_such_module", ("no-such",), "", "")) is None


def test_that_looking_into_models_loads_neither_torch_nor_the_packages() -> None:
    put_mesh()
    write_dwpose(reference("dw-ll_ucoco_384.onnx"))
    watched = ("torch", "onnxruntime", "detectron2", "mmpose", "transformers", "mediapipe")
    program = f"import sys; from core.user_models.setup import survey; survey(); print([m for m in {watched!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_that_of_an_unready_set_up_the_part_that_was_begun_is_told(installed: set[str]) -> None:
    installed.add("onnxruntime")
    assert reference_setup().obstacle.startswith(
        "The reference extractor has no models yet: put DWPose for key points, TokenHMR for meshes"
    )
    write_checkpoint(reference("tokenhmr_model_latest.ckpt"), "state_dict", layouts.tokenhmr())
    assert reference_setup().obstacle.startswith("TokenHMR is not ready: tokenizer.pth is missing: put it into ")
    write_dwpose(reference("dw-ll_ucoco_384.onnx"))
    assert reference_setup().obstacle == ""  # key points alone are something


def test_that_a_spoilt_detector_stands_in_the_way_and_an_absent_one_does_not(installed: set[str]) -> None:
    installed.add("onnxruntime")
    write_dwpose(reference("dw-ll_ucoco_384.onnx"))
    setup = reference_setup()
    assert setup.lacking["detector"].startswith("There is no person detector, so the whole frame is taken for one person: ")
    assert (setup.obstacle, lacking_for(TAG[4:], setup)) == ("", ())
    os.truncate(write_yolox(reference("yolox_l.onnx")), 60_000_000)
    setup = reference_setup()
    assert setup.obstacle.startswith("The person detector is not ready: yolox_l.onnx is cut short or damaged (60.0 MB)")
    assert lacking_for(TAG[4:], setup) == (setup.obstacle,)
