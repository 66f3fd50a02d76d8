"""Whether what a file holds is a certain model: by the names and shapes of its arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.body import SHAPES
from core.user_models import layouts
from core.user_models.contents import Contents
from core.user_models.layouts import Shapes

_OPEN = -1  # a size that an ONNX file leaves open
_BODY_ARRAYS = ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "f", "kintree_table")
_OF_KIND = {
    "torch": "it is a checkpoint of PyTorch",
    "pickle": "it is a pickle of arrays",
    "npz": "it is an npz file",
    "onnx": "it is an ONNX network",
}


def _lacking(found: Shapes, wanted: Mapping[str, tuple[int, ...]]) -> str:
    """In which way arrays are missing or have another shape, as a part of a sentence; empty when they are all there."""
    missing = [name for name in wanted if name not in found]
    if len(missing) == len(wanted):
        return "it holds none of the arrays of that network"
    if missing:
        return f"it lacks {len(missing)} of {len(wanted)} arrays, the first is {missing[0]}"
    other = [name for name, shape in wanted.items() if found[name] != shape]
    if other:
        return f"{other[0]} has the shape {_sizes(found[other[0]])} instead of {_sizes(wanted[other[0]])}"
    return ""


def _sizes(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in shape) or "of one number"


def _arrays(kind: str, entry: str, layout: Callable[[], Shapes]) -> Callable[[Contents], str]:
    """The check of arrays by name and shape in one entry of a file of this kind."""

    def misfit(contents: Contents) -> str:
        if contents.kind != kind:
            return _OF_KIND[contents.kind]
        return _lacking(contents.shapes, {f"{entry}/{name}": shape for name, shape in layout().items()})

    return misfit


def _onnx(fits: Callable[[dict[str, tuple[int, ...]], dict[str, tuple[int, ...]]], bool], what: str) -> Callable[[Contents], str]:
    def misfit(contents: Contents) -> str:
        if contents.kind != "onnx":
            return _OF_KIND[contents.kind]
        sides = [{n: shape for n, shape in contents.shapes.items() if n.startswith(side)} for side in ("input/", "output/")]
        return "" if fits(*sides) else f"it is a network without {what}"

    return misfit


def _is_picture(inputs: Shapes) -> bool:
    """One input [N, 3, height, width]."""
    shapes = list(inputs.values())
    return len(shapes) == 1 and len(shapes[0]) == 4 and shapes[0][1] in (3, _OPEN)


def _gives_simcc(inputs: Shapes, outputs: Shapes) -> bool:
    return _is_picture(inputs) and outputs.keys() >= {"output/simcc_x", "output/simcc_y"}


def _gives_boxes(inputs: Shapes, outputs: Shapes) -> bool:
    """One output [N, places, 4 edges + 1 + 80 classes]."""
    shapes = list(outputs.values())
    # Some exporters leave out the shape of what a network gives.
    return _is_picture(inputs) and len(shapes) == 1 and (not shapes[0] or (len(shapes[0]) == 3 and shapes[0][2] in (85, _OPEN)))


def _body(contents: Contents) -> str:
    """SMPL by the shapes of its arrays; its relatives have other joints."""
    if contents.kind not in ("npz", "pickle"):
        return _OF_KIND[contents.kind]
    found = contents.shapes
    missing = [
        name for name in ("v_template", "shapedirs", "posedirs", "J_regressor", "weights", "f", "kintree_table") if name not in found
    ]
    if missing:
        return f"it has no {missing[0]}"
    joints = found["weights"][-1] if found["weights"] else 0
    if joints != 24:
        return f"it has {joints} joints instead of SMPL's 24, as SMPL-H and SMPL-X have more"
    if found["shapedirs"][-1:] < (SHAPES,):
        return f"it has fewer than {SHAPES} shapes"
    return ""


# Key of a model -> why a file is not that model, as a part of a sentence; empty when it is.
MISFITS: dict[str, Callable[[Contents], str]] = {
    "tokenhmr": _arrays("torch", "state_dict", layouts.tokenhmr),
    "tokenizer": _arrays("torch", "net", layouts.tokenizer),
    "detectron": _arrays("pickle", "model", layouts.faster_rcnn),
    "dwpose-onnx": _onnx(_gives_simcc, "the outputs simcc_x and simcc_y"),
    "dwpose-pth": _arrays("torch", "state_dict", layouts.rtmpose),
    "yolox": _onnx(_gives_boxes, "YOLOX's one output of 85 columns"),
    "smpl": _body,
}
