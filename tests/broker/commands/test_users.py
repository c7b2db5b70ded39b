import pytest

from leveret.broker.commands.command import WrongUsage
from leveret.broker.errors import AccessRefused, NotFound, PreconditionFailed


@pytest.fixture
def ann(node):
    node.run("add_user", username="ann", password="secret", tags=["monitoring"])
    return node.broker.users.by_name["ann"]


@pytest.mark.usefixtures("ann")
def test_users_are_listed_with_their_tags(node):
    assert node.rows("list_users") == [["guest", ["administrator"]], ["ann", ["monitoring"]]]
    columns = ("limits", "connections", "channels")
    assert node.rows("list_users", *columns)[1] == [{}, 0, 0]


@pytest.mark.usefixtures("ann")
def test_a_user_who_goes_meanwhile_is_left_out(node):
    rows = node.begin("list_users", "user").rows
    assert next(rows) == ["guest"]
    node.run("delete_user", username="ann")
    assert list(rows) == []
    with pytest.raises(NotFound, match='User "ann" does not exist'):
        node.run("delete_user", username="ann")


@pytest.mark.usefixtures("ann")
def test_there_cannot_be_two_of_one_name(node):
    with pytest.raises(PreconditionFailed, match='User "ann" already exists'):
        node.run("add_user", username="ann", password="x")


@pytest.mark.usefixtures("ann")
def test_passwords_are_changed_asked_about_and_taken_back(node):
    def can_log_in(password):
        try:
            reply = node.run("authenticate_user", username="ann", password=password)
        except AccessRefused:
            return False
        return reply == "user 'ann' can log in"

    assert can_log_in("secret")
    node.run("change_password", username="ann", password="other")
    assert (can_log_in("secret"), can_log_in("other")) == (False, True)
    node.run("clear_password", username="ann")
    assert not can_log_in("other")


def test_tags_are_given_instead_of_others(node, ann):
    node.run("set_user_tags", username="ann", tags=["a", "b"])
    assert ann.tags == ("a", "b")
    node.run("set_user_tags", username="ann")
    assert ann.tags == ()
    with pytest.raises(WrongUsage, match="tags of set_user_tags is an array of texts"):
        node.run("set_user_tags", username="ann", tags=[1])


@pytest.mark.usefixtures("ann")
def test_limits_are_set_listed_and_taken_back(node):
    limits = {"max-connections": 5, "max-channels": 9}
    node.run("set_user_limits", username="ann", limits=limits)
    assert node.rows("list_user_limits") == [["ann", limits]]
    assert node.rows("list_user_limits", user="guest") == [["guest", {}]]
    node.run("clear_user_limits", username="ann", limit="max-channels")
    assert node.rows("list_user_limits") == [["ann", {"max-connections": 5}]]
    node.run("clear_user_limits", username="ann", limit="all")
    assert node.rows("list_user_limits") == []
