"""`leveret completion`: scripts that let a shell complete the words of all commands.

They are made from the commands' own parsers, so they know what these know:

    place     words so far that lead somewhere: `leveret`, `leveret ctl`, `leveret ctl list_queues`
    words     what may come there: commands, columns
    options   what may come there when the word begins with a dash
    values    of an option that takes one: some words, a file, or what nobody can guess
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from shlex import quote
from typing import Final, NamedTuple

NAME: Final = "completion"
HELP: Final = "print what a shell needs to complete leveret's words"
EPILOG: Final = """\
examples:
  source <(leveret completion bash)                      in ~/.bashrc
  leveret completion zsh > ~/.zsh/completions/_leveret   in a folder of zsh's fpath
"""

FILES: Final = ("PATH", "DIR", "FILE")
"""Metavars of options whose value is a file."""

BASH: Final = """\
# Completion of leveret for bash: made by `leveret completion bash`.
_leveret() {
    local word="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD - 1]}"
    local place=leveret at words="" options=""
    COMPREPLY=()
    for ((at = 1; at < COMP_CWORD; at++)); do
        case "$place ${COMP_WORDS[at]}" in
            @PLACES@) place="$place ${COMP_WORDS[at]}" ;;
        esac
    done
    case "$place $previous" in
@VALUES@
    esac
    case "$place" in
@WORDS@
    esac
    [[ $word == -* || -z $words ]] && words=$options
    COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _leveret leveret
"""
BASH_FILES: Final = 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$word")); return'
BASH_WORDS: Final = 'COMPREPLY=($(compgen -W {} -- "$word")); return'
BASH_NOTHING: Final = "return"

ZSH: Final = """\
#compdef leveret
# Completion of leveret for zsh: made by `leveret completion zsh`.
_leveret() {
    local word="${words[CURRENT]}" previous="${words[CURRENT - 1]}"
    local place=leveret at choices="" options=""
    for ((at = 2; at < CURRENT; at++)); do
        case "$place ${words[at]}" in
            @PLACES@) place="$place ${words[at]}" ;;
        esac
    done
    case "$place $previous" in
@VALUES@
    esac
    case "$place" in
@WORDS@
    esac
    [[ $word == -* || -z $choices ]] && choices=$options
    compadd -- ${=choices}
}
if [ "$funcstack[1]" = "_leveret" ]; then
    _leveret "$@"
else
    compdef _leveret leveret
fi
"""
ZSH_FILES: Final = "_files; return"
ZSH_WORDS: Final = "choices={}; compadd -- ${{=choices}}; return"
ZSH_NOTHING: Final = "return"


class Option(NamedTuple):
    """`values`: what it may be followed by; None if it takes none."""

    flags: tuple[str, ...]
    values: tuple[str, ...] | None
    is_file: bool


class Place(NamedTuple):
    """`path` is what the words so far are, with a space between."""

    path: str
    words: tuple[str, ...]
    options: tuple[Option, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EPILOG
    parser.add_argument("shell", choices=("bash", "zsh"), help="for which shell")


def run(arguments: argparse.Namespace) -> int:
    found = list(places())
    print(bash(found) if arguments.shell == "bash" else zsh(found), end="")
    return 0


def places() -> Iterator[Place]:
    """All there are."""
    from leveret.cli.ctl_parser import ALL, make_parser  # not for the help of this command
    from leveret.cli.main import all_commands

    yield from places_of("leveret", all_commands(), skipped=("ctl",))
    yield Place("leveret ctl", tuple(ALL), (Option(("-h", "--help"), None, False),))
    for command in ALL.values():
        place = place_of(f"leveret ctl {command.name}", make_parser(command))
        yield place._replace(words=tuple(column.name for column in command.columns))


def places_of(
    path: str, parser: argparse.ArgumentParser, *, skipped: Iterable[str] = ()
) -> Iterator[Place]:
    """The parser's and those of its commands."""
    yield place_of(path, parser)
    # argparse has no other way to ask a parser what it knows.
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                if name not in skipped:
                    yield from places_of(f"{path} {name}", command)


def place_of(path: str, parser: argparse.ArgumentParser) -> Place:
    words: list[str] = []
    options = []
    for action in parser._actions:
        choices = tuple(str(choice) for choice in action.choices or ())
        if not action.option_strings:
            words += choices
            continue
        values = None if action.nargs == 0 else choices
        is_file = action.metavar in FILES and not choices
        options.append(Option(tuple(action.option_strings), values, is_file))
    return Place(path, tuple(words), tuple(options))


def bash(found: Iterable[Place]) -> str:
    return fill(BASH, list(found), "words", BASH_FILES, BASH_WORDS, BASH_NOTHING)


def zsh(found: Iterable[Place]) -> str:
    return fill(ZSH, list(found), "choices", ZSH_FILES, ZSH_WORDS, ZSH_NOTHING)


def fill(
    script: str, found: list[Place], variable: str, files: str, words: str, nothing: str
) -> str:
    values: list[str] = []
    lines: list[str] = []
    for place in found:
        for option in place.options:
            if option.values is not None:
                what = files if option.is_file else nothing
                if option.values:
                    what = words.format(quote(" ".join(option.values)))
                patterns = " | ".join(quote(f"{place.path} {flag}") for flag in option.flags)
                values.append(f"        {patterns}) {what} ;;")
        flags = " ".join(flag for option in place.options for flag in option.flags)
        text = f"{variable}={quote(' '.join(place.words))} options={quote(flags)}"
        lines.append(f"        {quote(place.path)}) {text} ;;")
    paths = " | ".join(quote(place.path) for place in found if place.path != "leveret")
    return (
        script.replace("@PLACES@", paths)
        .replace("@VALUES@", "\n".join(values))
        .replace("@WORDS@", "\n".join(lines))
    )
