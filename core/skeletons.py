"""The vocabularies of the body: names, parents, edges, and how one maps onto another."""

from __future__ import annotations

OPENPOSE_BODY = (
    "nose", "neck",
    "right_shoulder", "right_elbow", "right_wrist",
    "left_shoulder", "left_elbow", "left_wrist",
    "right_hip", "right_knee", "right_ankle",
    "left_hip", "left_knee", "left_ankle",
    "right_eye", "left_eye", "right_ear", "left_ear",
)  # fmt: skip
_FINGERS = ("thumb", "index", "middle", "ring", "little")
HAND = ("wrist", *(f"{finger}_{joint}" for finger in _FINGERS for joint in (1, 2, 3, 4)))

# The 60 key points of `kp2d`: 18 body points, 21 of the left hand, 21 of the right hand (science.md 1).
KEYPOINTS = (*OPENPOSE_BODY, *(f"left_hand_{name}" for name in HAND), *(f"right_hand_{name}" for name in HAND))
BODY_SLICE, LEFT_HAND_SLICE, RIGHT_HAND_SLICE = slice(0, 18), slice(18, 39), slice(39, 60)

BODY_EDGES = (
    (1, 0), (1, 2), (2, 3), (3, 4), (1, 5), (5, 6), (6, 7),
    (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13),
    (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
_HAND_EDGES = tuple((0 if joint == 0 else 4 * finger + joint, 4 * finger + joint + 1) for finger in range(5) for joint in range(4))
KEYPOINT_EDGES = (
    *BODY_EDGES,
    *((a + 18, b + 18) for a, b in _HAND_EDGES),
    *((a + 39, b + 39) for a, b in _HAND_EDGES),
)

SMPL = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle", "spine3",
    "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand",
)  # fmt: skip
SMPL_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)

BLAZEPOSE = (
    "nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer",
    "left_ear", "right_ear", "mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "left_pinky", "right_pinky", "left_index", "right_index", "left_thumb", "right_thumb",
    "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_heel", "right_heel",
    "left_foot_index", "right_foot_index",
)  # fmt: skip

# OpenPose body point -> BlazePose point; the neck (None) is the middle of the shoulders.
OPENPOSE_FROM_BLAZEPOSE = tuple(None if name == "neck" else BLAZEPOSE.index(name) for name in OPENPOSE_BODY)
# SMPL joint -> BlazePose point, where the two name the same place of the body.
SMPL_FROM_BLAZEPOSE = {
    SMPL.index(name): BLAZEPOSE.index(name)
    for name in (f"{side}_{part}" for side in ("left", "right") for part in ("hip", "knee", "ankle", "shoulder", "elbow", "wrist"))
}


def readable(name: str) -> str:
    """A joint's name for people: `left_knee` -> `left knee`."""
    return name.replace("_", " ")
