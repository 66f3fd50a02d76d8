"""torchvision beside a CPU build of torch.

The registry's wheel of torchvision is linked against CUDA. Beside a CPU torch its library does not load and its import ends with "operator
torchvision::nms does not exist". detectron2, mmpose and timm need its Python part and two of its operators; those two stand here.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import sys

import numpy as np
import torch

from core.extraction.reference.suppression import suppress

_NMS = "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_ROI_ALIGN = (
    "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, "
    "int sampling_ratio, bool aligned) -> Tensor"
)
# torchvision's import describes this one's result too, so that its name has to be known; nothing here calls it.
_QUANTISED_NMS = "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"

# Operators are registered for as long as this object lives.
_stand_ins: torch.library.Library | None = None


def import_torchvision() -> bool:
    """Import torchvision, whichever build it is; to be called before anything that imports it. May be called again.

    Returns whether `nms` and `roi_align` are the ones of this module (on the CPU only) because torchvision's own library does not load.
    Raises ImportError when torchvision is not installed, or, beside a CUDA build of torch, does not fit it.
    """
    global _stand_ins
    if "torchvision" in sys.modules:
        return _stand_ins is not None
    stands_in = torch.version.cuda is None and not _library_loads()
    if stands_in:
        library = torch.library.Library("torchvision", "DEF")
        for schema in (_NMS, _ROI_ALIGN, _QUANTISED_NMS):
            library.define(schema)
        library.impl("nms", nms, "CPU")
        library.impl("roi_align", roi_align, "CPU")
        _stand_ins = library
    # Its functions ask `_has_ops` before they call an operator; `roi_align` took that function by name.
    askers = [importlib.import_module(name) for name in ("torchvision.extension", "torchvision.ops.roi_align")]
    if stands_in:
        for asker in askers:
            vars(asker)["_has_ops"] = _has_operators
    return stands_in


def _has_operators() -> bool:
    return True


def _library_loads() -> bool:
    """Whether the operators that came with torchvision load into this torch."""
    package = importlib.util.find_spec("torchvision")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("No module named 'torchvision'", name="torchvision")
    library = importlib.machinery.PathFinder.find_spec("_C", list(package.submodule_search_locations))
    if library is None or library.origin is None:
        return False
    try:
        torch.ops.load_library(library.origin)
    except OSError:
        return False
    return True


def nms(dets: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Non-maximum suppression: int64 indices of the boxes [N, 4] (x0, y0, x1, y1) that are kept, best score first.

    A box goes when its intersection over union with a better one that is kept is above the threshold.
    """
    return torch.from_numpy(suppress(dets.detach().numpy(), scores.detach().numpy(), iou_threshold))


def roi_align(
    features: torch.Tensor,
    rois: torch.Tensor,
    spatial_scale: float,
    pooled_height: int,
    pooled_width: int,
    sampling_ratio: int,
    aligned: bool,
) -> torch.Tensor:
    """RoIAlign (He et al. 2017): the mean of bilinear samples in each of the bins of each region, [K, C, pooled_height, pooled_width].

    features [N, C, H, W]; rois [K, 5] hold the index of the picture and x0, y0, x1, y1 in picture pixels. A bin takes `sampling_ratio`
    samples along each axis, or as many as it has feature pixels where that is 0 or less. `aligned` shifts by half a feature pixel. The
    samples form a grid, therefore the mean is a product with one weight matrix per axis.
    """
    count, channels, height, width = len(rois), *features.shape[1:]
    pooled = features.new_zeros((count, channels, pooled_height, pooled_width))
    offset = 0.5 if aligned else 0.0
    bounds = rois[:, 1:] * spatial_scale - offset
    for k in range(count):
        x0, y0, x1, y1 = bounds[k].tolist()
        rows, first_row = _axis_weights(y0, y1, pooled_height, height, sampling_ratio, aligned)
        columns, first_column = _axis_weights(x0, x1, pooled_width, width, sampling_ratio, aligned)
        part = features[int(rois[k, 0]), :, first_row : first_row + rows.shape[1], first_column : first_column + columns.shape[1]]
        pooled[k] = torch.from_numpy(rows).to(features.dtype) @ part @ torch.from_numpy(columns.T).to(features.dtype)
    return pooled


def _axis_weights(start: float, stop: float, bins: int, size: int, sampling_ratio: int, aligned: bool) -> tuple[np.ndarray, int]:
    """Weights float64 [bins, S] of S neighbouring feature pixels in each bin of one axis, and the first of these pixels."""
    length = stop - start if aligned else max(stop - start, 1.0)
    samples = sampling_ratio if sampling_ratio > 0 else int(np.ceil(length / bins))
    if samples < 1:
        return np.zeros((bins, 1)), 0
    at = start + (np.arange(bins)[:, None] + (np.arange(samples) + 0.5) / samples) * (length / bins)
    # A sample more than one pixel outside counts as zero; one at the rim takes the rim's value.
    share = ((at >= -1.0) & (at <= size)) / samples
    at = np.clip(at, 0, size - 1)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, size - 1)
    first = int(low.min())
    weights = np.zeros((bins, int(high.max()) - first + 1))
    row = np.broadcast_to(np.arange(bins)[:, None], at.shape)
    np.add.at(weights, (row, low - first), share * (1 - (at - low)))
    np.add.at(weights, (row, high - first), share * (at - low))
    return weights, first
