"""What a user may do, asked of the commands themselves, with RabbitMQ's words."""

import pytest

from leveret.broker.access import UNLIMITED, UserAccess
from leveret.broker.errors import AccessRefused, NotFound
from leveret.broker.permission import Permission, TopicPermission
from leveret.broker.sessions import Sessions
from leveret.broker.users import Users


@pytest.fixture
def users(random):
    users = Users(random, Sessions())
    users.add("ann", "secret")
    return users


@pytest.fixture
def access(users, host, declare):
    """Ann's, who may configure c, write to w and read from r; these are queues and exchanges."""
    for name in ("c", "w", "r"):
        declare(name)
        host.declare_exchange(name, "topic")
    users.permit(users.find("ann"), "/", Permission("^c", "^w", "^r"))
    return UserAccess(users.find("ann"), "/")


def refused(action, kind, name):
    return f"{action} access to {kind} '{name}' in vhost '/' refused for user 'ann'"


def bind(host, access, queue, exchange):
    host.bind_queue(queue=queue, exchange=exchange, routing_key="k", connection=None, access=access)


COMMANDS = [
    ("configure queue r", lambda h, a: h.declare_queue("r", connection=None, access=a)),
    ("configure queue new", lambda h, a: h.declare_queue("new", connection=None, access=a)),
    ("configure queue r", lambda h, a: h.delete_queue("r", connection=None, access=a)),
    ("configure queue none", lambda h, a: h.delete_queue("none", connection=None, access=a)),
    (
        "configure queue x",
        lambda h, a: h.declare_queue("x", passive=True, connection=None, access=a),
    ),
    ("read queue w", lambda h, a: h.purge_queue("w", None, access=a)),
    ("read queue w", lambda h, a: h.find_read("w", None, a)),
    ("write queue r", lambda h, a: bind(h, a, "r", "r")),
    ("read exchange w", lambda h, a: bind(h, a, "w", "w")),
    (
        "write queue r",
        lambda h, a: h.unbind_queue(
            queue="r", exchange="r", routing_key="", connection=None, access=a
        ),
    ),
    ("configure exchange r", lambda h, a: h.declare_exchange("r", "topic", access=a)),
    ("configure exchange r", lambda h, a: h.delete_exchange("r", access=a)),
    ("configure exchange x", lambda h, a: h.declare_exchange("x", "", passive=True, access=a)),
    (
        "write exchange r",
        lambda h, a: h.bind_exchange(destination="r", source="r", routing_key="", access=a),
    ),
    (
        "read exchange c",
        lambda h, a: h.bind_exchange(destination="w", source="c", routing_key="", access=a),
    ),
    (
        "write exchange c",
        lambda h, a: h.unbind_exchange(destination="c", source="r", routing_key="", access=a),
    ),
    ("write exchange r", lambda h, a: h.route("r", "k", access=a)),
    ("write exchange none", lambda h, a: h.route("none", "k", access=a)),
    ("write exchange amq.default", lambda h, a: h.route("", "w", access=a)),
]


@pytest.mark.parametrize(("text", "command"), COMMANDS)
def test_what_is_not_permitted_is_refused_with_rabbitmqs_words(host, access, text, command):
    with pytest.raises(AccessRefused) as refusal:
        command(host, access)
    assert refusal.value.text == refused(*text.split())


def test_what_is_permitted_is_done(host, access):
    host.declare_queue("c2", connection=None, access=access)
    host.declare_exchange("c2", "fanout", access=access)
    bind(host, access, "w", "r")
    host.bind_exchange(destination="w", source="r", routing_key="", access=access)
    assert host.route("w", "k", access=access).queue_count == 0
    assert host.find_read("r", None, access).name == "r"
    for name in ("c", "w", "r"):
        host.declare_queue(name, passive=True, connection=None, access=access)
        host.declare_exchange(name, "", passive=True, access=access)
    host.delete_queue("c2", connection=None, access=access)
    host.delete_exchange("c2", access=access)


def test_an_alternate_exchange_wants_read_here_and_write_there(host, users, access):
    arguments = {"alternate-exchange": "w"}
    with pytest.raises(AccessRefused) as refusal:
        host.declare_exchange("c2", "fanout", arguments=arguments, access=access)
    assert refusal.value.text == refused("read", "exchange", "c2")
    users.permit(users.find("ann"), "/", Permission("^c", "^w", "^c"))
    host.declare_exchange("c2", "fanout", arguments=arguments, access=access)
    with pytest.raises(AccessRefused) as refusal:
        arguments = {"alternate-exchange": "r"}
        host.declare_exchange("c3", "fanout", arguments=arguments, access=access)
    assert refusal.value.text == refused("write", "exchange", "r")


def test_a_dead_letter_exchange_wants_read_here_and_write_there(host, users, access):
    arguments = {"x-dead-letter-exchange": "w"}
    with pytest.raises(AccessRefused) as refusal:
        host.declare_queue("c2", arguments=arguments, connection=None, access=access)
    assert refusal.value.text == refused("read", "queue", "c2")
    users.permit(users.find("ann"), "/", Permission("^c", "^w", "^c"))
    host.declare_queue("c2", arguments=arguments, connection=None, access=access)
    with pytest.raises(AccessRefused) as refusal:
        arguments = {"x-dead-letter-exchange": ""}
        host.declare_queue("c3", arguments=arguments, connection=None, access=access)
    assert refusal.value.text == refused("write", "exchange", "amq.default")


def test_a_queue_that_the_server_names_needs_permission_as_well(host, access):
    with pytest.raises(AccessRefused) as refusal:
        host.declare_queue("", connection=None, access=access)
    assert "configure access to queue 'amq.gen-" in refusal.value.text


def test_without_a_permission_nothing_is_allowed(host, users):
    access = UserAccess(users.add("bob", "x"), "/")
    with pytest.raises(AccessRefused):
        host.declare_queue("q", connection=None, access=access)


def test_whoever_may_is_told_that_there_is_none(host, access):
    with pytest.raises(NotFound):
        host.declare_queue("c.none", passive=True, connection=None, access=access)


@pytest.fixture
def topics(users, host, access):
    """Ann's, who besides may write and read some routing keys at w and r."""
    permission = TopicPermission(write="^{username}\\.", read="^open\\.")
    for exchange in ("w", "r"):
        users.permit_topics(users.find("ann"), "/", exchange, permission)
    return access


def test_a_topic_permission_is_about_routing_keys(host, topics):
    assert host.route("w", "ann.x", access=topics)
    with pytest.raises(AccessRefused) as refusal:
        host.route("w", "bob.x", access=topics)
    assert refusal.value.text == (
        "write access to topic 'bob.x' in exchange topic 'w' in vhost '/' refused for user 'ann'"
    )
    with pytest.raises(AccessRefused) as refusal:
        bind(host, topics, "w", "r")
    assert refusal.value.text == (
        "read access to topic 'k' in exchange topic 'r' in vhost '/' refused for user 'ann'"
    )


def test_an_exchange_of_another_type_has_no_topics(host, topics):
    host.delete_exchange("w")
    host.declare_exchange("w", "direct")
    assert host.route("w", "bob.x", access=topics)


def test_a_route_that_is_permitted_for_its_key_is_of_an_exchange_of_its_own(host, topics, declare):
    declare("q")
    host.bind_queue(queue="q", exchange="w", routing_key="ann.#", connection=None)
    route = host.route("w", "ann.x", access=topics)
    cached = host.routes.find(b"w", b"ann.x")
    assert route.exchange is not cached.exchange
    assert (route.queue(0), route.queue_count) == (cached.queue(0), 1)
    assert host.route("w", "ann.x", access=UNLIMITED).exchange is cached.exchange
    host.unbind_queue(queue="q", exchange="w", routing_key="ann.#", connection=None)
    assert not route.is_good()
