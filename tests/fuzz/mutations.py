"""What becomes of bytes on their way from a client that is broken, or lies."""

from tests.fuzz.choices import Choices

INTERESTING = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x80\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\0\x01")
SIZE_AT = 3  # of a frame


def mutated(choices: Choices, data: bytes) -> bytes:
    if not data:
        return data
    kind = choices.below(8)
    at = choices.below(len(data))
    if kind == 0:
        return data[:at] + bytes((data[at] ^ 1 << choices.below(8),)) + data[at + 1 :]
    if kind == 1:
        return data[:at] + data[at + 1 :]
    if kind == 2:
        return data[:at] + choices.raw(8) + data[at:]
    if kind == 3:
        return data[:at]
    if kind == 4:
        return data[:at] + choices.pick(INTERESTING) + data[at + 4 :]
    if kind == 5:
        return data[:SIZE_AT] + choices.pick(INTERESTING) + data[SIZE_AT + 4 :]
    if kind == 6:
        return data + data[at:]
    return data[at:] + data[:at]
