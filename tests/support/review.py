"""People at the review desk, and the short ways of tests to ask, decide and look."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from typing import Any

from sealwright.domain.credentials import CredentialFilter
from sealwright.domain.deciding import Decision
from sealwright.domain.grants import Grant, GrantStatus
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.requests import CredentialRequest, Issuance, RequestState
from sealwright.services.office import Office
from sealwright.services.review_values import Decided, NewGrant, NewRequest
from sealwright.services.verification import VerifyOptions
from sealwright.vc.encoding.strict_json import parse_json
from tests.support.desk import DPW, act, join

IMPROVER, ISSUER, ADMIN = AccountRole.IMPROVER, AccountRole.ISSUER, AccountRole.ADMIN
APPROVED, REJECTED, PENDING = RequestState.APPROVED, RequestState.REJECTED, RequestState.PENDING


def improver(office: Office, name: str) -> Caller:
    """An approved improver."""
    return join(office, name, IMPROVER)


def reviewer(office: Office, name: str, *types: str) -> Caller:
    """An issuer whose scope are these types."""
    return join(office, name, ISSUER, scopes=types or (DPW,))


def ask(office: Office, caller: Caller, credential_type: str = DPW, **more: object) -> CredentialRequest:
    """Ask for a credential type."""
    wish = NewRequest(credential_type, **more)  # type: ignore[arg-type]
    return act(office, caller, lambda uow, me: office.intake.request(uow, me, wish), registry=False).request


def decide(office: Office, caller: Caller, request: CredentialRequest, to: RequestState, **more: object) -> Decided:
    """Decide a request."""
    if to is not APPROVED:
        more.setdefault("note", "because")
    return office.review.decide(caller, Decision(request.request_id, to, **more))  # type: ignore[arg-type]


def grant(office: Office, caller: Caller, holder: Caller, credential_type: str = DPW, **more: object) -> Grant:
    """Grant a type directly."""
    return office.granting.grant(caller, NewGrant(holder.user_id, credential_type, **more)).grant  # type: ignore[arg-type]


def outcomes(office: Office, credential_id: str) -> dict[str, str]:
    """What the office's own verifier says of a stored credential, by check; and `verified`."""
    document = office.shelf.status(credential_id).document
    report = office.verifier.verify(parse_json(document or b""), VerifyOptions())
    return {check.name: check.outcome.value for check in report.checks} | {"verified": str(bool(report))}


def audit_of(office: Office, *object_ids: str) -> Counter[str]:
    """How often each act stands in the trail, about these things or about all."""
    return Counter(row["action"] for row in audit_rows(office) if not object_ids or row["object"]["id"] in object_ids)


def audit_rows(office: Office) -> list[dict[str, Any]]:
    """The whole trail, parsed."""
    rows: list[dict[str, Any]] = []
    after = 0
    with office.units(write=False) as uow:
        while found := uow.audit.read(after, 1_000):
            rows.extend(json.loads(record.body) for record in found)
            after = found[-1].sequence
    return rows


def stored_grants(office: Office, user_id: str) -> tuple[Grant, ...]:
    """A person's grants as they lie in the store."""
    with office.units(write=False) as uow:
        return uow.grants.of_person(user_id, status=None, now=office.clock.now())


def stored_request(office: Office, request_id: str) -> CredentialRequest:
    """A request as it lies in the store."""
    with office.units(write=False) as uow:
        request = uow.requests.get(request_id)
    assert request is not None
    return request


def revoke(office: Office, caller: Caller, **which: object) -> Grant:
    """Revoke a grant, named by id or by person and type."""
    which.setdefault("reason", "over")
    return act(office, caller, lambda uow, me: office.granting.revoke(uow, me, **which), registry=False).grant  # type: ignore[arg-type]


def all_credentials(office: Office) -> list[Any]:
    """Every credential of the office."""
    with office.units(write=False) as uow:
        return list(uow.credentials.list(CredentialFilter(), now=office.clock.now(), limit=100, cursor=None).items)


def held_by(office: Office, person: Caller) -> Grant:
    """The one grant that a person has."""
    (held,) = stored_grants(office, person.user_id)
    return held


def assert_one_credential(office: Office, person: Caller) -> None:
    """A person holds one grant, and one credential that verifies; nothing is left half done."""
    held = held_by(office, person)
    assert (held.status, held.issuance, held.issuance_error) == (GrantStatus.ACTIVE, Issuance.ISSUED, None)
    assert [(one.credential_id, one.grant_id) for one in all_credentials(office)] == [
        (held.credential_id, held.grant_id)
    ]
    assert outcomes(office, held.credential_id or "")["verified"] == "True"
    assert audit_of(office)["credential.issued"] == 1
    with office.units(write=False) as uow:
        assert uow.reservations.stale(office.clock.now() + timedelta(days=1), 10) == ()
