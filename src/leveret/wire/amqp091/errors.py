"""The one error of this package that is the other side's fault."""

from __future__ import annotations


class ProtocolError(Exception):
    """The other side sent what the protocol forbids; `kind` is a key of `reply_codes`."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.text = text
