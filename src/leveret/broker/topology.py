"""The graph of one virtual host: exchanges, queues and bindings, and what follows from a change.

Three things follow, and nobody else has to think of them:

* cached routes that a change makes untrue are made stale: those of the exchange, and of every
  exchange from which bindings lead to it. A route of the default exchange depends on the queue
  that it leads to, and on the exchange only if it leads nowhere: so one queue that goes makes one
  route stale, and one that comes only those that led nowhere
* an auto-delete exchange goes with the last binding that leaves from it
* whoever consumes from a queue that goes is told

It takes objects and checks nothing: names, rights and limits are the virtual host's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from leveret.broker.binding import Binding
from leveret.broker.exchange import Exchange
from leveret.broker.exchanges import default
from leveret.broker.queue import Queue
from leveret.engine.route import Route

if TYPE_CHECKING:
    from leveret.broker.binding import Destination
    from leveret.engine.shard import Shard


class Topology:
    """`virtual_host` is its name, for error texts."""

    def __init__(self, virtual_host: str, shard: Shard) -> None:
        self.virtual_host = virtual_host
        self.shard = shard
        self.exchanges: dict[str, Exchange] = {}
        self.queues: dict[str, Queue] = {}
        self.reply_queues: dict[str, Queue] = {}  # by address
        self.add_exchange(default.exchange(self.queues, self.reply_queues))
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
        self.make_routes_stale(self.exchanges[default.NAME])
        if queue.owner is not None:
            self.owned.setdefault(queue.owner, {})[queue] = None

    def remove_queue(self, queue: Queue) -> None:
        """And all bindings to it, its consumers and its messages."""
        del self.queues[queue.name]
        queue.source.changed()
        self.remove_bindings_to(queue)
        if queue.owner is not None:
            self.disown(queue)
        subscriptions, queue.subscriptions = queue.subscriptions, None
        for subscription in subscriptions or ():
            subscription.cancelled()
        self.shard.close_queue(queue.store)

    def add_reply_queue(self, queue: Queue) -> None:
        """A queue that nothing is known of but its address."""
        self.reply_queues[queue.name] = queue

    def remove_reply_queue(self, queue: Queue) -> None:
        del self.reply_queues[queue.name]
        queue.source.changed()
        self.shard.close_queue(queue.store)

    def bind(self, binding: Binding) -> None:
        """Adds a binding that is not there."""
        source, destination = binding.source, binding.destination
        source.router.bind(binding)
        source.binding_count += 1
        if destination.bindings is None:
            destination.bindings = {}
        destination.bindings[binding] = None
        if isinstance(destination, Exchange):
            destination.upstream[source] = destination.upstream.get(source, 0) + 1
        self.binding_count += 1
        self.make_routes_stale(source)

    def unbind(self, binding: Binding) -> None:
        """Removes a binding that is there, and its source if that was its last one."""
        source = binding.source
        self.make_routes_stale(source)
        self.drop(binding)
        if source.auto_delete and source.binding_count == 0:
            self.remove_exchange(source)

    def route(self, exchange: Exchange, routing_key: str) -> Route:
        """Where a message goes from here, good until something on the way changes."""
        numbers = self.trace(exchange, routing_key)
        if exchange.name == default.NAME and numbers:
            queue = self.queues.get(routing_key) or self.reply_queues[routing_key]
            return Route(exchange.source, numbers, queue.source)
        return Route(exchange.source, numbers)

    def trace(self, exchange: Exchange, routing_key: str) -> list[int]:
        """The engine's numbers of all queues that a message reaches from here, each once.

        Marks the exchanges on the way.
        """
        numbers: dict[int, None] = {}
        seen = {exchange}
        work = [exchange]
        while work:
            passed = work.pop()
            passed.is_routed = True
            for destination in passed.router.destinations(routing_key):
                if isinstance(destination, Queue):
                    numbers[destination.store.number] = None
                elif destination not in seen:
                    seen.add(destination)
                    work.append(destination)
        return list(numbers)

    def make_routes_stale(self, exchange: Exchange) -> None:
        """Those through the exchange, and through all from which a message may get to it.

        No good route leads through an exchange without a mark: there the walk ends. So it costs
        no more than the traces did that set the marks, however the exchanges are bound.
        """
        work = [exchange]
        while work:
            changed = work.pop()
            if changed.is_routed:
                changed.is_routed = False
                changed.source.changed()
                work.extend(changed.upstream)

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
        bindings = destination.bindings or {}
        del bindings[binding]
        if not bindings:
            destination.bindings = None
        if isinstance(destination, Exchange):
            destination.upstream[source] -= 1
            if destination.upstream[source] == 0:
                del destination.upstream[source]

    def disown(self, queue: Queue) -> None:
        queues = self.owned[queue.owner]
        del queues[queue]
        if not queues:
            del self.owned[queue.owner]
