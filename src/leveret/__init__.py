"""Leveret: an AMQP message broker and client library."""

__version__ = "0.1.0"
