"""The policies of a virtual host, and what they come to for its queues and exchanges.

    ("policy", virtual host, name)             pattern, definition, priority, apply_to
    ("operator-policy", virtual host, name)    the same

What is declared goes by them from the start. When one changes, all that is there is looked at
again, in slices: there may be very many queues. The command is done when all go by the change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from leveret.broker.definitions import Value
from leveret.broker.errors import NotFound
from leveret.broker.event_facts import name_in, policy_facts
from leveret.broker.expression import Expression
from leveret.broker.policy import (
    ALTERNATE_EXCHANGE,
    NO_POLICY,
    Effective,
    Policy,
    effective_arguments,
    merged,
)
from leveret.broker.queue_arguments import TYPE
from leveret.broker.queue_settings import CLASSIC, QueueSettings

if TYPE_CHECKING:
    from leveret.broker.exchange import Exchange
    from leveret.broker.queue import Queue
    from leveret.broker.topology import Topology
    from leveret.engine.chores import Chore

POLICY: Final = "policy"
OPERATOR_POLICY: Final = "operator-policy"


class Ranked(NamedTuple):
    """A policy in the order in which they count."""

    policy: Policy
    pattern: Expression


class Policies:
    """`by_name` and `operators` are as they were set."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.by_name: dict[str, Policy] = {}
        self.operators: dict[str, Policy] = {}
        self.ranked: list[Ranked] = []
        self.ranked_operators: list[Ranked] = []

    def set(self, policy: Policy, *, operator: bool = False, lenient: bool = False) -> Chore:
        """Instead of the one of that name. It is done with the chore.

        `lenient`: keys that nobody knows are kept. Raises PreconditionFailed.
        """
        self.add(policy, operator=operator, lenient=lenient)
        self.keep(policy, operator=operator)
        self.topology.events.tell("policy.set", policy_facts, self.virtual_host, policy)
        return self.topology.begin(self.govern_all())

    def clear(self, name: str, *, operator: bool = False) -> Chore:
        """It is done with the chore. Raises NotFound."""
        policies = self.of(operator=operator)
        if name not in policies:
            what = "Operator policy" if operator else "Policy"
            raise NotFound(f"{what} '{name}' in vhost '{self.virtual_host}' does not exist")
        del policies[name]
        self.rank(operator=operator)
        self.topology.recorder.definitions.define(self.key(name, operator=operator), None)
        self.topology.events.tell("policy.cleared", name_in, self.virtual_host, name)
        return self.topology.begin(self.govern_all())

    def add(self, policy: Policy, *, operator: bool = False, lenient: bool = False) -> None:
        """For what is declared from now on. Raises PreconditionFailed."""
        policy.check(operator=operator, lenient=lenient)
        self.of(operator=operator)[policy.name] = policy
        self.rank(operator=operator)

    @property
    def virtual_host(self) -> str:
        return self.topology.virtual_host

    def of(self, *, operator: bool) -> dict[str, Policy]:
        return self.operators if operator else self.by_name

    def rank(self, *, operator: bool) -> None:
        policies = sorted(
            self.of(operator=operator).values(), key=lambda each: (-each.priority, each.name)
        )
        ranked = [Ranked(each, each.check(lenient=True)) for each in policies]
        if operator:
            self.ranked_operators = ranked
        else:
            self.ranked = ranked

    # What they come to

    def govern_all(self) -> Iterator[None]:
        """Each step is about one exchange or queue."""
        for exchange in list(self.topology.exchanges.values()):
            if self.topology.exchanges.get(exchange.name) is exchange:
                self.govern_exchange(exchange)
            yield
        for queue in list(self.topology.queues.values()):
            if self.topology.queues.get(queue.name) is queue:
                self.govern_queue(queue)
            yield

    def govern_queue(self, queue: Queue) -> None:
        """It goes by what is set now."""
        effective = self.for_queue(queue.name, queue_type(queue))
        if effective != queue.effective:
            queue.effective = effective
            arguments = effective_arguments(queue.arguments, effective.definition)
            QueueSettings.from_arguments(arguments).apply(queue)

    def govern_exchange(self, exchange: Exchange) -> None:
        effective = self.for_exchange(exchange.name)
        if effective != exchange.effective:
            exchange.effective = effective
            alternate = effective.definition.get(ALTERNATE_EXCHANGE)
            if exchange.own_alternate is not None or not isinstance(alternate, str):
                alternate = exchange.own_alternate
            self.topology.set_alternate(exchange, alternate)

    def for_queue(self, name: str, type: str) -> Effective:
        return self.effective(name, lambda policy: policy.applies_to_queues(type))

    def for_exchange(self, name: str) -> Effective:
        return self.effective(name, Policy.applies_to_exchanges)

    def effective(self, name: str, applies: Callable[[Policy], bool]) -> Effective:
        if not self.ranked and not self.ranked_operators:
            return NO_POLICY
        policy = first(self.ranked, name, applies)
        return merged(policy, first(self.ranked_operators, name, applies))

    # What is kept

    def keep_all(self) -> None:
        """Defines all of them once more."""
        for operator in (False, True):
            for policy in self.of(operator=operator).values():
                self.keep(policy, operator=operator)

    def keep(self, policy: Policy, *, operator: bool) -> None:
        value: Value = {
            "pattern": policy.pattern,
            "definition": dict(policy.definition),
            "priority": policy.priority,
            "apply_to": policy.apply_to,
        }
        self.topology.recorder.definitions.define(self.key(policy.name, operator=operator), value)

    def forget_all(self) -> None:
        """The virtual host is deleted."""
        for operator in (False, True):
            for name in self.of(operator=operator):
                key = self.key(name, operator=operator)
                self.topology.recorder.definitions.define(key, None)
            self.of(operator=operator).clear()
            self.rank(operator=operator)

    def key(self, name: str, *, operator: bool) -> tuple[str, ...]:
        return (OPERATOR_POLICY if operator else POLICY, self.virtual_host, name)


def first(ranked: Iterable[Ranked], name: str, applies: Callable[[Policy], bool]) -> Policy | None:
    """The first that is for this name."""
    return next((p for p, pattern in ranked if applies(p) and pattern.search(name)), None)


def queue_type(queue: Queue) -> str:
    type = queue.arguments.get(TYPE, CLASSIC)
    return type if isinstance(type, str) else CLASSIC
