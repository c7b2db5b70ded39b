import pytest

from leveret.broker.broker import Broker
from leveret.broker.commands.command import WrongUsage
from leveret.broker.definitions_export import export_definitions, export_virtual_host
from leveret.broker.errors import NotFound, PreconditionFailed
from leveret.engine.shard import Shard
from tests.broker.commands.conftest import FakeNode


@pytest.fixture
def other(random) -> FakeNode:
    """A second broker."""
    return FakeNode(Broker(Shard(), random))


@pytest.fixture
def full(node, owner):
    """There is something in each section, in two virtual hosts."""
    node.run("add_vhost", name="v", description="mine")
    node.run("add_user", username="ann", password="secret", tags=["a"])
    for vhost in ("/", "v"):
        where = {"vhost": vhost}
        node.run("set_permissions", username="ann", configure="", write="a", read="b", **where)
        node.run("set_topic_permissions", username="ann", exchange="t", write="", read="", **where)
        policy = {"pattern": "q", "definition": {"expires": 99_999}, **where}
        node.run("set_policy", name="p", **policy)
        node.run("set_operator_policy", name="o", **policy)
        node.run("set_parameter", component="c", name="n", value=1, **where)
        node.run("set_vhost_limits", limits={"max-queues": 50}, **where)
        node.run("declare_exchange", name="e", type="topic", **where)
        node.run("declare_queue", name="q", arguments={"x": {"!Timestamp": 5}}, **where)
        node.run("bind", source="e", destination="q", routing_key="k", **where)
        node.run("bind", source="e", destination="amq.topic", destination_type="exchange", **where)
    node.run("set_global_parameter", name="g", value={})
    node.host.declare_queue("own", exclusive=True, connection=owner)
    node.run("bind", source="e", destination="own")
    return node


def exported(node, **arguments) -> dict[str, list[object]]:
    sections: dict[str, list[object]] = {}
    for section, entry in node.rows("export_definitions", **arguments):
        sections.setdefault(section, []).append(entry)
    return {section: sorted(entries, key=repr) for section, entries in sections.items()}


def in_order(document) -> dict[str, list[object]]:
    return {key: sorted(value, key=repr) for key, value in document.items() if type(value) is list}


def test_what_is_exported_piece_by_piece_is_what_is_exported_at_once(full):
    at_once = export_definitions(full.broker, version="1")
    document = exported(full)
    assert document == in_order(at_once)
    assert at_once.keys() - document.keys() == {"product_name", "product_version"}


def test_the_same_holds_for_one_virtual_host(full):
    at_once = export_virtual_host(full.broker, full.broker.hosts.find("v"), version="1")
    document = exported(full, vhost="v")
    assert document == in_order(at_once)
    assert document["queues"] == [
        {"name": "q", "durable": True, "auto_delete": False, "arguments": {"x": {"!Timestamp": 5}}}
    ]
    with pytest.raises(NotFound, match="Virtual host 'w' does not exist"):
        exported(full, vhost="w")


def test_what_was_exported_is_imported_by_another_broker(full, other):
    assert other.run("import_definitions", document=exported(full)) != []  # parameters are told of
    assert exported(other) == exported(full)


def test_what_is_of_one_virtual_host_is_imported_into_another(full, other):
    other.run("import_definitions", document=exported(full, vhost="v"), vhost="/")
    assert exported(other, vhost="/") == exported(full, vhost="v")
    with pytest.raises(NotFound, match="Virtual host 'v' does not exist"):
        other.run("import_definitions", document={}, vhost="v")


def test_no_binding_is_exported_without_its_ends(full):
    """Whatever comes and goes meanwhile."""
    rows = iter(full.begin("export_definitions", vhost="v").rows)
    seen = []
    for row in rows:
        seen.append(row)
        if row is not None and row[0] == "queues":
            full.run("declare_exchange", name="late", type="fanout", vhost="v")
            full.run("bind", source="late", destination="q", vhost="v")
            full.run("declare_queue", name="new", vhost="v")
            full.run("bind", source="e", destination="new", vhost="v")
    bindings = [row[1] for row in seen if row is not None and row[0] == "bindings"]
    assert [(each["source"], each["destination"]) for each in bindings] == [
        *(("e", "q"), ("e", "amq.topic"))
    ]


def test_what_a_broker_has_is_not_deleted_by_an_import(node):
    """As it would be at the start of a new one."""
    node.run("declare_queue", name="q")
    users = [{"name": "ann", "password": "x", "tags": ""}]
    node.run("import_definitions", document={"users": users, "vhosts": [{"name": "v"}]})
    assert node.rows("list_users", "user") == [["guest"], ["ann"]]
    assert node.rows("list_queues") == [["q", 0]]


def test_what_is_wrong_is_told_with_its_place(node):
    queues = [{"name": "q", "vhost": "/"}, {"name": "p", "vhost": "/", "arguments": 5}]
    with pytest.raises(PreconditionFailed, match=r"^queues\[1\]\.arguments: must be an object"):
        node.run("import_definitions", document={"queues": queues})
    with pytest.raises(WrongUsage, match="document of import_definitions is an object"):
        node.run("import_definitions", document=[])
