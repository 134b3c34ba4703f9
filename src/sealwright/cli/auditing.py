"""The audit trail and the store, held against what they promise."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from sealwright.cli import desk
from sealwright.cli.app import group
from sealwright.cli.misuse import FAULTY, OPEN, SOUND, UnreadableFile
from sealwright.cli.output import Output, of, printable

if TYPE_CHECKING:
    from sealwright.domain.audit_check import AuditVerdict

audit = group("The audit trail.")


@audit.command("verify")
def verify(
    ctx: typer.Context,
    file: Annotated[str | None, typer.Argument(metavar="[FILE]", help="An export; the store if left out.")] = None,
    *,
    checkpoint: Annotated[
        list[str] | None, typer.Option("--checkpoint", metavar="FILE", help="A checkpoint note kept elsewhere.")
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option("--key", metavar="KEY", help="A verifier key known from elsewhere.")
    ] = None,
) -> int:
    """Rebuild every hash. Exit code 0: sound; 1: a fault was found; 2: could not be checked."""
    from sealwright.cli.files import read_input
    from sealwright.domain.audit_check import check_export

    outside = [read_input(name) for name in checkpoint or ()]
    if file is None:
        with desk.reading() as at:
            verdict = at.office.auditing.verify(at.caller, tuple(outside))
    else:
        try:
            with open(file, "rb") as lines:
                verdict = check_export(lines, keys=key or (), outside=outside)
        except OSError as error:
            raise UnreadableFile(f"{file} cannot be read: {error.strerror}") from error
    return _tell(of(ctx), verdict)


def _tell(output: Output, verdict: AuditVerdict) -> int:
    word = {True: "sound", False: "FAULT", None: "could not be checked"}[verdict.verified]
    members = {
        "verified": verdict.verified,
        "records": verdict.records,
        "first_bad": verdict.first_bad,
        "detail": verdict.detail,
        "head_hash": verdict.head_hash,
        "checkpoints": verdict.checkpoints,
    }
    output.emit(members, plain=printable(f"{word}: {verdict.detail}"))
    return verdict.exit_code


@audit.command("export")
def export(
    ctx: typer.Context,
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="Where to; `-` for stdout.")],
) -> None:
    """Write the whole trail with its checkpoints, for anyone to verify."""
    from sealwright.cli.files import write_output

    count = _Count()
    with desk.reading() as at:
        written = write_output(out, count.passing(at.office.auditing.export(at.caller)))
    if out != "-":
        members = {"file": out, "lines": count.lines, "bytes": written, "sha256": count.digest.hexdigest()}
        of(ctx).emit(members)


class _Count:
    """Counts and digests lines on their way."""

    def __init__(self) -> None:
        self.lines = 0
        self.digest = hashlib.sha256()

    def passing(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """Give the lines on."""
        for line in lines:
            self.lines += 1
            self.digest.update(line)
            yield line


def verify_store(ctx: typer.Context) -> int:
    """Re-read everything that is stored. Exit code 0: sound; 1: a fault was found; 2: could not be checked."""
    from sealwright.domain.errors import OfficeClosed

    try:
        with desk.reading() as at:
            problems = [
                {"kind": one.kind, "id": one.id, "detail": one.detail} for one in at.office.store_check.run(at.caller)
            ]
            trail = at.office.auditing.verify(at.caller)
    except OfficeClosed as error:
        of(ctx).emit({"verified": None, "problems": [], "detail": error.detail}, plain=error.detail)
        return OPEN
    if trail.verified is False:
        problems.append({"kind": "audit", "id": str(trail.first_bad), "detail": trail.detail})
    verified = False if problems else trail.verified
    lines = [f"{one['kind']}  {one['id']}  {one['detail']}" for one in problems]
    of(ctx).emit(
        {"verified": verified, "problems": problems, "detail": trail.detail},
        plain="\n".join(printable(line) for line in lines) or "sound",
    )
    return {True: SOUND, False: FAULTY, None: OPEN}[verified]
