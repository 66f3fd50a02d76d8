"""One frame as the person sees it: used by window, report and movie alike."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from core.body import SMPL_PELVIS, BodyModel, pose_body, rest_joints
from core.track import HumanTrack
from render.mesh import MeshRenderer, create_renderer
from render.mesh_shading import compiled
from render.overlay import draw_box, draw_keypoints, draw_skeleton, unit


@dataclass(frozen=True)
class Layer:
    """Whether something is drawn over the frame, and how strongly (0..1)."""

    visible: bool = True
    opacity: float = 1.0

    @property
    def shown(self) -> bool:
        return self.visible and self.opacity > 0


@dataclass(frozen=True)
class Layers:
    """What is drawn over the frame, from the bottom to the top."""

    mesh: Layer = field(default_factory=lambda: Layer(opacity=0.7))
    skeleton: Layer = field(default_factory=lambda: Layer(opacity=0.9))
    keypoints: Layer = field(default_factory=Layer)
    box: Layer = field(default_factory=lambda: Layer(opacity=0.8))


class Painter:
    """Draws what is known of a frame. It is made, used and closed in one thread (a renderer may hold an OpenGL context)."""

    def __init__(self, body: BodyModel, renderer: str = "raster") -> None:
        self._body = body
        self._name = renderer
        self._renderer: MeshRenderer | None = None

    def overlay(self, track: HumanTrack, frame: int, size: tuple[int, int], layers: Layers) -> np.ndarray:
        """The overlay uint8 [H, W, 4], RGBA premultiplied by alpha, of one frame of the track for a picture of `size` (width, height).

        Raises render.mesh.RendererUnavailable when the mesh is to be drawn and the renderer cannot run here.
        """
        width, height = size
        picture = np.zeros((height, width, 4), np.uint8)
        if layers.mesh.shown:
            self._mesh(picture, track, frame, layers.mesh.opacity)
        scale = np.array([width, height]) / track.size
        # Integer coordinates are centres of pixels: the picture's corner, not its first pixel's centre, stays in place.
        points = (track.keypoints[frame] + 0.5) * scale - 0.5
        box = (track.boxes[frame] + 0.5) * np.tile(scale, 2) - 0.5
        scores, presence, line = track.keypoint_scores[frame], track.presence[frame], unit(size, box)
        for layer, draw in (
            (layers.skeleton, lambda canvas, corner: draw_skeleton(canvas, points - corner, scores, line)),
            (layers.keypoints, lambda canvas, corner: draw_keypoints(canvas, points - corner, scores, line)),
            (layers.box, lambda canvas, corner: draw_box(canvas, box - np.tile(corner, 2), presence, line)),
        ):
            if layer.shown:
                x0, y0, x1, y1 = _region(points, box, size, margin=40 + 12 * line)
                canvas = np.zeros((y1 - y0, x1 - x0, 4), np.uint8)
                draw(canvas, np.array([x0, y0]))
                _lay_over(picture[y0:y1, x0:x1], canvas, layer.opacity)
        return picture

    def close(self) -> None:
        """Give back what the renderer holds."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _mesh(self, picture: np.ndarray, track: HumanTrack, frame: int, opacity: float) -> None:
        pose = [values[frame] for values in (track.global_orient, track.body_pose, track.betas, track.translation, track.intrinsics)]
        if not all(np.isfinite(values).all() for values in pose):
            return
        orient, body_pose, betas, translation, intrinsics = pose
        space = next((source.space for source in track.extractor.sources if source.name == "beta"), None)
        if space != self._body.space:
            # The numbers belong to another body model: its mean shape says less, but nothing false. Its pelvis may lie elsewhere.
            betas = np.zeros_like(betas)
            translation = translation - rest_joints(self._body, betas)[0] + (SMPL_PELVIS if space == "smpl" else (0, 0, 0))
        if self._renderer is None:
            self._renderer = create_renderer(self._name)
        height, width = picture.shape[:2]
        vertices, _ = pose_body(self._body, orient, body_pose, betas, translation)
        scale = np.array([width, height]) / track.size
        camera = np.concatenate([intrinsics[:2] * scale, (intrinsics[2:] + 0.5) * scale - 0.5])
        _lay_over(picture, self._renderer.render(vertices, self._body.faces, camera, (width, height)).rgba, opacity)


def compose(frame: np.ndarray, overlay: np.ndarray) -> np.ndarray:
    """The frame uint8 [H, W, 3] RGB under the overlay uint8 [H, W, 4] (premultiplied RGBA) as uint8 RGB. ValueError if sizes differ."""
    if frame.shape[:2] != overlay.shape[:2]:
        raise ValueError(f"the overlay is {overlay.shape[1]}x{overlay.shape[0]}, the frame {frame.shape[1]}x{frame.shape[0]}")
    picture = np.array(frame, np.uint8, order="C")
    _compose(picture, np.ascontiguousarray(overlay))
    return picture


def _region(points: np.ndarray, box: np.ndarray, size: tuple[int, int], margin: float) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 (exclusive) of the part of the picture that is drawn on; the whole picture when nobody is seen."""
    corners = np.concatenate([points, box.reshape(2, 2)])
    corners = corners[np.isfinite(corners).all(1)]
    if not len(corners):
        return 0, 0, *size
    low = np.clip(np.floor(corners.min(0) - margin), 0, np.array(size) - 1).astype(int)
    high = np.clip(np.ceil(corners.max(0) + margin) + 1, low + 1, size).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _lay_over_loop(below: np.ndarray, above: np.ndarray, opacity: float) -> None:
    """below = above * opacity over below, both premultiplied, in place."""
    for row in range(below.shape[0]):
        for column in range(below.shape[1]):
            alpha = above[row, column, 3] * opacity
            if alpha <= 0:
                continue
            keep = 1.0 - alpha / 255.0
            for channel in range(4):
                below[row, column, channel] = np.uint8(above[row, column, channel] * opacity + below[row, column, channel] * keep + 0.5)


def _compose_loop(picture: np.ndarray, overlay: np.ndarray) -> None:
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            keep = 255 - np.int64(overlay[row, column, 3])
            if keep == 255:
                continue
            for channel in range(3):
                value = overlay[row, column, channel] + (picture[row, column, channel] * keep + 127) // 255
                picture[row, column, channel] = np.uint8(min(value, 255))


_lay_over = compiled(_lay_over_loop)
_compose = compiled(_compose_loop)
