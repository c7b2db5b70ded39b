"""Publishes numbered messages: volume_publisher.py URL QUEUE COUNT BODY_BYTES"""

import sys

import pika


def main(url: str, queue: str, count: int, body_bytes: int) -> None:
    filler = b"\x2a" * (body_bytes - 8)
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        for number in range(count):
            channel.basic_publish("", queue, number.to_bytes(8, "big") + filler)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
