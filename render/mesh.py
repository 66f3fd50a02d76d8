"""The mesh over the frame: one interface, two renderers.

`raster` draws in plain compiled Python (numba), without a graphics driver; `pyrender` draws through OpenGL (EGL). Both give the same
picture of the same scene: the same vertex colours, lit by a lamp at the camera, seen from both sides. Pixels and axes as in `core.camera`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

NEAR = 0.05  # metres; what lies nearer is cut off
DEFAULT_COLOUR = (166, 189, 219)
RENDERERS = ("raster", "pyrender")


class RendererUnavailable(RuntimeError):
    """This renderer cannot run here; the message is one sentence for people."""


@dataclass(frozen=True, eq=False)
class MeshPicture:
    """A mesh seen by a camera, to be laid over the frame.

    rgba   uint8 [H, W, 4]    premultiplied by alpha; alpha 0 where there is no mesh
    depth  float32 [H, W]     metres along the camera's axis; inf where there is no mesh
    """

    rgba: np.ndarray
    depth: np.ndarray


class MeshRenderer(Protocol):
    """Draws meshes. A renderer is made, used and closed in one thread."""

    def render(
        self,
        vertices: np.ndarray,
        faces: np.ndarray,
        intrinsics: np.ndarray,
        size: tuple[int, int],
        colours: np.ndarray | None = None,
    ) -> MeshPicture:
        """The picture of vertices [V, 3] (camera space, metres) and triangles int [F, 3], by a camera `fx, fy, cx, cy`.

        size: (width, height) in pixels.

        colours: uint8 [V, 3], one a vertex, or [3] for all; None is a light blue.
        """
        ...

    def close(self) -> None:
        """Give back what the renderer holds; it cannot be used any more. Closing twice is harmless."""
        ...


def create_renderer(name: str) -> MeshRenderer:
    """The renderer of a name in RENDERERS. Raises RendererUnavailable when it cannot run on this machine, ValueError for another name."""
    if name == "raster":
        from render.mesh_raster import RasterRenderer

        return RasterRenderer()
    if name == "pyrender":
        from render.mesh_pyrender import PyrenderRenderer

        return PyrenderRenderer()
    raise ValueError(f"There is no mesh renderer named '{name}': choose one of {', '.join(RENDERERS)}.")
