import pytest

from leveret.broker.errors import AccessRefused, PreconditionFailed, ResourceLocked

LOCKED = (
    "cannot obtain exclusive access to locked queue 'q' in vhost '/'. It could be originally "
    "declared on another connection or the exclusive property value does not match that of the "
    "original declaration."
)


@pytest.fixture
def queue(declare):
    return declare("q")


@pytest.fixture
def same(queue):
    """The options of a second declaration that is the same."""
    return {"durable": False, "auto_delete": False, "owner": None, "arguments": {}}


def test_messages_and_consumers_are_counted(queue, subscriber, fill):
    fill(queue, 7)
    assert (queue.message_count, queue.consumer_count) == (7, 0)
    queue.subscribe(subscriber())
    assert queue.consumer_count == 1


def test_many_may_consume(queue, subscriber):
    one, two = subscriber(), subscriber()
    queue.subscribe(one)
    queue.subscribe(two)
    queue.unsubscribe(one)
    assert list(queue.subscriptions) == [two]


def test_an_exclusive_consumer_must_be_alone(queue, subscriber):
    queue.subscribe(subscriber())
    with pytest.raises(AccessRefused) as refusal:
        queue.subscribe(subscriber(exclusive=True))
    assert refusal.value.text == "queue 'q' in vhost '/' in exclusive use"
    assert queue.consumer_count == 1


def test_an_exclusive_consumer_stays_alone_until_it_goes(queue, subscriber):
    alone = subscriber(exclusive=True)
    queue.subscribe(alone)
    with pytest.raises(AccessRefused):
        queue.subscribe(subscriber())
    queue.unsubscribe(alone)
    queue.subscribe(subscriber())


def test_an_auto_delete_queue_goes_with_its_last_consumer(host, declare, subscriber):
    queue = declare("auto", auto_delete=True)
    one, two = subscriber(), subscriber()
    queue.subscribe(one)
    queue.subscribe(two)
    queue.unsubscribe(one)
    assert "auto" in host.queues
    queue.unsubscribe(two)
    assert "auto" not in host.queues


def test_an_auto_delete_queue_that_nobody_consumed_from_stays(host, declare):
    declare("auto", auto_delete=True)
    assert "auto" in host.queues


def test_other_queues_stay_without_consumers(host, queue, subscriber):
    one = subscriber()
    queue.subscribe(one)
    queue.unsubscribe(one)
    assert "q" in host.queues


def test_unsubscribing_twice_is_harmless(queue, subscriber):
    one, two = subscriber(), subscriber()
    queue.subscribe(one)
    queue.subscribe(two)
    queue.unsubscribe(one)
    queue.unsubscribe(one)
    assert queue.consumer_count == 1
    queue.unsubscribe(two)
    queue.unsubscribe(two)
    assert queue.consumer_count == 0


def test_only_its_owner_may_use_an_exclusive_queue(declare):
    owner = object()
    queue = declare("q", exclusive=True, connection=owner)
    queue.check_access(owner)
    for other in (object(), None):
        with pytest.raises(ResourceLocked) as refusal:
            queue.check_access(other)
        assert refusal.value.text == LOCKED


def test_anyone_may_use_other_queues(queue):
    queue.check_access(object())
    queue.check_access(None)


def test_the_same_declaration_is_accepted(queue, same):
    queue.check_same(**same)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"durable": True}, "'durable' for {}: received 'true' but current is 'false'"),
        ({"auto_delete": True}, "'auto_delete' for {}: received 'true' but current is 'false'"),
        (
            {"arguments": {"x-max-length": 5}},
            "'x-max-length' for {}: received the value '5' of type 'signedint' but current is none",
        ),
    ],
)
def test_the_first_difference_is_told(queue, same, change, told):
    with pytest.raises(PreconditionFailed) as refusal:
        queue.check_same(**(same | change))
    assert refusal.value.text == "inequivalent arg " + told.format("queue 'q' in vhost '/'")


def test_arguments_that_mean_nothing_may_differ(queue, same):
    queue.check_same(**(same | {"arguments": {"anything": 1}}))


def test_another_owner_is_told_before_any_other_difference(queue, same):
    with pytest.raises(ResourceLocked) as refusal:
        queue.check_same(**(same | {"owner": object(), "durable": True}))
    assert refusal.value.text == LOCKED


def test_the_consumers_of_all_queues_are_counted(host, declare, subscriber):
    one, other = declare("one"), declare("other", auto_delete=True)
    first, second = subscriber(), subscriber()
    one.subscribe(first)
    one.subscribe(second)
    other.subscribe(first)
    assert host.topology.consumer_count == 3
    one.unsubscribe(first)
    one.unsubscribe(first)
    assert host.topology.consumer_count == 2
    other.unsubscribe(first)
    host.delete_queue("one", connection=None)
    one.unsubscribe(second)
    assert host.topology.consumer_count == 0
