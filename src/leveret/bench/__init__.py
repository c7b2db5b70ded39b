"""The load generator: saturates an AMQP 0-9-1 broker from one core, and checks what it delivers."""
