"""Mass acts at the terminal: revoke, or issue anew, whatever a filter finds, with a preview and progress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from sealwright.cli import desk
from sealwright.cli.misuse import DONE, PARTLY, Misused
from sealwright.cli.options import DryRun, Reason, ReasonCode, Yes, checked, confirm, present
from sealwright.cli.output import Output, of

if TYPE_CHECKING:
    from sealwright.domain.batches import Batch
    from sealwright.services.mass_values import MassPreview

# Failed rows that the answer names; all of them stand in the batch's results.
_FAILED_SHOWN: Final = 1_000

IssuerDid: TypeAlias = Annotated[str | None, typer.Option("--issuer-did", metavar="DID", help="Whose credentials.")]
SchemaId: TypeAlias = Annotated[str | None, typer.Option("--schema", metavar="ID", help="Only this schema's.")]
Method: TypeAlias = Annotated[
    str | None, typer.Option("--verification-method", metavar="V", help="Only those that this key signed.")
]
From: TypeAlias = Annotated[str | None, typer.Option("--from", metavar="TS", help="Only those issued from then on.")]
To: TypeAlias = Annotated[str | None, typer.Option("--to", metavar="TS", help="Only those issued until then.")]
BatchId: TypeAlias = Annotated[str | None, typer.Option("--batch", metavar="ID", help="Only those of this batch.")]


def filter_members(
    schema: str | None, method: str | None, first: str | None, last: str | None, batch: str | None
) -> dict[str, object]:
    """The filter as the HTTP body has it."""
    return present(schemaId=schema, verificationMethod=method, issuedFrom=first, issuedTo=last, batchId=batch)


def revoke_matching(ctx: typer.Context, body: Mapping[str, object], *, dry_run: bool, yes: bool) -> int:
    """Revoke whatever a filter finds among an issuer's credentials.

    Args:
        body: The members of the HTTP body of ``batch-revoke``.
    """
    from sealwright.cli.batch_running import carry_out
    from sealwright.web.api.shapes.mass import BATCH_REVOKE, mass_wish_of

    wish = mass_wish_of(checked(BATCH_REVOKE, body))
    output = of(ctx)
    with (desk.reading if dry_run else desk.writing)() as at:
        mass = at.office.bulk.mass
        seen = mass.preview(at.caller, wish, at.view)
        if dry_run:
            output.emit(_preview_members(seen), plain=_preview_words(seen, "revoked"))
            return DONE
        confirm(output, f"Revoke {seen.count:,} credentials for good?", yes=yes)
        batch = mass.revoke(at.caller, wish)
        done = carry_out(at, output, batch.batch_id)
        failed = _failures(at, done)
    output.emit({**_batch_members(done, "revoked"), "results": failed}, plain=_done_words(done, "revoked"))
    return PARTLY if done.failed or done.remaining else DONE


def reissue(
    ctx: typer.Context,
    *,
    issuer_did: Annotated[str, typer.Option("--issuer-did", metavar="DID", help="Whose credentials.")],
    schema: SchemaId = None,
    method: Method = None,
    first: From = None,
    last: To = None,
    batch: BatchId = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="TS", help="For all; else each keeps its own end.")
    ] = None,
    keep_old: Annotated[bool, typer.Option("--keep-old", help="Do not revoke those that are replaced.")] = False,
    reason: Reason = "Issued anew.",
    reason_code: ReasonCode = "superseded",
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Issue valid credentials anew with the issuer's present key, then revoke those that they replace."""
    from sealwright.web.api.shapes.mass import REISSUE, reissue_wish_of

    chosen = filter_members(schema, method, first, last, batch)
    members = present(issuerDid=issuer_did, filter=chosen, expirationDate=expires, revokeOld=not keep_old)
    wish = reissue_wish_of(checked(REISSUE, {**members, "reason": reason, "reasonCode": reason_code}))
    output = of(ctx)
    with (desk.reading if dry_run else desk.writing)() as at:
        mass = at.office.bulk.mass
        seen = mass.preview_reissue(at.caller, wish, at.view)
        if dry_run:
            output.emit(_preview_members(seen), plain=_preview_words(seen, "issued anew"))
            return DONE
        confirm(output, f"Issue {seen.count:,} credentials anew?", yes=yes)
        made = [_renewed(at, output, one.batch_id) for one in mass.reissue(at.caller, wish)]
    output.emit({"batches": [one for one, _ in made]}, plain="\n".join(_renewed_words(one) for one, _ in made))
    return DONE if all(whole for _, whole in made) else PARTLY


def _renewed(at: desk.Desk, output: Output, batch_id: str) -> tuple[dict[str, Any], bool]:
    """Carry out one batch of a re-issue, and the end of what it replaced; tells, too, whether nothing is left."""
    from sealwright.cli.batch_running import carry_out, end_replaced

    done = carry_out(at, output, batch_id)
    ended = end_replaced(at, output, done)
    left = any(one is not None and (one.failed or one.remaining) for one in (done, ended))
    revoked = ended.issued if ended is not None else 0
    members = {**_batch_members(done, "issued"), "transaction_hash": done.transaction_hash, "revoked": revoked}
    return members, not left


def _failures(at: desk.Desk, batch: Batch) -> list[dict[str, object]]:
    if not batch.failed:
        return []
    found: list[dict[str, object]] = []
    for result in at.office.bulk.desk.results.each(batch):
        if result.fault is not None and len(found) < _FAILED_SHOWN:
            error = {"code": result.fault.code, "detail": result.fault.detail}
            found.append({"credential_id": result.credential_id, "status": "failed", "error": error})
    return found


def _batch_members(batch: Batch, done: str) -> dict[str, Any]:
    return {
        "batch_id": batch.batch_id,
        "status": batch.status.value,
        "total": batch.total,
        done: batch.issued,
        "failed": batch.failed,
        "remaining": batch.remaining,
    }


def _done_words(batch: Batch, done: str) -> str:
    words = f"{batch.batch_id}  {batch.status.value}: {batch.issued:,} {done}, {batch.failed:,} failed"
    return words if not batch.remaining else f"{words}, {batch.remaining:,} to go"


def _renewed_words(made: Mapping[str, Any]) -> str:
    return (
        f"{made['batch_id']}  {made['status']}: {made['issued']:,} issued anew, {made['failed']:,} failed, "
        f"{made['revoked']:,} old ones revoked"
    )


def _preview_members(seen: MassPreview) -> dict[str, object]:
    return {
        "dry_run": True,
        "count": seen.count,
        "by_status": dict(seen.by_status),
        "not_revocable": seen.not_revocable,
        "not_reissuable": seen.not_reissuable,
        "grants": seen.grants,
        "copies": seen.copies,
        "sample": list(seen.sample),
    }


def _preview_words(seen: MassPreview, done: str) -> str:
    states = ", ".join(f"{count:,} {name}" for name, count in seen.by_status.items())
    return "\n".join([f"{seen.count:,} would be {done} ({states})", *seen.sample])


def require_choice(ids: list[str], issuer_did: str | None, chosen: Mapping[str, object]) -> None:
    """Refuse a call that names neither ids nor an issuer, or both.

    Raises:
        Misused: It is so.
    """
    if ids and (issuer_did is not None or chosen):
        raise Misused("name credentials by their ids, or an issuer with a filter, not both")
    if not ids and issuer_did is None:
        raise Misused("name credentials by their ids, or an issuer with --issuer-did")
