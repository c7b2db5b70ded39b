"""The lines of `leveret log dump`: one for each batch, and for each record if asked for."""

from __future__ import annotations

import json
from collections.abc import Callable

from leveret.log.batch import CLEAN, COLD, UNSYNCED
from leveret.log.inspect import RecordHead, record_heads
from leveret.log.port import Batch, Kind, LogError
from leveret.log.reading import batch_of
from leveret.log.walk import Found


class BatchLines:
    """Writes what it takes. `is_faulty`: there was something else than records."""

    def __init__(
        self, write: Callable[[str], object], *, with_records: bool, as_json: bool
    ) -> None:
        self.is_faulty = False
        self._write = write
        self._with_records = with_records
        self._as_json = as_json

    def take(self, found: Found) -> None:
        batch = batch_of(found.header, found.buffer, found.at)
        self._write(_batch_json(found, batch) if self._as_json else _batch_line(found, batch))
        if self._with_records:
            self._write_records(found, batch)

    def _write_records(self, found: Found, batch: Batch) -> None:
        try:
            for head in record_heads(batch):
                line = _record_json(found, head) if self._as_json else _record_line(found, head)
                self._write(line)
        except LogError as error:
            self.is_faulty = True
            text = str(error)
            self._write(json.dumps({"error": text}) if self._as_json else f"    {text}")


def _batch_line(found: Found, batch: Batch) -> str:
    header = found.header
    notes = ", clean stop" * bool(header.flags & CLEAN)
    notes += ", not waited for" * bool(header.flags & UNSYNCED)
    what = "batches" if batch.kind is Kind.LOST else "records"
    return (
        f"{found.segment.kind} {header.number & ~COLD} {batch.kind.value}:"
        f" {found.segment.name}, offset {found.offset}, epoch {header.epoch},"
        f" {header.record_count} {what}, {header.length} bytes{notes}"
    )


def _batch_json(found: Found, batch: Batch) -> str:
    header = found.header
    fields = {
        "stream": found.segment.kind,
        "batch": header.number & ~COLD,
        "kind": batch.kind.value,
        "file": found.segment.name,
        "offset": found.offset,
        "epoch": header.epoch,
        "count": header.record_count,
        "bytes": header.length,
        "clean": bool(header.flags & CLEAN),
        "synced": not header.flags & UNSYNCED,
    }
    return json.dumps(fields)


def _record_line(found: Found, head: RecordHead) -> str:
    return f"    offset {found.offset + head.offset}: kind {head.kind}, {head.length} bytes"


def _record_json(found: Found, head: RecordHead) -> str:
    fields = {
        "stream": found.segment.kind,
        "batch": found.header.number & ~COLD,
        "record": head.kind,
        "offset": found.offset + head.offset,
        "bytes": head.length,
    }
    return json.dumps(fields)
