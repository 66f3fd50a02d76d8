"""What exact access costs: sequential reading against a bare PyAV loop, a step back, and a random seek (one key frame per 250 frames).

    python -m benchmarks.video [VIDEO]

Without VIDEO a clip of 300 frames, 1280x720, with moving noise, is made for the occasion. Ratios are against the bare loop of the same run.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from core.timebase import FrameIndex
from core.video import open_video


def make_clip(path: Path, frames: int = 300, width: int = 1280, height: int = 720) -> None:
    """H.264 with B-frames and a key frame every 250 frames."""
    chance = np.random.default_rng(0)
    texture = chance.integers(0, 255, (height, width + frames * 2, 3), np.uint8)
    texture = (texture // 4 + np.linspace(0, 180, height)[:, None, None].astype(np.uint8)).astype(np.uint8)
    with av.open(str(path), "w") as container:
        options = {"g": "250", "keyint_min": "250", "sc_threshold": "0", "bf": "2", "preset": "ultrafast", "crf": "28"}
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            picture = np.ascontiguousarray(texture[:, number * 2 : number * 2 + width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def milliseconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def bare_loop(path: Path) -> int:
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        return sum(1 for frame in container.decode(video=0) if frame.to_ndarray(format="rgb24").size)


def bare_loop_one_scaler(path: Path) -> int:
    scaler = VideoReformatter()
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        return sum(1 for frame in container.decode(video=0) if scaler.reformat(frame, format="rgb24", threads=1).to_ndarray().size)


def row(name: str, value: float, baseline: float) -> None:
    print(f"{name:<48}{value:>10.2f} ms {value / baseline:>9.2f} x")


def measure(path: Path) -> None:
    opening = milliseconds(lambda: open_video(path).close())
    with open_video(path) as video:
        count = len(video)
        print(f"{path.name}: {count} frames, {video.size[0]}x{video.size[1]}\n")
        # Turn about, so that a change of the machine's load meets both.
        bare, lean, ours = [], [], []
        for _ in range(3):
            bare.append(milliseconds(lambda: bare_loop(path)) / count)
            lean.append(milliseconds(lambda: bare_loop_one_scaler(path)) / count)
            ours.append(milliseconds(lambda: sum(1 for _ in video.frames())) / count)
        baseline = statistics.median(bare)
        row("bare PyAV loop to RGB, per frame (baseline)", baseline, baseline)
        row("bare loop that keeps one scaler, per frame", statistics.median(lean), baseline)
        row("Video.frames, per frame", statistics.median(ours), baseline)
        row("open_video", opening, baseline)
        for index in range(max(count - 42, 0), count):
            video.frame(FrameIndex(index))
        steps = [milliseconds(lambda i=i: video.frame(FrameIndex(i))) for i in range(count - 2, max(count - 42, -1), -1)]
        row("step back, cached, p50", statistics.median(steps), baseline)
        row("step back, cached, max", max(steps), baseline)
    chance = random.Random(1)
    with open_video(path, cache_bytes=1) as video:
        seeks = [milliseconds(lambda i=i: video.frame(FrameIndex(i))) for i in (chance.randrange(count) for _ in range(12))]
    row("random seek, not cached, p50", statistics.median(seeks), baseline)
    row("random seek, not cached, max", max(seeks), baseline)


def main() -> None:
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gop250.mp4"
        make_clip(path)
        measure(path)


if __name__ == "__main__":
    main()
