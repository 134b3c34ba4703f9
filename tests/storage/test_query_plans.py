"""Every list query finds its rows by an index, at a size where the planner has a choice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from sealwright.domain.audit import AuditFilter
from sealwright.domain.credentials import CredentialFilter, CredentialStatus, ReservationState
from sealwright.domain.grants import GrantStatus
from sealwright.domain.notices import Mail, Notice, NoticeKind
from sealwright.domain.requests import Issuance, RequestState
from sealwright.domain.sign_in import Session, SignInMethod
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.storage.engines import Database
from tests.storage.builders import (
    ISSUER,
    NOW,
    api_key,
    credential,
    credential_type,
    did_record,
    entry,
    entry_of_history,
    grant,
    method,
    ordered_uid,
    person,
    place,
    request,
    reservation,
    schema,
    scope,
    stored_key,
    token,
)
from tests.storage.explaining import Explainer

ROWS = 4000
# Tables that stay small by nature, or that a list reads whole on purpose.
SMALL = {
    "people",
    "person_roles",
    "api_keys",
    "halts",
    "type_sets",
    "status_lists",
    "status_bits",
    "checkpoints",
    "private_keys",
    # Empty here; with batches in it, the plans of bulk work tell.
    "batches",
}
# The credentials of an issuer, most of them recent: a page of them is near at hand.
ISSUERS = [f"did:adi:i{n}" for n in range(40)]
HOLDERS = [f"did:adi:h{n}" for n in range(400)]


def _fill(units: UnitOfWorkFactory) -> None:
    states = [CredentialStatus.VALID] * 97 + [
        CredentialStatus.REVOKED,
        CredentialStatus.SUSPENDED,
        CredentialStatus.VALID,
    ]
    with units() as uow:
        uow.credentials.add_many(
            [
                credential(
                    ordered_uid(n),
                    issuer_did=ISSUERS[n % 40],
                    holder_did=HOLDERS[n % 400],
                    schema_id=f"s{n % 20}",
                    types=("VerifiableCredential", f"T{n % 20}"),
                    status=states[n % 100],
                    external_id=f"urn:x:{n}" if n % 50 == 0 else None,
                    batch_id=f"bat_{n % 30}" if n % 3 == 0 else None,
                    expires_at=NOW + timedelta(seconds=n - 50),
                )
                for n in range(ROWS)
            ]
        )
        reservations = [reservation(ordered_uid(n), place=place(index=n)) for n in range(ROWS)]
        uow.reservations.add_many(reservations)
        uow.reservations.settle_many([one.uid for one in reservations[:-20]], ReservationState.ISSUED)
        uow.idempotency.begin_many([(scope(f"k{n}"), None) for n in range(ROWS)], NOW, NOW + timedelta(days=7))
        for n in range(ROWS):
            action = "user.created" if n % 400 == 0 else "credential.issued"
            uow.audit.append(entry(f"object-{n}", action, at=NOW + timedelta(seconds=n)))
        uow.commit()
    with units() as uow:
        for n in range(60):
            uow.people.add(person(f"usr_{n}"))
        for n in range(600):
            uow.dids.add(did_record(f"did:adi:{n}", owner_user_id=f"usr_{n % 50}", methods=(method(f"did:adi:{n}"),)))
            uow.schemas.add(schema(f"s{n}", active=n % 30 != 0, created_at=NOW + timedelta(seconds=n)))
            uow.people.add_token(token(f"tok_{n}", f"usr_{n % 60}"))
        uow.keys.add(stored_key())
        uow.api_keys.add(api_key())
        uow.commit()
    _fill_desk(units)


def _fill_desk(units: UnitOfWorkFactory) -> None:
    """Grants, notices, mails and sessions of sixty people."""
    with units() as uow:
        uow.types.add(credential_type())
        for n in range(600):
            gone = {"state": RequestState.WITHDRAWN, "resolved_at": NOW}
            uow.requests.add(request(f"req_{n}", f"usr_{n % 60}", **gone), entry_of_history(f"req_{n}"))
        for n in range(1500):
            at = NOW + timedelta(seconds=n)
            is_open = n % 50 == 0
            uow.grants.add(
                grant(
                    f"grt_{n}",
                    f"usr_{n % 60}",
                    issued_at=at,
                    sign_after=at,
                    expires_at=at if is_open else None,
                    status=GrantStatus.REVOKED,
                    issuance=Issuance.PENDING if is_open else Issuance.ISSUED,
                    credential_id=f"urn:uuid:{n}",
                )
            )
            notice_id, user_id, key = f"ntc_{n}", f"usr_{n % 60}", f"{n}".encode()
            due = at if n % 40 == 0 else None
            read = None if n % 20 == 0 else at
            told = {"request_id": f"req_{n}"}
            uow.notices.add_many([Notice(notice_id, user_id, NoticeKind.APPROVED, at, told, read, due)])
            sent = None if n % 40 == 0 else at
            uow.notices.add_mail(Mail(f"mal_{n}", user_id, "a@x.example", "approved", "en", "s", "t", "h", at, sent))
            uow.sign_ins.add_session(Session(f"ses_{n}", user_id, key, SignInMethod.PASSKEY, "x", at, at, at))
        uow.commit()


def _pages(uow: UnitOfWork) -> dict[str, Callable[[], Any]]:
    def credentials(**members: Any) -> Callable[[], Any]:
        wanted = CredentialFilter(**members)
        first = uow.credentials.list(wanted, now=NOW, limit=5, cursor=None)
        return lambda: uow.credentials.list(wanted, now=NOW, limit=5, cursor=first.next_cursor)

    def audit(**members: Any) -> Callable[[], Any]:
        wanted = AuditFilter(**members)
        first = uow.audit.list(wanted, limit=5, cursor=None)
        return lambda: uow.audit.list(wanted, limit=5, cursor=first.next_cursor)

    visible = {"visible_issuers": frozenset(ISSUERS[:3]), "visible_holders": frozenset(HOLDERS[:3])}
    did_page = uow.dids.list(owner="usr_1", limit=5, cursor=None).next_cursor
    schema_page = uow.schemas.list(active=True, limit=5, cursor=None).next_cursor
    return {
        "credentials": credentials(),
        "credentials of an issuer": credentials(issuer_did=ISSUERS[5]),
        "credentials of a holder": credentials(holder_did=HOLDERS[5]),
        "credentials of a schema": credentials(schema_id="s5"),
        "credentials of a type": credentials(credential_type="T5"),
        "credentials of a batch": credentials(batch_id="bat_3"),
        "credentials that one may see": credentials(**visible),
        "credentials of a type that one may see": credentials(credential_type="T1", **visible),
        **{
            f"credentials that are {status}": credentials(status=status, issuer_did=ISSUERS[98 % 40])
            for status in CredentialStatus
        },
        "all revoked credentials": credentials(status=CredentialStatus.REVOKED),
        "all suspended credentials": credentials(status=CredentialStatus.SUSPENDED),
        "one credential": lambda: uow.credentials.get(f"urn:uuid:{ordered_uid(7)}"),
        "one credential by its own id": lambda: uow.credentials.get("urn:x:50"),
        "a walk over all credentials": lambda: uow.credentials.after(ordered_uid(100), 10),
        "the count of an issuer": lambda: uow.credentials.count_active(ISSUERS[3], NOW),
        "stale reservations": lambda: uow.reservations.stale(NOW + timedelta(seconds=1), 10),
        "one reservation": lambda: uow.reservations.get(ordered_uid(7)),
        "one idempotency key": lambda: uow.idempotency.find(scope("k7")),
        "the trail": audit(),
        "the trail of an actor": audit(actor="usr_tester"),
        "the trail of an object": audit(object_id="object-7"),
        "the trail of a rare act": audit(actions=frozenset({"user.created", "token.created"})),
        "the trail of a span": audit(since=NOW + timedelta(seconds=100), until=NOW + timedelta(seconds=200)),
        "the trail in order": lambda: uow.audit.read(100, 10),
        "one DID": lambda: uow.dids.get("did:adi:7"),
        "versions of a DID": lambda: uow.dids.versions("did:adi:7"),
        "DIDs of an owner": lambda: uow.dids.list(owner="usr_1", limit=5, cursor=did_page),
        "agents": lambda: uow.dids.list(owner=None, limit=5, cursor=did_page, only_agents=True),
        "DIDs": lambda: uow.dids.list(owner=None, limit=5, cursor=did_page),
        "schemas": lambda: uow.schemas.list(active=None, limit=5, cursor=schema_page),
        "active schemas": lambda: uow.schemas.list(active=True, limit=5, cursor=schema_page),
        "inactive schemas": lambda: uow.schemas.list(active=False, limit=5, cursor=None),
        "one schema by name": lambda: uow.schemas.by_name("s5", "1"),
        "tokens of a person": lambda: uow.people.tokens_of("usr_5"),
        "one token": lambda: uow.people.token_by_digest(token("tok_5").digest),
        "one grant by credential": lambda: uow.grants.by_credential("urn:uuid:7"),
        "grants of a person": lambda: uow.grants.of_person("usr_7", status=None, now=NOW),
        "a grant in force": lambda: uow.grants.in_force("usr_7", "degree", NOW),
        "holders of several types": lambda: uow.figures.holders_of_all(("degree", "license"), NOW),
        "unsigned grants": lambda: uow.grants.unsigned(NOW, 10),
        "ended grants": lambda: uow.grants.ended(NOW, 10),
        "requests of a person": lambda: uow.requests.of_person("usr_7"),
        "a person's pending request": lambda: uow.requests.pending_of("usr_7", "degree"),
        "history of a request": lambda: uow.requests.history("req_7"),
        "unread notices": lambda: uow.notices.unread("usr_7"),
        "an inbox": lambda: uow.notices.list("usr_7", page=1, count=5),
        "due notices": lambda: uow.notices.due(NOW, 5),
        "unsent mail": lambda: uow.notices.unsent(NOW, 5),
        "one session": lambda: uow.sign_ins.session(b"7"),
        "sessions of a person": lambda: uow.sign_ins.sessions_of("usr_7"),
        "one person by address": lambda: uow.people.by_email("usr_5@example.org"),
    }


def test_no_list_reads_a_whole_table(database: Database, units: UnitOfWorkFactory) -> None:
    _fill(units)
    with database.writers.connect() as connection:
        connection.execute(sa.text("ANALYZE"))
        connection.commit()
    explainer = Explainer(database)
    found: dict[str, list[str]] = {}
    with units(write=False) as uow:
        for name, page in _pages(uow).items():
            scans = [scan for scan in explainer.scans(page) if scan.split()[1] not in SMALL]
            # SQLite names the merge of runs after its parts; it reads only what they gave.
            scans = [scan for scan in scans if not scan.split()[1].startswith(("(", "anon"))]
            if scans:
                found[name] = scans
    assert found == {}


def test_the_explainer_sees_a_scan(database: Database, units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.credentials.add_many([credential(ordered_uid(n), issuer_did=ISSUER) for n in range(200)])
        uow.commit()
    explainer = Explainer(database)

    def look() -> None:
        with database.readers.connect() as connection:
            connection.execute(sa.text("SELECT uid FROM credentials WHERE reason = 'x'"))

    assert explainer.scans(look) == ["SCAN credentials"]
