import pytest

from leveret.broker.errors import AccessRefused, NotFound
from leveret.broker.reply_queues import check_not_reply_queue, is_reply_queue, reply_address
from leveret.broker.virtual_host import VirtualHost


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("amq.rabbitmq.reply-to", True),
        ("amq.rabbitmq.reply-to.x", True),
        ("amq.rabbitmq.reply-too", False),
        ("", False),
    ],
)
def test_the_pseudo_queue_and_addresses_are_known_by_their_names(name, expected):
    assert is_reply_queue(name) is expected


def test_nothing_is_bound_to_a_reply_queue(host: VirtualHost):
    check_not_reply_queue("q", resource="queue 'q'")
    for name in ("amq.rabbitmq.reply-to", host.open_reply_queue(None).name):
        with pytest.raises(AccessRefused) as refusal:
            host.bind_queue(queue=name, exchange="amq.fanout", routing_key="", connection=None)
        assert refusal.value.text == f"operation not permitted on queue '{name}' in vhost '/'"


def test_an_address_cannot_be_guessed(random):
    addresses = {reply_address(random) for _ in range(100)}
    assert len(addresses) == 100
    assert all(is_reply_queue(address) and len(address) == 44 for address in addresses)


def test_an_address_leads_to_its_queue_while_that_is_open(host: VirtualHost):
    queue = host.open_reply_queue(None)
    route = host.route("", queue.name)
    assert [route.queue(0)] == [queue.store.number]
    host.check_reply_queue(queue.name)
    host.close_reply_queue(queue)
    assert not route.is_good()
    assert host.route("", queue.name).queue_count == 0
    with pytest.raises(NotFound) as refusal:
        host.check_reply_queue(queue.name)
    assert refusal.value.text == f"no queue '{queue.name}' in vhost '/'"


def test_the_pseudo_queue_is_always_there(host: VirtualHost):
    host.check_reply_queue("amq.rabbitmq.reply-to")


def test_a_reply_queue_is_none_of_the_virtual_hosts_queues(host: VirtualHost):
    queue = host.open_reply_queue(None)
    assert dict(host.queues) == {}
    with pytest.raises(NotFound):
        host.find_queue(queue.name, None)
