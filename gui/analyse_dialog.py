"""“Analyse with ...”: one dialog for the extractor, the manifold, the class and the folders of feature files."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.embedding_sources import EMBEDDINGS, embeddings_file
from core.extraction import FILE_READERS, extractor_names
from core.manifold import Manifold, ManifoldError, load_manifold
from core.tag_data import ALIGNMENTS, FeatureFolders, is_mesh_file
from core.track import Source
from gui.background import Background
from gui.choice import Choice, misfit
from gui.words import class_text

_EXTRACTORS = {
    "blazepose": "blazepose – sees the body in the pictures",
    "tag-files": "tag-files – reads features of the TAG scripts",
}
_ALIGNMENTS = {
    "frame_idx": "key points of the same video frame",
    "authors": "row by row, as the released code reads them",
}
_NO_CLASS = "none – S_cons is told to the nearest class"


class AnalyseDialog(QDialog):
    """Asks how `clip` is to be analysed; `chosen` carries a Choice. The classes are read from the manifold off the window's thread."""

    chosen = Signal(object)

    def __init__(self, clip: Path, choice: Choice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Analyse with")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._clip = clip
        self._action = choice.action
        self._sources: tuple[Source, ...] | None = None  # of the manifold; None while it is read or cannot be
        self._refusal = ""
        self._reading: Background | None = None
        features = choice.features
        self.extractor = _combo({name: _EXTRACTORS.get(name, name) for name in extractor_names()}, choice.extractor)
        self.keypoints = PathField(features.keypoints if features else None, "[<class>/]<clip>/keypoints.npy")
        self.meshes = PathField(features.meshes if features else None, "[<class>/]<clip>.npz")
        named = features.embeddings if features else {}
        self.embeddings = {source: PathField(named.get(source), f"[<class>/]<clip>/{embeddings_file(source)}") for source in EMBEDDINGS}
        self.alignment = _combo(
            {name: _ALIGNMENTS.get(name, name) for name in ALIGNMENTS}, features.alignment if features else ALIGNMENTS[0]
        )
        self.manifold = PathField(choice.manifold, "the one that comes with Telltale", "Manifolds (*.manifold);;All files (*)")
        self.action = QComboBox()
        self.problem = QLabel()
        self.problem.setObjectName("caution")
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        self.problem.setWordWrap(True)
        self.problem.setMinimumHeight(2 * self.problem.fontMetrics().lineSpacing() + 2)
        self.problem.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.analyse = self.buttons.addButton("Analyse", QDialogButtonBox.ButtonRole.AcceptRole)
        self.analyse.setDefault(True)
        self._arrange()
        self.extractor.currentIndexChanged.connect(self._show_state)
        self.keypoints.changed.connect(self._show_state)
        self.meshes.changed.connect(self._show_state)
        for field in self.embeddings.values():
            field.changed.connect(self._show_state)
        self.manifold.changed.connect(self._read_manifold)
        self.buttons.accepted.connect(self._on_accepted)
        self.buttons.rejected.connect(self.reject)
        self._read_manifold()

    def _arrange(self) -> None:
        self.form = QFormLayout()
        self.form.setHorizontalSpacing(14)
        self.form.setVerticalSpacing(8)
        self.form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for label, field in (
            ("Extractor", self.extractor),
            ("Key points", self.keypoints),
            ("Meshes", self.meshes),
            *((f"{source.upper()} embeddings", field) for source, field in self.embeddings.items()),
            ("Alignment", self.alignment),
            ("Manifold", self.manifold),
            ("Class", self.action),
        ):
            self.form.addRow(label, field)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(12)
        name = QLabel(self._clip.name)
        name.setObjectName("heading")
        name.setTextFormat(Qt.TextFormat.PlainText)
        name.setSizePolicy(name.sizePolicy().horizontalPolicy().Ignored, name.sizePolicy().verticalPolicy())
        name.setToolTip(str(self._clip))
        layout.addWidget(name)
        layout.addLayout(self.form)
        layout.addWidget(self.problem)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(620)

    @property
    def choice(self) -> Choice:
        """What the fields say."""
        keypoints = self.keypoints.path
        named = {source: field.path for source, field in self.embeddings.items()}
        features = FeatureFolders(keypoints, self.meshes.path, self.alignment.currentData(), **named) if keypoints else None
        return Choice(self.extractor.currentData(), self.manifold.path, self.action.currentData(), features)

    # -- the manifold

    def _read_manifold(self) -> None:
        """Read the manifold's classes and sources; what an earlier reading still brings is forgotten."""
        if self._reading is not None:
            self._reading.forget()
        if self._sources is not None:
            self._action = self.action.currentData()  # kept when the next manifold knows it too
        path = self.manifold.path
        self._sources, self._refusal = None, ""
        self.action.clear()
        self.action.addItem("reading the classes ...", self._action)
        self._reading = Background(self, lambda: load_manifold(path), done=self._on_manifold, failed=self._on_no_manifold)
        self._show_state()

    def _on_manifold(self, manifold: Manifold) -> None:
        self._sources = manifold.sources
        self.action.clear()
        self.action.addItem(_NO_CLASS, None)
        for name in manifold.classes:
            self.action.addItem(class_text(name), name)
        self.action.setCurrentIndex(max(0, self.action.findData(self._action)))
        self._reading = None
        self._show_state()

    def _on_no_manifold(self, error: Exception) -> None:
        self._reading = None
        self.action.clear()
        self.action.addItem("–", None)
        self._refusal = str(error) if isinstance(error, ManifoldError) else f"The manifold cannot be read ({type(error).__name__})."
        self._show_state()

    # -- state

    def _show_state(self) -> None:
        """Show the fields that matter for the extractor, and what stands in the way."""
        from_files = self.extractor.currentData() in FILE_READERS
        for field in (self.keypoints, self.meshes, self.alignment):
            self.form.setRowVisible(field, from_files and not (field is self.meshes and is_mesh_file(self._clip)))
        needed = {source.name for source in self._sources or ()}
        for name, embedding in self.embeddings.items():
            self.form.setRowVisible(embedding, from_files and name in needed)
        self.action.setEnabled(self._sources is not None)
        problem = self._problem()
        self.problem.setText(problem)
        self.analyse.setEnabled(not problem and self._sources is not None)

    def _problem(self) -> str:
        unfit = misfit(self.extractor.currentData(), self._sources) if self._sources is not None else ""
        # A folder is asked for only where it would help.
        lacking = self.choice.lacking(self._clip, () if unfit else self._sources or ())
        return lacking or self._refusal or unfit

    def _on_accepted(self) -> None:
        self.chosen.emit(self.choice)
        self.accept()


class PathField(QWidget):
    """A path that is typed or chosen; with `filters` a file, else a folder. Empty is None."""

    changed = Signal()

    def __init__(self, path: Path | None, placeholder: str, filters: str = "") -> None:
        super().__init__()
        self._filters = filters
        self.line = QLineEdit(str(path) if path else "")
        self.line.setPlaceholderText(placeholder)
        self.line.setClearButtonEnabled(True)
        self.line.textChanged.connect(self.changed)
        button = QPushButton("Choose ...")
        button.setAutoDefault(False)
        button.clicked.connect(self._on_choose)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.line, 1)
        layout.addWidget(button)

    @property
    def path(self) -> Path | None:
        text = self.line.text().strip()
        return Path(text).expanduser() if text else None

    def _on_choose(self) -> None:
        start = self.line.text()
        if self._filters:
            name, _ = QFileDialog.getOpenFileName(self, "Choose a file", start, self._filters)
        else:
            name = QFileDialog.getExistingDirectory(self, "Choose a folder", start)
        if name:
            self.line.setText(name)


def _combo(choices: dict[str, str], current: str) -> QComboBox:
    """A list of texts, each with its value."""
    result = QComboBox()
    for value, text in choices.items():
        result.addItem(text, value)
    result.setCurrentIndex(max(0, result.findData(current)))
    return result
