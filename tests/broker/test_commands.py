"""Random commands against a model that is as simple as can be: a dict of names, a set of bindings.

After each command what a message reaches is compared, through the cache as the engine goes.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from leveret.broker.errors import NotFound
from leveret.broker.limits import Limits
from leveret.broker.virtual_host import VirtualHost
from leveret.engine.shard import Shard

QUEUES = ("p", "q", "r")
EXCHANGES = ("direct", "fanout", "topic", "auto")
KEYS = ("", "a", "a.b", "#", "a.#", "*.b", "p")
queues, exchanges, keys = map(st.sampled_from, (QUEUES, EXCHANGES, KEYS))
arguments = st.sampled_from([{}, {"n": 1}])


def matches(type: str, pattern: str, key: str) -> bool:
    if type == "direct":
        return pattern == key
    if type == "fanout":
        return True
    words = key.split(".") if key else []
    match pattern.split(".") if pattern else []:
        case ["#"]:
            return True
        case ["a", "#"]:
            return words[:1] == ["a"]
        case ["*", "b"]:
            return len(words) == 2 and words[1] == "b"
        case literal:
            return words == literal


class Commands(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.host = VirtualHost("/", Shard(), bytes, Limits())
        self.queues: set[str] = set()
        self.types: dict[str, str] = {}
        self.bindings: set[tuple[str, str, str, str]] = set()  # source, destination, key, arguments

    @rule(name=queues)
    def declare_queue(self, name):
        self.host.declare_queue(name, connection=None)
        self.queues.add(name)

    @rule(name=queues)
    def delete_queue(self, name):
        self.host.delete_queue(name, connection=None)
        self.queues.discard(name)
        self.remove(lambda source, destination: destination == name)

    @rule(name=exchanges)
    def declare_exchange(self, name):
        type = "direct" if name == "auto" else name
        self.host.declare_exchange(name, type, auto_delete=name == "auto")
        self.types[name] = type

    @rule(name=exchanges)
    def delete_exchange(self, name):
        self.host.delete_exchange(name)
        self.types.pop(name, None)
        self.remove(lambda source, destination: name in (source, destination))

    @rule(name=queues, exchange=exchanges, key=keys, arguments=arguments)
    def bind_queue(self, name, exchange, key, arguments):
        binding = {"exchange": exchange, "routing_key": key, "arguments": arguments}
        try:
            self.host.bind_queue(queue=name, connection=None, **binding)
        except NotFound:
            assert exchange not in self.types or name not in self.queues
        else:
            self.bindings.add((exchange, name, key, str(arguments)))

    @rule(name=queues, exchange=exchanges, key=keys, arguments=arguments)
    def unbind_queue(self, name, exchange, key, arguments):
        binding = {"exchange": exchange, "routing_key": key, "arguments": arguments}
        self.host.unbind_queue(queue=name, connection=None, **binding)
        self.remove_one((exchange, name, key, str(arguments)))

    @rule(destination=exchanges, source=exchanges, key=keys)
    def bind_exchange(self, destination, source, key):
        try:
            self.host.bind_exchange(destination=destination, source=source, routing_key=key)
        except NotFound:
            assert not {source, destination} <= set(self.types)
        else:
            self.bindings.add((source, destination, key, "{}"))

    @rule(destination=exchanges, source=exchanges, key=keys)
    def unbind_exchange(self, destination, source, key):
        self.host.unbind_exchange(destination=destination, source=source, routing_key=key)
        self.remove_one((source, destination, key, "{}"))

    def remove_one(self, gone):
        self.remove_all({gone} & self.bindings)

    def remove(self, is_gone):
        self.remove_all({binding for binding in self.bindings if is_gone(*binding[:2])})

    def remove_all(self, gone):
        """Removes bindings; if those were the last of the auto-delete exchange, that as well."""
        self.bindings -= gone
        fed = any(source == "auto" for source, *_ in gone)
        if fed and "auto" in self.types and not any(b[0] == "auto" for b in self.bindings):
            del self.types["auto"]
            self.remove(lambda source, destination: destination == "auto")

    @invariant()
    def messages_reach_what_the_model_says(self):
        names = {queue.store.number: name for name, queue in self.host.queues.items()}
        for exchange in ("", *self.types):
            for key in KEYS:
                cached = self.host.routes.find(exchange.encode(), key.encode())
                route = cached or self.host.route(exchange, key)
                reached = [names[route.queue(index)] for index in range(route.queue_count)]
                assert sorted(reached) == sorted(self.reachable(exchange, key))

    def reachable(self, exchange, key):
        if exchange == "":
            return {key} & self.queues
        reached, grown = {exchange}, True
        while grown:
            found = {
                destination
                for source, destination, pattern, _ in self.bindings
                if source in reached and matches(self.types[source], pattern, key)
            }
            grown = not found <= reached
            reached |= found
        return reached & self.queues

    @invariant()
    def the_model_has_what_the_host_has(self):
        assert set(self.host.queues) == self.queues
        own = {name for name in self.host.exchanges if name and not name.startswith("amq.")}
        assert own == set(self.types)
        assert self.host.topology.binding_count == len(self.bindings)
        for exchange in self.host.exchanges.values():
            assert exchange.binding_count == len(list(exchange.router.bindings()))


TestCommands = Commands.TestCase
TestCommands.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
