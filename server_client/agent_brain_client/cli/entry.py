"""Runs one command: finds it, parses for it alone, and turns every failure into one sentence and an exit code."""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from agent_brain_client.cli.registry import Command
from agent_brain_client.errors import BROKEN_PIPE, FAILED, INTERRUPTED, OK, USAGE, ClientError, UsageError
from agent_brain_contract.streams import abandon_stdout, open_missing_streams, remember_lost_output, unwritten

EPILOG = """exit codes:
  0    done; also a search that found nothing, which says so
  1    the operation failed
  2    wrong usage or settings, or the project is not set up
  3    the server does not answer, could not start, or (status) does not run
  130  interrupted with Ctrl-C
  141  the reader of the output went away

agent-brain --version says the same as agent-brain version.
Every command takes --project, --json and --debug, before or after its name.
Answers go to stdout, progress and notes to stderr. NO_COLOR turns colour off."""
_WITH_VALUE = frozenset({"--project"})
_UNKNOWN = "unrecognized arguments: "
_ARGUMENT = re.compile(r"^argument (?:-\w/)*(--[\w-]+): (?=must )")


class _Parser(argparse.ArgumentParser):
    """A parser that reports what is wrong in one line, as every other failure."""

    def error(self, message: str) -> NoReturn:
        message = _ARGUMENT.sub(r"\1 ", message).rstrip(".")
        unknown = message.removeprefix(_UNKNOWN)
        if self.prog.endswith("search") and (unknown != message or "required: QUERY" in message):
            said = f"search has no {unknown}" if unknown != message else message
            raise UsageError(
                f"{said}. See: {self.prog} --help, or for a question that begins with -: {self.prog} -- QUERY"
            )
        raise UsageError(f"{message}. See: {self.prog} --help")


def run(argv: Sequence[str], commands: Sequence[Command]) -> int:
    """Run the command that `argv` names and return its exit code. Never raises."""
    open_missing_streams()
    remember_lost_output()
    _keep_output_printable()
    debug, as_json = "--debug" in argv, "--json" in argv
    try:
        code = _dispatch(list(argv), commands)
        lost = unwritten()
        return _say(lost, FAILED) if lost else code
    except BrokenPipeError:
        abandon_stdout()
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        sentence, code = _failure(error)
        members = error.members if isinstance(error, ClientError) else None
        return _say(sentence, code, as_json, members, shown=error if debug else None)


def _failure(error: Exception) -> tuple[str, int]:
    """Return the sentence and the exit code for what went wrong."""
    if isinstance(error, ClientError):
        return str(error), error.exit_code
    if isinstance(error, ImportError):
        from agent_brain_client.installation import damage

        return damage(error), FAILED
    if isinstance(error, OSError):
        return unwritten() or f"{error.strerror or error}: {error.filename or 'this file'}", FAILED
    return (
        f"internal error ({type(error).__name__}: {error}). This is a bug in Agent Brain; --debug shows where.",
        FAILED,
    )


def _say(
    sentence: str,
    code: int,
    as_json: bool = False,
    members: Mapping[str, object] | None = None,
    shown: Exception | None = None,
) -> int:
    """Print what went wrong for people on stderr and, if asked to, for programs on stdout; the value is `code`."""
    from agent_brain_client.output import note, print_json, styled
    from agent_brain_contract.escaping import one_line

    try:
        if as_json:
            print_json({"error": sentence, "exit_code": code, **(members or {})})
        sys.stdout.flush()
    except OSError:
        abandon_stdout()
    if shown is not None:
        _show_where(shown)
    note(f"{styled('agent-brain:', 'red', sys.stderr)} {one_line(sentence)}")
    return code


def _show_where(error: Exception) -> None:
    """Print the traceback, escaped and indented: it holds names and messages from anywhere."""
    import traceback

    from agent_brain_client.output import note

    lines = "".join(traceback.format_exception(error)).rstrip("\n").split("\n")
    note(*(f"  {line}" for line in lines))


def _dispatch(argv: list[str], commands: Sequence[Command]) -> int:
    try:
        return _run_command(argv, commands)
    except SystemExit as end:  # argparse has printed the help
        return end.code if isinstance(end.code, int) else OK


def _run_command(argv: list[str], commands: Sequence[Command]) -> int:
    before, name, after = _split(["version" if word == "--version" else word for word in argv[:1]] + argv[1:])
    parser = _top_parser(commands)
    shared = parser.parse_args(before)
    if name is None:
        parser.print_help(sys.stderr)
        return USAGE
    command = next((command for command in commands if command.name == name), None)
    if command is None:
        parser.error(_unknown(name, commands))
    module = importlib.import_module(command.module)
    own = _Parser(prog=f"agent-brain {name}", description=_sentence(command.summary), allow_abbrev=False)
    _add_shared(own)
    module.configure(own)
    # Options may be between a question's words; argparse loses sight of `--` then.
    parse = own.parse_args if "--" in after else own.parse_intermixed_args
    code = module.run(parse(after, shared))
    return OK if code is None else int(code)


def _split(argv: list[str]) -> tuple[list[str], str | None, list[str]]:
    """Return the options before the command, its name, and everything after it."""
    position = 0
    while position < len(argv) and argv[position].startswith("-"):
        position += 2 if argv[position] in _WITH_VALUE else 1
    if position >= len(argv):
        return argv, None, []
    return argv[:position], argv[position], argv[position + 1 :]


def _top_parser(commands: Sequence[Command]) -> argparse.ArgumentParser:
    longest = max(len(command.name) for command in commands)
    listing = "\n".join(f"  {command.name:<{longest}}  {command.summary}" for command in commands)
    parser = _Parser(
        prog="agent-brain",
        usage="agent-brain [--project PATH] [--json] [--debug] COMMAND …",
        description=f"Ask a project anything.\n\ncommands (agent-brain COMMAND --help says more):\n{listing}",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(project=None, json=False, debug=False)
    _add_shared(parser)
    return parser


def _add_shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--project",
        metavar="PATH",
        default=argparse.SUPPRESS,
        help="the project's root (default: found from the current directory)",
    )
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="answer as JSON")
    parser.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show where a failure happened")


def _sentence(summary: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}."


def _unknown(name: str, commands: Sequence[Command]) -> str:
    import difflib

    near = difflib.get_close_matches(name, [command.name for command in commands], n=1)
    return f"there is no command {name!r}" + (f" (did you mean {near[0]}?)" if near else "")


def _keep_output_printable() -> None:
    """Have a terminal that lacks a character show its escape, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
