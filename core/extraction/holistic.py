"""MediaPipe Holistic, frame by frame: 33 body points in the picture and in space, and 21 points of each hand."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import as_file, files
from types import TracebackType
from typing import Any

import numpy as np

from core.extraction.native_output import without_greetings

_BODY, _WORLD, _LEFT, _RIGHT = "pose_landmarks", "pose_world_landmarks", "left_hand_landmarks", "right_hand_landmarks"
_FRAME_MICROSECONDS = 33_333


@dataclass(frozen=True, eq=False)
class Pose:
    """One person in one frame.

    points      float32 [33, 2]  pixels, order `skeletons.BLAZEPOSE`; points outside the picture are guesses of the model
    visibility  float32 [33]     0..1
    world       float32 [33, 3]  metres, origin between the hips, x right, y down, z forward
    left_hand, right_hand  float32 [21, 2] in pixels, order `skeletons.HAND`; None when the hand was not found
    """

    points: np.ndarray
    visibility: np.ndarray
    world: np.ndarray
    left_hand: np.ndarray | None
    right_hand: np.ndarray | None


class Holistic:
    """Follows one person from frame to frame (model complexity 1, landmarks unsmoothed). One instance serves one clip.

    This is MediaPipe's own graph (`solutions.holistic`) without its face mesh, which nothing here reads: the landmarks are equal to the
    last bit, for four fifths of the time.
    """

    def __init__(self) -> None:
        with without_greetings():
            # Imported here: mediapipe takes seconds and loads native code.
            from mediapipe.framework.formats import landmark_pb2
            from mediapipe.python._framework_bindings import resource_util
            from mediapipe.python._framework_bindings.calculator_graph import CalculatorGraph

            self._parsers: dict[str, Any] = {
                name: landmark_pb2.LandmarkList if name == _WORLD else landmark_pb2.NormalizedLandmarkList
                for name in (_BODY, _WORLD, _LEFT, _RIGHT)
            }
            self._packets: dict[str, Any] = {}
            self._timestamp = 0
            # MediaPipe looks for its models below this folder.
            resource_util.set_resource_dir(str(files("mediapipe").joinpath("..").resolve()))  # type: ignore[attr-defined]
            self._graph = CalculatorGraph(graph_config=_graph_without_face())
            for name in self._parsers:
                self._graph.observe_output_stream(name, self._packets.__setitem__, True)
            self._graph.start_run(_side_packets())
            # The models are loaded on threads of the graph: wait for their greetings here. An empty picture leaves nothing to follow.
            self.find(np.zeros((64, 64, 3), np.uint8))

    def find(self, frame: np.ndarray) -> Pose | None:
        """The person in the next frame, RGB uint8 [H, W, 3]; None when there is none. Raises RuntimeError when the graph fails."""
        from mediapipe.python import packet_creator
        from mediapipe.python._framework_bindings.image_frame import ImageFormat

        self._packets.clear()
        self._timestamp += _FRAME_MICROSECONDS
        packet = packet_creator.create_image_frame(np.ascontiguousarray(frame), image_format=ImageFormat.SRGB)
        self._graph.add_packet_to_input_stream(stream="image", packet=packet.at(self._timestamp))
        self._graph.wait_until_idle()
        body, world = self._landmarks(_BODY), self._landmarks(_WORLD)
        if body is None or world is None:
            return None
        height, width = frame.shape[:2]
        # Landmarks span the picture from edge to edge; pixel 0 has its centre at 0, half a pixel inside.
        pixels = np.array([width, height], np.float32)
        left, right = self._landmarks(_LEFT), self._landmarks(_RIGHT)
        return Pose(
            points=body[:, :2] * pixels - 0.5,
            visibility=body[:, 3],
            world=world[:, :3],
            left_hand=None if left is None else left[:, :2] * pixels - 0.5,
            right_hand=None if right is None else right[:, :2] * pixels - 0.5,
        )

    def _landmarks(self, name: str) -> np.ndarray | None:
        """float32 [N, 4] (x, y, z, visibility) of one output, None when it is empty."""
        from mediapipe.python._framework_bindings import _packet_getter

        packet = self._packets.get(name)
        if packet is None or packet.is_empty():
            return None
        # packet_getter.get_proto does the same by way of a protobuf call that is deprecated and warns at every frame.
        message = self._parsers[name].FromString(_packet_getter._get_serialized_proto(packet))
        return np.array([(point.x, point.y, point.z, point.visibility) for point in message.landmark], np.float32)

    def close(self) -> None:
        self._graph.close()

    def __enter__(self) -> Holistic:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _graph_without_face() -> Any:
    """The graph of `solutions.holistic`, less the face: detector and tracker of the body, then the hands."""
    from mediapipe.framework import calculator_pb2
    from mediapipe.python._framework_bindings.validated_graph_config import ValidatedGraphConfig

    with as_file(files("mediapipe") / "modules" / "holistic_landmark" / "holistic_landmark_cpu.binarypb") as path:
        config = calculator_pb2.CalculatorGraphConfig.FromString(path.read_bytes())
    config.ClearField("type")
    nodes = [node for node in config.node if node.calculator in ("PoseLandmarkCpu", "HandLandmarksLeftAndRightCpu")]
    config.ClearField("node")
    config.node.extend(nodes)
    for streams in (config.output_stream, config.input_side_packet):
        kept = [stream for stream in streams if "FACE" not in stream]
        del streams[:]
        streams.extend(kept)
    # The graph has to be expanded as MediaPipe's own wrapper does it: given as it is, some options are lost and the landmarks differ.
    expanded = ValidatedGraphConfig()
    expanded.initialize(graph_config=config)
    return calculator_pb2.CalculatorGraphConfig.FromString(expanded.binary_config)


def _side_packets() -> dict[str, Any]:
    from mediapipe.python import packet_creator

    switches = {"smooth_landmarks": False, "enable_segmentation": False, "smooth_segmentation": False, "use_prev_landmarks": True}
    packets = {name: packet_creator.create_bool(value) for name, value in switches.items()}
    return {**packets, "model_complexity": packet_creator.create_int(1)}
