"""Definitions as files: put together from what the broker exports, imported piece by piece.

A broker is given so much at a time that its clients do not notice. So what is wrong in a file is
found when what precedes it has been imported; to import the file again does no harm.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from leveret.broker.commands.command import Argument, Command, WrongUsage
from leveret.broker.commands.definitions import OF_ONE
from leveret.broker.definitions_import import SECTIONS
from leveret.cli.ctl_client import Client, Refused

STANDARD: Final = "-"
ENTRIES_PER_REQUEST: Final = 100
"""Three milliseconds of the broker's time."""
REQUEST_BYTES: Final = 256 * 1024
"""Well below what the broker reads."""
FILE_MODE: Final = 0o600
"""There are hashes of passwords in it."""
PLACE: Final = re.compile(r"(?P<section>\w+)\[(?P<index>\d+)\]")

FILE: Final = Argument(
    "file", "the file; standard input or output if it is - or not given", default=STANDARD
)
EXPORT: Final = Command(
    "export_definitions",
    "write all that is defined into a file",
    lambda: None,
    (FILE, OF_ONE),
    example="broker.json",
)
IMPORT: Final = Command(
    "import_definitions",
    "add what a file defines, as Leveret, RabbitMQ or LavinMQ exports it",
    lambda: None,
    (FILE, OF_ONE._replace(what="put all of it into this virtual host")),
    example="broker.json",
)


def export_file(client: Client, given: Mapping[str, Any]) -> None:
    """Raises WrongUsage where the file cannot be written."""
    vhost = given.get("vhost")
    status: Any = client.ask("status", {})
    document: dict[str, Any] = {
        "product_name": "Leveret",
        "product_version": status["version"],
    }
    if vhost is not None:
        document["original_vhost_name"] = vhost
    document |= {section: [] for section in SECTIONS}
    arguments = {} if vhost is None else {"vhost": vhost}
    for section, entry in client.rows("export_definitions", arguments, ("section", "entry")):
        document.setdefault(section, []).append(entry)
    write(given.get("file", STANDARD), json.dumps(document, indent=2) + "\n")


def import_file(client: Client, given: Mapping[str, Any]) -> list[str]:
    """What could not be honoured. Raises WrongUsage, Refused with the place in the file."""
    file = given.get("file", STANDARD)
    document = read(file)
    notes: dict[str, None] = {}
    vhost = {"vhost": given["vhost"]} if "vhost" in given else {}
    for start, piece in pieces(document):
        try:
            reply: Any = client.ask("import_definitions", {"document": piece, **vhost})
        except Refused as error:
            raise Refused(error.kind, f"{file}: {moved(str(error), start)}") from None
        notes |= dict.fromkeys(reply)
    return list(notes)


def pieces(document: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Documents that together say the same, each with the index of its first entry."""
    head = {key: value for key, value in document.items() if key not in SECTIONS}
    is_empty = True
    for section in SECTIONS:
        entries = document.get(section) or []
        if not isinstance(entries, list):
            raise WrongUsage(f"{section}: must be a list")
        start = 0
        for part in parts(entries):
            is_empty = False
            yield start, {**head, section: part}
            start += len(part)
    if is_empty:
        yield 0, head


def parts(entries: Iterable[Any]) -> Iterator[list[Any]]:
    """Lists that are short enough for a request."""
    part: list[Any] = []
    size = 0
    for entry in entries:
        length = len(json.dumps(entry))
        if part and (len(part) >= ENTRIES_PER_REQUEST or size + length > REQUEST_BYTES):
            yield part
            part, size = [], 0
        part.append(entry)
        size += length
    if part:
        yield part


def moved(text: str, start: int) -> str:
    """A text that begins with a place in a piece, with the place in the file."""
    found = PLACE.match(text)
    if found is None:
        return text
    return f"{found['section']}[{int(found['index']) + start}]{text[found.end() :]}"


def read(file: str) -> Mapping[str, Any]:
    """Raises WrongUsage."""
    try:
        if file == STANDARD:
            document = json.load(sys.stdin)
        else:
            with open(file, encoding="utf-8") as opened:
                document = json.load(opened)
    except OSError as error:
        raise WrongUsage(f"{file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise WrongUsage(f"{file}: not JSON: {error}") from None
    if not isinstance(document, dict):
        raise WrongUsage(f"{file}: must be an object")
    return document


def write(file: str, text: str) -> None:
    """Raises WrongUsage."""
    if file == STANDARD:
        sys.stdout.write(text)
        return
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
        with open(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise WrongUsage(f"{file}: {error.strerror}") from None
