"""What an amqp URI says, and what it leaves out."""

from __future__ import annotations

import re

import pytest

from leveret.bench.errors import BenchError
from leveret.bench.uri import Address, parse_uri


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("amqp://", Address("127.0.0.1", 5672, "guest", "guest", "/")),
        ("amqp://rabbit", Address("rabbit", 5672, "guest", "guest", "/")),
        ("amqp://rabbit:1234/", Address("rabbit", 1234, "guest", "guest", "/")),
        ("amqp://a:b@rabbit/%2f", Address("rabbit", 5672, "a", "b", "/")),
        ("amqp://a%40:b%3a@rabbit/one", Address("rabbit", 5672, "a@", "b:", "one")),
        ("amqp://[::1]:99/", Address("::1", 99, "guest", "guest", "/")),
    ],
)
def test_what_is_left_out_is_guest_on_this_machine(uri: str, address: Address) -> None:
    assert parse_uri(uri) == address


@pytest.mark.parametrize(
    "uri",
    ["127.0.0.1:5672", "amqps://rabbit", "amqp://rabbit:port", "amqp://[rabbit", "amqp://[x]:1"],
)
def test_other_uris_are_refused_by_name(uri: str) -> None:
    with pytest.raises(BenchError, match=re.escape(uri)):
        parse_uri(uri)
