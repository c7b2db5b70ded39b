"""pika, blocking: where messages go that die, and what they tell of it."""

import time
from datetime import datetime

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import NackError

from tests.interop.pika_inbox import Delivery, Inbox, ready_count, wait_ready

Properties = pika.BasicProperties


@pytest.fixture
def dead(channel: BlockingChannel) -> str:
    """Where they go."""
    return str(channel.queue_declare("", exclusive=True).method.queue)


def declare(channel: BlockingChannel, name: str, **arguments: object) -> None:
    given = {f"x-{key.replace('_', '-')}": value for key, value in arguments.items()}
    channel.queue_declare(name, exclusive=True, arguments=given)


def first_of(channel: BlockingChannel, queue: str) -> Delivery:
    wait_ready(channel, queue, 1)
    return Delivery(*channel.basic_get(queue, auto_ack=True))  # type: ignore[arg-type]  # it is there


def test_what_is_rejected_goes_on_and_says_why(
    channel: BlockingChannel, name: str, dead: str
) -> None:
    declare(channel, name, dead_letter_exchange="", dead_letter_routing_key=dead)
    channel.confirm_delivery()
    headers = {"mine": 1, "x-death": "a lie"}
    channel.basic_publish("", name, b"x", Properties(headers=headers, message_id="m"))
    channel.basic_reject(channel.basic_get(name)[0].delivery_tag, requeue=False)
    method, properties, body = first_of(channel, dead)
    assert (method.exchange, method.routing_key, body) == ("", dead, b"x")
    (death,) = properties.headers["x-death"]
    assert abs(datetime.now().timestamp() - death.pop("time").timestamp()) < 86_400
    assert death == {
        "count": 1,
        "reason": "rejected",
        "queue": name,
        "exchange": "",
        "routing-keys": [name],
    }
    assert properties.headers["mine"] == 1
    for which in ("first", "last"):
        assert properties.headers[f"x-{which}-death-queue"] == name
        assert properties.headers[f"x-{which}-death-reason"] == "rejected"
        assert properties.headers[f"x-{which}-death-exchange"] == ""
    assert properties.message_id == "m"


def test_what_has_expired_goes_on_without_its_expiration(
    channel: BlockingChannel, name: str, dead: str
) -> None:
    declare(channel, name, dead_letter_exchange="", dead_letter_routing_key=dead)
    channel.basic_publish("", name, b"x", Properties(expiration="50"))
    _, properties, _ = first_of(channel, dead)
    (death,) = properties.headers["x-death"]
    assert (death["reason"], death["original-expiration"]) == ("expired", "50")
    assert properties.expiration is None
    time.sleep(0.1)
    assert ready_count(channel, dead) == 0


@pytest.mark.parametrize("overflow", ["drop-head", "reject-publish-dlx"])
def test_what_is_too_much_goes_on(
    channel: BlockingChannel, name: str, dead: str, overflow: str
) -> None:
    declare(
        channel,
        name,
        max_length=1,
        overflow=overflow,
        dead_letter_exchange="",
        dead_letter_routing_key=dead,
    )
    channel.confirm_delivery()
    channel.basic_publish("", name, b"first")
    if overflow == "drop-head":
        channel.basic_publish("", name, b"second")
    else:
        with pytest.raises(NackError):
            channel.basic_publish("", name, b"second")
    _, properties, body = first_of(channel, dead)
    assert properties.headers["x-death"][0]["reason"] == "maxlen"
    assert body == (b"first" if overflow == "drop-head" else b"second")


def test_the_keys_of_cc_are_told_and_used_and_those_of_bcc_are_not(
    channel: BlockingChannel, name: str, dead: str
) -> None:
    channel.exchange_declare(name, "direct", auto_delete=True)
    for key in ("own", "copy", "blind"):
        channel.queue_bind(dead, name, key)
    declare(channel, f"{name}.q", dead_letter_exchange=name)
    headers = {"CC": ["copy"], "BCC": ["blind"]}
    channel.queue_bind(f"{name}.q", "amq.direct", f"{name}.own")
    channel.basic_publish("amq.direct", f"{name}.own", b"x", Properties(headers=headers))
    channel.basic_reject(channel.basic_get(f"{name}.q")[0].delivery_tag, requeue=False)
    _, properties, _ = first_of(channel, dead)
    assert properties.headers["x-death"][0]["routing-keys"] == [f"{name}.own", "copy"]
    assert properties.headers["CC"] == ["copy"]
    assert "BCC" not in properties.headers


def test_round_and_round_it_goes_and_is_counted(channel: BlockingChannel, name: str) -> None:
    """The retries of many an application: rejected, it waits, and comes back."""
    declare(channel, name, dead_letter_exchange="", dead_letter_routing_key=f"{name}.wait")
    declare(
        channel,
        f"{name}.wait",
        message_ttl=20,
        dead_letter_exchange="",
        dead_letter_routing_key=name,
    )
    inbox = Inbox(channel, name)
    channel.basic_publish("", name, b"x")
    for turn in range(1, 4):
        delivery = inbox.wait(turn)[-1]
        inbox.nack(delivery, requeue=False)
    deaths = inbox.wait(4)[-1].properties.headers["x-death"]
    assert [(death["queue"], death["reason"], death["count"]) for death in deaths] == [
        (f"{name}.wait", "expired", 3),
        (name, "rejected", 3),
    ]


def test_what_would_go_round_by_itself_is_dropped(channel: BlockingChannel, name: str) -> None:
    declare(channel, name, message_ttl=20, dead_letter_exchange="", dead_letter_routing_key=name)
    channel.basic_publish("", name, b"x")
    wait_ready(channel, name, 0)
    time.sleep(0.1)
    assert ready_count(channel, name) == 0
