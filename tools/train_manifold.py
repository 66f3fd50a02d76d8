"""Train the bundled manifold from a folder of extracted tracks and write it with its model card.

The folder holds `<clip>__<view>.npz` (written with `core.track.track_arrays`) and `index.json`:
a list of {file, clip, view, action, subject}.

    python tools/train_manifold.py TRACKS [--out resources/manifolds/blazepose.manifold]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.manifold import BUNDLED, Manifold, ManifoldError, save_manifold  # noqa: E402
from core.track import Source, load_track  # noqa: E402
from core.training.dataset import LabelledClip  # noqa: E402
from core.training.trainer import TrainingError, TrainSettings, train  # noqa: E402

SOURCES = (
    Source("appearance", "hog-lab-1024", 1024),
    Source("global", "smpl", 9),
    Source("pose", "smpl", 207),
    Source("beta", "telltale-cc0", 10),
    Source("kp2d", "openpose-60", 120),
)
LICENCE = (
    "Apache-2.0. Trained by Telltale on motion of the CMU Graphics Lab Motion Capture Database (mocap.cs.cmu.edu; created with funding "
    "from NSF EIA-0196217; free for all uses, the raw data may not be resold as such), shown by Telltale's CC0 body."
)


def load_dataset(folder: Path) -> list[LabelledClip]:
    """Every track that the folder's index names. Raises OSError, KeyError or ValueError when one is missing or malformed."""
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return [LabelledClip(entry["clip"], entry["action"], entry["subject"], load_track(folder / entry["file"])) for entry in index]


def model_card(manifold: Manifold, settings: TrainSettings, dataset: list[LabelledClip], seconds: float) -> str:
    """The card in Markdown: what it is, how it was made, how good it is on motion it has not seen."""
    card, config = manifold.card, manifold.config
    sensitivity, coherence, loss = card["sensitivity"], card["temporal_coherence"], card["loss"]
    severities = list(next(iter(sensitivity.values())))
    clips, people = len({clip.clip for clip in dataset}), len({clip.subject for clip in dataset})
    frames = sum(len(clip.track) for clip in dataset)
    table = "\n".join(
        f"| {kind}, {label} | " + " | ".join(f"{sensitivity[kind][severity][score]['ratio']:.2f}" for severity in severities) + " |"
        for kind in sensitivity
        for score, label in (("temporal_coherence", "temporal coherence"), ("action_consistency", "action consistency"))
    )
    classes = "\n".join(
        f"| {name} | {count['training']} | {count['held_out']} | "
        + (f"{card['accuracy'][name]:.2f} |" if name in card["accuracy"] else "not offered |")
        for name, count in card["windows"].items()
    )
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

{clips} clips of {people} people in {len(dataset)} views, {frames} frames; split by subject where a class has at least two,
else by clip (share held out: {settings.held_out_share}). {loss["steps"]} steps of AdamW (rate {settings.learning_rate}, weight decay
{settings.weight_decay}, cosine), batches of up to {settings.batch_classes} classes x {settings.batch_windows} windows; loss
TCL + {settings.hard_weight:g} x (shuffle + reverse + static), one of the three drawn for each window and weighted threefold, motion
derived again after it. Windows are augmented (heading, place and size in the picture, build and dress) and each of their sources is
hidden with probability {settings.source_dropout}; seed {settings.seed}.
The loss went from {loss["first"]:.2f} to {loss["last"]:.2f}; training and measuring took {seconds:.0f} seconds on one core.
Centroids come from the training clips; references, band, usual steps and the border to "outside" from the held-out ones.

## On held-out clips

{card["held_out_windows"]} windows of {card["held_out_clips"]} clips in the {card["classes"]} offered classes:
NMI of k-means {card["nmi"]:.3f}; nearest centroid right for {card["window_accuracy"]:.1%} of the windows
and {card["clip_accuracy"]:.1%} of the clips.
Temporal coherence {coherence["mean"]:.3f} (5 % to 95 %: {coherence["p05"]:.3f} to {coherence["p95"]:.3f}).

Sensitivity: the mean score of distorted windows divided by that of the clean ones, by severity (share of the positions touched).

| | {" | ".join(severities)} |
|---|{"---|" * len(severities)}
{table}

A class is offered for action consistency only with at least {settings.min_held_out_windows} held-out windows.

| class | training windows | held-out windows | right |
|---|---|---|---|
{classes}
"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("tracks", type=Path, help="folder with index.json and the extracted tracks")
    parser.add_argument("--out", type=Path, default=BUNDLED, help="the manifold to write; its card gets the ending .md")
    parser.add_argument("--epochs", type=float, default=TrainSettings.epochs)
    parser.add_argument("--seed", type=int, default=TrainSettings.seed)
    options = parser.parse_args(arguments)
    settings = TrainSettings(options.out.stem, SOURCES, epochs=options.epochs, seed=options.seed, licence=LICENCE)
    started = time.monotonic()

    def progress(stage: str, done: int, total: int) -> None:
        if done == total or done % 20 == 0:
            print(f"{stage} {done}/{total} ({time.monotonic() - started:.0f} s)", file=sys.stderr)

    try:
        dataset = load_dataset(options.tracks)
        manifold = train(dataset, settings, progress)
        manifold = replace(manifold, sha256=save_manifold(manifold, options.out))
    except (OSError, KeyError, ValueError, ManifoldError, TrainingError) as error:
        print(f"The manifold was not trained: {error}", file=sys.stderr)
        return 1
    text = model_card(manifold, settings, dataset, time.monotonic() - started)
    temporary = options.out.with_suffix(".md.part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(options.out.with_suffix(".md"))
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB, NMI {manifold.card['nmi']:.3f}, sha256 {manifold.sha256}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
