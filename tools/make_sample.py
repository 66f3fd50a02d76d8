"""Make the sample that Telltale opens with: a clip of our own body at its exercises, with three planted tell-tales, and their list.

Usage: TELLTALE_SHARED=... python tools/make_sample.py [--seed 0] [--out resources/sample/telltale_sample.mp4]

Planted, at seeded places well apart: the left forearm grows and shrinks again, the picture freezes in fast motion (under fresh grain, as
in a generated video), the whole body stands beside itself for two frames. The seed also chooses shape, clothes, room and camera. The list
is written beside the film with the ending .json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import av
import cv2
import numpy as np

from core.body import BodyModel, load_body, pose_body, pose_joints
from core.skeletons import SMPL
from render.mesh import MeshRenderer, create_renderer
from tools.mocap.actor import draw_frame, paint
from tools.mocap.clips import FPS, Take, open_library, shared_folder
from tools.mocap.retarget import BodyMotion, retarget
from tools.mocap.room import draw_backdrop, scaled_intrinsics
from tools.mocap.views import View, centred, choose_shape, choose_view, every

DEFAULT = Path(__file__).resolve().parent.parent / "resources" / "sample" / "telltale_sample.mp4"
SIZE, RATE, FRAMES = (1280, 720), 30, 240
TAKE = Take("cmu_14_06", "14", "JumpingJack", 0, 480)  # jumping jacks, then jogging on the spot
GRAIN = 1.6  # grey levels, standard deviation
# Of the forearm's length; body heights to the side. From 0.4 on MediaPipe, which looks around where the person was, misses the body instead
# of following it.
GROWTH, TELEPORT = 0.6, 0.3
LENGTHS = {"stretch": 14, "freeze": 8, "teleport": 2}
_BODY_HEIGHT = 1.72


@dataclass(frozen=True)
class Plant:
    """A planted tell-tale: frames start..stop (exclusive, 0-based), the joint it shows at (null: the whole body)."""

    kind: str
    start: int
    stop: int
    joint: str | None
    text: str


def choose_plants(motion: BodyMotion, body: BodyModel, generator: np.random.Generator) -> tuple[Plant, ...]:
    """One of each kind, in the first, second and last part of the film; the freeze begins where the body is fastest."""
    joints = pose_joints(body, motion.global_orient, motion.body_pose, motion.betas, motion.translation)
    speed = np.linalg.norm(np.diff(joints, axis=0), axis=-1).mean(1)
    first, middle, last = (int(centre + generator.integers(-6, 7)) for centre in (22, 88, 188))
    fastest = middle - 12 + int(speed[middle - 12 : middle + 12].argmax())
    starts = (first, fastest + 1, last)
    stretch, freeze, teleport = (range(start, start + length) for start, length in zip(starts, LENGTHS.values(), strict=True))
    return (
        Plant("stretch", stretch.start, stretch.stop, "left_wrist", f"The left forearm grows by up to {GROWTH:.0%} and shrinks again."),
        Plant("freeze", freeze.start, freeze.stop, None, f"The picture stands still for {len(freeze)} frames, then goes on."),
        Plant("teleport", teleport.start, teleport.stop, None, f"The body stands {TELEPORT:g} body heights beside itself for two frames."),
    )


def film_sample(
    motion: BodyMotion, body: BodyModel, view: View, plants: tuple[Plant, ...], renderer: MeshRenderer, seed: int
) -> Iterator[np.ndarray]:
    """The frames, uint8 [H, W, 3] RGB, drawn at twice the size and averaged, with grain."""
    stretch, freeze, teleport = plants
    grain = np.random.default_rng(seed)
    camera = view.camera(0)
    camera = replace(camera, intrinsics=scaled_intrinsics(view.intrinsics, 0.5))
    backdrop = draw_backdrop(view.room, camera, (2 * SIZE[0], 2 * SIZE[1]), view.light, coarse=False)
    colours = paint(body, view.outfit)
    sideways = camera.rotation[0] * TELEPORT * _BODY_HEIGHT
    for frame in range(FRAMES):
        held = min(max(frame - freeze.start + 1, 0), freeze.stop - freeze.start)
        pose = frame - held
        move = sideways if teleport.start <= frame < teleport.stop else 0.0
        vertices, joints = pose_body(
            body, motion.global_orient[pose], motion.body_pose[pose], motion.betas, motion.translation[pose] + move
        )
        if stretch.start <= frame < stretch.stop:
            phase = (frame - stretch.start + 1) / (stretch.stop - stretch.start + 1)
            vertices = grow_forearm(body, vertices, joints, GROWTH * min(1.0, 2.2 * np.sin(np.pi * phase)))
        large = draw_frame(renderer, vertices, body.faces, colours, backdrop, camera, view.light)
        picture = cv2.resize(large, SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
        picture += grain.normal(0, GRAIN, (SIZE[1], SIZE[0], 1)).astype(np.float32)
        yield np.clip(picture + 0.5, 0, 255).astype(np.uint8)


def grow_forearm(body: BodyModel, vertices: np.ndarray, joints: np.ndarray, growth: float) -> np.ndarray:
    """Vertices with the left forearm `growth` longer and the hand moved along."""
    elbow, wrist = joints[SMPL.index("left_elbow")], joints[SMPL.index("left_wrist")]
    length = float(np.linalg.norm(wrist - elbow))
    along = (wrist - elbow) / length
    carried = body.weights[:, [SMPL.index(name) for name in ("left_elbow", "left_wrist", "left_hand")]].sum(1)
    reach = np.clip((vertices - elbow) @ along, 0, length)
    return np.asarray(vertices + (carried * reach * growth)[:, None] * along)


def encode(frames: Iterator[np.ndarray], path: Path) -> None:
    """H.264, 4:2:0, playable everywhere, ready to stream."""
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    with av.open(str(temporary), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "21", "preset": "slow", "threads": "1"})
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, RATE)
        for picture in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    temporary.replace(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=DEFAULT)
    args = parser.parse_args()
    generator = np.random.default_rng(args.seed)
    library, body = open_library(shared_folder() / "mocap"), load_body()
    motion = retarget(library.positions(TAKE), library.joints, body, choose_shape(generator), FPS)
    motion = centred(every(motion, round(FPS / RATE)))
    view = choose_view(motion, RATE, generator, size=SIZE, frontal=True)
    plants = choose_plants(motion, body, generator)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    encode(film_sample(motion, body, view, plants, create_renderer("raster"), args.seed), args.out)
    listing = {
        "file": args.out.name,
        "frames": FRAMES,
        "fps": RATE,
        "seed": args.seed,
        "motion": asdict(TAKE),
        "convention": "frames are 0-based; start is inclusive, stop is exclusive",
        "plants": [asdict(plant) for plant in plants],
    }
    temporary = args.out.with_name(f".{args.out.stem}.{os.getpid()}.json")
    temporary.write_text(json.dumps(listing, indent=2) + "\n", encoding="utf-8")
    temporary.replace(args.out.with_suffix(".json"))
    print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
