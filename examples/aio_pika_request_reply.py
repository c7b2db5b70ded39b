"""Ask a question and get the answer, with aio-pika.

    python examples/aio_pika_request_reply.py [amqp://guest:guest@127.0.0.1:5672/]

The request names the queue where the asker waits, and an id that the reply repeats.
"""

import asyncio
import sys

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

URL = "amqp://guest:guest@127.0.0.1:5672/"
QUEUE = "example.multiply"


async def serve(channel: AbstractChannel) -> None:
    queue = await channel.declare_queue(QUEUE, auto_delete=True)

    async def answer(request: AbstractIncomingMessage) -> None:
        async with request.process():
            one, other = map(int, request.body.split())
            reply = aio_pika.Message(b"%d" % (one * other), correlation_id=request.correlation_id)
            await channel.default_exchange.publish(reply, routing_key=request.reply_to or "")

    await queue.consume(answer)


async def multiply(channel: AbstractChannel, one: int, other: int) -> int:
    replies = await channel.declare_queue(exclusive=True)
    request = aio_pika.Message(
        b"%d %d" % (one, other), reply_to=replies.name, correlation_id="the first"
    )
    await channel.default_exchange.publish(request, routing_key=QUEUE)
    async with replies.iterator(no_ack=True) as answers:
        async for reply in answers:
            if reply.correlation_id == "the first":
                return int(reply.body)
    raise ConnectionError("closed before the answer came")


async def main(url: str = URL) -> None:
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        await serve(channel)
        print(f"6 times 7 is {await multiply(channel, 6, 7)}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
