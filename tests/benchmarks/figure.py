"""A standing figure as key points, for the tests of planting."""

import numpy as np

from core.skeletons import OPENPOSE_BODY

HEIGHT = 200.0
PLACES = {
    "nose": (160, 40), "neck": (160, 70),
    "right_shoulder": (140, 70), "right_elbow": (115, 70), "right_wrist": (90, 70),
    "left_shoulder": (180, 70), "left_elbow": (205, 70), "left_wrist": (230, 70),
    "right_hip": (145, 130), "right_knee": (145, 180), "right_ankle": (145, 225),
    "left_hip": (175, 130), "left_knee": (175, 180), "left_ankle": (175, 225),
}  # fmt: skip
POINTS = np.array([PLACES.get(name, (np.nan, np.nan)) for name in OPENPOSE_BODY], np.float64)
