"""The control plane of AMQP 0-9-1: all methods but publish, deliver, ack, nack and reject.

`connection` is the peer; `states` says which method may come when; `dispatch` leads a channel's
methods to the files that are named like their classes.
"""
