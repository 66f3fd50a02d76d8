"""A body model through the package smplx, for gradients and batches. Imports torch: the window uses `core.body` instead."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import torch
from smplx import SMPL
from smplx.utils import Struct

from core.body import SHAPES, BodyModel

# smplx wants vertices of the face; SMPL's own (smplx.vertex_ids) are meant for a mesh of 6890 vertices.
_SMPLX_NAMES = {"nose": "nose", "leye": "left_eye", "reye": "right_eye", "lear": "left_ear", "rear": "right_ear"}


def load_smplx(body: BodyModel) -> SMPL:
    """The model as an smplx.SMPL module, to be called with rotation matrices.

    `out = model(global_orient=[B,1,3,3], body_pose=[B,23,3,3], betas=[B,10], transl=[B,3], pose2rot=False)` gives `out.vertices` [B,V,3]
    and `out.joints[:, :24]`.
    """
    count = len(body.v_template)
    posedirs = body.posedirs if body.posedirs is not None else np.zeros((count, 3, 207), np.float32)
    data: dict[str, Any] = {
        "v_template": body.v_template,
        "shapedirs": body.shapedirs,
        "posedirs": posedirs,
        "J_regressor": body.J_regressor,
        "weights": body.weights,
        "f": body.faces.astype(np.int64),
        "kintree_table": np.stack([np.where(body.parents < 0, 0, body.parents), np.arange(len(body.parents))]).astype(np.int64),
    }
    vertex_ids = {short: int(body.landmarks.get(name, 0)) for short, name in _SMPLX_NAMES.items()} if body.landmarks else None
    # smplx warns on stdout that it keeps ten shape directions, which is what we give it.
    with contextlib.redirect_stdout(io.StringIO()):
        model = SMPL(
            "",
            data_struct=Struct(**data),
            vertex_ids=vertex_ids,
            num_betas=SHAPES,
            use_hands=False,
            use_feet_keypoints=False,
            dtype=torch.float32,
        )
    return model.eval().requires_grad_(False)
