"""Ask a question and get the answer: the request names the queue where the asker waits.

Prints:
    6 times 7 is 42
"""

import asyncio
import sys

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

URL = sys.argv[1] if len(sys.argv) > 1 else "amqp://localhost:5672"
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
    answers: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    replies = await channel.declare_queue(exclusive=True)
    await replies.consume(answers.put, no_ack=True)
    request = aio_pika.Message(
        b"%d %d" % (one, other), reply_to=replies.name, correlation_id="the first"
    )
    await channel.default_exchange.publish(request, routing_key=QUEUE)
    reply = await answers.get()
    assert reply.correlation_id == "the first"
    return int(reply.body)


async def main() -> None:
    async with await aio_pika.connect(URL) as connection:
        channel = await connection.channel()
        await serve(channel)
        print(f"6 times 7 is {await multiply(channel, 6, 7)}")


asyncio.run(main())
