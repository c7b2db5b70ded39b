"""Where the broker under test is, and which broker it is."""

from dataclasses import dataclass
from typing import Any

import pika
from pika.exceptions import ChannelClosedByBroker


@dataclass(frozen=True, slots=True)
class BrokerUnderTest:
    url: str
    product: str
    version: tuple[int, ...]

    @classmethod
    def at(cls, url: str) -> "BrokerUnderTest":
        with pika.BlockingConnection(pika.URLParameters(url)) as connection:
            properties = connection._impl.server_properties
        version = str(properties["version"]).split(".")
        numbers = tuple(int(part) for part in version if part.isdigit())
        return cls(url, str(properties["product"]), numbers)

    @property
    def is_old_rabbitmq(self) -> bool:
        """RabbitMQ before 4.0; what it does otherwise than 4.3 is no reference."""
        return self.product == "RabbitMQ" and self.version < (4, 0)

    def parameters(self, **options: Any) -> pika.URLParameters:
        parameters = pika.URLParameters(self.url)
        for option, value in options.items():
            setattr(parameters, option, value)
        return parameters

    def forget(self, name: str) -> None:
        """Deletes the queue and the exchange of this name, whether there are any or not.

        An exclusive queue is locked: it goes with its connection, which has just been closed.
        """
        with pika.BlockingConnection(self.parameters()) as connection:
            for delete in ("queue_delete", "exchange_delete"):
                try:
                    getattr(connection.channel(), delete)(name)
                except ChannelClosedByBroker as error:
                    if error.reply_code != 405:
                        raise
