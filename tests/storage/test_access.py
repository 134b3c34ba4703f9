"""API keys come back as they were stored; revoking and touching never go backward."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW, api_key


def test_a_key_comes_back_whole(units: UnitOfWorkFactory) -> None:
    bound, open_to_all = api_key("key_a"), api_key("key_b", schemas=None, owner_user_id=None, issue_per_minute=None)
    with units() as uow:
        uow.api_keys.add(bound)
        uow.api_keys.add(open_to_all)
        uow.commit()
    with units(write=False) as uow:
        assert uow.api_keys.get("key_a") == bound
        assert uow.api_keys.by_digest(open_to_all.digest) == open_to_all
        assert uow.api_keys.get("key_c") is None
        assert uow.api_keys.by_digest(b"") is None


def test_list_gives_all_or_one_owners_newest_first(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for number in range(3):
            uow.api_keys.add(api_key(f"key_{number}", created_at=NOW + timedelta(seconds=number)))
        uow.api_keys.add(api_key("key_other", owner_user_id=None))
        uow.commit()
    with units(write=False) as uow:
        assert [key.api_key_id for key in uow.api_keys.list(owner="usr_ada")] == ["key_2", "key_1", "key_0"]
        assert len(uow.api_keys.list(owner=None)) == 4
        assert uow.api_keys.list(owner="usr_nobody") == ()


def test_revoke_brings_the_end_forward_only(units: UnitOfWorkFactory) -> None:
    later = NOW + timedelta(hours=24)
    with units() as uow:
        uow.api_keys.add(api_key())
        assert uow.api_keys.revoke("key_one", later) is True
        assert uow.api_keys.revoke("key_one", NOW) is True
        assert uow.api_keys.revoke("key_one", NOW) is False
        assert uow.api_keys.revoke("key_one", later) is False
        assert uow.api_keys.revoke("key_two", NOW) is False
        assert uow.api_keys.get("key_one") == replace(api_key(), revoked_at=NOW)


def test_touch_keeps_the_latest_use_and_the_epoch(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.api_keys.add(api_key("key_a"))
        uow.api_keys.add(api_key("key_b"))
        uow.commit()
    with units() as uow:
        before = uow.office.epoch()
        uow.api_keys.touch({"key_b": NOW, "key_a": NOW + timedelta(minutes=1), "key_gone": NOW})
        uow.api_keys.touch({"key_a": NOW})
        uow.api_keys.touch({})
        assert uow.office.epoch() == before
        uow.commit()
    with units(write=False) as uow:
        assert [key.last_used_at for key in uow.api_keys.list(owner=None)] == [NOW, NOW + timedelta(minutes=1)]
