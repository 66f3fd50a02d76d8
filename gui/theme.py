"""Light and dark: the colours of the window, declared once.

Colours that carry meaning are those of `render.palette`, shared with reports and movies; none of them speaks alone: a shape, a pattern
or a word stands beside it. Text colours have a WCAG contrast of at least 4.5 on every surface they are written on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from render import palette
from render.palette import Palette

CHOICES = ("system", "light", "dark")


@dataclass(frozen=True)
class Theme:
    """The surfaces of the window around the colours that window, report and movie share (`render.palette`); colours as #rrggbb."""

    palette: Palette
    window: str  # behind the panels, whose colour is the palette's ground
    raised: str  # buttons, fields, the selected row
    canvas: str  # around the video
    accent: str  # focus, links, the selection
    caution: str  # doubtful frames

    @property
    def name(self) -> str:
        return self.palette.name

    def hex(self, name: str) -> str:
        """The colour of a surface or of the palette by its field's name; `panel` is the palette's ground."""
        if name == "panel":
            return self.palette.ground
        value = getattr(self if hasattr(self, name) else self.palette, name)
        assert isinstance(value, str)
        return value

    def color(self, name: str, alpha: float = 1.0) -> QColor:
        """The same as a QColor with opacity `alpha`."""
        color = QColor(self.hex(name))
        color.setAlphaF(alpha)
        return color

    def source_color(self, source: str) -> QColor:
        return QColor(self.palette.source_color(source))

    def class_color(self, index: int) -> QColor:
        return QColor(self.palette.class_color(index))


LIGHT = Theme(palette.LIGHT, window="#f2f1ee", raised="#e9e7e2", canvas="#dddbd6", accent="#005a8c", caution="#7a5200")
DARK = Theme(palette.DARK, window="#131518", raised="#2a2e34", canvas="#0c0d0f", accent="#7cc7f2", caution="#f0c35a")
THEMES = (LIGHT, DARK)


def of(widget: QWidget) -> Theme:
    """The theme a widget is painted in, read from its palette: there is no second place that could disagree."""
    return DARK if widget.palette().window().color().lightness() < 128 else LIGHT


def chosen(app: QApplication, choice: str) -> Theme:
    """The theme for a choice of `CHOICES`; `system` asks the desktop."""
    if choice == "system":
        return DARK if app.styleHints().colorScheme() == Qt.ColorScheme.Dark else LIGHT
    return DARK if choice == "dark" else LIGHT


def apply(app: QApplication, theme: Theme) -> None:
    """Paint the whole application in `theme`; widgets hear of it as a palette change.

    The palette comes before the sheet: the other way round, widgets that exist already keep their old palette.
    """
    app.setStyle("Fusion")
    app.setPalette(_palette(theme))
    app.setStyleSheet(_sheet(theme))


def contrast(first: str | QColor, second: str | QColor) -> float:
    """The WCAG 2 contrast ratio of two colours, 1..21."""
    lights = sorted((_luminance(QColor(first)), _luminance(QColor(second))), reverse=True)
    return (lights[0] + 0.05) / (lights[1] + 0.05)


def _luminance(color: QColor) -> float:
    channels = (color.redF(), color.greenF(), color.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


_CHEVRON = (Path(__file__).resolve().parent.parent / "resources" / "icons" / "chevron.svg").as_posix()  # grey on light and dark
_SHEET_COLORS = ("window", "panel", "raised", "line", "text", "muted", "accent", "alert", "caution")


def _palette(theme: Theme) -> QPalette:
    result = QPalette()
    role = QPalette.ColorRole
    for roles, name in (
        ((role.Window,), "window"),
        ((role.Base, role.AlternateBase), "panel"),
        ((role.Button, role.Midlight, role.Light, role.ToolTipBase), "raised"),
        ((role.WindowText, role.Text, role.ButtonText, role.ToolTipText, role.BrightText), "text"),
        ((role.PlaceholderText,), "muted"),
        ((role.Mid, role.Dark), "line"),
        ((role.Highlight, role.Link, role.Accent), "accent"),
        ((role.HighlightedText,), "panel"),
    ):
        for one in roles:
            result.setColor(one, theme.color(name))
    result.setColor(role.Shadow, QColor("#000000"))
    for one in (role.WindowText, role.Text, role.ButtonText):
        faded = theme.color("muted", 0.75)
        result.setColor(QPalette.ColorGroup.Disabled, one, faded)
    return result


def _sheet(theme: Theme) -> str:
    t = SimpleNamespace(**{name: theme.hex(name) for name in _SHEET_COLORS})
    return f"""
    QMainWindow, QDialog {{ background: {t.window}; }}
    QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line}; padding: 3px 5px; }}
    QSplitter::handle {{ background: transparent; }}
    QMenuBar {{ background: {t.window}; color: {t.text}; padding: 1px 4px; }}
    QMenuBar::item {{ padding: 4px 9px; background: transparent; border-radius: 4px; }}
    QMenuBar::item:selected {{ background: {t.raised}; }}
    QMenu {{ background: {t.panel}; color: {t.text}; border: 1px solid {t.line}; padding: 4px; }}
    QMenu::item {{ padding: 5px 26px 5px 22px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {t.raised}; }}
    QMenu::item:disabled {{ color: {t.muted}; }}
    QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 8px; }}
    QFrame#panel {{ background: {t.panel}; border: 1px solid {t.line}; border-radius: 6px; }}
    QFrame#banner {{ background: {t.raised}; border: 1px solid {t.alert}; border-radius: 6px; }}
    QFrame#banner[kind="done"] {{ border-color: {t.accent}; }}
    QFrame#evidence {{ border: none; border-top: 1px solid {t.line}; }}
    QLabel#heading {{ color: {t.muted}; font-weight: 600; }}
    QScrollArea#limits, QScrollArea#limits > QWidget, QScrollArea#limits QLabel {{ background: transparent; }}
    QLabel#question {{ color: {t.text}; font-weight: 600; }}
    QLabel#key {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: 4px; padding: 1px 6px; }}
    QLabel#muted {{ color: {t.muted}; }}
    QLabel#caution {{ color: {t.caution}; }}
    QToolButton {{ color: {t.text}; background: transparent; border: 1px solid transparent; border-radius: 5px; padding: 3px 6px; }}
    QToolButton:hover {{ background: {t.raised}; }}
    QToolButton:checked {{ background: {t.raised}; border-color: {t.line}; }}
    QToolButton:focus, QPushButton:focus {{ border-color: {t.accent}; }}
    QToolButton:disabled, QPushButton:disabled {{ color: {t.muted}; }}
    QPushButton {{ color: {t.text}; background: {t.raised}; border: 1px solid {t.line}; border-radius: 5px; padding: 3px 11px; }}
    QPushButton:hover {{ border-color: {t.muted}; }}
    QLineEdit, QComboBox {{
        color: {t.text}; background: {t.window}; border: 1px solid {t.line}; border-radius: 5px; padding: 3px 6px;
    }}
    QLineEdit:focus, QComboBox:focus {{ border-color: {t.accent}; }}
    QComboBox::drop-down {{ border: none; width: 20px; }}
    QComboBox::down-arrow {{ image: url({_CHEVRON}); width: 12px; height: 12px; }}
    QComboBox QAbstractItemView {{
        background: {t.panel}; color: {t.text}; selection-background-color: {t.raised}; selection-color: {t.text};
    }}
    QListView, QTreeView {{ background: transparent; border: none; outline: none; color: {t.text}; }}
    QTreeView::item {{ padding: 3px 2px; color: {t.text}; }}
    QTreeView::item:selected {{ background: {t.raised}; color: {t.text}; }}
    QHeaderView::section {{ background: transparent; color: {t.muted}; border: none; border-bottom: 1px solid {t.line}; padding: 2px 3px; }}
    QProgressBar {{ background: {t.raised}; border: none; border-radius: 3px; max-height: 6px; min-height: 6px; }}
    QProgressBar::chunk {{ background: {t.accent}; border-radius: 3px; }}
    QScrollBar:vertical {{ background: transparent; width: 9px; margin: 0; }}
    QScrollBar::handle:vertical {{ background: {t.line}; border-radius: 4px; min-height: 24px; }}
    QScrollBar::handle:vertical:hover {{ background: {t.muted}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; width: 0; }}
    QScrollBar:horizontal {{ background: transparent; height: 9px; margin: 0; }}
    QScrollBar::handle:horizontal {{ background: {t.line}; border-radius: 4px; min-width: 24px; }}
    QSlider::groove:horizontal {{ height: 3px; background: {t.line}; border-radius: 1px; }}
    QSlider::sub-page:horizontal {{ background: {t.muted}; border-radius: 1px; }}
    QSlider::handle:horizontal {{ background: {t.text}; width: 9px; height: 9px; margin: -3px 0; border-radius: 4px; }}
    """
