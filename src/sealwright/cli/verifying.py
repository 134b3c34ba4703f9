"""Verifying a credential offline: nothing is fetched, nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from sealwright.cli import desk, rendering
from sealwright.cli.misuse import FAULTY, OPEN, SOUND, Misused
from sealwright.cli.output import of, printable

if TYPE_CHECKING:
    from sealwright.settings import Settings
    from sealwright.vc.encoding.strict_json import JSONValue
    from sealwright.vc.verification.report import VerificationReport


def verify(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A credential, as JSON or a compact JWT; `-` for input.")],
    *,
    trusted_issuer: Annotated[
        list[str] | None, typer.Option("--trusted-issuer", metavar="DID", help="Accept only these; any if left out.")
    ] = None,
    status_list: Annotated[
        list[str] | None, typer.Option("--status-list", metavar="FILE", help="A status list credential to use.")
    ] = None,
) -> int:
    """Verify a credential offline. Exit code 0: verified; 1: refused; 2: could not be checked."""
    from sealwright.services.verification import VerifyOptions
    from sealwright.vc.dids.syntax import parse_did
    from sealwright.web.api.rendering import report as report_members

    for issuer in trusted_issuer or ():
        parse_did(issuer)
    options = VerifyOptions(
        trusted_issuers=frozenset(trusted_issuer) if trusted_issuer else None,
        status_lists=tuple(_status_list(name) for name in status_list or ()),
    )
    document = _document(file)
    with _offline() as at:
        found = at.office.verifier.verify(document, options)
    of(ctx).emit(rendering.snake_members(report_members(found)), plain=lambda: _spell(found))
    return _exit_code(found)


def _exit_code(report: VerificationReport) -> int:
    from sealwright.vc.verification.report import Outcome

    if report:
        return SOUND
    return FAULTY if any(check.outcome is Outcome.FAILED for check in report.checks) else OPEN


def _spell(report: VerificationReport) -> str:
    lines = [f"{check.outcome.value:<16}{check.name:<16}{check.code or ''}".rstrip() for check in report.checks]
    verdict = "verified" if report else "NOT verified"
    return printable_lines([f"{verdict}  {report.credential_id or ''}".rstrip(), *lines])


def printable_lines(lines: list[str]) -> str:
    """Join lines, each free of control characters."""
    return "\n".join(printable(line) for line in lines)


def _document(name: str) -> object:
    """Read a credential; the answer of `issue --json` is unwrapped. What is no JSON is judged as it stands."""
    from sealwright.cli.files import read_input
    from sealwright.vc.encoding.strict_json import parse_json
    from sealwright.vc.errors import VcError

    content = read_input(name)
    try:
        document = parse_json(content)
    except VcError:
        return content.decode("utf-8", "replace").strip()
    if isinstance(document, dict) and "@context" not in document and isinstance(document.get("credential"), dict):
        return document["credential"]
    return document


def _status_list(name: str) -> Mapping[str, JSONValue]:
    from sealwright.cli.files import read_input
    from sealwright.vc.encoding.strict_json import parse_json

    content = parse_json(read_input(name))
    if not isinstance(content, dict):
        raise Misused(f"{name} holds no status list credential")
    return content


@contextmanager
def _offline() -> Iterator[desk.Desk]:
    """The office with its way out closed; an empty one, gone afterwards, where there is none."""
    from sealwright.settings import OutboundResolution

    settings = desk.peek_settings()
    if desk.has_store(settings):
        with desk.open_office(replace(settings, outbound_resolution=OutboundResolution.OFF)) as at:
            yield at
        return
    with TemporaryDirectory() as folder, desk.open_office(_elsewhere(Path(folder))) as at:
        yield at


def _elsewhere(folder: Path) -> Settings:
    from sealwright.settings import load_settings

    return load_settings({"SEALWRIGHT_HOME": str(folder)}, cwd=folder)
