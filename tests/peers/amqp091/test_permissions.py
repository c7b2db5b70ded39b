"""What a connection may do, and what changes while it is open; with RabbitMQ's words."""

import pytest

from leveret.broker.permission import ALL, Permission, TopicPermission
from leveret.wire.amqp091.methods import (
    BasicConsume,
    BasicGet,
    BasicGetEmpty,
    BasicPublish,
    ChannelClose,
    ChannelCloseOk,
    ChannelOpen,
    ChannelOpenOk,
    ConfirmSelect,
    ConnectionOpen,
    ConnectionOpenOk,
    ConnectionStartOk,
    ExchangeBind,
    ExchangeDeclare,
    ExchangeDelete,
    ExchangeUnbind,
    QueueBind,
    QueueDeclare,
    QueueDeclareOk,
    QueueDelete,
    QueuePurge,
    QueueUnbind,
    TxCommit,
    TxSelect,
)
from leveret.wire.amqp091.properties import BasicProperties
from tests.peers.client_peer import START_OK, TUNE_OK

OPEN = ConnectionOpen(virtual_host="/")
PUBLISH = (BasicPublish.METHOD_ID >> 16, BasicPublish.METHOD_ID & 0xFFFF)


def start_ok(name):
    return ConnectionStartOk(
        client_properties={"capabilities": {"authentication_failure_close": True}},
        mechanism="PLAIN",
        response=f"\0{name}\0secret".encode(),
        locale="en_US",
    )


@pytest.fixture
def ann(server):
    """She may configure c, write to w and read from r; there are queues of these names."""
    user = server.broker.users.add("ann", "secret")
    server.broker.users.permit(user, "/", Permission("^c", "^w", "^r"))
    for name in ("c", "w", "r"):
        server.host.declare_queue(name, connection=None)
        server.host.declare_exchange(name, "topic")
    return user


@pytest.fixture
def client(server, ann):
    """Ann's."""
    return server.client(start_ok=start_ok("ann"))


def comes_in(server, name):
    """A client of that user's, that may open a virtual host."""
    client = server.connect()
    client.start()
    client.call(start_ok(name), channel=0)
    client.send(TUNE_OK, channel=0)
    return client


def text(action, resource):
    return f"ACCESS_REFUSED - {action} access to {resource} in vhost '/' refused for user 'ann'"


@pytest.mark.parametrize(
    ("method", "action", "resource"),
    [
        (QueueDeclare(queue="q"), "configure", "queue 'q'"),
        (QueueDelete(queue="r"), "configure", "queue 'r'"),
        (QueuePurge(queue="w"), "read", "queue 'w'"),
        (BasicGet(queue="w"), "read", "queue 'w'"),
        (BasicConsume(queue="w"), "read", "queue 'w'"),
        (QueueBind(queue="r", exchange="r", routing_key=""), "write", "queue 'r'"),
        (QueueBind(queue="w", exchange="w", routing_key=""), "read", "exchange 'w'"),
        (QueueUnbind(queue="r", exchange="r", routing_key=""), "write", "queue 'r'"),
        (ExchangeDeclare(exchange="e", type="fanout"), "configure", "exchange 'e'"),
        (ExchangeDelete(exchange="r"), "configure", "exchange 'r'"),
        (ExchangeBind(destination="r", source="r", routing_key=""), "write", "exchange 'r'"),
        (ExchangeUnbind(destination="w", source="w", routing_key=""), "read", "exchange 'w'"),
    ],
)
def test_each_method_is_refused_that_is_not_permitted(client, method, action, resource):
    code, reason, class_id, method_id = client.refused(method)
    assert (code, reason) == (403, text(action, resource))
    assert (class_id << 16) + method_id == method.METHOD_ID


def published(client, *names, **options):
    """The refusal of a message, None if it was taken."""
    received = client.publish(*names, **options)
    if not received:
        return None
    ((_, close, *_),) = received
    assert isinstance(close, ChannelClose)
    assert (close.class_id, close.method_id) == PUBLISH
    return close.reply_text


def test_messages_are_refused_at_exchanges_that_may_not_be_written_to(client):
    assert published(client, "w", "k") is None
    assert published(client, "", "r") == text("write", "exchange 'amq.default'")


def test_a_change_counts_from_the_next_message_on(server, ann, client):
    for _ in range(2):
        assert published(client, "w", "k") is None
    server.broker.users.permit(ann, "/", Permission("", "^other", ""))
    assert published(client, "w", "k") == text("write", "exchange 'w'")
    client.send(ChannelCloseOk())
    assert client.call(ChannelOpen()) == ChannelOpenOk()
    server.broker.users.permit(ann, "/", ALL)
    assert published(client, "w", "k") is None
    assert client.call(BasicGet(queue="w")) == BasicGetEmpty()


def test_whose_permission_is_taken_away_may_do_nothing_more(server, ann, client):
    assert published(client, "w", "k") is None
    server.broker.users.forbid(ann, "/")
    assert client.refused(BasicGet(queue="r"))[1] == text("read", "queue 'r'")


def test_what_one_may_another_may_not_by_the_same_route(server, client):
    server.client().publish("r", "k")
    assert published(client, "r", "k") == text("write", "exchange 'r'")


def test_a_transaction_is_refused_when_it_is_committed(server, ann, client):
    client.send(TxSelect())
    client.publish("w", "k")
    server.broker.users.permit(ann, "/", Permission("", "", ""))
    assert client.refused(TxCommit())[:2] == (403, text("write", "exchange 'w'"))


@pytest.fixture
def topics(server, ann):
    permission = TopicPermission("^{username}\\.", "^open\\.")
    for exchange in ("w", "r"):
        server.broker.users.permit_topics(ann, "/", exchange, permission)


def topic(action, exchange, key):
    return (
        f"ACCESS_REFUSED - {action} access to topic '{key}' in exchange topic '{exchange}' "
        "in vhost '/' refused for user 'ann'"
    )


def test_routing_keys_are_asked_about_one_by_one(server, topics, client):
    server.client().publish("w", "bob.x")  # is a known route by now
    for key in ("ann.x", "ann.y", "ann.x", "ann.x"):
        assert published(client, "w", key) is None
    assert published(client, "w", "bob.x") == topic("write", "w", "bob.x")


def test_copies_are_asked_about_as_well(topics, client):
    copies = BasicProperties(headers={"CC": ["ann.y"], "BCC": ["ann.z"]})
    assert published(client, "w", "ann.x", properties=copies) is None
    copies = BasicProperties(headers={"CC": ["ann.y"], "BCC": ["bob.z"]})
    refused = published(client, "w", "ann.x", properties=copies)
    assert refused == topic("write", "w", "bob.z")


def test_a_binding_to_a_topic_needs_permission_to_read_it(topics, client):
    bind = QueueBind(queue="w", exchange="r", routing_key="ann.#")
    assert client.refused(bind)[1] == topic("read", "r", "ann.#")


def test_a_permitted_topic_gets_where_it_is_bound_to(server, topics, client):
    bind = {"exchange": "w", "routing_key": "ann.#", "connection": None}
    server.host.bind_queue(queue="c", **bind)
    client.send(ConfirmSelect())
    for _ in range(3):
        assert len(client.publish("w", "ann.x", b"body")) == 1
    assert server.host.queues["c"].message_count == 3


def test_without_access_to_the_virtual_host_a_connection_is_refused(server, ann):
    server.broker.users.forbid(ann, "/")
    ended = comes_in(server, "ann").ended(OPEN, channel=0)
    assert ended[:2] == (530, "NOT_ALLOWED - access to vhost '/' refused for user 'ann'")


def test_another_virtual_host_is_another_world(server, ann):
    server.broker.hosts.add("v")
    server.broker.users.permit(ann, "v", ALL)
    client = comes_in(server, "ann")
    assert client.call(ConnectionOpen(virtual_host="v"), channel=0) == ConnectionOpenOk()
    client.call(ChannelOpen())
    assert isinstance(client.call(QueueDeclare(queue="w")), QueueDeclareOk)
    client.publish("", "w", b"1")
    assert server.broker.virtual_host("v").queues["w"].message_count == 1
    assert server.host.queues["w"].message_count == 0


def test_a_deleted_users_connections_are_closed(server, client):
    server.broker.users.delete("ann")
    ((_, close, *_),) = client.take()
    assert close.reply_code == 320
    assert close.reply_text == "CONNECTION_FORCED - user 'ann' is deleted"
    assert len(server.broker.sessions) == 0


def test_a_user_who_is_deleted_between_login_and_open_is_refused(server, ann):
    client = comes_in(server, "ann")
    server.broker.users.delete("ann")
    assert client.ended(OPEN, channel=0)[0] == 530


def test_a_deleted_virtual_hosts_connections_are_closed(server, client):
    client.call(QueueDeclare(queue="c.mine", exclusive=True))
    server.broker.delete_virtual_host("/")
    ((_, close, *_),) = client.take()
    assert close.reply_text == "CONNECTION_FORCED - vhost '/' is deleted"
    code, reason, *_ = comes_in(server, "ann").ended(OPEN, channel=0)
    assert (code, reason) == (530, "NOT_ALLOWED - vhost / not found")


def test_a_virtual_host_has_no_more_connections_than_its_limit(server, client):
    server.broker.hosts.set_limits("/", {"max-connections": 1})
    ended = comes_in(server, "ann").ended(OPEN, channel=0)
    assert ended[:2] == (
        530,
        "NOT_ALLOWED - access to vhost '/' refused for user 'ann': connection limit (1) is reached",
    )
    client.peer.lost()
    assert comes_in(server, "ann").call(OPEN, channel=0) == ConnectionOpenOk()


def test_a_user_has_no_more_connections_than_the_limit(server, client):
    server.broker.users.set_limits("ann", {"max-connections": 1})
    ended = comes_in(server, "ann").ended(OPEN, channel=0)
    assert ended[:2] == (
        530,
        "NOT_ALLOWED - Connection refused for user 'ann': user connection limit (1) is reached",
    )
    assert server.client()


def test_a_user_has_no_more_channels_than_the_limit(server, client):
    server.broker.users.set_limits("ann", {"max-channels": 2})
    client.call(ChannelOpen(), 2)
    client.call(ChannelClose(reply_code=200, reply_text=""), 2)
    client.call(ChannelOpen(), 2)
    ended = client.ended(ChannelOpen(), 3)
    assert ended[:2] == (
        530,
        "NOT_ALLOWED - number of channels opened for user 'ann' has reached the maximum allowed "
        "user limit of (2)",
    )


def test_an_impersonator_may_name_another_user(server, ann):
    named = BasicProperties(user_id="bob")
    server.broker.users.permit(ann, "/", ALL)
    refused = published(server.client(start_ok=start_ok("ann")), "w", "k", properties=named)
    assert refused == (
        "PRECONDITION_FAILED - user_id property set to 'bob' but authenticated user was 'ann'"
    )
    server.broker.users.set_tags("ann", ["impersonator"])
    client = server.client(start_ok=start_ok("ann"))
    assert published(client, "w", "k", properties=named) is None


def test_guest_comes_from_this_machine_only(server):
    client = server.connect(is_loopback=False)
    client.start()
    assert client.ended(START_OK, channel=0)[0] == 403
    assert server.told[-1] == (
        "warning",
        "login refused",
        "user 'guest' can only connect via localhost",
    )
