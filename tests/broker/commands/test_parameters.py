import pytest

from leveret.broker.errors import NotFound, PreconditionFailed


def test_parameters_are_set_listed_and_taken_back(node):
    node.run("add_vhost", name="v")
    for vhost in ("/", "v"):
        node.run("set_parameter", component="shovel", name="s", value=[1, "a"], vhost=vhost)
    assert node.rows("list_parameters", vhost="v") == [["shovel", "s", [1, "a"]]]
    node.run("clear_parameter", component="shovel", name="s", vhost="v")
    assert node.rows("list_parameters", vhost="v") == []
    assert node.rows("list_parameters") == [["shovel", "s", [1, "a"]]]


def test_those_of_no_virtual_host_are_others(node):
    node.run("set_global_parameter", name="motd", value=None)
    assert node.rows("list_global_parameters") == [["motd", None]]
    assert node.rows("list_parameters") == []
    node.run("clear_global_parameter", name="motd")
    with pytest.raises(NotFound, match="Parameter does not exist"):
        node.run("clear_global_parameter", name="motd")


def test_what_has_a_command_of_its_own_is_refused(node):
    with pytest.raises(PreconditionFailed, match="policy is set by set_policy"):
        node.run("set_parameter", component="policy", name="p", value={})


@pytest.mark.parametrize("name", ["list_parameters", "set_parameter"])
def test_a_virtual_host_that_is_not_there_is_told(node, name):
    arguments = {} if name.startswith("list") else {"component": "c", "name": "n", "value": 1}
    with pytest.raises(NotFound, match="Virtual host 'v' does not exist"):
        node.begin(name, vhost="v", **arguments).rows.__next__()
