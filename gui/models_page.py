"""“Models on this computer”: what people may bring themselves, how it fares, and what that makes possible. Nothing is downloaded here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QDialog, QFileDialog, QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QScrollArea, QVBoxLayout, QWidget

from core.user_models.contents import State
from core.user_models.folder import VARIABLE, choose_models_folder, is_fixed, models_folder, usual_folder
from core.user_models.packages import PACKAGES
from core.user_models.registry import REFERENCE
from core.user_models.setup import Survey, survey
from gui.background import Background
from gui.errors import ErrorGateway
from gui.model_card import ModelCard, Statements
from gui.views.base import Panel

_PARTS = {
    "pose": "Key points of body and hands (kp2d)",
    "mesh": "Body meshes (vit, global, pose, beta)",
    "detector": "Finding persons",
}


class ModelsPage(QDialog):
    """Not modal, so that files can be put in place beside it. Files are looked into off the window's thread."""

    def __init__(self, gateway: ErrorGateway, open_folder: Callable[[Path], bool], parent: QWidget | None = None) -> None:
        """open_folder(path) shows a folder in the desktop's file manager; False when there is none."""
        super().__init__(parent)
        self.setWindowTitle("Models on this computer")
        self.resize(980, 720)
        self._gateway, self._open_folder = gateway, open_folder
        self._task: Background | None = None
        self.folder = QLineEdit()
        self.folder.setReadOnly(True)
        self.folder.setAccessibleName("Folder of models")
        self.open_button, self.choose_button = QPushButton("Open folder"), QPushButton("Choose ...")
        self.usual_button, self.check_button = QPushButton("Usual folder"), QPushButton("Check again")
        self.note = QLabel("Looking into the files ...")
        self.note.setObjectName("muted")
        self.cards: list[ModelCard] = []
        self._arrange()
        self.open_button.clicked.connect(self._on_open)
        self.choose_button.clicked.connect(self._on_choose)
        self.usual_button.clicked.connect(lambda: self._use(None))
        self.check_button.clicked.connect(self.check)
        self.open_button.setFocus()
        self.check()

    def _arrange(self) -> None:
        row = QHBoxLayout()
        heading = QLabel("Folder")
        heading.setObjectName("heading")
        row.addWidget(heading)
        row.addWidget(self.folder, 1)
        for button in (self.open_button, self.choose_button, self.usual_button, self.check_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(10)
        layout.addLayout(row)
        layout.addWidget(self.note)
        layout.addWidget(self._scroll, 1)

    # -- looking

    def check(self) -> None:
        """Look into all files anew; what an earlier look still brings is forgotten."""
        if self._task is not None:
            self._task.forget()
        fixed = is_fixed()
        self.folder.setText(str(models_folder()))
        self.folder.setCursorPosition(0)
        self.choose_button.setEnabled(not fixed)
        self.usual_button.setEnabled(not fixed and models_folder() != usual_folder())
        self.folder.setToolTip(f"The environment variable {VARIABLE} decides." if fixed else "")
        self.check_button.setEnabled(False)
        self.note.setText("Looking into the files ...")
        self._task = Background(self, survey, done=self._show, failed=self._on_failed)

    def _show(self, seen: Survey) -> None:
        self._looked("Telltale works without any of these. They are for the reference extractor, and are neither bundled nor downloaded.")
        self.cards = [ModelCard(finding) for finding in seen.findings]
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 8, 0)
        column.setSpacing(8)
        column.addWidget(Panel("What this makes possible", possible(seen)))
        for card in self.cards:
            column.addWidget(card)
        column.addWidget(Panel("Python packages", _packages(seen)))
        column.addStretch(1)
        place = self._scroll.verticalScrollBar().value()
        self._scroll.setWidget(content)
        content.show()
        self._scroll.verticalScrollBar().setValue(place)

    def _on_failed(self, error: Exception) -> None:
        self._looked("The files could not be looked into.")
        self._gateway.caught(error)

    def _looked(self, note: str) -> None:
        self._task = None
        self.check_button.setEnabled(True)
        self.note.setText(note)

    # -- the folder

    def _on_open(self) -> None:
        folder = models_folder()
        try:
            (folder / REFERENCE).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._gateway.report(f"The folder {folder} cannot be made ({error.strerror}): choose another one.", error)
            return
        if not self._open_folder(folder):
            self.note.setText(f"There is no program here that shows folders; this one is {folder}.")

    def _on_choose(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Folder of models", str(models_folder()))
        if name:
            self._use(Path(name))

    def _use(self, folder: Path | None) -> None:
        try:
            choose_models_folder(folder)
        except OSError as error:
            self._gateway.report(f"The choice of the folder cannot be kept ({error.strerror}).", error)
        self.check()


def possible(seen: Survey) -> Statements:
    """Which sources the models and packages give, and which manifolds that serves."""
    lines = Statements()
    for part, name in _PARTS.items():
        reason = seen.setup.lacking.get(part)
        lines.add(State.MISSING if reason else State.READY, f"{name}. {reason}" if reason else name)
    for manifold in seen.manifolds:
        if manifold.bundled:
            lines.add(State.READY, f"Manifold {manifold.name}: for the built-in extractor, which needs none of this")
        elif not manifold.lacking:
            lines.add(State.READY, f"Manifold {manifold.name}: the reference extractor can serve it")
        else:
            lines.add(State.MISSING, f"Manifold {manifold.name} is ruled out. {' '.join(manifold.lacking)}")
    return lines


def _packages(seen: Survey) -> Statements:
    lines = Statements()
    for package in PACKAGES:
        version = seen.packages[package.module]
        state = State.MISSING if version is None else State.READY
        lines.add(state, f"{package.module}{f' {version}' if version else ''}: {package.purpose}{'' if version else f'; {package.how}'}")
    return lines
