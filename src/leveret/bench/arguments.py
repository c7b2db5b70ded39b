"""The options of `leveret bench` on the command line."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any, TypeAlias

from leveret.bench.options import CHURNS, URI, Options
from leveret.wire.amqp091.properties import BasicProperties

EXAMPLES = """\
examples:
  leveret bench --time 5                              as fast as it goes, for five seconds
  leveret bench -c 1000 -a 1 -P 1000 -b 20000         confirmed and acknowledged, until Ctrl-C
  leveret bench --rate 1000 --latency -z 10           the time from publish to delivery
  leveret bench -x 10 -y 10 -u 'q-%d' --queues 100    ten to ten, over q-0 to q-99
  leveret bench -t topic -k 'key.%d' --routing-keys 1000 --binding-key 'key.#'
  leveret bench -s 1024 -p --durable --property content_type=text/plain --header id=1
  leveret bench --churn connections --time 5          opened and closed, one after the other
  leveret bench --idle-connections 10000              opened, and held until Ctrl-C
"""

NUMBER_KINDS = {"Octet", "LongLong"}
NO_NAMES = {"headers", "reserved"}  # the one has its own option, the other no meaning
PROPERTIES = {name: kind for name, kind in BasicProperties.FIELDS.items() if name not in NO_NAMES}

Values: TypeAlias = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `leveret bench`, in groups."""
    parser.epilog = EXAMPLES
    parser.add_argument("--uri", default=URI, help="the broker (default: %(default)s)")
    _add_load(parser.add_argument_group("load"))
    _add_end(parser.add_argument_group("how long"))
    _add_queues(parser.add_argument_group("queues"))
    _add_routing(parser.add_argument_group("routing"))
    _add_message(parser.add_argument_group("messages"))
    _add_other(parser.add_argument_group("instead of messages"))
    add = parser.add_argument_group("output").add_argument
    add("--latency", action="store_true", help="measure and print percentiles")
    add("--json", action="store_true", help="print the totals as JSON")
    add("--quiet", action="store_true", help="no live rates, only the totals")


def read_options(arguments: argparse.Namespace) -> Options:
    """The options of a command line; BenchError for those that do not go together."""
    values = vars(arguments)
    chosen = {name: values[name] for name in Options.__dataclass_fields__ if name in values}
    chosen["properties"] = _properties(values)
    chosen["queue_arguments"] = dict(values["queue_argument"])
    chosen["binding_arguments"] = dict(values["binding_argument"])
    return Options(**chosen)


def _properties(values: Values) -> Values:
    """What --properties, --property, --header and the rest say together; the later ones win."""
    properties: Values = values["properties"] | dict(values["property"])
    for name in ("priority", "expiration"):
        if values[name] is not None:
            properties[name] = values[name]
    if values["header"]:
        properties["headers"] = properties.get("headers", {}) | dict(values["header"])
    return properties


def _add_load(load: argparse._ArgumentGroup) -> None:
    _number(load, "-x", "--publishers", "default: 1", default=1)
    _number(load, "-y", "--consumers", "default: 1", default=1)
    _number(load, "-a", "--ack", "acknowledge every N messages; default: no acknowledgements")
    _number(load, "-P", "--prefetch", "unacknowledged messages per consumer; default: no limit")
    _number(load, "-c", "--confirm", "have up to N messages per publisher unconfirmed", minimum=1)
    _number(load, "-b", "--backlog", "pause while N messages wait to be consumed", minimum=1)
    _number(load, "-r", "--rate", "messages per second of each publisher", minimum=1)


def _add_end(end: argparse._ArgumentGroup) -> None:
    _number(end, "-C", "--count", "stop after N messages of each publisher", minimum=1)
    until = "stop after that time; default: on Ctrl-C"
    end.add_argument("-z", "--time", type=_seconds, default=0, metavar="SECONDS", help=until)


def _add_queues(queues: argparse._ArgumentGroup) -> None:
    own = "declared, and kept; %%d in it is a number; default: the run's own, deleted at the end"
    queues.add_argument("-u", "--queue", metavar="NAME", help=own)
    shared = "N queues, numbered from 0; publishers and consumers take turns over them"
    _number(queues, None, "--queues", shared, minimum=1, default=1)
    durable = "declare queues, and an exchange, as durable"
    queues.add_argument("--durable", action="store_true", help=durable)
    _pairs(queues, "--queue-argument", "such as x-max-length=1000; may be repeated")


def _add_routing(routing: argparse._ArgumentGroup) -> None:
    add = routing.add_argument
    bound = "publish to it; each queue is bound with each routing key"
    add("-e", "--exchange", default="", metavar="NAME", help=bound)
    declared = "declare it; without a name, one of the run's own, deleted at the end"
    add("-t", "--exchange-type", metavar="TYPE", help=declared)
    keyed = "%%d in it is a number; default: the queue's name"
    add("-k", "--routing-key", metavar="KEY", help=keyed)
    keys = "N routing keys in turn, numbered from 0"
    _number(routing, None, "--routing-keys", keys, minimum=1, default=1)
    instead = "bind with this key instead; %%d in it is the queue's number"
    add("--binding-key", metavar="KEY", help=instead)
    _pairs(routing, "--binding-argument", "such as x-match=any; may be repeated")


def _add_message(message: argparse._ArgumentGroup) -> None:
    _number(message, "-s", "--size", "bytes of the body; default: 16", default=16)
    add = message.add_argument
    add("-p", "--persistent", action="store_true", help="delivery mode 2")
    add("--mandatory", action="store_true", help="have unroutable messages returned")
    _number(message, None, "--priority", "the property of that name", default=None)
    add("--expiration", type=_milliseconds, metavar="MS", help="how long to live in a queue")
    example = "such as content_type=text/plain; may be repeated"
    _pairs(message, "--property", example, read=_property)
    _pairs(message, "--header", "such as id=1: JSON, or else text; may be repeated")
    whole = 'all in one: \'{"type": "order", "headers": {"id": 1}}\''
    add("--properties", type=_json_object, default={}, metavar="JSON", help=whole)


def _add_other(other: argparse._ArgumentGroup) -> None:
    kinds = f"open and close one after the other: {', '.join(CHURNS)}"
    other.add_argument("--churn", choices=CHURNS, metavar="WHAT", help=kinds)
    _number(other, None, "--idle-connections", "open N and hold them", minimum=1)
    _number(other, None, "--idle-queues", "declare N and hold them", minimum=1)


def _number(
    group: argparse._ArgumentGroup,
    short: str | None,
    name: str,
    help: str,
    *,
    minimum: int = 0,
    default: int | None = 0,
) -> None:
    """Adds an option whose value is a number from `minimum` on."""

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {minimum} on")
        return int(text)

    flags = [flag for flag in (short, name) if flag]
    group.add_argument(*flags, type=read, default=default, metavar="N", help=help)


def _field(text: str) -> tuple[str, Any]:
    """NAME=VALUE of a field table: a number, true, or whatever else is JSON; otherwise text."""
    name, value = _split(text)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _property(text: str) -> tuple[str, int | str]:
    name, value = _split(text)
    if name not in PROPERTIES:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(PROPERTIES)}")
    if PROPERTIES[name] not in NUMBER_KINDS:
        return name, value
    if not value.isdecimal():
        raise argparse.ArgumentTypeError(f"{name}: {value!r} is not a number from 0 on")
    return name, int(value)


def _pairs(
    group: argparse._ArgumentGroup,
    name: str,
    help: str,
    read: Callable[[str], tuple[str, Any]] = _field,
) -> None:
    """Adds an option that may be repeated, NAME=VALUE each time."""
    group.add_argument(
        name, type=read, action="append", default=[], metavar="NAME=VALUE", help=help
    )


def _split(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _milliseconds(text: str) -> str:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of milliseconds")
    return text


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return seconds


def _json_object(text: str) -> Values:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is not a JSON object")
    headers = value.get("headers", {})
    if not isinstance(headers, dict):
        raise argparse.ArgumentTypeError(f"headers: {headers!r} is not a JSON object")
    return value
