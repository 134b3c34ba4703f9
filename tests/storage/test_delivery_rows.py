"""Endpoints, conversations, public pages, presentations, what is used once, and further forms of credentials."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.credentials import CredentialFilter
from sealwright.domain.delivery_errors import DidcommInvalid
from sealwright.domain.didcomm import Direction, ThreadState
from sealwright.domain.errors import InvalidPagination, VersionConflict
from sealwright.domain.offers import OfferState
from sealwright.domain.parcels import ParcelKind, ParcelState
from sealwright.domain.presenting import PresentationState
from sealwright.domain.webhooks import WebhookStatus
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.vc.encoding.strict_json import JSONValue
from tests.storage.builders import NOW, credential, ordered_uid
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
    webhook,
)


def test_an_endpoint_moves_by_versions_and_never_reads_backwards(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.webhooks.add(webhook())
        uow.commit()
    with units() as uow:
        assert uow.webhooks.get("whk_one") == uow.webhooks.get_for_update("whk_one") == webhook()
        assert uow.webhooks.advance("whk_one", 7, 12)
        assert not uow.webhooks.advance("whk_one", 7, 15)
        paused = webhook(status=WebhookStatus.PAUSED, paused_by_itself=True, secrets=(b"one",), version=2)
        uow.webhooks.update(paused)
        assert uow.webhooks.get("whk_one") == replace(paused, position=12)
        assert not uow.webhooks.advance("whk_one", 12, 15)
        active = webhook(position=20, rotated_at=None, failing_since=None, description=None, version=3)
        uow.webhooks.update(active)
        assert uow.webhooks.get("whk_one") == active
        for stale in (active, webhook("whk_two", version=2)):
            with pytest.raises(VersionConflict):
                uow.webhooks.update(stale)


def test_endpoints_are_listed_without_the_deleted_ones(units: UnitOfWorkFactory) -> None:
    def made(number: int, **changes: object) -> None:
        at = NOW + timedelta(seconds=number // 2)
        uow.webhooks.add(replace(webhook(f"whk_{number}", created_at=at), **changes))  # type: ignore[arg-type]

    with units() as uow:
        made(0)
        made(1, owner_kind="admin", owner_id="usr_ada")
        made(2, status=WebhookStatus.PAUSED)
        made(3, status=WebhookStatus.DELETED)
        made(4)
        uow.commit()
    with units(write=False) as uow:
        assert _listed(uow, None, None) == ["whk_4", "whk_2", "whk_1", "whk_0"]
        assert _listed(uow, "api_key", "key_one") == ["whk_4", "whk_2", "whk_0"]
        assert _listed(uow, "admin", None) == ["whk_1"]
        assert [one.webhook_id for one in uow.webhooks.active()] == ["whk_0", "whk_1", "whk_4"]
        gone = uow.webhooks.get("whk_3")
        assert gone is not None
        assert gone.status is WebhookStatus.DELETED
        with pytest.raises(InvalidPagination):
            uow.webhooks.list(owner_kind=None, owner_id=None, limit=2, cursor="nothing")


def _listed(uow: UnitOfWork, owner_kind: str | None, owner_id: str | None) -> list[str]:
    names: list[str] = []
    cursor: str | None = None
    while cursor is not None or not names:
        page = uow.webhooks.list(owner_kind=owner_kind, owner_id=owner_id, limit=2, cursor=cursor)
        names += [one.webhook_id for one in page.items]
        cursor = page.next_cursor
    return names


def test_a_thread_keeps_its_messages_in_the_order_they_came(units: UnitOfWorkFactory) -> None:
    # Longer than an index would take.
    thread = didcomm_thread(their_did="did:peer:4" + "z" * 8000)
    with units() as uow:
        uow.didcomm.add_thread(thread)
        for name in ("zz", "mm", "aa"):
            uow.didcomm.add_message(didcomm_message(f"msg_{name}"))
        uow.didcomm.add_message(didcomm_message("msg_other", "thr_two", direction=Direction.INBOUND, sealed=None))
        uow.commit()
    with units() as uow:
        assert uow.didcomm.thread("thr_one") == uow.didcomm.thread_for_update("thr_one") == thread
        shown = uow.didcomm.messages("thr_one")
        assert [one.message_id for one in shown] == ["msg_zz", "msg_mm", "msg_aa"]
        assert {one.sealed for one in shown} == {None}
        assert uow.didcomm.message("msg_zz") == didcomm_message("msg_zz")
        uow.didcomm.drop_sealed("msg_zz")
        assert uow.didcomm.message("msg_zz") == didcomm_message("msg_zz", sealed=None)
        assert uow.didcomm.message("msg_mm") == didcomm_message("msg_mm")
        assert uow.didcomm.reseal_all(lambda sealed: sealed + b"anew") == 2
        assert uow.didcomm.message("msg_mm") == didcomm_message("msg_mm", sealed=b"\x00sealed\xffanew")
        assert uow.didcomm.message("msg_zz") == didcomm_message("msg_zz", sealed=None)
        issued = replace(thread, state=ThreadState.ISSUED, updated_at=NOW + HOUR, version=2)
        uow.didcomm.update_thread(issued)
        with pytest.raises(VersionConflict):
            uow.didcomm.update_thread(issued)
        assert uow.didcomm.thread("thr_one") == issued


def test_only_threads_that_are_over_and_rest_are_forgotten(units: UnitOfWorkFactory) -> None:
    over, late = didcomm_thread(state=ThreadState.DONE, offer_id=None), NOW + HOUR
    threads = [
        replace(over, thread_id="thr_over"),
        replace(over, thread_id="thr_small", state=ThreadState.MESSAGE),
        replace(over, thread_id="thr_ended", state=ThreadState.ABANDONED, offer_id="off_ended"),
        replace(over, thread_id="thr_of_none", offer_id="off_gone"),
        replace(over, thread_id="thr_sent", state=ThreadState.MESSAGE),
        replace(over, thread_id="thr_open", state=ThreadState.ABANDONED, offer_id="off_one"),
        replace(over, thread_id="thr_waiting", state=ThreadState.MESSAGE),
        replace(over, thread_id="thr_offered", state=ThreadState.OFFERED),
        replace(over, thread_id="thr_late", updated_at=late),
    ]
    with units() as uow:
        for thread in threads:
            uow.didcomm.add_thread(thread)
            uow.didcomm.add_message(didcomm_message(f"msg_of_{thread.thread_id}", thread.thread_id, sealed=None))
        uow.offers.add(offer())
        uow.offers.add(offer("off_ended", state=OfferState.CANCELED))
        sent = parcel("dlv_sent", kind=ParcelKind.DIDCOMM, subject="msg_of_thr_sent", state=ParcelState.SENT)
        waiting = parcel("dlv_waiting", kind=ParcelKind.DIDCOMM, subject="msg_of_thr_waiting")
        uow.parcels.add_many([sent, waiting])
        uow.commit()
    with units() as uow:
        assert (uow.didcomm.forget(NOW, 4), uow.didcomm.forget(NOW, 4), uow.didcomm.forget(NOW, 4)) == (4, 1, 0)
        uow.commit()
    with units(write=False) as uow:
        left = {one.thread_id for one in threads if uow.didcomm.thread(one.thread_id) is not None}
        assert left == {"thr_open", "thr_waiting", "thr_offered", "thr_late"}
        assert left == {one.thread_id for one in threads if uow.didcomm.messages(one.thread_id)}


@pytest.mark.parametrize("adding", ["thread", "message"])
def test_of_two_of_one_id_the_later_one_is_refused(units: UnitOfWorkFactory, adding: str) -> None:
    def add(uow: UnitOfWork) -> None:
        if adding == "thread":
            uow.didcomm.add_thread(didcomm_thread())
        else:
            uow.didcomm.add_message(didcomm_message())

    with units() as uow:
        add(uow)
        uow.commit()
    with units() as uow, pytest.raises(DidcommInvalid):
        add(uow)


def test_a_public_page_is_replaced_and_its_former_address_finds_nothing(units: UnitOfWorkFactory) -> None:
    uid = ordered_uid(1)
    with units() as uow:
        assert uow.shares.get(uid) is None
        uow.shares.put(share(uid))
        uow.shares.put(share(ordered_uid(2)))
        assert uow.shares.get(uid) == uow.shares.by_digest(digest(str(uid))) == share(uid)
        later = NOW + HOUR
        renewed = share(uid, digest=b"new", updated_at=later, generation=2, is_on=True, shown=("/a", "/b~1c"))
        uow.shares.put(replace(renewed, created_at=later))
        assert uow.shares.get(uid) == uow.shares.by_digest(b"new") == renewed
        assert uow.shares.by_digest(digest(str(uid))) is None
        assert uow.shares.get(ordered_uid(2)) == share(ordered_uid(2))


def test_a_link_to_a_part_is_found_counted_and_gone_with_what_it_shows(units: UnitOfWorkFactory) -> None:
    uid, later = ordered_uid(1), NOW + 2 * HOUR
    first = disclosure_link(uid=uid)
    second = disclosure_link("dsc_two", uid=uid, expires_at=later, is_text=True)
    with units() as uow:
        for one in (first, second, disclosure_link("dsc_three", uid=ordered_uid(2), user_id="usr_bob")):
            uow.disclosures.add(one)
        assert uow.disclosures.get("dsc_one") == uow.disclosures.by_digest(first.digest) == first
        assert uow.disclosures.by_digest(b"other") is None
        assert uow.disclosures.of_credential(uid, NOW) == (first, second)
        assert uow.disclosures.of_credential(uid, first.expires_at) == (second,)
        assert uow.disclosures.of_person("usr_ada", NOW) == (first, second)
        uow.disclosures.count_opening("dsc_two", NOW)
        uow.disclosures.count_opening("dsc_two", NOW + HOUR)
        assert uow.disclosures.get("dsc_two") == replace(second, opened=2, opened_at=NOW + HOUR)
        assert uow.disclosures.get("dsc_one") == first
        assert uow.disclosures.drop("dsc_one")
        assert not uow.disclosures.drop("dsc_one")
        assert uow.disclosures.get("dsc_one") is None
        assert uow.disclosures.forget(NOW, 9) == 0
        assert uow.disclosures.forget(later, 9) == 2
        assert uow.disclosures.get("dsc_two") is None


def test_a_presentation_is_answered_and_forgotten(units: UnitOfWorkFactory) -> None:
    asked = presentation()
    with units() as uow:
        uow.presentations.add(asked)
        uow.presentations.add(presentation("prs_two", expires_at=NOW + 2 * HOUR))
        assert uow.presentations.get("prs_one") == uow.presentations.get_for_update("prs_one") == asked
        assert uow.presentations.by_digest(asked.digest) == asked
        # The secret that reads the result is not that of the address.
        assert uow.presentations.by_digest(asked.reader_digest) is None
        report: dict[str, JSONValue] = {"verified": True, "claims": {"name": "Ada", "tags": [1, None]}}
        answered = replace(asked, state=PresentationState.ANSWERED, answered_at=NOW, report=report)
        uow.presentations.update(replace(asked, state=PresentationState.FETCHED))
        uow.presentations.update(answered)
        # A wallet that fetches it late does not open it again.
        for late in (replace(asked, state=PresentationState.FETCHED), answered):
            with pytest.raises(VersionConflict):
                uow.presentations.update(late)
        assert uow.presentations.get("prs_one") == answered
        with pytest.raises(VersionConflict):
            uow.presentations.update(presentation("prs_three"))
        assert uow.presentations.forget(NOW, 9) == 0
        assert uow.presentations.forget(NOW + 2 * HOUR, 1) == 1
        assert uow.presentations.get("prs_one") is None
        assert uow.presentations.forget(NOW + 2 * HOUR, 9) == 1


def test_what_was_used_is_used_until_its_time_is_over(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        assert uow.spent.spend("nonce", b"one", NOW)
        uow.commit()
    with units() as uow:
        assert not uow.spent.spend("nonce", b"one", NOW + HOUR)
        assert uow.spent.spend("dpop", b"one", NOW + HOUR)
        assert uow.spent.spend("nonce", b"two", NOW + HOUR)
        # No commit: they were not used.
    with units() as uow:
        assert uow.spent.spend("nonce", b"two", NOW + HOUR)
        assert uow.spent.spend("nonce", b"three", NOW)
        assert uow.spent.forget(NOW - HOUR, 9) == 0
        assert uow.spent.forget(NOW, 1) == 1
        assert uow.spent.forget(NOW, 9) == 1
        assert uow.spent.spend("nonce", b"one", NOW)
        assert not uow.spent.spend("nonce", b"two", NOW)


def test_every_further_form_is_found(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.credentials.add_many([credential(ordered_uid(1))])
        uow.credentials.add_many([credential(ordered_uid(2 + one), copy_of=ordered_uid(1)) for one in range(1_001)])
        uow.commit()
    with units(write=False) as uow:
        assert len(uow.credentials.copies_of(ordered_uid(1))) == 1_001


def test_further_forms_are_found_with_their_source(units: UnitOfWorkFactory) -> None:
    source, other = ordered_uid(1), ordered_uid(2)
    copies = tuple(credential(ordered_uid(number), copy_of=source, proof_type="dc+sd-jwt") for number in (4, 5))
    with units() as uow:
        uow.credentials.add_many([credential(source), credential(other)])
        uow.credentials.add_many([*reversed(copies), credential(ordered_uid(3), copy_of=other)])
        uow.commit()
    with units(write=False) as uow:
        assert uow.credentials.copies_of(source) == copies
        assert uow.credentials.copies_of(copies[0].uid) == ()
        page = uow.credentials.list(CredentialFilter(), now=NOW, limit=9, cursor=None)
        assert [one.copy_of for one in page.items] == [source, source, other, None, None]
        assert uow.credentials.get(str(copies[1].uid)) == copies[1]
