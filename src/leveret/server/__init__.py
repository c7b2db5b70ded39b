"""The only layer with sockets, clocks, timers and logging.

Read in this order: `server.py` (start and stop), `listener.py`, `connection.py`, `turn.py` (what
happens when sockets are ready), `timers.py`, `clock.py`.
"""
