"""A file of definitions: read, and given to a broker."""

from __future__ import annotations

import json
import logging

from leveret.broker.broker import Broker
from leveret.broker.definitions_import import import_definitions
from leveret.broker.document import DocumentError
from leveret.server.durability import Refused
from leveret.wire.amqp091.tables import CLASSES

log = logging.getLogger(__name__)


def import_file(broker: Broker, path: str) -> None:
    """Adds what the file defines, before anybody is served. What of it could not be honoured, is
    logged.

    Raises Refused.
    """
    try:
        notes = import_definitions(broker, read(path), classes=CLASSES, replacing=broker.is_new)
    except DocumentError as error:
        raise Refused(f"{path}: {error}") from error
    for note in notes:
        log.warning("%s: %s", path, note)
    log.info(
        "%s is imported%s", path, f", but for what {len(notes)} lines above say" if notes else ""
    )


def read(path: str) -> object:
    """Raises Refused."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Refused(f"{path}: not text in UTF-8: {error.reason}") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise Refused(f"{path}: not JSON: {error.msg} at {place}") from error
    except RecursionError as error:
        raise Refused(f"{path}: nested too deeply") from error
