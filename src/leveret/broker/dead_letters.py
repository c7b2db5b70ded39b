"""Where messages go that die in a queue, and what is written into them on the way.

    dies in q --> exchange of q's settings, with q's routing key or the message's own --> queues

A message carries the story of its deaths, the latest first: one for each queue and reason, with
how often it has happened. If it comes back to a queue in which it has died before, and nobody has
rejected it since, it goes round by itself: there it is dropped.

At most once: the message is in its new queues and gone from the old one in the same moment, and
nobody hears of it if there is no such exchange, or no queue takes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from leveret.broker.message import Message
from leveret.engine.dead_letters import DeadMessage
from leveret.engine.route import Route

if TYPE_CHECKING:
    from leveret.broker.queue import Queue

REJECTED = "rejected"


class Death(NamedTuple):
    """`time` is that of the first, in seconds since 1970; `routing_keys` are what it had then."""

    queue: str
    reason: str
    times: int
    time: int
    exchange: str
    routing_keys: Sequence[str]
    original_expiration: str | None = None


class Ending(NamedTuple):
    """A first or last death."""

    queue: str
    reason: str
    exchange: str


class Story(NamedTuple):
    """The deaths, the latest first, and of all the first and the last."""

    deaths: Sequence[Death]
    first: Ending
    last: Ending


class Letter(NamedTuple):
    """A message that has died, as its protocol has it. `story` is that of former deaths."""

    message: Message
    expiration: str | None
    story: Story | None


class Content(Protocol):
    """What a protocol knows of its messages' properties."""

    def read(self, dead: DeadMessage) -> Letter:
        """The message, with all routing keys that it still names."""

    def write(self, properties: bytes, story: Story, *, without_copies: bool) -> bytes:
        """The properties with this story, without expiration; and without further routing keys."""


class DeadLetters:
    """Those of one queue, by its settings. Satisfies the engine's protocol of that name."""

    def __init__(self, queue: Queue, exchange: str, routing_key: str | None) -> None:
        self.queue = queue
        self.exchange = exchange
        self.routing_key = routing_key

    def take(self, message: DeadMessage, reason: str) -> None:
        topology = self.queue.topology
        exchange = topology.exchanges.get(self.exchange)
        content: Content | None = topology.shard.contents.get(message.protocol)
        if exchange is None or content is None:
            return
        letter = content.read(message)
        now = topology.shard.agenda.now
        story = told(letter, self.queue.name, reason, now)
        properties = content.write(
            message.properties, story, without_copies=self.routing_key is not None
        )
        keys = letter.message.routing_keys if self.routing_key is None else (self.routing_key,)
        dead = letter.message._replace(
            exchange=self.exchange,
            routing_keys=tuple(keys),
            arrival=now,
            expiration=None,
            properties=properties,
        )
        reached = topology.reach(exchange, dead) or {}
        numbers = [
            number
            for number, queue in reached.items()
            if reason == REJECTED or not is_cycle(story, queue.name)
        ]
        topology.hand_over(dead, Route(exchange.source, numbers), is_dead=True)


def told(letter: Letter, queue: str, reason: str, now: int) -> Story:
    """The story with one death more."""
    message = letter.message
    death = Death(
        queue=queue,
        reason=reason,
        times=1,
        time=now // 1000,
        exchange=message.exchange,
        routing_keys=message.routing_keys,
        original_expiration=letter.expiration,
    )
    ending = Ending(queue, reason, message.exchange)
    if letter.story is None:
        return Story((death,), ending, ending)
    others = []
    for former in letter.story.deaths:
        if (former.queue, former.reason) == (queue, reason):
            death = former._replace(times=former.times + 1)
        else:
            others.append(former)
    return Story((death, *others), letter.story.first, ending)


def is_cycle(story: Story, queue: str) -> bool:
    """It has died there before, and has not been rejected since."""
    for death in story.deaths:
        if death.reason == REJECTED:
            return False
        if death.queue == queue:
            return True
    return False


def dead_letters_of(
    queue: Queue, exchange: str | None, routing_key: str | None
) -> DeadLetters | None:
    """None: what dies there is gone."""
    return None if exchange is None else DeadLetters(queue, exchange, routing_key)
