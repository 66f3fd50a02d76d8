"""Key points, skeleton and box, drawn anti-aliased onto premultiplied RGBA.

OpenCV mixes all four channels of an anti-aliased edge alike, so an opaque colour drawn onto a premultiplied picture stays premultiplied.
Left and right differ by colour and by marker: left is a disc, right a square, the middle of the body a diamond.
"""

from __future__ import annotations

import cv2
import numpy as np

from core.skeletons import BODY_SLICE, KEYPOINT_EDGES, KEYPOINTS
from core.track import Presence
from render.palette import LEFT, MIDDLE, RIGHT, rgb

PRESENCE_TEXT = {
    Presence.NONE: "nobody found",
    Presence.MANY: "several people",
    Presence.UNCERTAIN: "uncertain",
    Presence.CUT: "cut",
}
_SIDE_COLOR = {"left": rgb(LEFT), "right": rgb(RIGHT), "middle": rgb(MIDDLE)}
_SIDES = tuple(name.split("_")[0] if name.startswith(("left_", "right_")) else "middle" for name in KEYPOINTS)
_EDGE_SIDES = tuple(next((_SIDES[end] for end in edge if _SIDES[end] != "middle"), "middle") for edge in KEYPOINT_EDGES)
_MIN_SCORE = 0.05  # below it a point is noise and is not drawn
_SHIFT = 4  # OpenCV takes coordinates in sixteenths of a pixel
_RIM = (16, 18, 20)
# Corners of a square and a diamond of about the area of the unit disc.
_CORNERS = {
    "right": 0.89 * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]),
    "middle": 1.25 * np.array([(0, -1), (1, 0), (0, 1), (-1, 0)]),
}


def unit(size: tuple[int, int], box: np.ndarray) -> float:
    """The width of a line in pixels that reads well: it grows with the person (box [4]), else with the picture (width, height)."""
    height = float(box[3] - box[1]) if np.isfinite(box).all() else 0.6 * size[1]
    return float(np.clip(height / 150, 1.2, 0.008 * max(size)))


def draw_skeleton(canvas: np.ndarray, points: np.ndarray, scores: np.ndarray, width: float) -> None:
    """The bones between the points [60, 2] (pixels of the canvas) onto uint8 [H, W, 4]; both ends' scores [60] fade a bone."""
    drawn = _drawn(points, scores)
    bones = [
        (edge, side, float(min(scores[edge[0]], scores[edge[1]])))
        for edge, side in zip(KEYPOINT_EDGES, _EDGE_SIDES, strict=True)
        if drawn[edge[0]] and drawn[edge[1]]
    ]
    places = _places(points, canvas)
    for rim in (True, False):
        for (a, b), side, score in bones:
            thick = width if a < BODY_SLICE.stop else 0.5 * width
            color = _premultiplied(_RIM if rim else _SIDE_COLOR[side], (0.5 if rim else 1.0) * _fade(score))
            thickness = max(1, round(thick + (0.6 * width + 1 if rim else 0)))
            cv2.line(canvas, places[a], places[b], color, thickness, cv2.LINE_AA, _SHIFT)


def draw_keypoints(canvas: np.ndarray, points: np.ndarray, scores: np.ndarray, width: float) -> None:
    """The points [60, 2] (pixels of the canvas) onto uint8 [H, W, 4]; a low score [60] makes a point smaller and fainter."""
    for index in np.flatnonzero(_drawn(points, scores)):
        score = float(scores[index])
        radius = width * (1.7 if index < BODY_SLICE.stop else 0.8) * (0.5 + 0.5 * min(score, 1.0))
        for grow, color, strength in ((0.4 * width + 0.5, _RIM, 0.8), (0.0, _SIDE_COLOR[_SIDES[index]], 1.0)):
            _marker(canvas, points[index], radius + grow, _SIDES[index], _premultiplied(color, strength * _fade(score)))


def draw_box(canvas: np.ndarray, box: np.ndarray, presence: Presence, width: float) -> None:
    """The box [4] (x0, y0, x1, y1, pixels of the canvas) onto uint8 [H, W, 4]: solid when the frame is ok, else dashed and named.

    Without a box, the reason stands in the upper left corner.
    """
    label = PRESENCE_TEXT.get(presence)
    if np.isfinite(box).all():
        corners = _places(box.reshape(2, 2), canvas)
        (x0, y0), (x1, y1) = corners
        for color, thickness in ((_premultiplied(_RIM, 0.6), 0.6 * width + 2), (_premultiplied(_SIDE_COLOR["middle"], 1.0), 0.6 * width)):
            for start, end in (((x0, y0), (x1, y0)), ((x1, y0), (x1, y1)), ((x1, y1), (x0, y1)), ((x0, y1), (x0, y0))):
                for a, b in [(start, end)] if label is None else _dashes(start, end, int(8 * width) << _SHIFT):
                    cv2.line(canvas, a, b, color, max(1, round(thickness)), cv2.LINE_AA, _SHIFT)
    if label is not None:
        place = (float(box[0]), float(box[1])) if np.isfinite(box).all() else (8.0, 8.0)
        _label(canvas, label, place, width)


def _drawn(points: np.ndarray, scores: np.ndarray) -> np.ndarray:
    drawn: np.ndarray = np.isfinite(points).all(1) & (np.nan_to_num(scores) >= _MIN_SCORE)
    return drawn


def _places(points: np.ndarray, canvas: np.ndarray) -> list[tuple[int, int]]:
    """Points in OpenCV's fixed-point coordinates; what is lost far outside the canvas is brought near it, so that nothing overflows."""
    far = 4 * max(canvas.shape[:2])
    fixed = np.round(np.clip(np.nan_to_num(points), -far, far) * (1 << _SHIFT)).astype(int)
    return [(int(x), int(y)) for x, y in fixed]


def _marker(canvas: np.ndarray, point: np.ndarray, radius: float, side: str, color: tuple[float, ...]) -> None:
    (center,) = _places(point[None], canvas)
    if side == "left":
        cv2.circle(canvas, center, round(radius * (1 << _SHIFT)), color, cv2.FILLED, cv2.LINE_AA, _SHIFT)
        return
    outline = np.round(_CORNERS[side] * radius * (1 << _SHIFT) + center).astype(np.int32)
    cv2.fillConvexPoly(canvas, outline, color, cv2.LINE_AA, _SHIFT)


def _dashes(start: tuple[int, int], end: tuple[int, int], length: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Every other piece of about `length` between two places."""
    pieces = max(1, round(max(abs(end[0] - start[0]), abs(end[1] - start[1])) / max(length, 1)) // 2 * 2 + 1)
    edge = [
        (round(start[0] + (end[0] - start[0]) * piece / pieces), round(start[1] + (end[1] - start[1]) * piece / pieces))
        for piece in range(pieces + 1)
    ]
    return [(edge[piece], edge[piece + 1]) for piece in range(0, pieces, 2)]


def _label(canvas: np.ndarray, text: str, place: tuple[float, float], width: float) -> None:
    """A word on a dark plate, its lower edge at `place`, kept inside the canvas."""
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, max(0.4, 0.22 * width)
    (text_width, text_height), below = cv2.getTextSize(text, font, scale, 1)
    pad = 4
    x = int(np.clip(place[0], 0, max(0, canvas.shape[1] - text_width - 2 * pad)))
    y = int(np.clip(place[1] - text_height - below - 2 * pad, 0, max(0, canvas.shape[0] - text_height - below - 2 * pad)))
    cv2.rectangle(canvas, (x, y), (x + text_width + 2 * pad, y + text_height + below + 2 * pad), _premultiplied(_RIM, 0.8), cv2.FILLED)
    cv2.putText(canvas, text, (x + pad, y + pad + text_height), font, scale, (255, 255, 255, 255), 1, cv2.LINE_AA)


def _fade(score: float) -> float:
    return 0.3 + 0.7 * min(max(score, 0.0), 1.0)


def _premultiplied(color: tuple[int, int, int], alpha: float) -> tuple[float, ...]:
    return (color[0] * alpha, color[1] * alpha, color[2] * alpha, 255 * alpha)
