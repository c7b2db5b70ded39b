"""What the code compares, the pages explain."""

from pathlib import Path

import pytest

from leveret.broker import exchange, queue_arguments
from leveret.broker.exchanges import (
    EXCHANGE_TYPES,
    consistent_hash,
    headers,
    recent_history,
)
from leveret.broker.limits import Limits

FEATURES = Path(__file__).parents[2] / "docs" / "features"


@pytest.mark.parametrize("argument", queue_arguments.COMPARED)
def test_each_argument_of_a_queue_is_on_its_page(argument):
    assert f"`{argument}`" in (FEATURES / "queues.md").read_text()


WORDS_OF_TYPES = [
    *(headers.MATCH, *headers.MATCHES),
    *(consistent_hash.HEADER, consistent_hash.PROPERTY, *consistent_hash.PROPERTIES),
    *(recent_history.LENGTH, recent_history.NO_STORE),
]


@pytest.mark.parametrize("word", [*EXCHANGE_TYPES, *exchange.COMPARED_ARGUMENTS, *WORDS_OF_TYPES])
def test_each_type_and_argument_of_an_exchange_is_on_its_page(word):
    assert f"`{word}`" in (FEATURES / "exchanges.md").read_text()


@pytest.mark.parametrize("limit", [consistent_hash.BUCKETS_MAX, recent_history.LENGTH_MAX])
def test_each_limit_of_a_type_is_on_the_page(limit):
    assert f"{limit:,}" in (FEATURES / "exchanges.md").read_text()


@pytest.mark.parametrize("noun", ["exchanges", "queues", "bindings"])
def test_each_limit_is_on_its_nouns_page_with_its_number(noun):
    page = (FEATURES / f"{noun}.md").read_text()
    assert f"`{noun}_max`: {getattr(Limits(), f'{noun}_max'):,} in" in page
