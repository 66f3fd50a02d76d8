"""Which frames the time plots show: shared by all of them, so that they zoom as one."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

_CLOSEST = 12.0  # frames


class TimeAxis(QObject):
    """The visible frames [start, stop) of a clip of `frames` frames, as floats; frame f fills [f, f + 1)."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.frames = 1
        self.start, self.stop = 0.0, 1.0

    @property
    def span(self) -> float:
        return self.stop - self.start

    @property
    def whole(self) -> bool:
        """Whether every frame is in view."""
        return self.start <= 0.0 and self.stop >= self.frames

    def reset(self, frames: int | None = None) -> None:
        """Show everything, of a clip of `frames` frames when given."""
        self.frames = max(1, frames if frames is not None else self.frames)
        self._show(0.0, float(self.frames))

    def zoom(self, factor: float, about: float) -> None:
        """Show `factor` times as many frames; the frame position `about` stays where it is."""
        span = min(max(self.span * factor, min(_CLOSEST, self.frames)), float(self.frames))
        share = (about - self.start) / self.span
        self.show_range(about - share * span, about - share * span + span)

    def show_range(self, start: float, stop: float) -> None:
        """Show [start, stop), moved so that it lies inside the clip."""
        span = min(stop - start, float(self.frames))
        start = min(max(start, 0.0), self.frames - span)
        self._show(start, start + span)

    def reveal(self, frame: int) -> None:
        """Scroll just enough that `frame` is in view, a page at a time so that playback does not jitter."""
        if frame < self.start or frame + 1 > self.stop:
            self.show_range(frame - self.span * 0.1, frame + self.span * 0.9)

    def _show(self, start: float, stop: float) -> None:
        if (start, stop) != (self.start, self.stop):
            self.start, self.stop = start, stop
            self.changed.emit()
