"""What a broker has to keep, as plain as can be: for tests that crash it.

A deleted exchange or queue is gone at once; the bindings that it leaves are dead and stay until
resolve(). What a restart leaves of it all is restarted().
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field


@dataclass
class Message:
    """`delivered`: to somebody, once."""

    body: int
    persistent: bool
    delivered: bool = False


@dataclass
class End:
    """An exchange or a queue; `messages` in the order of their positions."""

    name: str
    durable: bool
    auto_delete: bool
    messages: list[Message] = field(default_factory=list)

    def gone(self, number: int) -> None:
        self.messages = [message for message in self.messages if message.body != number]


@dataclass(frozen=True)
class Binding:
    """Between two of all the ends that there ever were. `kept`: both of them are durable."""

    source: int
    destination: int
    routing_key: str
    kept: bool


@dataclass
class Model:
    """Exchanges and queues by their numbers, which are given once; numbers by name."""

    last: int = 0
    ends: dict[int, End] = field(default_factory=dict)
    exchanges: dict[str, int] = field(default_factory=dict)
    queues: dict[str, int] = field(default_factory=dict)
    bindings: set[Binding] = field(default_factory=set)

    def declare(self, of: dict[str, int], name: str, *, durable: bool, auto_delete: bool) -> None:
        """`of` is self.exchanges or self.queues."""
        self.last += 1
        of[name] = self.last
        self.ends[self.last] = End(name, durable, auto_delete)

    def delete(self, of: dict[str, int], name: str) -> None:
        del self.ends[of.pop(name)]

    def binding(self, source: str, of: dict[str, int], name: str, routing_key: str) -> Binding:
        ends = self.exchanges[source], of[name]
        kept = all(self.ends[number].durable for number in ends)
        return Binding(*ends, routing_key, kept)

    def unbind(self, binding: Binding) -> None:
        self.bindings.discard(binding)
        source = self.ends.get(binding.source)
        if source is None or not source.auto_delete:
            return
        if all(other.source != binding.source for other in self.bindings):
            self.delete(self.exchanges, source.name)

    def resolve(self) -> None:
        """Dead bindings go, and the exchanges that go with their last."""
        while dead := [each for each in self.bindings if not self.is_alive(each)]:
            for binding in dead:
                self.unbind(binding)

    def is_alive(self, binding: Binding) -> bool:
        return binding.source in self.ends and binding.destination in self.ends

    def reached(self, exchange: str) -> list[End]:
        """The queues that a message gets to, all exchanges being fanouts."""
        seen = {self.exchanges[exchange]}
        work = list(seen)
        while work:
            number = work.pop()
            for binding in self.bindings:
                if binding.source == number and self.is_alive(binding):
                    if binding.destination not in seen:
                        seen.add(binding.destination)
                        work.append(binding.destination)
        return [self.ends[number] for number in seen if number in self.queues.values()]

    def restarted(self, *, redelivered: bool) -> Model:
        """As a broker begins that finds of this one what had to be kept."""
        again = deepcopy(self)
        again.bindings = {binding for binding in again.bindings if binding.kept}
        for of in (again.exchanges, again.queues):
            for name, number in list(of.items()):
                if not again.ends[number].durable:
                    again.delete(of, name)
        again.resolve()
        for end in again.ends.values():
            end.messages = [message for message in end.messages if message.persistent]
            for message in end.messages:
                message.delivered |= redelivered
        return again

    def names(self) -> Iterator[tuple[str, str, str, str]]:
        """Of each binding that is alive: source, kind of its destination, name, routing key."""
        for binding in filter(self.is_alive, self.bindings):
            kind = "queue" if binding.destination in self.queues.values() else "exchange"
            source, destination = self.ends[binding.source], self.ends[binding.destination]
            yield source.name, kind, destination.name, binding.routing_key
