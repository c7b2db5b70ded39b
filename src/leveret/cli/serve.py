"""`leveret serve`: the broker as a process, from its options to its last word.

Standard output gets two lines once clients can connect; what happens later goes to the log, on
standard error. SIGTERM and SIGINT close all connections and end the process with 0; a second one
ends it at once.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Final

import leveret
from leveret import limits
from leveret.broker.broker import Broker
from leveret.broker.limits import Limits
from leveret.cli.control_socket import NAME as SOCKET_NAME
from leveret.cli.control_socket import memory_socket, socket_in
from leveret.cli.files import allow_many_files, room_for_connections
from leveret.cli.limit_options import add_limit_options, values_for
from leveret.cli.log_format import LogFormatter
from leveret.cli.log_rate import LogRate
from leveret.cli.memory_limit import (
    PERCENT_DEFAULT,
    default_memory_limit,
    parse_amount,
    parse_memory_limit,
)
from leveret.cli.service_manager import notify
from leveret.engine.buffer import COMPILED
from leveret.peers.settings import Settings
from leveret.server.address import Address, parse_address
from leveret.server.assembly import make_server
from leveret.server.config import DEFAULT_ADDRESS, DISK_FREE_BYTES_MIN, Config
from leveret.server.control import ControlError
from leveret.server.durability import Refused
from leveret.server.listener import ListenError
from leveret.server.machine_memory import machine_memory_bytes
from leveret.server.selector import TurnSelector
from leveret.server.server import Server
from leveret.server.spilling import is_writable_folder, spill_folder

NAME: Final = "serve"
HELP: Final = "run a broker"

FAILED: Final = 1
WRONG_USAGE: Final = 2

DURABLE_MESSAGE_BYTES_MAX: Final = 60 * 1024 * 1024
"""It has to lie in one segment of the log, with its properties."""

log = logging.getLogger(__name__)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.usage = f"leveret {NAME} [options]"
    add = parser.add_argument
    add("--listen", metavar="HOST:PORT", type=_address, action="append",
        help=f"where to listen; may be given several times; an IPv6 host stands in brackets;"
             f" port 0 is any free one (default: {DEFAULT_ADDRESS})")  # fmt: skip
    add(
        "--data-dir",
        metavar="DIR",
        help="keep what is durable in DIR (default: the user's, which leveret log info names)",
    )
    add("--durability", choices=("fsync", "os"), default="fsync",
        help="what is confirmed is on the disk, or only given to the operating system, which"
             " loses it when the machine fails (default: %(default)s)")  # fmt: skip
    add("--disk-free-limit", metavar="AMOUNT", type=_amount, default=DISK_FREE_BYTES_MIN,
        help="block publishers when less is free on the log's disk (default: 50MB)")  # fmt: skip
    add("--definitions", metavar="FILE",
        help="add what FILE defines (users, queues and so on, as RabbitMQ exports it) to what is"
             " there, before anybody is served")  # fmt: skip
    add("--in-memory", action="store_true", help="keep nothing on disk, and do not warn of it")
    add("--control-socket", metavar="PATH",
        help=f"where leveret ctl finds it (default: DIR/{SOCKET_NAME} of --data-dir)")  # fmt: skip
    add("--strict", action="store_true",
        help="do as RabbitMQ does where Leveret has a better way")  # fmt: skip
    add("--memory-limit", metavar="AMOUNT", type=_memory_limit,
        help=f"block publishers when so much memory is in use: 256MB, 40%% (default:"
             f" {PERCENT_DEFAULT}%% of the machine or its control group)")  # fmt: skip
    add("--spill-dir", metavar="DIR",
        help=f"where messages go when half of that is in use, to files that end with the broker"
             f" (default: {spill_folder()}, or nowhere with --in-memory)")  # fmt: skip
    add("--log-level", choices=("debug", "info", "warning", "error"), default="info",
        help="what to log on standard error (default: %(default)s)")  # fmt: skip
    add_limit_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop."""
    if arguments.data_dir is not None and arguments.in_memory:
        return _complain("--data-dir and --in-memory contradict each other", WRONG_USAGE)
    log_rate = LogRate(arguments.log_lines_per_second_max, time.monotonic)
    if not arguments.in_memory and arguments.message_bytes_max > DURABLE_MESSAGE_BYTES_MAX:
        return _complain(
            f"--max-message-size {arguments.message_bytes_max}: the log takes messages of up to"
            f" {DURABLE_MESSAGE_BYTES_MAX} bytes; without one, start with --in-memory",
            WRONG_USAGE,
        )
    if arguments.spill_dir is not None and not is_writable_folder(arguments.spill_dir):
        return _complain(f"--spill-dir {arguments.spill_dir}: not a writable folder", WRONG_USAGE)
    _start_logging(arguments.log_level, log_rate)
    files = allow_many_files()
    room = room_for_connections(files)
    if arguments.connections_max > room:
        return _complain(_refuse_connections(arguments.connections_max, room, files), WRONG_USAGE)
    config = _make_config(arguments, room)
    selector = TurnSelector()
    try:
        with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
            log_rate.later = runner.get_loop().call_later
            return runner.run(_serve(config, selector, arguments.definitions))
    except ListenError as error:
        return _complain(_explain(error), FAILED)
    except (ControlError, Refused) as error:
        return _complain(str(error), FAILED)


def _make_config(arguments: argparse.Namespace, room: int) -> Config:
    """`room` is how many connections there may be where nobody says."""
    if arguments.connections_max == limits.AUTOMATIC:
        arguments.connections_max = min(limits.CONNECTIONS.default, room)
    data_directory = None if arguments.in_memory else _data_directory(arguments)
    return Config(
        listen=tuple(arguments.listen or (DEFAULT_ADDRESS,)),
        settings=Settings(strict=arguments.strict, **values_for(Settings, arguments)),
        limits=Limits(**values_for(Limits, arguments)),
        memory_bytes_max=arguments.memory_limit or default_memory_limit(machine_memory_bytes()),
        spill_folder=arguments.spill_dir or (None if arguments.in_memory else spill_folder()),
        data_directory=data_directory,
        is_synced=arguments.durability == "fsync",
        disk_free_bytes_min=arguments.disk_free_limit,
        control_socket=arguments.control_socket or _control_socket(data_directory),
        is_control_needed=arguments.control_socket is not None,
        **values_for(Config, arguments),
    )


def _data_directory(arguments: argparse.Namespace) -> str:
    if arguments.data_dir is not None:
        return str(arguments.data_dir)
    from leveret.cli.data_directory import default_data_directory  # not for who names one

    return str(default_data_directory())


def _control_socket(data_directory: str | None) -> str | None:
    if data_directory is not None:
        return socket_in(data_directory)
    path = memory_socket()
    if path is None:
        log.warning("there is no place for a control socket: leveret ctl needs --control-socket")
    return path


async def _serve(config: Config, selector: TurnSelector, definitions: str | None) -> int:
    server = make_server(config, selector=selector, prepare=_importer(definitions))
    stop = server.stop_asked
    _stop_on_signals(stop)
    server.failure.add_done_callback(lambda _: stop.set())
    await server.start()
    _warn(server, config)
    _announce(server, config)
    # What is there now stays: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    notify("READY=1")
    await stop.wait()
    notify("STOPPING=1")
    if server.failure.done():
        return FAILED
    await server.stop()
    return 0


def _importer(definitions: str | None) -> Callable[[Broker], None] | None:
    """What gives a broker the definitions of that file."""
    if definitions is None:
        return None
    from leveret.cli.definitions_file import import_file  # not for who has none

    return partial(import_file, path=definitions)


def _stop_on_signals(stop: asyncio.Event) -> None:
    """The first signal sets `stop`, the second one ends the process."""

    def signalled(number: signal.Signals) -> None:
        if stop.is_set():
            log.warning("%s: ending at once", number.name)
            os._exit(128 + number)
        log.info("%s: stopping", number.name)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, signalled, number)


def _announce(server: Server, config: Config) -> None:
    """Tell whoever started us that clients can connect now."""
    places = [f"amqp://{address}" for address in server.addresses]
    build = "compiled" if COMPILED else "not compiled"
    version = leveret.__version__
    kept = "memory only" if config.data_directory is None else f"data in {config.data_directory}"
    _say(f"leveret {version} listening on {' and '.join(places)} ({build}, {kept})")
    option = "" if server.addresses[0] == DEFAULT_ADDRESS else f" --uri {places[0]}"
    _say(f"try it: {_program()} bench --time 5{option}")


def _program() -> str:
    """What a shell in this directory calls the command: it may not be on the PATH."""
    folders = os.get_exec_path()
    if any(os.access(os.path.join(folder, "leveret"), os.X_OK) for folder in folders):
        return "leveret"
    python = os.path.relpath(sys.executable)
    return f"{sys.executable if python.startswith(os.pardir) else python} -m leveret"


def _say(text: str) -> None:
    try:
        print(text, flush=True)
    except OSError:
        # Nobody reads, which is no reason not to serve; Python would try again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _warn(server: Server, config: Config) -> None:
    if config.data_directory is not None and not config.is_synced:
        log.warning(
            "--durability os: what is confirmed survives the end of this process, but not that of"
            " the machine"
        )
    for address in server.addresses:
        if not address.is_loopback:
            log.warning(
                "%s can be reached from other machines: guest cannot log in from there,"
                " only from loopback addresses; other users can, with no encryption yet",
                address,
            )
    if not COMPILED:
        log.warning(
            "not compiled: expect 10 to 25 thousand messages a second instead of millions;"
            " install a C compiler and Python's headers (apt install gcc python3-dev), then:"
            " pip install --force-reinstall --no-cache-dir leveret"
        )


def _start_logging(level: str, rate: LogRate) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(LogFormatter())
    handler.addFilter(rate)
    logging.basicConfig(handlers=[handler], level=level.upper())
    logging.raiseExceptions = False  # a log that nobody reads any more is no reason to stop


def _address(text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _memory_limit(text: str) -> int:
    try:
        return parse_memory_limit(text, machine_memory_bytes())
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _amount(text: str) -> int:
    try:
        return parse_amount(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _refuse_connections(wanted: int, room: int, files: int) -> str:
    return (
        f"--max-connections {wanted}: this process may have {files} open files, which leave room"
        f" for {room} connections: allow more files (ulimit -Hn, LimitNOFILE=), or ask for fewer"
    )


def _explain(error: ListenError) -> str:
    """Why it cannot listen there, and what can be done about it."""
    address, cause = error.address, error.cause
    if isinstance(cause, socket.gaierror):
        return f"{address}: this host is not known: {cause.strerror}"
    if cause.errno == errno.EADDRINUSE:
        # Not needed by a broker that starts.
        from leveret.cli.port_holder import find_port_holder

        holder = find_port_holder(address.port)
        by = f" by {holder}" if holder else ""
        return f"{address} is in use{by}: choose another with --listen HOST:PORT"
    if cause.errno in (errno.EACCES, errno.EPERM):
        return (
            f"{address}: permission denied, as ports below 1024 are for root:"
            " choose another with --listen HOST:PORT"
        )
    if cause.errno == errno.EADDRNOTAVAIL:
        return f"{address} is not an address of this machine: see `ip address` for those that are"
    return f"{address}: {cause.strerror}"


def _complain(text: str, status: int) -> int:
    print(f"leveret serve: {text}", file=sys.stderr)
    return status
