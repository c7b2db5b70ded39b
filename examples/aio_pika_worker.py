"""A worker that takes tasks off a queue, four at a time, with aio-pika: pip install aio-pika

    python examples/aio_pika_worker.py [amqp://guest:guest@127.0.0.1:5672/]

A task that fails goes back to the queue once; the second time it is dropped.
"""

import asyncio
import sys

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

URL = "amqp://guest:guest@127.0.0.1:5672/"
TASKS = ["sort", "fail", "sum", "print"]


async def work(message: AbstractIncomingMessage) -> None:
    task = message.body.decode()
    if task == "fail":
        print("failed", task, "for good" if message.redelivered else "once")
        await message.reject(requeue=not message.redelivered)
        return
    print("done", task)
    await message.ack()


async def main(url: str = URL) -> None:
    async with await aio_pika.connect_robust(url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=4)
        queue = await channel.declare_queue("tasks", auto_delete=True, durable=True)
        for task in TASKS:
            await channel.default_exchange.publish(aio_pika.Message(task.encode()), queue.name)

        remaining = len(TASKS) + 1  # one of them comes twice
        async with queue.iterator() as messages:
            async for message in messages:
                await work(message)
                remaining -= 1
                if not remaining:
                    break


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
