"""How many files the process may have open, and how many connections that leaves room for."""

from __future__ import annotations

import logging
import resource
from typing import Final

from leveret import limits

log = logging.getLogger(__name__)

# For the sockets that it listens on, the log, files of messages, and connections too many that
# are told so.
FILES_RESERVED: Final = 256
RESERVED_SHARE: Final = 4  # no more than this part, where few files are allowed at all


def allow_many_files() -> int:
    """Each connection takes a descriptor, and 1,024 are allowed unless one asks for more.

    Returns how many there may be now.
    """
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except (OSError, ValueError) as error:
        log.debug("the number of sockets stays as it is: %s", error)  # macOS has a lower one yet
        return soft
    return most


def room_for_connections(files: int) -> int:
    """How many connections there may be where so many files may be open."""
    if files == resource.RLIM_INFINITY:
        return limits.COUNT_MAX
    return files - min(FILES_RESERVED, files // RESERVED_SHARE)
