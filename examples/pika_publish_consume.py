"""Publish a few messages and read them back, with pika: pip install pika

python examples/pika_publish_consume.py [amqp://guest:guest@127.0.0.1:5672/]
"""

import sys

import pika

URL = "amqp://guest:guest@127.0.0.1:5672/"


def main(url: str = URL) -> None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue

        channel.confirm_delivery()  # basic_publish now waits until the broker has the message
        for number in range(3):
            channel.basic_publish("", queue, f"message {number}".encode(), mandatory=True)

        for method, _properties, body in channel.consume(queue, inactivity_timeout=1):
            if method is None:
                break  # nothing came for a second
            print("received", body.decode())
            channel.basic_ack(method.delivery_tag)
            if body == b"message 2":
                break


if __name__ == "__main__":
    main(*sys.argv[1:])
