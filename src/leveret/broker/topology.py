"""The graph of one virtual host: exchanges, queues and bindings, and what follows from a change.

Three things follow, and nobody else has to think of them:

* cached routes that a change makes untrue are made stale: those of the exchange, and of every
  exchange from which bindings lead to it, or which has it as its alternate. A route of the default
  exchange depends on the queue that it leads to, and on the exchange only if it leads nowhere: so
  one queue that goes makes one route stale, and one that comes only those that led nowhere
* an auto-delete exchange goes with the last binding that leaves from it
* whoever consumes from a queue that goes is told

Routes are cached by exchange and routing key. Where a message gets to an exchange that decides by
more than the key, the cache learns only that: each message is then traced on its own.

It takes objects and checks nothing: names, rights and limits are the virtual host's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING

from leveret.broker.binding import Binding
from leveret.broker.definitions import Forgetful, Recorder
from leveret.broker.event_facts import binding_facts, exchange_facts, name_in, queue_facts
from leveret.broker.events import Events
from leveret.broker.exchange import Exchange, Router
from leveret.broker.exchanges import default
from leveret.broker.exchanges.nowhere import Nowhere
from leveret.broker.message import Message
from leveret.broker.names import encoded
from leveret.broker.queue import Queue, Subscription
from leveret.broker.sweep import sweep
from leveret.engine.chores import Chore
from leveret.engine.route import Exchange as RouteSource
from leveret.engine.route import Route

if TYPE_CHECKING:
    from leveret.broker.binding import Destination
    from leveret.broker.firehose import Firehose
    from leveret.engine.shard import Shard


class Topology:
    """`virtual_host` is its name; `recorder` is told of what is to survive a restart."""

    def __init__(self, virtual_host: str, shard: Shard, events: Events | None = None) -> None:
        self.virtual_host = virtual_host
        self.shard = shard
        self.events = events or Events()
        self.firehose: Firehose | None = None  # while it is on
        self.recorder = Recorder(virtual_host, Forgetful())
        self.exchanges: dict[str, Exchange] = {}
        self.queues: dict[str, Queue] = {}
        self.reply_queues: dict[str, Queue] = {}  # by address
        self.alternated: dict[str, dict[Exchange, None]] = {}  # by the name of their alternate
        self.add_exchange(default.exchange(self.queues, self.reply_queues))
        self.owned: dict[object, dict[Queue, None]] = {}  # the exclusive queues, by connection
        self.binding_count = 0
        self.consumer_count = 0
        self.looked = 0  # at how many bindings, or places among them, to find messages' ways

    def add_exchange(self, exchange: Exchange) -> None:
        self.exchanges[exchange.name] = exchange
        if exchange.alternate is not None:
            self.alternated.setdefault(exchange.alternate, {})[exchange] = None
        for dependent in self.alternated.get(exchange.name, ()):
            self.make_routes_stale(dependent)
        self.recorder.exchange_added(exchange)
        self.events.tell("exchange.created", exchange_facts, self.virtual_host, exchange)

    def set_alternate(self, exchange: Exchange, alternate: str | None) -> None:
        """From now on that gets what has no destination; None: nobody does."""
        if alternate == exchange.alternate:
            return
        self.make_routes_stale(exchange)
        self.forget_alternate(exchange)
        exchange.alternate = alternate
        if alternate is not None:
            self.alternated.setdefault(alternate, {})[exchange] = None

    def remove_exchange(self, exchange: Exchange) -> Chore:
        """And all bindings from it and to it: when the chore is done."""
        self.make_routes_stale(exchange)
        self.forget_exchange(exchange)
        router, exchange.router = exchange.router, Nowhere()
        return self.begin(chain(self.remove_from(router), self.remove_to(exchange)))

    def add_queue(self, queue: Queue) -> None:
        self.queues[queue.name] = queue
        self.make_routes_stale(self.exchanges[default.NAME])
        if queue.owner is not None:
            self.owned.setdefault(queue.owner, {})[queue] = None
        if self.firehose is not None:
            self.firehose.names[queue.store.number] = queue.name
        self.recorder.queue_added(queue)
        self.events.tell("queue.created", queue_facts, self.virtual_host, queue)

    def remove_queue(self, queue: Queue) -> Chore:
        """And its messages, and all bindings to it and its consumers: when the chore is done."""
        del self.queues[queue.name]
        if queue.lease is not None:
            queue.lease.end()
        self.make_default_route_stale(queue)
        if queue.owner is not None:
            self.disown(queue)
        subscriptions, queue.subscriptions = queue.subscriptions, None
        self.consumer_count -= len(subscriptions or ())
        self.recorder.queue_removed(queue)
        self.events.tell("queue.deleted", name_in, self.virtual_host, queue.name)
        chore = self.begin(chain(self.remove_to(queue), cancel_all(subscriptions or ())))
        self.shard.close_queue(queue.store, chore)
        return chore

    def remove_owned(self, owner: object) -> Chore:
        """All exclusive queues of a connection."""
        return self.begin(self.remove_queues(self.owned.pop(owner, {})))

    def add_reply_queue(self, queue: Queue) -> None:
        """A queue that nothing is known of but its address."""
        self.reply_queues[queue.name] = queue
        if self.firehose is not None:
            self.firehose.names[queue.store.number] = queue.name

    def remove_reply_queue(self, queue: Queue) -> None:
        del self.reply_queues[queue.name]
        self.make_default_route_stale(queue)
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
        self.recorder.bound(binding)
        self.events.tell("binding.created", binding_facts, self.virtual_host, binding)

    def unbind(self, binding: Binding) -> Chore | None:
        """Removes a binding that is there, and its source if that was its last one."""
        self.drop_at_source(binding)
        if binding.destination.bindings is not None:
            del binding.destination.bindings[binding]
        unused = self.is_unused(binding.source)
        chore = self.remove_exchange(binding.source) if unused else None
        self.dropped(binding)
        return chore

    def route(self, exchange: Exchange, routing_key: str) -> Route:
        """Where a message goes from here, good until something on the way changes."""
        numbers = self.trace(exchange, Message(exchange.name, (routing_key,)), by_keys=True)
        if numbers is None:
            return Route(exchange.source, (), by_content=True)
        if exchange.name == default.NAME and numbers:
            queue = self.queues.get(routing_key) or self.reply_queues[routing_key]
            return Route(exchange.source, numbers, queue.source)
        return Route(exchange.source, numbers)

    def route_message(self, exchange: Exchange, message: Message) -> Route:
        """Where this message alone goes from here, now."""
        return Route(exchange.source, self.trace(exchange, message) or ())

    def deliver(self, message: Message, destination: Destination) -> None:
        """Hands a message on that was published before: to a queue, or through an exchange."""
        if isinstance(destination, Queue):
            route = Route(destination.source, (destination.store.number,))
        else:
            route = self.route_message(destination, message)
        self.hand_over(message, route)

    def hand_over(self, message: Message, route: Route, *, is_dead: bool = False) -> None:
        """Stores a message that no client has just published; see Shard.insert()."""
        self.shard.insert(
            route,
            encoded(message.exchange),
            encoded(message.routing_keys[0]),
            properties=message.properties,
            body=bytes(message.body),
            arrival=message.arrival,
            expiry=0 if message.expiration is None else message.arrival + message.expiration,
            priority=message.priority,
            persistent=message.persistent,
            is_dead=is_dead,
        )

    def trace(
        self, exchange: Exchange, message: Message, *, by_keys: bool = False
    ) -> list[int] | None:
        """The engine's numbers of all queues that reach() finds."""
        reached = self.reach(exchange, message, by_keys=by_keys)
        return None if reached is None else list(reached)

    def reach(
        self, exchange: Exchange, message: Message, *, by_keys: bool = False
    ) -> dict[int, Queue] | None:
        """All queues that a message reaches from here, by the engine's numbers.

        Marks the exchanges on the way. None: the routing keys alone should decide (`by_keys`),
        and do not.
        """
        numbers: dict[int, Queue] = {}
        seen = {exchange}
        work = [exchange]
        while work:
            passed = work.pop()
            passed.is_routed = True
            if by_keys and passed.router.by_content:
                return None
            for destination in self.destinations(passed, message):
                if isinstance(destination, Queue):
                    if not destination.store.closed:
                        numbers[destination.store.number] = destination
                elif destination not in seen:
                    seen.add(destination)
                    work.append(destination)
        return numbers

    def spend(self, count: int) -> None:
        self.looked += count

    def destinations(self, exchange: Exchange, message: Message) -> list[Destination]:
        """What the exchange finds; if that is nothing, its alternate, where there is one."""
        found = list(exchange.router.destinations(message))
        self.looked += len(found)
        if not found and exchange.alternate in self.exchanges:
            found.append(self.exchanges[exchange.alternate])
        return found

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
                work.extend(self.alternated.get(changed.name, ()))

    def make_default_route_stale(self, queue: Queue) -> None:
        """The default exchange's route to a queue that goes; and all, if it is an alternate."""
        queue.source.changed()
        if default.NAME in self.alternated:
            self.make_routes_stale(self.exchanges[default.NAME])

    # What is removed in slices: one step for each binding, queue or consumer

    def begin(self, steps: Iterable[None]) -> Chore:
        chore = sweep(steps)
        self.shard.chores.begin(chore)
        return chore

    def remove_queues(self, queues: dict[Queue, None]) -> Iterator[None]:
        while queues:
            queue, _ = queues.popitem()
            if self.queues.get(queue.name) is queue:
                self.remove_queue(queue)
            yield

    def remove_from(self, gone: Router) -> Iterator[None]:
        """All bindings of a router that nothing else reaches any more."""
        for binding in gone.bindings():
            held = binding.destination.bindings
            if held is not None and binding in held:
                del held[binding]
                self.dropped(binding)
            yield

    def remove_to(self, gone: Destination) -> Iterator[None]:
        """All bindings to it, and the auto-delete exchanges that lose their last one, and so on.

        A loop and not a recursion: such exchanges can be chained without limit.
        """
        work: list[Destination] = [gone]
        while work:
            destination = work.pop()
            while destination.bindings:
                binding, _ = destination.bindings.popitem()
                self.drop_at_source(binding)
                if self.is_unused(binding.source):
                    self.forget_exchange(binding.source)
                    work.append(binding.source)
                self.dropped(binding)
                yield

    def remove_all(self) -> Iterator[None]:
        """Everything, of a virtual host that nobody can open any more."""
        for queue in list(self.queues.values()):
            if self.queues.get(queue.name) is queue:
                self.remove_queue(queue)
            yield
        for exchange in list(self.exchanges.values()):
            if exchange.name != default.NAME and self.exchanges.get(exchange.name) is exchange:
                self.remove_exchange(exchange)
            yield

    def is_unused(self, exchange: Exchange) -> bool:
        """It is there, and deleted with its last binding, and that has gone."""
        return (
            exchange.auto_delete
            and exchange.binding_count == 0
            and self.exchanges.get(exchange.name) is exchange
        )

    def forget_exchange(self, exchange: Exchange) -> None:
        del self.exchanges[exchange.name]
        self.recorder.exchange_removed(exchange)
        self.events.tell("exchange.deleted", name_in, self.virtual_host, exchange.name)
        self.forget_alternate(exchange)

    def forget_alternate(self, exchange: Exchange) -> None:
        if exchange.alternate is not None:
            dependents = self.alternated[exchange.alternate]
            del dependents[exchange]
            if not dependents:
                del self.alternated[exchange.alternate]

    def drop_at_source(self, binding: Binding) -> None:
        source = binding.source
        self.make_routes_stale(source)
        source.router.unbind(binding)
        source.binding_count -= 1

    def dropped(self, binding: Binding) -> None:
        """It has been taken out at both ends.

        An auto-delete exchange that goes with it is gone already: after a crash in between it is
        the binding of an exchange that is not there.
        """
        self.recorder.unbound(binding)
        self.events.tell("binding.deleted", binding_facts, self.virtual_host, binding)
        source, destination = binding.source, binding.destination
        self.binding_count -= 1
        if not destination.bindings:
            destination.bindings = None
        if isinstance(destination, Exchange):
            destination.upstream[source] -= 1
            if destination.upstream[source] == 0:
                del destination.upstream[source]

    def disown(self, queue: Queue) -> None:
        queues = self.owned.get(queue.owner)
        if queues is None:
            return
        queues.pop(queue, None)
        if not queues:
            del self.owned[queue.owner]


def cancel_all(subscriptions: Iterable[Subscription]) -> Iterator[None]:
    for subscription in subscriptions:
        subscription.cancelled()
        yield


def for_this_key(route: Route) -> Route:
    """The same, of an exchange that no other route is of."""
    queues = [route.queue(index) for index in range(route.queue_count)]
    return Route(RouteSource(), queues, route.source, route.by_content)
