"""Promises that were made before what they speak of was on the disk."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tests.crash.history import NEVER, File, History, Write
from tests.crash.load import CONFIRMING, TRANSACTING
from tests.crash.promises import Promise

KEY = re.compile(rf"((?:{'|'.join((*CONFIRMING, *TRANSACTING))})/[0-9]+) ".encode())
"""As each message's body begins."""


def broken(history: History, promises: Iterable[Promise]) -> Iterator[str]:
    places = find_messages(history)
    for promise in promises:
        file, write = places.get(promise.key, (None, None))
        if file is None or write is None:
            yield f"{promise.key} was promised at {promise.index} and not written"
        elif write.synced >= promise.index:
            when = "never" if write.synced == NEVER else f"at {write.synced}"
            yield f"{promise.key} was promised at {promise.index} and synced {when}"
        elif not file.name_is_synced(promise.index):
            yield f"{promise.key} was promised at {promise.index}, in a file without a synced name"


def find_messages(history: History) -> dict[str, tuple[File, Write]]:
    """By key, the write that was on the disk first."""
    places: dict[str, tuple[File, Write]] = {}
    for file in history.files:
        for write in file.writes:
            for found in KEY.finditer(write.data):
                key = found[1].decode()
                if key not in places or write.synced < places[key][1].synced:
                    places[key] = file, write
    return places
