"""A document of definitions, read with care: whatever is wrong is named by its place.

    queues[3].arguments: must be an object, not a list

Keys that nobody asks for are remembered, so that nothing in a document is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NoReturn

KINDS: Final[Mapping[type, str]] = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


class DocumentError(Exception):
    """`place` is where in the document, `text` what is wrong there."""

    def __init__(self, place: str, text: str) -> None:
        super().__init__(f"{place}: {text}" if place else text)
        self.place = place
        self.text = text


class Entry:
    """An object in a document, at a place. Each reader raises DocumentError."""

    def __init__(self, place: str, value: object) -> None:
        self.place = place
        if not isinstance(value, Mapping):
            self.refuse("", f"must be an object, not {KINDS.get(type(value), 'that')}")
        self.values: Mapping[str, object] = value
        self.asked: set[str] = set()

    def refuse(self, key: str, text: str) -> NoReturn:
        raise DocumentError(self.place_of(key), text)

    def place_of(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place and key else self.place or key

    def has(self, key: str) -> bool:
        """Whether there is something there; null is nothing."""
        return self.values.get(key) is not None

    def get(self, key: str, kind: type) -> object:
        self.asked.add(key)
        if key not in self.values:
            self.refuse(key, "is missing")
        value = self.values[key]
        if type(value) is not kind:
            found = KINDS.get(type(value), "that")
            self.refuse(key, f"must be {KINDS[kind]}, not {found}")
        return value

    def text(self, key: str, default: str | None = None) -> str:
        if default is not None and not self.has(key):
            self.asked.add(key)
            return default
        return str(self.get(key, str))

    def flag(self, key: str, default: bool) -> bool:
        self.asked.add(key)
        return bool(self.get(key, bool)) if self.has(key) else default

    def number(self, key: str, default: int) -> int:
        self.asked.add(key)
        value = self.get(key, int) if self.has(key) else default
        return value if isinstance(value, int) else default

    def table(self, key: str) -> Mapping[str, object]:
        """Empty where there is none; older RabbitMQ writes an empty one as a list."""
        self.asked.add(key)
        if not self.has(key) or self.values[key] == []:
            return {}
        value = self.get(key, dict)
        return value if isinstance(value, Mapping) else {}

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; or one text, with commas between them."""
        self.asked.add(key)
        value = self.values.get(key)
        if isinstance(value, str):
            return tuple(text.strip() for text in value.split(",") if text.strip())
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            self.refuse(key, "must be a list of strings")
        return tuple(value)

    def entries(self, key: str) -> Iterator[Entry]:
        """The objects of a list; none if it is not there."""
        self.asked.add(key)
        value = self.get(key, list) if self.has(key) else []
        for index, item in enumerate(value if isinstance(value, list) else []):
            yield Entry(f"{self.place_of(key)}[{index}]", item)

    def unasked(self) -> list[str]:
        """The keys that nobody has asked for."""
        return [key for key in self.values if key not in self.asked]
