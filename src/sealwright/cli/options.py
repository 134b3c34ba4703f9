"""Options that several commands take, and how their texts are read."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from sealwright.cli.misuse import Misused

if TYPE_CHECKING:
    from sealwright.cli.output import Output
    from sealwright.services.ports import Clock
    from sealwright.web.shape import Shape

_MOST_NONCE_BYTES: Final = 1024

Reason: TypeAlias = Annotated[str, typer.Option("--reason", help="Why; kept for the office, never public.")]
ReasonCode: TypeAlias = Annotated[str, typer.Option("--reason-code", help="Why, as the public may read it.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Tell what would happen, and change nothing.")]


def commas(text: str | None) -> list[str] | None:
    """Split ``a,b``; None stays None.

    Raises:
        Misused: An empty part.
    """
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise Misused(f"{text!r} has an empty part")
    return parts


def present(**members: object) -> dict[str, object]:
    """Collect what was given; None was not."""
    return {name: value for name, value in members.items() if value is not None}


def checked(shape: Shape, members: Mapping[str, object]) -> dict[str, Any]:
    """Judge options by the rules of the HTTP body that says the same.

    Raises:
        MalformedBody: With every fault.
    """
    import msgspec

    return shape.read(msgspec.json.encode(members))


def expiry(seconds: int | None, clock: Clock) -> datetime | None:
    """Turn a life in seconds into a moment.

    Raises:
        Misused: Not 1 second to 100 years.
    """
    from datetime import timedelta

    if seconds is None:
        return None
    if not 1 <= seconds <= 100 * 366 * 86_400:
        raise Misused("--expires-in takes 1 second to 100 years")
    return clock.now() + timedelta(seconds=seconds)


def read_nonce(text: str) -> bytes:
    """Read a verifier's nonce from base64, of either alphabet, with or without padding.

    Raises:
        Misused: It is none, or stands for no byte or over 1,024.
    """
    import base64
    import binascii

    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        nonce = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Misused("--nonce is no base64") from None
    if not 1 <= len(nonce) <= _MOST_NONCE_BYTES:
        raise Misused(f"--nonce stands for 1 to {_MOST_NONCE_BYTES} bytes")
    return nonce


def confirm(output: Output, question: str, *, yes: bool) -> None:
    """Ask before something that cannot be undone, where somebody sits at a terminal to answer.

    Raises:
        typer.Abort: They said no.
    """
    if yes or output.json or not (_is_terminal(sys.stdin) and _is_terminal(sys.stderr)):
        return
    typer.confirm(question, abort=True, err=True)


def _is_terminal(stream: object) -> bool:
    """Tell whether somebody sits there; a closed stream is none at all."""
    return bool(getattr(stream, "isatty", bool)())
