"""What deliveries ask for, change and forget is found by an index, at a size where the planner has a choice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from sealwright.domain.offers import OPEN_STATES, Offer, OfferState
from sealwright.domain.parcels import LEASE, Parcel, ParcelKind, ParcelState
from sealwright.domain.wallets import TransactionState
from sealwright.domain.webhooks import WebhookStatus
from sealwright.services.delivery_ports import OfferFilter
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.storage import delivery_tables, offers, parcels, presentations, wallet_rows
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.column_types import seconds_of
from sealwright.storage.engines import Database
from sealwright.storage.shapes import Shape
from sealwright.storage.transaction import Transaction, open_transaction
from tests.storage.builders import HOLDER, NOW, credential, ordered_uid
from tests.storage.delivery_builders import (
    HOUR,
    didcomm_message,
    didcomm_thread,
    digest,
    disclosure_link,
    offer,
    parcel,
    presentation,
    share,
    wallet_authorization,
    wallet_notification,
    wallet_token,
    wallet_transaction,
    webhook,
)
from tests.storage.explaining import Explainer

ROWS = 2000
LATER = NOW + timedelta(days=300)
STATES = (OfferState.DELIVERED, OfferState.EXPIRED, OfferState.CANCELED)


def _load(transaction: Transaction, shape: Shape[Any], table: sa.Table, values: Iterable[Any]) -> None:
    RowWriter(table, shape.names).write(transaction, [shape.driver_values(one) for one in values])


def _offer(number: int) -> Offer:
    """One of an old office: nearly all have ended, each person and credential has few."""
    at = NOW + timedelta(minutes=number)
    return offer(
        f"off_{number}",
        state=OfferState.CREATED if number % 100 == 0 else STATES[number % 3],
        created_at=at,
        expires_at=at + HOUR,
        credential_id=f"urn:uuid:{number // 2}",
        grant_id=f"grt_{number // 2}",
        request_id=f"req_{number // 2}" if number % 2 else None,
        issuer_did=f"did:adi:{number % 90}",
        credential_type=f"kind {number % 90}",
        holder_user_id=f"usr_{number // 4}",
        origin=f"call {number}",
        thread_id=f"thr_{number}",
    )


def _parcel(number: int) -> Parcel:
    at = NOW + timedelta(minutes=number)
    usual = parcel(f"dlv_{number}", subject=f"whk_{number % 90}", created_at=at, due_at=at)
    return usual if number % 50 == 0 else replace(usual, state=ParcelState.SENT, finished_at=at)


def _wallets(transaction: Transaction) -> None:
    ends = [NOW + timedelta(minutes=number) for number in range(ROWS)]
    pushed = (
        wallet_authorization(f"wau_{n}", expires_at=end, user_id=f"usr_{n}", code_digest=digest(f"code {n}"))
        for n, end in enumerate(ends)
    )
    _load(transaction, wallet_rows._AUTHORIZATIONS, delivery_tables.wallet_authorizations, pushed)
    tokens = (
        wallet_token(f"wtk_{n}", expires_at=end, offer_id=f"off_{n}", user_id=f"usr_{n}", authorization_id=f"wau_{n}")
        for n, end in enumerate(ends)
    )
    _load(transaction, wallet_rows._TOKENS, delivery_tables.wallet_tokens, tokens)
    states = [TransactionState.DELIVERED if n % 50 else TransactionState.WAITING for n in range(ROWS)]
    wishes = (wallet_transaction(f"wtx_{n}", f"wtk_{n}", state=state) for n, state in enumerate(states))
    _load(transaction, wallet_rows._TRANSACTIONS, delivery_tables.wallet_transactions, wishes)
    told = (wallet_notification(digest(f"n {n}"), f"wtk_{n}") for n in range(ROWS))
    _load(transaction, wallet_rows._NOTIFICATIONS, delivery_tables.wallet_notifications, told)
    spent = [("nonce", digest(f"nonce {n}"), seconds_of(end)) for n, end in enumerate(ends)]
    RowWriter(delivery_tables.spent_once).write(transaction, spent)
    asked = (presentation(f"prs_{n}", expires_at=end, owner=f"usr_{n}") for n, end in enumerate(ends))
    _load(transaction, presentations._SHAPE, delivery_tables.presentations, asked)


def _messages(uow: UnitOfWork) -> None:
    for number in range(ROWS // 4):
        at = NOW + timedelta(minutes=number)
        status = WebhookStatus.ACTIVE if number % 100 == 0 else WebhookStatus.DELETED
        uow.webhooks.add(webhook(f"whk_{number}", owner_id=f"key_{number}", status=status, created_at=at))
        uow.didcomm.add_thread(didcomm_thread(f"thr_{number}", their_did=f"did:key:{number}"))
        uow.didcomm.add_message(didcomm_message(f"msg_{number}", f"thr_{number}", sealed=None))
        uow.shares.put(share(ordered_uid(number)))
        link = disclosure_link(f"dsc_{number}", uid=ordered_uid(number // 2), user_id=f"usr_{number // 2}")
        uow.disclosures.add(replace(link, expires_at=at + HOUR))
    copied = [credential(ordered_uid(n), copy_of=ordered_uid(n // 2) if n % 2 else None) for n in range(ROWS)]
    uow.credentials.add_many([replace(one, holder_did=f"{HOLDER}-{n}") for n, one in enumerate(copied)])


def _asked_of_offers(uow: UnitOfWork) -> dict[str, Callable[[], Any]]:
    def listed(**wanted: Any) -> Callable[[], Any]:
        return lambda: uow.offers.list(OfferFilter(**wanted), now=LATER, limit=5, cursor=None)

    page = uow.offers.list(OfferFilter(), now=LATER, limit=5, cursor=None)
    few = frozenset(f"did:adi:{number}" for number in range(3))
    return {
        "offers": listed(),
        "a further page": lambda: uow.offers.list(OfferFilter(), now=LATER, limit=5, cursor=page.next_cursor),
        "offers of issuers": listed(issuer_dids=few),
        "offers of somebody and issuers": listed(issuer_dids=few, user_id="usr_7"),
        "offers of somebody and types": listed(
            issuer_dids=few, user_id="usr_7", credential_types=frozenset(["kind 7"])
        ),
        "expired offers": listed(state=OfferState.EXPIRED),
        "expired offers of an issuer": listed(state=OfferState.EXPIRED, issuer_dids=frozenset(["did:adi:7"])),
        **{f"{state} offers": listed(state=state) for state in sorted(OPEN_STATES)},
        "offers of a credential, as a list": listed(credential_id="urn:uuid:7"),
        "offers of a grant, as a list": listed(grant_id="grt_7"),
        "offers of a request, as a list": listed(request_id="req_7"),
        "offers of a credential": lambda: uow.offers.of_credential("urn:uuid:7"),
        "open offers of a credential": lambda: uow.offers.open_of_credential("urn:uuid:7"),
        "offers of a request": lambda: uow.offers.of_request("req_7"),
        "offers of a grant": lambda: uow.offers.open_of_grant("grt_7"),
        "offers that are over": lambda: uow.offers.over(NOW, 5),
        "an offer": lambda: uow.offers.get("off_7"),
        "by secret": lambda: uow.offers.by_secret(digest("x")),
        "by code": lambda: uow.offers.by_code(digest("x")),
        "by origin": lambda: uow.offers.by_origin("call 7"),
        "by thread": lambda: uow.offers.by_thread("thr_7"),
    }


def _asked_beside(uow: UnitOfWork) -> dict[str, Callable[[], Any]]:
    page = uow.parcels.list(ParcelKind.WEBHOOK, "whk_7", limit=2, cursor=None)
    assert page.next_cursor is not None

    def sent(cursor: str | None) -> Callable[[], Any]:
        return lambda: uow.parcels.list(ParcelKind.WEBHOOK, "whk_7", limit=2, cursor=cursor)

    def webhooks(kind: str | None, owner: str | None) -> Callable[[], Any]:
        return lambda: uow.webhooks.list(owner_kind=kind, owner_id=owner, limit=2, cursor=None)

    return {
        "an authorization": lambda: uow.wallets.authorization("wau_7"),
        "an authorization by request": lambda: uow.wallets.authorization_by_request(digest("x")),
        "an authorization by code": lambda: uow.wallets.authorization_by_code(digest("x")),
        "a token": lambda: uow.wallets.token_by_digest(digest("x")),
        "a transaction": lambda: uow.wallets.transaction_by_digest(digest("x")),
        "a waiting transaction": lambda: uow.wallets.transaction_of("wtk_7", "req_one", "degree", ("did:jwk:one",)),
        "a notification": lambda: uow.wallets.notification_by_digest(digest("x")),
        "parcels": sent(None),
        "a further page of parcels": sent(page.next_cursor),
        "how much waits": uow.parcels.count_waiting,
        "parcels that wait for nobody": lambda: uow.parcels.strayed(5),
        "webhooks": webhooks(None, None),
        "webhooks of a key": webhooks("api_key", "key_400"),
        "active webhooks": uow.webhooks.active,
        "a thread": lambda: uow.didcomm.thread("thr_7"),
        "threads of a DID kept here": lambda: uow.didcomm.threads_from("did:key:7", after="thr_", limit=5),
        "threads with a DID": lambda: uow.didcomm.threads_with("did:key:7", after="thr_", limit=5),
        "messages": lambda: uow.didcomm.messages("thr_7"),
        "a page by address": lambda: uow.shares.by_digest(digest("x")),
        "a link to a part": lambda: uow.disclosures.by_digest(digest("x")),
        "links of a credential": lambda: uow.disclosures.of_credential(ordered_uid(7), NOW),
        "links of a person": lambda: uow.disclosures.of_person("usr_ada", NOW),
        "a presentation": lambda: uow.presentations.by_digest(digest("x")),
        "further forms": lambda: uow.credentials.copies_of(ordered_uid(7)),
    }


def _done(uow: UnitOfWork) -> dict[str, Callable[[], Any]]:
    return {
        "taking parcels": lambda: uow.parcels.take(NOW, NOW + LEASE, 2),
        "taking parcels of few": lambda: uow.parcels.take(NOW + HOUR, LATER, 2, avoiding=["whk_0"]),
        "giving up": lambda: uow.parcels.cancel_of(ParcelKind.WEBHOOK, "whk_0", NOW),
        "finishing": lambda: uow.parcels.finish(parcel("dlv_7")),
        "forgetting threads": lambda: uow.didcomm.forget(NOW + HOUR, 2),
        "forgetting a message": lambda: uow.didcomm.drop_message("msg_7"),
        "forgetting parcels": lambda: uow.parcels.forget(NOW + HOUR, 2),
        "forgetting what wallets hold": lambda: uow.wallets.forget(NOW + HOUR, 2),
        "forgetting what nobody answered": lambda: uow.wallets.forget_unanswered(NOW + HOUR, 2),
        "denying what waits": lambda: uow.wallets.deny_waiting("wau_1900", NOW),
        "forgetting uses": lambda: uow.spent.forget(NOW + HOUR, 2),
        "forgetting links": lambda: uow.disclosures.forget(NOW + HOUR, 2),
        "forgetting presentations": lambda: uow.presentations.forget(NOW + HOUR, 2),
        "ending tokens of an authorization": lambda: uow.wallets.end_tokens("wau_1900", NOW),
        "consent": lambda: uow.wallets.consent("wau_1900", "usr_7", digest("x"), NOW),
        "a message behind others": lambda: uow.didcomm.add_message(didcomm_message("msg_new", "thr_450")),
    }


def test_nothing_asked_of_deliveries_reads_a_whole_table(
    database: Database, units: UnitOfWorkFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_transaction(database, write=True) as transaction:
        _load(transaction, offers._SHAPE, delivery_tables.offers, map(_offer, range(ROWS)))
        _load(transaction, parcels._SHAPE, delivery_tables.parcels, map(_parcel, range(ROWS)))
        _wallets(transaction)
        transaction.commit()
    with units() as uow:
        _messages(uow)
        uow.commit()
    with database.writers.connect() as connection:
        connection.execute(sa.text("ANALYZE"))
        connection.commit()
    # Locks are of no account to the plan, and a reader may not take them to ask for one.
    monkeypatch.setattr(Transaction, "locking", lambda _self, statement, **_how: statement)
    explainer = Explainer(database, changes=True)
    found: dict[str, list[str]] = {}
    with units(write=False) as uow:
        for name, act in {**_asked_of_offers(uow), **_asked_beside(uow)}.items():
            found[name] = explainer.scans(act)
    with units() as uow:
        for name, act in _done(uow).items():
            found[name] = explainer.scans(act)
    # SQLite says so of what a query makes for itself too.
    assert {name: scans for name, scans in found.items() if any("anon" not in one for one in scans)} == {}
