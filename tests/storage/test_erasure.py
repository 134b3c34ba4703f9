"""Erasing a person: every personal column of what belongs to them is empty, and nobody else's is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from sealwright.domain.batches import ChunkRows
from sealwright.domain.dids import DIDKind
from sealwright.domain.enrollment import IssuerProfile, IssuerState, RoleRequest, RoleState
from sealwright.domain.ids import credential_urn, new_credential_uid
from sealwright.domain.notices import Mail, Notice, NoticeKind
from sealwright.domain.people import AccountRole, EmailAddress
from sealwright.domain.reports import ReportEvery, ReportWish
from sealwright.domain.sign_in import (
    Challenge,
    ChallengePurpose,
    LinkPurpose,
    OneTimeLink,
    Passkey,
    Session,
    SignInMethod,
)
from sealwright.domain.votes import Vote, VoteDecision
from sealwright.domain.workflows import AbsencePeriod, ItemResponse, SeriesClaim, StepStatus, Submission
from sealwright.services.desk_ports import Attachment, SavedView
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.services.workflow_ports import Draft
from sealwright.storage.columns import COLUMN_CLASSES, ColumnClass
from sealwright.storage.engines import Database
from tests.storage.builders import (
    NOW,
    credential,
    credential_type,
    did_record,
    entry_of_history,
    grant,
    method,
    person,
    request,
    token,
)
from tests.storage.bulk_builders import batch, chunk
from tests.storage.delegation_builders import approval, call, credential_of, delegation, profile
from tests.storage.delivery_builders import (
    didcomm_message,
    didcomm_thread,
    disclosure_link,
    offer,
    presentation,
    share,
    wallet_authorization,
    wallet_notification,
    wallet_token,
    wallet_transaction,
)
from tests.storage.workflow_builders import claim, listed, payout, proposal

MARK = "Quixote"
# Kept on purpose: sessions of others, and what names no subject.
OTHER_ROOMS = {"idempotency_keys", "people", "person_keys", "search_pages"}


def _everything_of(uow: UnitOfWork, user_id: str) -> None:
    """Give somebody a row in every table, with their name in every text."""
    did = f"did:adi:{user_id}"
    text = f"{MARK} {user_id}"
    uow.people.add(
        person(
            user_id,
            display_name=text,
            email=f"{MARK}.{user_id}@example.org",
            other_emails=(EmailAddress(f"{user_id}@example.net", verified=True),),
            wallets=(),
            dids=(did,),
            holder_did=did,
        )
    )
    uow.people.add_token(token(f"tok_{user_id}", user_id, name=text))
    uow.dids.add(did_record(did, owner_user_id=user_id, name=text, methods=(method(did),), services=()))
    asked = request(f"req_{user_id}", user_id, message=text, note=text, claims={"name": text}, requester_note=text)
    history = entry_of_history(asked.request_id, note=text, message=text)
    uow.requests.add(replace(asked, answers={"Why?": text}), history)
    held = grant(f"grt_{user_id}", user_id, note=text, reason=text, claims={"name": text})
    uow.grants.add(held)
    document = f'{{"name": "{text}"}}'.encode()
    source, other = new_credential_uid(), new_credential_uid()
    uow.credentials.add_many(
        [
            credential(source, holder_did=did, document=document, reason=text),
            credential(holder_did="did:jwk:wallet", document=document, reason=text, copy_of=source),
            credential(other, holder_did="did:key:former", document=document, reason=text),
        ]
    )
    uow.grants.update(replace(held, credential_id=credential_urn(other), version=2))
    uow.shares.put(share(source, is_on=True, is_listed=True, shown=(f"/{text}",)))
    uow.disclosures.add(disclosure_link(f"dsc_{user_id}", uid=source, user_id=user_id, document=document))
    uow.enrollment.put_role_request(
        RoleRequest(user_id, AccountRole.VOTER, RoleState.PENDING, NOW, NOW, note=text, decision_note=text)
    )
    uow.enrollment.put_issuer(
        IssuerProfile(user_id, text, text, IssuerState.PENDING, NOW, NOW, nickname=text, justification=text, note=text)
    )
    key = user_id.encode()
    uow.sign_ins.add_session(Session(f"ses_{user_id}", user_id, key, SignInMethod.PASSKEY, text, NOW, NOW, NOW))
    uow.sign_ins.put_password(user_id, "$argon2id$", NOW)
    uow.sign_ins.add_passkey(Passkey(f"psk_{user_id}", user_id, key, b"k", 0, text, NOW))
    uow.sign_ins.replace_recovery_codes(user_id, [key], NOW)
    later = NOW + timedelta(hours=1)
    uow.sign_ins.add_link(OneTimeLink(f"lnk_{user_id}", key, LinkPurpose.SIGN_IN, user_id, text, NOW, later))
    uow.sign_ins.add_challenge(Challenge(key, ChallengePurpose.DID, user_id, text.encode(), NOW, later))
    uow.notices.add_many([Notice(f"ntc_{user_id}", user_id, NoticeKind.APPROVED, NOW, {"name": text})])
    uow.notices.add_mail(Mail(f"mal_{user_id}", user_id, text, "approved", "en", text, text, text, NOW))
    uow.attachments.add(Attachment(f"att_{user_id}", user_id, text, "image/png", "ab", text.encode(), NOW))
    uow.report_wishes.put(ReportWish(user_id, ReportEvery.WEEK, ("dpw_certified",), NOW))
    uow.saved_views.put(SavedView(f"vew_{user_id}", user_id, text, text, pinned=False, is_default=False))
    _work_of(uow, user_id, text)
    _deliveries_of(uow, user_id, text)
    _rows_of(uow, user_id, text)
    _delegations_of(uow, user_id, text)


def _work_of(uow: UnitOfWork, user_id: str, text: str) -> None:
    """Give somebody a finished step, a failed payout, a vote, a proposal that they forced, an absence and a draft."""
    open_one = listed(())
    uow.workflows.add(open_one)
    done = replace(
        open_one.steps[0],
        status=StepStatus.COMPLETED,
        assigned_to=user_id,
        submission=Submission((ItemResponse("photo", text),), step_not_possible_details=text),
    )
    uow.workflows.update(open_one, replace(open_one, steps=(done,), version=2))
    uow.claims.add(claim(open_one, user_id=user_id, override=True, reason=text))
    uow.payouts.add(payout(open_one, payee_user_id=user_id, reason=text))
    forced = proposal(open_one, f"prp_{user_id}", author_id=user_id, reason=text, forced_by=user_id, forced_reason=text)
    uow.proposals.add(forced)
    uow.proposals.put_vote(Vote(forced.proposal_id, user_id, VoteDecision.DENY, NOW, text))
    later = NOW + timedelta(days=1)
    uow.series.put_absence(AbsencePeriod(f"abs_{user_id}", user_id, open_one.series_id, 1, NOW, later))
    uow.series.add_claims([SeriesClaim(open_one.series_id, 1, user_id, NOW)])
    uow.drafts.put(Draft(f"drf_{user_id}", user_id, text, text, NOW))


def _deliveries_of(uow: UnitOfWork, user_id: str, text: str) -> None:
    """Give somebody an offer by mail, what wallets hold, a conversation, and presentations on both sides."""
    did = f"did:adi:{user_id}"
    thread_id, offer_id = f"thr_{user_id}", f"off_{user_id}"
    uow.offers.add(offer(offer_id, holder_user_id=user_id, email=text, thread_id=thread_id))
    for part in ("asked", "offered"):
        token_id = f"wtk_{part}_{user_id}"
        of_offer = {"user_id": user_id} if part == "asked" else {"offer_id": offer_id}
        uow.wallets.add_token(wallet_token(token_id, **{"user_id": None, "offer_id": None, **of_offer}))
        uow.wallets.add_transaction(wallet_transaction(f"wtx_{part}_{user_id}", token_id))
        uow.wallets.add_notification(wallet_notification(f"{part}{user_id}".encode(), token_id))
    uow.wallets.add_authorization(wallet_authorization(f"wau_{user_id}", user_id=user_id, state=text))
    uow.didcomm.add_thread(didcomm_thread(thread_id, their_did="did:key:other"))
    uow.didcomm.add_message(didcomm_message(f"msg_{user_id}", thread_id, sealed=text.encode()))
    uow.didcomm.add_thread(didcomm_thread(f"{thread_id}_own", their_did=did))
    uow.didcomm.add_message(didcomm_message(f"msg_own_{user_id}", f"{thread_id}_own", sealed=text.encode()))
    uow.presentations.add(presentation(f"prs_seen_{user_id}", report={"holder": did, "name": text}))
    uow.presentations.add(presentation(f"prs_own_{user_id}", owner=user_id, report={"name": text}))


def _rows_of(uow: UnitOfWork, user_id: str, text: str) -> None:
    """Name somebody in the rows of a batch, one line by DID, by mail, in a claim, and in what could not be read."""
    did, email = f"did:adi:{user_id}", f"{MARK}.{user_id}@Example.org"
    lines = [
        {"holderDid": did, "claims": {"name": text}},
        {"holderDid": "did:key:a", "claims": {"name": text}, "email": email},
        {"holderDid": "did:key:b", "claims": {"name": text, "by": [{"did": did}]}},
        {"holderDid": "did:key:c", "claims": {"name": text, "mail": f"{user_id}@example.net"}},
        {"unreadable": f"{text};{did}"},
    ]
    uow.batches.add(batch(f"bat_{user_id}"))
    content = b"\n".join(msgspec.json.encode(line) for line in lines)
    uow.batches.add_chunk(chunk(f"bat_{user_id}"), ChunkRows(content, text.encode().ljust(32)))


def _delegations_of(uow: UnitOfWork, user_id: str, text: str) -> None:
    """Give somebody an agent that works for them, one of its own below it, and an answer that they gave elsewhere."""
    did, agent = f"did:adi:{user_id}", f"did:adi:agent-{user_id}"
    uow.dids.add(
        did_record(agent, kind=DIDKind.AGENT, owner_user_id=user_id, name=text, methods=(method(agent),), services=())
    )
    uow.delegations.put_profile(profile(agent, description=text))
    root_uid, leaf_uid, other_uid = (new_credential_uid() for _ in range(3))
    root_id, leaf_id, other_id = (f"dlg_{part}_{user_id}" for part in ("root", "leaf", "other"))
    root = delegation(delegation_id=root_id, uid=root_uid, delegator_did=did, delegate_did=agent)
    leaf = delegation(2, root, delegation_id=leaf_id, uid=leaf_uid, delegate_did="did:adi:helper")
    strange = delegation(delegation_id=other_id, uid=other_uid, delegator_did="did:adi:club")
    for one in (root, leaf, strange):
        uow.credentials.add_many([credential_of(one)])
        uow.delegations.add(one)
    context = {"merchant": text}
    uow.delegations.add_calls(
        [
            call(1, call_id=f"cal_a_{user_id}", delegation_id=leaf_id, context=context, detail=text),
            call(1, call_id=f"cal_b_{user_id}", delegation_id=None, agent_did=agent, context=context, detail=text),
            call(1, call_id=f"cal_c_{user_id}", delegation_id=other_id, context={"merchant": "club"}),
        ]
    )
    asked = {"agent_did": agent, "context": context, "note": text, "reason": text}
    uow.delegations.add_approval(approval(1, approval_id=f"apv_a_{user_id}", delegation_id=leaf_id, **asked))
    elsewhere = approval(2, approval_id=f"apv_b_{user_id}", delegation_id=other_id, decided_by=user_id, reason=text)
    uow.delegations.add_approval(elsewhere)


def _places_of(database: Database, name: str) -> set[str]:
    """Find the columns that still hold a name, among those classed as personal or secret."""
    found = set()
    with database.readers.connect() as connection:
        for table, columns in COLUMN_CLASSES.items():
            if table == "rate_windows":
                continue
            for column, kind in columns.items():
                if kind not in (ColumnClass.PERSONAL, ColumnClass.SECRET):
                    continue
                values = connection.execute(sa.text(f'SELECT "{column}" FROM {table}')).scalars()
                if any(name in _text(value) for value in values):
                    found.add(f"{table}.{column}")
    return found


def _text(value: Any) -> str:
    return bytes(value).decode(errors="replace") if isinstance(value, bytes | memoryview) else str(value)


@pytest.fixture
def full(units: UnitOfWorkFactory) -> UnitOfWorkFactory:
    with units() as uow:
        uow.types.add(credential_type())
        _everything_of(uow, "usr_gone")
        _everything_of(uow, "usr_here")
        uow.commit()
    return units


def test_nothing_personal_of_an_erased_person_is_left(full: UnitOfWorkFactory, database: Database) -> None:
    before = _places_of(database, f"{MARK} usr_here")
    assert len(before) > 20
    with full() as uow:
        gone = uow.people.get("usr_gone")
        assert gone is not None
        uow.erasure.person("usr_gone")
        empty = replace(gone, email="erased-1@invalid", display_name="", holder_did=None, dids=(), erased=True)
        uow.people.update(replace(empty, version=2))
        uow.commit()
    for name in (f"{MARK} usr_gone", f"{MARK}.usr_gone".lower(), f"{MARK} usr_gone".lower()):
        assert _places_of(database, name) == set()
    assert _places_of(database, f"{MARK} usr_here") == before


def test_ids_and_states_stay(full: UnitOfWorkFactory) -> None:
    with full() as uow:
        uow.erasure.person("usr_gone")
        uow.commit()
    with full(write=False) as uow:
        left = uow.requests.get("req_usr_gone")
        assert left is not None
        assert (left.user_id, left.claims, left.answers, left.evidence) == ("usr_gone", None, {}, ())
        held = uow.grants.get("grt_usr_gone")
        assert held is not None
        assert (held.claims, held.note) == (None, None)
        assert len(uow.requests.history("req_usr_gone")) == 1
        assert uow.sign_ins.sessions_of("usr_gone") == ()
        assert uow.report_wishes.of_person("usr_gone") is None
        assert uow.report_wishes.of_person("usr_here") is not None
        assert [vote.voter_id for vote in uow.proposals.votes("prp_usr_gone")] == ["usr_gone"]
        for absent, there_are in (("usr_gone", 0), ("usr_here", 1)):
            kept = (uow.series.absences_of(absent), uow.series.claims_of(absent), uow.drafts.of_person(absent))
            assert [len(one) for one in kept] == [there_are] * 3
            fetched = (
                uow.wallets.authorization(f"wau_{absent}"),
                uow.wallets.token(f"wtk_asked_{absent}"),
                uow.wallets.token(f"wtk_offered_{absent}"),
                uow.wallets.transaction_of(
                    f"wtk_offered_{absent}", "req_one", "degree", ("did:jwk:one", "did:jwk:two")
                ),
                uow.wallets.notification_by_digest(f"asked{absent}".encode()),
            )
            assert [one is not None for one in fetched] == [bool(there_are)] * 5
        assert [one.action for one in uow.delegations.calls(["dlg_leaf_usr_gone"], limit=5, cursor=None).items] == [
            "purchase:groceries"
        ]
        # What was done for others stays, though somebody who is gone had said yes to something there.
        (elsewhere,) = uow.delegations.calls(["dlg_other_usr_gone"], limit=5, cursor=None).items
        answered = uow.delegations.approval("apv_b_usr_gone")
        assert answered is not None
        assert (elsewhere.context, answered.note, answered.reason) == (
            {"merchant": "club"},
            "Bread for the week.",
            None,
        )
        offered = uow.offers.get("off_usr_gone")
        assert offered is not None
        assert (offered.holder_user_id, offered.email) == ("usr_gone", None)
        assert {one.copy_of is None for one in uow.credentials.after(None, 100) if one.document is None} == {
            True,
            False,
        }
        assert len(uow.sign_ins.sessions_of("usr_here")) == 1


def test_erasing_somebody_unknown_changes_nothing(full: UnitOfWorkFactory, database: Database) -> None:
    before = _places_of(database, MARK)
    with full() as uow:
        uow.erasure.person("usr_nobody")
        uow.commit()
    assert _places_of(database, MARK) == before
