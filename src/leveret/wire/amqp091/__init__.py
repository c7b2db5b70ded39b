"""AMQP 0-9-1 on the wire: frames, methods, content properties, field tables, reply codes."""
