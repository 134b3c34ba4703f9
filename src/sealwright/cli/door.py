"""The way in: find the command, hand it its output, turn what it raises into an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from sealwright.cli.index import COMMANDS, USAGE, Entry, help_text
from sealwright.cli.output import Output, write_line

if TYPE_CHECKING:
    import typer

PROGRAM: Final = "sealwright"


def run(arguments: Sequence[str]) -> int:
    """Run one command line and give its exit code; nothing is raised.

    Args:
        arguments: Without the program's name. ``--json`` and ``--quiet`` may stand anywhere before ``--``.
    """
    output, rest = _take_switches(arguments)
    if not rest or rest[0] in ("--help", "-h", "help"):
        write_line(sys.stdout, help_text())
        return 0 if rest else 2
    if rest[0] == "--version":
        rest = ["version", *rest[1:]]
    entry = COMMANDS.get(rest[0])
    if entry is None:
        return _unknown(rest[0], output)
    return _invoke(entry, rest, output)


def _take_switches(arguments: Sequence[str]) -> tuple[Output, list[str]]:
    rest = list(arguments)
    end = rest.index("--") if "--" in rest else len(rest)
    switches = {argument for argument in rest[:end] if argument in ("--json", "--quiet")}
    kept = [argument for argument in rest[:end] if argument not in switches]
    return Output("--json" in switches, "--quiet" in switches), kept + rest[end:]


def _unknown(name: str, output: Output) -> int:
    from difflib import get_close_matches

    from sealwright.cli.errors import report
    from sealwright.cli.misuse import Misused

    close = get_close_matches(name, COMMANDS, n=1)
    hint = f"; did you mean {close[0]}?" if close else f". {USAGE}"
    return report(Misused(f"There is no command {name!r}{hint}"), output, PROGRAM)


def _invoke(entry: Entry, words: Sequence[str], output: Output) -> int:
    from importlib import import_module

    import typer
    from typer.main import get_command

    from sealwright.cli.desk import peek_settings
    from sealwright.cli.misuse import INTERRUPTED, Misused

    target = getattr(import_module(entry.module), entry.attribute)
    app = target if isinstance(target, typer.Typer) else _alone(target, words[0])
    spoken = f"{PROGRAM} {words[0]}"
    if output.json:
        _keep_stderr_for_problems()
    try:
        if "--help" not in words:
            # A bad setting stops every command before it has read or changed anything.
            peek_settings()
        result = get_command(app).main(list(words[1:]), prog_name=spoken, standalone_mode=False, obj=output)
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except typer.TyperException as error:
        return _report(Misused(error.format_message()), output, spoken, entry)
    except BrokenPipeError:
        # Whoever read our output has gone; there is nobody to tell.
        _turn_away_stdout()
        return 1
    except Exception as error:  # noqa: BLE001 - the last handler: everything gets an exit code
        return _report(error, output, spoken, entry)
    return result if isinstance(result, int) else 0


def _report(error: Exception, output: Output, spoken: str, entry: Entry) -> int:
    from sealwright.cli.errors import report

    return report(error, output, spoken, document_at=entry.document_at)


def _keep_stderr_for_problems() -> None:
    """Nothing but a problem object goes to stderr: what libraries want to say is not printed beside it."""
    import logging

    logging.lastResort = None


def _turn_away_stdout() -> None:
    """Let what is still buffered go nowhere, or the interpreter would complain at its end."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _alone(function: Callable[..., object], name: str) -> typer.Typer:
    """Make an application of one command."""
    from sealwright.cli.app import alone

    app = alone()
    app.command(name)(function)
    return app
