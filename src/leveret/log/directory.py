"""A directory of a log: who may use it, and what is written in it about all of its files.

    lock      held by the one process that uses the directory
    format    four lines: what it is, the version, the owner, the size of segments
    marks     from where the streams are read: see marks.py
    *.segment the batches: see segment.py

The owner is a number made by chance with the directory; each batch has it. So a segment that has
come from another directory, whether by a copy or by a mistake, is not taken for one of this.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Final

from leveret.log.disk import Disk, LocalDisk
from leveret.log.disk_log import DiskListener, DiskLog
from leveret.log.opening import open_disk_log
from leveret.log.port import SEGMENT_BYTES, CorruptionError, LogError
from leveret.log.scan import Format
from leveret.log.segment import parse_name
from leveret.log.space import DISK_FREE_LIMIT_BYTES

LOCK_NAME: Final = "lock"
FORMAT_NAME: Final = "format"
FORMAT_VERSION: Final = 1
TEXT: Final = re.compile(
    rb"leveret log\nversion (\d{1,9})\n(?:owner (\d{1,10})\nsegment (\d{1,10})\n)?"
)
OWNER_BITS: Final = 32


class FormatError(LogError):
    """The directory is of another version, or not of Leveret."""


def open_directory(
    directory: Path,
    listener: DiskListener,
    *,
    is_synced: bool = True,
    disk_free_limit: int = DISK_FREE_LIMIT_BYTES,
) -> tuple[LocalDisk, DiskLog]:
    """The log there, made if there is none; close the disk when the log has stopped.

    Raises LockedError, FormatError, CorruptionError, and OSError where the system refuses.
    """
    disk = LocalDisk(directory)
    try:
        disk.lock(LOCK_NAME)
        form = load_format(disk)
        log = open_disk_log(
            disk, form, listener, is_synced=is_synced, disk_free_limit=disk_free_limit
        )
    except BaseException:
        disk.close()
        raise
    return disk, log


def load_format(disk: Disk) -> Format:
    """What the directory says of itself; one without segments is made a log's."""
    names = disk.names()
    if FORMAT_NAME not in names:
        if any(parse_name(name) for name in names):
            raise CorruptionError(
                disk.path(FORMAT_NAME), 0, "the file is missing, but there are segments of a log"
            )
        form = Format(secrets.randbits(OWNER_BITS), SEGMENT_BYTES)
        disk.write_whole(FORMAT_NAME, encode_format(form))
        return form
    return decode_format(disk.read_whole(FORMAT_NAME), disk.path(FORMAT_NAME))


def encode_format(form: Format) -> bytes:
    return (
        f"leveret log\nversion {FORMAT_VERSION}\nowner {form.owner}\nsegment {form.segment_bytes}\n"
    ).encode()


def decode_format(text: bytes, path: str) -> Format:
    """Raises FormatError where it is of a version that is not known here."""
    found = TEXT.match(text)
    if found is None:
        raise CorruptionError(path, 0, "this is not the format of a log")
    version = int(found[1])
    if version != FORMAT_VERSION:
        raise FormatError(
            f"{path}: the log has format version {version}, and this Leveret knows"
            f" {FORMAT_VERSION}: use the version of Leveret that has written it"
        )
    if found[2] is None or found.end() != len(text):
        raise CorruptionError(path, 0, "this is not the format of a log")
    return Format(int(found[2]), int(found[3]))
