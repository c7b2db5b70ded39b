"""Jobs shared among workers: a worker has one at a time, and what it leaves undone goes to another.

Prints:
    careless worker took job 0 and went home
    worker did job 0, not for the first time
    worker did job 1
    worker did job 2
"""

import sys

import pika

URL = sys.argv[1] if len(sys.argv) > 1 else "amqp://localhost:5672"
QUEUE = "example.jobs"


def publish_jobs(count: int) -> None:
    with pika.BlockingConnection(pika.URLParameters(URL)) as connection:
        channel = connection.channel()
        channel.queue_declare(QUEUE)
        for number in range(count):
            channel.basic_publish("", QUEUE, b"job %d" % number)


def leave_in_the_middle() -> None:
    """Closes the connection without an acknowledgement: the job goes back to its place."""
    with pika.BlockingConnection(pika.URLParameters(URL)) as connection:
        channel = connection.channel()
        _, _, body = channel.basic_get(QUEUE)
        print(f"careless worker took {body.decode()} and went home")


def work() -> None:
    with pika.BlockingConnection(pika.URLParameters(URL)) as connection:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=1)
        for method, _, body in channel.consume(QUEUE, inactivity_timeout=1):
            if method is None:
                break  # for a second there was no job
            again = ", not for the first time" if method.redelivered else ""
            print(f"worker did {body.decode()}{again}")
            channel.basic_ack(method.delivery_tag)
        channel.cancel()
        channel.queue_delete(QUEUE)


publish_jobs(3)
leave_in_the_middle()
work()
