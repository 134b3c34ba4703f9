"""The issuance API: issuing many credentials in one call."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from sealwright.domain.batches import Batch
from sealwright.services.batch_desk import BatchWish
from sealwright.services.batch_inline import InlineBatch, StartedBatch
from sealwright.services.batch_rows import BatchRow
from sealwright.services.ports import StoredAnswer
from sealwright.web.api import batch_rendering as rendering
from sealwright.web.api.credentials import ISSUE_CODES
from sealwright.web.api.shapes import batches as shapes
from sealwright.web.call import Call, given, kept
from sealwright.web.reply import Reply, header_text, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route

_PREFER: Final = b"prefer"
_ASYNC: Final = "respond-async"
# Of members that a row may have, in the order in which it is kept.
_MEMBERS: Final = ("holderDid", "claims", "expirationDate", "email")


def issue_batch(call: Call) -> Reply:
    """POST /api/v1/credentials/issue/batch."""
    body = call.body
    desk = call.office.bulk.desk
    wish = BatchWish(body["issuerDid"], body["schemaId"], shapes.options_of(body))
    rows = [_row(row) for row in body["credentials"]]
    scope = call.scope()
    if responds_later(call):
        later = StartedBatch(desk, wish, rows)
        render = partial(_accepted, public_url=call.office.public_url)
        return given(call.office.acts.answer_in_two(call.caller, later, render, scope=scope, for_good=True))
    with_documents = body.get("includeCredentials", False)
    answer = call.office.acts.answer_in_two(
        call.caller,
        InlineBatch(desk, wish, rows),
        lambda batch: kept(_result(call, batch, with_documents=with_documents)),
        scope=scope,
        is_rebuilt=True,
        for_good=True,
    )
    return given(answer)


def responds_later(call: Call) -> bool:
    """Tell whether the caller would rather not wait (RFC 7240)."""
    wishes = (call.exchange.header(_PREFER) or "").split(",")
    return any(wish.partition(";")[0].strip().lower() == _ASYNC for wish in wishes)


def accepted(batch: Batch, public_url: str) -> Reply:
    """A batch that others carry out."""
    location = (b"location", header_text(f"{rendering.PATH}/{batch.batch_id}"))
    return json_reply(rendering.plain(batch, public_url), 202, (location,))


def _accepted(batch: Batch, public_url: str) -> StoredAnswer:
    return kept(accepted(batch, public_url).with_headers((b"preference-applied", _ASYNC.encode("ascii"))))


def _row(members: dict[str, Any]) -> BatchRow:
    holder = members["holderDid"] if "holderDid" in members else members["subjectDid"]
    named = {**members, "holderDid": holder}
    return BatchRow.of({name: named[name] for name in _MEMBERS if name in named})


def _result(call: Call, batch: Batch, *, with_documents: bool) -> Reply:
    render = rendering.result_with_document if with_documents else rendering.result
    return json_reply(
        {
            "results": [render(row) for row in call.office.bulk.desk.results.each(batch)],
            "issued": batch.issued,
            "failed": batch.failed,
            "transactionHash": batch.transaction_hash,
            "batchId": batch.batch_id,
        }
    )


ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/credentials/issue/batch",
        Audience.CALLER,
        "K",
        "Issue many credentials in one call",
        issue_batch,
        (
            Answered(
                200,
                "What became of each row, in order.",
                shapes.BATCH_RESULT,
                shapes.RESULT_EXAMPLE,
                headers=("Idempotent-Replayed",),
            ),
            Answered(
                202,
                "With `Prefer: respond-async`: the batch, which goes on by itself.",
                shapes.BATCH,
                {
                    **shapes.BATCH_EXAMPLE,
                    "status": "accepted",
                    "issued": 0,
                    "failed": 0,
                    "remaining": 25_000,
                    "perSecond": None,
                    "etaSeconds": None,
                },
                headers=("Location", "Preference-Applied", "Idempotent-Replayed"),
            ),
        ),
        "Batches",
        bucket=Bucket.BATCH,
        body=shapes.BATCH_ISSUE,
        carries_rows="credentials",
        codes=(
            "BATCH_TOO_LARGE",
            *(code for code in ISSUE_CODES if code not in ("HOLDER_NOT_FOUND", "HOLDER_DEACTIVATED")),
            "OUT_OF_SCOPE",
            "STATE_CONFLICT",
        ),
        idempotent=True,
        deadline_seconds=120.0,
        request_headers={
            "Prefer": "`respond-async` answers as soon as the rows are kept; the batch goes on by itself."
        },
    ),
)
