"""The command line: one module a subcommand; parses, calls core or gui, prints. `--help` loads neither torch nor Qt."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from cli.status import INTERNAL

COMMANDS = {
    "analyze": "analyse videos, folders of videos and image folders without a window",
    "report": "write a report from an analysis that is known already",
    "whatif": "drop, hold or interpolate a range of frames, and see scores, steps and events answer",
    "tag": "score clips, or make a manifold, from the TAG authors' feature files and checkpoint",
    "train": "train a manifold on class folders of videos or of TAG feature files",
    "cache": "list or clear what is remembered",
    "evaluate": "compare scores with people and with each other",
    "ratings": "turn raw ratings of people into mean opinion scores",
    "doctor": "say what works here, what is missing and what to do",
}


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 done, 1 some input was refused, 2 wrong usage, 3 internal failure, 130 cancelled."""
    arguments = sys.argv[1:] if argv is None else argv
    word = arguments[0] if arguments else ""
    module = import_module(f"cli.{word}" if word in COMMANDS else "cli.window")
    parser: argparse.ArgumentParser = module.parser()
    try:
        options = parser.parse_args(arguments[1:] if word in COMMANDS else arguments)
    except SystemExit as end:  # --help, --version or wrong usage; argparse has said what there is to say
        return int(end.code or 0)
    from core.logs import LOGGER, log_file, start_logging

    start_logging()
    try:
        status: int = module.run(options)
    except KeyboardInterrupt:
        from cli.status import CANCELLED

        return CANCELLED
    except Exception:
        LOGGER.exception("%s failed", word or "the window")
        print(f"An internal error ended the program: the details are in {log_file()}, please report them.", file=sys.stderr)
        return INTERNAL
    return status
