import pytest

from leveret.broker.errors import NotFound, PreconditionFailed


@pytest.fixture(autouse=True)
def ann(node):
    node.run("add_user", username="ann", password="secret")
    return node.broker.users.by_name["ann"]


def test_permissions_are_set_listed_and_taken_back(node):
    node.run("add_vhost", name="v")
    node.run("set_permissions", username="ann", vhost="v", configure="^a", write="", read=".*")
    assert node.rows("list_permissions", vhost="v") == [["ann", "^a", "", ".*"]]
    assert node.rows("list_permissions") == [["guest", ".*", ".*", ".*"]]
    assert node.rows("list_user_permissions", username="ann") == [["v", "^a", "", ".*"]]
    node.run("clear_permissions", username="ann", vhost="v")
    assert node.rows("list_user_permissions", username="ann") == []


def test_an_expression_that_cannot_be_used_is_refused(node):
    with pytest.raises(PreconditionFailed, match="invalid regular expression"):
        node.run("set_permissions", username="ann", configure="(", write="", read="")


def test_topic_permissions_are_set_listed_and_taken_back(node):
    for exchange in ("amq.topic", "t"):
        node.run("set_topic_permissions", username="ann", exchange=exchange, write="^a", read=".*")
    row = ["ann", "amq.topic", "^a", ".*"]
    assert node.rows("list_topic_permissions") == [row, ["ann", "t", "^a", ".*"]]
    assert node.rows("list_user_topic_permissions", username="ann")[0] == ["/", *row[1:]]
    node.run("clear_topic_permissions", username="ann", exchange="t")
    assert node.rows("list_topic_permissions") == [row]
    node.run("clear_topic_permissions", username="ann")
    assert node.rows("list_topic_permissions") == []


def test_those_of_another_virtual_host_stay(node):
    node.run("add_vhost", name="v")
    where = {"username": "ann", "exchange": "t"}
    for vhost in ("/", "v"):
        node.run("set_topic_permissions", vhost=vhost, write="", read="", **where)
    node.run("clear_topic_permissions", username="ann", vhost="v")
    assert node.rows("list_topic_permissions", vhost="v") == []
    assert node.rows("list_topic_permissions") == [["ann", "t", "", ""]]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("set_permissions", {"configure": "", "write": "", "read": ""}),
        ("clear_permissions", {}),
        ("set_topic_permissions", {"exchange": "t", "write": "", "read": ""}),
        ("clear_topic_permissions", {}),
    ],
)
def test_who_or_where_is_not_there_is_told(node, name, arguments):
    with pytest.raises(NotFound, match='User "bob" does not exist'):
        node.run(name, username="bob", **arguments)
    with pytest.raises(NotFound, match="Virtual host 'v' does not exist"):
        node.run(name, username="ann", vhost="v", **arguments)


@pytest.mark.parametrize("name", ["list_permissions", "list_topic_permissions"])
def test_a_listing_of_nowhere_is_refused(node, name):
    with pytest.raises(NotFound, match="Virtual host 'v' does not exist"):
        node.rows(name, vhost="v")


@pytest.mark.parametrize("name", ["list_user_permissions", "list_user_topic_permissions"])
def test_a_listing_of_nobody_is_refused(node, name):
    with pytest.raises(NotFound, match='User "bob" does not exist'):
        node.rows(name, username="bob")
