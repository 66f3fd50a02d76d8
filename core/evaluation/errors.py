"""What every part of the evaluation says when its input does not do."""

from __future__ import annotations


class EvaluationError(Exception):
    """The input cannot be evaluated; the message is one sentence for people."""
