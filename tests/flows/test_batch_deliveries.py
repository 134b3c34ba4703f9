"""Offers of what batches issue: once each, to the address of row, call or holder, and never a reason to fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.batches import Batch, BatchOptions
from sealwright.domain.delivering import OfferWish
from sealwright.domain.offers import OfferChannel
from sealwright.domain.people import Caller
from sealwright.services import batch_deliveries
from sealwright.services.batch_desk import BatchWish
from sealwright.services.batch_rows import BatchRow
from sealwright.services.catalog_builtin import UNIVERSITY_DEGREE
from sealwright.services.offers import issue_origin
from sealwright.services.office import Office
from tests.support.furnished import Furnished
from tests.support.office import DEGREE_CLAIMS, ISSUER, MovableClock, api_key_for, furnish, the_operator
from tests.support.wallet import WalletKey

MAIL = OfferWish(OfferChannel.EMAIL)


@pytest.fixture
def office(migrated_url: str, tmp_path: Path, furnished: Furnished) -> Iterator[Office]:
    with furnished.open(migrated_url, tmp_path / "home", MovableClock(), furnish) as one:
        yield one


def row(**more: Any) -> BatchRow:
    return BatchRow.of({"holderDid": WalletKey().did, "claims": DEGREE_CLAIMS, **more})


def issued(office: Office, rows: list[BatchRow], wish: OfferWish | None = MAIL, caller: Caller | None = None) -> Batch:
    """Carry out a batch."""
    options = BatchOptions(delivery=wish)
    batch_wish = BatchWish(ISSUER, UNIVERSITY_DEGREE, options)
    desk = office.bulk.desk
    begun = office.acts.run(caller or the_operator(office), lambda uow, me: desk.begin(uow, me, batch_wish, rows))
    return office.bulk.engine.run_batch(begun.batch_id)


def deliver(office: Office) -> None:
    while office.bulk.deliveries.work_once():
        pass


def told(office: Office, batch: Batch) -> list[str | None]:
    return [one.delivery for one in office.bulk.desk.results.each(batch)]


def addresses(office: Office, batch: Batch) -> list[str | None]:
    found = [one.record for one in office.bulk.desk.results.each(batch) if one.record is not None]
    with office.units(write=False) as uow:
        offers = [uow.offers.by_origin(issue_origin(record.credential_id)) for record in found]
    return [offer.email if offer is not None else None for offer in offers]


def kept(office: Office, batch: Batch) -> bytes:
    with office.units(write=False) as uow:
        rows = uow.batches.rows(batch.batch_id, 0)
    return rows.content if rows is not None else b""


def test_letters_go_to_the_rows_addresses(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_deliveries, "STEP", 2)
    rows = [row(email="one@example.org"), row(), row(), row(email="four@example.org"), row(email="no address")]
    batch = issued(office, rows)
    assert (batch.issued, batch.failed) == (4, 1)
    assert told(office, batch) == ["waiting"] * 4 + [None]
    assert b"one@example.org" in kept(office, batch)
    deliver(office)
    assert addresses(office, batch) == ["one@example.org", None, None, "four@example.org"]
    assert told(office, batch) == ["made", "failed", "failed", "made", None]
    with office.units(write=False) as uow:
        present = uow.batches.get(batch.batch_id)
        assert present is not None
        assert (present.delivered, present.issued) == (4, 4)
        assert not office.bulk.deliveries.has_work(uow, office.clock.now())
    # The addresses have served; the failed row is kept for a retry.
    assert b"@example.org" not in kept(office, batch)
    assert kept(office, batch).count(b"\n") == 0
    assert not office.bulk.deliveries.work_once()


def test_one_address_for_all_and_none_asked_for(office: Office) -> None:
    batch = issued(office, [row(), row(email="own@example.org")], replace(MAIL, email="desk@example.org"))
    plain = issued(office, [row()], None)
    deliver(office)
    assert addresses(office, batch) == ["desk@example.org", "own@example.org"]
    assert told(office, plain) == [None]


def test_links_are_made_once_and_are_in_no_table(office: Office) -> None:
    batch = issued(office, [row(), row()], OfferWish(OfferChannel.TOKEN))
    deliver(office)
    first = office.bulk.desk.results.each(batch)
    deliver(office)
    assert [one.delivery for one in first] == ["made", "made"]
    table = b"".join(office.bulk.desk.results.results_csv(batch))
    assert b"swo_" not in table
    assert b"claim#" not in table


def test_whoever_lost_their_right_delivers_nothing(office: Office) -> None:
    key = api_key_for(office, ISSUER)
    batch = issued(office, [row(email="one@example.org")], caller=key)
    office.acts.run(
        the_operator(office), lambda uow, me: office.api_keys.revoke(uow, me, key.actor.id), changes_registry=True
    )
    deliver(office)
    assert (told(office, batch), addresses(office, batch)) == (["failed"], [None])
