"""A broker for the tests that need one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.broker_process import BrokerProcess, running_broker


@pytest.fixture(scope="package")
def broker() -> Iterator[BrokerProcess]:
    with running_broker() as running:
        yield running
