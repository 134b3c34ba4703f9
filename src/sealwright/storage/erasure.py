"""Erasing a person's data: every personal column of what belongs to them is emptied; ids and states stay."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import sqlalchemy as sa

from sealwright.storage.access_tables import (
    attachments,
    challenges,
    mails,
    notice_modes,
    notices,
    one_time_links,
    passkeys,
    passwords,
    recovery_codes,
    report_wishes,
    saved_views,
    sessions,
)
from sealwright.storage.credential_rows import holder_digest
from sealwright.storage.desk_tables import grants, issuer_profiles, request_history, requests, role_requests
from sealwright.storage.tables import credentials, dids, idempotency_keys, people, personal_tokens, private_keys
from sealwright.storage.transaction import Transaction
from sealwright.storage.workflow_tables import (
    absence_periods,
    payouts,
    proposal_votes,
    proposals,
    series_claims,
    step_claims,
    workflow_drafts,
    workflow_steps,
)

_PERSON: Final = sa.select(people.c.dids, people.c.holder_did).where(people.c.user_id == sa.bindparam("user_id"))
# What is of use to nobody but its owner goes whole.
_DROPPED: Final = (
    sessions,
    passwords,
    passkeys,
    recovery_codes,
    one_time_links,
    challenges,
    notices,
    notice_modes,
    mails,
    saved_views,
    report_wishes,
    workflow_drafts,
    absence_periods,
    series_claims,
)


class StoredErasure:
    """Empties what belongs to a person; the row of the person itself is for the caller to update."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def person(self, user_id: str) -> None:
        """Empty the personal columns of a person's requests, grants, files, profiles, work, votes and credentials.

        Must come before the person's own row is emptied: it says whose DIDs they are.
        """
        self._credentials(user_id)
        for table in _DROPPED:
            self._transaction.change(sa.delete(table).where(table.c.user_id == user_id))
        mine = sa.select(requests.c.request_id).where(requests.c.user_id == user_id)
        self._empty(request_history, request_history.c.request_id.in_(mine), note=None, message=None)
        self._empty(
            requests,
            requests.c.user_id == user_id,
            message=None,
            note=None,
            evidence="[]",
            claims=None,
            answers="{}",
            requester_note=None,
        )
        self._empty(grants, grants.c.user_id == user_id, claims=None, note=None, reason=None)
        self._empty(attachments, attachments.c.user_id == user_id, name="", content=b"")
        self._empty(role_requests, role_requests.c.user_id == user_id, note=None, decision_note=None)
        self._empty(
            issuer_profiles,
            issuer_profiles.c.user_id == user_id,
            organization="",
            email="",
            nickname=None,
            justification=None,
            note=None,
            search_text="",
        )
        self._workflows(user_id)
        self._empty(dids, dids.c.owner_user_id == user_id, name=None)
        self._empty(personal_tokens, personal_tokens.c.user_id == user_id, name="")
        # Answers kept for repeats hold what was asked; nobody can repeat a call of theirs any more.
        self._transaction.change(sa.delete(idempotency_keys).where(idempotency_keys.c.principal == f"user:{user_id}"))

    def keys_of(self, did: str) -> None:
        """Destroy the private keys of a DID; its document stays."""
        self._transaction.change(sa.delete(private_keys).where(private_keys.c.did == did))

    def _workflows(self, user_id: str) -> None:
        """Empty what somebody handed in, wrote and was told; that they did, voted and were paid stays."""
        self._empty(workflow_steps, workflow_steps.c.assigned_to == user_id, submission=None)
        self._empty(step_claims, step_claims.c.user_id == user_id, reason=None)
        self._empty(proposal_votes, proposal_votes.c.voter_id == user_id, comment=None)
        self._empty(proposals, proposals.c.author_id == user_id, reason=None)
        self._empty(proposals, proposals.c.forced_by == user_id, forced_reason=None)
        self._empty(payouts, payouts.c.payee_user_id == user_id, reason=None)

    def _credentials(self, user_id: str) -> None:
        """Empty the documents of the credentials that name one of their DIDs; status and digest stay."""
        row = self._transaction.row(_PERSON, {"user_id": user_id})
        if row is None:
            return
        held = {*msgspec.json.decode(row.dids, type=list[str]), *([row.holder_did] if row.holder_did else [])}
        digests = [holder_digest(did) for did in sorted(held)]
        if digests:
            self._empty(credentials, credentials.c.holder_digest.in_(digests), document=None, reason=None)

    def _empty(self, table: sa.Table, condition: sa.ColumnElement[bool], **values: Any) -> None:
        self._transaction.change(sa.update(table).where(condition).values(**values))
