"""One connected peer: bytes and time in, bytes out. A folder for each protocol.

`protocol_header` is what a new connection meets first; `peer` is the face that all peers have.
"""
