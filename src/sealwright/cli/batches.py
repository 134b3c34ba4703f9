"""Batches from files: checked, issued with progress, taken up again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from sealwright.cli import desk, rendering
from sealwright.cli.app import group
from sealwright.cli.batch_files import (
    Blocks,
    Errors,
    IntakeBar,
    blocks_of,
    checked_members,
    checked_words,
    tell_finding,
)
from sealwright.cli.batch_running import Places, beside, carry_out, conclude, end_replaced, require_room
from sealwright.cli.misuse import DONE, PARTLY, Misused
from sealwright.cli.options import checked, present
from sealwright.cli.output import Output, of, printable

if TYPE_CHECKING:
    from sealwright.services.batch_desk import BatchWish
    from sealwright.services.row_intake import IntakeReport, RowsWish

batches = group("Batches of credentials: check, run, resume, status.")

_FAULTS_TOLD: Final = 3
_NAME_MOST: Final = 200

File: TypeAlias = Annotated[str, typer.Argument(metavar="FILE", help="CSV, or one JSON row a line; `-` for input.")]
SchemaId: TypeAlias = Annotated[str | None, typer.Option("--schema", metavar="ID", help="Credential schema.")]
TypeValue: TypeAlias = Annotated[str | None, typer.Option("--type", metavar="VALUE", help="Credential type.")]
IssuerDid: TypeAlias = Annotated[
    str | None, typer.Option("--issuer-did", metavar="DID", help="By default the type's, or the only organization.")
]
Expires: TypeAlias = Annotated[
    str | None, typer.Option("--expires", metavar="TS", help="For rows that name none; RFC 3339.")
]
ProofType: TypeAlias = Annotated[str | None, typer.Option("--proof-type", metavar="T")]
Encoding: TypeAlias = Annotated[
    str | None, typer.Option("--encoding", help="utf-8, utf-16 or windows-1252; found if left out.")
]
Dates: TypeAlias = Annotated[
    str | None, typer.Option("--dates", help="dmy or mdy: which part of a written date comes first.")
]
Mapping_: TypeAlias = Annotated[
    list[str] | None, typer.Option("--map", metavar="COLUMN=POINTER", help="Where a column leads: gpa=/claims/gpa")
]
OnDuplicate: TypeAlias = Annotated[
    str, typer.Option("--on-duplicate", help="fail or skip: rows whose holder an earlier row names.")
]
Results: TypeAlias = Annotated[
    str | None, typer.Option("--results", metavar="FILE", help="Where the results go; else results.csv.")
]
BatchId: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="The batch's id.")]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the options say of a file and of what is to be issued."""

    file: str
    schema: str | None
    type_value: str | None
    issuer_did: str | None
    expires: str | None
    proof_type: str | None
    encoding: str | None
    dates: str | None
    mapping: Mapping[str, str]
    on_duplicate: str


@batches.command("check")
def check(
    ctx: typer.Context,
    file: File,
    *,
    schema: SchemaId = None,
    type_value: TypeValue = None,
    issuer_did: IssuerDid = None,
    expires: Expires = None,
    proof_type: ProofType = None,
    encoding: Encoding = None,
    dates: Dates = None,
    mapping: Mapping_ = None,
    on_duplicate: OnDuplicate = "fail",
) -> int:
    """Read a file as `run` would, tell what is wrong, and issue nothing."""
    asked = _Asked(
        file, schema, type_value, issuer_did, expires, proof_type, encoding, dates, _mapped(mapping), on_duplicate
    )
    output = of(ctx)
    with desk.reading() as at, blocks_of(file) as content:
        batch = at.office.acts.rehearse(at.caller, _creating(at, _wish(at, asked)))
        errors = Errors(at, batch)
        intake, progress = at.office.bulk.intake, IntakeBar(output, "Checking", file)
        wish = _rows_wish(asked, content)
        report = intake.check(batch, content.all(), wish, progress=progress.tell, faulty=errors.add)
        progress.end(report)
        errors_file = errors.write(beside(file, "errors.csv", "check")) if report.invalid else None
    tell_finding(output, report.finding)
    output.emit(checked_members(report, errors_file), plain=checked_words(report, errors_file))
    return PARTLY if report.invalid else DONE


@batches.command("run")
def run(
    ctx: typer.Context,
    file: File,
    *,
    schema: SchemaId = None,
    type_value: TypeValue = None,
    issuer_did: IssuerDid = None,
    expires: Expires = None,
    proof_type: ProofType = None,
    results: Results = None,
    encoding: Encoding = None,
    dates: Dates = None,
    mapping: Mapping_ = None,
    on_duplicate: OnDuplicate = "fail",
) -> int:
    """Issue a credential for each row of a file. Ctrl-C stops cleanly; `resume` goes on."""
    asked = _Asked(
        file, schema, type_value, issuer_did, expires, proof_type, encoding, dates, _mapped(mapping), on_duplicate
    )
    output = of(ctx)
    with desk.writing() as at, blocks_of(file) as content:
        require_room(output, file, results)
        wish = _wish(at, asked)
        batch = at.office.acts.run(at.caller, _creating(at, wish))
        batch_id = batch.batch_id
        with _given_up_unless_started(at, output, batch_id):
            progress = IntakeBar(output, "Checking", file)
            taken = at.office.bulk.intake.take_in(
                at.caller, batch_id, content.all(), _rows_wish(asked, content), progress=progress.tell
            )
            progress.end(taken)
            tell_finding(output, taken.finding)
            _require_startable(taken)
            at.office.acts.run(at.caller, lambda uow, me: at.office.bulk.desk.start(uow, me, batch_id))
        done = carry_out(at, output, batch_id)
        return conclude(at, output, done, Places.of(file, results, batch_id))


@batches.command("resume")
def resume(ctx: typer.Context, batch_id: BatchId, *, results: Results = None) -> int:
    """Go on with a batch that was stopped or interrupted, and write its results."""
    output = of(ctx)
    require_room(output, "-", results)
    with desk.writing() as at:
        _wake(at, batch_id)
        done = carry_out(at, output, batch_id)
        ended = end_replaced(at, output, done)
        return conclude(at, output, done, Places.of("-", results, batch_id), ended)


def _wake(at: desk.Desk, batch_id: str) -> None:
    """Let a batch be carried out that was paused, or never begun.

    Raises:
        BatchNotFound, StateConflict, DomainError: As the desk of batches says.
    """
    from sealwright.domain.batches import BatchKind, BatchStatus
    from sealwright.domain.errors import StateConflict
    from sealwright.services.mass_values import replaced_batch

    bulk = at.office.bulk
    batch = bulk.desk.get(at.caller, batch_id, at.view)
    origin = replaced_batch(batch)
    if batch.status is BatchStatus.PAUSED:
        at.office.acts.run(at.caller, lambda uow, me: bulk.desk.resume(uow, me, batch_id))
    elif batch.status is not BatchStatus.DRAFT:
        return
    elif origin is not None:
        if bulk.mass.gathering.follow(batch_id).status is BatchStatus.DRAFT:
            raise StateConflict(f"It begins when {origin} is over: sealwright batch resume {origin}")
    elif batch.options.selection is None and batch.kind is BatchKind.ISSUE:
        at.office.acts.run(at.caller, lambda uow, me: bulk.desk.start(uow, me, batch_id))


@batches.command("status")
def status(ctx: typer.Context, batch_id: BatchId) -> None:
    """Show how far a batch is."""
    from sealwright.services.batch_views import look_at
    from sealwright.web.api import batch_rendering

    with desk.reading() as at:
        batch = at.office.bulk.desk.get(at.caller, batch_id, at.view)
        with at.office.units(write=False) as uow:
            view = look_at(uow, batch, at.office.clock.now())
        members = rendering.snake_members(batch_rendering.batch(view, at.office.public_url))
    links = members.pop("links")
    output = of(ctx)
    output.emit({**members, "results_file": None, "links": links} if output.json else members)


# -- what is asked for -----------------------------------------------------------------------------


def _mapped(mapping: list[str] | None) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for entry in mapping or ():
        column, separator, pointer = entry.rpartition("=")
        if not separator or not column:
            raise Misused(f"--map takes COLUMN=POINTER, not {entry!r}")
        found[column] = pointer
    return found


def _wish(at: desk.Desk, asked: _Asked) -> BatchWish:
    from sealwright.services.batch_desk import BatchWish
    from sealwright.web.api.shapes.batches import NEW_BATCH, options_of

    if (asked.schema is None) == (asked.type_value is None):
        raise Misused("say what to issue: either --schema ID or --type VALUE")
    if asked.on_duplicate not in ("fail", "skip"):
        raise Misused("--on-duplicate takes fail or skip")
    kind = at.office.catalog.get(at.caller, asked.type_value) if asked.type_value is not None else None
    members = present(
        schemaId=kind.schema_id if kind is not None else asked.schema,
        issuerDid=asked.issuer_did or (kind.issuer_did if kind is not None else _only_organization(at)),
        expirationDate=asked.expires,
        proofType=asked.proof_type or (kind.proof_type if kind is not None else None),
        suspendable=kind.suspendable if kind is not None else None,
        onDuplicate=asked.on_duplicate,
        mapping=asked.mapping,
    )
    body = checked(NEW_BATCH, members)
    options = replace(options_of(body), source=_source(asked.file))
    return BatchWish(body["issuerDid"], body["schemaId"], options, options.source)


def _only_organization(at: desk.Desk) -> str:
    from sealwright.domain.dids import DIDKind

    known = at.office.bulk.drafts.choices(at.caller).issuers
    issuers = [one.did for one in known if one.kind is DIDKind.ORGANIZATION]
    if len(issuers) != 1:
        raise Misused(f"name the issuer with --issuer-did: {len(issuers)} organizations could sign")
    return issuers[0]


def _creating(at: desk.Desk, wish: BatchWish) -> Any:
    return lambda uow, me: at.office.bulk.desk.create(uow, me, wish)


def _rows_wish(asked: _Asked, content: Blocks) -> RowsWish:
    from sealwright.services.row_cells import DateOrder
    from sealwright.services.row_intake import RowsWish

    if asked.dates not in (None, *DateOrder):
        raise Misused("--dates takes dmy or mdy")
    dates = {"": DateOrder(asked.dates)} if asked.dates is not None else {}
    return RowsWish(content.media_type(), asked.encoding, dates=dates, source=_source(asked.file))


def _source(file: str) -> str | None:
    """The file's name as it is kept with the batch; names on disk may hold bytes that are no text."""
    return printable(Path(file).name)[:_NAME_MOST] if file != "-" else None


# -- taking rows in --------------------------------------------------------------------------------


@contextmanager
def _given_up_unless_started(at: desk.Desk, output: Output, batch_id: str) -> Iterator[None]:
    """A draft whose rows were refused, or not read to their end, is of use to nobody."""
    from sealwright.domain.errors import DomainError

    try:
        yield
    except BaseException as error:
        with suppress(DomainError):
            at.office.acts.run(at.caller, lambda uow, me: at.office.bulk.desk.cancel(uow, me, batch_id))
        if isinstance(error, KeyboardInterrupt):
            output.say("\nStopped while the file was read; nothing was issued.")
        raise


def _require_startable(report: IntakeReport) -> None:
    """Refuse to issue while nobody knows what the dates of a column say, or where no row could be issued."""
    from sealwright.domain.batch_errors import UnreadableRows
    from sealwright.vc.errors import Fault

    unclear = report.finding.unclear_dates
    if unclear:
        detail = f"The dates of {', '.join(unclear)} can be read in two ways; say --dates dmy or --dates mdy."
        raise UnreadableRows(detail, faults=[Fault(report.finding.columns[unclear[0]], "INVALID_DATE", detail)])
    if report.valid == 0:
        faults = [
            Fault(error.pointer, error.code, f"of row {error.row + 1}: {error.detail}")
            for error in report.errors[:_FAULTS_TOLD]
        ]
        detail = "No row of the file can be issued, so nothing was begun; `sealwright batch check` tells of each."
        raise UnreadableRows(detail, faults=faults)
