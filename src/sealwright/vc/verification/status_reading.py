"""Reading one entry of a status list, after the list itself was verified as strictly as the credential.

A list that is unsigned, somebody else's, for another purpose, out of date or too short gives no answer: "not revoked"
is only ever read from a list that holds.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from sealwright.vc.credentials.form import is_url, texts_of
from sealwright.vc.credentials.structure import check_credential
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import parse_xsd_datetime_stamp
from sealwright.vc.errors import (
    DIDUnresolvable,
    StatusListInvalid,
    StatusListRefused,
    StatusListUnreadable,
    VcError,
)
from sealwright.vc.proofs.verifying import MAX_SKEW, issuer_of
from sealwright.vc.status.bitstring import (
    MIN_LIST_BITS,
    decode_bitstring_status_list,
    decode_status_list_2021,
    read_bit,
)
from sealwright.vc.status.documents import StatusListKind
from sealwright.vc.verification.proving import Prover
from sealwright.vc.verification.sources import StatusSource

KIND_BY_ENTRY: Final = {kind.entry_type: kind for kind in StatusListKind}
MAX_REMEMBERED: Final = 64

_SHORT: Final = 256
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """One well-formed entry of `credentialStatus`."""

    kind: StatusListKind
    purpose: str
    index: int
    list_url: str


@dataclass(frozen=True, slots=True)
class VerifiedList:
    """A status list whose proof, issuer, id and form hold.

    Args:
        issuer: Who issued it.
        kind: Which kind of list it is.
        purposes: What its bits say.
        bits: Expanded, 131,072 or more.
        moments: Until-dates and from-dates are looked at anew on each reading.
        methods: Verification methods of its proofs, should one turn out to be compromised.
    """

    issuer: str
    kind: StatusListKind
    purposes: frozenset[str]
    bits: bytes
    valid_from: tuple[datetime, ...]
    valid_until: tuple[datetime, ...]
    methods: frozenset[str]


class StatusListMemory:
    """Lists that were verified before, so that a list is not canonicalized and expanded for each credential in it.

    A list is taken from here only if the source gives the very same object again and its keys are still good; 64 lists
    at most are kept, oldest dropped first.
    """

    __slots__ = ("_lists", "_lock")

    def __init__(self) -> None:
        self._lists: dict[str, tuple[Mapping[str, JSONValue], VerifiedList]] = {}
        self._lock = threading.Lock()

    def get(self, url: str, document: Mapping[str, JSONValue]) -> VerifiedList | None:
        """The verified form of this very object, if it is remembered."""
        known = self._lists.get(url)
        return known[1] if known is not None and known[0] is document else None

    def put(self, url: str, document: Mapping[str, JSONValue], verified: VerifiedList) -> None:
        """Remember a list in the place of its earlier version."""
        with self._lock:
            self._lists.pop(url, None)
            if len(self._lists) >= MAX_REMEMBERED:
                del self._lists[next(iter(self._lists))]
            self._lists[url] = (document, verified)


@dataclass(frozen=True, slots=True)
class StatusReader:
    """Reads entries of one issuer's credentials.

    Args:
        source: Where lists come from.
        handed: Lists that came with the request; each counts only where its id is the address asked for and it holds.
        prover: Verifies proofs by the caller's rules.
        memory: Lists verified before; None to verify each time.
    """

    source: StatusSource
    handed: Sequence[Mapping[str, JSONValue]]
    prover: Prover
    memory: StatusListMemory | None = None

    def is_set(self, entry: StatusEntry, issuer: str) -> bool:
        """Whether the bit of this entry is set.

        Args:
            entry: The entry of a verified credential.
            issuer: That credential's issuer; the list must be of the same.

        Raises:
            StatusListInvalid: The list does not hold.
            StatusIndexOutOfRange: The entry lies outside the list.
            StatusListUnreadable: The list could not be had or not be checked now.

        Spec: Bitstring Status List 1.0, "Validate Algorithm".
        """
        for document in self.handed:
            if document.get("id") == entry.list_url:
                try:
                    return self._read(document, entry, issuer)
                except StatusListRefused:
                    # A list that does not hold counts for nothing, as if it had not been handed in.
                    continue
        return self._read(self.source.fetch(entry.list_url), entry, issuer)

    def _read(self, document: Mapping[str, JSONValue], entry: StatusEntry, issuer: str) -> bool:
        verified = self.memory.get(entry.list_url, document) if self.memory is not None else None
        if verified is None:
            verified = self._verify(document, entry)
            if self.memory is not None:
                self.memory.put(entry.list_url, document, verified)
        self._check_fit(verified, entry, issuer)
        return read_bit(verified.bits, entry.index)

    def _check_fit(self, verified: VerifiedList, entry: StatusEntry, issuer: str) -> None:
        """What may change after a list was verified, or differ from entry to entry."""
        now = self.prover.now
        if verified.issuer != issuer:
            raise StatusListInvalid("The status list is not of the credential's issuer.")
        if verified.kind is not entry.kind or entry.purpose not in verified.purposes:
            raise StatusListInvalid("The status list is of another kind or purpose than the entry.")
        if verified.valid_from and max(verified.valid_from) > now + MAX_SKEW:
            raise StatusListInvalid("The status list is not valid yet.")
        if verified.valid_until and min(verified.valid_until) < now - MAX_SKEW:
            raise StatusListInvalid("The status list has expired.")
        if self.memory is not None and self.prover.any_compromised(verified.issuer, verified.methods):
            raise StatusListInvalid("The status list was signed with a key that is known to be compromised.")

    def _verify(self, document: Mapping[str, JSONValue], entry: StatusEntry) -> VerifiedList:
        """Verify form, id and proof of a list, and expand it."""
        if document.get("id") != entry.list_url:
            raise StatusListInvalid("The status list's id is not the address it was asked for at.")
        try:
            check_credential(document)
            proofs = self.prover.prove(document)
        except DIDUnresolvable as error:
            raise StatusListUnreadable("The status list's issuer could not be resolved now.") from error
        except VcError as error:
            raise StatusListInvalid("The status list credential does not verify.") from error
        subject = document["credentialSubject"]
        types = document["type"]
        if not isinstance(subject, dict) or not isinstance(types, list) or entry.kind.value not in types:
            raise StatusListInvalid(f"The status list is no {entry.kind.value} with one subject.")
        issuer = issuer_of(document) or ""
        dates = {name: _moments(document, members) for name, members in _DATE_MEMBERS.items()}
        return VerifiedList(
            issuer,
            entry.kind,
            _purposes(subject),
            _bits(subject, entry.kind),
            dates["from"],
            dates["until"],
            frozenset(proof.method.id for proof in proofs),
        )


_DATE_MEMBERS: Final = {"from": ("issuanceDate", "validFrom"), "until": ("expirationDate", "validUntil")}


def parse_entry(source: Mapping[str, JSONValue]) -> StatusEntry | None:
    """Read one entry of `credentialStatus`; None where its type is not one that is known here.

    Raises:
        StatusListInvalid: A member is missing or malformed, or the entry's id is the list's own address.

    Spec: Status List 2021, "StatusList2021Entry"; Bitstring Status List 1.0, "BitstringStatusListEntry".
    """
    kind = _kind_of(source.get("type"))
    if kind is None:
        return None
    purpose, index = source.get("statusPurpose"), source.get("statusListIndex")
    url = source.get("statusListCredential")
    if not isinstance(purpose, str) or not purpose:
        raise StatusListInvalid("The status entry names no purpose.")
    if not isinstance(index, str) or not _INDEX.fullmatch(index):
        raise StatusListInvalid("The status entry's index is not decimal text.")
    if not isinstance(url, str) or not _is_address(url) or source.get("id") == url:
        raise StatusListInvalid("The status entry names no list, or has the list's address as its own id.")
    if "statusSize" in source and source["statusSize"] != 1:
        raise StatusListInvalid("A revocation or suspension entry has one bit.")
    return StatusEntry(kind, purpose, int(index), url)


def _is_address(url: str) -> bool:
    return _is_short_url(url) if len(url) <= _SHORT else is_url(url)


# All credentials of an issuer name the same few lists.
_is_short_url: Final = lru_cache(maxsize=512)(is_url)


def _kind_of(types: JSONValue) -> StatusListKind | None:
    if isinstance(types, str):
        return KIND_BY_ENTRY.get(types)
    return next((KIND_BY_ENTRY[name] for name in texts_of(types) if name in KIND_BY_ENTRY), None)


def _purposes(subject: Mapping[str, JSONValue]) -> frozenset[str]:
    return frozenset(texts_of(subject.get("statusPurpose")))


def _bits(subject: Mapping[str, JSONValue], kind: StatusListKind) -> bytes:
    text = subject.get("encodedList")
    if kind.subject_type not in texts_of(subject.get("type")) or not isinstance(text, str):
        raise StatusListInvalid(f"The status list's subject is no {kind.subject_type} with an encodedList.")
    decode = decode_status_list_2021 if kind is StatusListKind.STATUS_LIST_2021 else decode_bitstring_status_list
    bits = decode(text)
    if 8 * len(bits) < MIN_LIST_BITS:
        raise StatusListInvalid("The status list has fewer than 131,072 entries.")
    return bits


def _moments(document: Mapping[str, JSONValue], members: Sequence[str]) -> tuple[datetime, ...]:
    return tuple(parse_xsd_datetime_stamp(text) for name in members if isinstance(text := document.get(name), str))
