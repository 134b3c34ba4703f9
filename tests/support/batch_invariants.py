"""What clients were told of batches, held against the tables: I7, and the share of batches in I2, I3, I4 and I8."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from tests.support.batch_checker import BatchUnsound, check_batch
from tests.support.history import BATCH, Acknowledged, History, Outcome, Wish
from tests.support.rows import Rows
from tests.support.tables_read import CredentialRow, Tables

# Whom no row may name.
STRANGER: Final = "did:adi:holder-nobody"
Fault = tuple[str, str, str]


class _Row(msgspec.Struct, rename="camel"):
    """One row of an answer, with the credential as the bytes that were sent."""

    index: int
    status: str
    credential_id: str | None
    status_list_index: int | None
    error: dict[str, Any] | None
    credential: msgspec.Raw = msgspec.Raw(b"null")


class _Answer(msgspec.Struct, rename="camel"):
    results: list[_Row]
    issued: int
    failed: int
    transaction_hash: str | None
    batch_id: str


_DECODER: Final = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True, slots=True)
class Told:
    """What a client was told of one batch."""

    wish: Wish
    answer: _Answer

    @property
    def credentials(self) -> Iterator[Acknowledged]:
        """What it was handed."""
        for row in self.answer.results:
            if row.credential_id is not None and row.status == "issued":
                document = bytes(row.credential)
                entry = json.loads(document).get("credentialStatus")
                url = None if entry is None else str(entry["statusListCredential"])
                yield Acknowledged(row.credential_id, document, row.status_list_index, url)

    def faults(self) -> Iterator[str]:
        """What the answer itself has wrong: every row has its one outcome, in order, and the sums are right."""
        wanted = list(expected(self.wish))
        heard = [row.error["code"] if row.error is not None else "" for row in self.answer.results]
        if [row.index for row in self.answer.results] != list(range(len(wanted))):
            yield f"{len(self.answer.results)} results for {len(wanted)} rows, or not in their order"
        elif heard != wanted:
            yield f"its rows came to {heard}, not to {wanted}"
        failed = sum(bool(code) for code in wanted)
        if (self.answer.issued, self.answer.failed) != (len(wanted) - failed, failed):
            yield f"it counts {self.answer.issued} issued and {self.answer.failed} failed rows"


def expected(wish: Wish) -> Iterator[str]:
    """What becomes of each row of a wish: the code of its refusal, or empty."""
    body = json.loads(wish.body)
    seen: set[str] = set()
    for row in body["credentials"]:
        holder = row["holderDid"]
        if holder in seen and not body.get("allowDuplicates"):
            yield "DUPLICATE_IN_BATCH"
        else:
            yield "HOLDER_NOT_FOUND" if holder == STRANGER else ""
        seen.add(holder)


def told_of_batches(history: History) -> tuple[Told, ...]:
    """What was answered, once for each call."""
    return tuple(Told(one, _DECODER.decode(one.answers[0])) for one in history.of(BATCH, Outcome.OK))


@dataclass(frozen=True, slots=True)
class Batches:
    """Batches as they lie in the tables, beside what was told of them."""

    rows: Rows
    stored: dict[str, tuple[str, str | None]]
    credentials: dict[str, list[CredentialRow]]
    told: tuple[Told, ...]

    @classmethod
    def read(cls, rows: Rows, tables: Tables, history: History) -> Batches:
        """Read all of them; what makes them has come to rest."""
        stored = rows.read("SELECT batch_id, status, transaction_hash FROM batches WHERE kind = 'issue'")
        credentials: dict[str, list[CredentialRow]] = {}
        for row in tables.credentials.values():
            if row.batch_id is not None:
                credentials.setdefault(row.batch_id, []).append(row)
        return cls(
            rows, {one: (status, hashed) for one, status, hashed in stored}, credentials, told_of_batches(history)
        )

    def faults(self) -> Iterator[Fault]:
        """What does not hold: (invariant, subject, what is wrong)."""
        told = Counter(one.answer.batch_id for one in self.told)
        for name in self.stored.keys() | told.keys() | self.credentials.keys():
            if name not in self.stored:
                yield "I7", name, "is answered or named, and not stored"
            elif told[name] != 1:
                # One key, one batch; whatever else lies there is a double, or was made and never told of.
                yield "P9", name, f"was answered to {told[name]} keys"
        for one in self.told:
            yield from (("I7", one.answer.batch_id, fault) for fault in one.faults())
            yield from self._against_tables(one)
        if self.told:
            yield from self._whole()

    def _against_tables(self, one: Told) -> Iterator[Fault]:
        name = one.answer.batch_id
        handed = {credential.credential_id for credential in one.credentials}
        lives = {row.name for row in self.credentials.get(name, ())}
        if handed != lives:
            yield "I7", name, f"{len(lives - handed)} of its credentials were not answered, {len(handed - lives)} lost"
        if name in self.stored and self.stored[name][1] != one.answer.transaction_hash:
            yield "I7", name, "its transaction hash is not the one that was answered"

    def _whole(self) -> Iterator[Fault]:
        """Each by itself, from the tables alone; what it comes to is in the transparency log."""
        for number, (name, (_, hashed)) in enumerate(sorted(self.stored.items())):
            try:
                check_batch(self.rows, name, unlogged=name not in self.credentials, places=number == 0)
            except BatchUnsound as broken:
                yield "I7", name, str(broken)
            if (hashed is None) is (name in self.credentials):
                yield "I7", name, f"has {len(self.credentials.get(name, ()))} credentials and the hash {hashed}"
