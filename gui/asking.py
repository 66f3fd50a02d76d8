"""Remembers how clips are analysed while the window is open, and asks for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from core.embedding_sources import EMBEDDINGS
from core.extraction import FILE_READERS
from core.tag_data import FeatureFolders, is_mesh_file
from gui.analyse_dialog import AnalyseDialog
from gui.choice import Choice
from gui.settings import Settings


class Asker(QObject):
    """Owns the choice and the dialog that changes it; `chosen` says that there is a new one, `models_wanted` that the page of models is
    asked for. The folders outlive the window as settings."""

    chosen = Signal()
    models_wanted = Signal()

    def __init__(self, parent: QWidget, settings: Settings) -> None:
        super().__init__(parent)
        self._window, self._settings = parent, settings
        self.choice = Choice(features=_kept_folders(settings))
        self.dialog: AnalyseDialog | None = None

    def ask(self, clip: Path) -> None:
        """Open the dialog for a clip; one that is open already makes room."""
        self.close()
        choice = self.choice
        if is_mesh_file(clip) and not choice.reads_files:
            choice = replace(choice, extractor=FILE_READERS[0])
        dialog = AnalyseDialog(clip, choice, self._window)
        dialog.chosen.connect(self._on_chosen)
        dialog.models_wanted.connect(self.models_wanted)
        dialog.finished.connect(self._on_finished)
        self.dialog = dialog
        dialog.open()

    def close(self) -> None:
        """Take the question back."""
        if self.dialog is not None:
            self.dialog.reject()

    def _on_finished(self) -> None:
        self.dialog = None

    def _on_chosen(self, choice: Choice) -> None:
        self.choice = choice
        if choice.features is not None:
            folders = choice.features
            self._settings.set("features.keypoints", str(folders.keypoints))
            self._settings.set("features.meshes", str(folders.meshes or ""))
            for source in EMBEDDINGS:
                self._settings.set(f"features.{source}", str(folders.embeddings.get(source, "")))
            self._settings.set("features.alignment", folders.alignment)
        self.chosen.emit()


def _kept_folders(settings: Settings) -> FeatureFolders | None:
    keypoints, meshes = settings.get("features.keypoints"), settings.get("features.meshes")
    if not keypoints:
        return None
    named = {source: Path(folder) for source in EMBEDDINGS if (folder := settings.get(f"features.{source}"))}
    return FeatureFolders(Path(keypoints), Path(meshes) if meshes else None, settings.get("features.alignment"), **named)
