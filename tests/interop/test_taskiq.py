"""taskiq-aio-pika: tasks and their receiver in this process, with classic queues."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import aio_pika
import aiormq.exceptions
import pytest
from taskiq import Context, SimpleRetryMiddleware, TaskiqDepends, gather
from taskiq.acks import AcknowledgeType
from taskiq.brokers.inmemory_broker import InmemoryResultBackend
from taskiq.exceptions import SendTaskError, TaskRejectedError
from taskiq.receiver import Receiver
from taskiq_aio_pika import AioPikaBroker, Exchange, Queue, QueueType
from taskiq_aio_pika.exceptions import (
    ExchangeNotDeclaredError,
    IncorrectRoutingKeyError,
    QueueNotDeclaredError,
)

from tests.interop.broker_under_test import BrokerUnderTest

WAIT_SECONDS_MAX = 10
POLL_SECONDS = 0.005

pytestmark = pytest.mark.slow


def own_queue(name: str, **options: Any) -> Queue:
    return Queue(name=name, type=QueueType.CLASSIC, durable=False, auto_delete=False, **options)


@dataclass
class Bench:
    """A taskiq broker whose exchange and queues have the test's name, or begin with it."""

    taskiq: AioPikaBroker
    name: str

    async def get(self, task: Any) -> Any:
        result = await task.wait_result(check_interval=POLL_SECONDS, timeout=WAIT_SECONDS_MAX)
        return result.return_value if not result.is_err else result.error

    @asynccontextmanager
    async def receiving(self, **options: Any) -> AsyncIterator[None]:
        finish = asyncio.Event()
        receiver = Receiver(self.taskiq, run_startup=False, **options)
        listening = asyncio.create_task(receiver.listen(finish))
        try:
            yield
        finally:
            finish.set()
            await asyncio.wait_for(listening, WAIT_SECONDS_MAX)

    async def ready_count(self, queue: str) -> int:
        assert self.taskiq.write_conn is not None
        channel = await self.taskiq.write_conn.channel()
        declared = await channel.declare_queue(queue, passive=True)
        await channel.close()
        return int(declared.declaration_result.message_count or 0)


def make_taskiq(broker: BrokerUnderTest, name: str, **options: Any) -> AioPikaBroker:
    options = {
        "exchange": Exchange(name=name),
        "task_queues": [own_queue(name)],
        "dead_letter_queue": own_queue(f"{name}.dead"),
        **options,
    }
    taskiq = AioPikaBroker(broker.url, **options)
    taskiq.is_worker_process = True
    return taskiq.with_result_backend(InmemoryResultBackend())


@asynccontextmanager
async def open_bench(
    broker: BrokerUnderTest, name: str, *middlewares: Any, **options: Any
) -> AsyncIterator[Bench]:
    taskiq = make_taskiq(broker, name, **options).with_middlewares(*middlewares)
    await taskiq.startup()
    try:
        yield Bench(taskiq, name)
    finally:
        await taskiq.shutdown()
        broker.forget(f"{name}.dead")


async def test_a_task_is_run_and_its_result_kept(broker: BrokerUnderTest, name: str) -> None:
    async with open_bench(broker, name) as bench:

        @bench.taskiq.task
        async def add(x: int, y: int) -> int:
            return x + y

        async with bench.receiving():
            assert await bench.get(await add.kiq(2, y=3)) == 5


async def test_many_tasks(broker: BrokerUnderTest, name: str) -> None:
    async with open_bench(broker, name) as bench:

        @bench.taskiq.task
        async def double(x: int) -> int:
            return 2 * x

        async with bench.receiving():
            tasks = await asyncio.gather(*[double.kiq(number) for number in range(50)])
            results = await gather(*tasks, timeout=WAIT_SECONDS_MAX, periodicity=POLL_SECONDS)
        assert [result.return_value for result in results] == list(range(0, 100, 2))


async def test_a_task_that_is_no_coroutine(broker: BrokerUnderTest, name: str) -> None:
    async with open_bench(broker, name) as bench:

        @bench.taskiq.task
        def upper(text: str) -> str:
            return text.upper()

        async with bench.receiving():
            assert await bench.get(await upper.kiq("a" * 300_000)) == "A" * 300_000


async def test_an_exception_is_the_result(broker: BrokerUnderTest, name: str) -> None:
    async with open_bench(broker, name) as bench:

        @bench.taskiq.task
        async def fail() -> None:
            raise ValueError("broken")

        async with bench.receiving():
            error = await bench.get(await fail.kiq())
        assert isinstance(error, ValueError)
        assert error.args == ("broken",)


async def test_a_failed_task_is_tried_again(broker: BrokerUnderTest, name: str) -> None:
    async with open_bench(broker, name, SimpleRetryMiddleware(default_retry_count=5)) as bench:
        attempts: list[int] = []

        @bench.taskiq.task(retry_on_error=True)
        async def fail_twice() -> int:
            attempts.append(1)
            if len(attempts) < 3:
                raise ValueError("not yet")
            return len(attempts)

        async with bench.receiving():
            assert await bench.get(await fail_twice.kiq()) == 3


async def test_a_task_puts_itself_back(broker: BrokerUnderTest, name: str) -> None:
    async with open_bench(broker, name) as bench:

        @bench.taskiq.task
        async def again(context: Context = TaskiqDepends()) -> str:  # noqa: B008 - taskiq's way
            if "X-Taskiq-requeue" not in context.message.labels:
                await context.requeue()
            return "second"

        async with bench.receiving():
            assert await bench.get(await again.kiq()) == "second"


async def test_a_task_rejects_its_message(broker: BrokerUnderTest, name: str) -> None:
    async with open_bench(broker, name) as bench:
        runs: list[str] = []

        @bench.taskiq.task
        async def refuse(context: Context = TaskiqDepends()) -> None:  # noqa: B008 - taskiq's way
            runs.append("refuse")
            context.reject()

        @bench.taskiq.task
        async def accept() -> str:
            return "accepted"

        async with bench.receiving(max_async_tasks=1):
            assert isinstance(await bench.get(await refuse.kiq()), TaskRejectedError)
            assert await bench.get(await accept.kiq()) == "accepted"
        assert runs == ["refuse"]
        assert await bench.ready_count(name) == 0


@pytest.mark.parametrize("when", list(AcknowledgeType))
async def test_each_moment_of_acknowledging(
    broker: BrokerUnderTest, name: str, when: AcknowledgeType
) -> None:
    async with open_bench(broker, name) as bench:

        @bench.taskiq.task
        async def echo(text: str) -> str:
            return text

        async with bench.receiving(ack_type=when):
            assert await bench.get(await echo.kiq("x")) == "x"
        assert await bench.ready_count(name) == 0


async def test_a_prefetch_leaves_the_rest_in_the_queue(broker: BrokerUnderTest, name: str) -> None:
    async with open_bench(broker, name, qos=2) as bench:
        begun: asyncio.Queue[int] = asyncio.Queue()
        go = asyncio.Event()

        @bench.taskiq.task
        async def hold(number: int) -> None:
            begun.put_nowait(number)
            await go.wait()

        tasks = [await hold.kiq(number) for number in range(5)]
        async with bench.receiving():
            assert [await begun.get(), await begun.get()] == [0, 1]
            assert await bench.ready_count(name) == 3
            go.set()
            for task in tasks:
                await bench.get(task)


async def test_labels_choose_the_queue(broker: BrokerUnderTest, name: str) -> None:
    queues = [own_queue(name, routing_key="one"), own_queue(f"{name}.two", routing_key="two")]
    try:
        direct = Exchange(name=name, type=aio_pika.ExchangeType.DIRECT)
        async with open_bench(broker, name, exchange=direct, task_queues=queues) as bench:

            @bench.taskiq.task
            async def where() -> None:
                """Is never run: nobody receives."""

            await where.kicker().with_labels(queue_name="two").kiq()
            assert [await bench.ready_count(queue.name) for queue in queues] == [0, 1]
            with pytest.raises(SendTaskError) as error:
                await where.kicker().with_labels(queue_name="three").kiq()
            assert isinstance(error.value.__cause__, IncorrectRoutingKeyError)
    finally:
        broker.forget(f"{name}.two")


async def test_headers_and_priority_are_in_the_message(broker: BrokerUnderTest, name: str) -> None:
    async with (
        open_bench(broker, name) as bench,
        await aio_pika.connect(broker.url) as connection,
    ):

        @bench.taskiq.task(task_name="named", priority=4, own="label")
        async def named() -> None:
            """Is never run: nobody receives."""

        await named.kiq()
        queue = await (await connection.channel()).get_queue(name)
        message = await queue.get(no_ack=True)
        assert (message.headers["task_name"], message.headers["own"]) == ("named", "label")
        assert (message.priority, message.delivery_mode) == (4, aio_pika.DeliveryMode.PERSISTENT)


async def test_a_topic_exchange(broker: BrokerUnderTest, name: str) -> None:
    topic = Exchange(name=name, type=aio_pika.ExchangeType.TOPIC)
    queues = [own_queue(name, routing_key="a.#"), own_queue(f"{name}.b", routing_key="b.*")]
    try:
        async with open_bench(broker, name, exchange=topic, task_queues=queues) as bench:

            @bench.taskiq.task
            async def named() -> str:
                return "done"

            async with bench.receiving():
                assert await bench.get(await named.kicker().with_labels(queue_name="a.b.c").kiq())
                assert await bench.get(await named.kicker().with_labels(queue_name="b.c").kiq())
    finally:
        broker.forget(f"{name}.b")


async def test_what_must_be_there_is_not(broker: BrokerUnderTest, name: str) -> None:
    no_exchange = make_taskiq(broker, name, exchange=Exchange(name=name, declare=False))
    no_queue = make_taskiq(broker, name, task_queues=[replace(own_queue(name), declare=False)])
    for taskiq, error in (
        (no_exchange, ExchangeNotDeclaredError),
        (no_queue, QueueNotDeclaredError),
    ):
        with pytest.raises(error, match=name):
            await taskiq.startup()
        await taskiq.shutdown()
    broker.forget(f"{name}.dead")


async def test_a_queue_that_is_another(broker: BrokerUnderTest, name: str) -> None:
    async with open_bench(broker, name):
        other = make_taskiq(broker, name, task_queues=[own_queue(name, max_priority=5)])
        with pytest.raises(aiormq.exceptions.ChannelPreconditionFailed) as error:
            await other.startup()
        assert (
            f"inequivalent arg 'x-max-priority' for queue '{name}' in vhost '/': received the "
            "value '5' of type 'signedint' but current is none" in str(error.value)
        )
        await other.shutdown()


async def test_a_wrong_password(broker: BrokerUnderTest, name: str) -> None:
    taskiq = make_taskiq(broker, name)
    taskiq.url = broker.url.replace("guest:guest@", "guest:wrong@")
    with (
        suppress(asyncio.CancelledError),
        pytest.raises(
            aiormq.exceptions.ProbableAuthenticationError,
            match="ACCESS_REFUSED - Login was refused",
        ),
    ):
        await taskiq.startup()
