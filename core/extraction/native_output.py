"""What native libraries write to the error stream, without the lines that say nothing to anybody."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

# TensorFlow Lite and Abseil greet with these each time a model is loaded; no setting turns all of them off.
_GREETINGS = re.compile(
    rb"INFO: (Created TensorFlow Lite|Initialized TensorFlow Lite|Applying \d+ TensorFlow Lite)"
    rb"|WARNING: All log messages before absl::InitializeLog\(\)"
    rb"|W\d{4} .*Feedback manager requires a model with a single signature inference"
    rb"|[IW]\d{4} .*(gl_context|portable_session|XNNPACK)"
)


@contextmanager
def without_greetings() -> Iterator[None]:
    """Hold back what native code writes to the error stream meanwhile; pass on every line that is not a known greeting.

    It acts on the process's file descriptor 2: lines of other threads are delayed until the end, never lost.
    """
    with tempfile.TemporaryFile() as held:
        saved = os.dup(2)
        try:
            os.dup2(held.fileno(), 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            held.seek(0)
            for line in held:
                if not _GREETINGS.match(line):
                    os.write(2, line)
