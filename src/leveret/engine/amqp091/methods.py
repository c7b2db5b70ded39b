"""The methods that the data plane handles, or looks out for: class id << 16 | method id."""

from __future__ import annotations

try:
    import cython
except ImportError:
    from leveret._cython_compat import cython

if not cython.compiled:
    CONNECTION_CLOSE = 0x000A0032
    CONNECTION_CLOSE_OK = 0x000A0033
    CHANNEL_CLOSE = 0x00140028
    CHANNEL_CLOSE_OK = 0x00140029
    PUBLISH = 0x003C0028
    ACK = 0x003C0050
    REJECT = 0x003C005A
    NACK = 0x003C0078
