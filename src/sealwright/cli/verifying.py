"""Verifying credentials and presentations offline: nothing is fetched, nothing is written."""

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
from sealwright.cli.options import read_nonce
from sealwright.cli.output import Output, of, printable

if TYPE_CHECKING:
    from sealwright.settings import Settings
    from sealwright.vc.encoding.strict_json import JSONValue
    from sealwright.vc.verification.presentation import PresentationReport
    from sealwright.vc.verification.report import VerificationReport


def verify(
    ctx: typer.Context,
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="A credential or presentation, as JSON, JWT or SD-JWT; `-` for input."),
    ],
    *,
    trusted_issuer: Annotated[
        list[str] | None, typer.Option("--trusted-issuer", metavar="DID", help="Accept only these; any if left out.")
    ] = None,
    status_list: Annotated[
        list[str] | None, typer.Option("--status-list", metavar="FILE", help="A status list credential to use.")
    ] = None,
    holder: Annotated[
        str | None, typer.Option("--holder", metavar="DID", help="Whom the credential must be about.")
    ] = None,
    challenge: Annotated[
        str | None, typer.Option("--challenge", help="What a presentation or key binding must answer.")
    ] = None,
    domain: Annotated[str | None, typer.Option("--domain", help="For whom it must have been made.")] = None,
    nonce: Annotated[
        str | None, typer.Option("--nonce", metavar="BASE64", help="What a derived proof must be bound to.")
    ] = None,
) -> int:
    """Verify a credential or presentation offline. Exit code 0: verified; 1: refused; 2: could not be checked."""
    from sealwright.vc.dids.syntax import parse_did

    for did in (*(trusted_issuer or ()), *([holder] if holder is not None else ())):
        parse_did(did)
    content, is_presentation = _document(file)
    _require_fitting(
        content,
        is_presentation,
        occasion=challenge if domain is None else domain,
        alone=next((name for name, one in (("--holder", holder), ("--nonce", nonce)) if one is not None), None),
        status_lists=bool(status_list),
    )
    trusted = frozenset(trusted_issuer) if trusted_issuer else None
    if is_presentation:
        return _verify_presentation(of(ctx), content, challenge, domain, trusted)
    from sealwright.services.verification import VerifyOptions
    from sealwright.web.api.rendering import report as report_members

    options = VerifyOptions(
        trusted_issuers=trusted,
        expected_holder=holder,
        status_lists=tuple(_status_list(name) for name in status_list or ()),
        challenge=challenge,
        domain=domain,
        nonce=None if nonce is None else read_nonce(nonce),
    )
    with offline() as at:
        found = at.office.verifier.verify(content, options)
    of(ctx).emit(rendering.snake_members(report_members(found)), plain=lambda: printable_lines(_spell(found)))
    return _exit_code(found)


def _verify_presentation(
    output: Output, content: object, challenge: str | None, domain: str | None, trusted: frozenset[str] | None
) -> int:
    from sealwright.services.verification import PresentationOptions
    from sealwright.web.api.rendering import report as report_members

    options = PresentationOptions(challenge=challenge, domain=domain, trusted_issuers=trusted)
    with offline() as at:
        found = at.office.verifier.verify_presentation(content, options)
    members = {
        **report_members(found.presentation),
        "verified": bool(found),
        "credentials": [report_members(one) for one in found.credentials],
    }
    output.emit(rendering.snake_members(members), plain=lambda: printable_lines(_spell_presentation(found)))
    codes = [_exit_code(one) for one in (found.presentation, *found.credentials)]
    # What was refused is worse news than what stays open.
    return FAULTY if FAULTY in codes else OPEN if OPEN in codes else SOUND


def _require_fitting(
    content: object, is_presentation: bool, *, occasion: str | None, alone: str | None, status_lists: bool
) -> None:
    """Refuse options that nothing would look at: whoever gave them would take the answer for theirs too.

    Raises:
        Misused: One is of no effect here.
    """
    from sealwright.vc.proofs.sd_jwt_reading import is_sd_jwt

    if is_presentation:
        if alone is not None:
            raise Misused(f"{alone} goes with a credential; a presentation tells whose it is and what it answers")
        if status_lists:
            raise Misused("--status-list goes with a credential")
    elif occasion is not None and not (isinstance(content, str) and is_sd_jwt(content)):
        raise Misused("--challenge and --domain go with a presentation or an SD-JWT; this is a credential alone")


def _exit_code(report: VerificationReport) -> int:
    from sealwright.vc.verification.report import Outcome

    if report:
        return SOUND
    return FAULTY if any(check.outcome is Outcome.FAILED for check in report.checks) else OPEN


def _spell(report: VerificationReport) -> list[str]:
    verdict = "verified" if report else "NOT verified"
    return [f"{verdict}  {report.credential_id or ''}".rstrip(), *_spell_checks(report)]


def _spell_checks(report: VerificationReport) -> list[str]:
    return [f"{check.outcome.value:<16}{check.name:<16}{check.code or ''}".rstrip() for check in report.checks]


def _spell_presentation(report: PresentationReport) -> list[str]:
    """The presentation line by line, then each credential's own report, set in."""
    verdict = "verified" if report else "NOT verified"
    lines = [f"{verdict}  presentation of {report.presentation.holder_did or 'nobody named'}"]
    lines += _spell_checks(report.presentation)
    for number, one in enumerate(report.credentials, start=1):
        head, *checks = _spell(one)
        lines += ["", f"  credential {number}: {head}", *(f"  {check}" for check in checks)]
    return lines


def printable_lines(lines: list[str]) -> str:
    """Join lines, each free of control characters."""
    return "\n".join(printable(line) for line in lines)


def _document(name: str) -> tuple[object, bool]:
    """Read what is to be verified, and tell whether it is a presentation; what is no JSON is judged as it stands."""
    from sealwright.cli.files import read_input
    from sealwright.services.verify_reading import Brought, Unreadable, read_text

    content = unwrapped(read_input(name))
    text = content if isinstance(content, str) else _as_text(content)
    try:
        brought = read_text(text, public_url="")
    except Unreadable:
        return content, False
    return content, isinstance(brought, Brought) and brought.is_presentation


def _as_text(content: object) -> str:
    import msgspec

    return msgspec.json.encode(content).decode("utf-8")


def unwrapped(content: bytes) -> object:
    """What a file holds: a JSON value, or text that is none; the answers of `issue`, `derive`, `present` are unwrapped.

    A token that stands in JSON as text is that text.
    """
    from sealwright.vc.encoding.strict_json import parse_json
    from sealwright.vc.errors import VcError

    try:
        document = parse_json(content)
    except VcError:
        return content.decode("utf-8", "replace").strip()
    if isinstance(document, dict) and "@context" not in document:
        for name in ("credential", "presentation"):
            if isinstance(document.get(name), dict | str):
                return document[name]
    return document


def _status_list(name: str) -> Mapping[str, JSONValue]:
    from sealwright.cli.files import read_input
    from sealwright.vc.encoding.strict_json import parse_json

    content = parse_json(read_input(name))
    if not isinstance(content, dict):
        raise Misused(f"{name} holds no status list credential")
    return content


@contextmanager
def offline() -> Iterator[desk.Desk]:
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
