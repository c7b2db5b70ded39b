"""Where a broker keeps its log if nobody says."""

from __future__ import annotations

from pathlib import Path


def default_data_directory() -> Path:
    """The user's, as the system has it: ~/.local/share/leveret on Linux."""
    from platformdirs import user_data_path  # not needed by who names a directory

    return user_data_path("leveret", appauthor=False)
