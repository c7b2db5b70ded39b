"""The broker under test, and what the tests of every client share.

The broker is Leveret in a process of its own, one for the whole folder. With the environment
variable LEVERET_TEST_BROKER (an amqp:// URL) the same tests run against any other AMQP 0-9-1
broker: that is how one learns whether the broker or the test is wrong.
"""

import asyncio
import inspect
import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from tests.broker_process import running_broker
from tests.interop.broker_under_test import BrokerUnderTest
from tests.interop.node_environment import install_amqplib
from tests.interop.raw_client import RawClient


@pytest.fixture(scope="session")
def broker() -> Iterator[BrokerUnderTest]:
    if url := os.environ.get("LEVERET_TEST_BROKER"):
        yield BrokerUnderTest.at(url)
        return
    with running_broker() as process:
        yield BrokerUnderTest.at(process.url)


@pytest.fixture
def name(broker: BrokerUnderTest, request: pytest.FixtureRequest) -> Iterator[str]:
    """A name of this test's own; a queue and an exchange so named are gone afterwards."""
    name = f"{request.node.originalname}.{uuid.uuid4().hex[:12]}"
    yield name
    broker.forget(name)


@pytest.fixture
def connect(broker: BrokerUnderTest, name: str) -> Iterator[Callable[..., pika.BlockingConnection]]:
    """Opens pika connections; options are attributes of pika's parameters."""
    opened: list[pika.BlockingConnection] = []

    def connect(**options: Any) -> pika.BlockingConnection:
        opened.append(pika.BlockingConnection(broker.parameters(**options)))
        return opened[-1]

    yield connect
    for connection in opened:
        if connection.is_open:
            connection.close()


@pytest.fixture
def connection(connect: Callable[..., pika.BlockingConnection]) -> pika.BlockingConnection:
    return connect()


@pytest.fixture
def channel(connection: pika.BlockingConnection) -> BlockingChannel:
    return connection.channel()


@pytest.fixture
def queue(channel: BlockingChannel, name: str) -> str:
    """An empty queue, exclusive to the connection of `channel`."""
    channel.queue_declare(name, exclusive=True)
    return name


@pytest.fixture
def raw(broker: BrokerUnderTest) -> Iterator[RawClient]:
    """A socket to the broker, on which nothing was said yet."""
    with RawClient(broker.url) as client:
        yield client


@pytest.fixture(scope="session")
def amqplib_modules() -> Path:
    """The node_modules folder that has amqplib."""
    return install_amqplib()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Tests written as coroutines get an event loop of their own."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True
