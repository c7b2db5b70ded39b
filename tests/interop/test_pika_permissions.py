"""pika with users, permissions and virtual hosts that a file of definitions brings."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import (
    ChannelClosedByBroker,
    ConnectionClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from tests.broker_process import BrokerProcess, durable_broker, running_broker

HASH = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"  # test12
USERS = [
    {"name": "ann", "password_hash": HASH, "tags": [], "limits": {"max-connections": 2}},
    {"name": "bob", "password_hash": HASH, "tags": [], "limits": {"max-channels": 1}},
    {"name": "root", "password": "root", "tags": ["administrator"]},
]
DEFINITIONS = {
    "users": USERS,
    "vhosts": [{"name": "/"}, {"name": "v", "metadata": {"description": "of the tests"}}],
    "permissions": [
        {"user": "ann", "vhost": "/", "configure": "^ann", "write": "^(ann|amq.t)", "read": "^ann"},
        {"user": "bob", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"},
        {"user": "root", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"},
        {"user": "root", "vhost": "v", "configure": ".*", "write": ".*", "read": ".*"},
    ],
    "topic_permissions": [
        {
            "user": "ann",
            "vhost": "/",
            "exchange": "amq.topic",
            "write": "^{username}\\.",
            "read": ".*",
        }
    ],
    "policies": [
        {
            "name": "lost",
            "vhost": "/",
            "pattern": "^plain\\.",
            "apply-to": "exchanges",
            "definition": {"alternate-exchange": "amq.fanout"},
            "priority": 0,
        }
    ],
    "queues": [{"name": name, "vhost": "/", "durable": True} for name in ("ann-1", "bob-1")],
}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("definitions") / "definitions.json"
    path.write_text(json.dumps(DEFINITIONS))
    return path


@pytest.fixture(scope="module")
def broker(definitions: Path) -> Iterator[BrokerProcess]:
    with running_broker("--definitions", str(definitions)) as broker:
        yield broker


def parameters(broker: BrokerProcess, user: str, virtual_host: str = "/") -> pika.URLParameters:
    host = "%2f" if virtual_host == "/" else virtual_host
    password = "root" if user == "root" else "test12"
    return pika.URLParameters(f"amqp://{user}:{password}@127.0.0.1:{broker.port}/{host}")


@pytest.fixture
def log_in(broker: BrokerProcess) -> Iterator[Callable[..., BlockingConnection]]:
    opened: list[BlockingConnection] = []

    def log_in(user: str, virtual_host: str = "/") -> BlockingConnection:
        opened.append(BlockingConnection(parameters(broker, user, virtual_host)))
        return opened[-1]

    yield log_in
    for connection in opened:
        if connection.is_open:
            connection.close()


Act = Callable[[BlockingChannel], object]
REFUSED: list[tuple[Act, str]] = [
    (lambda channel: channel.queue_declare("bob-2"), "configure access to queue 'bob-2'"),
    (
        lambda channel: channel.queue_declare("bob-1", passive=True),
        "configure access to queue 'bob-1'",
    ),
    (lambda channel: channel.queue_delete("bob-1"), "configure access to queue 'bob-1'"),
    (lambda channel: channel.queue_purge("bob-1"), "read access to queue 'bob-1'"),
    (lambda channel: channel.basic_get("bob-1"), "read access to queue 'bob-1'"),
    (lambda channel: channel.basic_consume("bob-1", print), "read access to queue 'bob-1'"),
    (lambda channel: channel.queue_bind("bob-1", "amq.topic"), "write access to queue 'bob-1'"),
    (
        lambda channel: channel.queue_bind("ann-1", "amq.fanout"),
        "read access to exchange 'amq.fanout'",
    ),
    (lambda channel: channel.exchange_declare("bob"), "configure access to exchange 'bob'"),
    (lambda channel: channel.exchange_delete("bob"), "configure access to exchange 'bob'"),
    (
        lambda channel: channel.exchange_bind("amq.topic", "amq.fanout"),
        "read access to exchange 'amq.fanout'",
    ),
]


@pytest.mark.parametrize(("act", "text"), REFUSED)
def test_what_is_not_permitted_closes_the_channel_alone(log_in, act: Act, text: str) -> None:
    connection = log_in("ann")
    with pytest.raises(ChannelClosedByBroker) as error:
        act(connection.channel())
    assert error.value.reply_code == 403
    assert error.value.reply_text == (
        f"ACCESS_REFUSED - {text} in vhost '/' refused for user 'ann'"
    )
    assert connection.is_open


@pytest.mark.parametrize(
    ("exchange", "routing_key", "text"),
    [
        ("", "ann-1", "write access to exchange 'amq.default' in vhost '/'"),
        ("amq.fanout", "", "write access to exchange 'amq.fanout' in vhost '/'"),
        (
            "amq.topic",
            "bob.x",
            "write access to topic 'bob.x' in exchange topic 'amq.topic' in vhost '/'",
        ),
    ],
)
def test_messages_are_refused_where_they_may_not_go(
    log_in, exchange: str, routing_key: str, text: str
) -> None:
    channel = log_in("ann").channel()
    channel.confirm_delivery()
    with pytest.raises(ChannelClosedByBroker) as error:
        channel.basic_publish(exchange, routing_key, b"")
    assert error.value.reply_text == f"ACCESS_REFUSED - {text} refused for user 'ann'"


def test_what_is_permitted_works(log_in) -> None:
    other = log_in("bob").channel()
    other.queue_bind("ann-1", "amq.topic", "#")
    channel = log_in("ann").channel()
    channel.confirm_delivery()
    for _ in range(3):
        channel.basic_publish("amq.topic", "ann.x", b"body")
    assert channel.queue_declare("ann-1", durable=True).method.message_count == 3
    channel.queue_purge("ann-1")


def test_a_virtual_host_without_permission_is_not_opened(log_in) -> None:
    with pytest.raises(ProbableAccessDeniedError, match="access to vhost 'v' refused for user"):
        log_in("ann", "v")
    channel = log_in("root", "v").channel()
    with pytest.raises(ChannelClosedByBroker, match="no queue 'ann-1' in vhost 'v'"):
        channel.queue_declare("ann-1", passive=True)


def test_a_wrong_password_and_a_default_user_who_was_replaced_are_refused(
    broker: BrokerProcess,
) -> None:
    for name, password in (("ann", "test1"), ("guest", "guest")):
        url = f"amqp://{name}:{password}@127.0.0.1:{broker.port}/"
        with pytest.raises(ProbableAuthenticationError):
            BlockingConnection(pika.URLParameters(url))
        assert f"login refused: user '{name}' - invalid credentials" in broker.log


def test_limits_of_a_user_are_kept(log_in) -> None:
    for _ in range(2):
        log_in("ann")
    with pytest.raises(ProbableAccessDeniedError, match=r"user connection limit \(2\) is reached"):
        log_in("ann")
    connection = log_in("bob")
    connection.channel()
    with pytest.raises(ConnectionClosedByBroker) as error:
        connection.channel()
    assert error.value.reply_text == (
        "NOT_ALLOWED - number of channels opened for user 'bob' has reached the maximum allowed "
        "user limit of (1)"
    )


def test_a_policy_gives_an_exchange_its_alternate(log_in) -> None:
    channel = log_in("root").channel()
    channel.exchange_declare("plain.e", "direct", auto_delete=True)
    channel.queue_declare("lost", exclusive=True)
    channel.queue_bind("lost", "amq.fanout")
    channel.confirm_delivery()
    channel.basic_publish("plain.e", "nowhere", b"body", mandatory=True)
    assert channel.basic_get("lost", auto_ack=True)[2] == b"body"
    channel.exchange_delete("plain.e")


def test_what_was_imported_is_durable(tmp_path: Path, definitions: Path) -> None:
    options: tuple[str, ...] = ("--definitions", str(definitions))
    for _ in range(3):
        with durable_broker(tmp_path, *options) as broker:
            with BlockingConnection(parameters(broker, "ann")) as connection:
                assert connection.channel().queue_declare("ann-1", passive=True)
            with pytest.raises(ProbableAccessDeniedError):
                BlockingConnection(parameters(broker, "ann", "v"))
        options = ()
