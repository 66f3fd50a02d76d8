"""Small ONNX networks whose answers are known."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Shape = Sequence[int | str | None]


def save_network(
    path: Path, nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray], inputs: dict[str, Shape], outputs: dict[str, Shape]
) -> Path:
    values = [[helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in some.items()] for some in (inputs, outputs)]
    graph = helper.make_graph(nodes, "small", *values, [numpy_helper.from_array(array, name) for name, array in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def save_brightest(
    path: Path, batch: int | str = "batch", points: int = 133, names: tuple[str, str] = ("simcc_x", "simcc_y"), padding: int = 0
) -> Path:
    """A pose network of DWPose's form that sees every point at the crop's brightest column and row.

    padding: bytes of weights that nothing uses, which make the file as big as a real one.
    """
    nodes, constants = [], {"each": np.array([1, points, 1], np.int64), "axis": np.array([1], np.int64)}
    if padding:
        constants["padding"] = np.zeros(padding // 4, np.float32)
    for name, axes, length in ((names[0], [1, 2], 288), (names[1], [1, 3], 384)):
        # Pixel k becomes bin 2 k.
        constants[f"{name}_bins"] = np.kron(np.eye(length), [1, 0]).astype(np.float32)
        nodes += [
            helper.make_node("ReduceMax", ["image"], [f"{name}_light"], axes=axes, keepdims=0),
            helper.make_node("MatMul", [f"{name}_light", f"{name}_bins"], [f"{name}_row"]),
            helper.make_node("Unsqueeze", [f"{name}_row", "axis"], [f"{name}_one"]),
            helper.make_node("Tile", [f"{name}_one", "each"], [name]),
        ]
    outputs: dict[str, Shape] = {names[0]: [batch, points, 576], names[1]: [batch, points, 768]}
    return save_network(path, nodes, constants, {"image": [batch, 3, 384, 288]}, outputs)


def save_yolox(path: Path, rows: np.ndarray, batch: int | str = 1, side: int = 640) -> Path:
    """A detector of YOLOX's form that answers `rows` [L, 85], and the blue of the top left pixel (0..1) as the first one's person score."""
    place = np.zeros((1, *rows.shape), np.float32)
    place[0, 0, 5] = 1 / 255
    constants = {
        "rows": rows[None].astype(np.float32),
        "place": place,
        "starts": np.zeros(3, np.int64),
        "stops": np.ones(3, np.int64),
        "axes": np.array([1, 2, 3], np.int64),
        "flat": np.array([-1, 1, 1], np.int64),
    }
    nodes = [
        helper.make_node("Slice", ["images", "starts", "stops", "axes"], ["corner"]),
        helper.make_node("Reshape", ["corner", "flat"], ["blue"]),
        helper.make_node("Mul", ["blue", "place"], ["score"]),
        helper.make_node("Add", ["score", "rows"], ["output"]),
    ]
    return save_network(path, nodes, constants, {"images": [batch, 3, side, side]}, {"output": [batch, *rows.shape]})


SIDE = 320
_PLACES = (SIDE // 8) ** 2 + (SIDE // 16) ** 2 + (SIDE // 32) ** 2


def save_signalled(path: Path, boxes: np.ndarray, size: tuple[int, int], padding: int = 0) -> Path:
    """A detector of YOLOX's form that finds up to three persons, boxes [N, 4], in pictures of `size`.

    The n-th one is there where the picture's top left corner is blue, green, red (mixed: several). padding: bytes of weights that nothing
    uses, which make the file as big as a real one.
    """
    scale = min(SIDE / size[0], SIDE / size[1])
    rows, signals = np.zeros((1, _PLACES, 85), np.float32), np.zeros((3, _PLACES * 85), np.float32)
    for n, (x0, y0, x1, y1) in enumerate(np.asarray(boxes, np.float64) * scale / 8):
        rows[0, n, :5] = (x0 + x1) / 2 - n, (y0 + y1) / 2, np.log(x1 - x0), np.log(y1 - y0), 1
        signals[n, n * 85 + 5] = 1 / 255
    constants = {
        "rows": rows,
        "signals": signals,
        "shape": np.array(rows.shape, np.int64),
        "starts": np.zeros(2, np.int64),
        "stops": np.full(2, 6, np.int64),
        "axes": np.array([2, 3], np.int64),
    }
    if padding:
        constants["padding"] = np.zeros(padding // 4, np.float32)
    nodes = [
        helper.make_node("Slice", ["images", "starts", "stops", "axes"], ["corner"]),
        helper.make_node("ReduceMean", ["corner"], ["colour"], axes=[2, 3], keepdims=0),
        helper.make_node("MatMul", ["colour", "signals"], ["flat"]),
        helper.make_node("Reshape", ["flat", "shape"], ["persons"]),
        helper.make_node("Add", ["persons", "rows"], ["output"]),
    ]
    return save_network(path, nodes, constants, {"images": [1, 3, SIDE, SIDE]}, {"output": list(rows.shape)})


def save_light_finder(path: Path) -> Path:
    """A detector of YOLOX's form that takes what is bright in a picture for one person."""
    constants = {
        "half": np.array(128, np.float32),
        "two": np.array(2, np.float32),
        "side": np.array(SIDE, np.float32),
        "cell": np.array(8, np.float32),
        "surely": np.array([[1, 1] + [0] * 79], np.float32),
        "shape": np.array([1, 1, 85], np.int64),
        "others": np.zeros((1, _PLACES - 1, 85), np.float32),
    }
    nodes = [helper.make_node("Greater", ["images", "half"], ["bright"]), helper.make_node("Cast", ["bright"], ["light"], to=1)]
    for name, axes in (("x", [1, 2]), ("y", [1, 3])):
        nodes += [
            helper.make_node("ReduceMax", ["light"], [f"{name}_row"], axes=axes, keepdims=0),
            helper.make_node("ArgMax", [f"{name}_row"], [f"{name}_place"], axis=1, keepdims=1),
            helper.make_node("Cast", [f"{name}_place"], [f"{name}_first"], to=1),
            helper.make_node("ReduceMean", [f"{name}_row"], [f"{name}_share"], axes=[1], keepdims=1),
            helper.make_node("Mul", [f"{name}_share", "side"], [f"{name}_length"]),
            helper.make_node("Div", [f"{name}_length", "two"], [f"{name}_half"]),
            helper.make_node("Add", [f"{name}_first", f"{name}_half"], [f"{name}_middle"]),
            helper.make_node("Div", [f"{name}_middle", "cell"], [f"{name}_cells"]),
            helper.make_node("Div", [f"{name}_length", "cell"], [f"{name}_lengths"]),
            helper.make_node("Log", [f"{name}_lengths"], [f"{name}_log"]),
        ]
    nodes += [
        helper.make_node("Concat", ["x_cells", "y_cells", "x_log", "y_log", "surely"], ["row"], axis=1),
        helper.make_node("Reshape", ["row", "shape"], ["person"]),
        helper.make_node("Concat", ["person", "others"], ["output"], axis=1),
    ]
    return save_network(path, nodes, constants, {"images": [1, 3, SIDE, SIDE]}, {"output": [1, _PLACES, 85]})
