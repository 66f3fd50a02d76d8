"""What both mesh renderers share: compiling with numba, and the light on the vertices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from render.mesh import DEFAULT_COLOUR

_AMBIENT, _DIFFUSE = 0.4, 0.6


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile with numba, keeping the result on disk where that is possible; a read-only installation compiles anew each time."""
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # numba found no folder that can be written
        return numba.njit(nogil=True, error_model="numpy")(function)


def lit_colours(vertices: np.ndarray, faces: np.ndarray, colours: np.ndarray | None) -> np.ndarray:
    """float32 [V, 3], 0..255: the vertex colours under a lamp at the camera, both sides of a triangle alike.

    Raises ValueError for triangles or colours that do not fit the vertices: compiled loops do not check what they are told to read.
    """
    if faces.size and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise ValueError(f"Triangles name vertices that do not exist: there are {len(vertices)}.")
    paint = np.asarray(DEFAULT_COLOUR if colours is None else colours, np.uint8)
    if paint.shape not in ((3,), (len(vertices), 3)):
        raise ValueError(f"Colours have the shape {paint.shape}; one colour [3] or one a vertex [{len(vertices)}, 3] is needed.")
    return _light(vertices, vertex_normals(vertices, faces), np.broadcast_to(paint, (len(vertices), 3)))


def _normals_loop(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Normals float32 [V, 3] of vertices [V, 3], not of unit length: the sum over the triangles [F, 3] around each, weighed by area."""
    normals = np.zeros((vertices.shape[0], 3), np.float32)
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for k in (a, b, c):
            normals[k, 0] += nx
            normals[k, 1] += ny
            normals[k, 2] += nz
    return normals


def _light_loop(vertices: np.ndarray, normals: np.ndarray, paint: np.ndarray) -> np.ndarray:
    lit = np.empty((vertices.shape[0], 3), np.float32)
    for k in range(vertices.shape[0]):
        x, y, z = vertices[k, 0], vertices[k, 1], vertices[k, 2]
        nx, ny, nz = normals[k, 0], normals[k, 1], normals[k, 2]
        length = np.sqrt((x * x + y * y + z * z) * (nx * nx + ny * ny + nz * nz))
        facing = abs(x * nx + y * ny + z * nz) / length if length > 0 else np.float32(1.0)
        light = np.float32(_AMBIENT + _DIFFUSE * facing)
        for channel in range(3):
            lit[k, channel] = paint[k, channel] * light
    return lit


vertex_normals = compiled(_normals_loop)
_light = compiled(_light_loop)
