"""What keeps the window answering while others work: the interpreter's settings, and slow first steps taken before they are waited for."""

from __future__ import annotations

import gc
import sys

import numpy as np
from PySide6.QtCore import QObject

from core.body import BodyModelError, pose_body
from core.own_body import display_body
from gui.background import Background
from gui.errors import ErrorGateway
from render.mesh import create_renderer

# Threads of ours decode, draw and unpack beside the window's: it gets the interpreter back after this long, not after the usual 5 ms.
_SWITCH_SECONDS = 0.0005


def keep_ready(owner: QObject, gateway: ErrorGateway) -> None:
    """Call once, when the window is shown. The drawing code is loaded on a thread of its own (half a second, else in the middle of the
    first analysis); what then lives is left out of later garbage collections, a full one of which would stop everything for 0.1 s."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    Background(owner, draw_once, done=lambda _: gc.freeze(), failed=lambda error: _on_failed(error, gateway))


def draw_once() -> None:
    """Draw the body unseen, which loads or compiles everything that drawing needs."""
    body = display_body()
    vertices, _ = pose_body(body, np.eye(3), np.tile(np.eye(3), (23, 1, 1)), np.zeros(10), np.array([0.0, 0.0, 4.0]))
    renderer = create_renderer("raster")
    renderer.render(vertices, body.faces, np.array([64.0, 64.0, 32.0, 32.0]), (64, 64))
    renderer.close()


def _on_failed(error: Exception, gateway: ErrorGateway) -> None:
    if not isinstance(error, BodyModelError):  # told when the first mesh is to be drawn
        gateway.caught(error)
