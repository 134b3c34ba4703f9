"""Private keys at rest come back as sealed bytes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sealwright.domain.dids import KeyPurpose, MethodState
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW, stored_key


def test_a_key_comes_back_whole(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.keys.add(stored_key())
        uow.keys.add(stored_key("other", created_at=NOW - timedelta(days=1), not_after=None))
        uow.commit()
    with units(write=False) as uow:
        assert uow.keys.get(stored_key().key_id) == stored_key()
        assert uow.keys.get("unknown") is None
        assert [key.key_id for key in uow.keys.list()] == ["other", stored_key().key_id]


def test_replace_changes_only_what_may_change(units: UnitOfWorkFactory) -> None:
    before = stored_key()
    after = replace(
        before, sealed=b"new", kek_id="kek-2", state=MethodState.RETIRED, not_after=NOW, public_key=b"q" * 32
    )
    with units() as uow:
        uow.keys.add(before)
        uow.keys.replace(after)
        assert uow.keys.get(before.key_id) == replace(after, public_key=before.public_key)


def test_system_key_is_the_newest_active_one_of_its_purpose(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        assert uow.keys.system_key(KeyPurpose.AUDIT) is None
        for number, state in enumerate((MethodState.RETIRED, MethodState.ACTIVE, MethodState.COMPROMISED)):
            uow.keys.add(
                stored_key(
                    f"system:audit:{number}",
                    did="system",
                    use=KeyPurpose.AUDIT,
                    state=state,
                    created_at=NOW + timedelta(days=number),
                )
            )
        uow.keys.add(stored_key("system:log:1", did="system", use=KeyPurpose.LOG))
        uow.keys.add(stored_key("did:adi:x#audit", use=KeyPurpose.AUDIT, created_at=NOW + timedelta(days=9)))
        found = uow.keys.system_key(KeyPurpose.AUDIT)
        assert found is not None
        assert found.key_id == "system:audit:1"
