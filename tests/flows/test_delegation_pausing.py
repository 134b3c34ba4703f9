"""What somebody further up has paused stays paused until one of at least that standing lets it go on, by every road."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.delegations import Delegation, DelegationStatus
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import NotDIDOwner
from sealwright.domain.people import AccountRole, Caller
from sealwright.services.office import Office
from sealwright.storage.audit import StoredAuditLog
from tests.support.delegations import AGENTS, bring, chain_of, furnish_delegations
from tests.support.desk import join
from tests.support.furnished import Furnished
from tests.support.office import MovableClock, api_key_for, the_operator
from tests.support.review import audit_rows

BOSS = "did:adi:boss"
A, B, C = AGENTS[:3]


class Family:
    """A person with three agents, each below the one before it; all are owned by other people."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.boss = join(office, "boss")
        bring(office, BOSS, DIDKind.HUMAN, owner=self.boss.user_id)
        self.chain: tuple[Delegation, ...] = chain_of(office, A, B, C, root=BOSS)
        self.keys = [api_key_for(office, did) for did in (BOSS, A, B, C)]
        self.admin = join(office, "admin", AccountRole.ADMIN)

    @property
    def leaf(self) -> Delegation:
        return self.chain[-1]

    def move(self, caller: Caller, verb: str, *, one: Delegation | None = None, generic: bool = False) -> None:
        """Pause it or let it go on, by the desk of delegations or by that of all credentials."""
        which = one or self.leaf
        desk: Any = self.office.revocation if generic else self.office.delegations.desk
        reference = which.credential_id if generic else which.delegation_id
        self.office.acts.run(caller, lambda uow, me: getattr(desk, verb)(uow, me, reference, "because"))

    def is_paused(self, one: Delegation | None = None) -> bool:
        seen = self.office.delegations.desk.get(
            the_operator(self.office), (one or self.leaf).delegation_id, self.office.registry.current()
        )
        return seen.status is DelegationStatus.SUSPENDED

    def may_resume(self, caller: Caller) -> bool:
        sheet = self.office.delegations.sheets.get(caller, self.leaf.delegation_id)
        return sheet.may_end and sheet.may_resume


@pytest.fixture
def family(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Family]:
    """A family in an office in which people delegate."""
    with furnished.open(database_url, tmp_path / "home", clock, furnish_delegations) as opened:
        yield Family(opened)


@pytest.mark.parametrize("pauser", [0, 1, 2])
def test_nobody_below_whoever_paused_it_lets_it_go_on(family: Family, pauser: int) -> None:
    boss, a, b, c = family.keys
    for resumer in (b, a, boss):
        family.move(family.keys[pauser], "suspend")
        standing = family.keys.index(resumer)
        assert family.may_resume(resumer) is (standing <= pauser)
        if standing <= pauser:
            family.move(resumer, "reinstate")
            assert not family.is_paused()
            continue
        for generic in (False, True) if resumer is b else (False,):
            with pytest.raises(NotDIDOwner, match="admin reinstates it") as refused:
                family.move(resumer, "reinstate", generic=generic)
            assert (BOSS, A, B)[pauser] in str(refused.value)
        assert family.is_paused()
    with pytest.raises(NotDIDOwner):
        family.move(c, "suspend")


def test_what_the_office_paused_the_office_or_the_root_lets_go_on(family: Family) -> None:
    for office in (family.admin, the_operator(family.office)):
        for resumer in (family.boss, family.keys[0], family.admin):
            family.move(office, "suspend")
            for below in family.keys[1:3]:
                assert not family.may_resume(below)
                with pytest.raises(NotDIDOwner):
                    family.move(below, "reinstate")
            assert family.may_resume(resumer)
            family.move(resumer, "reinstate")
            assert not family.is_paused()


def test_who_stands_higher_holds_what_is_paused_already(family: Family) -> None:
    """Else the one below would let it go on the moment after, having paused it first."""
    boss, a, b, _ = family.keys
    family.move(b, "suspend", generic=True)
    for higher in (a, boss):
        assert family.may_resume(b) is (higher is a)
        family.move(higher, "suspend")
        family.move(b, "suspend")
        with pytest.raises(NotDIDOwner):
            family.move(b, "reinstate")
    with pytest.raises(NotDIDOwner):
        family.move(a, "reinstate")
    rows = [row for row in audit_rows(family.office) if row["action"] == "delegation.suspended"]
    assert [row["data"]["suspendedFor"] for row in rows] == [B, A, BOSS], "whoever stands lower changes nothing"
    family.move(boss, "reinstate")
    family.move(b, "suspend")
    family.move(b, "reinstate")
    assert not family.is_paused()


def test_any_of_them_may_still_end_what_is_paused(family: Family) -> None:
    family.move(family.admin, "suspend")
    family.move(family.keys[2], "revoke")
    with pytest.raises(Exception, match="revoked"):
        family.move(family.admin, "reinstate")


def test_who_stands_for_several_counts_by_the_highest(family: Family) -> None:
    office = family.office
    both = api_key_for(office, BOSS, B)
    family.move(both, "suspend")
    with pytest.raises(NotDIDOwner):
        family.move(family.keys[1], "reinstate")
    family.move(family.keys[0], "suspend")
    family.move(both, "reinstate", generic=True)
    assert not family.is_paused()


def test_a_root_and_what_was_paused_before_go_on_as_ever(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    root = family.chain[0]
    family.move(family.admin, "suspend", one=root)
    family.move(family.boss, "reinstate", one=root)
    assert not family.is_paused(root)
    append = StoredAuditLog.append

    def before(self: StoredAuditLog, *entries: Any) -> None:
        for one in entries:
            one.data.pop("suspendedFor", None)
        append(self, *entries)

    with monkeypatch.context() as patched:
        patched.setattr(StoredAuditLog, "append", before)
        family.move(family.keys[0], "suspend")
    family.move(family.keys[2], "reinstate")
    assert not family.is_paused()
