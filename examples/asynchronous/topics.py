"""One message, many readers: each binds its own queue to the topics it wants.

Prints:
    everything: hare.seen.field
    everything: fox.seen.wood
    foxes: fox.seen.wood
"""

import asyncio
import sys

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractQueue

URL = sys.argv[1] if len(sys.argv) > 1 else "amqp://localhost:5672"
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


async def main() -> None:
    async with await aio_pika.connect(URL) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange("example.sightings", "topic", auto_delete=True)
        everything = await subscribe(channel, exchange, "#")
        foxes = await subscribe(channel, exchange, "fox.*.*")
        for sighting in SIGHTINGS:
            await exchange.publish(aio_pika.Message(b""), routing_key=sighting)
        await print_all("everything", everything)
        await print_all("foxes", foxes)


asyncio.run(main())
