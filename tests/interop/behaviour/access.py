"""Users, permissions, virtual hosts, policies."""

import json
from collections.abc import Callable
from typing import Any

import pika

from tests.interop.behaviour.stage import (
    Seen,
    Stage,
    drain,
    publish,
    ready,
    said,
    scenario,
    soon,
    wait_ready,
    wait_until,
)


def credentials(name: str, password: str = "secret") -> pika.PlainCredentials:
    return pika.PlainCredentials(name, password)


@scenario
def login_refused(stage: Stage) -> Seen:
    """A wrong password or user: 403, with the mechanism and no more"""
    return [
        said(lambda: stage.connect(credentials=credentials("guest", "wrong"))),
        said(lambda: stage.connect(credentials=credentials("nobody"))),
    ]


@scenario
def vhost_refused(stage: Stage) -> Seen:
    """A virtual host that is not there, or not the user's: 530"""
    stage.administrate("add_user", "stranger", "secret")
    return [
        said(lambda: stage.connect(virtual_host="none")),
        said(lambda: stage.connect(credentials=credentials("stranger"))),
    ]


@scenario
def permissions(stage: Stage) -> Seen:
    """Permissions to configure, write and read: 403, with the operation and the name"""
    stage.administrate("add_user", "ann", "secret")
    stage.administrate("set_permissions", "-p", "/", "ann", "^ann", "^(ann|amq.topic)", "^ann")
    stage.channel().queue_declare(stage.name)
    stage.channel().exchange_declare(stage.name, "fanout")
    mine = stage.channel(credentials=credentials("ann"))
    mine.queue_declare("ann")
    calls: tuple[Callable[[Any], Any], ...] = (
        lambda c: c.queue_declare("bob"),
        lambda c: c.queue_declare(stage.name, passive=True),
        lambda c: c.exchange_declare("bob", "fanout"),
        lambda c: c.basic_get(stage.name),
        lambda c: c.basic_consume(stage.name, print),
        lambda c: c.queue_purge(stage.name),
        lambda c: c.queue_delete(stage.name),
        lambda c: c.queue_bind("ann", stage.name),
        lambda c: c.queue_bind(stage.name, "amq.topic"),
        lambda c: c.basic_get("ann"),
        lambda c: c.queue_declare("ann.d", arguments={"x-dead-letter-exchange": "bob"}),
    )
    user = credentials("ann")
    seen = [said(lambda f=call: f(stage.channel(credentials=user))) for call in calls]
    return [*seen, soon(mine, lambda: mine.basic_publish(stage.name, "k", b""))]


@scenario
def topic_permissions(stage: Stage) -> Seen:
    """Topic permissions: 403, with the routing key"""
    stage.administrate("add_user", "tom", "secret")
    stage.administrate("set_permissions", "-p", "/", "tom", ".*", ".*", ".*")
    words = ("set_topic_permissions", "-p", "/", "tom", "amq.topic", "^{username}", "^tom")
    stage.administrate(*words)
    channel = stage.channel(credentials=credentials("tom"))
    channel.queue_declare(stage.name)
    seen = [
        said(lambda: channel.queue_bind(stage.name, "amq.topic", "tom.#")),
        soon(channel, lambda: channel.basic_publish("amq.topic", "tom.x", b"")),
        soon(channel, lambda: channel.basic_publish("amq.topic", "bob.x", b"")),
    ]
    other = stage.channel(credentials=credentials("tom"))
    return [*seen, said(lambda: other.queue_bind(stage.name, "amq.topic", "bob.#"))]


def set_policy(stage: Stage, pattern: str, apply_to: str, **keys: object) -> None:
    definition = json.dumps({key.replace("_", "-"): value for key, value in keys.items()})
    words = ("--apply-to", apply_to, stage.name, pattern, definition)
    stage.administrate("set_policy", "-p", "/", *words)


@scenario
def policy_for_a_queue_that_is_there(stage: Stage) -> Seen:
    """Policies take effect on queues that are there: max-length and message-ttl"""
    channel = stage.channel()
    channel.queue_declare(stage.name)
    publish(channel, stage.name, *"abcd")
    wait_ready(channel, stage.name, 4)
    set_policy(stage, f"^{stage.name}$", "queues", max_length=2)
    wait_ready(channel, stage.name, 2)
    seen: Seen = [drain(channel, stage.name)]
    set_policy(stage, f"^{stage.name}$", "queues", message_ttl=30)
    publish(channel, stage.name, "e")
    wait_until(channel, lambda: ready(channel, stage.name) < 1)
    stage.administrate("clear_policy", "-p", "/", stage.name)
    channel.confirm_delivery()
    publish(channel, stage.name, *"fgh")
    return [*seen, drain(channel, stage.name), said(lambda: channel.queue_declare(stage.name))]


@scenario
def policy_and_argument(stage: Stage) -> Seen:
    """Of a policy and an argument the lesser number counts"""
    set_policy(stage, f"^{stage.name}", "all", max_length=3, alternate_exchange="amq.fanout")
    channel = stage.channel()
    channel.confirm_delivery()
    for length in (2, 5):
        channel.queue_declare(f"{stage.name}.{length}", arguments={"x-max-length": length})
        publish(channel, f"{stage.name}.{length}", *"abcdef")
    channel.exchange_declare(stage.name, "direct")
    channel.queue_declare("elsewhere")
    channel.queue_bind("elsewhere", "amq.fanout")
    channel.basic_publish(stage.name, "nowhere", b"caught")
    names = (f"{stage.name}.2", f"{stage.name}.5", "elsewhere")
    return [drain(channel, name) for name in names]


@scenario
def user_limits(stage: Stage) -> Seen:
    """Limits of a user: 530 for one connection more"""
    stage.administrate("add_user", "lim", "secret")
    stage.administrate("set_permissions", "-p", "/", "lim", ".*", ".*", ".*")
    stage.administrate("set_user_limits", "lim", '{"max-connections": 1}')
    user = credentials("lim")
    return [
        said(lambda: stage.connect(credentials=user)),
        said(lambda: stage.connect(credentials=user)),
    ]
