"""What ends a run early; the text is written for the user."""

from __future__ import annotations


class BenchError(Exception):
    """The broker refused, went away, or could not be reached."""


class CheckFailed(BenchError):
    """The broker sent something that it may not send: a bug in the broker."""
