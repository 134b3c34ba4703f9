"""The issuance API: revoking, suspending and reinstating."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from sealwright.domain.credentials import ReasonCode
from sealwright.domain.people import Caller
from sealwright.services.ports import UnitOfWork
from sealwright.services.revocation import RevocationDesk, RevokedItem
from sealwright.services.status_moves import StatusChange
from sealwright.web.api import desk_rendering, rendering
from sealwright.web.api.batch_issue import accepted
from sealwright.web.api.reissue import shown_preview
from sealwright.web.api.shapes import answers, examples
from sealwright.web.api.shapes.batches import BATCH, REVOKING_EXAMPLE
from sealwright.web.api.shapes.credentials import STATUS_CHANGE, STATUS_CHANGE_BY_PATH
from sealwright.web.api.shapes.mass import BATCH_REVOKE, MASS_PREVIEW, mass_wish_of
from sealwright.web.call import Call, given, kept
from sealwright.web.problems import fault_for
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Handler, Route


class Move(Protocol):
    """One of the desk's status changes."""

    def __call__(
        self,
        uow: UnitOfWork,
        caller: Caller,
        credential_id: str,
        reason: str,
        reason_code: ReasonCode = ...,
        *,
        dry_run: bool = ...,
    ) -> StatusChange: ...


def moving(choose: Callable[[RevocationDesk], Move]) -> Handler:
    """The handler of one status change; the credential is named in the path or in the body."""

    def handler(call: Call) -> Reply:
        body = call.body
        move = choose(call.office.revocation)
        return call.perform(
            lambda uow, caller: move(
                uow,
                caller,
                call.params.get("id") or body["credentialId"],
                body["reason"],
                _reason_code(body),
                dry_run=body.get("dryRun", False),
            ),
            lambda change: _changed(call, change),
        )

    return handler


def _reason_code(body: dict[str, Any]) -> ReasonCode:
    return ReasonCode(body.get("reasonCode", "unspecified"))


def _changed(call: Call, change: StatusChange) -> Reply:
    status = rendering.credential_status(change.record, call.office.public_url, call.office.clock.now())
    effects = desk_rendering.effects(change.effects) if change.effects is not None else None
    return json_reply({**status, "effects": effects})


def batch_revoke(call: Call) -> Reply:
    """POST /api/v1/credentials/batch-revoke."""
    body = call.body
    if "filter" in body:
        return _revoke_by_filter(call)
    return call.once(
        lambda: call.office.revocation.batch_revoke(
            call.caller,
            body["credentialIds"],
            body["reason"],
            _reason_code(body),
            dry_run=body.get("dryRun", False),
        ),
        _batch_revoked,
    )


def _revoke_by_filter(call: Call) -> Reply:
    wish, mass = mass_wish_of(call.body), call.office.bulk.mass
    if call.body.get("dryRun", False):
        return shown_preview(mass.preview(call.caller, wish, call.view()))
    public_url = call.office.public_url
    return given(mass.answer_revoke(call.caller, wish, lambda made: kept(accepted(made, public_url)), call.scope()))


def _batch_revoked(items: Sequence[RevokedItem]) -> Reply:
    failed = sum(item.error is not None for item in items)
    rows = [_row(item) for item in items]
    return json_reply({"results": rows, "revoked": len(items) - failed, "failed": failed})


def _row(item: RevokedItem) -> dict[str, Any]:
    return {
        "credentialId": item.credential_id,
        "status": "revoked" if item.error is None else "failed",
        "error": fault_for(item.error) if item.error is not None else None,
    }


_TAG: Final = "Credentials"
_REVOKE_CODES: Final = (
    "CREDENTIAL_NOT_FOUND",
    "NOT_ISSUER_OF_CREDENTIAL",
    "NOT_REVOCABLE",
    "ALREADY_REVOKED",
    "STATE_CONFLICT",
)
_SUSPEND_CODES: Final = (*_REVOKE_CODES[:2], "NOT_SUSPENDABLE", "ALREADY_REVOKED", "STATE_CONFLICT")
# Of a delegation that somebody further up has suspended.
_REINSTATE_CODES: Final = (*_SUSPEND_CODES, "NOT_DID_OWNER")
_KEY_CODES: Final = ("IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS", "AUDIT_UNAVAILABLE")
_DONE: Final = Answered(
    200, "The state after the change.", answers.STATUS_CHANGE, examples.STATUS_CHANGE, headers=("Idempotent-Replayed",)
)


def _routes(verb: str, summary: str, handler: Handler, codes: tuple[str, ...]) -> tuple[Route, Route]:
    def route(path: str, named_in_path: bool) -> Route:
        return Route(
            "POST",
            path,
            Audience.CALLER,
            "K",
            summary,
            handler,
            (_DONE,),
            _TAG,
            bucket=Bucket.WRITE,
            body=STATUS_CHANGE_BY_PATH if named_in_path else STATUS_CHANGE,
            codes=(*codes, *_KEY_CODES),
            idempotent=True,
        )

    return route(f"/api/v1/credentials/{verb}", False), route(f"/api/v1/credentials/{{id}}/{verb}", True)


ROUTES: Final = (
    *_routes("revoke", "Revoke a credential for ever", moving(lambda desk: desk.revoke), _REVOKE_CODES),
    *_routes("suspend", "Suspend a credential", moving(lambda desk: desk.suspend), _SUSPEND_CODES),
    *_routes("reinstate", "End a suspension", moving(lambda desk: desk.reinstate), _REINSTATE_CODES),
    Route(
        "POST",
        "/api/v1/credentials/batch-revoke",
        Audience.CALLER,
        "K, A",
        "Revoke many credentials, by their ids or by a filter",
        batch_revoke,
        (
            Answered(
                200,
                "By ids: what became of each. With `filter` and `dryRun`: what it takes in.",
                {"anyOf": [answers.BATCH_REVOKED, MASS_PREVIEW]},
                examples.BATCH_REVOKED,
            ),
            Answered(
                202,
                "By `filter`: the batch that revokes them.",
                BATCH,
                REVOKING_EXAMPLE,
                headers=("Location", "Idempotent-Replayed"),
            ),
        ),
        _TAG,
        bucket=Bucket.WRITE,
        body=BATCH_REVOKE,
        codes=(
            "BATCH_TOO_LARGE",
            "ISSUER_NOT_FOUND",
            "ISSUER_NOT_AUTHORIZED",
            "SCHEMA_NOT_FOUND",
            "BATCH_NOT_FOUND",
            "STATE_CONFLICT",
            *_KEY_CODES,
        ),
        idempotent=True,
        deadline_seconds=300.0,
    ),
)
