"""Where the encoder looks: mean attention of each source, per clip and per class (TAG Fig. 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.evaluation.clip_names import parse_clip_name
from core.evaluation.errors import EvaluationError
from core.evaluation.files import analyses
from core.manifold import Manifold
from core.training.dataset import LabelledClip, labelled_windows

UNKNOWN = "unknown class"
_BATCH = 64


@dataclass(frozen=True)
class ClipAttention:
    """Mean attention of a clip by source; sums to 1."""

    clip: str
    action: str
    share: Mapping[str, float]


def attention_of_tracks(clips: Sequence[LabelledClip], manifold: Manifold) -> tuple[ClipAttention, ...]:
    """Mean over all whole windows of each clip. Raises EvaluationError without a window, ManifoldError when a track does not fit."""
    from core.embedding import encode, window_rows
    from core.encoder import build_encoder

    names, windows = labelled_windows(clips, manifold)
    if not len(windows):
        raise EvaluationError("Attention needs clips of at least 32 scored frames: give longer clips.")
    encoder = build_encoder(manifold)
    means = []
    for first in range(0, len(windows), _BATCH):
        index = np.arange(first, min(first + _BATCH, len(windows)))
        means.append(encode(encoder, window_rows(windows.raw(index), manifold))[2].mean(axis=1))
    alpha = np.concatenate(means).astype(np.float64)
    result = []
    for number in np.unique(windows.clip):
        mine = windows.clip == number
        share = dict(zip(manifold.source_names, alpha[mine].mean(axis=0).tolist(), strict=True))
        result.append(ClipAttention(windows.clips[number], names[windows.label[mine][0]], share))
    return tuple(result)


def attention_of_analyses(folder: Path) -> tuple[ClipAttention, ...]:
    """Mean over the known frames of every `analysis.json` below the folder; the class is the requested action or the one in the name.

    Raises EvaluationError when there is none with attention.
    """
    result = []
    for path, analysis in analyses(folder):
        clip = Path(analysis["video"]["path"]).name
        parts = parse_clip_name(clip)
        action = analysis["action"] or (parts.action if parts else UNKNOWN)
        curves = {source: np.array([np.nan if v is None else v for v in values], float) for source, values in analysis["attention"].items()}
        known = {source: float(np.nanmean(values)) for source, values in curves.items() if np.isfinite(values).any()}
        if curves and len({len(values) for values in curves.values()}) > 1:
            raise EvaluationError(f"{path} is damaged (its attention curves differ in length): analyse the video again.")
        if known:
            result.append(ClipAttention(clip, action, known))
    if not result:
        raise EvaluationError(f"{folder} holds no analysis.json with attention: run 'main.py analyze VIDEOS --out {folder}' first.")
    return tuple(result)


def attention_by_class(clips: Sequence[ClipAttention]) -> dict[str, dict[str, float]]:
    """Class -> source -> mean over the class's clips, each clip counting once; `all` is the mean over all clips and comes last.

    Raises EvaluationError when the clips were embedded with different sources.
    """
    sources = list(clips[0].share)
    for clip in clips:
        if set(clip.share) != set(sources):
            raise EvaluationError(f"'{clip.clip}' has other sources than '{clips[0].clip}': take clips of one manifold at a time.")
    groups = {action: [clip for clip in clips if clip.action == action] for action in sorted({clip.action for clip in clips})}
    groups["all"] = list(clips)

    def mean(group: Sequence[ClipAttention], source: str) -> float:
        return float(np.mean([clip.share[source] for clip in group]))

    return {action: {source: mean(group, source) for source in sources} for action, group in groups.items()}
