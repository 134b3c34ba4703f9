"""A large office for the bench of the queue: people, requests and grants, written in bulk."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from sqlalchemy.schema import CreateIndex, DropIndex

from sealwright.domain.catalog import CredentialType
from sealwright.domain.people import AccountRole, EmailAddress, Person, UserId, Wallet
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.column_types import seconds_of
from sealwright.storage.credential_types import StoredCredentialTypes
from sealwright.storage.desk_tables import grants, request_counters, requests
from sealwright.storage.engines import Database
from sealwright.storage.people_index import keys_of, tag_of, texts_of
from sealwright.storage.person_rows import values_of
from sealwright.storage.request_counters import Place
from sealwright.storage.search_layout import PAGE_PEOPLE, PARTS_END, PERSON_END
from sealwright.storage.tables import people, person_keys, person_roles, search_pages
from sealwright.storage.transaction import Transaction, open_transaction

NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)
YEARS_SECONDS: Final = 2 * 365 * 86_400
# Shares of all requests: some types are asked for by everybody, some by few.
TYPES: Final = {f"type_{number}": share for number, share in enumerate((30, 20, 15, 10, 8, 6, 5, 3, 2, 1))}
RARE: Final = {"rare_type": 0.02}
STATES: Final = {"approved": 70, "rejected": 14, "pending": 12, "withdrawn": 4}
REVIEWERS: Final = [f"usr_reviewer{number}" for number in range(20)]
# Whole search pages.
_BATCH: Final = 40 * PAGE_PEOPLE
# Made anew over the finished tables, which is several times faster.
_INDEXES: Final = tuple(index for table in (people, requests, grants) for index in table.indexes)
_FIRST_NAMES: Final = (
    "Ana María Juan José Luis Carlos Elena Sofía Wei Yuki Fatima Omar Priya Ivan Olga Pierre Chloé Anna "
    "Jan Lars Ngozi Amara Kwame Diego Lucía Mateo Camila Hannah Noah Emma Liam Mia Ethan Zoë Jürgen "
    "Łukasz Søren Özge Ali"
)
_FIRST: Final = _FIRST_NAMES.split()
_LAST_NAMES: Final = (
    "García Muñoz Martínez López Hernández González Pérez Sánchez Smith Johnson Brown Müller Schmidt "
    "Rossi Silva Santos Nguyen Tran Kim Park Chen Wang Yamamoto Sato Okafor Mensah Kowalski Nowak Ivanov "
    "Petrov Dubois Moreau Andersson Hansen Larsen Haddad Rahman Singh Kumar Patel"
)
_LAST: Final = _LAST_NAMES.split()
_MAIL: Final = ("gmail.com", "gmail.com", "gmail.com", "outlook.com", "example.org", "universidad.example")


@dataclass(frozen=True, slots=True)
class Size:
    """How large an office is."""

    people: int
    requests: int


def fill(database: Database, size: Size) -> None:
    """Fill an empty, migrated database."""
    chance = random.Random(7)
    with open_transaction(database, write=True) as transaction:
        if not transaction.is_sqlite:
            transaction.driver_rows("SET LOCAL statement_timeout = 0", ())
            transaction.driver_rows("SET LOCAL maintenance_work_mem = '512MB'", ())
        catalog = StoredCredentialTypes(transaction)
        for value in (*TYPES, *RARE):
            catalog.add(CredentialType(value, value, "schema", "did:adi:issuer", NOW, NOW))
        for index in _INDEXES:
            transaction.change(DropIndex(index))
        names = _fill_people(transaction, size.people, chance)
        _fill_requests(transaction, names, size, chance)
        for index in _INDEXES:
            transaction.change(CreateIndex(index))
        transaction.commit()
    with database.writers.connect() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("ANALYZE")
            connection.commit()
            return
    with database.postgres() as driver:
        driver.execute("SET statement_timeout = 0")
        driver.execute("VACUUM ANALYZE")


def make_person(number: int, chance: random.Random) -> Person:
    """Make somebody whose name, address and ids look like those of people."""
    first, last = chance.choice(_FIRST), f"{chance.choice(_LAST)} {chance.choice(_LAST)}"
    if number % 500 == 0:
        first, last = "大文", "陳"
    user_id = f"usr_{number:06d}{chance.getrandbits(64):016x}"
    return Person(
        user_id=UserId(user_id),
        email=f"{first}.{last.split()[0]}.{number}@{chance.choice(_MAIL)}".lower(),
        verified=True,
        display_name=f"{first} {last}",
        roles=frozenset({AccountRole.IMPROVER}),
        created_at=NOW,
        wallets=(Wallet(f"0x{chance.getrandbits(160):040x}", verified=True),) if number % 3 == 0 else (),
        dids=(f"did:adi:{chance.getrandbits(128):032x}",),
        other_emails=(EmailAddress(f"second{number}@example.org", verified=False),) if number % 20 == 0 else (),
    )


def _fill_people(transaction: Transaction, count: int, chance: random.Random) -> list[tuple[str, str]]:
    """Add people; gives their ids and sort keys in order of their numbers."""
    known: list[tuple[str, str]] = []
    writers = [writer_of(table) for table in (people, person_keys, person_roles, search_pages)]
    for first in range(0, count, _BATCH):
        rows: list[list[tuple[object, ...]]] = [[], [], [], []]
        texts: list[tuple[bytes, bytes]] = []
        for number in range(first, min(first + _BATCH, count)):
            person = make_person(number, chance)
            values = {**values_of(person), "user_id": person.user_id, "person_no": number}
            rows[0].append(row_of(people, values))
            rows[1] += [(kind, key, person.user_id) for kind, key in keys_of(person)]
            rows[2].append((AccountRole.IMPROVER.value, person.user_id, number))
            texts.append(texts_of(person))
            known.append((person.user_id, str(values["name_key"])))
        for start in range(0, len(texts), PAGE_PEOPLE):
            part = texts[start : start + PAGE_PEOPLE]
            body = PARTS_END.join(PERSON_END.join(one[side] for one in part) for side in (0, 1))
            rows[3].append(((first + start) // PAGE_PEOPLE, tag_of(body), body))
        for writer, some in zip(writers, rows, strict=True):
            writer.write(transaction, some)
    return known


def _fill_requests(
    transaction: Transaction, names: Sequence[tuple[str, str]], size: Size, chance: random.Random
) -> None:
    counters: dict[tuple[object, ...], int] = defaultdict(int)
    made = _requests(names, size, chance)
    writer, granting = writer_of(requests), writer_of(grants)
    while batch := list(islice(made, _BATCH)):
        for values in batch:
            place = Place.of(values)
            for counter in place.counter_keys():
                counters[counter] += 1
        writer.write(transaction, [row_of(requests, values) for values in batch])
        granted = [_grant(values) for values in batch if values["state"] == "approved"]
        granting.write(transaction, [row_of(grants, values) for values in granted])
    writer_of(request_counters).write(transaction, [(*key, number) for key, number in counters.items()])
    if not transaction.is_sqlite:
        transaction.driver_rows("SELECT setval('request_numbers', %b)", (size.requests,))


def _requests(names: Sequence[tuple[str, str]], size: Size, chance: random.Random) -> Iterator[dict[str, object]]:
    """Make requests in the order of time."""
    types, shares = [*TYPES, *RARE], [*TYPES.values(), *RARE.values()]
    states, weights = list(STATES), list(STATES.values())
    taken: set[tuple[int, str, str]] = set()
    start = seconds_of(NOW) - YEARS_SECONDS
    for number in range(size.requests):
        person_no = int(chance.random() * len(names))
        value, state = chance.choices(types, shares)[0], chance.choices(states, weights)[0]
        if state in ("pending", "approved"):
            # One pending request, and one grant in force, for each person and type.
            if (person_no, value, state) in taken:
                state = "rejected"
            taken.add((person_no, value, state))
        asked = start + YEARS_SECONDS * number // size.requests
        yield _request(number, names[person_no], person_no, value, state, asked, chance)


def _request(
    number: int, name: tuple[str, str], person_no: int, value: str, state: str, asked: int, chance: random.Random
) -> dict[str, object]:
    is_pending = state == "pending"
    decided = None if is_pending else min(asked + int(chance.expovariate(1 / 200_000)), seconds_of(NOW))
    assignee = chance.choice(REVIEWERS) if chance.random() < 0.3 else None
    needs_info = is_pending and chance.random() < 0.1
    moment = datetime.fromtimestamp(asked, UTC)
    resolved = None if decided is None else datetime.fromtimestamp(decided, UTC)
    return {
        "request_id": f"req_{chance.getrandbits(130):032x}"[:30] + f"{number % 36:02d}",
        "request_no": number,
        "user_id": name[0],
        "person_no": person_no,
        "name_key": name[1],
        "credential_type": value,
        "state": state,
        "marks": (1 if assignee else 0) | (2 if needs_info else 0),
        "requested_at": moment,
        "phase": 0 if is_pending else 1,
        "sorted_at": moment if resolved is None else resolved,
        "resolved_at": resolved,
        "resolved_by": None if is_pending else chance.choice(REVIEWERS),
        "assignee_user_id": assignee,
        "version": 1 if is_pending else 2,
        "created_at": moment,
        "updated_at": moment if resolved is None else resolved,
        "note": f"Reason {number % 9}" if state == "rejected" else None,
        "evidence": "[]",
        "claims": '{"course":{"name":"Field work","hours":40,"place":"Ávila"}}',
        "answers": '{"Why do you ask?":"Because I work with the team on Saturdays."}',
        "earlier_rejections": 0,
    }


def _grant(request: dict[str, object]) -> dict[str, object]:
    return {
        "grant_id": str(request["request_id"]).replace("req_", "grt_"),
        "user_id": request["user_id"],
        "credential_type": request["credential_type"],
        "issued_by": request["resolved_by"],
        "issued_at": request["resolved_at"],
        "status": "active",
        "issuance": "issued",
        "request_id": request["request_id"],
        "due_at": request["resolved_at"],
        "version": 1,
    }


def writer_of(table: object) -> RowWriter:
    return RowWriter(table)  # type: ignore[arg-type]


def row_of(table: object, values: dict[str, object]) -> tuple[object, ...]:
    columns: Iterable[str] = table.columns.keys()  # type: ignore[attr-defined]
    return tuple(_plain(values.get(name)) for name in columns)


def _plain(value: object) -> object:
    return seconds_of(value) if isinstance(value, datetime) else value
