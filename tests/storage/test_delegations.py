"""Delegations as rows: found by themselves and by whom they concern, with their credentials' states."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sealwright.domain.credentials import CredentialStatus, ReasonCode
from sealwright.domain.delegations import Delegation, DelegationFilter, DelegationStatus
from sealwright.domain.errors import InvalidPagination, StateConflict
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage.cursors import uid_cursor
from tests.storage.builders import NOW, ordered_uid
from tests.storage.delegation_builders import AGENT, END, HUMAN, credential_of, delegation, ids, line, store


def _set_status(units: UnitOfWorkFactory, number: int, status: CredentialStatus) -> None:
    with units() as uow:
        revoked_at = NOW if status is CredentialStatus.REVOKED else None
        code = None if status is CredentialStatus.VALID else ReasonCode.KEY_COMPROMISE
        uow.credentials.set_status(ordered_uid(number), status, revoked_at=revoked_at, reason_code=code, reason="x")
        uow.commit()


def test_a_delegation_comes_back_whole_by_each_of_its_names(units: UnitOfWorkFactory) -> None:
    root, below = line(2)
    below = delegation(2, root, supersedes="dlg_0", suspendable=False, constraints={"maxSpendPerDay": 0.1 + 0.2})
    store(units, root, below)
    with units(write=False) as uow:
        for name in (below.delegation_id, below.credential_id, str(below.uid)):
            assert uow.delegations.get(name) == below
        for nobody in ("dlg_x", f"{ordered_uid(9)}", "dlg_1\x00", ""):
            assert uow.delegations.get(nobody) is None


def test_its_status_is_its_credentials(units: UnitOfWorkFactory) -> None:
    store(units, delegation())
    for status, own in (
        (CredentialStatus.SUSPENDED, DelegationStatus.SUSPENDED),
        (CredentialStatus.VALID, DelegationStatus.ACTIVE),
        (CredentialStatus.REVOKED, DelegationStatus.REVOKED),
    ):
        _set_status(units, 1, status)
        with units(write=False) as uow:
            found = uow.delegations.get("dlg_1")
        assert found is not None
        assert found.status_at(NOW) is own


def test_a_chain_is_read_from_its_root_down(units: UnitOfWorkFactory) -> None:
    chain = line(4)
    store(units, *chain)
    with units(write=False) as uow:
        assert uow.delegations.chain("dlg_3") == chain[:3]
        assert uow.delegations.chain(chain[3].credential_id) == chain
        assert uow.delegations.chain("dlg_9") == ()


def test_a_delegation_below_nothing_is_refused(units: UnitOfWorkFactory) -> None:
    orphan = delegation(2, delegation(1))
    with units() as uow:
        uow.credentials.add_many([credential_of(orphan)])
        with pytest.raises(StateConflict):
            uow.delegations.add(orphan)


def test_live_chains_to_an_agent_are_given_with_what_is_above(units: UnitOfWorkFactory) -> None:
    root, middle, leaf = line(3)
    other = delegation(4, delegate_did=leaf.delegate_did)
    revoked = delegation(5, delegate_did=leaf.delegate_did, credential_status=CredentialStatus.REVOKED)
    told = delegation(6, delegate_did=leaf.delegate_did)
    store(units, root, middle, leaf, other, revoked, told)
    _set_status(units, 1, CredentialStatus.REVOKED)
    with units() as uow:
        uow.delegations.tell_expired(["dlg_6"])
        uow.commit()
    with units(write=False) as uow:
        found = uow.delegations.chains_to([leaf.delegate_did, "did:adi:nobody"])
        # A revoked one above is shown, so that it can be said why; by the delegate's own only live ones count.
        assert ids(found) == ["dlg_4", "dlg_3", "dlg_2", "dlg_1"]
        assert found[-1].credential_status is CredentialStatus.REVOKED
        assert uow.delegations.chains_to([]) == ()


def test_only_the_newest_200_of_a_delegate_are_looked_at(units: UnitOfWorkFactory) -> None:
    store(units, *(delegation(number) for number in range(1, 206)))
    with units(write=False) as uow:
        assert ids(uow.delegations.chains_to([AGENT])) == [f"dlg_{number}" for number in range(205, 5, -1)]


@pytest.fixture
def five(units: UnitOfWorkFactory) -> tuple[Delegation, ...]:
    """A chain of three, one revoked of somebody else's, and one that ends early."""
    chain = line(3)
    strange = delegation(4, delegator_did="did:adi:other", delegate_did="did:adi:robot")
    early = delegation(5, expires_at=NOW + timedelta(hours=1))
    store(units, *chain, strange, early)
    _set_status(units, 4, CredentialStatus.REVOKED)
    _set_status(units, 3, CredentialStatus.SUSPENDED)
    return (*chain, strange, early)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (DelegationFilter(), [5, 4, 3, 2, 1]),
        (DelegationFilter(delegator_did=HUMAN), [5, 1]),
        (DelegationFilter(delegate_did=f"{AGENT}-2"), [2]),
        (DelegationFilter(delegator_did=HUMAN, delegate_did="did:adi:robot"), []),
        (DelegationFilter(parties=frozenset({HUMAN})), [5, 3, 2, 1]),
        (DelegationFilter(parties=frozenset({f"{AGENT}-2"})), [3, 2]),
        (DelegationFilter(parties=frozenset({f"{AGENT}-3", "did:adi:other"})), [4, 3]),
        (DelegationFilter(parties=frozenset()), []),
        (DelegationFilter(parties=frozenset({HUMAN}), delegator_did=AGENT), [2]),
        (DelegationFilter(parties=frozenset({HUMAN}), delegator_did=HUMAN), [5, 1]),
        (DelegationFilter(parties=frozenset({"did:adi:other"}), delegator_did=AGENT), []),
        (DelegationFilter(status=DelegationStatus.ACTIVE), [2, 1]),
        (DelegationFilter(status=DelegationStatus.SUSPENDED), [3]),
        (DelegationFilter(status=DelegationStatus.REVOKED), [4]),
        (DelegationFilter(status=DelegationStatus.EXPIRED), [5]),
        (DelegationFilter(status=DelegationStatus.ACTIVE, parties=frozenset({AGENT, HUMAN})), [2, 1]),
        (DelegationFilter(status=DelegationStatus.REVOKED, parties=frozenset({AGENT})), []),
    ],
)
def test_lists_show_what_is_wanted_and_seen(
    units: UnitOfWorkFactory, five: tuple[Delegation, ...], wanted: DelegationFilter, found: list[int]
) -> None:
    later = NOW + timedelta(hours=1)
    expected = [f"dlg_{number}" for number in found]
    with units(write=False) as uow:
        whole = uow.delegations.list(wanted, now=later, limit=10, cursor=None)
        assert (ids(whole.items), whole.next_cursor) == (expected, None)
        shown: list[str] = []
        cursor: str | None = None
        for _ in range(len(expected) + 1):
            page = uow.delegations.list(wanted, now=later, limit=1, cursor=cursor)
            shown += ids(page.items)
            cursor = page.next_cursor
            if cursor is None:
                break
        assert shown == expected
        states = {one.status_at(later) for one in whole.items}
        assert wanted.status is None or states <= {wanted.status}
    assert len(five) == 5


def test_a_list_of_very_many_parties_is_asked_in_turns(units: UnitOfWorkFactory, five: tuple[Delegation, ...]) -> None:
    parties = frozenset({HUMAN, "did:adi:other", *(f"did:adi:x{n}" for n in range(450))})
    with units(write=False) as uow:
        page = uow.delegations.list(DelegationFilter(parties=parties), now=NOW, limit=4, cursor=None)
        assert ids(page.items) == ["dlg_5", "dlg_4", "dlg_3", "dlg_2"]
        page = uow.delegations.list(DelegationFilter(parties=parties), now=NOW, limit=4, cursor=page.next_cursor)
    assert ids(page.items) == ["dlg_1"]
    assert len(five) == 5


def test_cursors_of_other_lists_are_refused(units: UnitOfWorkFactory) -> None:
    store(units, delegation(1), delegation(2))
    with units(write=False) as uow:
        cursor = uow.delegations.list(DelegationFilter(), now=NOW, limit=1, cursor=None).next_cursor
        assert cursor is not None
        for wrong in ("x", cursor[:-1], uid_cursor(ordered_uid(1))):
            with pytest.raises(InvalidPagination):
                uow.delegations.list(DelegationFilter(), now=NOW, limit=1, cursor=wrong)


def test_children_and_all_below_are_found(units: UnitOfWorkFactory) -> None:
    root, middle, leaf = line(3)
    second = delegation(4, root)
    ended = delegation(5, root, expires_at=NOW + timedelta(hours=1))
    store(units, root, middle, leaf, second, ended)
    with units(write=False) as uow:
        assert ids(uow.delegations.children(["dlg_1"])) == ["dlg_2", "dlg_4", "dlg_5"]
        assert ids(uow.delegations.children(["dlg_1", "dlg_2"])) == ["dlg_2", "dlg_3", "dlg_4", "dlg_5"]
        assert uow.delegations.children([]) == ()
        assert [uow.delegations.count_below(f"dlg_{n}", NOW) for n in range(1, 6)] == [4, 1, 0, 0, 0]
        assert uow.delegations.count_below("dlg_1", NOW + timedelta(hours=1)) == 3
    _set_status(units, 2, CredentialStatus.REVOKED)
    _set_status(units, 4, CredentialStatus.SUSPENDED)
    with units(write=False) as uow:
        # What is below a revoked one is not revoked by itself.
        assert uow.delegations.count_below("dlg_1", NOW) == 3
        assert uow.delegations.count_below("dlg_1", END) == 0


def test_ends_are_told_once(units: UnitOfWorkFactory) -> None:
    revoked = delegation(3, credential_status=CredentialStatus.REVOKED)
    store(units, delegation(1), delegation(2, expires_at=NOW + timedelta(days=1)), revoked)
    with units() as uow:
        assert uow.delegations.expired(NOW, 10) == ()
        assert ids(uow.delegations.expired(END - timedelta(seconds=1), 10)) == ["dlg_2"]
        assert ids(uow.delegations.expired(END, 2)) == ["dlg_2", "dlg_1"]
        uow.delegations.tell_expired(["dlg_1", "dlg_2"])
        uow.commit()
    with units(write=False) as uow:
        left = uow.delegations.expired(END, 10)
        assert [(one.delegation_id, one.status_at(END)) for one in left] == [("dlg_3", DelegationStatus.REVOKED)]


def test_all_are_walked_in_order(units: UnitOfWorkFactory) -> None:
    store(units, *(delegation(number) for number in range(1, 6)))
    with units(write=False) as uow:
        assert ids(uow.delegations.after(None, 2)) == ["dlg_1", "dlg_2"]
        assert ids(uow.delegations.after(ordered_uid(2), 9)) == ["dlg_3", "dlg_4", "dlg_5"]
