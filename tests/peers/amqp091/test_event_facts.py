from leveret.broker.events import EVENT_EXCHANGE
from leveret.peers.amqp091.notice import event_properties
from leveret.wire.amqp091.methods import (
    BasicCancel,
    BasicConsume,
    BasicConsumeOk,
    ChannelClose,
    ChannelOpen,
    ConnectionClose,
    ConnectionStartOk,
    ExchangeDelete,
    QueueDeclare,
)
from tests.peers.client_peer import START_OK, Server

ADDRESS = {"name": "1.2.3.4:5 -> 6.7.8.9:10", "host": "6.7.8.9", "port": 10}


class Audience:
    """A server, and a consumer of its events."""

    def __init__(self):
        self.server = Server()
        self.server.service = self.server.service._replace(address_of=lambda owner: ADDRESS)
        self.server.broker.events.open(event_properties)
        host = self.server.host
        host.declare_queue("events", connection=None)
        host.bind_queue(queue="events", exchange=EVENT_EXCHANGE, routing_key="#", connection=None)
        self.client = self.server.client()
        self.server.shard.turn()
        consume = BasicConsume(queue="events", consumer_tag="c", no_ack=True)
        self.before = self.client.send(consume)
        self.before += self.client.take()

    def heard(self):
        """Routing keys and headers."""
        self.server.shard.turn()
        messages = [each for each in self.client.take() if each.body is not None]
        assert all(message.body == b"" for message in messages)
        assert all(message.properties.delivery_mode == 2 for message in messages)
        return [(each.method.routing_key, dict(each.properties.headers)) for each in messages]


def test_who_comes_and_goes_is_told_with_its_address():
    audience = Audience()
    other = audience.server.client()
    heard = audience.heard()
    assert [name for name, _ in heard] == [
        "user.authentication.success",
        "connection.created",
        "channel.created",
    ]
    login, connection, channel = (facts for _, facts in heard)
    expected = {"name": "guest", "auth_mechanism": "PLAIN", "connection_type": "network"}
    assert login.items() >= expected.items()
    assert "user_who_performed_action" not in login
    expected = {"vhost": "/", "user": "guest", "user_who_performed_action": "guest", **ADDRESS}
    assert connection.items() >= expected.items()
    assert channel.items() >= {"name": f"{ADDRESS['name']} (1)", "number": 1}.items()
    other.send(ConnectionClose(reply_code=200, reply_text="", class_id=0, method_id=0), channel=0)
    heard = audience.heard()
    assert [name for name, _ in heard] == ["channel.closed", "connection.closed"]
    assert heard[1][1].items() >= {"name": ADDRESS["name"], "pid": connection["pid"]}.items()


def test_a_connection_that_is_lost_is_told_once():
    audience = Audience()
    other = audience.server.client()
    audience.heard()
    other.peer.lost()
    other.peer.lost()
    assert [name for name, _ in audience.heard()] == ["channel.closed", "connection.closed"]


def test_a_refused_login_is_told_and_no_connection():
    audience = Audience()
    stranger = audience.server.connect()
    stranger.start()
    wrong = ConnectionStartOk(
        client_properties=START_OK.client_properties,
        mechanism="PLAIN",
        response=b"\0ann\0wrong",
        locale="en_US",
    )
    stranger.send(wrong, channel=0)
    ((name, facts),) = audience.heard()
    assert name == "user.authentication.failure"
    expected = {"name": "ann", "error": "user 'ann' - invalid credentials"}
    assert facts.items() >= expected.items()


def test_channels_and_consumers():
    audience = Audience()
    other = audience.server.client()
    other.send(QueueDeclare(queue="q"))
    audience.heard()
    assert other.call(BasicConsume(queue="q", consumer_tag="t", arguments={"x-priority": 1}))
    ((name, facts),) = audience.heard()
    assert name == "consumer.created"
    expected = {"consumer_tag": "t", "queue": "q", "ack_required": True, "exclusive": False}
    assert facts.items() >= expected.items()
    assert facts["arguments"] == {"x-priority": 1}
    other.send(BasicCancel(consumer_tag="t"))
    assert other.call(BasicConsume(queue="q", consumer_tag="t")) == BasicConsumeOk(consumer_tag="t")
    other.call(ChannelClose(reply_code=200, reply_text="", class_id=0, method_id=0))
    other.call(ChannelOpen())
    assert [name for name, _ in audience.heard()] == [
        *("consumer.deleted", "consumer.created", "consumer.deleted"),
        *("channel.closed", "channel.created"),
    ]


def test_a_consumer_goes_with_its_queue():
    audience = Audience()
    other = audience.server.client()
    other.send(QueueDeclare(queue="q"))
    other.send(BasicConsume(queue="q"))
    audience.heard()
    audience.server.host.delete_queue("q", connection=None)
    heard = audience.heard() + audience.heard()
    assert [name for name, _ in heard] == ["queue.deleted", "consumer.deleted"]


def test_what_a_method_does_is_its_users_doing():
    audience = Audience()
    other = audience.server.client()
    audience.heard()
    other.send(QueueDeclare(queue="q"))
    other.send(ExchangeDelete(exchange="amq.topic"))  # refused
    heard = audience.heard()
    assert heard[0][1]["user_who_performed_action"] == "guest"
    assert audience.server.broker.events.actor == "rmq-internal"
