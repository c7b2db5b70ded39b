"""What is told of a change, on a real virtual host."""


def test_a_durable_exchange_is_kept_until_it_is_deleted(host, kept):
    host.declare_exchange("e", "topic", durable=True, internal=True, arguments={"a": b"\1"})
    assert kept == {
        ("exchange", "/", "e"): {
            "incarnation": 1,
            "type": "topic",
            "auto_delete": False,
            "internal": True,
            "arguments": {"a": {"!bytes": "AQ=="}},
        }
    }
    host.delete_exchange("e")
    assert kept == {}


def test_a_durable_queue_is_kept_until_it_is_deleted(host, kept):
    queue = host.declare_queue("q", durable=True, arguments={"x-max-length": 5}, connection=None)
    value = {
        "id": queue.store.identity,
        "auto_delete": False,
        "arguments": {"x-max-length": 5},
    }
    assert kept == {("queue", "/", "q"): value}
    host.delete_queue("q", connection=None)
    assert kept == {}


def test_what_is_not_durable_is_not_kept(host, kept):
    host.declare_exchange("e", "fanout")
    host.declare_queue("q", connection=None)
    host.declare_queue("x", durable=True, exclusive=True, connection=object())
    host.bind_queue(queue="q", exchange="e", routing_key="", connection=None)
    host.delete_queue("q", connection=None)
    host.delete_exchange("e")
    assert kept == {}


def test_a_binding_is_kept_if_both_its_ends_are(host, kept):
    host.declare_exchange("e", "topic", durable=True)
    host.declare_queue("durable", durable=True, connection=None)
    host.declare_queue("transient", connection=None)
    for queue in ("durable", "transient"):
        host.bind_queue(queue=queue, exchange="e", routing_key="a.#", connection=None)
    bindings = [key for key in kept if key[0] == "binding"]
    assert bindings == [("binding", "/", "e", "1", "queue", "durable", "0", "a.#", "")]
    host.unbind_queue(queue="durable", exchange="e", routing_key="a.#", connection=None)
    assert not [key for key in kept if key[0] == "binding"]


def test_a_binding_of_the_servers_own_exchange_is_kept(host, kept):
    host.declare_queue("q", durable=True, connection=None)
    host.bind_queue(
        queue="q", exchange="amq.headers", routing_key="", arguments={"k": 1}, connection=None
    )
    assert ("binding", "/", "amq.headers", "0", "queue", "q", "0", "", '{"k":1}') in kept


def test_bindings_between_exchanges_go_with_their_ends(host, kept):
    for name in ("a", "b"):
        host.declare_exchange(name, "fanout", durable=True)
    host.bind_exchange(destination="b", source="a", routing_key="")
    assert ("binding", "/", "a", "1", "exchange", "b", "2", "", "") in kept
    host.delete_exchange("b")
    assert list(kept) == [("exchange", "/", "a")]


def test_an_exchange_that_goes_by_itself_is_forgotten(host, kept):
    host.declare_exchange("e", "fanout", durable=True, auto_delete=True)
    host.declare_queue("q", durable=True, connection=None)
    host.bind_queue(queue="q", exchange="e", routing_key="", connection=None)
    host.delete_queue("q", connection=None)
    assert kept == {}


def test_an_exchange_that_is_declared_again_is_another_incarnation(host, kept):
    host.declare_exchange("e", "fanout", durable=True)
    host.declare_exchange("transient", "fanout")
    host.delete_exchange("e")
    host.declare_exchange("e", "fanout", durable=True)
    assert kept["exchange", "/", "e"]["incarnation"] == 2
    assert host.exchanges["transient"].incarnation == 0


class Told(list):
    """What was told, in order."""

    def define(self, key, value):
        self.append((key[0], key[2], value is not None))

    def drop(self, key, store):
        assert not store.closed
        self.append(("dropped", key[2], False))


def test_an_exchange_that_goes_by_itself_goes_before_its_last_binding(host):
    told = Told()
    host.declare_exchange("e", "fanout", durable=True, auto_delete=True)
    for name in ("q", "r"):
        host.declare_queue(name, durable=True, connection=None)
        host.bind_queue(queue=name, exchange="e", routing_key="", connection=None)
    host.keep(told)
    host.unbind_queue(queue="r", exchange="e", routing_key="", connection=None)
    host.delete_queue("q", connection=None)
    assert told == [
        ("binding", "e", False),
        ("dropped", "q", False),
        ("exchange", "e", False),
        ("binding", "e", False),
    ]


def test_the_last_unbinding_tells_of_the_exchange_first(host):
    told = Told()
    host.declare_exchange("e", "fanout", durable=True, auto_delete=True)
    host.declare_queue("q", durable=True, connection=None)
    host.bind_queue(queue="q", exchange="e", routing_key="", connection=None)
    host.keep(told)
    host.unbind_queue(queue="q", exchange="e", routing_key="", connection=None)
    assert told == [("exchange", "e", False), ("binding", "e", False)]
