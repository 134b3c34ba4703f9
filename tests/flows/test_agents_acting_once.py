"""Acts of agents under an idempotency key are counted once and done once: cut short, repeated, and many at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.credentials import CredentialFilter, IdempotencyScope
from sealwright.domain.delegation_errors import ApprovalRequired, ConstraintExceeded
from sealwright.domain.delegations import ApprovalState
from sealwright.domain.errors import IdempotencyInProgress, StoreUnavailable
from sealwright.services.acting import Footing, Permit
from sealwright.services.acts import idempotency_scope
from sealwright.services.approving import ApprovalWish
from sealwright.services.issuing_line import Issued
from sealwright.services.office import Office
from sealwright.services.review_values import NewRequest
from sealwright.storage.delegations import StoredDelegationRows
from sealwright.storage.idempotency import StoredIdempotency
from tests.support.acting import Cast
from tests.support.desk import DPW
from tests.support.office import degree_request, open_office
from tests.support.races import race
from tests.support.review import audit_rows

CALLERS = 8


@pytest.fixture
def cast(office: Office) -> Cast:
    """Everybody in these stories."""
    return Cast(office)


def scope_of(cast: Cast, key: str = "once", route: str = "issue") -> IdempotencyScope:
    return idempotency_scope(cast.key.bucket, "POST", f"/api/v1/agents/x/{route}", key, b"{}")


def issued_to(cast: Cast) -> list[str]:
    """What the holder was issued in the reviewer's name."""
    wanted = CredentialFilter(issuer_did=cast.issuer, holder_did=cast.holder)
    with cast.office.units(write=False) as uow:
        found = uow.credentials.list(wanted, now=cast.office.clock.now(), limit=100, cursor=None).items
    return [one.credential_id for one in found]


class Cut(BaseException):
    """The process ends here, as far as its call is concerned."""


@contextmanager
def cut_at(monkeypatch: pytest.MonkeyPatch, kind: type, name: str) -> Iterator[None]:
    """Break a call where it does something for the first time; from then on it is let through."""
    whole = getattr(kind, name)
    is_broken = [True]

    def broken(self: object, *given: Any, **named: Any) -> Any:
        if is_broken:
            is_broken.clear()
            raise RuntimeError("cut")
        return whole(self, *given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(kind, name, broken)
        yield


@pytest.mark.parametrize(
    ("kind", "name"),
    [(StoredIdempotency, "finish"), (StoredDelegationRows, "count"), (StoredDelegationRows, "add_calls")],
)
def test_what_breaks_while_it_is_counted_counts_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, kind: type, name: str
) -> None:
    made = cast.delegate(constraints={"maxCallsPerDay": 1})
    acting, wish, scope = cast.office.delegations.acting, degree_request(holder_did=cast.holder), scope_of(cast)
    with cut_at(monkeypatch, kind, name), pytest.raises(StoreUnavailable):
        acting.issue(cast.key, cast.agent, wish, Footing(), scope)
    assert (cast.counted(made), issued_to(cast)) == (0, [])
    first = acting.issue(cast.key, cast.agent, wish, Footing(), scope)
    again = acting.issue(cast.key, cast.agent, wish, Footing(), scope)
    assert (first.replayed, again.replayed) == (False, True)
    assert (cast.counted(made), issued_to(cast)) == (1, [first.record.credential_id])


def test_what_ends_between_counting_and_signing_is_done_by_its_repetition(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The approval was spent with the count: the same call again goes on with what it permitted."""
    made = cast.delegate(constraints={"maxCallsPerDay": 1, "requireApproval": True})
    acting, wish, scope = cast.office.delegations.acting, degree_request(holder_did=cast.holder), scope_of(cast)
    approval = cast.approved(ApprovalWish(cast.agent, "credential:issue", {}, credential=wish))
    footing = Footing(approval_id=approval.approval_id)

    def ends(*_: object) -> None:
        raise Cut

    with monkeypatch.context() as patched:
        patched.setattr(cast.office.issuing, "issue", ends)
        with pytest.raises(Cut):
            acting.issue(cast.key, cast.agent, wish, footing, scope)
    assert (cast.counted(made), issued_to(cast)) == (1, [])
    spent = cast.office.delegations.approving.get(cast.rex, approval.approval_id)
    assert spent.state is ApprovalState.SPENT
    record = acting.issue(cast.key, cast.agent, wish, footing, scope).record
    assert (cast.counted(made), issued_to(cast)) == (1, [record.credential_id])
    with pytest.raises(ApprovalRequired):
        acting.issue(cast.key, cast.agent, wish, footing, scope_of(cast, "another"))


def test_what_was_refused_is_asked_anew_under_its_key(cast: Cast) -> None:
    cast.delegate(constraints={"authorizedRegions": ["EU"]})
    acting, wish, scope = cast.office.delegations.acting, degree_request(holder_did=cast.holder), scope_of(cast)
    for _ in range(2):
        with pytest.raises(ConstraintExceeded):
            acting.issue(cast.key, cast.agent, wish, Footing(), scope)
    made = cast.delegate()
    assert acting.issue(cast.key, cast.agent, wish, Footing(), scope).record.holder_did == cast.holder
    assert cast.counted(made) == 1
    refused = [row for row in audit_rows(cast.office) if row["action"] == "delegation.refused"]
    assert len(refused) == 2, "every answer is on record"


def test_many_calls_under_one_key_issue_once(cast: Cast, database_url: str, tmp_path: Path) -> None:
    made = cast.delegate(constraints={"maxCallsPerDay": 1, "requireApproval": True})
    wish, scope = cast.typed(), scope_of(cast)
    approval = cast.approved(ApprovalWish(cast.agent, "credential:issue", {}, credential=wish))
    footing = Footing(approval_id=approval.approval_id)
    # Half of them by themselves, half in another process's lines, where calls with one key share a round.
    with open_office(database_url, tmp_path / "home", background=True) as other:
        desks = [office.delegations.acting for office in (cast.office, other)] * (CALLERS // 2)
        found = race([lambda desk=desk: desk.issue(cast.key, cast.agent, wish, footing, scope) for desk in desks])
    late = [one for one in found if isinstance(one, IdempotencyInProgress)]
    records = {one.record.credential_id for one in found if isinstance(one, Issued)}
    assert len(records) == 1, found
    assert len(late) + sum(isinstance(one, Issued) for one in found) == CALLERS, found
    assert (cast.counted(made), issued_to(cast)) == (1, list(records))


def test_many_calls_under_one_key_may_file_one_request(cast: Cast, database_url: str, tmp_path: Path) -> None:
    made = cast.delegate(cast.holder, constraints={"maxCallsPerDay": 1})
    wish, scope = NewRequest(DPW), scope_of(cast, route="requests")
    with open_office(database_url, tmp_path / "home", background=True) as other:
        desks = [office.delegations.acting for office in (cast.office, other)] * (CALLERS // 2)
        found = race(
            [lambda desk=desk: desk.permit_request(cast.key, cast.agent, wish, Footing(), scope) for desk in desks]
        )
    permits = {one for one in found if isinstance(one, Permit)}
    late = [one for one in found if isinstance(one, IdempotencyInProgress)]
    assert (len(permits), len(found) - len(late)) == (1, sum(isinstance(one, Permit) for one in found)), found
    assert cast.counted(made) == 1


def test_one_key_for_another_body_is_refused_while_it_is_counted(cast: Cast) -> None:
    made = cast.delegate()
    scope = scope_of(cast)
    wish = degree_request(holder_did=cast.holder)
    acting = cast.office.delegations.acting
    bodies = [replace(scope, body_digest=bytes([number]) * 32) for number in range(CALLERS)]
    found = race([lambda one=one: acting.order(cast.key, cast.agent, wish, Footing(), one) for one in bodies])
    assert cast.counted(made) == 1
    assert sum(not isinstance(one, Exception) for one in found) == 1, found
