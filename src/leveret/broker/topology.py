"""The graph of one virtual host: exchanges, queues and bindings, and what follows from a change.

Three things follow, and nobody else has to think of them:

* cached routes that a change makes untrue are made stale: those of the exchange, and of every
  exchange from which bindings lead to it; the default exchange's of one key at a time
* an auto-delete exchange goes with the last binding that leaves from it
* whoever consumes from a queue that goes is told

It takes objects and checks nothing: names, rights and limits are the virtual host's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leveret.broker.binding import Binding
from leveret.broker.names import encoded
from leveret.broker.queue import Queue

if TYPE_CHECKING:
    from leveret.broker.binding import Destination
    from leveret.broker.exchange import Exchange
    from leveret.engine.route import RouteCache
    from leveret.engine.shard import Shard


class Topology:
    """`virtual_host` is its name, for error texts."""

    def __init__(self, virtual_host: str, shard: Shard, routes: RouteCache) -> None:
        self.virtual_host = virtual_host
        self.shard = shard
        self.routes = routes
        self.exchanges: dict[str, Exchange] = {}
        self.queues: dict[str, Queue] = {}
        self.owned: dict[object, dict[Queue, None]] = {}  # the exclusive queues, by connection
        self.binding_count = 0

    def add_exchange(self, exchange: Exchange) -> None:
        self.exchanges[exchange.name] = exchange

    def remove_exchange(self, exchange: Exchange) -> None:
        """And all bindings from it and to it."""
        self.make_routes_stale(exchange)
        del self.exchanges[exchange.name]
        for binding in tuple(exchange.router.bindings()):
            self.drop(binding)
        self.remove_bindings_to(exchange)

    def add_queue(self, queue: Queue) -> None:
        self.queues[queue.name] = queue
        self.forget_default_route(queue)
        if queue.owner is not None:
            self.owned.setdefault(queue.owner, {})[queue] = None

    def remove_queue(self, queue: Queue) -> None:
        """And all bindings to it, its consumers and its messages."""
        del self.queues[queue.name]
        self.forget_default_route(queue)
        self.remove_bindings_to(queue)
        if queue.owner is not None:
            self.disown(queue)
        subscriptions, queue.subscriptions = queue.subscriptions, None
        for subscription in subscriptions or ():
            subscription.cancelled()
        self.shard.close_queue(queue.store)

    def bind(self, binding: Binding) -> None:
        """Adds a binding that is not there."""
        source, destination = binding.source, binding.destination
        source.router.bind(binding)
        source.binding_count += 1
        if destination.bindings is None:
            destination.bindings = {}
        destination.bindings[binding] = None
        self.binding_count += 1
        self.make_routes_stale(source)

    def unbind(self, binding: Binding) -> None:
        """Removes a binding that is there, and its source if that was its last one."""
        source = binding.source
        self.make_routes_stale(source)
        self.drop(binding)
        if source.auto_delete and source.binding_count == 0:
            self.remove_exchange(source)

    def queue_numbers(self, exchange: Exchange, routing_key: str) -> list[int]:
        """The engine's numbers of all queues that a message reaches from here, each once."""
        numbers: dict[int, None] = {}
        seen = {exchange}
        work = [exchange]
        while work:
            for destination in work.pop().router.destinations(routing_key):
                if isinstance(destination, Queue):
                    numbers[destination.store.number] = None
                elif destination not in seen:
                    seen.add(destination)
                    work.append(destination)
        return list(numbers)

    def make_routes_stale(self, exchange: Exchange) -> None:
        """Those through the exchange, and through all from which a message may get to it."""
        seen = {exchange}
        work = [exchange]
        while work:
            changed = work.pop()
            changed.source.changed()
            for binding in changed.bindings or ():
                if binding.source not in seen:
                    seen.add(binding.source)
                    work.append(binding.source)

    def forget_default_route(self, queue: Queue) -> None:
        self.routes.forget(b"", encoded(queue.name))

    def remove_bindings_to(self, gone: Destination) -> None:
        """And the auto-delete exchanges that thereby lose their last binding, and so on.

        A loop and not a recursion: such exchanges can be chained without limit.
        """
        work: list[Destination] = [gone]
        while work:
            for binding in tuple(work.pop().bindings or ()):
                source = binding.source
                self.make_routes_stale(source)
                self.drop(binding)
                if source.auto_delete and source.binding_count == 0:
                    del self.exchanges[source.name]
                    work.append(source)

    def drop(self, binding: Binding) -> None:
        """Takes the binding out at both ends."""
        source, destination = binding.source, binding.destination
        source.router.unbind(binding)
        source.binding_count -= 1
        self.binding_count -= 1
        if destination.bindings is not None:
            del destination.bindings[binding]
            if not destination.bindings:
                destination.bindings = None

    def disown(self, queue: Queue) -> None:
        queues = self.owned.get(queue.owner)
        if queues is not None:
            queues.pop(queue, None)
            if not queues:
                del self.owned[queue.owner]
