from dataclasses import replace

import pytest

from leveret.broker.arguments import NO_ARGUMENTS
from leveret.broker.queue_settings import NO_SETTINGS, QueueSettings

ASKED = [
    ("x-queue-type", b"classic", "type", "classic"),
    ("x-message-ttl", 0, "message_ttl", 0),
    ("x-expires", 5, "expires", 5),
    ("x-max-length", 0, "max_length", 0),
    ("x-max-length-bytes", 7, "max_length_bytes", 7),
    ("x-overflow", b"reject-publish", "overflow", "reject-publish"),
    ("x-dead-letter-exchange", "", "dead_letter_exchange", ""),
    ("x-dead-letter-routing-key", "key", "dead_letter_routing_key", "key"),
    ("x-delivery-limit", -1, "delivery_limit", -1),
    ("x-consumer-timeout", 9, "consumer_timeout", 9),
    ("x-max-priority", 3, "max_priority", 3),
    ("x-single-active-consumer", True, "single_active_consumer", True),
]


@pytest.mark.parametrize(("argument", "value", "field", "setting"), ASKED)
def test_each_setting_has_its_argument(argument, value, field, setting):
    settings = QueueSettings.from_arguments({argument: value})
    assert settings == replace(NO_SETTINGS, **{field: setting})


def test_without_arguments_nothing_is_asked_for():
    assert QueueSettings.from_arguments(NO_ARGUMENTS) == NO_SETTINGS
    assert QueueSettings.from_arguments({"x-single-active-consumer": False}) == NO_SETTINGS


def test_a_queue_goes_by_its_arguments_until_other_settings_are_applied(host):
    queue = host.declare_queue("q", arguments={"x-message-ttl": 5}, connection=None)
    assert queue.settings.message_ttl == 5
    replace(queue.settings, message_ttl=3).apply(queue)
    assert queue.settings.message_ttl == 3
    assert queue.arguments == {"x-message-ttl": 5}
