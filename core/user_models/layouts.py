"""The arrays that the networks of others are known by: names and shapes, without loading any of them.

Facts from the networks themselves: TokenHMR (ViT-H backbone, token head), its tokenizer, Detectron2's faster_rcnn_X_101_32x8d_FPN_3x, and
mmpose's RTMPose-l for 133 points at 384 x 288.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

Shapes = dict[str, tuple[int, ...]]


@cache
def tokenhmr() -> Shapes:
    """The 563 tensors of TokenHMR; about 686 million numbers."""
    return dict([*_backbone(1280, 5120, 32), *_head(1024, 512, 1280), *_classifier(160, 64, 256, 2048)])


@cache
def tokenizer() -> Shapes:
    """What TokenHMR uses of its tokenizer: the decoder and the codebook."""
    found: Shapes = {"quantizer.codebook": (2048, 256)}
    widths = {"0": (512, 256, 3), **{str(n): (512, 512, 3) for n in (3, 6, 9, 12)}, "15": (6, 512, 3), "14.1": (512, 512, 3)}
    for block in (0, 1):
        widths |= {f"14.0.model.{block}.conv1": (512, 512, 3), f"14.0.model.{block}.conv2": (512, 512, 1)}
    for name, shape in widths.items():
        found |= _affine(f"decoder.decoder.{name}", *shape)
    return found


@cache
def faster_rcnn() -> Shapes:
    """The 550 tensors of a Faster R-CNN on ResNeXt-101 (32 groups of 8) with a feature pyramid, for 80 classes."""
    found = dict(_normed("backbone.bottom_up.stem.conv1", 64, 3, 7, 7))
    before = 64
    for stage, (blocks, width) in enumerate(((3, 256), (4, 512), (23, 1024), (3, 2048)), 2):
        for block in range(blocks):
            name, out = f"backbone.bottom_up.res{stage}.{block}", 256 << (stage - 2)
            if block == 0:
                found |= _normed(f"{name}.shortcut", out, before, 1, 1)
            found |= _normed(f"{name}.conv1", width, before, 1, 1)
            found |= _normed(f"{name}.conv2", width, width // 32, 3, 3)
            found |= _normed(f"{name}.conv3", out, width, 1, 1)
            before = out
        found |= _affine(f"backbone.fpn_lateral{stage}", 256, before, 1, 1)
        found |= _affine(f"backbone.fpn_output{stage}", 256, 256, 3, 3)
    heads: Shapes = {
        "proposal_generator.rpn_head.conv": (256, 256, 3, 3),
        "proposal_generator.rpn_head.objectness_logits": (3, 256, 1, 1),
        "proposal_generator.rpn_head.anchor_deltas": (12, 256, 1, 1),
        "roi_heads.box_head.fc1": (1024, 256 * 7 * 7),
        "roi_heads.box_head.fc2": (1024, 1024),
        "roi_heads.box_predictor.cls_score": (81, 1024),
        "roi_heads.box_predictor.bbox_pred": (320, 1024),
    }
    for name, shape in heads.items():
        found |= _affine(name, *shape)
    return found


@cache
def rtmpose() -> Shapes:
    """What tells RTMPose-l with 133 points at 384 x 288 from its relatives: the first layer and the whole head."""
    return {
        "backbone.stem.0.conv.weight": (32, 3, 3, 3),
        **_affine("head.final_layer", 133, 1024, 7, 7),
        "head.mlp.0.g": (1,),
        "head.mlp.1.weight": (256, 108),
        "head.cls_x.weight": (576, 256),
        "head.cls_y.weight": (768, 256),
    }


def _affine(name: str, *shape: int) -> Shapes:
    """A weight and its bias."""
    return {f"{name}.weight": shape, f"{name}.bias": shape[:1]}


def _normed(name: str, *shape: int) -> Shapes:
    """A convolution without bias, and its normalisation."""
    return {f"{name}.weight": shape, **{f"{name}.norm.{part}": shape[:1] for part in ("weight", "bias", "running_mean", "running_var")}}


def _backbone(width: int, inner: int, blocks: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "backbone.pos_embed", (1, 193, width)
    yield from _affine("backbone.patch_embed.proj", width, 3, 16, 16).items()
    for block in range(blocks):
        name = f"backbone.blocks.{block}"
        yield from _affine(f"{name}.norm1", width).items()
        yield from _affine(f"{name}.attn.qkv", 3 * width, width).items()
        yield from _affine(f"{name}.attn.proj", width, width).items()
        yield from _affine(f"{name}.norm2", width).items()
        yield from _affine(f"{name}.mlp.fc1", inner, width).items()
        yield from _affine(f"{name}.mlp.fc2", width, inner).items()
    yield from _affine("backbone.last_norm", width).items()


def _head(width: int, inner: int, context: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Cross-attention from one token to the picture, and what is read from it."""
    yield from {"smpl_head.init_body_pose": (1, 144), "smpl_head.init_betas": (1, 10), "smpl_head.init_cam": (1, 3)}.items()
    yield "smpl_head.transformer.pos_embedding", (1, 1, width)
    yield from _affine("smpl_head.transformer.to_token_embedding", width, 1).items()
    for layer in range(6):
        name = f"smpl_head.transformer.transformer.layers.{layer}"
        for part in range(3):
            yield from _affine(f"{name}.{part}.norm", width).items()
        yield f"{name}.0.fn.to_qkv.weight", (3 * inner, width)
        yield f"{name}.1.fn.to_kv.weight", (2 * inner, context)
        yield f"{name}.1.fn.to_q.weight", (inner, width)
        for part in range(2):
            yield from _affine(f"{name}.{part}.fn.to_out.0", width, inner).items()
        for part in (0, 3):
            yield from _affine(f"{name}.2.fn.net.{part}", width, width).items()
    for name, size in {"decpose_grot": 6, "decshape": 10, "deccam": 3, "decpose_hands": 12}.items():
        yield from _affine(f"smpl_head.{name}", size, width).items()


def _classifier(tokens: int, width: int, inner: int, classes: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The mixer that chooses a class for each pose token."""
    name = "smpl_head.decpose"
    yield from _affine(f"{name}.mixer_trans.ff.0", tokens * width, 1024).items()
    yield from _affine(f"{name}.mixer_trans.ff.1", tokens * width).items()
    for block in range(4):
        part = f"{name}.mixer_head.{block}"
        for norm in (1, 2):
            yield from _affine(f"{part}.layernorm{norm}", width).items()
        for mixer, outside, inside in (("MLP_token", tokens, width), ("MLP_channel", width, inner)):
            yield from _affine(f"{part}.{mixer}.ff.0", inside, outside).items()
            yield from _affine(f"{part}.{mixer}.ff.3", outside, inside).items()
    for layer, shape in {"ff.0": (width, width), "ff.1": (width,)}.items():
        yield from _affine(f"{name}.mixer_norm_layer.{layer}", *shape).items()
    yield from _affine(f"{name}.class_pred_layer", classes, width).items()
