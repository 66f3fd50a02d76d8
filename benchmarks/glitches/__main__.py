"""How well the tool finds planted glitches, and how often it speaks where there is none.

    TELLTALE_SHARED=... python -m benchmarks.glitches [--family FAMILY] [--seed 0] [--work DIR] [--jobs 2]

Families: pixels, bodies, controls, jitter; and, only when asked for, rates (the same scenes at 60, 30 and 15 frames a second) and samples
(tools/make_sample.py with fresh seeds).

Films are made and extracted once and kept in the work folder (about 400 MB); after a change of the detectors only they are run again.
The clips of --clips (by default those of the shared material) and held-out motion capture are the sources; another seed plants elsewhere.
Films are known by the names of their clips: for another folder of clips take another work folder.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from platformdirs import user_cache_dir

from benchmarks.glitches.detection import open_store
from benchmarks.glitches.rates import rates_report
from benchmarks.glitches.report import misses, report
from benchmarks.glitches.running import EXTRA_FAMILIES, FAMILIES, TOOL, Workplace, run
from benchmarks.glitches.samples import samples_report
from tools.mocap.clips import shared_folder


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.glitches", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--family", choices=(*FAMILIES, *EXTRA_FAMILIES), help="only this one; by default the first four")
    parser.add_argument("--seed", type=int, default=0, help="another seed plants at other places")
    parser.add_argument("--clips", type=Path, help="folder of clips to plant in; its manifest.csv says which show one real person")
    parser.add_argument(
        "--work", type=Path, default=Path(user_cache_dir("telltale")) / "benchmark-glitches", help="what is made is kept here"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--misses", action="store_true", help="also list every plant not found and every false event")
    options = parser.parse_args()
    shared = shared_folder()
    place = Workplace(options.clips or shared / "clips", shared / "mocap", options.work)
    open_store(options.work)
    begun = time.monotonic()
    outcomes = run(place, [options.family] if options.family else FAMILIES, options.seed, options.jobs)
    print(f"# Benchmark of glitches, seed {options.seed}\n")
    print(f"{len(outcomes)} films, {sum(o.truth.frames for o in outcomes)} frames, {time.monotonic() - begun:.0f} seconds.\n")
    if options.family in EXTRA_FAMILIES:
        told = [(outcome.truth, outcome.events[TOOL]) for outcome in outcomes]
        print(rates_report(told) if options.family == "rates" else samples_report(told))
        return 0
    print(report(outcomes))
    if options.misses:
        print("\n" + misses(outcomes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
