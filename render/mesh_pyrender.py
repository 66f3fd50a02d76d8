"""The OpenGL renderer: pyrender through EGL, without a screen. One renderer and one mesh are kept; only vertices are sent for a new frame.

pyrender reads PYOPENGL_PLATFORM when it is imported and still uses `np.infty`; both are seen to here and nowhere else.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

from render.mesh import NEAR, MeshPicture, RendererUnavailable
from render.mesh_shading import lit_colours

_FAR = 200.0  # metres
_MISSING = (
    "The pyrender renderer needs OpenGL through EGL, which does not work here ({reason}): "
    "install libegl1 and libgl1-mesa-dri, or choose the raster renderer."
)


def _import_pyrender() -> Any:
    os.environ.setdefault("PYOPENGL_PLATFORM", "egl")
    vars(np).setdefault("infty", np.inf)
    try:
        import pyrender
    except Exception as error:  # PyOpenGL raises whatever it stumbles on when a library is missing
        raise RendererUnavailable(_MISSING.format(reason=f"{type(error).__name__}: {error}")) from error
    return pyrender


class PyrenderRenderer:
    """Holds an EGL context, so it must be made, used and closed in one thread."""

    def __init__(self) -> None:
        self._pyrender = _import_pyrender()
        self._thread = threading.get_ident()
        try:
            self._renderer: Any = self._pyrender.OffscreenRenderer(64, 64)
        except Exception as error:  # EGL's errors have no common class
            raise RendererUnavailable(_MISSING.format(reason=f"{type(error).__name__}: {error}")) from error
        # pyrender would end EGL for the whole process, under the feet of any other renderer.
        self._renderer._platform.delete_context = self._destroy_context
        self._scene = self._pyrender.Scene(bg_color=[0.0, 0.0, 0.0, 0.0], ambient_light=[1.0, 1.0, 1.0])
        self._camera = self._pyrender.IntrinsicsCamera(1.0, 1.0, 0.0, 0.0, znear=NEAR, zfar=_FAR)
        # OpenGL's camera looks along -z with y up; ours along z with y down.
        self._scene.add(self._camera, pose=np.diag([1.0, -1.0, -1.0, 1.0]))
        self._node: Any = None
        self._faces: np.ndarray | None = None
        self._count = 0

    def render(
        self,
        vertices: np.ndarray,
        faces: np.ndarray,
        intrinsics: np.ndarray,
        size: tuple[int, int],
        colours: np.ndarray | None = None,
    ) -> MeshPicture:
        """See `render.mesh.MeshRenderer`. Edges are smoothed: alpha is partial there, and depth is that of some place within the pixel."""
        if threading.get_ident() != self._thread:
            raise RuntimeError("A pyrender renderer may only be used in the thread that made it.")
        if self._renderer is None:
            raise RuntimeError("This renderer was closed.")
        points = np.ascontiguousarray(vertices, np.float32)
        triangles = np.ascontiguousarray(faces, np.int32)
        if not len(points) or not len(triangles):
            return MeshPicture(np.zeros((size[1], size[0], 4), np.uint8), np.full((size[1], size[0]), np.inf, np.float32))
        lit = lit_colours(points, triangles, colours) / 255.0
        data = np.concatenate([points, lit, np.ones((len(points), 1), np.float32)], 1).astype(np.float32)
        self._renderer.viewport_width, self._renderer.viewport_height = size
        camera = self._camera
        camera.fx, camera.fy = float(intrinsics[0]), float(intrinsics[1])
        # OpenGL counts from the edge of the picture, core.camera from the centre of the first pixel.
        camera.cx, camera.cy = float(intrinsics[2]) + 0.5, float(intrinsics[3]) + 0.5
        self._send(data, triangles)
        flags = self._pyrender.RenderFlags
        colour, depth = self._renderer.render(self._scene, flags=flags.FLAT | flags.RGBA | flags.SKIP_CULL_FACES)
        return MeshPicture(np.ascontiguousarray(colour), np.where(depth > 0, depth, np.float32(np.inf)).astype(np.float32, copy=False))

    def close(self) -> None:
        """Destroy the context; must happen in the thread that made it."""
        if self._renderer is not None:
            self._renderer.delete()
            self._renderer = None

    def _destroy_context(self) -> None:
        from OpenGL import EGL

        platform = self._renderer._platform
        EGL.eglMakeCurrent(platform._egl_display, EGL.EGL_NO_SURFACE, EGL.EGL_NO_SURFACE, EGL.EGL_NO_CONTEXT)
        EGL.eglDestroyContext(platform._egl_display, platform._egl_context)

    def _send(self, data: np.ndarray, triangles: np.ndarray) -> None:
        """Vertices [V, 7] of position and colour into the mesh on the card; a new mesh only when the triangles change."""
        same = self._faces is not None and self._count == len(data) and np.array_equal(self._faces, triangles)
        if not same:
            pyrender = self._pyrender
            if self._node is not None:
                self._scene.remove_node(self._node)
            material = pyrender.MetallicRoughnessMaterial(alphaMode="OPAQUE", doubleSided=True)
            primitive = pyrender.Primitive(
                positions=data[:, :3], color_0=data[:, 3:], indices=triangles, mode=pyrender.constants.GLTF.TRIANGLES, material=material
            )
            self._node = self._scene.add(pyrender.Mesh([primitive]))
            self._faces, self._count = triangles.copy(), len(data)
            return
        from OpenGL import GL

        primitive = self._node.mesh.primitives[0]
        # pyrender makes the buffer of positions and colours first, interleaved as `data` is.
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, primitive._buffers[0])
        GL.glBufferSubData(GL.GL_ARRAY_BUFFER, 0, data.nbytes, data)
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, 0)
