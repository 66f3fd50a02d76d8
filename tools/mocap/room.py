"""A room seen by a camera: textured floor, walls and ceiling, cast by one ray a pixel. Room axes: y up, metres, floor at y = 0."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from render.mesh_shading import compiled

_TEXELS = 512
_TEXTURE_METRES = 4.0  # how much of a wall or floor one texture covers before it repeats


@dataclass(frozen=True, eq=False)
class Room:
    """A box x in [-half, half], z likewise, y in [0, height], around the middle of the motion.

    floor, wall: float32 [512, 512, 3], 0..255.
    """

    half: float
    height: float
    floor: np.ndarray
    wall: np.ndarray


@dataclass(frozen=True, eq=False)
class Camera:
    """rotation [3, 3] turns room directions into camera axes (x right, y down, z forward); position [3] in the room; intrinsics [4]."""

    rotation: np.ndarray
    position: np.ndarray
    intrinsics: np.ndarray

    def see(self, points: np.ndarray) -> np.ndarray:
        """Points [..., 3] of the room in camera space."""
        return np.asarray((points - self.position) @ self.rotation.T)


def look_at(position: np.ndarray, target: np.ndarray, intrinsics: np.ndarray) -> Camera:
    """A level camera at `position` that has `target` in the middle of its picture."""
    forward = (target - position) / np.linalg.norm(target - position)
    right = np.cross(forward, (0.0, 1.0, 0.0))
    right /= np.linalg.norm(right)
    return Camera(np.stack([right, np.cross(forward, right), forward]), np.asarray(position, np.float64), intrinsics)


def furnish(generator: np.random.Generator, half: float) -> Room:
    """A room of random colours: boards, tiles, carpet or concrete below, plaster, paper or panels around."""
    floor_hue = generator.uniform(80, 190) * generator.uniform((0.95, 0.85, 0.7), (1.1, 1.0, 0.95))
    wall_hue = generator.uniform(110, 225) + generator.uniform(-20, 20, 3)
    floors, walls = (_boards, _tiles, _noise), (_noise, _stripes, _panels)
    return Room(
        half=half,
        height=3.2,
        floor=_finish(floors[generator.integers(len(floors))](generator), floor_hue),
        wall=_finish(walls[generator.integers(len(walls))](generator), wall_hue),
    )


def draw_backdrop(room: Room, camera: Camera, size: tuple[int, int], light: np.ndarray, *, coarse: bool) -> np.ndarray:
    """The empty room, float32 [H, W, 3], 0..255. `light` [3] points from the room to the lamp; walls that face it are brighter.

    coarse: cast one ray for four pixels, for a camera that moves (a still one needs its backdrop only once).
    """
    step = 2 if coarse else 1
    width, height = size[0] // step, size[1] // step
    picture = np.empty((height, width, 3), np.float32)
    fx, fy, cx, cy = (float(value) for value in scaled_intrinsics(camera.intrinsics, step))
    _cast(picture, camera.rotation, camera.position, fx, fy, cx, cy, room.half, room.height, room.floor, room.wall, _TEXTURE_METRES, light)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)) if coarse else picture


def scaled_intrinsics(intrinsics: np.ndarray, step: float) -> np.ndarray:
    """The same camera with pixels `step` times as large."""
    fx, fy, cx, cy = intrinsics
    return np.array([fx / step, fy / step, (cx + 0.5) / step - 0.5, (cy + 0.5) / step - 0.5])


def _cast_loop(
    picture: np.ndarray,
    rotation: np.ndarray,
    position: np.ndarray,
    fx: float,
    fy: float,
    cx: float,
    cy: float,
    half: float,
    ceiling: float,
    floor: np.ndarray,
    wall: np.ndarray,
    metres: float,
    light: np.ndarray,
) -> None:
    texels = floor.shape[0]
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            a, b = (column - cx) / fx, (row - cy) / fy
            dx = rotation[0, 0] * a + rotation[1, 0] * b + rotation[2, 0]
            dy = rotation[0, 1] * a + rotation[1, 1] * b + rotation[2, 1]
            dz = rotation[0, 2] * a + rotation[1, 2] * b + rotation[2, 2]
            tx = (half * (1.0 if dx > 0 else -1.0) - position[0]) / dx if dx != 0 else 1e9
            tz = (half * (1.0 if dz > 0 else -1.0) - position[2]) / dz if dz != 0 else 1e9
            ty = ((ceiling if dy > 0 else 0.0) - position[1]) / dy if dy != 0 else 1e9
            t = min(tx, ty, tz)
            x, y, z = position[0] + t * dx, position[1] + t * dy, position[2] + t * dz
            if t == ty:
                u, v = x, z
                facing = light[1] if dy < 0 else -light[1]
            elif t == tx:
                u, v = z, y
                facing = -light[0] if dx > 0 else light[0]
            else:
                u, v = x, y
                facing = -light[2] if dz > 0 else light[2]
            shade = 0.8 + 0.24 * max(facing, 0.0)
            if t != ty:  # corners are darker, and a skirting board closes the wall
                shade *= 1.0 - 0.18 * np.exp(-y * 3.0)
            from_middle = (x * x + z * z) / (half * half)
            shade *= 1.06 - 0.16 * min(from_middle, 2.0)
            u = (u / metres * texels) % texels
            v = (v / metres * texels) % texels
            u0, v0 = int(u) % texels, int(v) % texels
            u1, v1 = (u0 + 1) % texels, (v0 + 1) % texels
            p, q = u - np.floor(u), v - np.floor(v)
            for channel in range(3):
                if t == ty and dy > 0:
                    value = np.float32(236.0)
                else:
                    texture = floor if t == ty else wall
                    value = (1 - q) * ((1 - p) * texture[v0, u0, channel] + p * texture[v0, u1, channel]) + q * (
                        (1 - p) * texture[v1, u0, channel] + p * texture[v1, u1, channel]
                    )
                    if t != ty and y < 0.09:
                        value = np.float32(0.5) * value + np.float32(105.0)
                picture[row, column, channel] = min(value * shade, 255.0)


_cast = compiled(_cast_loop)


def _finish(pattern: np.ndarray, hue: np.ndarray) -> np.ndarray:
    """A pattern [512, 512] around 0 as a texture of a colour."""
    return np.ascontiguousarray(np.clip(hue * (1 + pattern[..., None]), 0, 255), np.float32)


def _noise(generator: np.random.Generator) -> np.ndarray:
    field = np.zeros((_TEXELS, _TEXELS))
    for sigma, share in ((60, 0.02), (12, 0.012), (1.2, 0.015)):
        layer = gaussian_filter(generator.normal(size=field.shape), sigma, mode="wrap")
        field += share * layer / layer.std()
    return field


def _boards(generator: np.random.Generator) -> np.ndarray:
    """Boards of 16 cm with grain along their length."""
    width = round(0.16 * _TEXELS / _TEXTURE_METRES)
    boards = _TEXELS // width
    tone = np.repeat(generator.normal(0, 0.05, boards), width)
    tone = np.pad(tone, (0, _TEXELS - len(tone)), mode="edge")
    grain = gaussian_filter(generator.normal(size=(_TEXELS, _TEXELS)), (40, 0.8), mode="wrap")
    field = tone[None, :] + 0.035 * grain / grain.std()
    gap = np.arange(_TEXELS) % width == 0
    return np.asarray(field - 0.35 * gap[None, :])


def _tiles(generator: np.random.Generator) -> np.ndarray:
    """Tiles of 50 cm."""
    size = _TEXELS // 8
    tone = np.kron(generator.normal(0, 0.05, (8, 8)), np.ones((size, size)))
    line = np.arange(_TEXELS) % size < 2
    return np.asarray(tone + 0.5 * _noise(generator) - 0.25 * (line[None, :] | line[:, None]))


def _stripes(generator: np.random.Generator) -> np.ndarray:
    period = _TEXELS // int(generator.choice((8, 16, 32)))
    return np.asarray(0.08 * np.where(np.arange(_TEXELS) % period < period // 2, 1.0, -1.0)[None, :] + 0.4 * _noise(generator))


def _panels(generator: np.random.Generator) -> np.ndarray:
    """Darker panelling up to one metre, plaster above."""
    height = np.arange(_TEXELS) * _TEXTURE_METRES / _TEXELS
    low = (height < 1.0)[:, None]
    line = (np.arange(_TEXELS) % (_TEXELS // 8) < 2)[None, :]
    return np.asarray(np.where(low, -0.25 - 0.15 * line, 0.05) + 0.4 * _noise(generator))
