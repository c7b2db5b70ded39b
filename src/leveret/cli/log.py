"""`leveret log`: looks at the log of a broker, and repairs it.

Standard output has what was asked for; progress and complaints go to standard error.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from leveret.cli.data_directory import default_data_directory
from leveret.cli.log_dump import BatchLines
from leveret.cli.log_report import CheckLines, ProgressLine, info_lines, repair_lines
from leveret.log.check import check
from leveret.log.inspect import inspect, open_log
from leveret.log.port import LogError
from leveret.log.repair import repair

NAME: Final = "log"
HELP: Final = "look at the log of a broker, check it, repair it"

FAULTY: Final = 1
FAILED: Final = 2


def configure(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(
        title="commands", dest="log_command", metavar="COMMAND", required=True
    )
    for name, (run, text) in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=f"{text.capitalize()}.")
        command.set_defaults(run_log_command=run)
        command.add_argument(
            "--data-dir", metavar="DIR", type=Path, default=default_data_directory(),
            help="the directory of the log (default: %(default)s)")  # fmt: skip
        if name == "dump":
            command.add_argument(
                "--records", action="store_true", help="a line for each record, too"
            )
            command.add_argument("--json", action="store_true", help="each line is a JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    run_command: Callable[[argparse.Namespace], int] = arguments.run_log_command
    try:
        return run_command(arguments)
    except BrokenPipeError:
        raise
    except (LogError, OSError) as error:
        print(f"leveret log: {error}", file=sys.stderr)
        return FAILED


def run_info(arguments: argparse.Namespace) -> int:
    for line in info_lines(inspect(arguments.data_dir)):
        print(line)
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    disk = open_log(arguments.data_dir, read_only=True)
    try:
        with ProgressLine(sys.stderr) as progress:
            report = check(disk, progress=progress.show)
        lines = CheckLines(disk.path)
        for line in lines.of(report):
            print(line)
        if report.faults:
            print(lines.advice(arguments.data_dir), file=sys.stderr)
        return FAULTY if report.faults else 0
    finally:
        disk.close()


def run_dump(arguments: argparse.Namespace) -> int:
    disk = open_log(arguments.data_dir, read_only=True)
    try:
        lines = BatchLines(print, with_records=arguments.records, as_json=arguments.json)
        report = check(disk, lines.take)
        for line in CheckLines(disk.path).faults(report):
            print(f"leveret log: {line}", file=sys.stderr)
        return FAULTY if report.faults or lines.is_faulty else 0
    finally:
        disk.close()


def run_repair(arguments: argparse.Namespace) -> int:
    disk = open_log(arguments.data_dir, read_only=False)
    try:
        with ProgressLine(sys.stderr) as progress:
            repaired = repair(disk, progress.show)
        for line in repair_lines(repaired, disk.path):
            print(line)
        return 0
    finally:
        disk.close()


COMMANDS: Final = {
    "info": (run_info, "tell what the log consists of, and who uses it"),
    "check": (run_check, "read all of the log, and tell each fault"),
    "dump": (run_dump, "print a line for each batch"),
    "repair": (run_repair, "set aside what is bad, so that a broker can start"),
}
