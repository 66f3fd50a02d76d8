"""main.py cache: what is remembered."""

from __future__ import annotations

import argparse

from cli.status import DONE, REFUSED, refuse
from core.store import CHECKSUM, Store


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="main.py cache", description="What was computed once is remembered here.")
    result.add_argument("action", choices=("list", "clear"), help="list: what is there; clear: remove all of it")
    return result


def run(options: argparse.Namespace) -> int:
    """List or clear the cache."""
    store = Store()
    if options.action == "clear":
        try:
            freed = store.clear()
        except OSError as error:
            refuse(f"The cache in {store.folder} cannot be cleared ({error.strerror or error}): check its permissions.")
            return REFUSED
        print(f"{_size(freed)} freed in {store.folder}")
        return DONE
    entries = [entry for entry in store.entries() if entry.kind != CHECKSUM]
    for entry in entries:
        print(f"{entry.kind:<10} {_size(entry.size):>9}  {_age(entry.age):>9}  {entry.video}")
    print(f"{len(entries)} entries, {_size(sum(entry.size for entry in entries))} in {store.folder}")
    return DONE


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _age(seconds: float) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"
