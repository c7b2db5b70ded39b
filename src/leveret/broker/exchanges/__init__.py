"""The exchange types, a file each. A new one is a `Router`, its file, and a line in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from leveret.broker.exchange import Router
from leveret.broker.exchanges.direct import Direct
from leveret.broker.exchanges.fanout import Fanout
from leveret.broker.exchanges.topic import Topic

EXCHANGE_TYPES: Mapping[str, Callable[[], Router]] = MappingProxyType(
    {"direct": Direct, "fanout": Fanout, "topic": Topic}
)
