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


def save_brightest(path: Path, batch: int | str = "batch", points: int = 133, names: tuple[str, str] = ("simcc_x", "simcc_y")) -> Path:
    """A pose network of DWPose's form that sees every point at the crop's brightest column and row."""
    nodes, constants = [], {"each": np.array([1, points, 1], np.int64), "axis": np.array([1], np.int64)}
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
