"""Credentials: issued, shown, revoked, suspended, reinstated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sealwright.cli import desk, mass, rendering
from sealwright.cli.app import group
from sealwright.cli.misuse import DONE, PARTLY
from sealwright.cli.options import DryRun, Reason, ReasonCode, Yes, checked, confirm
from sealwright.cli.output import Output, of, printable

if TYPE_CHECKING:
    from sealwright.domain.credentials import CredentialRecord, IssuanceRequest
    from sealwright.domain.credentials import ReasonCode as PublicReason
    from sealwright.services.offer_values import MadeOffer
    from sealwright.services.revocation import RevokedItem
    from sealwright.services.status_moves import StatusChange

credentials = group("Stored credentials.")

CredentialId = Annotated[str, typer.Argument(metavar="ID", help="urn:uuid:…, the bare UUID, or the document's id.")]


def issue(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="An Issue body, as the HTTP API takes it; `-` for input.")
    ],
    out: Annotated[str | None, typer.Option("--out", metavar="FILE", help="Write the credential there.")] = None,
) -> None:
    """Issue a credential."""
    from sealwright.cli.files import read_input
    from sealwright.web.api.shapes.credentials import ISSUE
    from sealwright.web.api.shapes.delivery import wish_of

    body = ISSUE.read(read_input(file))
    request = _request(body)
    wish = wish_of(body["delivery"], at="/delivery") if "delivery" in body else None
    with desk.writing() as at:
        offers = at.office.offers
        order = at.office.issuing.check(request, at.caller, at.view)
        if wish is not None:
            offers.foresee(order.holder_did, wish, order.issuer)
        if body.get("dryRun"):
            preview = at.office.issuing.preview(order)
            of(ctx).emit({"dry_run": True, "credential": preview}, plain=lambda: _pretty(preview))
            return
        record = at.office.issuing.issue(order).record
        public_url = at.office.public_url
        made = None
        if wish is not None:
            made = at.act(
                lambda uow, caller: offers.after_issue(uow, caller, record.credential_id, wish), changes_registry=False
            )
    _tell_issued(of(ctx), _Told(record, made, public_url), out)


@dataclass(frozen=True, slots=True)
class _Told:
    """What an issue tells of."""

    record: CredentialRecord
    made: MadeOffer | None
    public_url: str


def _tell_issued(output: Output, told: _Told, out: str | None) -> None:
    from sealwright.cli.files import write_output
    from sealwright.services.status_lists import status_list_url
    from sealwright.web.api.offer_rendering import made_offer

    record, made, public_url = told.record, told.made, told.public_url

    document = record.document or b""
    if out is not None:
        write_output(out, [document])
    import msgspec

    members = {
        "credential": msgspec.Raw(document),
        "credential_id": record.credential_id,
        "status_list_index": record.place.index if record.place else None,
        "status_list_credential": status_list_url(public_url, record),
        "transaction_hash": record.transaction_hash,
        "grant_id": record.grant_id,
        "offer": made_offer(made, public_url) if made is not None else None,
    }
    output.emit(members, plain="" if out is not None else document.decode("utf-8"))
    output.say(f"Issued {record.credential_id}.")


@credentials.command("show")
def show(ctx: typer.Context, credential_id: CredentialId) -> None:
    """Show a stored credential and its state."""
    from sealwright.web.api.rendering import credential_record

    with desk.reading() as at:
        record = at.office.shelf.get(credential_id, at.caller, at.view)
        members = credential_record(record, at.office.public_url, at.office.clock.now())
    of(ctx).emit(rendering.snake_members(members))


def revoke(
    ctx: typer.Context,
    *,
    credential_ids: Annotated[list[str] | None, typer.Argument(metavar="ID...")] = None,
    reason: Reason,
    reason_code: ReasonCode = "unspecified",
    issuer_did: mass.IssuerDid = None,
    schema: mass.SchemaId = None,
    method: mass.Method = None,
    first: mass.From = None,
    last: mass.To = None,
    batch: mass.BatchId = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Revoke credentials for good: those named, one by one, or whatever a filter finds among an issuer's."""
    from sealwright.web.api.shapes.mass import BATCH_REVOKE

    ids, chosen = list(credential_ids or ()), mass.filter_members(schema, method, first, last, batch)
    mass.require_choice(ids, issuer_did, chosen)
    if issuer_did is not None:
        body = {"issuerDid": issuer_did, "filter": chosen, "reason": reason, "reasonCode": reason_code}
        return mass.revoke_matching(ctx, body, dry_run=dry_run, yes=yes)
    checked(BATCH_REVOKE, {"credentialIds": ids, "reason": reason, "reasonCode": reason_code})
    if not dry_run:
        confirm(of(ctx), f"Revoke {len(ids)} for good?", yes=yes)
    with desk.writing() as at:
        items = at.office.revocation.batch_revoke(at.caller, ids, reason, _public_reason(reason_code), dry_run=dry_run)
    if len(items) == 1 and items[0].error is not None:
        raise items[0].error
    failed = sum(item.error is not None for item in items)
    answer: dict[str, object] = {
        "results": [_result(item, "revoked") for item in items],
        "revoked": len(items) - failed,
        "failed": failed,
    }
    if dry_run:
        answer["dry_run"] = True
    of(ctx).emit(answer, plain=lambda: "\n".join(_result_line(item) for item in items))
    return PARTLY if failed else DONE


def suspend(
    ctx: typer.Context,
    *,
    credential_id: CredentialId,
    reason: Reason,
    reason_code: ReasonCode = "unspecified",
    dry_run: DryRun = False,
) -> None:
    """Suspend a credential until it is reinstated."""
    _move(ctx, lambda at: at.office.revocation.suspend, credential_id, reason, reason_code, dry_run=dry_run)


def reinstate(
    ctx: typer.Context,
    *,
    credential_id: CredentialId,
    reason: Reason,
    reason_code: ReasonCode = "unspecified",
    dry_run: DryRun = False,
) -> None:
    """Take a suspension back."""
    _move(ctx, lambda at: at.office.revocation.reinstate, credential_id, reason, reason_code, dry_run=dry_run)


def _move(
    ctx: typer.Context,
    choose: Callable[[desk.Desk], Callable[..., StatusChange]],
    credential_id: str,
    reason: str,
    reason_code: str,
    *,
    dry_run: bool,
) -> None:
    from sealwright.web.api.rendering import credential_status
    from sealwright.web.api.shapes.credentials import STATUS_CHANGE

    body = {"credentialId": credential_id, "reason": reason, "reasonCode": reason_code}
    checked(STATUS_CHANGE, body)
    public = _public_reason(reason_code)
    with desk.writing() as at:
        move = choose(at)
        record = at.act(
            lambda uow, caller: move(uow, caller, credential_id, reason, public, dry_run=dry_run),
            changes_registry=False,
        ).record
        status = rendering.snake_members(credential_status(record, at.office.public_url, at.office.clock.now()))
    row = {"credential_id": record.credential_id, "status": status["status"], "error": None}
    of(ctx).emit(
        {**status, "results": [row], "revoked": 0, "failed": 0},
        plain=f"{record.credential_id}  {status['status']}",
    )


def _request(body: dict[str, Any]) -> IssuanceRequest:
    from sealwright.domain.credentials import IssuanceRequest
    from sealwright.vc.encoding.timestamps import parse_rfc3339

    expiration = body.get("expirationDate")
    return IssuanceRequest(
        schema_id=body["schemaId"],
        issuer_did=body["issuerDid"],
        holder_did=body["holderDid"] if "holderDid" in body else body["subjectDid"],
        claims=body["claims"],
        expiration=parse_rfc3339(expiration) if expiration is not None else None,
        proof_type=body.get("proofType", "Ed25519Signature2020"),
        revocable=body.get("revocable", True),
        suspendable=body.get("suspendable", False),
        mandatory_pointers=tuple(body.get("mandatoryPointers", ())),
        anchor=body.get("anchor", False),
    )


def _public_reason(text: str) -> PublicReason:
    from sealwright.domain.credentials import ReasonCode as PublicReason

    return PublicReason(text)


def _result(item: RevokedItem, done: str) -> dict[str, object]:
    from sealwright.web.problems import fault_for

    error = fault_for(item.error) if item.error is not None else None
    return {"credential_id": item.credential_id, "status": "failed" if error else done, "error": error}


def _result_line(item: RevokedItem) -> str:
    from sealwright.web.problems import problem_for

    outcome = problem_for(item.error).code if item.error is not None else "revoked"
    return printable(f"{item.credential_id}  {outcome}")


def _pretty(document: object) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode("utf-8")
