import pytest

from leveret.broker.errors import PreconditionFailed
from leveret.peers.amqp091.message import published
from leveret.wire.amqp091.methods import (
    BasicPublish,
    QueueBind,
    QueueDeclare,
    TxCommit,
    TxCommitOk,
    TxSelect,
)
from leveret.wire.amqp091.properties import BasicProperties, decode_properties, encode_properties

NOW = 1_700_000_000_000


def message(**properties):
    encoded = encode_properties(BasicProperties(**properties))
    return published("e", "key", encoded, memoryview(b"body"), NOW)


def test_a_message_is_what_was_published():
    found = message(
        headers={"a": 1}, message_id="m", correlation_id="c", timestamp=7, priority=3, app_id="x"
    )
    assert (found.exchange, found.routing_keys, found.headers) == ("e", ("key",), {"a": 1})
    assert (found.message_id, found.correlation_id, found.timestamp) == ("m", "c", 7)
    assert (found.priority, found.arrival, bytes(found.body)) == (3, NOW, b"body")
    assert decode_properties(found.properties).app_id == "x"


def test_what_is_not_there_is_empty():
    found = message()
    assert (found.headers, found.priority, found.properties) == ({}, 0, b"\0\0")


def test_cc_and_bcc_add_routing_keys():
    found = message(headers={"BCC": ["c"], "a": 1, "CC": ["a", "b"]})
    assert found.routing_keys == ("key", "a", "b", "c")


def test_bcc_is_taken_out_and_cc_stays():
    found = message(headers={"CC": ["a"], "BCC": ["c"], "n": 1}, type="t")
    assert found.headers == {"CC": ["a"], "n": 1}
    assert decode_properties(found.properties) == BasicProperties(headers=found.headers, type="t")


def test_without_bcc_the_properties_are_the_same_object():
    encoded = encode_properties(BasicProperties(headers={"CC": ["a"]}))
    assert published("e", "k", encoded, memoryview(b""), NOW).properties is encoded


def test_what_is_not_text_among_the_keys_is_not_looked_at():
    assert message(headers={"CC": [1, "a", None, b"b", ["c"]]}).routing_keys == ("key", "a")


@pytest.mark.parametrize("name", ["CC", "BCC"])
@pytest.mark.parametrize(
    ("value", "kind"), [("a", "longstr"), (1, "signedint"), (None, "void"), ({}, "table")]
)
def test_what_is_no_array_is_refused(name, value, kind):
    with pytest.raises(PreconditionFailed) as refusal:
        message(headers={name: value})
    reason = f'{{unacceptable_type_in_header,"{name}",{kind}}}'
    assert refusal.value.text == f"invalid message: {reason}"


# Through the whole peer


@pytest.fixture
def queues(client):
    for name in "pq":
        client.call(QueueDeclare(queue=name))
    return client.server.host.queues


def test_copies_go_to_the_queues_that_they_name_once(client, queues):
    properties = BasicProperties(headers={"CC": ["q", "p", "none"], "BCC": ["q"]})
    client.publish("", "p", b"x", properties=properties)
    assert [queues[name].message_count for name in "pq"] == [1, 1]


def test_a_message_is_routed_by_its_headers(client, queues):
    client.call(QueueBind(queue="p", exchange="amq.headers", routing_key="", arguments={"a": 1}))
    client.publish("amq.headers", "", b"x", properties=BasicProperties(headers={"a": 1}))
    client.publish("amq.headers", "", b"x", properties=BasicProperties(headers={"a": 2}))
    client.publish("amq.headers", "", b"x")
    assert queues["p"].message_count == 1


def test_a_mandatory_message_that_matches_nowhere_comes_back(client):
    ((_, returned, body, properties),) = client.publish(
        "amq.match",
        "k",
        b"x",
        mandatory=True,
        properties=BasicProperties(headers={"BCC": ["y"], "a": 1}),
    )
    assert (returned.reply_code, returned.reply_text) == (312, "NO_ROUTE")
    assert (returned.exchange, returned.routing_key) == ("amq.match", "k")
    assert (body, properties) == (b"x", BasicProperties(headers={"a": 1}))


def test_copies_that_cannot_be_read_close_the_channel(client, queues):
    ((_, close, *_),) = client.publish("", "p", properties=BasicProperties(headers={"CC": "q"}))
    text = 'PRECONDITION_FAILED - invalid message: {unacceptable_type_in_header,"CC",longstr}'
    assert (close.reply_code, close.reply_text) == (406, text)
    assert close.class_id << 16 | close.method_id == BasicPublish.METHOD_ID
    assert queues["p"].message_count == 0


def test_in_a_transaction_copies_go_where_they_would_without(client, queues):
    client.call(TxSelect())
    properties = BasicProperties(headers={"CC": ["q"], "a": 1})
    client.publish("", "p", b"x", properties=properties)
    assert queues["q"].message_count == 0
    assert client.call(TxCommit()) == TxCommitOk()
    assert [queues[name].message_count for name in "pq"] == [1, 1]
    (refused,) = client.publish("", "p", properties=BasicProperties(headers={"BCC": 1}))
    assert refused.method.reply_code == 406
