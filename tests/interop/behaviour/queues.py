"""Queues: how they are declared, redeclared, deleted, and what arguments they take."""

import time

from tests.interop.behaviour.stage import (
    Inbox,
    Seen,
    Stage,
    fill,
    said,
    scenario,
    wait_until,
)


@scenario
def queue_declared_again(stage: Stage) -> Seen:
    """Declaring a queue again: 406 names the first property or argument that differs"""
    seen = []
    arguments = {"x-max-length": 5, "x-message-ttl": 60000}
    stage.channel().queue_declare(stage.name, arguments=arguments)
    for options in (
        {"arguments": arguments},
        {"durable": True, "arguments": arguments},
        {"auto_delete": True, "arguments": arguments},
        {"exclusive": True, "arguments": arguments},
        {"arguments": {**arguments, "x-max-length": 6}},
        {"arguments": {"x-max-length": 5}},
        {"arguments": {**arguments, "x-expires": 60000}},
        {"arguments": {**arguments, "x-max-length": "5"}},
        {"arguments": {**arguments, "x-unknown": 1}},
        {},
    ):
        channel = stage.channel()
        seen.append(said(lambda c=channel, o=options: c.queue_declare(stage.name, **o)))
    return seen


@scenario
def queue_passive(stage: Stage) -> Seen:
    """Passive declaration: counts of what is there, whatever the flags, or 404"""
    channel = stage.channel()
    channel.queue_declare(stage.name, auto_delete=False)
    fill(channel, stage.name, "a", "b")
    return [
        said(lambda: channel.queue_declare(stage.name, passive=True, durable=True)),
        said(lambda: stage.channel().queue_declare(f"{stage.name}.none", passive=True)),
        said(lambda: stage.channel().exchange_declare(f"{stage.name}.none", passive=True)),
    ]


@scenario
def queue_exclusive(stage: Stage) -> Seen:
    """Exclusive queues: 405 for all other connections, gone with their own"""
    owner = stage.channel()
    owner.queue_declare(stage.name, exclusive=True)
    uses = (
        lambda channel: channel.queue_declare(stage.name, exclusive=True),
        lambda channel: channel.queue_declare(stage.name, passive=True),
        lambda channel: channel.basic_get(stage.name),
        lambda channel: channel.basic_consume(stage.name, print),
        lambda channel: channel.queue_purge(stage.name),
        lambda channel: channel.queue_delete(stage.name),
        lambda channel: channel.queue_bind(stage.name, "amq.fanout"),
    )
    seen = [said(lambda u=use: u(stage.channel())) for use in uses]
    owner.connection.close()
    return [*seen, said(lambda: stage.channel().queue_declare(stage.name, passive=True))]


@scenario
def queue_auto_delete(stage: Stage) -> Seen:
    """Auto-delete queues: kept until the last consumer of some leaves"""
    channel = stage.channel()
    channel.queue_declare(stage.name, auto_delete=True)
    first = channel.basic_consume(stage.name, print)
    second = channel.basic_consume(stage.name, print)
    channel.basic_cancel(first)
    seen = [said(lambda: channel.queue_declare(stage.name, passive=True))]
    channel.basic_cancel(second)
    return [*seen, said(lambda: channel.queue_declare(stage.name, passive=True))]


@scenario
def queue_names(stage: Stage) -> Seen:
    """Names: made up by the server, reserved (403), too long, the last one of the channel"""
    channel = stage.channel()
    name = channel.queue_declare("", exclusive=True).method.queue
    return [
        name.startswith("amq.gen-"),
        said(lambda: channel.queue_declare("", passive=True)),
        said(lambda: stage.channel().queue_declare("amq.mine")),
        said(lambda: stage.channel().queue_declare("", passive=True)),
        said(lambda: stage.channel().basic_get("")),
    ]


@scenario
def queue_delete(stage: Stage) -> Seen:
    """Deletion: if-empty and if-unused (406), counts, and none of what is not there"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    fill(channel, stage.name, "a", "b")
    seen = [said(lambda: stage.channel().queue_delete(stage.name, if_empty=True))]
    stage.channel().basic_consume(stage.name, print)
    seen.append(said(lambda: stage.channel().queue_delete(stage.name, if_unused=True)))
    seen.append(said(lambda: channel.queue_delete(stage.name)))
    seen.append(said(lambda: channel.queue_delete(stage.name)))
    return seen


@scenario
def queue_purge(stage: Stage) -> Seen:
    """Purging: counts and takes what is ready, not what is unacknowledged"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    fill(channel, stage.name, "a", "b", "c")
    channel.basic_get(stage.name)
    return [
        said(lambda: channel.queue_purge(stage.name)),
        said(lambda: channel.queue_purge(stage.name)),
        said(lambda: channel.queue_delete(stage.name, if_empty=True)),
        said(lambda: stage.channel().queue_purge(f"{stage.name}.none")),
    ]


WRONG_ARGUMENTS: tuple[dict[str, object], ...] = (
    {"x-message-ttl": "1000"},
    {"x-message-ttl": -1},
    {"x-message-ttl": 2**63 - 1},
    {"x-expires": 0},
    {"x-expires": "a"},
    {"x-max-length": -1},
    {"x-max-length": "5"},
    {"x-max-length-bytes": True},
    {"x-overflow": "drop-tail"},
    {"x-overflow": 1},
    {"x-dead-letter-exchange": 1},
    {"x-dead-letter-routing-key": "k"},
    {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": 1},
    {"x-max-priority": 256},
    {"x-max-priority": -1},
    {"x-max-priority": "5"},
    {"x-single-active-consumer": "yes"},
    {"x-queue-type": "fast"},
    {"x-queue-type": 1},
    {"x-delivery-limit": 3},
)


@scenario
def queue_arguments_wrong(stage: Stage) -> Seen:
    """Arguments of wrong types and values: 406 with the name and what is wrong with it"""
    seen = []
    for number, arguments in enumerate(WRONG_ARGUMENTS):
        name = f"{stage.name}.{number}"
        channel = stage.channel()
        answer = said(lambda c=channel, n=name, a=arguments: c.queue_declare(n, arguments=a))
        seen.append([str(arguments), answer])
    return seen


@scenario
def queue_arguments_right(stage: Stage) -> Seen:
    """Arguments that applications have: all of them are taken, unknown ones too"""
    arguments = (
        {"x-message-ttl": 0},
        {"x-queue-mode": "lazy"},
        {"x-queue-version": 2},
        {"x-queue-type": "classic"},
        {"x-max-length": 0},
        {"x-unknown": "x"},
        {"x-queue-master-locator": "client-local"},
        {"x-overflow": "reject-publish-dlx"},
    )
    channel = stage.channel()
    return [
        said(lambda a=each, n=n: channel.queue_declare(f"{stage.name}.{n}", arguments=a))
        for n, each in enumerate(arguments)
    ]


@scenario
def queue_expires(stage: Stage) -> Seen:
    """`x-expires`: an unused queue goes, one with a consumer stays"""
    channel = stage.channel()
    channel.queue_declare(stage.name, arguments={"x-expires": 100})
    tag = channel.basic_consume(stage.name, print)
    channel.connection.process_data_events(time_limit=0.3)
    seen = [said(lambda: channel.queue_declare(stage.name, passive=True))]
    channel.basic_cancel(tag)
    time.sleep(0.4)
    return [*seen, said(lambda: channel.queue_declare(stage.name, passive=True))]


@scenario
def queue_unused_durable_after_connection(stage: Stage) -> Seen:
    """Queues that are not exclusive outlive the connection that declared them"""
    first = stage.channel()
    first.queue_declare(stage.name)
    fill(first, stage.name, "a")
    first.connection.close()
    return [said(lambda: stage.channel().queue_declare(stage.name, passive=True))]


@scenario
def consumer_cancelled_by_server(stage: Stage) -> Seen:
    """Consumer cancel notification: `basic.cancel` when the queue is deleted"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    inbox = Inbox(channel, stage.name, consumer_tag="mine")
    cancelled: list[str] = []
    channel.add_on_cancel_callback(lambda frame: cancelled.append(frame.method.consumer_tag))
    stage.channel().queue_delete(stage.name)
    wait_until(channel, lambda: bool(cancelled))
    return [inbox.tag, *cancelled, channel.is_open]
