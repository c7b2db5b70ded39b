"""Publishing and consuming: confirms, returns, order, limits, time to live, dead letters."""

import time
from typing import Any

import pika

from tests.interop.behaviour.stage import (
    Inbox,
    Seen,
    Stage,
    drain,
    fill,
    headers,
    publish,
    ready,
    said,
    scenario,
    soon,
    take,
    wait_ready,
)


@scenario
def publish_mandatory(stage: Stage) -> Seen:
    """Mandatory messages without a route come back with 312, before their confirm"""
    channel = stage.channel()
    channel.confirm_delivery()
    return [
        said(lambda: channel.basic_publish("amq.direct", stage.name, b"x", mandatory=True)),
        said(lambda: channel.basic_publish("amq.direct", stage.name, b"x")),
    ]


@scenario
def publish_rejected(stage: Stage) -> Seen:
    """`x-overflow: reject-publish`: a nack when the queue is full"""
    channel = stage.channel()
    arguments = {"x-max-length": 1, "x-overflow": "reject-publish"}
    channel.queue_declare(stage.name, arguments=arguments)
    channel.confirm_delivery()
    seen: Seen = [said(lambda b=body: publish(channel, stage.name, b)) for body in "ab"]
    return [*seen, drain(channel, stage.name), said(lambda: publish(channel, stage.name, "c"))]


@scenario
def publish_expiration_wrong(stage: Stage) -> Seen:
    """An `expiration` that is no number of milliseconds: 406"""
    seen = []
    stage.channel().queue_declare(stage.name)
    for expiration in ("soon", "-1", "", "1.5", "99999999999999999999"):
        channel = stage.channel()
        answer = soon(
            channel, lambda c=channel, e=expiration: publish(c, stage.name, "", expiration=e)
        )
        seen.append([expiration, answer])
    return seen


@scenario
def publish_user_id(stage: Stage) -> Seen:
    """`user_id` has to be the user of the connection: 406"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    return [
        soon(channel, lambda: publish(channel, stage.name, "", user_id="guest")),
        soon(channel, lambda: publish(channel, stage.name, "", user_id="ann")),
    ]


@scenario
def publish_immediate(stage: Stage) -> Seen:
    """The flag `immediate` is not implemented: 540"""
    channel = stage.channel()
    method = pika.spec.Basic.Publish(exchange="", routing_key=stage.name, immediate=True)
    content = (pika.BasicProperties(), b"x")
    return [soon(channel, lambda: channel._impl._send_method(method, content))]


@scenario
def properties_come_through(stage: Stage) -> Seen:
    """All properties and types of header values arrive as they were sent"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    table = {"s": "é", "i": -5, "l": 2**40, "b": True, "n": None, "a": [1, "x"], "t": {"k": {}}}
    sent: dict[str, Any] = {
        **{"content_type": "text/plain", "content_encoding": "gzip", "headers": table},
        **{"delivery_mode": 2, "priority": 7, "correlation_id": "c", "reply_to": "r"},
        **{"expiration": "60000", "message_id": "m", "timestamp": 1700000000, "type": "t"},
        **{"user_id": "guest", "app_id": "a", "cluster_id": "k"},
    }
    publish(channel, stage.name, "x", **sent)
    method, properties, _ = take(channel, stage.name)
    same = [key for key, value in sent.items() if getattr(properties, key) == value]
    return [sorted(set(sent) - set(same)), headers(properties), method.routing_key]


@scenario
def get_one_by_one(stage: Stage) -> Seen:
    """`basic.get`: the count of what remains, get-empty, redelivered after a return"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    fill(channel, stage.name, "a", "b")
    first, _, body = channel.basic_get(stage.name)
    seen: Seen = [body.decode(), first.message_count, first.redelivered, first.delivery_tag]
    channel.basic_reject(first.delivery_tag, requeue=True)
    wait_ready(channel, stage.name, 2)
    again, _, body = channel.basic_get(stage.name, auto_ack=True)
    seen += [body.decode(), again.message_count, again.redelivered, again.delivery_tag]
    drain(channel, stage.name)
    return [*seen, channel.basic_get(stage.name)[0] is None]


@scenario
def requeue_keeps_the_order(stage: Stage) -> Seen:
    """Messages that go back by nack take their old places, and are redelivered"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    fill(channel, stage.name, *"abcde")
    tags = [take(channel, stage.name)[0].delivery_tag for _ in range(4)]
    channel.basic_nack(tags[2], requeue=True)
    channel.basic_nack(tags[0], requeue=True)
    channel.basic_ack(tags[1])
    channel.basic_nack(0, multiple=True, requeue=True)
    wait_ready(channel, stage.name, 4)
    return Inbox(channel, stage.name).wait(4)


@scenario
def channel_closed_requeues(stage: Stage) -> Seen:
    """What a closed channel had not acknowledged is delivered again, marked so"""
    first = stage.channel()
    first.queue_declare(stage.name)
    fill(first, stage.name, *"abc")
    inbox = Inbox(first, stage.name)
    inbox.wait(3)
    first.basic_ack(inbox.tags()[1])
    first.close()
    return Inbox(stage.channel(), stage.name).wait(2)


@scenario
def ack_unknown(stage: Stage) -> Seen:
    """Acknowledging an unknown delivery tag, or one twice: 406"""
    seen = []
    for tag in (1, 0):
        channel = stage.channel()
        seen.append(soon(channel, lambda c=channel, t=tag: c.basic_ack(t)))
    channel = stage.channel()
    channel.queue_declare(stage.name)
    fill(channel, stage.name, "a")
    tag = take(channel, stage.name)[0].delivery_tag
    channel.basic_ack(tag)
    return [*seen, soon(channel, lambda: channel.basic_reject(tag))]


@scenario
def qos_of_each_consumer(stage: Stage) -> Seen:
    """`basic.qos`: a limit for each consumer of those to come"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    channel.basic_qos(prefetch_count=2)
    fill(channel, stage.name, *"abcdef")
    one = Inbox(channel, stage.name)
    one.wait(2)
    two = Inbox(channel, stage.name)
    two.wait(2)
    seen: Seen = [one.settle(), two.settle()]
    one.channel.basic_ack(one.tags()[0])
    return [*seen, one.wait(3)]


@scenario
def qos_global(stage: Stage) -> Seen:
    """`basic.qos` with `global`: one limit for all consumers of the channel"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    channel.basic_qos(prefetch_count=3, global_qos=True)
    fill(channel, stage.name, *"abcdef")
    one, two = Inbox(channel, stage.name), Inbox(channel, stage.name)
    one.settle(0.2)
    seen: Seen = [len(one.seen) + len(two.seen)]
    channel.basic_ack(0, multiple=True)
    one.settle(0.2)
    return [*seen, len(one.seen) + len(two.seen)]


@scenario
def qos_size(stage: Stage) -> Seen:
    """A prefetch size is not implemented: 540"""
    channel = stage.channel()
    return [said(lambda: channel.basic_qos(prefetch_size=1000))]


@scenario
def transactions(stage: Stage) -> Seen:
    """Transactions: published at commit, forgotten at rollback; not beside confirms"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    channel.tx_select()
    publish(channel, stage.name, "a")
    seen: Seen = [ready(channel, stage.name), said(channel.tx_commit), ready(channel, stage.name)]
    publish(channel, stage.name, "b")
    seen += [said(channel.tx_rollback), ready(channel, stage.name)]
    seen.append(said(channel.confirm_delivery))
    other = stage.channel()
    other.confirm_delivery()
    return [*seen, said(other.tx_select), said(stage.channel().tx_commit)]


@scenario
def ttl_of_queue_and_message(stage: Stage) -> Seen:
    """Time to live: the less of the queue's and the message's; 0 expires at once"""
    channel = stage.channel()
    channel.queue_declare(stage.name, arguments={"x-message-ttl": 50})
    channel.queue_declare(f"{stage.name}.0", arguments={"x-message-ttl": 0})
    channel.queue_declare(f"{stage.name}.m")
    publish(channel, stage.name, "a", expiration="60000")
    publish(channel, f"{stage.name}.m", "b", expiration="50")
    publish(channel, f"{stage.name}.m", "c")
    publish(channel, f"{stage.name}.m", "behind", expiration="50")
    publish(channel, f"{stage.name}.0", "d")
    time.sleep(0.3)
    seen: Seen = [ready(channel, f"{stage.name}{each}") for each in ("", ".m", ".0")]
    seen.append(drain(channel, f"{stage.name}.m"))
    inbox = Inbox(channel, f"{stage.name}.0")
    publish(channel, f"{stage.name}.0", "taken at once")
    return [*seen, inbox.wait(1)]


@scenario
def length_limit(stage: Stage) -> Seen:
    """`x-max-length` and `x-max-length-bytes`: the oldest go"""
    channel = stage.channel()
    channel.confirm_delivery()
    channel.queue_declare(stage.name, arguments={"x-max-length": 2})
    publish(channel, stage.name, *"abcd")
    channel.queue_declare(f"{stage.name}.b", arguments={"x-max-length-bytes": 5})
    publish(channel, f"{stage.name}.b", "aa", "bb", "cc", "much too long")
    publish(channel, f"{stage.name}.b", "dd")
    return [drain(channel, stage.name), drain(channel, f"{stage.name}.b")]


def dead_letter_queue(stage: Stage, channel: Any, **arguments: Any) -> str:
    """Declares the queue of the scenario, and the one that its dead letters go to."""
    dead = f"{stage.name}.dead"
    channel.queue_declare(dead)
    given = {f"x-{key.replace('_', '-')}": value for key, value in arguments.items()}
    given = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead, **given}
    channel.queue_declare(stage.name, arguments=given)
    return dead


@scenario
def dead_letter_rejected(stage: Stage) -> Seen:
    """Dead letters by reject: `x-death` and `x-first-death-...`, in full"""
    channel = stage.channel()
    dead = dead_letter_queue(stage, channel)
    publish(channel, stage.name, "a", headers={"mine": 1})
    channel.basic_reject(take(channel, stage.name)[0].delivery_tag, requeue=False)
    method, properties, _ = take(channel, dead)
    return [headers(properties), method.exchange, method.routing_key, method.redelivered]


@scenario
def dead_letter_expired(stage: Stage) -> Seen:
    """Dead letters by time: the expiration is taken off, and kept in `x-death`"""
    channel = stage.channel()
    dead = dead_letter_queue(stage, channel)
    publish(channel, stage.name, "a", expiration="20")
    _, properties, _ = take(channel, dead)
    return [headers(properties), properties.expiration]


@scenario
def dead_letter_maxlen(stage: Stage) -> Seen:
    """Dead letters by length: those that have to go, oldest first"""
    channel = stage.channel()
    dead = dead_letter_queue(stage, channel, max_length=1)
    publish(channel, stage.name, "a", "b", "c")
    _, properties, first = take(channel, dead)
    second = take(channel, dead)[2]
    return [first, second, headers(properties)["x-death"], drain(channel, stage.name)]


@scenario
def dead_letter_rejected_publish(stage: Stage) -> Seen:
    """`reject-publish-dlx`: what is rejected is confirmed with a nack, and a dead letter"""
    channel = stage.channel()
    dead = dead_letter_queue(stage, channel, max_length=1, overflow="reject-publish-dlx")
    channel.confirm_delivery()
    seen: Seen = [said(lambda b=body: publish(channel, stage.name, b)) for body in "ab"]
    _, properties, body = take(channel, dead)
    return [*seen, body, headers(properties)["x-death"]]


@scenario
def dead_letter_cycle(stage: Stage) -> Seen:
    """A message that goes round by time alone is dropped; by reject it may go for ever"""
    channel = stage.channel()
    arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": stage.name}
    channel.queue_declare(stage.name, arguments={**arguments, "x-message-ttl": 20})
    publish(channel, stage.name, "round")
    time.sleep(0.2)
    seen: Seen = [ready(channel, stage.name)]
    channel.queue_declare(f"{stage.name}.retry", arguments={**arguments, "x-message-ttl": 20})
    back = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": f"{stage.name}.retry"}
    channel.queue_delete(stage.name)
    channel.queue_declare(stage.name, arguments=back)
    publish(channel, stage.name, "retried")
    for _ in range(3):
        method, properties, _ = take(channel, stage.name)
        channel.basic_reject(method.delivery_tag, requeue=False)
    take(channel, stage.name)
    return [*seen, headers(properties)]


@scenario
def priorities(stage: Stage) -> Seen:
    """`x-max-priority`: higher ones first, those above the highest are the highest"""
    channel = stage.channel()
    channel.queue_declare(stage.name, arguments={"x-max-priority": 5})
    for body, priority in (("a", None), ("b", 1), ("c", 9), ("d", 5), ("e", 0), ("f", 1)):
        publish(channel, stage.name, body, priority=priority)
    wait_ready(channel, stage.name, 6)
    return drain(channel, stage.name)


@scenario
def consumer_priorities(stage: Stage) -> Seen:
    """`x-priority` of consumers: the highest gets all that it has room for"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    channel.basic_qos(prefetch_count=2)
    low = Inbox(channel, stage.name)
    high = Inbox(channel, stage.name, arguments={"x-priority": 5})
    publish(channel, stage.name, *"abc")
    return [low.wait(1), high.wait(2)]


@scenario
def consumers_take_turns(stage: Stage) -> Seen:
    """Consumers of a queue get messages in turn"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    one, two = Inbox(channel, stage.name), Inbox(channel, stage.name)
    publish(channel, stage.name, *"abcd")
    return sorted([one.wait(2), two.wait(2)])


@scenario
def consumer_exclusive(stage: Stage) -> Seen:
    """Exclusive consumers, and tags that are in use"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    channel.basic_consume(stage.name, print, exclusive=True, consumer_tag="one")
    other = stage.channel()
    third = stage.channel()
    third.queue_declare(f"{stage.name}.free")
    third.basic_consume(f"{stage.name}.free", print, consumer_tag="same")
    method = pika.spec.Basic.Consume(queue=f"{stage.name}.free", consumer_tag="same")
    replies = [pika.spec.Basic.ConsumeOk]
    return [
        said(lambda: other.basic_consume(stage.name, print)),
        said(lambda: stage.channel().basic_consume(f"{stage.name}.none", print)),
        soon(third, lambda: third._impl._rpc(method, None, replies)),
    ]


@scenario
def single_active_consumer(stage: Stage) -> Seen:
    """`x-single-active-consumer`: one gets all, until it leaves"""
    channel = stage.channel()
    channel.queue_declare(stage.name, arguments={"x-single-active-consumer": True})
    one, two = Inbox(channel, stage.name), Inbox(channel, stage.name)
    publish(channel, stage.name, *"ab")
    one.wait(2)
    seen: Seen = [one.settle(), two.settle()]
    channel.basic_ack(0, multiple=True)
    channel.basic_cancel(one.tag)
    publish(channel, stage.name, "c")
    exclusive = stage.channel()
    answer = said(lambda: exclusive.basic_consume(stage.name, print, exclusive=True))
    return [*seen, two.wait(1), answer]


@scenario
def recover(stage: Stage) -> Seen:
    """`basic.recover` gives all back; without requeue it is not implemented: 540"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    fill(channel, stage.name, *"ab")
    inbox = Inbox(channel, stage.name)
    inbox.wait(2)
    channel.basic_recover(requeue=True)
    seen: Seen = [inbox.wait(4)]
    return [*seen, said(lambda: stage.channel().basic_recover(requeue=False))]


@scenario
def direct_reply_to(stage: Stage) -> Seen:
    """Direct reply-to: answers without a queue, and 406 without a consumer"""
    asker, server = stage.channel(), stage.channel()
    server.queue_declare(stage.name)
    inbox = Inbox(asker, "amq.rabbitmq.reply-to", auto_ack=True)
    publish(asker, stage.name, "question", reply_to="amq.rabbitmq.reply-to")
    _, properties, _ = take(server, stage.name)
    publish(server, properties.reply_to, "answer")
    without = stage.channel()
    again = stage.channel()
    return [
        properties.reply_to.startswith("amq.rabbitmq.reply-to."),
        inbox.wait(1),
        soon(without, lambda: publish(without, stage.name, "", reply_to="amq.rabbitmq.reply-to")),
        said(lambda: again.basic_consume("amq.rabbitmq.reply-to", print)),
    ]


QUORUM = {"x-queue-type": "quorum"}


@scenario
def quorum_declared(stage: Stage) -> Seen:
    """Quorum queues: durable ones only, with arguments of their own"""
    seen = []
    options: tuple[dict[str, Any], ...] = (
        {"durable": True},
        {"durable": False},
        {"durable": True, "exclusive": True},
        {"durable": True, "auto_delete": True},
        {"durable": True, "arguments": {"x-max-priority": 5}},
        {"durable": True, "arguments": {"x-delivery-limit": 2, "x-max-length": 5}},
        {"durable": True, "arguments": {"x-overflow": "reject-publish-dlx"}},
        {"durable": True, "arguments": {"x-queue-mode": "lazy"}},
    )
    for number, each in enumerate(options):
        channel, name = stage.channel(), f"{stage.name}.{number}"
        given = {**each, "arguments": {**QUORUM, **each.get("arguments", {})}}
        seen.append([str(each), said(lambda c=channel, n=name, g=given: c.queue_declare(n, **g))])
    return seen


@scenario
def quorum_delivery_limit(stage: Stage) -> Seen:
    """Quorum queues count deliveries, and give up after `x-delivery-limit`"""
    channel = stage.channel()
    dead = f"{stage.name}.dead"
    channel.queue_declare(dead)
    letters = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": dead}
    arguments = {**QUORUM, **letters, "x-delivery-limit": 2}
    channel.queue_declare(stage.name, durable=True, arguments=arguments)
    publish(channel, stage.name, "poison")
    inbox = Inbox(channel, stage.name)
    counts = []
    for turn in range(3):
        inbox.wait(turn + 1)
        method, properties, _ = inbox.deliveries[-1]
        counts.append((properties.headers or {}).get("x-delivery-count"))
        channel.basic_reject(method.delivery_tag, requeue=True)
    death = headers(take(channel, dead)[1])["x-death"]
    return [counts, inbox.seen, [{key: each[key] for key in ("reason", "queue")} for each in death]]


@scenario
def stream_declared(stage: Stage) -> Seen:
    """Streams are refused with 406"""
    channel = stage.channel()
    arguments = {"x-queue-type": "stream"}
    return [said(lambda: channel.queue_declare(stage.name, durable=True, arguments=arguments))]
