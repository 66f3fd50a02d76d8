"""Everything that is measured of a clip at its own rate, in one place: what events are located on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.skeletons import OPENPOSE_BODY
from core.track import HumanTrack
from core.tracks.bones import bone_lengths, bone_vectors
from core.tracks.drift import change, colour_drift, size_drift, steps
from core.tracks.edits import crossfade, cut, flicker
from core.tracks.flips import FlipTracks
from core.tracks.footing import footing
from core.tracks.hinges import hinges
from core.tracks.joints import JOINTS, JointMotion, half_window, joint_motion, running_median, running_quantile
from core.tracks.limb_pictures import limb_pictures
from core.tracks.order import one_scale, order
from core.tracks.pace import pace
from core.tracks.pixels.colours import PARTS
from core.tracks.pixels.measure import PixelTracks
from core.tracks.root import camera_steps, root, still_paths
from core.tracks.sides import body_swap, sides
from core.tracks.spikes import spikes
from core.tracks.surprise import surprise
from core.tracks.trembling import trembling

_TRUNK = [JOINTS.index(f"{side}_{name}") for name in ("shoulder", "hip") for side in ("left", "right")]
_KEYPOINT = [OPENPOSE_BODY.index(name) for name in JOINTS]
_LEAST_FLOW = 0.002  # body heights: flow below it is noise
_TRUNK_COLOUR = PARTS.index("trunk")
_LEAST_TURN = 0.5  # pixels: slower flow has no direction
_ANKLES = [JOINTS.index(f"{side}_ankle") for side in ("left", "right")]
_BELIEVED = 0.5  # support of the camera's motion, above which its zoom is taken out of the body's size
_TURN_AROUND = 12  # frames on either side, whose flow is the usual


@dataclass(frozen=True, eq=False)
class LocalTracks:
    """Measurements over T frames; float arrays [T], [T, J] (order `joints.JOINTS`), [T, 8] (`bones.BONES`), [T, 4] or [T, 6].

    Lengths are body heights, times seconds. A value at t that speaks of a step means the step from frame t-1 to t. NaN is unknown: no body,
    a joint not seen well enough, a step over a cut, or, for all that needs the pictures, no pictures. Higher is always more unusual, unless
    said otherwise; "ordinary" gives what real clips reach.

    What to trust
      confidence [T, J]         visibility of the joint, 0..1
      sharpness                 of the person's picture over that of the second around it: below 0.6 it is blurred
      flip                      how far the body found in the mirrored picture is from the body, mirrored back (median joint, body heights);
                                ordinary below 0.03, NaN where nobody looked (`flips`)
    Joints
      joint_speed [T, J]        in the picture, a second
      joint_space_speed [T, J]  relative to the hips in space, a second
      joint_acceleration [T, J] change of the velocity in the picture, a second squared
      joint_jump [T, J]         part of the step in the picture that the motion around does not explain (`spikes`), body heights; the
                                camera's motion removed
      joint_jump_score [T, J]   the same over what is usual around it
      joint_space_jump, joint_space_jump_score [T, J]   both in space
      trembling [T, J]          how far it trembles, body heights, as far as the optical flow under it agrees (`trembling`; pictures)
      trembling_score [T, J]    the same over what is ordinary for joints that move as fast; ordinary below 1
      joint_off_flow [T, J]     distance of the joint's step from the optical flow under it, body heights (pictures)
    The body as a whole (`root`; the camera's motion removed where there are pictures)
      root_speed, root_jump, root_jump_score, growth, slip, foot_slip, rise
      trunk_path [T, 2]         where the middle of the trunk is, from where it was first, body heights
      footing [T, M]            what it stands on (`footing.MEASURES`)
    Shape
      bone_shown [T, 8, 2]      from the upper to the lower end of each bone in the picture, body heights, of any confidence
      bone_pointing [T, 8, 3]   the same in space, in the body's own axes (`hinges.body_axes`)
      bone_flow [T, 8, 2]       how the flow turns and stretches it since the frame before, body heights (`limb_pictures`)
      bone_leap [T, 8, 2]       what the flow leaves unexplained where it was and where it is, over what is usual around
      bone_colour [T, 8, 3]     its colour, Lab
      bone_space [T, 8]         length over its running median; ordinary 1
      bone_picture [T, 8]       length in the picture over the longest it is usually seen; ordinary at most 1.1
      bone_bump [T, 8]          log of how much longer it is for a moment than right before and after (`bones`); ordinary below 0.1
      hyperextension [T, 4]     degrees by which knees and elbows bend the wrong way (`hinges.HINGES`)
      hinge_turn [T, 4]         degrees by which the way they bend has turned, times the sine of the bend (`hinges.Hinges.turn`)
      shape_step                change of the fitted body shape since the frame before (sum of squares of the betas, root)
      size_drift                log of the size after over before, in equal poses at one place, signed; ordinary within 0.07; unknown
                                without such poses
    Sides
      swap                      share of the step that exchanging left and right takes away; negative is ordinary, 1 is all of it
      swap_pairs [T, 6]         the same in body heights for each pair of `sides.PAIRS`
      body_swap                 body heights by which the body's step is shorter if it was its mirror image before; ordinary below 0
    Looks
      appearance_step           distance of the appearance feature from that of the frame before
      appearance_drift          of its medians half a second before and after
      colour_drift              change of the trunk's colour (a, b of Lab) from before to after; ordinary below 24 (pictures)
    Pictures (`pace`, `order`)
      change                    of the person's picture since the frame before, in grey levels
      held, regular, freeze, skip
      disorder, reversal, splice, mirror, worth
      turn_back                 0..1: the person's flow goes back the way it came, at speed; ordinary below 0.25
      unexplained               of the person's picture by the optical flow, over what is usual around; ordinary below 2
      leap                      geometric mean of that and of the same over the three steps before and after; ordinary below 2
    Editor and camera
      cut                       1 and above: a new shot begins
      crossfade                 above 1.2: the picture fades into another; real motion reaches 1.17
      flicker                   change of the light as a share
      camera_speed              of the background at the picture's middle, body heights a second
      camera_zoom               change of the log of its scale, a second
      camera_support            0..1: share of the background that follows; below 0.3 the camera's motion is a guess
    """

    duration: np.ndarray
    confidence: np.ndarray
    sharpness: np.ndarray
    flip: np.ndarray
    joint_speed: np.ndarray
    joint_space_speed: np.ndarray
    joint_acceleration: np.ndarray
    joint_jump: np.ndarray
    joint_jump_score: np.ndarray
    joint_space_jump: np.ndarray
    joint_space_jump_score: np.ndarray
    trembling: np.ndarray
    trembling_score: np.ndarray
    joint_off_flow: np.ndarray
    root_speed: np.ndarray
    root_jump: np.ndarray
    root_jump_score: np.ndarray
    growth: np.ndarray
    slip: np.ndarray
    foot_slip: np.ndarray
    rise: np.ndarray
    trunk_path: np.ndarray
    footing: np.ndarray
    bone_shown: np.ndarray
    bone_pointing: np.ndarray
    bone_flow: np.ndarray
    bone_leap: np.ndarray
    bone_colour: np.ndarray
    bone_space: np.ndarray
    bone_picture: np.ndarray
    bone_bump: np.ndarray
    hyperextension: np.ndarray
    hinge_turn: np.ndarray
    shape_step: np.ndarray
    size_drift: np.ndarray
    swap: np.ndarray
    swap_pairs: np.ndarray
    body_swap: np.ndarray
    appearance_step: np.ndarray
    appearance_drift: np.ndarray
    colour_drift: np.ndarray
    change: np.ndarray
    held: np.ndarray
    regular: np.ndarray
    freeze: np.ndarray
    skip: np.ndarray
    disorder: np.ndarray
    reversal: np.ndarray
    splice: np.ndarray
    mirror: np.ndarray
    worth: np.ndarray
    turn_back: np.ndarray
    unexplained: np.ndarray
    leap: np.ndarray
    cut: np.ndarray
    crossfade: np.ndarray
    flicker: np.ndarray
    camera_speed: np.ndarray
    camera_zoom: np.ndarray
    camera_support: np.ndarray

    def __len__(self) -> int:
        return len(self.duration)


def local_tracks(
    track: HumanTrack,
    pixels: PixelTracks | None,
    allow_many: bool = False,
    minimum_confidence: float = 0.5,
    flips: FlipTracks | None = None,
) -> LocalTracks:
    """All local tracks of a HumanTrack and the pixel and flip tracks of the same frames (None: there are no pictures, nobody looked).

    Frames that take no part in scores are no witnesses for the body; joints below the minimum confidence are unknown. Raises ValueError
    when the two are of different lengths.
    """
    if pixels is not None and len(pixels) != len(track):
        raise ValueError(f"pixel tracks of {len(pixels)} frames for a track of {len(track)} frames")
    witness = track.scored(allow_many)
    motion = joint_motion(track, witness, minimum_confidence)
    keypoints = np.where(np.isfinite(motion.image), np.asarray(track.keypoints[:, _KEYPOINT], np.float64), np.nan)
    camera = None if pixels is None else np.asarray(pixels.camera, np.float64)
    paths = still_paths(keypoints, motion.scale, camera, track.size)
    image, space = spikes(paths, motion.duration, track.times), spikes(motion.space, motion.duration, track.times)
    whole = root(motion, paths, keypoints, camera, track.times)
    bones = bone_lengths(motion, track.times)
    unasked = joint_motion(track, witness, 0.0)
    shown, pointing = bone_vectors(unasked)
    everywhere = np.where(np.isfinite(unasked.image), np.asarray(track.keypoints[:, _KEYPOINT], np.float64), np.nan)
    any_paths = still_paths(everywhere, motion.scale, camera, track.size)
    both = sides(motion.image)
    zoom = np.zeros(len(track)) if pixels is None else np.where(pixels.support > _BELIEVED, pixels.camera[:, 2], 0.0)
    known = np.isfinite(track.points3d[..., 0]) & (track.points3d_scores >= minimum_confidence) & witness[:, None]
    bends = hinges(track.points3d, known, track.times)
    betas = np.where(witness[:, None], np.asarray(track.betas, np.float64), np.nan)
    shape_step = np.full(len(track), np.nan)
    shape_step[1:] = np.linalg.norm(np.diff(betas, axis=0), axis=1)
    appearance = np.where(witness[:, None], track.features["appearance"], np.nan) if "appearance" in track.features else None
    blank = np.full(len(track), np.nan)
    found = {
        "duration": motion.duration,
        "confidence": motion.confidence,
        "flip": blank if flips is None else flips.whole,
        "joint_speed": motion.speed,
        "joint_space_speed": motion.space_step / motion.duration[:, None],
        "joint_acceleration": _acceleration(motion),
        "joint_jump": image.excess,
        "joint_jump_score": image.score,
        "joint_space_jump": space.excess,
        "joint_space_jump_score": space.score,
        "root_speed": whole.speed,
        "root_jump": whole.jump,
        "root_jump_score": whole.jump_score,
        "growth": whole.growth,
        "slip": whole.slip,
        "foot_slip": whole.foot_slip,
        "rise": whole.rise,
        "trunk_path": paths[:, _TRUNK].mean(axis=1),
        "footing": footing(any_paths, motion.scale, camera, track.times),
        "bone_shown": shown,
        "bone_pointing": pointing,
        "bone_space": bones.space,
        "bone_picture": bones.picture,
        "bone_bump": bones.bump,
        "hyperextension": bends.back,
        "hinge_turn": bends.turn,
        "shape_step": shape_step,
        "size_drift": size_drift(keypoints, np.where(witness, track.translation[:, 2], np.nan), paths[:, _ANKLES], zoom, track.times),
        "swap": both.swap,
        "swap_pairs": both.pairs,
        "body_swap": body_swap(motion.space),
        "appearance_step": blank if appearance is None else steps(appearance),
        "appearance_drift": blank if appearance is None else change(appearance, track.times),
    }
    found.update(_without_pictures(len(track)) if pixels is None else _of_pictures(track, pixels, motion, keypoints))
    found.update(limb_pictures(pixels, motion, track.times))
    found.update(_trembling(track, pixels, motion, keypoints, paths))
    return LocalTracks(**{name: np.asarray(values, np.float32) for name, values in found.items()})


def _of_pictures(track: HumanTrack, pixels: PixelTracks, motion: JointMotion, keypoints: np.ndarray) -> dict[str, np.ndarray]:
    distance = np.asarray(pixels.distance, np.float64)
    mirrored = np.asarray(pixels.mirrored[:, 0, 0], np.float64)
    cuts = cut(pixels.cut, np.where(np.isfinite(distance[:, 2]), distance[:, 2], distance[:, 0]))
    begins = cuts > 1
    distance, mirrored = _within_shots(distance, begins), np.where(begins, np.nan, mirrored)
    person = np.where(np.isfinite(distance[:, 1]), distance[:, 1], distance[:, 0])
    height = motion.scale if np.isfinite(motion.scale).any() else np.full(len(track), float(track.size[1]))
    p = pace(person[:, 0], pixels.person_flow[:, 1] / (_LEAST_FLOW * height), track.times)
    unexplained, leap = surprise(pixels.unexplained, p, track.seen(), track.times)
    o = order(person, distance[:, 0], mirrored, unexplained, track.times)
    # The flow is known from the frame before on, where the person has a place there.
    placed = np.append(np.isfinite(pixels.person_flow[1:, 0]), np.isfinite(distance[-1:, 1, 0]))
    second = half_window(track.times, 0.5) if len(track) > 1 else 2
    off_flow = np.full(keypoints.shape[:2], np.nan)
    off_flow[1:] = np.linalg.norm(np.diff(keypoints, axis=0) - pixels.joint_flow[1:], axis=-1) / height[1:, None]
    sharpness = np.asarray(pixels.sharpness, np.float64)
    return {
        "sharpness": sharpness / np.maximum(running_median(sharpness[:, None], second)[:, 0], 1e-6),
        "joint_off_flow": off_flow,
        # Which side of the trunk is shown a joint that is hidden tells as well.
        "colour_drift": colour_drift(
            pixels.colours[:, _TRUNK_COLOUR], np.delete(pixels.colours, _TRUNK_COLOUR, axis=1), track.keypoints[:, _KEYPOINT], track.times
        ),
        "change": person[:, 0],
        "held": p.held,
        "regular": p.regular,
        "freeze": p.freeze,
        "skip": p.skip,
        "turn_back": _turn_back(pixels),
        "disorder": np.where(one_scale(placed), o.disorder, np.nan),
        "reversal": o.reversal,
        "splice": o.splice,
        "mirror": o.mirror,
        "worth": o.worth,
        "unexplained": unexplained,
        "leap": leap,
        "cut": cuts,
        "crossfade": crossfade(distance, pixels.light, sharpness),
        "flicker": flicker(pixels.light),
        "camera_speed": np.linalg.norm(pixels.camera[:, :2], axis=1) / height / motion.duration,
        "camera_zoom": pixels.camera[:, 2] / motion.duration,
        "camera_support": pixels.support,
    }


def _without_pictures(total: int) -> dict[str, np.ndarray]:
    alone = (
        "sharpness", "turn_back", "change", "held", "regular", "freeze", "skip", "disorder", "reversal", "splice", "mirror", "worth",
        "unexplained", "leap",
        "cut", "crossfade", "flicker", "camera_speed", "camera_zoom", "camera_support", "colour_drift",
    )  # fmt: skip
    found = {name: np.full(total, np.nan) for name in alone}
    return {**found, "joint_off_flow": np.full((total, len(JOINTS)), np.nan)}


def _trembling(
    track: HumanTrack, pixels: PixelTracks | None, motion: JointMotion, keypoints: np.ndarray, paths: np.ndarray
) -> dict[str, np.ndarray]:
    if pixels is None or len(track) < 2:
        unknown = np.full(paths.shape[:2], np.nan)
        return {"trembling": unknown, "trembling_score": unknown}
    camera = np.asarray(pixels.camera, np.float64)
    flow = np.full(paths.shape, np.nan)
    flow[1:] = (pixels.joint_flow[1:] - camera_steps(keypoints[:-1], camera[1:], track.size)) / motion.scale[1:, None, None]
    found = trembling(paths, flow, camera[:, :2] / motion.scale[:, None], track.times)
    return {"trembling": found.reach, "trembling_score": found.score}


def _within_shots(distance: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """The distances [T, 3, LAGS], unknown where a new shot begins between the two frames."""
    shot = np.cumsum(begins)
    result = distance.copy()
    for lag in range(1, distance.shape[2] + 1):
        other = np.concatenate([np.full(min(lag, len(shot)), -1), shot[:-lag]])
        result[shot != other, :, lag - 1] = np.nan
    return result


def _acceleration(motion: JointMotion) -> np.ndarray:
    """[T, J] at t from the steps into and out of t, body heights a second squared."""
    velocity = np.full(motion.image.shape, np.nan)
    velocity[1:] = np.diff(np.asarray(motion.image, np.float64), axis=0) / motion.duration[1:, None, None]
    result = np.full(motion.image.shape[:2], np.nan)
    result[1:-1] = np.linalg.norm(np.diff(velocity[1:], axis=0), axis=-1) / (0.5 * (motion.duration[1:-1] + motion.duration[2:]))[:, None]
    return result


def _turn_back(pixels: PixelTracks) -> np.ndarray:
    """[T]: minus the correlation of the person's flow in the step after with that in the step before the step into t, at speed only.

    A real turning point is slow; where time turns, the body goes back at full speed. The step itself is left out: it leads from one end of
    what was reversed to the other. (The joints' velocities tell the same less clearly.)
    """
    flow = np.asarray(pixels.person_flow[:, 0], np.float64)
    result = np.full(len(flow), np.nan)
    if len(flow) < 4:
        return result
    usual = running_quantile(flow[:, None], _TURN_AROUND, 0.6)[:, 0]
    slower = np.minimum(flow[:-2], flow[2:])
    speed = np.clip(slower / np.maximum(usual[1:-1], _LEAST_TURN), 0, 1)
    result[1:-1] = np.maximum(-np.asarray(pixels.flow_turn[2:, 1], np.float64), 0) * speed
    return result
