"""Direct: a message goes where its routing key is the binding's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from leveret.broker.exchanges.bag import Bag, added, each, removed

if TYPE_CHECKING:
    from leveret.broker.binding import Binding, Destination
    from leveret.broker.message import Message


class Direct:
    __slots__ = ("by_key",)

    by_content = False

    def __init__(self) -> None:
        self.by_key: dict[str, Bag] = {}

    def bind(self, binding: Binding) -> None:
        key = binding.routing_key
        self.by_key[key] = added(self.by_key.get(key), binding)

    def unbind(self, binding: Binding) -> None:
        key = binding.routing_key
        rest = removed(self.by_key[key], binding)
        if rest is None:
            del self.by_key[key]
        else:
            self.by_key[key] = rest

    def destinations(self, message: Message) -> Iterator[Destination]:
        for key in message.routing_keys:
            for binding in each(self.by_key.get(key)):
                yield binding.destination

    def bindings(self) -> Iterator[Binding]:
        for bag in self.by_key.values():
            yield from each(bag)
