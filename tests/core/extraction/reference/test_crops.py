import zlib

import numpy as np
import pytest
import scipy.ndimage

from core.extraction.reference.crops import camera_to_frame, crop_person

MEAN = 255 * np.array((0.485, 0.456, 0.406))
STD = 255 * np.array((0.229, 0.224, 0.225))


def levels(crop):
    """The grey levels [256, 256, 3] of a crop, before they were normalised."""
    return crop.image.transpose(1, 2, 0).astype(float) * STD + MEAN


@pytest.mark.parametrize("case", [1, 2])
def test_that_a_crop_is_the_one_of_the_authors(shared, case):
    recorded = np.load(shared / "oracle" / "tokenhmr" / f"preprocess_case{case}.npz")
    crop = crop_person(np.ascontiguousarray(recorded["image_bgr"][:, :, ::-1]), recorded["box_xyxy"])
    np.testing.assert_allclose(crop.image, recorded["img"], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(crop.center, recorded["box_center"])
    assert crop.size == recorded["box_size"]
    assert (crop.image.dtype, crop.image.flags.c_contiguous) == (np.float32, True)


@pytest.mark.parametrize(
    ("box", "checksum"),
    [
        ((82.93241119384766, -63.702606201171875, 487.2248840332031, 143.95944213867188), "e04cf87e"),
        ((-43.27, 172.93, -1.08, 328.47), "72f285c6"),
        ((255.87, -3.8, 445.17, 273.67), "3f44cf43"),
        ((84.3, 39.9, 480.7, 378.5), "d984be67"),
    ],
)
def test_that_every_grey_level_is_that_of_opencv_4(box, checksum):
    # The checksums are those of cv2.warpAffine in OpenCV 4.11.0, on the same matrix; OpenCV 5 gives others.
    picture = np.random.default_rng(3).integers(0, 256, (400, 500, 3), np.uint8)
    shown = np.rint(levels(crop_person(picture, np.array(box)))).astype(np.uint8)
    assert f"{zlib.crc32(shown.tobytes()):08x}" == checksum


@pytest.mark.parametrize("case", [1, 2])
def test_that_the_camera_of_the_frame_is_the_one_of_the_authors(shared, case):
    recorded = np.load(shared / "oracle" / "tokenhmr" / f"preprocess_case{case}.npz")
    width, height = (int(side) for side in recorded["img_size"])
    translation, focal = camera_to_frame(recorded["pred_cam"][None], recorded["box_center"], float(recorded["box_size"]), (width, height))
    np.testing.assert_allclose(translation[0], recorded["cam_crop_to_full"], rtol=0, atol=1e-4)
    assert focal == recorded["scaled_focal_length"]


def test_that_several_cameras_are_carried_over_at_once():
    cameras, centers = np.array([(0.9, 0.1, 0.2), (1.1, 0, 0)]), np.array([(100, 50), (320, 240)])
    together, focal = camera_to_frame(cameras, centers, np.array([200.0, 300.0]), (640, 480))
    for index, size in enumerate((200.0, 300.0)):
        alone, _ = camera_to_frame(cameras[index : index + 1], centers[index], size, (640, 480))
        np.testing.assert_array_equal(together[index], alone[0])
    # A person in the middle of the frame: no shift, and a body of 2 / scale metres fills the square.
    np.testing.assert_allclose(together[1], (0, 0, focal * (2 / 1.1) / 300), rtol=1e-6)
    assert together.dtype == np.float32


def test_that_a_square_of_256_pixels_is_taken_over_as_it_is():
    picture = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
    crop = crop_person(picture, np.array([40, 20, 232, 276]))
    assert (crop.size, crop.center.tolist()) == (256, [136, 148])
    np.testing.assert_array_equal(np.rint(levels(crop)), picture[20:276, 8:264])


def test_that_a_wide_box_sets_the_size_by_its_width():
    crop = crop_person(np.zeros((300, 400, 3), np.uint8), np.array([10, 100, 310, 200]))
    assert (crop.size, crop.center.tolist()) == (400, [160, 150])


def test_that_outside_of_the_picture_is_black():
    crop = crop_person(np.full((100, 100, 3), 200, np.uint8), np.array([-50, 0, 50, 100]))
    np.testing.assert_allclose(levels(crop)[:, :100], 0, atol=1e-4)
    np.testing.assert_allclose(levels(crop)[40:-40, 135:], 200, atol=1e-4)
    for box in ([1000, 0, 1100, 100], [0, -3000, 1000, -2000]):
        np.testing.assert_allclose(levels(crop_person(np.full((100, 100, 3), 200, np.uint8), np.array(box))), 0, atol=1e-4)


@pytest.mark.parametrize("box", [[100, -30, 500, 994], [-200, 300, 700, 1500], [200, 150, 1100, 500]])
def test_that_large_boxes_are_blurred_as_the_whole_frame_would_be(box):
    picture = np.random.default_rng(1).integers(0, 256, (720, 1280, 3), np.uint8)
    crop = crop_person(picture, np.array(box))
    sigma = (crop.size / 512 - 1) / 2
    whole = scipy.ndimage.gaussian_filter(picture.astype(float), (sigma, sigma, 0), mode="nearest", truncate=4)
    # Points on whole 32nds of a pixel, where linear interpolation needs no rounding.
    for row, column in ((0, 0), (128, 128), (64, 192), (255, 130)):
        x, y = (crop.center[axis] + (place - 128) * crop.size / 256 for axis, place in ((0, column), (1, row)))
        x, y = np.floor(x * 32 + 0.5) / 32, np.floor(y * 32 + 0.5) / 32
        expected = [scipy.ndimage.map_coordinates(whole[:, :, c], [[y], [x]], order=1, mode="grid-constant")[0] for c in range(3)]
        np.testing.assert_allclose(levels(crop)[row, column], expected, atol=1e-3)


def test_that_boxes_up_to_a_threshold_stay_sharp():
    picture = np.zeros((800, 800, 3), np.uint8)
    picture[::2] = 255
    sharp, blurred = (levels(crop_person(picture, np.array([100, 100, 200, 100 + side]))) for side in (563, 564))
    # Interpolation between bytes gives whole grey levels, blurred pixels have fractions.
    assert np.abs(sharp - np.rint(sharp)).max() < 1e-3
    assert np.abs(blurred - np.rint(blurred)).max() > 0.1


@pytest.mark.parametrize("box", [[10, 10, 10, 50], [10, 50, 40, 10], [np.nan, 0, 10, 10], [0, 0, 10]])
def test_that_a_box_without_extent_is_refused(box):
    with pytest.raises(ValueError, match="A person's box needs four edges"):
        crop_person(np.zeros((50, 50, 3), np.uint8), np.array(box))
