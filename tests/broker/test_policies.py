"""Policies at queues and exchanges that are there, and at those that come."""

import pytest

from leveret.broker.errors import NotFound, PreconditionFailed
from leveret.broker.policy import NO_POLICY, Policy
from leveret.broker.virtual_host import VirtualHost


@pytest.fixture
def put(host):
    """Sets a policy, and waits until all go by it."""

    def put(name, pattern, definition, *, operator=False, **options):
        policy = Policy(name=name, pattern=pattern, definition=definition, **options)
        finish(host, host.policies.set(policy, operator=operator))

    return put


def finish(host: VirtualHost, chore) -> None:
    while not chore.done:
        host.shard.turn()


def test_queues_that_are_there_and_that_come_go_by_it(host, put, declare):
    before = declare("jobs.1", "other")
    put("jobs", "^jobs\\.", {"max-length": 7})
    after = declare("jobs.2")
    for queue in (host.queues["jobs.1"], after):
        assert queue.settings.max_length == 7
        assert (queue.effective.policy, queue.effective.operator_policy) == ("jobs", None)
    assert before.settings.max_length is None
    assert before.effective is NO_POLICY


def test_when_it_is_cleared_they_go_by_what_they_were_declared_with(host, put, declare):
    queue = declare("q", arguments={"x-max-length": 9})
    put("p", "", {"max-length": 7, "message-ttl": 5})
    assert (queue.settings.max_length, queue.settings.message_ttl) == (7, 5)
    finish(host, host.policies.clear("p"))
    assert (queue.settings.max_length, queue.settings.message_ttl) == (9, None)
    assert queue.effective == NO_POLICY


def test_the_highest_priority_counts_and_then_the_name(put, declare):
    queue = declare("q")
    put("b", "", {"max-length": 1}, priority=1)
    put("c", "", {"max-length": 2}, priority=1)
    put("a", "", {"message-ttl": 3})
    assert queue.effective.policy == "b"
    assert queue.settings.message_ttl is None
    put("a", "", {"message-ttl": 3}, priority=2)
    assert queue.effective.policy == "a"
    assert queue.settings.max_length is None


def test_an_operators_policy_goes_beside_it(host, put, declare):
    queue = declare("q")
    put("p", "", {"max-length": 5, "overflow": "reject-publish"})
    put("o", "", {"max-length": 3}, operator=True)
    assert (queue.settings.max_length, queue.settings.overflow) == (3, "reject-publish")
    assert queue.effective.operator_policy == "o"
    finish(host, host.policies.clear("o", operator=True))
    assert queue.settings.max_length == 5


def test_one_for_another_type_of_queues_is_passed_over(put, declare):
    put("streams", "", {"max-age": "1D"}, priority=9)
    put("quorum", "", {"max-length": 1}, priority=8, apply_to="quorum_queues")
    put("exchanges", "", {"alternate-exchange": "e"}, priority=7, apply_to="exchanges")
    put("mine", "", {"max-length": 2})
    assert declare("q").effective.policy == "mine"


def test_an_alternate_exchange_comes_and_goes_with_it(host, put, declare, routed):
    host.declare_exchange("lost", "fanout")
    host.declare_exchange("e", "direct")
    declare("q")
    host.bind_queue(queue="q", exchange="lost", routing_key="", connection=None)
    assert routed("e", "k") == []
    put("p", "^e$", {"alternate-exchange": "lost"})
    assert host.routes.find(b"e", b"k") is None
    assert routed("e", "k") == ["q"]
    finish(host, host.policies.clear("p"))
    assert host.routes.find(b"e", b"k") is None
    assert routed("e", "k") == []
    host.delete_exchange("e")
    assert host.topology.alternated == {}


def test_an_exchange_that_was_declared_with_an_alternate_keeps_it(host, put):
    host.declare_exchange("e", "direct", arguments={"alternate-exchange": "own"})
    put("p", "", {"alternate-exchange": "other"})
    assert host.exchanges["e"].alternate == "own"
    assert host.exchanges["amq.topic"].alternate == "other"
    assert host.declare_exchange("new", "direct").alternate == "other"
    host.declare_exchange("e", "direct", arguments={"alternate-exchange": "own"})


def test_very_many_are_looked_at_in_turns(host, put, declare):
    declare(*(f"q{number}" for number in range(1000)))
    chore = host.policies.set(Policy(name="p", pattern="", definition={"max-length": 1}))
    assert not chore.done
    queue = host.queues["q999"]
    host.delete_queue("q998", connection=None)
    assert declare("new").settings.max_length == 1
    finish(host, chore)
    assert queue.settings.max_length == 1


def test_what_is_wrong_leaves_what_was(host, put, declare):
    put("p", "", {"max-length": 1})
    with pytest.raises(PreconditionFailed):
        put("p", "(", {"max-length": 2})
    assert declare("q").settings.max_length == 1


@pytest.mark.parametrize(("operator", "what"), [(False, "Policy"), (True, "Operator policy")])
def test_one_that_is_not_there_cannot_be_cleared(host, operator, what):
    with pytest.raises(NotFound) as refusal:
        host.policies.clear("p", operator=operator)
    assert refusal.value.text == f"{what} 'p' in vhost '/' does not exist"


def test_they_are_kept_until_they_are_cleared(host, kept, put):
    put("p", "^a", {"max-length": 1}, priority=2, apply_to="queues")
    put("o", "", {"expires": 5}, operator=True)
    assert kept == {
        ("policy", "/", "p"): {
            "pattern": "^a",
            "definition": {"max-length": 1},
            "priority": 2,
            "apply_to": "queues",
        },
        ("operator-policy", "/", "o"): {
            "pattern": "",
            "definition": {"expires": 5},
            "priority": 0,
            "apply_to": "all",
        },
    }
    before = dict(kept)
    kept.clear()
    host.policies.keep_all()
    assert kept == before
    finish(host, host.policies.clear("p"))
    assert set(kept) == {("operator-policy", "/", "o")}
    host.policies.forget_all()
    assert kept == {}
