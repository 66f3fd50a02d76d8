"""Pictures changed around a person's key points, with soft edges: a limb stretched, the body grown, the shirt dyed.

Pictures are uint8 [H, W, 3] RGB; key points float [18, 2] in pixels, order `core.skeletons.OPENPOSE_BODY`, NaN unseen.
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np

from core.skeletons import OPENPOSE_BODY

# Bone -> its ends, what it carries along, and the reach of that beyond the last point (hand, foot) in bone lengths.
_CHAINS = {
    "upper_arm": (("shoulder", "elbow", "wrist"), 0.55),
    "forearm": (("elbow", "wrist"), 0.6),
    "thigh": (("hip", "knee", "ankle"), 0.35),
    "shank": (("knee", "ankle"), 0.35),
}
BONES = tuple(f"{side}_{bone}" for side in ("left", "right") for bone in _CHAINS)
_FOOT = 0.08  # body heights by which the end of a leg reaches farther sideways: no key point tells where the foot points
_SOLID, _SOFT = 0.05, 0.07  # body heights around a limb that move with it, and over which the movement fades
_TRUNK_POINTS = [OPENPOSE_BODY.index(name) for name in ("left_shoulder", "right_shoulder", "right_hip", "left_hip")]
_STEP = 4  # of the coarse pictures in which distances are measured


def chain(bone: str) -> list[int]:
    """The key points of a bone and of what hangs on it."""
    side, _, name = bone.partition("_")
    return [OPENPOSE_BODY.index(f"{side}_{part}") for part in _CHAINS[name][0]]


def stretch_limb(picture: np.ndarray, points: np.ndarray, bone: str, growth: float, height: float) -> np.ndarray:
    """The bone `growth` longer (a share of its length), what hangs on it moved along. `height`: of the body, in pixels."""
    joints = points[chain(bone)].astype(np.float64)
    joints = np.concatenate([joints, [joints[-1] + _CHAINS[bone.partition("_")[2]][1] * (joints[-1] - joints[-2])]])
    length = float(np.linalg.norm(joints[1] - joints[0]))
    along = (joints[1] - joints[0]) / length
    moved = joints.copy()
    moved[1:] += growth * length * along
    foot = _FOOT * height if "arm" not in bone else 0.0
    around = (_SOLID + _SOFT) * height + foot + 2
    x0, y0 = np.floor(np.minimum(joints, moved).min(0) - around).astype(int).clip(0)
    x1, y1 = np.ceil(np.maximum(joints, moved).max(0) + around).astype(int)
    x1, y1 = min(x1, picture.shape[1]), min(y1, picture.shape[0])
    if x1 - x0 < 4 or y1 - y0 < 4:
        return picture
    grid = np.stack(np.meshgrid(np.arange(x0, x1), np.arange(y0, y1)), -1).astype(np.float64)
    reach = ((grid - joints[0]) @ along).clip(0, (1 + growth) * length)
    to_bone = _distance(grid, moved[0], moved[1])
    carried = np.min([_distance(grid, a, b) for a, b in itertools.pairwise(moved[1:])], axis=0)
    carried = np.minimum(carried, _distance(grid, moved[-2], moved[-1]) - foot)
    # On the bone the shift grows with the place; all that hangs on it has the whole shift.
    shift = np.where(carried < to_bone, growth * length, reach * growth / (1 + growth))
    shift = cv2.GaussianBlur(shift, (0, 0), max(0.02 * height, 0.5))
    weight = _fade((np.minimum(to_bone, carried) - _SOLID * height) / (_SOFT * height))
    source = grid - (weight * shift)[..., None] * along
    return _taken(picture, source, (x0, y0, x1, y1))


def grow_person(picture: np.ndarray, points: np.ndarray, scale: float, height: float) -> np.ndarray:
    """The person `scale` times as large, standing where they stand; what is around gives way softly."""
    seen = points[np.isfinite(points[:, 0])].astype(np.float64)
    anchor = np.array([np.median(seen[:, 0]), seen[:, 1].max() + 0.03 * height])
    grown = anchor + (points - anchor) * scale
    small = _small(picture)
    weight = _fade((_distance_to_body(grown, small, height) - 0.08 * height * scale) / (0.4 * height))
    weight = cv2.GaussianBlur(weight, (0, 0), max(0.02 * height / _STEP, 0.5))
    # The field is smooth: a quarter of the picture's rows and columns tell it.
    rows, columns = np.arange(small[0]) * _STEP + (_STEP - 1) / 2, np.arange(small[1]) * _STEP + (_STEP - 1) / 2
    pull = -(1 - 1 / scale) * weight[..., None] * (np.stack(np.meshgrid(columns, rows), -1) - anchor)
    wide = cv2.resize(pull.astype(np.float32), (small[1] * _STEP, small[0] * _STEP))[: picture.shape[0], : picture.shape[1]]
    x, y = np.meshgrid(np.arange(picture.shape[1], dtype=np.float32), np.arange(picture.shape[0], dtype=np.float32))
    return cv2.remap(picture, x + wide[..., 0], y + wide[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def dye_shirt(picture: np.ndarray, points: np.ndarray, shift: tuple[float, float, float], height: float) -> np.ndarray:
    """What has the colour of the trunk, on and beside it, moved by `shift` in CIE Lab (lightness 0..100, a, b)."""
    if not np.isfinite(points[_TRUNK_POINTS]).all():
        return picture
    seen = points[np.isfinite(points[:, 0])]
    x0, y0 = np.floor(seen.min(0) - 0.4 * height).astype(int).clip(0)
    x1, y1 = np.ceil(seen.max(0) + 0.4 * height).astype(int).clip(1)
    result = picture.copy()
    result[y0:y1, x0:x1] = _dyed(picture[y0:y1, x0:x1], points - (x0, y0), shift, height)
    return result


def _dyed(picture: np.ndarray, points: np.ndarray, shift: tuple[float, float, float], height: float) -> np.ndarray:
    trunk = points[_TRUNK_POINTS]
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    inside = np.zeros(picture.shape[:2], np.uint8)
    middle = trunk.mean(0)
    cv2.fillConvexPoly(inside, np.round(middle + 0.75 * (trunk - middle)).astype(np.int32), 1)
    if not inside.any():
        return picture
    around = cv2.resize(_distance_to_body(points, _small(picture), height), picture.shape[1::-1])
    shirt = _usual_colours(lab[inside > 0], 2)
    behind = _usual_colours(lab[(around > 0.18 * height) & (around < 0.4 * height)], 4)
    # Like the shirt, and more so than like anything behind the person; shades of one colour differ in lightness.
    alike = _nearest(lab, shirt)
    weight = _fade((alike - 14) / 14) * _fade((alike / np.maximum(_nearest(lab, behind), 1.0) - 0.5) / 0.4)
    weight *= _fade((around - 0.05 * height) / (0.06 * height))
    weight = cv2.GaussianBlur(weight.astype(np.float32), (0, 0), 1.2)
    changed = cv2.cvtColor(lab + weight[..., None] * np.array(shift, np.float32), cv2.COLOR_LAB2RGB)
    return np.asarray(np.clip(changed * 255 + 0.5, 0, 255), np.uint8)


def _usual_colours(colours: np.ndarray, count: int) -> np.ndarray:
    """float32 [count, 3]: the middles of `count` groups of Lab colours [N, 3]; far away where there are too few."""
    if len(colours) < count:
        return np.full((count, 3), 1e3, np.float32)
    sample = np.ascontiguousarray(colours[:: max(1, len(colours) // 2000)], np.float32) * _LIGHTNESS
    cv2.setRNGSeed(1)
    groups = np.zeros(len(sample), np.int32)
    _, _, middles = cv2.kmeans(sample, count, groups, (cv2.TERM_CRITERIA_MAX_ITER, 20, 0), 2, cv2.KMEANS_PP_CENTERS)
    return np.asarray(middles)


def _nearest(lab: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """float32 [H, W]: distance of each colour to the nearest of the middles."""
    return np.min([np.linalg.norm(lab * _LIGHTNESS - middle, axis=-1) for middle in middles], axis=0)


_LIGHTNESS = np.array((0.5, 1, 1), np.float32)  # folds and shadows change lightness more than colour


def away_from_body(picture: np.ndarray, points: np.ndarray, height: float) -> np.ndarray:
    """float32 [H, W]: 0 on and around the person, 1 away from them."""
    weight = 1 - _fade((_distance_to_body(points, _small(picture), height) - 0.12 * height) / (0.15 * height))
    return np.asarray(cv2.resize(weight.astype(np.float32), picture.shape[1::-1]))


def _small(picture: np.ndarray) -> tuple[int, int]:
    """Rows and columns of a picture of which every `_STEP`-th is told."""
    return -(-picture.shape[0] // _STEP), -(-picture.shape[1] // _STEP)


def _distance_to_body(points: np.ndarray, shape: tuple[int, int], height: float) -> np.ndarray:
    """float32 [shape]: pixels of the whole picture from each `_STEP`-th one to the sticks and trunk of the body."""
    free = np.full(shape, 255, np.uint8)
    small = np.round(points / _STEP)
    for a, b in _STICKS:
        if np.isfinite(small[[a, b]]).all():
            cv2.line(free, tuple(map(int, small[a])), tuple(map(int, small[b])), 0, 1)
    trunk = small[_TRUNK_POINTS]
    if np.isfinite(trunk).all():
        cv2.fillConvexPoly(free, trunk.astype(np.int32), 0)
    nose = small[OPENPOSE_BODY.index("nose")]
    if np.isfinite(nose).all():
        cv2.circle(free, tuple(map(int, nose)), max(1, round(0.05 * height / _STEP)), 0, -1)
    return np.asarray(cv2.distanceTransform(free, cv2.DIST_L2, 5) * _STEP, np.float32)


_STICKS = tuple(
    (OPENPOSE_BODY.index(a), OPENPOSE_BODY.index(b))
    for a, b in (
        ("nose", "neck"),
        *((f"{s}_{a}", f"{s}_{b}") for s in ("left", "right") for a, b in (("shoulder", "elbow"), ("elbow", "wrist"))),
        *((f"{s}_{a}", f"{s}_{b}") for s in ("left", "right") for a, b in (("hip", "knee"), ("knee", "ankle"))),
    )
)


def _distance(grid: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """[H, W]: from each point to the segment a b."""
    direction = b - a
    place = ((grid - a) @ direction / max(float(direction @ direction), 1e-9)).clip(0, 1)
    return np.asarray(np.linalg.norm(grid - a - place[..., None] * direction, axis=-1))


def _fade(place: np.ndarray) -> np.ndarray:
    """1 up to place 0, 0 from place 1 on, smooth between."""
    rest = 1 - np.clip(place, 0, 1)
    return np.asarray(rest * rest * (3 - 2 * rest))


def _taken(picture: np.ndarray, source: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """The picture with the pixels of the box taken from the places `source` [h, w, 2]."""
    x0, y0, x1, y1 = box
    result = picture.copy()
    where = source.astype(np.float32)
    result[y0:y1, x0:x1] = cv2.remap(picture, where[..., 0], where[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return result
