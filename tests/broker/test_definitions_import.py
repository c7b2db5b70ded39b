"""Documents as RabbitMQ and LavinMQ export them: all of it comes in, or is told of."""

import json

import pytest

from leveret.broker.broker import Broker
from leveret.broker.definitions_export import export_definitions
from leveret.broker.definitions_import import import_definitions
from leveret.broker.document import DocumentError
from leveret.broker.limits import Limits
from leveret.broker.metadata import Metadata
from leveret.broker.password import MD5
from leveret.broker.permission import Permission, TopicPermission
from leveret.engine.shard import Shard
from tests.broker.conftest import Kept

HASH = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"  # test12
SHA256 = "rabbit_password_hashing_sha256"

RABBITMQ = {
    "rabbit_version": "4.2.0",
    "rabbitmq_version": "4.2.0",
    "product_name": "RabbitMQ",
    "product_version": "4.2.0",
    "rabbitmq_definition_format": "cluster",
    "original_cluster_name": "rabbit@host",
    "explanation": "Definitions of cluster 'rabbit@host'",
    "users": [
        {
            "name": "ann",
            "password_hash": HASH,
            "hashing_algorithm": SHA256,
            "tags": ["management", "own"],
            "limits": {"max-connections": 5},
        },
        {"name": "bob", "password_hash": HASH, "hashing_algorithm": SHA256, "tags": "monitoring"},
    ],
    "vhosts": [
        {
            "name": "/",
            "description": "Default virtual host",
            "tags": [],
            "default_queue_type": "undefined",
            "metadata": {
                "description": "Default virtual host",
                "tags": [],
                "default_queue_type": "undefined",
            },
        },
        {
            "name": "v",
            "limits": [],
            "metadata": {"description": "d", "tags": ["t"], "default_queue_type": "quorum"},
        },
    ],
    "permissions": [
        {"user": "ann", "vhost": "v", "configure": "^a", "write": ".*", "read": ""},
    ],
    "topic_permissions": [
        {"user": "ann", "vhost": "v", "exchange": "amq.topic", "write": "^a", "read": ".*"}
    ],
    "parameters": [
        {
            "component": "vhost-limits",
            "name": "limits",
            "vhost": "v",
            "value": {"max-queues": 5},
        },
        {
            "component": "operator_policy",
            "name": "o",
            "vhost": "v",
            "value": {
                "pattern": "^q",
                "definition": {"message-ttl": 5},
                "priority": 1,
                "apply-to": "queues",
            },
        },
        {"component": "shovel", "name": "s", "vhost": "v", "value": {"src-uri": "amqp://"}},
    ],
    "global_parameters": [{"name": "cluster_name", "value": "rabbit@host"}],
    "policies": [
        {
            "name": "p",
            "vhost": "v",
            "pattern": "^q",
            "apply-to": "all",
            "definition": {"max-length": 4, "ha-mode": "all"},
            "priority": 0,
        }
    ],
    "exchanges": [
        {
            "name": "e",
            "vhost": "v",
            "type": "topic",
            "durable": True,
            "auto_delete": False,
            "internal": False,
            "arguments": {"alternate-exchange": "other"},
        }
    ],
    "queues": [
        {
            "name": "q",
            "vhost": "v",
            "type": "classic",
            "durable": True,
            "auto_delete": False,
            "arguments": {"x-max-length": 10, "x-queue-type": "classic"},
        }
    ],
    "bindings": [
        {
            "source": "e",
            "vhost": "v",
            "destination": "q",
            "destination_type": "queue",
            "routing_key": "k.#",
            "arguments": {"n": 1},
        },
        {
            "source": "amq.topic",
            "vhost": "v",
            "destination": "e",
            "destination_type": "exchange",
            "routing_key": "",
            "arguments": {},
        },
    ],
}

NOTES = [
    "policy 'p' in vhost 'v': ha-mode is kept, but nothing goes by it",
    "parameter 's' of shovel in vhost 'v': is kept, and nothing goes by it",
    "global parameter 'cluster_name': is kept, and nothing goes by it",
    "user 'guest', whom a new broker has, is not among these: deleted",
]


@pytest.fixture
def broker(random):
    return Broker(Shard(), random)


def bring(broker, document, **options):
    return import_definitions(broker, document, classes={}, **options)


def test_a_document_of_rabbitmqs_comes_in_whole(broker):
    notes = bring(broker, RABBITMQ, replacing=True)
    assert notes == NOTES
    ann, host = broker.users.find("ann"), broker.virtual_host("v")
    assert ann.password.matches(b"test12")
    assert (ann.tags, ann.limits) == (("management", "own"), {"max-connections": 5})
    assert ann.permissions == {"v": Permission("^a", ".*", "")}
    assert ann.topic_permissions == {("v", "amq.topic"): TopicPermission("^a", ".*")}
    assert broker.users.find("bob").tags == ("monitoring",)
    assert broker.virtual_host("/").metadata == Metadata("Default virtual host")
    assert host.metadata == Metadata("d", ("t",), "quorum")
    assert host.exchanges["e"].alternate == "other"
    assert host.queues["q"].arguments["x-max-length"] == 10
    assert host.queues["q"].durable
    settings = host.queues["q"].settings
    assert (settings.max_length, settings.message_ttl) == (4, 5)
    assert host.own_limits == {"max-queues": 5}
    assert host.topology.binding_count == 2
    assert host.route("amq.topic", "").queue_count == 0
    assert host.route("e", "k.x").queue_count == 1


def test_importing_once_more_changes_nothing(broker):
    bring(broker, RABBITMQ)
    broker.keep(Refusing())
    assert bring(broker, RABBITMQ) == NOTES[:3]


class Refusing(Kept):
    def define(self, key, value):
        raise AssertionError(f"{key} is written again")


def test_what_is_exported_is_what_was_imported(broker, random):
    bring(broker, RABBITMQ, replacing=True)
    exported = export_definitions(broker, version="1")
    for section in (
        *("users", "permissions", "topic_permissions", "exchanges", "bindings"),
        *("policies", "parameters", "global_parameters"),
    ):
        imported = [{**entry} for entry in RABBITMQ[section]]
        if section == "users":
            imported[1] |= {"tags": ["monitoring"], "limits": {}}
        assert texts(exported[section]) == texts(imported)
    again = Broker(Shard(), random, empty=True)
    assert bring(again, exported) == NOTES[:3]
    assert export_definitions(again, version="1") == exported


def texts(entries):
    return sorted(json.dumps(entry, sort_keys=True) for entry in entries)


LAVINMQ = {
    "lavinmq_version": "2.9.1",
    "users": [
        {"name": "old", "password_hash": "$2a$10$x", "hashing_algorithm": "Bcrypt", "tags": ""},
        {"name": "guest", "password_hash": HASH, "hashing_algorithm": SHA256, "tags": "a,b"},
    ],
    "vhosts": [{"name": "/", "dir": "42099b4a"}],
    "permissions": [
        {"user": "old", "vhost": "/", "configure": ".*", "read": ".*", "write": ".*"}
    ],
    "queues": [
        {"name": "q", "vhost": "/", "durable": True, "auto_delete": False, "arguments": {}},
    ],
    "exchanges": [
        {"name": "", "vhost": "/", "type": "direct", "durable": True, "arguments": {}},
        {"name": "amq.direct", "vhost": "/", "type": "direct", "durable": True, "arguments": {}},
        {"name": "amq.lavinmq.log", "vhost": "/", "type": "topic", "arguments": {}},
    ],
    "bindings": [
        {"source": "", "vhost": "/", "destination": "q", "destination_type": "queue",
         "routing_key": "q", "arguments": None, "properties_key": "q"},
        {"source": "amq.lavinmq.log", "vhost": "/", "destination": "q",
         "destination_type": "queue", "routing_key": "#"},
    ],
}  # fmt: skip


def test_a_document_of_lavinmqs_comes_in_and_says_what_cannot(broker):
    assert bring(broker, LAVINMQ) == [
        "user 'old': a password kept as Bcrypt cannot be used here: give the user another",
        "exchange 'amq.lavinmq.log' in vhost '/': there is no such exchange of the server's",
        "binding of exchange 'amq.lavinmq.log' to queue 'q' in vhost '/': is not imported: "
        "no exchange 'amq.lavinmq.log' in vhost '/'",
    ]
    assert broker.users.find("guest").tags == ("a", "b")
    assert broker.users.find("guest").password.matches(b"test12")
    assert "q" in broker.virtual_host("/").queues
    assert broker.users.find("old").permissions["/"]


def test_queues_of_types_to_come_work_as_classic_ones_and_keep_their_arguments(broker):
    arguments = {"x-queue-type": "quorum", "x-delivery-limit": 5, "x-max-length": 3}
    document = {
        "queues": [
            {"name": "q", "vhost": "/", "arguments": arguments},
            {"name": "s", "vhost": "/", "type": "stream", "arguments": {}},
        ]
    }
    assert bring(broker, document) == [
        "queue 's' in vhost '/': there are no queues of type stream yet: it works as a classic one"
    ]
    queue = broker.virtual_host("/").queues["q"]
    assert queue.arguments == arguments
    declared = broker.virtual_host("/").declare_queue(
        "q", durable=True, arguments=arguments, connection=None
    )
    assert declared is queue


def test_exchanges_of_types_that_are_not_there_are_told_of_with_their_bindings(broker):
    document = {
        "exchanges": [
            {
                "name": "later",
                "type": "x-delayed-message",
                "arguments": {"x-delayed-type": "direct"},
            }
        ],
        "bindings": [
            {"source": "later", "destination": "amq.direct", "destination_type": "exchange"},
            {"source": "amq.direct", "destination": "later", "destination_type": "exchange"},
            {"source": "amq.direct", "destination": "q", "destination_type": "queue"},
        ],
    }
    ends = ("'later' to exchange 'amq.direct'", "'amq.direct' to exchange 'later'")
    assert bring(broker, document) == [
        "exchange 'later' in vhost '/': there are no exchanges of type x-delayed-message: "
        "it is not imported",
        *(
            f"binding of exchange {each} in vhost '/': is not imported: "
            "no exchange 'later' in vhost '/'"
            for each in ends
        ),
        "binding of exchange 'amq.direct' to queue 'q' in vhost '/': is not imported: "
        "no queue 'q' in vhost '/'",
    ]


def test_the_version_of_a_queue_does_not_matter(broker):
    arguments = {"x-queue-version": 1, "x-queue-mode": "lazy"}
    assert bring(broker, {"queues": [{"name": "q", "arguments": arguments}]}) == []
    assert broker.virtual_host("/").queues["q"].arguments == arguments


def test_what_is_there_already_stays_and_is_told_of(broker, host):
    own = broker.virtual_host("/")
    own.declare_queue("q", connection=None)
    own.declare_exchange("e", "fanout")
    document = {
        "queues": [{"name": "q", "durable": True}],
        "exchanges": [{"name": "e", "type": "direct"}],
    }
    notes = bring(broker, document)
    assert [note.partition(": ")[0] for note in notes] == [
        "exchange 'e' in vhost '/' is there already, and stays as it is",
        "queue 'q' in vhost '/' is there already, and stays as it is",
    ]
    assert own.exchanges["e"].type == "fanout"


def test_users_that_are_there_get_what_the_document_says(broker):
    broker.users.add("ann", "old", ["administrator"])
    broker.users.permit(broker.users.find("ann"), "/", Permission("", "", ""))
    document = {
        "users": [{"name": "guest"}, {"name": "ann", "password": "new", "tags": []}],
        "permissions": [{"user": "ann", "vhost": "/", "configure": "c", "write": "w", "read": "r"}],
    }
    assert bring(broker, document) == []
    ann = broker.users.find("ann")
    assert ann.password.matches(b"new")
    assert (ann.tags, ann.permissions) == ((), {"/": Permission("c", "w", "r")})


def test_passwords_of_old_versions_are_md5(broker):
    users = [{"name": "old", "password_hash": HASH}, {"name": "guest"}]
    bring(broker, {"rabbit_version": "3.5.7", "users": users})
    assert broker.users.find("old").password.algorithm == MD5
    bring(broker, {"rabbit_version": "3.12.0", "users": users})
    assert broker.users.find("old").password.algorithm == SHA256


def test_what_nobody_knows_is_told_of_once(broker):
    document = {
        "super_streams": [{"name": "s"}],
        "shovels": [],
        "queues": [{"name": name, "colour": "red"} for name in ("q", "r")],
        "vhosts": [{"name": "/", "metadata": {"shape": "round"}}],
    }
    assert bring(broker, document) == [
        "vhosts[].metadata.shape: is not known, and not imported",
        "queues[].colour: is not known, and not imported",
        "super_streams: is not known, and not imported",
    ]


def test_the_defaults_of_a_new_broker_stay_unless_others_are_brought(broker):
    assert bring(broker, {"queues": []}, replacing=True) == []
    assert set(broker.users.by_name) == {"guest"}
    assert bring(broker, {"vhosts": [{"name": "v"}]}, replacing=True) == [
        "vhost '/', which a new broker has, is not among these: deleted"
    ]
    assert set(broker.virtual_hosts) == {"v"}


def test_a_broker_that_serves_keeps_what_it_has(broker):
    assert bring(broker, {"users": [{"name": "ann"}], "vhosts": [{"name": "v"}]}) == []
    assert set(broker.users.by_name) == {"guest", "ann"}
    assert set(broker.virtual_hosts) == {"/", "v"}


def test_one_virtual_hosts_document_goes_where_it_is_wanted(broker):
    broker.hosts.add("v")
    document = {"queues": [{"name": "q", "vhost": "of old"}], "name": "of old", "limits": []}
    assert bring(broker, document, virtual_host="v") == []
    assert "q" in broker.virtual_host("v").queues


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ([], "must be an object, not a list"),
        ({"queues": {}}, "queues: must be a list, not an object"),
        ({"queues": [{}]}, "queues[0].name: is missing"),
        ({"queues": [{"name": 1}]}, "queues[0].name: must be a string, not a whole number"),
        (
            {"queues": [{"name": "q", "vhost": "w"}]},
            "queues[0].vhost: there is no virtual host 'w', here or in the document",
        ),
        (
            {"queues": [{"name": "q", "arguments": {"x-max-length": -1}}]},
            "queues[0]: invalid arg 'x-max-length' for queue 'q' in vhost '/': {value_negative,-1}",
        ),
        (
            {"queues": [{"name": "q", "arguments": {"x": {"!Other": 1}}}]},
            "queues[0]: Other",
        ),
        (
            {"bindings": [{"source": "e", "destination": "q", "destination_type": "stream"}]},
            "bindings[0].destination_type: must be queue or exchange, not 'stream'",
        ),
        (
            {"permissions": [{"user": "no", "vhost": "/"}]},
            "permissions[0].user: there is no user 'no', here or in the document",
        ),
        (
            {
                "permissions": [
                    {"user": "guest", "vhost": "/", "configure": "(", "write": "", "read": ""}
                ]
            },
            "permissions[0]: invalid regular expression '(': "
            "missing ), unterminated subpattern at position 0",
        ),
        (
            {"vhosts": [{"name": "/"}, {"name": "v", "default_queue_type": "fast"}]},
            "vhosts[1]: Unsupported default queue type",
        ),
        (
            {"policies": [{"name": "p", "pattern": "", "definition": {"expires": 0}}]},
            "policies[0]: Validation failed: 0 is not a valid queue expiry",
        ),
        (
            {"parameters": [{"component": "operator_policy", "name": "p", "value": 1}]},
            "parameters[0].value: must be an object, not a whole number",
        ),
        (
            {"parameters": [{"component": "vhost-limits", "name": "l", "value": {"x": 1}}]},
            "parameters[0]: unknown limit 'x': it is one of max-connections, max-queues",
        ),
        ({"users": [{"name": "a", "password": ""}]}, "users[0]: a password must not be empty"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(broker, document, text):
    with pytest.raises(DocumentError) as error:
        bring(broker, document)
    assert str(error.value) == text


def test_an_operator_policy_may_be_written_in_pairs(broker):
    value = {"pattern": "^q", "definition": [["max-length", 1], ["message-ttl", 5]]}
    parameter = {"component": "operator_policy", "name": "o", "value": value}
    bring(broker, {"parameters": [parameter]})
    policy = broker.virtual_host("/").policies.of(operator=True)["o"]
    assert policy.definition == {"max-length": 1, "message-ttl": 5}


@pytest.mark.parametrize("definition", [[1], [["max-length"]], [[1, 2]], "x"])
def test_what_is_no_pair_is_refused(broker, definition):
    value = {"pattern": "^q", "definition": definition}
    parameter = {"component": "operator_policy", "name": "o", "value": value}
    with pytest.raises(DocumentError, match="must be an object"):
        bring(broker, {"parameters": [parameter]})


def test_what_is_wrong_at_the_end_is_found_before_anything_changes(broker):
    document = {"users": [{"name": "ann"}], "queues": [{"name": "q"}, {"name": 1}]}
    with pytest.raises(DocumentError):
        bring(broker, document)
    assert set(broker.users.by_name) == {"guest"}
    assert not broker.virtual_host("/").queues


def test_a_limit_of_queues_is_kept(random):
    broker = Broker(Shard(), random, Limits(queues_max=1))
    with pytest.raises(DocumentError, match=r"queues\[1\]: cannot declare queue 'r': queue limit"):
        bring(broker, {"queues": [{"name": "q"}, {"name": "r"}]})
