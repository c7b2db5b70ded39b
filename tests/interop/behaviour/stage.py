"""What a scenario plays on: connections to one broker, and words for what the client sees.

A scenario is a function that takes a `Stage` and returns what was seen, as JSON could hold it. It
knows no broker: the same ones were played against RabbitMQ, which is `recorded.json`. Its docstring
is its row of docs/rabbitmq.md.
"""

import re
import time
from collections.abc import Callable
from typing import Any, Protocol

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import (
    AMQPConnectionError,
    ChannelClosedByBroker,
    ConnectionClosedByBroker,
    NackError,
    UnroutableError,
)

WAIT_SECONDS_MAX = 10
GENERATED = re.compile(r"amq\.(gen|ctag)-[\w-]+|ctag\d+\.\w+")
TIMES = {"time", "x-opt-rabbitmq-received-time"}

Seen = list[Any]


class Administrate(Protocol):
    """Runs a command of `rabbitmqctl`, which `leveret ctl` has too."""

    def __call__(self, *words: str) -> None: ...


SCENARIOS: dict[str, Callable[["Stage"], Seen]] = {}


def scenario(function: Callable[["Stage"], Seen]) -> Callable[["Stage"], Seen]:
    assert function.__name__ not in SCENARIOS
    SCENARIOS[function.__name__] = function
    return function


class Stage:
    """Names of one scenario: `stage.name` and what begins with it are nobody else's."""

    def __init__(self, url: str, name: str, administrate: Administrate) -> None:
        self.url = url
        self.name = name
        self.administrate = administrate
        self.opened: list[pika.BlockingConnection] = []

    def connect(self, **options: Any) -> pika.BlockingConnection:
        parameters = pika.URLParameters(self.url)
        for option, value in options.items():
            setattr(parameters, option, value)
        self.opened.append(pika.BlockingConnection(parameters))
        return self.opened[-1]

    def channel(self, **options: Any) -> BlockingChannel:
        return self.connect(**options).channel()

    def close(self) -> None:
        for connection in self.opened:
            if connection.is_open:
                connection.close()


def said(call: Callable[[], Any]) -> str:
    """What the broker says to this: its answer, or the code and text it closes with."""
    try:
        answer = call()
    except ChannelClosedByBroker as error:
        return masked(f"channel closed: {error.reply_code} {error.reply_text}")
    except ConnectionClosedByBroker as error:
        return masked(f"connection closed: {error.reply_code} {error.reply_text}")
    except NackError:
        return "nack"
    except UnroutableError as error:
        return f"returned: {[(m.method.reply_code, m.method.reply_text) for m in error.messages]}"
    except AMQPConnectionError as error:
        return masked(f"connection refused: {type(error).__name__} {error}")
    method = getattr(answer, "method", None)
    if method is None:
        return "done"
    counts = {k: v for k, v in vars(method).items() if k.endswith("_count")}
    return " ".join([method.NAME, *(f"{key}={value}" for key, value in sorted(counts.items()))])


def soon(channel: BlockingChannel, call: Callable[[], Any]) -> str:
    """What the broker says to a method that has no answer: the channel is used until it does."""
    return said(lambda: (call(), channel.basic_qos(prefetch_count=0)) and None)


def masked(text: str) -> str:
    """Without what differs from run to run."""
    return GENERATED.sub("GENERATED", text)


def headers(properties: pika.BasicProperties) -> Any:
    return plain(properties.headers)


def plain(value: Any) -> Any:
    """As JSON has it; times, which nobody can foretell, are only there or not."""
    if isinstance(value, dict):
        return {key: "a time" if key in TIMES else plain(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.decode() if isinstance(value, bytes) else value


def wait_until(channel: BlockingChannel, condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + WAIT_SECONDS_MAX
    while not condition():
        if time.monotonic() > limit:
            raise TimeoutError("waited in vain")
        channel.connection.process_data_events(time_limit=0.01)


def ready(channel: BlockingChannel, queue: str) -> int:
    return int(channel.queue_declare(queue, passive=True).method.message_count)


def wait_ready(channel: BlockingChannel, queue: str, count: int) -> None:
    wait_until(channel, lambda: ready(channel, queue) == count)


def publish(channel: BlockingChannel, queue: str, *bodies: str, **properties: Any) -> None:
    for body in bodies:
        channel.basic_publish("", queue, body.encode(), pika.BasicProperties(**properties))


def fill(channel: BlockingChannel, queue: str, *bodies: str, **properties: Any) -> None:
    """Publishes, and waits until all of it is there."""
    count = ready(channel, queue) + len(bodies)
    publish(channel, queue, *bodies, **properties)
    wait_ready(channel, queue, count)


def take(channel: BlockingChannel, queue: str) -> tuple[Any, Any, str]:
    """Gets the next message, which has to come."""
    got: list[Any] = []

    def arrived() -> bool:
        method, properties, body = channel.basic_get(queue)
        if method is not None:
            got.extend((method, properties, body.decode()))
        return bool(got)

    wait_until(channel, arrived)
    return got[0], got[1], got[2]


def drain(channel: BlockingChannel, queue: str) -> list[str]:
    """All bodies that are there now, in their order."""
    bodies = []
    while True:
        method, _, body = channel.basic_get(queue, auto_ack=True)
        if method is None:
            return bodies
        bodies.append(body.decode())


class Inbox:
    """A consumer; `seen` is what it got."""

    def __init__(self, channel: BlockingChannel, queue: str, **options: Any) -> None:
        self.channel = channel
        self.seen: list[str] = []
        self.deliveries: list[tuple[Any, Any, str]] = []
        self.tag = channel.basic_consume(queue, self.keep, **options)

    def keep(self, _: object, method: Any, properties: Any, body: bytes) -> None:
        self.deliveries.append((method, properties, body.decode()))
        self.seen.append(f"{body.decode()}{' redelivered' if method.redelivered else ''}")

    def wait(self, count: int) -> list[str]:
        wait_until(self.channel, lambda: len(self.seen) >= count)
        return list(self.seen)

    def settle(self, seconds: float = 0.1) -> list[str]:
        """What there is after some time in which more could come."""
        self.channel.connection.process_data_events(time_limit=seconds)
        return list(self.seen)

    def tags(self) -> list[int]:
        return [method.delivery_tag for method, _, _ in self.deliveries]
