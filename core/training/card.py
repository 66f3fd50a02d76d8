"""The model card in Markdown: what a manifold is, how it was made, how good it is on motion it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.evaluation.agreement import spearman
from core.manifold import Manifold
from core.training.dataset import LabelledClip
from core.training.distortions import ASYMMETRIC
from core.training.foreign import TRAINED
from core.training.trainer import TrainSettings

_TITLES = {"shuffle": "shuffle", "reverse": "reverse", "reverse_asymmetric": "reverse, asymmetric actions", "static": "copy"}
# How far along the severities a score must rise for the distortion to count as noticed.
_RISING = {"shuffle": 1.0, "reverse_asymmetric": 0.5}


def model_card(
    manifold: Manifold,
    settings: TrainSettings,
    dataset: Sequence[LabelledClip],
    commands: Sequence[str],
    validation: Mapping[str, Mapping[str, Any]],
) -> str:
    """The card of a manifold that `train` made of the dataset.

    commands: the recipe, a line for each step with what it took. validation: name of a set of other films -> what `validate` found.
    """
    card, config, loss = manifold.card, manifold.config, settings.loss
    coherence, course = card["temporal_coherence"], card["loss"]
    frames = sum(len(clip.track) for clip in dataset)
    return f"""# The manifold `{manifold.name}`

Written by `tools/train_manifold.py`; the figures are those of this file (sha256 {manifold.sha256}) and of no other.

Scores of this manifold are Telltale's own. They come from another extractor and other training data than those of TAG
(arXiv 2512.01803) and **must not be compared with TAG's published table**. Lower is better; both scores are distances between 0 and 2.

* Sources, in order: {", ".join(f"`{s.name}` ({s.size}, {s.space})" for s in manifold.sources)}.
* Rate: {manifold.fps:g} frames a second; windows of 32.
* Motion features: `{manifold.variant}`; unseen points masked: {manifold.mask}.
* Encoder: d_model {config.d_model}, dilations {config.dilations}, {config.layers} layers of {config.heads} heads.
* Licence and origin: {manifold.licence}

## Recipe

{_lines(commands)}

{len({c.clip for c in dataset})} clips of {len({c.subject for c in dataset})} people in {len(dataset)} films, {frames} frames.
Whole subjects are held out where a class has at least two, else whole clips, in all their views (share held out:
{settings.held_out_share}); the table of classes says which.
{course["steps"]} steps of AdamW (rate up to {settings.learning_rate}, weight decay
{settings.weight_decay}, cosine), batches of up to {settings.batch_classes} classes x {settings.batch_windows} windows, each clip of a class
as likely as any other; seed {settings.seed}. The loss ({course["first"]:.2f} at first, {course["last"]:.2f} at last) is

* {loss.tcl:g} x TCL and {loss.proxy:g} x cross-entropy against a learned direction for each class (thrown away afterwards);
* {loss.hard:g} x the hard-negative loss between a window and its distorted self ({loss.distorted_share:.0%} of the windows: shuffled,
  reversed or held, wholly or in part), by severity, motion derived again;
* {loss.ranking:g} x a ranking of mean steps: a shuffled window, or one with a run played backwards, steps farther the more is broken;
* foreign motion ({" and ".join(TRAINED)} windows, {loss.foreign_share:.0%}) is a class of its own, which is not offered.

Windows are augmented (heading, place and size in the picture, build and dress); sources that show who is seen and from where are hidden
with probability {loss.look_dropout}, the others with {loss.source_dropout}. Centroids come from the training clips; references, band, usual
steps and the border to "outside" from the held-out ones.

## On held-out clips

{_recognition(card)}

Which classes are offered is decided on these same windows, so their column flatters; the other one does not.

Temporal coherence {coherence["mean"]:.3f} (5 % to 95 %: {coherence["p05"]:.3f} to {coherence["p95"]:.3f}).

### Sensitivity

The mean score of distorted windows divided by that of the clean ones, by severity (share of the positions touched). Asymmetric actions
look wrong backwards: {", ".join(ASYMMETRIC)}. A window played backwards as a whole takes the same steps.

{_sensitivity(card["sensitivity"])}

### Band of real steps

The 99 % band follows the amount of motion and the frame rate of the film. Checked on either half of the held-out clips by the band that
the other half sets{" and on films of another library, by the band of this file" if validation else ""}:

| films | steps | inside the band | worst film | films below 90 % |
|---|---|---|---|---|
{_coverage_row("held out, the other half's band", card["band"]["cross_fitted"])}
{_coverage_row("held out, which set the band", card["band"]["own"])}
{"".join(_coverage_row(name, found["band"]) + chr(10) for name, found in validation.items())}
### Outside what this manifold knows

Share of windows farther from real motion than 99 % of real windows are from each other, or of features unlike all real ones:

| windows | outside |
|---|---|
{_outside(card["outside"], validation)}

{_recognised(validation)}## Classes

A class is offered for action consistency only with at least {settings.min_held_out_windows} held-out windows, for half of which at most
{settings.worst_rank:.0%} of the other classes' centroids lie nearer than their own. "Right": among all trained classes.

| class | training windows | held-out windows | held out by | right | offered |
|---|---|---|---|---|---|
{_classes(card)}
"""


def _lines(commands: Sequence[str]) -> str:
    return "\n".join(f"* {command}" for command in commands)


def _recognition(card: Mapping[str, Any]) -> str:
    columns = (card, card["of_all_classes"])
    rows = [
        ("classes", [str(one["classes"]) for one in columns]),
        ("held-out windows (clips)", [f"{one['held_out_windows']} ({one['held_out_clips']})" for one in columns]),
        ("NMI of k-means", [f"{one['nmi']:.3f}" for one in columns]),
        ("nearest centroid right, windows", [f"{one['window_accuracy']:.1%}" for one in columns]),
        ("nearest centroid right, clips", [f"{one['clip_accuracy']:.1%}" for one in columns]),
        ("nearest training window of the same class (recall at 1)", [f"{one['recall_at_1']:.1%}" for one in columns]),
        ("mean average precision among the training windows", [f"{one['mean_average_precision']:.3f}" for one in columns]),
    ]
    table = "\n".join(f"| {name} | {' | '.join(values)} |" for name, values in rows)
    return f"| | offered classes | all trained classes |\n|---|---|---|\n{table}"


def _sensitivity(found: Mapping[str, Any]) -> str:
    severities = list(next(iter(found.values())))
    head = f"| | {' | '.join(severities)} | Spearman |\n|---|{'---|' * (len(severities) + 1)}"
    rows = []
    for kind, title in _TITLES.items():
        for score in ("temporal_coherence", "action_consistency"):
            if kind not in found or score not in next(iter(found[kind].values())):
                continue
            ratios = [found[kind][severity][score]["ratio"] for severity in severities]
            rank = ""
            if score == "temporal_coherence" and kind in _RISING:
                part = [i for i, severity in enumerate(severities) if float(severity) <= _RISING[kind]]
                rank = f"{spearman(np.array(part), np.array(ratios)[part]):.2f} up to {_RISING[kind]:g}"
            rows.append(f"| {title}: {score.replace('_', ' ')} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} | {rank} |")
    return "\n".join([head, *rows])


def _coverage_row(name: str, found: Mapping[str, Any]) -> str:
    if not found:
        return f"| {name} | too few clips | | | |"
    return (
        f"| {name} ({found['films']} of {found['clips']} clips) | {found['steps']} | {found['share']:.2%} | {found['worst_film']:.1%} | "
        f"{found['films_below_90']:.1%} |"
    )


def _outside(shares: Mapping[str, float], validation: Mapping[str, Mapping[str, Any]]) -> str:
    titles = {
        "real": "held out, by the border of the other half of the clips",
        "shuffled": "all frames in random order",
        "exchanged": "joints and key points exchanged among themselves",
        "random": "every joint drawn anew in every frame",
    }
    rows = [
        f"| {titles[kind]}{' (trained on)' if kind in TRAINED else '' if kind == 'real' else ' (not trained on)'} | {share:.1%} |"
        for kind, share in shares.items()
    ]
    return "\n".join(rows + [f"| {name} | {found['outside']:.1%} |" for name, found in validation.items()])


def _recognised(validation: Mapping[str, Mapping[str, Any]]) -> str:
    """A sentence for each set of other films with clips of offered classes."""
    return "".join(
        f"Nearest centroid right for {found['clip_accuracy']:.1%} of the {found['clips_of_offered_classes']} clips of {name}.\n\n"
        for name, found in validation.items()
        if found["clip_accuracy"] is not None
    )


def _classes(card: Mapping[str, Any]) -> str:
    right = card["of_all_classes"]["accuracy"]
    return "\n".join(
        f"| {name} | {count['training']} | {count['held_out']} | {count['split']} | "
        + (f"{right[name]:.2f} | " if name in right else "- | ")
        + ("yes |" if name in card["accuracy"] else "no |")
        for name, count in card["windows"].items()
    )
