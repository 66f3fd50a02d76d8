"""The dressed body: colours for its vertices, light on them, its shadow, and the finished frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.body import REGIONS, BodyModel
from render.mesh import MeshRenderer
from render.mesh_shading import compiled, vertex_normals
from tools.mocap.room import Camera, scaled_intrinsics

_SKIN = ((241, 206, 178), (224, 178, 140), (198, 144, 104), (150, 102, 70), (104, 68, 46))
_HAIR = ((36, 28, 24), (74, 48, 30), (120, 84, 50), (176, 140, 90), (110, 108, 106))


@dataclass(frozen=True)
class Outfit:
    """RGB of each region of the body."""

    skin: tuple[int, int, int]
    shirt: tuple[int, int, int]
    trousers: tuple[int, int, int]
    shoes: tuple[int, int, int]
    hair: tuple[int, int, int]
    eyes: tuple[int, int, int] = (46, 38, 36)


def choose_outfit(generator: np.random.Generator) -> Outfit:
    """A random outfit; shirt and trousers differ in brightness, so that a body keeps its parts."""
    shirt = generator.integers(30, 235, 3)
    trousers = generator.integers(25, 200, 3)
    if abs(int(shirt.sum()) - int(trousers.sum())) < 120:
        trousers = np.where(shirt.sum() > 360, trousers // 3, np.minimum(trousers + 110, 235))
    shoes = generator.choice(((30, 30, 32), (225, 225, 220), (110, 70, 45)))
    skin = _SKIN[generator.integers(len(_SKIN))]
    hair = [colour for colour in _HAIR if sum(colour) < 0.55 * sum(skin)]  # hair like skin would look bald
    return Outfit(
        skin=skin,
        shirt=tuple(shirt.tolist()),
        trousers=tuple(trousers.tolist()),
        shoes=tuple(shoes.tolist()),
        hair=hair[generator.integers(len(hair))],
    )


def paint(body: BodyModel, outfit: Outfit) -> np.ndarray:
    """uint8 [V, 3]: the outfit on the bundled body, with brows and a mouth. Raises ValueError for a body without regions."""
    if body.region is None:
        raise ValueError("This body model has no clothing regions: use the bundled one.")
    palette = np.array([getattr(outfit, name) for name in REGIONS], np.float64)
    colours = palette[body.region]
    nose, eye = (body.v_template[body.landmarks[name]] for name in ("nose", "left_eye"))
    x, y, z = np.abs(body.v_template[:, 0]), body.v_template[:, 1], body.v_template[:, 2]
    face = (body.region == REGIONS.index("skin")) & (z > nose[2] - 0.06)
    mouth = face & (x < 0.024) & (np.abs(y - (nose[1] - 0.036)) < 0.007)
    brow = face & (np.abs(x - abs(eye[0])) < 0.017) & (np.abs(y - (eye[1] + 0.021)) < 0.005)
    colours[mouth] = colours[mouth] * (0.85, 0.55, 0.55)
    colours[brow] = palette[REGIONS.index("hair")]
    return np.asarray(colours, np.uint8)


def draw_frame(
    renderer: MeshRenderer,
    vertices: np.ndarray,
    faces: np.ndarray,
    colours: np.ndarray,
    backdrop: np.ndarray,
    camera: Camera,
    light: np.ndarray,
) -> np.ndarray:
    """The body (vertices [V, 3] in the room) before the empty room (`backdrop` float32 [H, W, 3]): uint8 [H, W, 3].

    `light` is the unit direction to the lamp.
    """
    size = (backdrop.shape[1], backdrop.shape[0])
    shadow = _shadow(renderer, vertices, faces, camera, size, light)
    lit = _lamp(np.ascontiguousarray(vertices, np.float32), faces, colours, light.astype(np.float32))
    mesh = renderer.render(camera.see(vertices).astype(np.float32), faces, camera.intrinsics, size, lit).rgba
    picture = np.empty((*mesh.shape[:2], 3), np.uint8)
    _compose(picture, backdrop, shadow, mesh)
    return picture


def _shadow(
    renderer: MeshRenderer, vertices: np.ndarray, faces: np.ndarray, camera: Camera, size: tuple[int, int], light: np.ndarray
) -> np.ndarray:
    """float32 [H, W], 0..1: the body's vertices pressed to the floor along the light, drawn small and blurred."""
    step = 4
    flat = vertices - light * (vertices[:, 1:2] / light[1])
    flat[:, 1] = 0.004
    small = (max(size[0] // step, 1), max(size[1] // step, 1))
    intrinsics = scaled_intrinsics(camera.intrinsics, step)
    alpha = renderer.render(camera.see(flat).astype(np.float32), faces, intrinsics, small).rgba[..., 3]
    blurred = cv2.GaussianBlur(alpha.astype(np.float32) / 255, (0, 0), 1.6)
    return np.asarray(cv2.resize(blurred, size, interpolation=cv2.INTER_LINEAR))


def _compose_loop(picture: np.ndarray, backdrop: np.ndarray, shadow: np.ndarray, mesh: np.ndarray) -> None:
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            through = (np.float32(1.0) - mesh[row, column, 3] / np.float32(255.0)) * (1 - np.float32(0.5) * shadow[row, column])
            for channel in range(3):
                picture[row, column, channel] = np.uint8(backdrop[row, column, channel] * through + mesh[row, column, channel])


_compose = compiled(_compose_loop)


def _lamp(vertices: np.ndarray, faces: np.ndarray, paint: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Colours under a soft lamp; the renderer adds its own light at the camera, so this only tells the sides apart."""
    normals = vertex_normals(vertices, faces)
    facing = normals @ light / np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
    return np.minimum(paint * (0.82 + 0.34 * facing[:, None]), 255).astype(np.uint8)
