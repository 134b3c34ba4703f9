"""Whoever started a batch is told when it is over, unless they cannot have missed it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealwright.domain.batches import Batch, BatchOptions
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import AccountRole, Actor, ActorKind, Caller
from sealwright.locales import texts_for
from sealwright.services.batch_desk import BatchWish
from sealwright.services.batch_rows import BatchRow
from sealwright.services.catalog_builtin import UNIVERSITY_DEGREE
from sealwright.services.letters import tell_notice
from sealwright.services.office import Office
from tests.support.office import DEGREE_CLAIMS, ISSUER, MovableClock, add_person, furnish, open_office
from tests.support.wallet import WalletKey


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path, clock: MovableClock) -> Iterator[Office]:
    with open_office(sqlite_url, tmp_path / "home", clock=clock) as one:
        furnish(one)
        yield one


def admin(office: Office) -> Caller:
    user_id = add_person(office, "admin", AccountRole.ADMIN)
    view = office.registry.current()
    return Caller(Actor(ActorKind.USER, user_id, "token"), view.epoch, person=view.person(user_id))


def begun(office: Office, caller: Caller) -> Batch:
    rows = [BatchRow.of({"holderDid": WalletKey().did, "claims": claims}) for claims in (DEGREE_CLAIMS, {})]
    wish = BatchWish(ISSUER, UNIVERSITY_DEGREE, BatchOptions(), "Graduates")
    with office.units() as uow:
        batch = office.bulk.desk.begin(uow, caller, wish, rows)
        uow.commit()
    return batch


def test_the_end_of_a_long_batch_is_told(office: Office, clock: MovableClock) -> None:
    caller = admin(office)
    quick = begun(office, caller)
    office.bulk.engine.run_batch(quick.batch_id)
    long = begun(office, caller)
    clock.move(seconds=10)
    office.bulk.engine.run_batch(long.batch_id)
    canceled = begun(office, caller)
    clock.move(seconds=10)
    with office.units() as uow:
        office.bulk.desk.cancel(uow, caller, canceled.batch_id)
        uow.commit()
    office.bulk.engine.conclude(canceled.batch_id)
    with office.units(write=False) as uow:
        found = uow.notices.list(caller.user_id, page=1, count=10, unread=False).items
    assert [(one.kind, one.data["batch_id"]) for one in found] == [(NoticeKind.BATCH_FINISHED, long.batch_id)]
    told = tell_notice(found[0].kind, found[0].data, texts_for("en"))
    assert told.title == "Your batch is finished"
    assert told.lines == ("It is the batch “Graduates”.", "1 credential was issued.", "1 row failed.")
    assert told.act == ("Open the batch", f"/batches/{long.batch_id}")
    revoked = tell_notice(
        found[0].kind, {**found[0].data, "kind": "revoke", "issued": "3", "failed": "0"}, texts_for("es")
    )
    assert "Se revocaron 3 credenciales." in revoked.lines
