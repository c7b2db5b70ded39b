import pytest

from leveret.broker.commands.command import WrongUsage
from leveret.broker.errors import NotFound, PreconditionFailed

TTL = {"message-ttl": 60_000}
POLICY = {"name": "ttl", "pattern": "^logs", "definition": TTL}


def test_policies_are_set_listed_and_taken_back(node):
    node.run("set_policy", **POLICY, priority=5, apply_to="queues")
    assert node.rows("list_policies") == [["/", "ttl", "^logs", "queues", TTL, 5]]
    assert node.rows("list_operator_policies") == []
    node.run("clear_policy", name="ttl")
    assert node.rows("list_policies") == []
    with pytest.raises(NotFound, match="'ttl'"):
        node.run("clear_policy", name="ttl")


def test_queues_and_exchanges_tell_what_they_go_by(node):
    node.run("declare_queue", name="logs")
    node.run("declare_exchange", name="logs", type="fanout")
    node.run("set_policy", **POLICY)
    node.run("set_operator_policy", **{**POLICY, "name": "most", "definition": {"expires": 9}})
    columns = ("policy", "operator_policy", "effective_policy_definition")
    assert node.rows("list_queues", *columns) == [["ttl", "most", {**TTL, "expires": 9}]]
    assert node.rows("list_exchanges", "policy")[-1] == ["ttl"]


def test_an_operators_policy_is_another(node):
    node.run("set_operator_policy", **POLICY)
    assert node.rows("list_policies") == []
    assert node.rows("list_operator_policies", "name") == [["ttl"]]
    node.run("clear_operator_policy", name="ttl")
    assert node.rows("list_operator_policies") == []


@pytest.mark.parametrize("name", ["set_policy", "set_operator_policy"])
def test_what_makes_no_sense_is_refused(node, name):
    with pytest.raises(WrongUsage, match="unknown apply_to 'queue': did you mean queues"):
        node.run(name, **POLICY, apply_to="queue")
    with pytest.raises(PreconditionFailed, match="'x' are not recognised policy settings"):
        node.run(name, **{**POLICY, "definition": {"x": 1}})
    with pytest.raises(NotFound, match="Virtual host 'v' does not exist"):
        node.run(name, **POLICY, vhost="v")
