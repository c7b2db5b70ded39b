"""Definitions in the log, as the shard's journal writes them and its replay reads them.

Keys and values are JSON. One key is the log's own: below which number all incarnations may have
been given. It is written ahead, so that numbers are not given twice although what had them, and
every trace of it, has gone from the log.

    replay = Replay(shard, redelivered)          the batches, one after the other
    log = DefinitionLog(shard)
    restore(hosts, log.read(replay.definitions), open_store=replay.claim, definitions=log, ...)
    replay.finish()
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from leveret.broker.definitions import Key, Value

if TYPE_CHECKING:
    from leveret.engine.queue import Queue as Store
    from leveret.engine.shard import Shard

INCARNATIONS: Key = ("incarnations",)
# One definition in so many writes the number down, and each start skips so many at the most.
RESERVED_INCARNATIONS = 1024


class DefinitionLog:
    """The definitions of all virtual hosts of a shard that has a journal."""

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self.reserved = 0  # numbers up to this one will not be given again

    def define(self, key: Key, value: Value | None) -> None:
        if value is None:
            self.shard.journal.define(dump(key), None)
            return
        if self.shard.incarnations > self.reserved:
            self.reserve_incarnations()
        self.shard.journal.define(dump(key), dump(value))

    def reserve_incarnations(self) -> None:
        """Writes ahead which numbers may have been given."""
        self.reserved = self.shard.incarnations + RESERVED_INCARNATIONS
        self.shard.journal.define(dump(INCARNATIONS), dump({"given": self.reserved}))

    def drop(self, key: Key, store: Store) -> None:
        store.log_dropped(dump(key))

    def read(self, definitions: Mapping[bytes, bytes]) -> Iterator[tuple[Key, Value]]:
        """What was defined before, as a replay found it. ValueError for what define() never wrote.

        To be read to its end before anything is defined.
        """
        for key_text, value_text in definitions.items():
            key: Key = tuple(json.loads(key_text))
            value: Value = json.loads(value_text)
            if key == INCARNATIONS:
                self.shard.skip_incarnations(given(value))
            else:
                yield key, value


def given(value: Value) -> int:
    number = value["given"]
    if not isinstance(number, int):
        raise ValueError("an incarnation is a whole number")
    return number


def dump(value: Key | Value) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")
