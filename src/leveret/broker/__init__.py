"""The model: virtual hosts with their exchanges, queues and bindings. Sans-IO, of no protocol."""
