"""How clips are analysed in this window: extractor, manifold, class, and where feature files lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.embedding_sources import EMBEDDINGS
from core.events import AnalysisRequest
from core.extraction import FILE_READERS
from core.extraction.reference.settings import ReferenceSettings
from core.tag_data import FeatureFolders, is_mesh_file, tag_sources
from core.track import Source

REFERENCE = "reference"
# What only feature files and the reference extractor have: tokens of TokenHMR, and the coefficients of SMPL's own body.
_OF_REFERENCE = {"vit": "tokenhmr-token", "beta": "smpl"}
# What only feature files have: embeddings of unknown weights.
_ONLY_IN_FILES = {"clip": "tag-clip", "dino": "tag-dino"}


@dataclass(frozen=True)
class Choice:
    """None means the default, as in `AnalysisRequest`. `features` is kept for the next time while another extractor is chosen."""

    extractor: str = "blazepose"
    manifold: Path | None = None
    action: str | None = None
    features: FeatureFolders | None = None
    reference: ReferenceSettings = field(default_factory=ReferenceSettings)  # this and the device are for the reference extractor
    device: str = "auto"

    @property
    def reads_files(self) -> bool:
        return self.extractor in FILE_READERS

    def request(self, path: Path, allow_many: bool, use_cache: bool) -> AnalysisRequest:
        """The analysis of one clip. The folder of meshes is not used for a clip that is a mesh file itself."""
        request = AnalysisRequest(path, self.extractor, self.manifold, self.action, allow_many=allow_many, use_cache=use_cache)
        if self.extractor == REFERENCE:
            return replace(request, device=self.device, reference=self.reference)
        return replace(request, features=self.features if self.reads_files else None)

    def lacking(self, path: Path, sources: Sequence[Source] = ()) -> str:
        """What has to be chosen before this clip can be analysed, as a sentence; empty when nothing is missing.

        sources: those of the manifold; none while they are unknown.
        """
        if not self.reads_files:
            return f"{path.name} holds features and no pictures: choose “{FILE_READERS[0]}”." if is_mesh_file(path) else ""
        if self.features is None:
            return "Name the folder of key points."
        if self.features.meshes is None and not is_mesh_file(path):
            return "Name the folder of meshes."
        unnamed = [source.name for source in sources if source.name in EMBEDDINGS and source.name not in self.features.embeddings]
        return f"Name the folder of {unnamed[0].upper()} embeddings." if unnamed else ""


def misfit(extractor: str, sources: Sequence[Source]) -> str:
    """Why an extractor cannot serve a manifold of these sources, as a sentence; empty when nothing speaks against it.

    What the reference extractor can serve depends on models: `core.user_models.setup.lacking_for` says it.
    """
    if extractor in FILE_READERS:
        given = {(source.name, source.space) for source in tag_sources(0, EMBEDDINGS)}
        missing = [source.name for source in sources if (source.name, source.space) not in given]
        if missing:
            return f"This manifold needs “{missing[0]}”, which feature files do not hold: choose one made by “main.py tag manifold”."
        return ""
    if extractor == REFERENCE:
        return ""
    missing = [source.name for source in sources if _ONLY_IN_FILES.get(source.name) == source.space]
    if missing:
        return f"This manifold needs “{missing[0]}” as only feature files hold it: choose “{FILE_READERS[0]}”."
    missing = [source.name for source in sources if _OF_REFERENCE.get(source.name) == source.space]
    others = f"“{REFERENCE}” or “{FILE_READERS[0]}”"
    return f"This manifold needs “{missing[0]}” of the TAG scripts' own networks: choose {others}." if missing else ""
