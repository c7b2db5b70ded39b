from leveret.broker.password import Password
from leveret.broker.permission import ALL, TopicPermission
from leveret.broker.policy import Policy


def test_queues_exchanges_and_bindings_come_and_go(audience):
    host = audience.host
    arguments = {"x-max-length": 3}
    host.declare_queue("q", durable=True, arguments=arguments, connection=None)
    host.declare_exchange("x", "topic", internal=True)
    host.bind_queue(queue="q", exchange="x", routing_key="k", arguments={"a": 1}, connection=None)
    binding = {
        "source_name": "x",
        "source_kind": "exchange",
        "destination_name": "q",
        "destination_kind": "queue",
        "routing_key": "k",
        "arguments": {"a": 1},
        "vhost": "/",
        "user_who_performed_action": "rmq-internal",
    }
    actor = {"user_who_performed_action": "rmq-internal"}
    kind = {"type": "rabbit_classic_queue", "durable": True, "auto_delete": False}
    queue = {"name": "q", "vhost": "/", **kind, "exclusive": False, "arguments": arguments}
    exchange = {"type": "topic", "durable": False, "auto_delete": False, "internal": True}
    assert audience.heard() == [
        ("queue.created", queue | actor),
        ("exchange.created", {"name": "x", "vhost": "/", "arguments": {}} | exchange | actor),
        ("binding.created", binding),
    ]
    host.delete_queue("q", connection=None)
    host.delete_exchange("x")
    assert audience.heard() == [
        ("queue.deleted", {"name": "q", "vhost": "/"} | actor),
        ("binding.deleted", binding),
        ("exchange.deleted", {"name": "x", "vhost": "/"} | actor),
    ]


def test_users_and_what_they_may(audience):
    users = audience.broker.users
    ann = users.add("ann", "secret")
    users.change_password("ann", "other")
    users.set_password(ann, Password(ann.password.hash))
    users.clear_password("ann")
    users.set_tags("ann", ["management"])
    users.permit(ann, "/", ALL)
    users.permit_topics(ann, "/", "amq.topic", TopicPermission("w", "r"))
    users.delete("ann")
    heard = audience.heard()
    assert [name for name, _ in heard] == [
        "user.created",
        *("user.password.changed", "user.password.changed", "user.password.cleared"),
        *("user.tags.set", "permission.created", "topic.permission.created"),
        *("topic.permission.deleted", "permission.deleted", "user.deleted"),
    ]
    facts = {name: headers for name, headers in heard}
    assert facts["user.tags.set"]["tags"] == ["management"]
    assert facts["permission.created"].items() >= {"user": "ann", "configure": ".*"}.items()
    topic = {"exchange": "amq.topic", "write": "w", "read": "r", "vhost": "/"}
    assert facts["topic.permission.created"].items() >= topic.items()


def test_virtual_hosts_and_what_is_in_them(audience):
    broker = audience.broker
    other = broker.hosts.add("other")
    audience.heard()
    broker.hosts.set_limits("other", {"max-queues": 1})
    broker.hosts.clear_limits("other")
    policy = Policy(name="p", pattern=".*", definition={"max-length": 1})
    other.policies.set(policy)
    other.policies.clear("p")
    broker.parameters.set("other", "shovel", "s", {"a": 1})
    broker.parameters.clear("other", "shovel", "s")
    broker.parameters.set_global("g", 1)
    broker.parameters.clear_global("g")
    heard = audience.heard()
    assert [name for name, _ in heard] == [
        *("vhost.limits.set", "vhost.limits.cleared", "policy.set", "policy.cleared"),
        *("parameter.set", "parameter.cleared", "parameter.set", "parameter.cleared"),
    ]
    assert heard[0][1]["max-queues"] == 1
    assert heard[2][1].items() >= {"definition": {"max-length": 1}, "vhost": "other"}.items()
    assert heard[4][1].items() >= {"component": "shovel", "value": {"a": 1}}.items()
    broker.delete_virtual_host("other")
    assert audience.names()[0] == "vhost.deleted"
