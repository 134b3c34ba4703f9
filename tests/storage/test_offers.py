"""Offers: found by their secrets, moved by versions, listed for whoever may see them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.errors import InvalidPagination, StoreUnavailable, VersionConflict
from sealwright.domain.offers import Offer, OfferChannel, OfferState
from sealwright.services.delivery_ports import OfferFilter
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from tests.storage.builders import ISSUER, NOW
from tests.storage.delivery_builders import HOUR, digest, offer

OTHER = "did:adi:issuer-two"


def _full() -> Offer:
    return offer(
        request_id="req_one",
        origin="call one",
        attempts_left=3,
        email="ada@example.org",
        thread_id="thr_one",
        opened_at=NOW + HOUR,
        accepted_at=NOW + HOUR,
        ended_at=NOW + HOUR,
        redeemer="jkt:thumb",
        delivered_id="urn:uuid:two",
    )


def test_an_offer_is_found_again_by_all_that_names_it(units: UnitOfWorkFactory) -> None:
    bare = Offer(
        "off_bare",
        OfferChannel.TOKEN,
        OfferState.WAITING,
        offer().binding,
        "usr_ada",
        NOW,
        NOW + HOUR,
        request_id="req_two",
    )
    with units() as uow:
        assert uow.offers.add(_full())
        assert uow.offers.add(bare)
        uow.commit()
    with units() as uow:
        for found in (
            uow.offers.get("off_one"),
            uow.offers.get_for_update("off_one"),
            uow.offers.by_secret(digest("secret of off_one")),
            uow.offers.by_code(digest("code of off_one")),
            uow.offers.by_origin("call one"),
            uow.offers.by_thread("thr_one"),
        ):
            assert found == _full()
        assert uow.offers.get("off_bare") == bare
        # A secret of one kind is none of another kind.
        assert uow.offers.by_code(digest("secret of off_one")) is None
        assert uow.offers.by_secret(digest("code of off_one")) is None
        for missing in (uow.offers.get("off_two"), uow.offers.by_origin("call"), uow.offers.by_thread("thr_two")):
            assert missing is None


def test_a_call_makes_one_offer_and_a_secret_names_one(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        assert uow.offers.add(offer(origin="call"))
        assert not uow.offers.add(offer("off_two", origin="call"))
        assert uow.offers.add(offer("off_three", origin=None))
        uow.commit()
    for same in ("secret_digest", "code_digest"):
        with units() as uow, pytest.raises(StoreUnavailable):
            uow.offers.add(replace(offer("off_four"), **{same: getattr(offer(), same)}))
    with units() as uow:
        assert [uow.offers.get(f"off_{one}") is not None for one in ("one", "two", "three", "four")] == [
            True,
            False,
            True,
            False,
        ]


def test_an_offer_is_replaced_by_its_next_version_only(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.offers.add(offer())
        uow.commit()
    moved = offer(state=OfferState.OPENED, opened_at=NOW, attempts_left=4, version=2)
    with units() as uow:
        uow.offers.update(moved)
        for stale in (moved, replace(moved, version=4), offer("off_two", version=2)):
            with pytest.raises(VersionConflict):
                uow.offers.update(stale)
        uow.commit()
    with units() as uow:
        uow.offers.update(replace(moved, state=OfferState.CANCELED, version=3))
        # No commit: nothing happened.
    with units(write=False) as uow:
        assert uow.offers.get("off_one") == moved


def _fill(uow: UnitOfWork) -> None:
    def add(number: int, state: OfferState, **changes: object) -> None:
        at = NOW + timedelta(seconds=number // 2)
        usual = offer(f"off_{number}", created_at=at, expires_at=NOW + 2 * HOUR, state=state)
        uow.offers.add(replace(usual, **changes))  # type: ignore[arg-type]

    add(0, OfferState.CREATED, expires_at=NOW + HOUR, credential_type="welder")
    add(1, OfferState.EXPIRED, holder_user_id="usr_bob")
    add(2, OfferState.CREATED, issuer_did=OTHER)
    add(
        3,
        OfferState.WAITING,
        issuer_did=None,
        credential_id=None,
        grant_id=None,
        request_id="req_one",
        credential_type="welder",
    )
    add(4, OfferState.DELIVERED, issuer_did=OTHER, holder_user_id="usr_bob", request_id="req_one")
    add(5, OfferState.OPENED, holder_user_id=None, credential_id="urn:uuid:two", request_id="req_one")


def _listed(uow: UnitOfWork, **wanted: object) -> list[int]:
    later = NOW + HOUR
    whole = uow.offers.list(OfferFilter(**wanted), now=later, limit=100, cursor=None)  # type: ignore[arg-type]
    assert whole.next_cursor is None
    items: list[Offer] = []
    cursor: str | None = None
    while True:
        page = uow.offers.list(OfferFilter(**wanted), now=later, limit=2, cursor=cursor)  # type: ignore[arg-type]
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
        assert len(page.items) == 2
    assert tuple(items) == whole.items
    return [int(one.offer_id.removeprefix("off_")) for one in items]


def test_lists_show_what_the_caller_may_see_newest_first(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        _fill(uow)
        uow.commit()
    with units(write=False) as uow:
        assert _listed(uow) == [5, 4, 3, 2, 1, 0]
        assert _listed(uow, issuer_dids=frozenset({ISSUER})) == [5, 1, 0]
        assert _listed(uow, issuer_dids=frozenset({ISSUER, OTHER})) == [5, 4, 2, 1, 0]
        assert _listed(uow, user_id="usr_ada") == [3, 2, 0]
        # Either of them, and what is both once.
        assert _listed(uow, issuer_dids=frozenset({ISSUER}), user_id="usr_bob") == [5, 4, 1, 0]
        assert _listed(uow, issuer_dids=frozenset()) == []
        many = frozenset({ISSUER, OTHER, *(f"did:adi:{number}" for number in range(250))})
        page = uow.offers.list(OfferFilter(issuer_dids=many, user_id="usr_ada"), now=NOW, limit=4, cursor=None)
        assert [one.offer_id for one in page.items] == ["off_5", "off_4", "off_3", "off_2"]
        assert page.next_cursor is not None
        # A time that is over counts, recorded or not.
        assert _listed(uow, state=OfferState.CREATED) == [2]
        assert _listed(uow, state=OfferState.EXPIRED) == [1, 0]
        assert _listed(uow, state=OfferState.EXPIRED, issuer_dids=frozenset({OTHER}), user_id="usr_ada") == [0]
        assert _listed(uow, state=OfferState.DELIVERED, user_id="usr_bob") == [4]
        assert _listed(uow, credential_id="urn:uuid:two") == [5]
        assert _listed(uow, grant_id="grt_one", user_id="usr_ada") == [2, 0]
        assert _listed(uow, request_id="req_one") == [5, 4, 3]
        assert _listed(uow, request_id="req_one", issuer_dids=frozenset({OTHER, ISSUER})) == [5, 4]
        assert _listed(uow, request_id="req_one", issuer_dids=frozenset({ISSUER}), user_id="usr_ada") == [5, 3]
        assert _listed(uow, request_id="req_one", issuer_dids=frozenset()) == []
        nobody, kinds = frozenset[str](), frozenset({"welder"})
        assert _listed(uow, issuer_dids=nobody, credential_types=kinds) == [3, 0]
        assert _listed(uow, issuer_dids=nobody, credential_types=nobody) == []
        assert _listed(uow, issuer_dids=nobody, credential_types=kinds, user_id="usr_bob") == [4, 3, 1, 0]
        assert _listed(uow, issuer_dids=nobody, credential_types=kinds, request_id="req_one") == [3]
        assert _listed(uow, credential_types=kinds, state=OfferState.EXPIRED) == [0]
        for foreign in ("x", "AXMAAAAA"):
            with pytest.raises(InvalidPagination):
                uow.offers.list(OfferFilter(), now=NOW, limit=2, cursor=foreign)


def test_what_hangs_on_others_is_found_with_them(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        _fill(uow)
        uow.commit()
    with units(write=False) as uow:
        assert [one.offer_id for one in uow.offers.of_credential("urn:uuid:one")] == [
            "off_4",
            "off_2",
            "off_1",
            "off_0",
        ]
        assert [one.offer_id for one in uow.offers.open_of_credential("urn:uuid:one")] == ["off_0", "off_2"]
        assert [one.offer_id for one in uow.offers.of_request("req_one")] == ["off_3", "off_5"]
        assert [one.offer_id for one in uow.offers.open_of_grant("grt_one")] == ["off_0", "off_2", "off_5"]
        assert uow.offers.over(NOW, 10) == ()
        assert uow.offers.over(NOW + HOUR, 10) == ("off_0",)
        # By the end of their time; one that has ended is not among them.
        assert uow.offers.over(NOW + 2 * HOUR, 2) == ("off_0", "off_2")
