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
    _add_load(parser)
    _add_topology(parser)
    _add_message(parser)
    output = parser.add_argument_group("output")
    output.add_argument("--latency", action="store_true", help="measure and print percentiles")
    output.add_argument("--json", action="store_true", help="print the totals as JSON")
    output.add_argument("--quiet", action="store_true", help="no live rates, only the totals")


def read_options(arguments: argparse.Namespace) -> Options:
    """The options of a command line; BenchError for those that do not go together."""
    names = Options.__dataclass_fields__
    return Options(**{name: value for name, value in vars(arguments).items() if name in names})


def _add_load(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--uri", default=URI, help="the broker (default: %(default)s)")
    load = parser.add_argument_group("load")
    add = load.add_argument
    add("-x", "--publishers", type=_number, default=1, metavar="N", help="default: 1")
    add("-y", "--consumers", type=_number, default=1, metavar="N", help="default: 1")
    add(
        "-a",
        "--ack",
        type=_number,
        default=0,
        metavar="N",
        help="acknowledge every N messages; 0 consumes without acknowledgements (default)",
    )
    add(
        "-P",
        "--prefetch",
        type=_number,
        default=0,
        metavar="N",
        help="unacknowledged messages per consumer (default: no limit)",
    )
    add(
        "-c",
        "--confirm",
        type=_positive,
        default=0,
        metavar="WINDOW",
        help="ask for confirms, with up to WINDOW unconfirmed messages per publisher",
    )
    add(
        "-b",
        "--backlog",
        type=_positive,
        default=0,
        metavar="N",
        help="publish no more while N messages wait to be consumed (default: no limit)",
    )
    add(
        "-r",
        "--rate",
        type=_positive,
        default=0,
        metavar="N",
        help="messages per second of each publisher (default: as many as possible)",
    )
    add(
        "-z",
        "--time",
        type=_seconds,
        default=0,
        metavar="SECONDS",
        help="stop after that time (default: on Ctrl-C)",
    )
    add(
        "-C",
        "--count",
        type=_positive,
        default=0,
        metavar="N",
        help="stop after N messages of each publisher were published and consumed",
    )


def _add_topology(parser: argparse.ArgumentParser) -> None:
    topology = parser.add_argument_group("queues and routing")
    add = topology.add_argument
    add(
        "-u",
        "--queue",
        metavar="NAME",
        help="declared, and kept (default: a queue of the run's own, deleted at the end)",
    )
    add(
        "--queues",
        type=_positive,
        default=1,
        metavar="N",
        help="N queues, numbered; publishers and consumers take turns over them",
    )
    add("--durable", action="store_true", help="declare the queues as durable")
    add(
        "-e",
        "--exchange",
        default="",
        metavar="NAME",
        help="publish to it; each queue is bound with each routing key",
    )
    add("-k", "--routing-key", metavar="KEY", help="default: the queue's name")
    add(
        "--routing-keys",
        type=_positive,
        default=1,
        metavar="N",
        help="N different keys in turn: the routing key and a number",
    )


def _add_message(parser: argparse.ArgumentParser) -> None:
    message = parser.add_argument_group("messages")
    add = message.add_argument
    add("-s", "--size", type=_number, default=16, metavar="BYTES", help="of the body; default: 16")
    add("-p", "--persistent", action="store_true", help="delivery mode 2")
    add("--mandatory", action="store_true", help="have unroutable messages returned")
    add(
        "--properties",
        type=_json_object,
        metavar="JSON",
        help='such as \'{"content_type": "text/plain", "headers": {"id": 1}}\'',
    )


def _number(text: str) -> int:
    return _integer(text, minimum=0)


def _positive(text: str) -> int:
    return _integer(text, minimum=1)


def _integer(text: str, *, minimum: int) -> int:
    if not text.isdecimal() or int(text) < minimum:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from {minimum} on")
    return int(text)


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
