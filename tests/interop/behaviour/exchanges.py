"""Exchanges: declaration, bindings, and where messages go."""

import pika

from tests.interop.behaviour.stage import (
    Seen,
    Stage,
    drain,
    publish,
    said,
    scenario,
    soon,
)


@scenario
def exchange_declared_again(stage: Stage) -> Seen:
    """Declaring an exchange again: 406 names the first property that differs"""
    stage.channel().exchange_declare(stage.name, "topic")
    seen = []
    for options in (
        {"exchange_type": "topic"},
        {"exchange_type": "direct"},
        {"exchange_type": "topic", "durable": True},
        {"exchange_type": "topic", "auto_delete": True},
        {"exchange_type": "topic", "internal": True},
        {"exchange_type": "topic", "arguments": {"alternate-exchange": "x"}},
        {"exchange_type": "topic", "arguments": {"x-unknown": 1}},
        {"exchange_type": "unheard-of"},
    ):
        channel = stage.channel()
        seen.append(said(lambda c=channel, o=options: c.exchange_declare(stage.name, **o)))
    return seen


@scenario
def exchange_refusals(stage: Stage) -> Seen:
    """Reserved names (403), unknown types, the default exchange, those in use (406)"""
    channel = stage.channel()
    channel.exchange_declare(stage.name, "fanout")
    channel.queue_declare(stage.name)
    channel.queue_bind(stage.name, stage.name)
    calls = (
        lambda c: c.exchange_declare("amq.mine", "direct"),
        lambda c: c.exchange_declare(f"{stage.name}.u", "unheard-of"),
        lambda c: c.exchange_declare("", "direct"),
        lambda c: c.exchange_declare("amq.direct", "fanout", durable=True),
        lambda c: c.exchange_delete("amq.direct"),
        lambda c: c.exchange_delete(""),
        lambda c: c.exchange_delete(f"{stage.name}.none"),
        lambda c: c.exchange_delete(stage.name, if_unused=True),
        lambda c: c.queue_bind(stage.name, "", "k"),
        lambda c: c.queue_unbind(stage.name, "", stage.name),
        lambda c: c.queue_bind(stage.name, f"{stage.name}.none"),
        lambda c: c.queue_bind(f"{stage.name}.none", stage.name),
        lambda c: c.queue_unbind(stage.name, stage.name, "not bound so"),
        lambda c: c.exchange_bind(f"{stage.name}.none", stage.name),
        lambda c: c.exchange_delete(stage.name),
    )
    return [said(lambda f=call: f(stage.channel())) for call in calls]


@scenario
def exchange_auto_delete(stage: Stage) -> Seen:
    """Auto-delete exchanges: gone with the last of their bindings"""
    channel = stage.channel()
    channel.exchange_declare(stage.name, "fanout", auto_delete=True)
    channel.queue_declare(stage.name)
    channel.queue_bind(stage.name, stage.name)
    seen = [said(lambda: channel.exchange_declare(stage.name, passive=True))]
    channel.queue_unbind(stage.name, stage.name)
    return [*seen, said(lambda: channel.exchange_declare(stage.name, passive=True))]


@scenario
def exchange_default(stage: Stage) -> Seen:
    """The default exchange routes by the queue's name, and drops what has no queue"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    channel.confirm_delivery()
    return [
        said(lambda: publish(channel, stage.name, "a")),
        said(lambda: publish(channel, f"{stage.name}.none", "b")),
        drain(channel, stage.name),
    ]


@scenario
def exchange_unknown(stage: Stage) -> Seen:
    """Publishing to an exchange that is not there closes the channel with 404"""
    channel = stage.channel()
    answer = soon(channel, lambda: channel.basic_publish(f"{stage.name}.none", "k", b""))
    internal = stage.channel()
    internal.exchange_declare(stage.name, "fanout", internal=True)
    return [answer, soon(internal, lambda: internal.basic_publish(stage.name, "k", b""))]


@scenario
def exchange_alternate(stage: Stage) -> Seen:
    """`alternate-exchange` takes what has no route, and a mandatory message is content with it"""
    channel = stage.channel()
    channel.exchange_declare(f"{stage.name}.rest", "fanout")
    arguments = {"alternate-exchange": f"{stage.name}.rest"}
    channel.exchange_declare(stage.name, "direct", arguments=arguments)
    for queue in ("bound", "rest"):
        channel.queue_declare(f"{stage.name}.{queue}")
    channel.queue_bind(f"{stage.name}.bound", stage.name, "k")
    channel.queue_bind(f"{stage.name}.rest", f"{stage.name}.rest")
    channel.confirm_delivery()
    seen: Seen = [
        said(lambda k=key: channel.basic_publish(stage.name, k, k.encode(), mandatory=True))
        for key in ("k", "other")
    ]
    return [*seen, drain(channel, f"{stage.name}.bound"), drain(channel, f"{stage.name}.rest")]


@scenario
def exchange_to_exchange(stage: Stage) -> Seen:
    """Exchanges bound to exchanges: once for each queue, in circles too"""
    channel = stage.channel()
    one, two = f"{stage.name}.1", f"{stage.name}.2"
    channel.exchange_declare(one, "topic")
    channel.exchange_declare(two, "fanout")
    channel.queue_declare(stage.name)
    channel.exchange_bind(two, one, "a.#")
    channel.exchange_bind(one, two, "#")
    channel.queue_bind(stage.name, two)
    channel.queue_bind(stage.name, one, "a.b")
    channel.confirm_delivery()
    for key in ("a.b", "a.c", "b"):
        channel.basic_publish(one, key, key.encode())
    seen: Seen = [drain(channel, stage.name)]
    channel.exchange_unbind(two, one, "a.#")
    channel.basic_publish(one, "a.c", b"")
    return [*seen, drain(channel, stage.name)]


HEADERS = (
    {},
    {"a": "1"},
    {"a": "1", "b": 2},
    {"a": "1", "b": "2"},
    {"a": "1", "b": 2, "x-c": 3},
    {"x-c": 3},
    {"b": True},
)
MATCHES = (
    {"x-match": "all", "a": "1", "b": 2},
    {"x-match": "any", "a": "1", "b": 2},
    {"a": "1"},
    {"x-match": "all-with-x", "a": "1", "x-c": 3},
    {"x-match": "any-with-x", "x-c": 3},
    {"x-match": "all"},
    {"x-match": "any"},
    {"b": None},
)


@scenario
def exchange_headers(stage: Stage) -> Seen:
    """Headers exchanges: all, any, with-x, void values, no values at all"""
    channel = stage.channel()
    channel.exchange_declare(stage.name, "headers")
    channel.confirm_delivery()
    for number, match in enumerate(MATCHES):
        channel.queue_declare(f"{stage.name}.{number}")
        channel.queue_bind(f"{stage.name}.{number}", stage.name, arguments=match)
    for number, headers in enumerate(HEADERS):
        properties = pika.BasicProperties(headers=headers)
        channel.basic_publish(stage.name, "", str(number).encode(), properties)
    return [[str(match), drain(channel, f"{stage.name}.{n}")] for n, match in enumerate(MATCHES)]


@scenario
def exchange_headers_wrong(stage: Stage) -> Seen:
    """Headers bindings with a wrong `x-match` are refused with 406"""
    channel = stage.channel()
    channel.exchange_declare(stage.name, "headers")
    channel.queue_declare(stage.name)
    return [
        said(lambda m=match: stage.channel().queue_bind(stage.name, stage.name, "", {"x-match": m}))
        for match in ("some", 1)
    ]


PATTERNS = ("a.*", "a.#", "#", "*.b", "#.b", "a.b", "*", "a.#.c", "", "*.*.*")
KEYS = ("a", "a.b", "a.b.c", "a.c", "b", "", ".", "a..b", "A.B")


@scenario
def exchange_topic(stage: Stage) -> Seen:
    """Topic exchanges: `*` is a word, `#` any number of them, empty words count"""
    channel = stage.channel()
    channel.exchange_declare(stage.name, "topic")
    channel.confirm_delivery()
    for number, pattern in enumerate(PATTERNS):
        channel.queue_declare(f"{stage.name}.{number}")
        channel.queue_bind(f"{stage.name}.{number}", stage.name, pattern)
    for key in KEYS:
        channel.basic_publish(stage.name, key, key.encode())
    return [[each, drain(channel, f"{stage.name}.{n}")] for n, each in enumerate(PATTERNS)]


@scenario
def exchange_carbon_copies(stage: Stage) -> Seen:
    """`CC` and `BCC` headers are routing keys too; wrong ones are refused with 406"""
    channel = stage.channel()
    names = [f"{stage.name}.{each}" for each in ("to", "cc", "bcc")]
    for name in names:
        channel.queue_declare(name)
    channel.confirm_delivery()
    copies = {"CC": [names[1]], "BCC": [names[2]]}
    channel.basic_publish("", names[0], b"m", pika.BasicProperties(headers=copies))
    seen: Seen = []
    for name in names:
        _, properties, body = channel.basic_get(name, auto_ack=True)
        seen.append([body.decode(), properties.headers])
    wrong = pika.BasicProperties(headers={"CC": "x"})
    return [*seen, said(lambda: channel.basic_publish("", names[0], b"", wrong))]
