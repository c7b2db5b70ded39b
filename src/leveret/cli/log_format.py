"""What a line of the log looks like."""

from __future__ import annotations

import logging

# Whatever came over the network may end up in a message: it must not forge a line, nor reach the
# terminal as a command.
CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), 0x7F, *range(0x80, 0xA0))}
CONTROLS_BUT_NEWLINE = {code: text for code, text in CONTROLS.items() if code != ord("\n")}


class LogFormatter(logging.Formatter):
    """One line for each event; a traceback follows it, indented."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = record.message.translate(CONTROLS)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:
        text = super().formatException(ei)  # type: ignore[arg-type]  # as it was given to us
        return "\n".join(f"    {line}" for line in text.translate(CONTROLS_BUT_NEWLINE).split("\n"))
