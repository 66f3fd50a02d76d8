"""Short films whose frames tell small networks what to see."""

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np

SIZE = (320, 192)
SQUARE = 64


def write_film(path: Path, pictures: Iterable[np.ndarray], fps: int = 25) -> Path:
    """Pictures uint8 [H, W, 3] as H.264, hardly compressed."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "8", "preset": "veryfast"})
        for number, picture in enumerate(pictures):
            if not number:
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode(None))
    return path


def signalled(pictures: Iterable[np.ndarray], persons: Iterable[str]) -> Iterable[np.ndarray]:
    """Each picture with a corner whose colour names the persons that `save_signalled`'s detector is to see, of `ABC`."""
    for picture, there in zip(pictures, persons, strict=True):
        painted = picture.copy()
        painted[:48, :48] = [255 * (name in there) for name in "CBA"]
        yield painted


def left_edges(frames: int) -> np.ndarray:
    """Of the square, float [T]: to and fro in 60 frames."""
    return np.asarray(100 + 30 * np.sin(2 * np.pi * np.arange(frames) / 60)).round()


def square(left: float) -> np.ndarray:
    """A white square in the dark."""
    picture = np.full((SIZE[1], SIZE[0], 3), 30, np.uint8)
    picture[64 : 64 + SQUARE, int(left) : int(left) + SQUARE] = 255
    return picture
