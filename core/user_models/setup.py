"""What the reference extractor can do with the models and packages that are here, and what a manifold lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.embedding_sources import EMBEDDINGS
from core.extraction import ExtractionError
from core.extraction.person_weights import find_weights
from core.manifold import BUNDLED, ManifoldError, load_manifold
from core.store import Store
from core.tag_data import tag_sources
from core.track import Source
from core.user_models.checks import Finding, check, check_all
from core.user_models.folder import models_folder
from core.user_models.packages import PACKAGES, missing_packages, package_version
from core.user_models.registry import REFERENCE, find
from core.video import file_sha256

_VIT_SIZE = 1024
_MESH_SOURCES = ("vit", "global", "pose", "beta")
# Ways to do a part of the work: the key of the model and how it is run; the authors' own first.
_DETECTORS = (("detectron", "detectron"), ("yolox", "onnx"))
_POSES = (("dwpose-onnx", "onnx"), ("dwpose-pth", "mmpose"))
_PARTS = {"detector": ("detectron", "yolox"), "pose": ("dwpose-onnx", "dwpose-pth"), "mesh": ("tokenhmr", "tokenizer")}


@dataclass(frozen=True)
class ReferenceSetup:
    """What is ready, as the weights of each network; None where there are none, or where the packages to run them are missing.

    detector         Detectron2's (.pkl) or YOLOX's (.onnx); None: the whole frame is taken for one person, where no file is there at all
    pose             DWPose, .onnx or .pth
    mesh, tokenizer  TokenHMR; both or none
    lacking          part (`detector`, `pose`, `mesh`) -> what to do about it, as one sentence; parts that are ready are left out
    begun            parts of which a file is there, good or bad
    """

    detector: Path | None
    pose: Path | None
    mesh: Path | None
    tokenizer: Path | None
    lacking: Mapping[str, str]
    begun: frozenset[str]

    @property
    def sources(self) -> tuple[Source, ...]:
        """What can be extracted, in the order of the encoder's input."""
        given = (_MESH_SOURCES if self.mesh else ()) + (("kp2d",) if self.pose else ())
        return tuple(source for source in tag_sources(_VIT_SIZE) if source.name in given)

    @property
    def obstacle(self) -> str:
        """Why nothing can be extracted, as one sentence; empty when something can."""
        # In place of a spoilt detector the whole frame would give other numbers than whoever put one there expects.
        stopping = ("detector",) if self.sources else ("mesh", "pose", "detector")
        for part in stopping:
            if part in self.lacking and part in self.begun:
                return self.lacking[part]
        if self.sources:
            return ""
        return (
            f"The reference extractor has no models yet: put DWPose for key points, TokenHMR for meshes, or both into "
            f"{models_folder() / REFERENCE}; main.py doctor and File > Models on this computer say which files these are."
        )


def reference_setup() -> ReferenceSetup:
    """Look at models and packages; nothing is loaded or run. Takes about a second the first time, when big files are there."""
    lacking: dict[str, str] = {}
    detector, reason = _first(_DETECTORS)
    begun = frozenset(part for part, keys in _PARTS.items() if any(find(key) is not None for key in keys))
    if detector is None:
        absent = "There is no person detector, so the whole frame is taken for one person"
        lacking["detector"] = f"{'The person detector is not ready' if 'detector' in begun else absent}: {reason}"
    pose, reason = _first(_POSES)
    if pose is None:
        lacking["pose"] = f"DWPose is not ready: {reason}"
    network = [check("tokenhmr"), check("tokenizer")]
    wrong = [finding.text for finding in network if not finding.ready]
    if wrong:
        lacking["mesh"] = f"TokenHMR is not ready: {wrong[0]}"
    mesh, tokenizer = (None if wrong else finding.path for finding in network)
    return ReferenceSetup(detector, pose, mesh, tokenizer, lacking, begun)


def _first(ways: Sequence[tuple[str, str]]) -> tuple[Path | None, str]:
    """The weights of the first way that is ready; else what the way lacks that is nearest to it."""
    reasons = []
    for key, way in ways:
        finding, packages = check(key), missing_packages(way)
        if finding.ready and not packages:
            return finding.path, ""
        reason = finding.text if not finding.ready else f"{finding.file.name} is there, but the package {packages[0]} is not installed."
        reasons.append((finding.path is None, reason))
    # What somebody has begun with is what they want to know about.
    return None, min(reasons, key=lambda reason: reason[0])[1]


def lacking_for(sources: Sequence[Source], setup: ReferenceSetup) -> tuple[str, ...]:
    """Why the reference extractor cannot serve a manifold of these sources, one sentence for each reason; empty when it can.

    Where the manifold needs embeddings and their weights are there, these are read once, to compare them with those it was made with.
    """
    given = {source.name: source for source in setup.sources}
    possible = {source.name: source for source in tag_sources(_VIT_SIZE)}
    reasons: dict[str, list[str]] = {}
    for source in sources:
        if given.get(source.name) == source:
            continue
        if source.name in EMBEDDINGS and source.space.startswith(f"{source.name}-"):
            why = _embedding_lacks(source)
        elif possible.get(source.name) == source:
            why = setup.lacking["pose" if source.name == "kp2d" else "mesh"]
        else:
            why = f"The reference extractor never gives it in the space “{source.space}”: use the extractor of the manifold."
        if why:
            reasons.setdefault(why, []).append(f"“{source.name}”")
    told = tuple(f"Needs {_listed(names)}. {why}" for why, names in reasons.items())
    return told or ((setup.obstacle,) if setup.obstacle else ())


def _embedding_lacks(source: Source) -> str:
    """Why an embedding cannot be computed as a manifold has it, as one sentence; empty when it can."""
    finding, packages = check(source.name), missing_packages("embedder")
    if not finding.ready:
        return finding.text
    if packages:
        return f"{finding.file.title} is there, but the package {packages[0]} is not installed."
    store = Store()
    try:
        found = find_weights(source.name, lambda path: store.checksum(path, file_sha256)).source
    except (ExtractionError, OSError) as error:
        return str(error)
    return "" if found == source else f"{finding.path} holds other weights than those the manifold was made with: put those there."


@dataclass(frozen=True)
class KnownManifold:
    """A manifold, and what stands in the way of the reference extractor serving it. bundled: it is for the extractor that is built in."""

    name: str
    path: Path
    lacking: tuple[str, ...]
    bundled: bool


def known_manifolds(setup: ReferenceSetup) -> tuple[KnownManifold, ...]:
    """Those that come with Telltale, and those in the folder of models. One that cannot be read says so."""
    found = []
    for path in (*sorted(BUNDLED.parent.glob("*.manifold")), *sorted(models_folder().glob("*.manifold"))):
        bundled = path.parent == BUNDLED.parent
        try:
            manifold = load_manifold(path)
            found.append(KnownManifold(manifold.name, path, lacking_for(manifold.sources, setup), bundled))
        except ManifoldError as error:
            found.append(KnownManifold(path.name, path, (str(error),), bundled))
    return tuple(found)


@dataclass(frozen=True)
class Survey:
    """Everything that settings page and doctor tell. packages: module -> version, or None when it is not installed."""

    folder: Path
    findings: tuple[Finding, ...]
    packages: Mapping[str, str | None]
    setup: ReferenceSetup
    manifolds: tuple[KnownManifold, ...]


def survey() -> Survey:
    setup = reference_setup()
    packages = {package.module: package_version(package) for package in PACKAGES}
    return Survey(models_folder(), check_all(), packages, setup, known_manifolds(setup))


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
