"""Milliseconds a frame for laying the body over a picture of 1280x720: the ways others do it, and ours.

Usage: python benchmarks/mesh.py [--frames 40]      (one thread is fair: OMP_NUM_THREADS=1)

The same walking body, another pose each frame, is drawn by
  pyrender, naive     a new scene and a new renderer each frame, lit by the card, as the scripts of TokenHMR and 4D-Humans do
  pyrender, kept      this project's renderer: one context, vertices replaced in place, light computed with the vertices
  raster              this project's rasteriser, no graphics driver
Every way hands back colour and depth of the full picture.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.body import BodyModel, load_body, pose_body
from core.camera import default_intrinsics
from core.skeletons import SMPL
from render.mesh import RendererUnavailable, create_renderer

SIZE = (1280, 720)
WARM_UP = 3


def walking(body: BodyModel, frames: int) -> list[np.ndarray]:
    """Vertices in camera space of a body that walks on the spot, 3.2 m away."""
    facing = np.diag([1.0, -1.0, -1.0])
    vertices = []
    for phase in np.linspace(0, 2 * np.pi, frames, endpoint=False):
        swing = 0.5 * np.sin(phase)
        turns = {
            "left_hip": (swing, 0, 0),
            "right_hip": (-swing, 0, 0),
            "left_shoulder": (0, swing, -1.2),
            "right_shoulder": (0, swing, 1.2),
        }
        pose = np.repeat(np.eye(3)[None], 23, 0)
        for joint, rotvec in turns.items():
            pose[SMPL.index(joint) - 1] = Rotation.from_rotvec(rotvec).as_matrix()
        vertices.append(pose_body(body, facing, pose, np.zeros(10), np.array([0.0, 0.05, 3.2]))[0])
    return vertices


def naive(faces: np.ndarray, intrinsics: np.ndarray) -> Callable[[np.ndarray], object]:
    """What the published demo scripts do for each frame."""
    create_renderer("pyrender").close()  # sees to pyrender's environment
    import pyrender
    import trimesh

    def draw(vertices: np.ndarray) -> object:
        renderer = pyrender.OffscreenRenderer(*SIZE)
        scene = pyrender.Scene(bg_color=[0.0, 0.0, 0.0, 0.0], ambient_light=(0.3, 0.3, 0.3))
        material = pyrender.MetallicRoughnessMaterial(metallicFactor=0.0, alphaMode="OPAQUE", baseColorFactor=(0.65, 0.74, 0.86, 1.0))
        scene.add(pyrender.Mesh.from_trimesh(trimesh.Trimesh(vertices, faces, process=False), material=material))
        fx, fy, cx, cy = intrinsics
        pose = np.diag([1.0, -1.0, -1.0, 1.0])
        scene.add(pyrender.IntrinsicsCamera(fx, fy, cx + 0.5, cy + 0.5, znear=0.05, zfar=200.0), pose=pose)
        for direction in ((0, 0, 0), (0, 40, 0), (0, -40, 0)):
            light = np.eye(4)
            light[:3, :3] = pose[:3, :3] @ Rotation.from_euler("xyz", direction, degrees=True).as_matrix()
            scene.add(pyrender.DirectionalLight(color=np.ones(3), intensity=3.0), pose=light)
        picture = renderer.render(scene, flags=pyrender.RenderFlags.RGBA)
        renderer.delete()
        return picture

    return draw


def median_ms(draw: Callable[[np.ndarray], object], frames: list[np.ndarray]) -> float:
    for vertices in frames[:WARM_UP]:
        draw(vertices)
    spent = []
    for vertices in frames:
        start = time.perf_counter()
        draw(vertices)
        spent.append(time.perf_counter() - start)
    return 1000 * float(np.median(spent))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=40)
    count = parser.parse_args().frames
    body, intrinsics = load_body(), default_intrinsics(SIZE)
    start = time.perf_counter()
    frames = walking(body, count)
    print(f"{platform.machine()}, {len(body.v_template)} vertices, {len(body.faces)} triangles, {SIZE[0]}x{SIZE[1]}, {count} frames, p50")
    print(f"posing a body by numpy, for comparison: {1000 * (time.perf_counter() - start) / count:.2f} ms a frame")
    results: dict[str, float] = {}
    try:
        results["pyrender, naive"] = median_ms(naive(body.faces, intrinsics), frames)
        kept = create_renderer("pyrender")
        results["pyrender, kept"] = median_ms(lambda v: kept.render(v, body.faces, intrinsics, SIZE), frames)
        kept.close()
    except RendererUnavailable as error:
        print(error)
    raster = create_renderer("raster")
    results["raster"] = median_ms(lambda v: raster.render(v, body.faces, intrinsics, SIZE), frames)
    slowest = max(results.values())
    print(f"{'way':<18}{'ms':>8}{'times faster':>15}")
    for way, spent in results.items():
        print(f"{way:<18}{spent:>8.1f}{slowest / spent:>15.1f}")


if __name__ == "__main__":
    main()
