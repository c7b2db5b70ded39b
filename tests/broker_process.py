"""placeholder until the server lands"""

from contextlib import contextmanager


@contextmanager
def running_broker():
    raise NotImplementedError
    yield
