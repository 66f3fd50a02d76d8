"""Train the bundled manifold from a folder of extracted tracks and write it with its model card.

The folder holds `<clip>__<view>.npz` (written with `core.track.track_arrays`) and `index.json`:
a list of {file, clip, view, action, subject}.

    python tools/train_manifold.py TRACKS [--out resources/manifolds/blazepose.manifold] [--validate OTHER_TRACKS]
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.manifold import BUNDLED, ManifoldError, save_manifold  # noqa: E402
from core.track import Source, load_track  # noqa: E402
from core.training.card import model_card  # noqa: E402
from core.training.dataset import LabelledClip  # noqa: E402
from core.training.errors import DatasetError  # noqa: E402
from core.training.trainer import TrainingError, TrainSettings, train  # noqa: E402
from core.training.validation import validate  # noqa: E402
from tools.mocap.recorded import read_index  # noqa: E402

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
    """Every track that the folder's index names, by file name, since the index is in the order in which the films were ready.

    Raises OSError, KeyError or ValueError when one is missing or malformed.
    """
    index = sorted(read_index(folder), key=lambda entry: str(entry["file"]))
    return [LabelledClip(entry["clip"], entry["action"], entry["subject"], load_track(folder / entry["file"])) for entry in index]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("tracks", type=Path, help="folder with index.json and the extracted tracks")
    parser.add_argument("--out", type=Path, default=BUNDLED, help="the manifold to write; its card gets the ending .md")
    parser.add_argument("--validate", type=Path, action="append", default=[], metavar="FOLDER", help="films that only check the result")
    parser.add_argument("--films-minutes", type=float, help="what making the films took, for the card")
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
        checks = {folder.name: validate(manifold, load_dataset(folder)) for folder in options.validate}
        manifold = replace(manifold, card={**manifold.card, "validation": checks})
        manifold = replace(manifold, sha256=save_manifold(manifold, options.out))
    except (OSError, KeyError, ValueError, ManifoldError, TrainingError, DatasetError) as error:
        print(f"The manifold was not trained: {error}", file=sys.stderr)
        return 1
    films = "" if options.films_minutes is None else f": {options.films_minutes:.0f} minutes on two cores"
    commands = [
        f"`python tools/render_mocap.py FOLDER --jobs 2`{films} (stopped when there were so many frames)",
        f"`python tools/train_manifold.py FOLDER`: {time.process_time() / 60:.1f} minutes of one core, all that is measured here included",
    ]
    text = model_card(manifold, settings, dataset, commands, checks)
    temporary = options.out.with_suffix(".md.part")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(options.out.with_suffix(".md"))
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB, NMI {manifold.card['nmi']:.3f}, sha256 {manifold.sha256}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
