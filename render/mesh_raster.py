"""The z-buffer rasteriser: a few loops compiled by numba, exact to the pixel, no graphics driver."""

from __future__ import annotations

import numpy as np

from render.mesh import NEAR, MeshPicture
from render.mesh_shading import compiled, lit_colours


class RasterRenderer:
    """Draws into fresh arrays; holds nothing between pictures."""

    def render(
        self,
        vertices: np.ndarray,
        faces: np.ndarray,
        intrinsics: np.ndarray,
        size: tuple[int, int],
        colours: np.ndarray | None = None,
    ) -> MeshPicture:
        """See `render.mesh.MeshRenderer`."""
        width, height = size
        points = np.ascontiguousarray(vertices, np.float32)
        triangles = np.ascontiguousarray(faces, np.int32)
        fx, fy, cx, cy = (float(value) for value in intrinsics)
        rgba = np.zeros((height, width, 4), np.uint8)
        depth = np.full((height, width), np.inf, np.float32)
        _draw(points, triangles, lit_colours(points, triangles, colours), fx, fy, cx, cy, rgba, depth)
        return MeshPicture(rgba, depth)

    def close(self) -> None:
        """Nothing is held."""


def _snap_value(value: float) -> float:
    return np.floor(value * 256.0 + 0.5) / 256.0


_snap = compiled(_snap_value)


def _fill_loop(corners: np.ndarray, rgba: np.ndarray, depth: np.ndarray) -> None:
    """One triangle: corners [3, 6] of x, y in pixels, 1/z, and the three colour channels over z (both are linear on the screen)."""
    height, width = depth.shape
    ax, ay, bx, by, cx, cy = corners[0, 0], corners[0, 1], corners[1, 0], corners[1, 1], corners[2, 0], corners[2, 1]
    if not (abs(ax) + abs(ay) + abs(bx) + abs(by) + abs(cx) + abs(cy) < 1e9):
        return
    # On a grid of 1/256 pixel, as graphics cards do it, the products below are exact: neighbours agree on every pixel of their edge.
    ax, ay, bx, by, cx, cy = _snap(ax), _snap(ay), _snap(bx), _snap(by), _snap(cx), _snap(cy)
    area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    x0, x1 = max(np.ceil(min(ax, bx, cx)), 0.0), min(np.floor(max(ax, bx, cx)), width - 1.0)
    y0, y1 = max(np.ceil(min(ay, by, cy)), 0.0), min(np.floor(max(ay, by, cy)), height - 1.0)
    if area == 0 or x0 > x1 or y0 > y1:
        return
    # Inside, each edge's function is positive; u, v and w belong to the corners b, c and a.
    side = 1.0 if area > 0 else -1.0
    u_dx, u_dy = (cy - ay) * side, -(cx - ax) * side
    v_dx, v_dy = -(by - ay) * side, (bx - ax) * side
    w_dx, w_dy = -(cy - by) * side, (cx - bx) * side
    # A pixel centre exactly on an edge (0) belongs to the triangle to its right or below; the next value above 0 is 1/65536.
    min_u = 0.0 if u_dx > 0 or (u_dx == 0 and u_dy > 0) else 1e-6
    min_v = 0.0 if v_dx > 0 or (v_dx == 0 and v_dy > 0) else 1e-6
    min_w = 0.0 if w_dx > 0 or (w_dx == 0 and w_dy > 0) else 1e-6
    scale = 1.0 / abs(area)
    for row in range(int(y0), int(y1) + 1):
        for column in range(int(x0), int(x1) + 1):
            u = (column - ax) * u_dx + (row - ay) * u_dy
            v = (column - ax) * v_dx + (row - ay) * v_dy
            w = (column - bx) * w_dx + (row - by) * w_dy
            if u < min_u or v < min_v or w < min_w:
                continue
            u, v, w = u * scale, v * scale, w * scale
            z = np.float32(1.0 / (w * corners[0, 2] + u * corners[1, 2] + v * corners[2, 2]))
            if z < depth[row, column]:
                depth[row, column] = z
                for channel in range(3):
                    value = (w * corners[0, 3 + channel] + u * corners[1, 3 + channel] + v * corners[2, 3 + channel]) * z
                    rgba[row, column, channel] = np.uint8(min(max(value + 0.5, 0.0), 255.0))
                rgba[row, column, 3] = 255


_fill = compiled(_fill_loop)


def _draw_loop(
    vertices: np.ndarray,
    faces: np.ndarray,
    colours: np.ndarray,
    fx: float,
    fy: float,
    cx: float,
    cy: float,
    rgba: np.ndarray,
    depth: np.ndarray,
) -> None:
    corners = np.empty((3, 6))
    cut = np.empty((4, 6))  # x, y, z and colour of the part of a triangle in front of the near plane
    for f in range(faces.shape[0]):
        count = 0
        for k in range(3):
            here, there = faces[f, k], faces[f, (k + 1) % 3]
            z, z_next = vertices[here, 2], vertices[there, 2]
            if z >= NEAR:
                for i in range(3):
                    cut[count, i] = vertices[here, i]
                    cut[count, 3 + i] = colours[here, i]
                count += 1
            if (z >= NEAR) != (z_next >= NEAR):
                t = (NEAR - z) / (z_next - z)
                for i in range(3):
                    cut[count, i] = vertices[here, i] + t * (vertices[there, i] - vertices[here, i])
                    cut[count, 3 + i] = colours[here, i] + t * (colours[there, i] - colours[here, i])
                cut[count, 2] = NEAR
                count += 1
        for last in range(2, count):
            for corner in range(3):
                k = 0 if corner == 0 else last - 2 + corner
                inverse = 1.0 / cut[k, 2]
                corners[corner, 0] = cut[k, 0] * inverse * fx + cx
                corners[corner, 1] = cut[k, 1] * inverse * fy + cy
                corners[corner, 2] = inverse
                for i in range(3):
                    corners[corner, 3 + i] = cut[k, 3 + i] * inverse
            _fill(corners, rgba, depth)


_draw = compiled(_draw_loop)
