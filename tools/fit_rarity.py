"""Measure how often the detectors speak in real motion that nobody has tampered with, for `core.rarity`.

    python tools/fit_rarity.py FILMS FOLDS [--out resources/rarity.json]

FILMS is a folder written by tools/render_mocap.py: films of motion capture as the real extractor and the pixel tracks see them. What is
told only where there are no pictures is measured on the same films without theirs. Poses that are lost, and what rests on a pose that is
likely to be wrong, are left out as they are for people. FOLDS is what tools/fit_body_faults.py left there: trees that have not seen a film
are weighed on it, since those that have would find nothing rare in it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.detectors import forests  # noqa: E402
from core.detectors.candidate import LEAST, Candidate  # noqa: E402
from core.detectors.lost import believed, pose_trust, trusted  # noqa: E402
from core.files import write_atomically  # noqa: E402
from core.glitches import candidates  # noqa: E402
from core.rarity import BUNDLED  # noqa: E402
from core.track import HumanTrack  # noqa: E402
from core.tracks.local import local_tracks  # noqa: E402
from core.tracks.pixels.measure import PixelTracks  # noqa: E402
from tools.fit_body_faults import fold_path  # noqa: E402
from tools.mocap.recorded import read_index, read_recorded  # noqa: E402

_WITHOUT_PICTURES = ("still", "joints alone")
_KEPT = 400  # values of each detector: the table looks at the rare ones


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("films", type=Path)
    parser.add_argument("folds", type=Path)
    parser.add_argument("--out", type=Path, default=BUNDLED)
    options = parser.parse_args()
    index = read_index(options.films)
    values: dict[str, list[float]] = defaultdict(list)
    seconds, frames = 0.0, 0
    for number, entry in enumerate(index, 1):
        film = read_recorded(options.films / entry["file"])
        track = film.track
        forests.BUNDLED = fold_path(options.folds, entry["clip"])
        without = [found for found in told(track, None) if found.detector in _WITHOUT_PICTURES]
        for found in (*told(track, film.pixels), *without):
            values[found.detector].append(found.value)
        seconds += float(track.times[-1] - track.times[0])
        frames += len(track)
        print(f"\r{number}/{len(index)}", end="", file=sys.stderr)
    table = {
        "footage": f"{len(index)} films of CMU motion capture, {frames} frames",
        "minutes": round(seconds / 60, 2),
        "least": LEAST,
        "values": {name: [float(f"{value:.4g}") for value in sorted(values[name], reverse=True)[:_KEPT]] for name in LEAST},
    }
    write_atomically(options.out, json.dumps(table, indent=None).encode())
    print(f"\n{options.out}: {table['footage']}, {table['minutes']} minutes", file=sys.stderr)
    return 0


def told(track: HumanTrack, pixels: PixelTracks | None) -> list[Candidate]:
    """Everything that may be an event, whatever its rarity."""
    trust = pose_trust(track, pixels)
    return believed(candidates(local_tracks(trusted(track, trust.unsure), pixels), track.times), trust.failure)


if __name__ == "__main__":
    raise SystemExit(main())
