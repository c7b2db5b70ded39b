import pytest

from leveret.broker.errors import (
    AccessRefused,
    BrokerError,
    NotFound,
    PreconditionFailed,
    ResourceLocked,
)
from leveret.broker.limits import Limits
from leveret.broker.virtual_host import VirtualHost
from leveret.engine.shard import Shard

DEFAULT = "operation not permitted on the default exchange"


def refusal(error: type[BrokerError], command, *arguments, **options) -> str:
    with pytest.raises(error) as refusal:
        command(*arguments, **options)
    assert type(refusal.value) is error
    return refusal.value.text


# Exchanges


def test_a_virtual_host_begins_with_the_servers_exchanges(host):
    types = {exchange.name: exchange.type for exchange in host.exchanges.values()}
    assert types == {
        "": "direct",
        "amq.direct": "direct",
        "amq.fanout": "fanout",
        "amq.headers": "headers",
        "amq.match": "headers",
        "amq.topic": "topic",
        "amq.rabbitmq.trace": "topic",
    }
    assert all(exchange.durable for exchange in host.exchanges.values())


def test_an_exchange_is_what_was_declared(host):
    exchange = host.declare_exchange(
        "e", "topic", durable=True, auto_delete=True, internal=True, arguments={"a": 1}
    )
    assert host.exchanges["e"] is exchange
    assert (exchange.type, exchange.durable, exchange.auto_delete) == ("topic", True, True)
    assert (exchange.internal, exchange.arguments) == (True, {"a": 1})


def test_declaring_an_exchange_again_finds_it(host):
    assert host.declare_exchange("e", "fanout") is host.declare_exchange("e", "fanout")


def test_declaring_an_exchange_otherwise_is_refused(host):
    host.declare_exchange("e", "fanout")
    assert refusal(PreconditionFailed, host.declare_exchange, "e", "direct") == (
        "inequivalent arg 'type' for exchange 'e' in vhost '/': "
        "received 'direct' but current is 'fanout'"
    )


def test_declaring_a_servers_exchange_as_it_is_finds_it(host):
    assert host.declare_exchange("amq.topic", "topic", durable=True).name == "amq.topic"


def test_an_unknown_exchange_type_is_refused_first_of_all(host):
    for name in ("e", "", "amq.direct"):
        text = refusal(PreconditionFailed, host.declare_exchange, name, "x-none")
        assert text == "unknown exchange type 'x-none'"


def test_a_reserved_exchange_name_is_refused(host):
    assert refusal(AccessRefused, host.declare_exchange, "amq.x", "direct") == (
        "exchange name 'amq.x' contains reserved prefix 'amq.*'"
    )


def test_looking_for_an_exchange_needs_its_name_only(host):
    exchange = host.declare_exchange("e", "fanout", durable=True)
    assert host.declare_exchange("e", "direct", passive=True) is exchange
    assert refusal(NotFound, host.declare_exchange, "amq.x", "direct", passive=True) == (
        "no exchange 'amq.x' in vhost '/'"
    )


@pytest.mark.parametrize("passive", [False, True])
def test_the_default_exchange_cannot_be_declared(host, passive):
    assert refusal(AccessRefused, host.declare_exchange, "", "direct", passive=passive) == DEFAULT


def test_a_deleted_exchange_is_gone_and_its_name_free(host):
    host.declare_exchange("e", "fanout")
    host.delete_exchange("e")
    assert "e" not in host.exchanges
    host.declare_exchange("e", "direct")


def test_deleting_an_exchange_that_is_not_there_is_fine(host):
    host.delete_exchange("e")
    host.delete_exchange("e", if_unused=True)


def test_the_servers_exchanges_cannot_be_deleted(host):
    assert refusal(AccessRefused, host.delete_exchange, "") == DEFAULT
    assert refusal(AccessRefused, host.delete_exchange, "amq.direct") == (
        "deletion of system exchange 'amq.direct' in vhost '/' not allowed"
    )


def test_an_exchange_is_in_use_while_bindings_leave_from_it(host):
    host.declare_exchange("e", "fanout")
    host.bind_exchange(destination="e", source="amq.fanout", routing_key="")
    host.bind_exchange(destination="amq.fanout", source="e", routing_key="")
    assert refusal(PreconditionFailed, host.delete_exchange, "e", if_unused=True) == (
        "exchange 'e' in vhost '/' in use"
    )
    host.unbind_exchange(destination="amq.fanout", source="e", routing_key="")
    host.delete_exchange("e", if_unused=True)
    assert "e" not in host.exchanges


# Queues


def test_a_queue_is_what_was_declared(host):
    queue = host.declare_queue(
        "q", durable=True, auto_delete=True, arguments={"a": 1}, connection=object()
    )
    assert host.queues["q"] is queue
    assert (queue.durable, queue.auto_delete, queue.owner) == (True, True, None)
    assert queue.arguments == {"a": 1}


def test_an_empty_name_gets_one_made_up_that_is_new_each_time(declare):
    one, two = declare(""), declare("")
    assert one.name.startswith("amq.gen-")
    assert one.name != two.name


def test_a_name_made_up_that_is_taken_is_made_up_again():
    random = iter([b"seed"] + [b"1" * 16] * 3 + [b"2" * 16])
    host = VirtualHost("/", Shard(), lambda size: next(random), Limits())
    one = host.declare_queue("", connection=None)
    assert host.declare_queue("", connection=None).name != one.name
    assert len(host.queues) == 2


def test_declaring_a_queue_again_finds_it(declare):
    assert declare("q") is declare("q")


def test_declaring_a_queue_otherwise_is_refused(declare):
    declare("q", durable=True)
    assert refusal(PreconditionFailed, declare, "q", durable=False) == (
        "inequivalent arg 'durable' for queue 'q' in vhost '/': "
        "received 'false' but current is 'true'"
    )


def test_a_reserved_queue_name_is_refused_even_of_a_queue_that_is_there(declare):
    for name in ("amq.x", declare("").name):
        assert refusal(AccessRefused, declare, name) == (
            f"queue name '{name}' contains reserved prefix 'amq.*'"
        )


def test_looking_for_a_queue_needs_its_name_only(declare):
    queue = declare("", durable=True)
    assert declare(queue.name, passive=True) is queue
    assert refusal(NotFound, declare, "q", passive=True) == "no queue 'q' in vhost '/'"
    assert refusal(NotFound, declare, "", passive=True) == "no queue '' in vhost '/'"


def test_an_exclusive_queue_is_its_connections_own(host, declare):
    owner = object()
    queue = declare("q", exclusive=True, connection=owner)
    assert declare("q", exclusive=True, connection=owner) is queue
    assert declare("q", passive=True, connection=owner) is queue
    for options in (
        {"exclusive": True, "connection": object()},
        {"exclusive": False, "connection": owner},
        {"passive": True, "connection": object()},
    ):
        assert "cannot obtain exclusive access" in refusal(ResourceLocked, declare, "q", **options)


def test_a_queue_that_is_not_exclusive_cannot_become_so(declare):
    declare("q")
    refusal(ResourceLocked, declare, "q", exclusive=True, connection=object())


def test_an_exclusive_queue_is_never_durable(declare):
    owner = object()
    assert not declare("q", exclusive=True, durable=True, connection=owner).durable
    declare("q", exclusive=True, durable=False, connection=owner)


@pytest.mark.parametrize("command", ["find", "purge", "delete", "bind"])
def test_an_exclusive_queue_is_locked_to_others(host, declare, command):
    declare("q", exclusive=True, connection=object())
    with pytest.raises(ResourceLocked):
        match command:
            case "find":
                host.find_queue("q", object())
            case "purge":
                host.purge_queue("q", object())
            case "delete":
                host.delete_queue("q", connection=object())
            case "bind":
                host.bind_queue(
                    queue="q", exchange="amq.direct", routing_key="", connection=object()
                )


def test_a_connections_exclusive_queues_go_with_it(host, declare):
    mine, other = object(), object()
    declare("q1", "q2", exclusive=True, connection=mine)
    declare("q3", exclusive=True, connection=other)
    declare("q4", connection=mine)
    host.connection_closed(mine)
    assert list(host.queues) == ["q3", "q4"]


def test_a_connection_that_owns_nothing_takes_nothing_with_it(host, declare):
    declare("q")
    host.connection_closed(object())
    assert list(host.queues) == ["q"]


def test_another_type_of_queue_is_refused_and_nothing_is_made(host, declare):
    text = refusal(PreconditionFailed, declare, "q", arguments={"x-queue-type": "stream"})
    assert text == (
        "invalid arg 'x-queue-type' for queue 'q' in vhost '/': \"unsupported queue type 'stream'\""
    )
    assert "q" not in host.queues


def test_declaring_a_queue_again_with_another_type_is_told_as_a_difference(declare):
    declare("q")
    text = refusal(PreconditionFailed, declare, "q", arguments={"x-queue-type": "stream"})
    assert text.startswith("inequivalent arg 'x-queue-type'")


def test_deleting_a_queue_tells_how_many_messages_went_with_it(host, declare, fill):
    queue = declare("q")
    fill(queue, 3)
    assert host.delete_queue("q", connection=None).message_count == 3
    assert "q" not in host.queues
    assert queue.store.closed


def test_deleting_a_queue_that_is_not_there_is_fine(host):
    deletion = host.delete_queue("q", if_unused=True, if_empty=True, connection=None)
    assert deletion == (0, None)


def test_a_queue_with_messages_is_not_empty(host, declare, fill, subscriber):
    queue = declare("q")
    fill(queue, 1)
    queue.subscribe(subscriber())
    text = refusal(
        PreconditionFailed, host.delete_queue, "q", if_empty=True, if_unused=True, connection=None
    )
    assert text == "queue 'q' in vhost '/' not empty"


def test_a_queue_with_consumers_is_in_use(host, declare, subscriber):
    declare("q").subscribe(subscriber())
    text = refusal(
        PreconditionFailed, host.delete_queue, "q", if_empty=True, if_unused=True, connection=None
    )
    assert text == "queue 'q' in vhost '/' in use"


def test_an_empty_unused_queue_is_deleted(host, declare):
    declare("q")
    host.delete_queue("q", if_empty=True, if_unused=True, connection=None)
    assert "q" not in host.queues


def test_purging_tells_how_many_messages_were_dropped(host, declare, fill):
    fill(declare("q"), 5)
    for count in (5, 0):
        purge = host.purge_queue("q", None)
        assert (purge.done, purge.count) == (True, count)


def test_purging_a_queue_that_is_not_there_is_refused(host):
    assert refusal(NotFound, host.purge_queue, "q", None) == "no queue 'q' in vhost '/'"


def test_line_ends_are_dropped_from_names_where_rabbitmq_drops_them(host, declare, routed):
    assert declare("q\r\n").name == "q"
    assert declare("\nq", passive=True).name == "q"
    host.declare_exchange("\ne", "fanout")
    host.bind_queue(queue="q\n", exchange="e\r", routing_key="\n", connection=None)
    assert routed("e", "") == ["q"]
    host.unbind_queue(queue="\nq", exchange="\re", routing_key="\n", connection=None)
    assert routed("e", "") == []
    assert refusal(NotFound, host.purge_queue, "q\n", None) == "no queue 'q\n' in vhost '/'"
    assert refusal(NotFound, host.route, "e\n", "") == "no exchange 'e\n' in vhost '/'"
    host.delete_exchange("e\n")
    host.delete_queue("q\n", connection=None)
    assert ("e" in host.exchanges, "q" in host.queues) == (False, False)


# Bindings


def test_binding_twice_is_binding_once(host, declare, routed):
    declare("q")
    for _ in range(2):
        host.bind_queue(
            queue="q", exchange="amq.direct", routing_key="k", arguments={"a": 1}, connection=None
        )
    assert host.topology.binding_count == 1
    host.unbind_queue(
        queue="q", exchange="amq.direct", routing_key="k", arguments={"a": 1}, connection=None
    )
    assert routed("amq.direct", "k") == []


def test_arguments_are_part_of_a_bindings_identity(host, declare, routed):
    declare("q")
    for arguments in ({}, {"a": 1}):
        host.bind_queue(
            queue="q",
            exchange="amq.direct",
            routing_key="k",
            arguments=arguments,
            connection=None,
        )
    assert host.topology.binding_count == 2
    host.unbind_queue(queue="q", exchange="amq.direct", routing_key="k", connection=None)
    assert routed("amq.direct", "k") == ["q"]


def test_the_source_of_a_binding_is_missed_first(host):
    text = refusal(
        NotFound, host.bind_queue, queue="q", exchange="e", routing_key="", connection=None
    )
    assert text == "no exchange 'e' in vhost '/'"
    text = refusal(
        NotFound, host.bind_queue, queue="q", exchange="amq.topic", routing_key="", connection=None
    )
    assert text == "no queue 'q' in vhost '/'"
    text = refusal(
        NotFound, host.bind_exchange, destination="d", source="amq.topic", routing_key=""
    )
    assert text == "no exchange 'd' in vhost '/'"


@pytest.mark.parametrize(
    ("queue", "exchange"), [("x", "amq.topic"), ("q", "x"), ("q", "amq.topic")]
)
def test_unbinding_what_is_not_there_is_fine(host, declare, queue, exchange):
    declare("q")
    host.unbind_queue(queue=queue, exchange=exchange, routing_key="k", connection=None)


@pytest.mark.parametrize(
    ("destination", "source"), [("x", "amq.topic"), ("amq.topic", "x"), ("amq.topic", "amq.fanout")]
)
def test_unbinding_exchanges_that_are_not_bound_is_fine(host, destination, source):
    host.unbind_exchange(destination=destination, source=source, routing_key="k")


def test_only_its_owner_may_unbind_an_exclusive_queue(host, declare):
    owner = object()
    declare("q", exclusive=True, connection=owner)
    bound = {"queue": "q", "exchange": "amq.direct", "routing_key": "k"}
    host.unbind_queue(**bound, connection=object())
    host.bind_queue(**bound, connection=owner)
    refusal(ResourceLocked, host.unbind_queue, **bound, connection=object())
    host.unbind_queue(**bound, connection=owner)
    assert host.topology.binding_count == 0


@pytest.mark.parametrize("command", ["bind_queue", "unbind_queue"])
def test_queues_are_not_bound_to_the_default_exchange(host, declare, command):
    for queue in ("q", declare("there").name):
        text = refusal(
            AccessRefused,
            getattr(host, command),
            queue=queue,
            exchange="",
            routing_key="k",
            connection=None,
        )
        assert text == DEFAULT


@pytest.mark.parametrize("command", ["bind_exchange", "unbind_exchange"])
@pytest.mark.parametrize(("destination", "source"), [("", "amq.direct"), ("amq.direct", "")])
def test_exchanges_are_not_bound_to_the_default_exchange(host, command, destination, source):
    text = refusal(
        AccessRefused,
        getattr(host, command),
        destination=destination,
        source=source,
        routing_key="k",
    )
    assert text == DEFAULT


# Routing


def test_a_route_is_found_in_the_cache_from_then_on(host, declare):
    declare("q")
    assert host.routes.find(b"", b"q") is None
    route = host.route("", "q")
    assert host.routes.find(b"", b"q") is route


def test_a_route_to_nowhere_is_kept_too(host):
    route = host.route("amq.direct", "k")
    assert route.queue_count == 0
    assert host.routes.find(b"amq.direct", b"k") is route


def test_routes_are_kept_under_the_bytes_of_the_wire(host):
    key = b"\xff caf\xc3\xa9"
    route = host.route("amq.direct", key.decode("utf-8", "surrogateescape"))
    assert host.routes.find(b"amq.direct", key) is route


def test_publishing_to_an_exchange_that_is_not_there_is_refused(host):
    assert refusal(NotFound, host.route, "e", "k") == "no exchange 'e' in vhost '/'"


def test_publishing_to_an_internal_exchange_is_refused_and_through_one_is_not(
    host, declare, routed
):
    host.declare_exchange("e", "fanout", internal=True)
    assert refusal(AccessRefused, host.route, "e", "k") == (
        "cannot publish to internal exchange 'e' in vhost '/'"
    )
    declare("q")
    host.bind_exchange(destination="e", source="amq.fanout", routing_key="")
    host.bind_queue(queue="q", exchange="e", routing_key="", connection=None)
    assert routed("amq.fanout", "k") == ["q"]


# Limits


@pytest.fixture
def full(random):
    """A host that may hold one queue, one exchange of its own, and one binding."""
    host = VirtualHost("/", Shard(), random, Limits(queues_max=1, exchanges_max=8, bindings_max=1))
    host.declare_queue("q", connection=None)
    host.declare_exchange("e", "fanout")
    host.bind_queue(queue="q", exchange="e", routing_key="k", connection=None)
    return host


def test_what_is_there_can_be_declared_again_at_the_limit(full):
    full.declare_queue("q", connection=None)
    full.declare_exchange("e", "fanout")
    full.bind_queue(queue="q", exchange="e", routing_key="k", connection=None)


def test_beyond_the_limit_nothing_is_made(full):
    assert "queue limit" in refusal(PreconditionFailed, full.declare_queue, "more", connection=None)
    assert "exchange limit" in refusal(PreconditionFailed, full.declare_exchange, "more", "fanout")
    text = refusal(
        PreconditionFailed,
        full.bind_queue,
        queue="q",
        exchange="e",
        routing_key="",
        connection=None,
    )
    assert "binding limit" in text
    assert (len(full.queues), len(full.exchanges), full.topology.binding_count) == (1, 8, 1)


def test_deleting_makes_room(full):
    full.delete_queue("q", connection=None)
    full.declare_queue("more", connection=None)
    full.bind_queue(queue="more", exchange="e", routing_key="", connection=None)


# Keeping


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"durable": True}, True),
        ({"durable": False}, False),
        ({"durable": True, "exclusive": True}, False),
    ],
)
def test_messages_of_durable_queues_are_kept(random, options, kept):
    host = VirtualHost("/", Shard(0, journal=True), random, Limits())
    queue = host.declare_queue("q", connection=object(), **options)
    assert (queue.store.identity > queue.store.number) is kept


def test_without_a_log_nothing_is_kept(host):
    queue = host.declare_queue("q", durable=True, connection=None)
    assert queue.store.identity == queue.store.number
