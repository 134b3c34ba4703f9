"""Parcels: told once each, taken by one worker, finished once, and given up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.errors import InvalidPagination
from sealwright.domain.parcels import LEASE, Parcel, ParcelKind, ParcelState
from sealwright.domain.webhooks import WebhookStatus
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from tests.storage.builders import NOW
from tests.storage.delivery_builders import parcel, webhook

LATER = NOW + timedelta(minutes=5)
LEASED = NOW + LEASE


def _taken(uow: UnitOfWork, **how: object) -> list[str]:
    return [one.parcel_id for one in uow.parcels.take(NOW, LEASED, 9, **how)]  # type: ignore[arg-type]


def test_an_endpoint_is_told_of_each_event_once(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.parcels.add_many([])
        uow.parcels.add_many([parcel(), parcel("dlv_two", reference="dlv_one"), parcel("dlv_three", subject="whk_two")])
        uow.parcels.add_many([parcel("dlv_four", reference="dlv_one", label="other")])
        messages = [parcel(f"dlv_{n}", kind=ParcelKind.DIDCOMM, subject="msg_one", reference="") for n in range(2)]
        uow.parcels.add_many(messages)
        uow.commit()
    with units(write=False) as uow:
        kept = [uow.parcels.get(f"dlv_{one}") for one in ("one", "three", "0", "1")]
        assert kept == [parcel(), parcel("dlv_three", subject="whk_two", reference="dlv_three"), *messages]
        assert [uow.parcels.get(f"dlv_{one}") for one in ("two", "four")] == [None, None]
        assert uow.parcels.count_waiting() == 4


def test_what_is_due_is_taken_with_its_try_counted(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        early = parcel("dlv_early", due_at=NOW - LEASE, subject="whk_two")
        uow.parcels.add_many([parcel(), early, parcel("dlv_later", due_at=LATER)])
        assert uow.parcels.take(NOW - LEASE, NOW, 9, avoiding={"whk_two"}) == ()
        assert uow.parcels.take(NOW, LEASED, 1) == (replace(early, attempts=1, due_at=LEASED),)
        assert _taken(uow, avoiding=["whk_one"]) == []
        assert _taken(uow) == ["dlv_one"]
        assert _taken(uow) == []
        # Whoever took them may have died: they are due again.
        assert uow.parcels.take(LEASED, LATER, 9) == (
            replace(early, attempts=2, due_at=LATER),
            parcel(attempts=2, due_at=LATER),
        )


def test_an_outcome_is_stored_for_the_present_try_only(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.parcels.add_many([parcel()])
        (first,) = uow.parcels.take(NOW, LEASED, 1)
        assert uow.parcels.finish(replace(first, due_at=NOW, last_status=503, last_error="status"))
        (second,) = uow.parcels.take(NOW, LEASED, 1)
        assert (second.attempts, second.last_status, second.last_error) == (2, 503, "status")
        assert not uow.parcels.finish(replace(first, state=ParcelState.DEAD, finished_at=NOW))
        sent = replace(second, state=ParcelState.SENT, last_status=204, last_error=None, finished_at=NOW)
        assert uow.parcels.finish(sent)
        assert not uow.parcels.finish(replace(sent, state=ParcelState.DEAD))
        assert uow.parcels.get("dlv_one") == sent
        assert uow.parcels.take(LATER, LATER, 9) == ()


def test_what_was_finished_may_be_sent_again_and_what_waits_be_given_up(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.parcels.add_many([parcel(), parcel("dlv_two"), parcel("dlv_three", subject="whk_two")])
        assert not uow.parcels.revive("dlv_one", NOW, LATER)
        assert not uow.parcels.revive("dlv_unknown", NOW, LATER)
        assert uow.parcels.cancel_of(ParcelKind.DIDCOMM, "whk_one", NOW) == 0
        assert uow.parcels.cancel_of(ParcelKind.WEBHOOK, "whk_one", NOW) == 2
        assert uow.parcels.cancel_of(ParcelKind.WEBHOOK, "whk_one", LATER) == 0
        given_up = parcel(state=ParcelState.CANCELED, finished_at=NOW)
        assert uow.parcels.get("dlv_one") == given_up
        assert uow.parcels.revive("dlv_one", LATER, LATER + LEASE)
        assert uow.parcels.get("dlv_one") == parcel(due_at=LATER, give_up_at=LATER + LEASE)
        assert uow.parcels.count_waiting() == 2


def test_lists_and_forgetting(units: UnitOfWorkFactory) -> None:
    def finished(number: int) -> Parcel:
        at = NOW + timedelta(seconds=number // 2)
        return parcel(f"dlv_{number}", created_at=at, state=ParcelState.SENT, finished_at=at)

    with units() as uow:
        uow.parcels.add_many([finished(number) for number in range(5)])
        uow.parcels.add_many([parcel("dlv_other", subject="whk_two"), parcel("dlv_waits", created_at=NOW - LEASE)])
        uow.commit()
    with units() as uow:
        names: list[str] = []
        cursor: str | None = None
        while cursor is not None or not names:
            page = uow.parcels.list(ParcelKind.WEBHOOK, "whk_one", limit=2, cursor=cursor)
            names += [one.parcel_id for one in page.items]
            cursor = page.next_cursor
        assert names == ["dlv_4", "dlv_3", "dlv_2", "dlv_1", "dlv_0", "dlv_waits"]
        with pytest.raises(InvalidPagination):
            uow.parcels.list(ParcelKind.WEBHOOK, "whk_one", limit=2, cursor="nothing")
        assert uow.parcels.forget(NOW + timedelta(seconds=1), 3) == 3
        assert uow.parcels.forget(NOW + timedelta(seconds=1), 3) == 1
        assert uow.parcels.forget(NOW + timedelta(seconds=1), 3) == 0
        left = uow.parcels.list(ParcelKind.WEBHOOK, "whk_one", limit=9, cursor=None)
        assert [one.parcel_id for one in left.items] == ["dlv_4", "dlv_waits"]


def test_what_waits_for_no_endpoint_is_named(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.webhooks.add(webhook())
        uow.webhooks.add(webhook("whk_paused", status=WebhookStatus.PAUSED))
        uow.webhooks.add(webhook("whk_gone", status=WebhookStatus.DELETED))
        ended = {"state": ParcelState.CANCELED, "finished_at": NOW}
        uow.parcels.add_many(
            [
                parcel(),
                parcel("dlv_paused", subject="whk_paused"),
                parcel("dlv_gone", subject="whk_gone"),
                parcel("dlv_gave_up", subject="whk_gone", **ended),
                parcel("dlv_unknown", subject="whk_unknown"),
                parcel("dlv_message", kind=ParcelKind.DIDCOMM, subject="msg_one"),
            ]
        )
        assert uow.parcels.strayed(9) == ("dlv_gone", "dlv_unknown")
        assert uow.parcels.strayed(1) == ("dlv_gone",)
