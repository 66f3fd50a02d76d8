"""“Analyse with ...”: one dialog for the extractor, the manifold, the class and the folders of feature files."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from core.embedding_sources import EMBEDDINGS, embeddings_file
from core.extraction import FILE_READERS, extractor_names
from core.manifold import Manifold, ManifoldError, load_manifold
from core.tag_data import ALIGNMENTS, FeatureFolders, is_mesh_file
from core.track import Source
from core.user_models.setup import lacking_for, reference_setup
from gui.background import Background
from gui.choice import REFERENCE, Choice, misfit
from gui.fields import PathField, combo
from gui.reference_fields import ReferenceFields
from gui.words import class_text

_EXTRACTORS = {
    "blazepose": "blazepose – sees the body in the pictures",
    "reference": "reference – the networks of the TAG scripts, on your own weights",
    "tag-files": "tag-files – reads features of the TAG scripts",
}
_ALIGNMENTS = {
    "frame_idx": "key points of the same video frame",
    "authors": "row by row, as the released code reads them",
}
_NO_CLASS = "none – S_cons is told to the nearest class"


class AnalyseDialog(QDialog):
    """Asks how `clip` is to be analysed; `chosen` carries a Choice, `models_wanted` asks for the page of models.

    Classes are read from the manifold, and models looked into, off the window's thread.
    """

    chosen = Signal(object)
    models_wanted = Signal()

    def __init__(self, clip: Path, choice: Choice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Analyse with")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._clip = clip
        self._action = choice.action
        self._sources: tuple[Source, ...] | None = None  # of the manifold; None while it is read or cannot be
        self._refusal = ""
        self._reading: Background | None = None
        self._unready = ""  # why the reference extractor cannot serve the manifold
        self._remark = ""  # what is to be known of its models, though they can
        self._looking: Background | None = None
        features = choice.features
        self.extractor = combo({name: _EXTRACTORS.get(name, name) for name in extractor_names()}, choice.extractor)
        self.keypoints = PathField(features.keypoints if features else None, "[<class>/]<clip>/keypoints.npy")
        self.meshes = PathField(features.meshes if features else None, "[<class>/]<clip>.npz")
        named = features.embeddings if features else {}
        self.embeddings = {source: PathField(named.get(source), f"[<class>/]<clip>/{embeddings_file(source)}") for source in EMBEDDINGS}
        self.alignment = combo(
            {name: _ALIGNMENTS.get(name, name) for name in ALIGNMENTS}, features.alignment if features else ALIGNMENTS[0]
        )
        self.manifold = PathField(choice.manifold, "the one that comes with Telltale", "Manifolds (*.manifold);;All files (*)")
        self.action = QComboBox()
        self.reference = ReferenceFields(choice.reference, choice.device)
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
        self.extractor.currentIndexChanged.connect(self._look)
        self.keypoints.changed.connect(self._show_state)
        self.meshes.changed.connect(self._show_state)
        for field in self.embeddings.values():
            field.changed.connect(self._show_state)
        self.manifold.changed.connect(self._read_manifold)
        self.reference.models.clicked.connect(self.models_wanted)
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
            *self.reference.rows,
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
        layout.addWidget(self.problem, 1)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(620)

    @property
    def choice(self) -> Choice:
        """What the fields say."""
        keypoints = self.keypoints.path
        named = {source: field.path for source, field in self.embeddings.items()}
        features = FeatureFolders(keypoints, self.meshes.path, self.alignment.currentData(), **named) if keypoints else None
        extractor, reference = self.extractor.currentData(), self.reference
        return Choice(extractor, self.manifold.path, self.action.currentData(), features, reference.settings, reference.chosen_device)

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
        self._look()

    def _on_no_manifold(self, error: Exception) -> None:
        self._reading = None
        self.action.clear()
        self.action.addItem("–", None)
        self._refusal = str(error) if isinstance(error, ManifoldError) else f"The manifold cannot be read ({type(error).__name__})."
        self._show_state()

    # -- the models of the reference extractor

    def _look(self) -> None:
        """See whether the models serve the manifold, where they are to be used; what an earlier look still brings is forgotten."""
        if self._looking is not None:
            self._looking.forget()
        self._looking, self._unready, self._remark = None, "", ""
        sources = self._sources
        if sources is not None and self.extractor.currentData() == REFERENCE:
            self._looking = Background(
                self,
                lambda: _look_for_models(sources),
                done=lambda found: self._on_looked(*found),
                failed=lambda error: self._on_looked(f"The models cannot be looked into ({type(error).__name__}: {error}).", ""),
            )
        self._show_state()

    def _on_looked(self, unready: str, remark: str) -> None:
        self._looking, self._unready, self._remark = None, unready, remark
        self._show_state()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # Models may have been put in place meanwhile.
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self._look()

    # -- state

    def _show_state(self) -> None:
        """Show the fields that matter for the extractor, and what stands in the way."""
        from_files = self.extractor.currentData() in FILE_READERS
        for field in (self.keypoints, self.meshes, self.alignment):
            self.form.setRowVisible(field, from_files and not (field is self.meshes and is_mesh_file(self._clip)))
        needed = {source.name for source in self._sources or ()}
        for name, embedding in self.embeddings.items():
            self.form.setRowVisible(embedding, from_files and name in needed)
        for _, widget in self.reference.rows:
            gpu_only = widget is self.reference.device and not self.reference.has_gpu
            self.form.setRowVisible(widget, self.extractor.currentData() == REFERENCE and not gpu_only)
        self.action.setEnabled(self._sources is not None)
        problem = self._problem()
        self.problem.setText(problem or ("Looking into the models ..." if self._looking is not None else self._remark))
        self.analyse.setEnabled(not problem and self._sources is not None and self._looking is None)
        self._grow()

    def _grow(self) -> None:
        """Make room for a longer text: a layout asks for no more height by itself, and would squeeze the fields."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._grow()

    def _problem(self) -> str:
        unfit = misfit(self.extractor.currentData(), self._sources) if self._sources is not None else ""
        # A folder is asked for only where it would help.
        lacking = self.choice.lacking(self._clip, () if unfit else self._sources or ())
        return lacking or self._refusal or unfit or self._unready

    def _on_accepted(self) -> None:
        self.chosen.emit(self.choice)
        self.accept()


def _look_for_models(sources: tuple[Source, ...]) -> tuple[str, str]:
    """Why the reference extractor cannot serve a manifold of these sources, and what is to be known though it can."""
    setup = reference_setup()
    return " ".join(lacking_for(sources, setup)), setup.lacking.get("detector", "")
