"""Erasing a person's data: every personal column of what belongs to them is emptied; ids and states stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from sealwright.domain.dids import DIDKind
from sealwright.domain.ids import credential_urn, uid_from_text
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
from sealwright.storage.delegation_tables import (
    agent_profiles,
    approvals,
    delegation_calls,
    delegation_index,
    delegations,
)
from sealwright.storage.delivery_tables import (
    didcomm_messages,
    didcomm_threads,
    disclosure_links,
    offers,
    presentations,
    shares,
    wallet_authorizations,
    wallet_notifications,
    wallet_tokens,
    wallet_transactions,
)
from sealwright.storage.desk_tables import grants, issuer_profiles, request_history, requests, role_requests
from sealwright.storage.json_columns import read_text_list
from sealwright.storage.kept_rows import KeptRows
from sealwright.storage.person_rows import read_emails
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

_PERSON: Final = sa.select(people.c.dids, people.c.holder_did, people.c.email, people.c.other_emails).where(
    people.c.user_id == sa.bindparam("user_id")
)
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
    disclosure_links,
    workflow_drafts,
    absence_periods,
    series_claims,
    wallet_authorizations,
)
_ROWS_A_STATEMENT: Final = 500


@dataclass(frozen=True, slots=True)
class _Held:
    """A person's DIDs and e-mail addresses, and the uids of their credentials."""

    dids: tuple[str, ...]
    emails: tuple[str, ...]
    uids: tuple[UUID, ...]

    def parts(self) -> Iterator[Sequence[UUID]]:
        """Give the uids a statement's worth at a time."""
        for start in range(0, len(self.uids), _ROWS_A_STATEMENT):
            yield self.uids[start : start + _ROWS_A_STATEMENT]


class StoredErasure:
    """Empties what belongs to a person; the row of the person itself is for the caller to update."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def person(self, user_id: str) -> None:
        """Empty the personal columns of a person's requests, grants, files, profiles, work, votes and credentials.

        What wallets hold for them goes whole, so that nothing more can be fetched with it, and so do the rows of
        batches that name them.

        Must come before the person's own row is emptied: it says whose DIDs they are.
        """
        held = self._held_by(user_id)
        KeptRows(self._transaction).erase((*held.dids, *held.emails))
        self._credentials(held)
        self._delivery(user_id, held)
        for table in _DROPPED:
            self._transaction.change(sa.delete(table).where(table.c.user_id == user_id))
        self._requests(user_id)
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
        self._delegations(user_id, held)
        self._empty(dids, dids.c.owner_user_id == user_id, name=None)
        self._empty(personal_tokens, personal_tokens.c.user_id == user_id, name="")
        # Answers kept for repeats hold what was asked; nobody can repeat a call of theirs any more.
        self._transaction.change(sa.delete(idempotency_keys).where(idempotency_keys.c.principal == f"user:{user_id}"))

    def keys_of(self, did: str) -> None:
        """Destroy the private keys of a DID; its document stays."""
        self._transaction.change(sa.delete(private_keys).where(private_keys.c.did == did))

    def _requests(self, user_id: str) -> None:
        """Empty what somebody asked for and was told of it."""
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

    def _workflows(self, user_id: str) -> None:
        """Empty what somebody handed in, wrote and was told; that they did, voted and were paid stays."""
        self._empty(workflow_steps, workflow_steps.c.assigned_to == user_id, submission=None)
        self._empty(step_claims, step_claims.c.user_id == user_id, reason=None)
        self._empty(proposal_votes, proposal_votes.c.voter_id == user_id, comment=None)
        self._empty(proposals, proposals.c.author_id == user_id, reason=None)
        self._empty(proposals, proposals.c.forced_by == user_id, forced_reason=None)
        self._empty(payouts, payouts.c.payee_user_id == user_id, reason=None)

    def _delegations(self, user_id: str, held: _Held) -> None:
        """Empty what agents did and asked in somebody's name, and what was said about their agents.

        What was delegated stays, as it stands in signed documents; so do ledgers, which hold numbers.
        """
        own = sa.select(dids.c.did).where(dids.c.owner_user_id == user_id)
        # Of organizations that they looked after, the work goes on without them.
        agents = own.where(dids.c.kind == DIDKind.AGENT.value)
        named = sorted({*held.dids, *(row.did for row in self._transaction.rows(agents))})
        mine = (
            sa.select(delegations.c.delegation_id)
            .join(delegation_index, delegation_index.c.uid == delegations.c.uid)
            .where(delegation_index.c.term.in_(named))
        )
        for of_mine in (
            delegation_calls.c.delegation_id.in_(mine),
            sa.text("delegation_id IS NULL") & delegation_calls.c.agent_did.in_(named),
        ):
            self._empty(delegation_calls, of_mine, context="{}", detail=None)
        self._empty(approvals, approvals.c.delegation_id.in_(mine), context="{}", note=None, reason=None)
        self._empty(approvals, approvals.c.decided_by == user_id, reason=None)
        self._empty(agent_profiles, agent_profiles.c.did.in_(own), description=None)

    def _credentials(self, held: _Held) -> None:
        """Empty the documents of somebody's credentials and of their further forms; status and digest stay.

        What their public pages show goes with them.
        """
        for uids in held.parts():
            mine = credentials.c.uid.in_(uids) | (sa.text("copy_of IS NOT NULL") & credentials.c.copy_of.in_(uids))
            self._empty(credentials, mine, document=None, reason=None)
            self._transaction.change(sa.delete(disclosure_links).where(disclosure_links.c.uid.in_(uids)))
            self._empty(shares, shares.c.uid.in_(uids), is_on=False, shown="[]", is_listed=False)
            named = [credential_urn(uid) for uid in uids]
            self._empty(offers, offers.c.credential_id.in_(named), email=None)

    def _delivery(self, user_id: str, held: _Held) -> None:
        """Take away what wallets hold for somebody, what was to be sent to them, and what they showed."""
        theirs = sa.select(offers.c.offer_id).where(offers.c.holder_user_id == user_id)
        of_wallet = sa.select(wallet_tokens.c.token_id).where(
            (wallet_tokens.c.user_id == user_id) | wallet_tokens.c.offer_id.in_(theirs)
        )
        for table in (wallet_notifications, wallet_transactions, wallet_tokens):
            self._transaction.change(sa.delete(table).where(table.c.token_id.in_(of_wallet)))
        self._empty(offers, offers.c.holder_user_id == user_id, email=None)
        of_offers = sa.select(offers.c.thread_id).where(offers.c.holder_user_id == user_id)
        spoken = sa.select(didcomm_threads.c.thread_id).where(
            didcomm_threads.c.their_digest.in_([holder_digest(did) for did in held.dids])
            | didcomm_threads.c.thread_id.in_(of_offers.where(offers.c.thread_id.is_not(None)))
        )
        self._empty(didcomm_messages, didcomm_messages.c.thread_id.in_(spoken), sealed=None)
        # Whoever was shown something asked for it; the few that are kept for minutes are looked through.
        shown = [presentations.c.report.contains(did, autoescape=True) for did in held.dids]
        self._empty(presentations, sa.or_(presentations.c.owner == user_id, *shown), report=None)

    def _held_by(self, user_id: str) -> _Held:
        """Find somebody's DIDs, and their credentials: by DID, and those behind their grants."""
        row = self._transaction.row(_PERSON, {"user_id": user_id})
        if row is None:
            return _Held((), (), ())
        own = {*read_text_list(row.dids), *([row.holder_did] if row.holder_did else [])}
        by_did = sa.select(credentials.c.uid).where(
            credentials.c.holder_digest.in_([holder_digest(did) for did in sorted(own)])
        )
        found = {one.uid for one in self._transaction.rows(by_did)}
        by_grant = sa.select(grants.c.credential_id).where(
            grants.c.user_id == user_id, grants.c.credential_id.is_not(None)
        )
        granted = (uid_from_text(one.credential_id) for one in self._transaction.rows(by_grant))
        emails = (row.email, *(one.email for one in read_emails(row.other_emails)))
        return _Held(tuple(sorted(own)), emails, tuple(sorted({*found, *(uid for uid in granted if uid is not None)})))

    def _empty(self, table: sa.Table, condition: sa.ColumnElement[bool], **values: Any) -> None:
        self._transaction.change(sa.update(table).where(condition).values(**values))
