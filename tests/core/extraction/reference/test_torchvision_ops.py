"""Non-maximum suppression and RoIAlign in torch code. torchvision itself is not needed here."""

import torch

from core.extraction.reference.torchvision_ops import nms, roi_align

RAMP = torch.arange(6.0).repeat(4, 1)[None, None]  # value = column, 4 rows


def region(*box: float) -> torch.Tensor:
    return torch.tensor([[0.0, *box]])


def test_that_a_box_that_overlaps_a_better_one_goes() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30]])
    assert nms(boxes, torch.tensor([0.5, 0.9, 0.7]), 0.8).tolist() == [1, 2]


def test_that_overlap_equal_to_the_threshold_stays() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 5]])
    assert nms(boxes, torch.tensor([0.9, 0.5]), 0.5).tolist() == [0, 1]


def test_that_a_box_removed_by_a_better_one_removes_nothing_itself() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]])
    assert nms(boxes, torch.tensor([0.9, 0.8, 0.7]), 0.3).tolist() == [0, 2]


def test_that_boxes_without_area_stay() -> None:
    assert nms(torch.zeros(2, 4), torch.tensor([0.1, 0.2]), 0.5).tolist() == [1, 0]


def test_that_no_boxes_give_no_indices() -> None:
    kept = nms(torch.zeros(0, 4), torch.zeros(0), 0.5)
    assert kept.dtype == torch.int64 and kept.shape == (0,)


def test_that_bins_of_a_ramp_are_the_values_at_their_middles() -> None:
    # Aligned: the picture's x = 1 is half way between the feature pixels 0 and 1.
    pooled = roi_align(RAMP, region(1, 1, 5, 3), 1.0, 1, 2, 2, True)
    torch.testing.assert_close(pooled, torch.tensor([[[[1.5, 3.5]]]]))


def test_that_the_unaligned_form_lies_half_a_pixel_to_the_right() -> None:
    pooled = roi_align(RAMP, region(1, 1, 3, 3), 1.0, 1, 2, 2, False)
    torch.testing.assert_close(pooled, torch.tensor([[[[1.5, 2.5]]]]))


def test_that_the_scale_turns_picture_pixels_into_feature_pixels() -> None:
    small = roi_align(RAMP, region(1, 1, 5, 3), 1.0, 2, 2, 0, True)
    torch.testing.assert_close(roi_align(RAMP, region(16, 16, 80, 48), 1 / 16, 2, 2, 0, True), small)


def test_that_samples_far_outside_count_as_zero() -> None:
    ones = torch.ones(1, 1, 4, 4)
    # Four samples along x at -3, -2, -1 and 0 (aligned): the first two are more than one pixel outside.
    pooled = roi_align(ones, region(-3, 1, 1, 2), 1.0, 1, 1, 4, True)
    torch.testing.assert_close(pooled, torch.full((1, 1, 1, 1), 0.5))


def test_that_as_many_samples_are_taken_as_a_bin_has_pixels() -> None:
    values = torch.tensor([[0.0, 8.0, 0.0, 0.0]]).repeat(4, 1)[None, None]
    one = roi_align(values, region(0, 0, 4, 4), 1.0, 1, 1, 1, True)
    every = roi_align(values, region(0, 0, 4, 4), 1.0, 1, 1, 0, True)
    torch.testing.assert_close(one, torch.full((1, 1, 1, 1), 4.0))
    torch.testing.assert_close(every, torch.full((1, 1, 1, 1), 2.0))


def test_that_a_region_names_its_picture() -> None:
    pictures = torch.stack([torch.zeros(2, 4, 4), torch.full((2, 4, 4), 7.0)])
    regions = torch.tensor([[1.0, 1, 1, 3, 3], [0.0, 1, 1, 3, 3]])
    pooled = roi_align(pictures, regions, 1.0, 1, 1, 0, True)
    assert pooled[:, :, 0, 0].tolist() == [[7.0, 7.0], [0.0, 0.0]]
