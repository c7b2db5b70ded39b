"""What a run is to do: the command line's options, checked."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from typing import Any

from leveret.bench.errors import BenchError

STAMP_BYTES = 8
URI = "amqp://guest:guest@127.0.0.1:5672/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """See `add_arguments` for what each one means. `queue` None: one of the run's own."""

    uri: str = URI
    publishers: int = 1
    consumers: int = 1
    size: int = 16
    ack: int = 0
    prefetch: int = 0
    confirm: int = 0
    backlog: int = 0
    rate: int = 0
    time: float = 0
    count: int = 0
    queue: str | None = None
    queues: int = 1
    exchange: str = ""
    routing_key: str | None = None
    routing_keys: int = 1
    durable: bool = False
    persistent: bool = False
    mandatory: bool = False
    properties: dict[str, Any] | None = None
    latency: bool = False
    json: bool = False
    quiet: bool = False

    def __post_init__(self) -> None:
        for wrong, text in (
            (not self.publishers and not self.consumers, "no publishers and no consumers"),
            (0 < self.prefetch < self.ack, "--ack may not be larger than --prefetch"),
            (
                self.latency and self.publishers and self.size < STAMP_BYTES,
                f"--latency needs bodies of at least {STAMP_BYTES} bytes: the time is in them",
            ),
            (
                self.backlog and not (self.publishers and self.consumers),
                "--backlog needs publishers and consumers",
            ),
            (self.routing_keys > 1 and not self.exchange, "--routing-keys needs --exchange"),
            (
                self.routing_key is not None and not self.exchange,
                "--routing-key needs --exchange: the default one routes to the queue of that name",
            ),
        ):
            if wrong:
                raise BenchError(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `leveret bench`."""
    parser.add_argument("--uri", default=URI, help="the broker (default: %(default)s)")
    _add_load(parser.add_argument_group("load"))
    _add_topology(parser.add_argument_group("queues and routing"))
    _add_message(parser.add_argument_group("messages"))
    add = parser.add_argument_group("output").add_argument
    add("--latency", action="store_true", help="measure and print percentiles")
    add("--json", action="store_true", help="print the totals as JSON")
    add("--quiet", action="store_true", help="no live rates, only the totals")


def read_options(arguments: argparse.Namespace) -> Options:
    """The options of a command line; BenchError for those that do not go together."""
    names = Options.__dataclass_fields__
    return Options(**{name: value for name, value in vars(arguments).items() if name in names})


def _add_load(load: argparse._ArgumentGroup) -> None:
    _number(load, "-x", "--publishers", "default: 1", default=1)
    _number(load, "-y", "--consumers", "default: 1", default=1)
    _number(load, "-a", "--ack", "acknowledge every N messages; default: no acknowledgements")
    _number(load, "-P", "--prefetch", "unacknowledged messages per consumer; default: no limit")
    _number(load, "-c", "--confirm", "have up to N messages per publisher unconfirmed", minimum=1)
    _number(load, "-b", "--backlog", "pause while N messages wait to be consumed", minimum=1)
    _number(load, "-r", "--rate", "messages per second of each publisher", minimum=1)
    _number(load, "-C", "--count", "stop after N messages of each publisher", minimum=1)
    load.add_argument(
        *("-z", "--time"),
        type=_seconds,
        default=0,
        metavar="SECONDS",
        help="stop after that time; default: on Ctrl-C",
    )


def _add_topology(topology: argparse._ArgumentGroup) -> None:
    add = topology.add_argument
    own = "declared, and kept; default: a queue of the run's own, which it deletes"
    add("-u", "--queue", metavar="NAME", help=own)
    shared = "N queues, numbered; publishers and consumers take turns over them"
    _number(topology, None, "--queues", shared, minimum=1, default=1)
    add("--durable", action="store_true", help="declare the queues as durable")
    bound = "publish to it; each queue is bound with each routing key"
    add("-e", "--exchange", default="", metavar="NAME", help=bound)
    add("-k", "--routing-key", metavar="KEY", help="default: the queue's name")
    keys = "N routing keys in turn, numbered"
    _number(topology, None, "--routing-keys", keys, minimum=1, default=1)


def _add_message(message: argparse._ArgumentGroup) -> None:
    _number(message, "-s", "--size", "bytes of the body; default: 16", default=16)
    add = message.add_argument
    add("-p", "--persistent", action="store_true", help="delivery mode 2")
    add("--mandatory", action="store_true", help="have unroutable messages returned")
    example = 'such as \'{"content_type": "text/plain", "headers": {"id": 1}}\''
    add("--properties", type=_json_object, metavar="JSON", help=example)


def _number(
    group: argparse._ArgumentGroup,
    short: str | None,
    name: str,
    help: str,
    *,
    minimum: int = 0,
    default: int = 0,
) -> None:
    """Adds an option whose value is a number from `minimum` on."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {minimum} on")
        return int(text)

    flags = [flag for flag in (short, name) if flag]
    group.add_argument(*flags, type=read, default=default, metavar="N", help=help)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is not a JSON object")
    return value
