"""One message, many readers: each binds its own queue to the topics it wants, with aio-pika.

python examples/aio_pika_topics.py [amqp://guest:guest@127.0.0.1:5672/]
"""

import asyncio
import sys

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractQueue

URL = "amqp://guest:guest@127.0.0.1:5672/"
SIGHTINGS = ("hare.seen.field", "fox.seen.wood")


async def subscribe(
    channel: AbstractChannel, exchange: AbstractExchange, pattern: str
) -> AbstractQueue:
    queue = await channel.declare_queue(exclusive=True)
    await queue.bind(exchange, routing_key=pattern)
    return queue


async def print_all(name: str, queue: AbstractQueue) -> None:
    while message := await queue.get(fail=False):
        print(f"{name}: {message.routing_key}")
        await message.ack()


async def main(url: str = URL) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange("example.sightings", "topic", auto_delete=True)
        everything = await subscribe(channel, exchange, "#")
        foxes = await subscribe(channel, exchange, "fox.*.*")
        for sighting in SIGHTINGS:
            await exchange.publish(aio_pika.Message(b""), routing_key=sighting)
        await print_all("everything", everything)
        await print_all("foxes", foxes)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
