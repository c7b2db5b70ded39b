import json

from leveret.broker.broker import Broker
from leveret.broker.definitions_export import export_definitions, export_virtual_host
from leveret.broker.definitions_import import import_definitions
from leveret.broker.metadata import Metadata
from leveret.engine.shard import Shard


def test_a_new_broker_has_its_defaults(random):
    broker = Broker(Shard(), random)
    exported = export_definitions(broker, version="1.2.3")
    assert json.loads(json.dumps(exported)) == exported
    (user,) = exported["users"]
    assert broker.users.find("guest").password.hash == user["password_hash"]
    assert {name: value for name, value in exported.items() if name != "users"} == {
        "product_name": "Leveret",
        "product_version": "1.2.3",
        "vhosts": [
            {
                "name": "/",
                "description": "",
                "tags": [],
                "metadata": {"description": "", "tags": []},
            }
        ],
        "permissions": [
            {"user": "guest", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"}
        ],
        "topic_permissions": [],
        "global_parameters": [],
        "policies": [],
        "parameters": [],
        "exchanges": [],
        "queues": [],
        "bindings": [],
    }


def test_what_goes_with_a_connection_is_left_out(random):
    broker = Broker(Shard(), random)
    host = broker.virtual_host("/")
    host.declare_queue("mine", exclusive=True, connection=object())
    host.declare_queue("passing", connection=None)
    host.bind_queue(queue="passing", exchange="amq.topic", routing_key="", connection=None)
    exported = export_definitions(broker, version="1")
    assert [queue["name"] for queue in exported["queues"]] == ["passing"]
    assert [binding["source"] for binding in exported["bindings"]] == ["amq.topic"]


def test_one_virtual_host_can_be_moved_to_another(random):
    broker = Broker(Shard(), random)
    host = broker.virtual_host("/")
    host.declare_exchange("e", "fanout", durable=True)
    host.declare_queue("q", durable=True, arguments={"x-expires": 5}, connection=None)
    host.bind_queue(queue="q", exchange="e", routing_key="k", arguments={"b": b"\xff"},
                    connection=None)  # fmt: skip
    document = export_virtual_host(broker, host, version="1")
    assert document["original_vhost_name"] == "/"
    broker.hosts.add("v", Metadata("other"))
    assert import_definitions(broker, document, classes={}, virtual_host="v") == []
    copy = export_virtual_host(broker, broker.virtual_host("v"), version="1")
    assert copy == {**document, "original_vhost_name": "v"}
