"""Publish and wait for the broker's word: it has the message, or there was no queue for it.

Prints:
    'to be kept' is with the broker
    'to nobody' came back: NO_ROUTE
"""

import sys

import pika
from pika.exceptions import UnroutableError

URL = sys.argv[1] if len(sys.argv) > 1 else "amqp://localhost:5672"

with pika.BlockingConnection(pika.URLParameters(URL)) as connection:
    channel = connection.channel()
    channel.confirm_delivery()
    queue = channel.queue_declare("", exclusive=True).method.queue
    for routing_key, text in ((queue, "to be kept"), ("no.such.queue", "to nobody")):
        try:
            channel.basic_publish("", routing_key, text.encode(), mandatory=True)
            print(f"'{text}' is with the broker")
        except UnroutableError as error:
            print(f"'{text}' came back: {error.messages[0].method.reply_text}")
