"""What `verify-store` finds of deliveries: offers, further forms and messages that point nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from sealwright.domain.credentials import CredentialStatus
from sealwright.domain.ids import credential_urn
from sealwright.domain.offers import OfferState
from sealwright.services.delivery_check import copy_fault, delivery_problems
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from tests.storage.builders import NOW, credential, ordered_uid
from tests.storage.delivery_builders import offer, parcel, webhook

SOURCE = ordered_uid(1)


def test_offers_and_parcels_are_held_against_what_they_name(units: UnitOfWorkFactory) -> None:
    named, lost = credential_urn(SOURCE), credential_urn(ordered_uid(9))
    delivered = OfferState.DELIVERED
    with units() as uow:
        uow.credentials.add_many([credential(SOURCE)])
        uow.webhooks.add(webhook())
        uow.parcels.add_many([parcel(), parcel("dlv_stray", subject="whk_unknown")])
        uow.offers.add(offer("off_sound", state=delivered, credential_id=lost, delivered_id=named))
        uow.offers.add(offer("off_older", state=delivered, credential_id=named))
        uow.offers.add(offer("off_open", credential_id=lost))
        uow.offers.add(offer("off_lost", state=delivered, credential_id=named, delivered_id=lost))
        uow.offers.add(offer("off_bare", state=delivered, credential_id=None))
        uow.commit()
    found = {(one.kind, one.id) for one in delivery_problems(units, NOW)}
    assert found == {("offer", "off_lost"), ("offer", "off_bare"), ("parcel", "dlv_stray")}


def _faults(uow: UnitOfWork) -> Iterator[str | None]:
    for record in uow.credentials.after(None, 100):
        if record.uid.int & 0xFF >= 4:
            yield copy_fault(uow, record)


def test_further_forms_are_held_against_their_source(units: UnitOfWorkFactory) -> None:
    ended = {"status": CredentialStatus.REVOKED, "revoked_at": NOW}
    with units() as uow:
        uow.credentials.add_many(
            [
                credential(SOURCE, grant_id="grt_one"),
                credential(ordered_uid(2), **ended),
                credential(ordered_uid(3), copy_of=SOURCE, grant_id="grt_one"),
                credential(ordered_uid(4), copy_of=SOURCE, grant_id="grt_one", **ended),
                credential(ordered_uid(5), copy_of=ordered_uid(2), **ended),
                credential(ordered_uid(6), copy_of=ordered_uid(2)),
                credential(ordered_uid(7), copy_of=SOURCE, grant_id="grt_two"),
                credential(ordered_uid(8), copy_of=ordered_uid(3), grant_id="grt_one"),
                credential(ordered_uid(9), copy_of=ordered_uid(99)),
                credential(ordered_uid(10)),
            ]
        )
        stray = "It is no further form of what it names."
        assert list(_faults(uow)) == [
            None,
            None,
            "It outlives the credential of which it is a further form.",
            stray,
            stray,
            "The credential of which this is a further form is not stored here.",
            None,
        ]
