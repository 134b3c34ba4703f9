"""Letting the lists that are sorted by name follow a person's new one."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from sealwright.storage.desk_tables import requests
from sealwright.storage.request_counters import PLACE, Place, RequestCounters
from sealwright.storage.transaction import Transaction

_OF_PERSON: Final = PLACE.where(requests.c.person_no == sa.bindparam("person_no")).with_for_update()
_RENAME: Final = (
    sa.update(requests)
    .where(requests.c.person_no == sa.bindparam("of_person"))
    .values(name_key=sa.bindparam("new_name_key"))
)


def rename_requester(transaction: Transaction, person_no: int, name_key: str) -> None:
    """Give every request of a person their new name, and count it there. Needs the registry's lock."""
    counters = RequestCounters(transaction)
    for row in transaction.rows(_OF_PERSON, {"person_no": person_no}):
        before = Place.of(row)
        counters.move(before, Place.of({**row._mapping, "name_key": name_key}))
    transaction.change(_RENAME, {"of_person": person_no, "new_name_key": name_key})
    counters.write()
