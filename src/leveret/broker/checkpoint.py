"""All definitions once more, so that whoever reads the log can begin behind what it had of them.

In slices: what changes between two of them is written down where it changes, and what has gone by
then is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Final

from leveret.engine.chores import Chore

if TYPE_CHECKING:
    from leveret.broker.binding import Destination
    from leveret.broker.definition_log import DefinitionLog
    from leveret.broker.topology import Topology
    from leveret.broker.virtual_host import VirtualHost

COST: Final = 64
"""What a definition takes, in messages of a chore."""


def define_all(
    hosts: Mapping[str, VirtualHost], definitions: DefinitionLog, others: Iterable[None] = ()
) -> Chore:
    """Has all that is kept defined again, what is in no virtual host by the steps of `others`."""
    steps = chain(others, all_steps(hosts, definitions))

    def step(count_max: int) -> int:
        for _ in range(max(1, count_max // COST)):
            if next(steps, done) is done:
                return 0
        return count_max

    return Chore(step)


done = object()


def all_steps(hosts: Mapping[str, VirtualHost], definitions: DefinitionLog) -> Iterator[None]:
    """Each step defines one thing."""
    definitions.reserve_incarnations()
    yield
    for host in list(hosts.values()):
        topology = host.topology
        yield from ends(topology)
        for exchange in list(topology.exchanges.values()):
            yield from bindings_to(exchange, topology)
        for queue in list(topology.queues.values()):
            yield from bindings_to(queue, topology)


def ends(topology: Topology) -> Iterator[None]:
    for exchange in list(topology.exchanges.values()):
        if topology.exchanges.get(exchange.name) is exchange:
            topology.recorder.exchange_added(exchange)
            yield
    for queue in list(topology.queues.values()):
        if topology.queues.get(queue.name) is queue:
            topology.recorder.queue_added(queue)
            yield


def bindings_to(destination: Destination, topology: Topology) -> Iterator[None]:
    for binding in list(destination.bindings or ()):
        if destination.bindings is not None and binding in destination.bindings:
            topology.recorder.bound(binding)
            yield
