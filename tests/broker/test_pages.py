"""What the code compares, the pages explain."""

from pathlib import Path

import pytest

from leveret.broker import exchange, queue_arguments
from leveret.broker.exchanges import EXCHANGE_TYPES
from leveret.broker.limits import Limits

FEATURES = Path(__file__).parents[2] / "docs" / "features"


@pytest.mark.parametrize("argument", queue_arguments.COMPARED)
def test_each_argument_of_a_queue_is_on_its_page(argument):
    assert f"`{argument}`" in (FEATURES / "queues.md").read_text()


@pytest.mark.parametrize("word", [*EXCHANGE_TYPES, *exchange.COMPARED_ARGUMENTS])
def test_each_type_and_argument_of_an_exchange_is_on_its_page(word):
    assert f"`{word}`" in (FEATURES / "exchanges.md").read_text()


@pytest.mark.parametrize("noun", ["exchanges", "queues", "bindings"])
def test_each_limit_is_on_its_nouns_page_with_its_number(noun):
    page = (FEATURES / f"{noun}.md").read_text()
    assert f"`{noun}_max`: {getattr(Limits(), f'{noun}_max'):,} in" in page
