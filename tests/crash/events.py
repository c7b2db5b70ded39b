"""A trace written by hand."""

from tests.crash.trace import Event, Kind

DIRECTORY = "/data"
DIRECTORY_FD = 1


class Events(list[Event]):
    """Each method is a call that was made, with its beginning and its end."""

    def add(
        self, kind: Kind, *, is_end: bool, fd: int = -1, data: bytes = b"", offset: int = 0
    ) -> None:
        result = len(data) if is_end else 0
        self.append(Event(len(self), kind, is_end, fd, offset, len(data), result, data))

    def call(self, kind: Kind, fd: int = -1, data: bytes = b"", offset: int = 0) -> None:
        for is_end in (False, True):
            self.add(kind, is_end=is_end, fd=fd, data=data, offset=offset)

    def create(self, name: str, fd: int) -> None:
        self.call(Kind.CREATE, fd, f"{DIRECTORY}/{name}".encode())

    def rename(self, old: str, new: str) -> None:
        self.call(Kind.RENAME, data=f"{DIRECTORY}/{old}\0{DIRECTORY}/{new}".encode())

    def write(self, fd: int, data: bytes, offset: int = 0) -> None:
        self.call(Kind.WRITE, fd, data, offset)

    def sync(self, fd: int) -> None:
        self.call(Kind.SYNC, fd)

    def sync_names(self) -> None:
        self.call(Kind.OPEN, DIRECTORY_FD, DIRECTORY.encode())
        self.call(Kind.SYNC, DIRECTORY_FD)
