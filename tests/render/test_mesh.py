import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from core.body import load_body, pose_body
from core.camera import default_intrinsics, project
from core.skeletons import SMPL
from render.mesh import NEAR, RENDERERS, RendererUnavailable, create_renderer
from render.mesh_raster import RasterRenderer
from render.mesh_shading import compiled

TO_CAMERA = np.diag([1.0, -1.0, -1.0])  # a body that faces the camera
SIZE = (640, 360)


@pytest.fixture(scope="module", params=RENDERERS)
def renderer(request):
    try:
        made = create_renderer(request.param)
    except RendererUnavailable as error:
        pytest.skip(str(error))
    yield made
    made.close()


@pytest.fixture(scope="module")
def body():
    return load_body()


def standing(body, turn=0.0, walking=False, z=3.2):
    pose = np.repeat(np.eye(3)[None], 23, 0)
    if walking:
        for joint, rotvec in {
            "left_hip": (-0.5, 0, 0), "left_knee": (0.2, 0, 0), "right_hip": (0.35, 0, 0), "right_knee": (0.5, 0, 0),
            "left_shoulder": (0, 0.5, -1.2), "right_shoulder": (0, 0.5, 1.2), "left_elbow": (0, -0.5, 0),
        }.items():  # fmt: skip
            pose[SMPL.index(joint) - 1] = Rotation.from_rotvec(rotvec).as_matrix()
    orient = TO_CAMERA @ Rotation.from_euler("y", turn, degrees=True).as_matrix()
    return pose_body(body, orient, pose, np.zeros(10), np.array([0.0, -0.05, z]))


def rectangle(x0, y0, x1, y1, z=2.0):
    """A square in space whose corners project to these pixels of a camera with focal length 10 and its axis at (0, 0)."""
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], float) * z / 10
    return np.column_stack([corners, np.full(4, z)]), np.array([[0, 1, 2], [0, 2, 3]])


CAMERA = np.array([10.0, 10.0, 0.0, 0.0])


def covered(picture):
    return picture.rgba[:, :, 3] > 127


def test_that_a_rectangle_lands_on_exactly_its_pixels(renderer):
    # Its edges lie half way between pixel centres: columns 3 to 6, rows 2 to 4.
    picture = renderer.render(*rectangle(2.5, 1.5, 6.5, 4.5), CAMERA, (12, 8))
    expected = np.zeros((8, 12), bool)
    expected[2:5, 3:7] = True
    np.testing.assert_array_equal(covered(picture), expected)
    np.testing.assert_array_equal(np.isfinite(picture.depth), expected)
    np.testing.assert_allclose(picture.depth[expected], 2.0, atol=1e-4)
    assert not picture.rgba[~expected].any()


def test_that_a_pixel_sized_square_is_drawn_where_its_centre_projects(renderer):
    vertices, faces = rectangle(6.6, 2.6, 7.4, 3.4)
    assert project(vertices.mean(0), CAMERA).tolist() == pytest.approx([7.0, 3.0])
    picture = renderer.render(vertices, faces, CAMERA, (12, 8))
    assert np.argwhere(covered(picture) | np.isfinite(picture.depth)).tolist() == [[3, 7]]


def test_that_squares_side_by_side_leave_no_gap():
    # Their common edge runs through pixel centres: each of those must be drawn, by one of both.
    left, right = rectangle(1.5, 1.5, 5.0, 4.5), rectangle(5.0, 1.5, 8.5, 4.5)
    vertices, faces = np.vstack([left[0], right[0]]), np.vstack([left[1], right[1] + 4])
    colours = np.repeat(np.array([[200, 0, 0], [0, 200, 0]], np.uint8), 4, 0)
    picture = create_renderer("raster").render(vertices, faces, CAMERA, (12, 8), colours)
    assert covered(picture)[2:5, 2:9].all() and covered(picture).sum() == 21
    assert (picture.rgba[2:5, 2:5, 0] > 0).all() and (picture.rgba[2:5, 5:9, 1] > 0).all()


def test_that_the_nearer_surface_hides_the_farther_whatever_their_order(renderer):
    near, far = rectangle(1.5, 1.5, 5.5, 5.5, z=2.0), rectangle(1.5, 1.5, 5.5, 5.5, z=3.0)
    for first, second in ((near, far), (far, near)):
        vertices, faces = np.vstack([first[0], second[0]]), np.vstack([first[1], second[1] + 4])
        np.testing.assert_allclose(renderer.render(vertices, faces, CAMERA, (8, 8)).depth[2:6, 2:6], 2.0, atol=1e-4)


def test_that_depth_is_correct_in_perspective_on_a_slanted_plane(renderer):
    # The plane z = 2 + x, seen through x = z (u / 10): z = 2 / (1 - u / 10).
    corners = np.array([[-1.0, -1, 1], [1, -1, 3], [1, 1, 3], [-1, 1, 1]])
    depth = renderer.render(corners, np.array([[0, 1, 2], [0, 2, 3]]), CAMERA, (4, 4)).depth
    low, exact, high = (np.broadcast_to(2 / (1 - (np.arange(4) + shift) / 10), (4, 4)) for shift in (-0.5, 0.0, 0.5))
    if isinstance(renderer, RasterRenderer):
        np.testing.assert_allclose(depth, exact, rtol=2e-4)
    assert (depth > low).all() and (depth < high).all()


def test_that_a_triangle_reaching_behind_the_camera_is_cut_not_mirrored(renderer):
    # A floor one metre below, from four metres behind the camera to four metres ahead: only pixels below the horizon may show it.
    floor = np.array([[-50.0, 1, -4], [50, 1, -4], [50, 1, 4], [-50, 1, 4]])
    camera = np.array([20.0, 20.0, 15.5, 15.5])
    picture = renderer.render(floor, np.array([[0, 1, 2], [0, 2, 3]]), camera, (32, 32))
    rows = np.flatnonzero(covered(picture).any(1))
    assert rows.tolist() == list(range(21, 32))  # y = 15.5 + 20 / z, z at most 4: from row 20.5 down
    assert np.isfinite(picture.depth[31]).all()
    assert (picture.depth[31] > 20 / 16).all() and (picture.depth[31] < 20 / 15).all()


def test_that_what_lies_behind_the_camera_or_on_the_lens_is_not_drawn(renderer):
    for z in (-2.0, NEAR / 2):
        picture = renderer.render(*rectangle(1.5, 1.5, 5.5, 5.5, z=z), CAMERA, (8, 8))
        assert not picture.rgba.any() and np.isinf(picture.depth).all()


def test_that_both_sides_of_a_triangle_are_seen(renderer):
    vertices, faces = rectangle(1.5, 1.5, 5.5, 5.5)
    front = renderer.render(vertices, faces, CAMERA, (8, 8))
    back = renderer.render(vertices, faces[:, ::-1], CAMERA, (8, 8))
    np.testing.assert_array_equal(front.rgba, back.rgba)


def test_that_a_surface_that_faces_the_camera_has_its_own_colour(renderer):
    vertices, faces = rectangle(-0.5, -0.5, 0.5, 0.5)
    picture = renderer.render(vertices, faces, np.array([100.0, 100, 1, 1]), (3, 3), np.array([200, 100, 50], np.uint8))
    np.testing.assert_allclose(picture.rgba[0, 0].astype(int), [200, 100, 50, 255], atol=3)


def test_that_vertex_colours_land_on_their_side_of_the_body(renderer, body):
    vertices, joints = standing(body)
    left = body.v_template[:, 0] > 0
    colours = np.where(left[:, None], [255, 0, 0], [0, 0, 255]).astype(np.uint8)
    picture = renderer.render(vertices, body.faces, default_intrinsics(SIZE), SIZE, colours)
    u, v = project(joints[SMPL.index("left_elbow")], default_intrinsics(SIZE)).round().astype(int)
    # A person who faces the camera has the left arm on the right side of the picture.
    assert u > SIZE[0] / 2 and picture.rgba[v, u, 0] > 50 and picture.rgba[v, u, 2] == 0


@pytest.fixture(scope="module")
def both():
    try:
        made = create_renderer("raster"), create_renderer("pyrender")
    except RendererUnavailable as error:
        pytest.skip(str(error))
    yield made
    for one in made:
        one.close()


@pytest.mark.parametrize(("turn", "walking", "z"), [(0, False, 3.2), (90, False, 3.2), (30, True, 3.2), (200, True, 1.2)])
def test_that_both_renderers_agree_on_a_posed_body(both, body, turn, walking, z):
    vertices, _ = standing(body, turn, walking, z)
    raster, opengl = (one.render(vertices, body.faces, default_intrinsics(SIZE), SIZE) for one in both)
    a, b = covered(raster), covered(opengl)
    assert a.sum() > 5000
    assert (a & b).sum() / (a | b).sum() > 0.98
    known = np.isfinite(raster.depth) & np.isfinite(opengl.depth)
    assert known.sum() > 0.98 * np.isfinite(raster.depth).sum()
    difference = np.abs(raster.depth[known] - opengl.depth[known])
    # Depth is sampled at slightly other places of each pixel, so that steep surfaces differ: fingers, outlines.
    assert np.median(difference) < 0.002 and np.percentile(difference, 95) < 0.01
    assert np.abs(raster.rgba[a & b].astype(int) - opengl.rgba[a & b]).mean() < 3


def test_that_the_next_frame_shows_the_next_pose_and_the_next_size(renderer, body):
    vertices, _ = standing(body)
    first = renderer.render(vertices, body.faces, default_intrinsics(SIZE), SIZE)
    moved = renderer.render(vertices + np.float32([0.3, 0, 0]), body.faces, default_intrinsics(SIZE), SIZE)
    shift = np.argwhere(covered(moved))[:, 1].mean() - np.argwhere(covered(first))[:, 1].mean()
    assert shift == pytest.approx(0.3 / 3.2 * default_intrinsics(SIZE)[0], abs=2.0)
    small = renderer.render(vertices, body.faces, default_intrinsics((320, 180)), (320, 180))
    assert small.rgba.shape == (180, 320, 4) and small.depth.shape == (180, 320)
    assert covered(small).sum() == pytest.approx(covered(first).sum() / 4, rel=0.03)
    again = renderer.render(vertices, body.faces, default_intrinsics(SIZE), SIZE)
    np.testing.assert_array_equal(again.rgba, first.rgba)


def test_that_another_mesh_may_follow(renderer, body):
    vertices, _ = standing(body)
    renderer.render(vertices, body.faces, default_intrinsics(SIZE), SIZE)
    square = renderer.render(*rectangle(2.5, 1.5, 6.5, 4.5), CAMERA, (12, 8))
    assert covered(square).sum() == 12


def test_that_a_picture_is_not_changed_by_the_next_one(renderer):
    picture = renderer.render(*rectangle(2.5, 1.5, 6.5, 4.5), CAMERA, (12, 8))
    before = picture.rgba.copy(), picture.depth.copy()
    renderer.render(*rectangle(0.5, 0.5, 9.5, 6.5, z=1.0), CAMERA, (12, 8))
    np.testing.assert_array_equal(picture.rgba, before[0])
    np.testing.assert_array_equal(picture.depth, before[1])


def test_that_a_mesh_without_triangles_is_an_empty_picture(renderer):
    picture = renderer.render(np.zeros((0, 3)), np.zeros((0, 3), int), CAMERA, (12, 8))
    assert not picture.rgba.any() and np.isinf(picture.depth).all()


def test_that_vertices_that_are_not_known_are_not_drawn():
    vertices, faces = rectangle(2.5, 1.5, 6.5, 4.5)
    vertices[3] = np.nan
    picture = create_renderer("raster").render(vertices, faces, CAMERA, (12, 8))
    assert 0 < covered(picture).sum() < 12


def test_that_triangles_and_colours_that_do_not_fit_are_refused(renderer):
    vertices, faces = rectangle(2.5, 1.5, 6.5, 4.5)
    with pytest.raises(ValueError, match="do not exist"):
        renderer.render(vertices, faces + 1, CAMERA, (12, 8))
    with pytest.raises(ValueError, match="Colours have the shape"):
        renderer.render(vertices, faces, CAMERA, (12, 8), np.zeros((3, 3), np.uint8))


def test_that_an_unknown_renderer_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match="'vulkan': choose one of raster, pyrender"):
        create_renderer("vulkan")


def test_that_closing_one_renderer_leaves_another_at_work(both):
    other = create_renderer("pyrender")
    other.render(*rectangle(2.5, 1.5, 6.5, 4.5), CAMERA, (12, 8))
    other.close()
    other.close()
    assert covered(both[1].render(*rectangle(2.5, 1.5, 6.5, 4.5), CAMERA, (12, 8))).sum() == 12
    with pytest.raises(RuntimeError, match="closed"):
        other.render(*rectangle(2.5, 1.5, 6.5, 4.5), CAMERA, (12, 8))


def test_that_pyrender_lives_in_one_thread(both):
    errors = []

    def draw() -> None:
        try:
            both[1].render(*rectangle(2.5, 1.5, 6.5, 4.5), CAMERA, (12, 8))
        except RuntimeError as error:
            errors.append(str(error))

    thread = threading.Thread(target=draw)
    thread.start()
    thread.join()
    assert errors == ["A pyrender renderer may only be used in the thread that made it."]


def test_that_missing_egl_is_said_in_a_sentence():
    code = (
        "import os; os.environ['PYOPENGL_PLATFORM'] = 'egl'; os.environ['EGL_DEVICE_ID'] = '97'\n"
        "from render.mesh import create_renderer, RendererUnavailable\n"
        "try:\n    create_renderer('pyrender')\n"
        "except RendererUnavailable as error:\n    assert 'choose the raster renderer' in str(error); raise SystemExit(7)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2]).returncode == 7


def test_that_the_interface_costs_the_window_no_compiler():
    code = "import sys, render.mesh; assert not {'numba', 'pyrender', 'OpenGL'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_that_functions_are_compiled_where_no_cache_can_be_kept():
    scope: dict[str, object] = {}
    exec("def double(x):\n    return 2 * x", scope)  # has no file, so numba finds no place for a cache
    assert compiled(scope["double"])(21) == 42
