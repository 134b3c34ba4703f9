"""Status lists: places taken at issue, and the three public encodings of one allocation.

A published document is a function of the list's version and of the period the moment falls into, and
keys kept in software sign alike each time, so every process of the office publishes the same bytes.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sealwright.domain.batches import IndexRun
from sealwright.domain.credentials import (
    Allocation,
    CredentialRecord,
    StatusBits,
    StatusListRecord,
    StatusPlace,
)
from sealwright.domain.dids import DIDRecord, MethodRecord
from sealwright.domain.errors import IssuerKeyMissing, StatusListNotFound
from sealwright.domain.formats import TOKEN_PROOF_TYPES, CredentialFormat
from sealwright.domain.ids import new_id
from sealwright.services.orders import data_model_of, status_list_address, token_list_address
from sealwright.services.ports import Clock, KeyStore, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry
from sealwright.services.status_keys import list_method, token_method
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.encoding.strict_json import JSONValue, dump_json, parse_json
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, with_suite_context
from sealwright.vc.status.documents import StatusListKind, StatusListParts, build_status_list_credential
from sealwright.vc.status.permutation import permuted_index
from sealwright.vc.status.token_list import encode_token_list, token_list_one_bit, token_list_two_bits

PERIOD: Final = timedelta(hours=12)
LIFE_AFTER_PERIOD: Final = timedelta(hours=12)
FORMS: Final = frozenset({"revocation", "suspension", "bitstring/revocation", "bitstring/suspension", "token"})
_CACHE_CAPACITY: Final = 512


def status_list_url(public_url: str, record: CredentialRecord) -> str | None:
    """Where the revocation list of a credential is published; None without a status entry."""
    if record.place is None:
        return None
    if record.proof_type == CredentialFormat.SD_JWT:
        return token_list_address(public_url, record.place.list_id)
    return status_list_address(public_url, record.place.list_id, "revocation", _model_of(record))


def _model_of(record: CredentialRecord) -> str:
    """The data model of a stored document: its entry says so; after erasure the suite has to."""
    if record.document is not None and record.place is not None and record.proof_type not in TOKEN_PROOF_TYPES:
        return "2.0" if f"/status/{record.place.list_id}/bitstring/".encode() in record.document else "1.1"
    return data_model_of(record.proof_type)


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A signed status list as it is served; `document` is the parsed form, None for the token."""

    body: bytes
    media_type: str
    etag: str
    max_age_seconds: int
    document: Mapping[str, JSONValue] | None = None


class StatusAllocator:
    """Takes places in the lists of issuers, within the reserving transaction."""

    def __init__(self, *, list_bits: int, capacity: int) -> None:
        self._bits = list_bits
        self._capacity = capacity

    def places(
        self, uow: UnitOfWork, wanted: Sequence[tuple[str, bool]], now: datetime
    ) -> tuple[StatusPlace | None, ...]:
        """One place, or None, for each (issuer DID, wants an entry), in order."""
        counts: dict[str, int] = {}
        for issuer_did, wants in wanted:
            if wants:
                counts[issuer_did] = counts.get(issuer_did, 0) + 1
        # In one order everywhere, so that two transactions never wait for each other's lists.
        taken = {did: self._take(uow, did, counts[did], now) for did in sorted(counts)}
        return tuple(taken[issuer_did].pop(0) if wants else None for issuer_did, wants in wanted)

    def run(self, uow: UnitOfWork, issuer_did: str, count: int, now: datetime) -> tuple[IndexRun, ...]:
        """So many ordinals for the rows of one chunk, in order; they belong to it for good, used or not."""
        taken = uow.status_lists.take(issuer_did, count, lambda: self._new(issuer_did, now))
        return tuple(IndexRun(one.record.list_id, one.first, one.count) for one in taken)

    @staticmethod
    def places_of(uow: UnitOfWork, run: Sequence[IndexRun]) -> list[StatusPlace]:
        """The places behind a chunk's ordinals, in the order of its rows: the same whenever they are asked for."""
        allocations = []
        for one in run:
            record = uow.status_lists.get(one.list_id)
            assert record is not None, "lists are never deleted"
            allocations.append(Allocation(record, one.first, one.count))
        return _places(allocations)

    def _take(self, uow: UnitOfWork, issuer_did: str, count: int, now: datetime) -> list[StatusPlace]:
        return _places(uow.status_lists.take(issuer_did, count, lambda: self._new(issuer_did, now)))

    def _new(self, issuer_did: str, now: datetime) -> StatusListRecord:
        return StatusListRecord(
            list_id=new_id("slt"),
            issuer_did=issuer_did,
            permutation_key=secrets.token_bytes(32),
            size_bits=self._bits,
            capacity=self._capacity,
            used=0,
            version=1,
            is_open=True,
            created_at=now,
            updated_at=now,
        )


def _places(allocations: Sequence[Allocation]) -> list[StatusPlace]:
    return [
        StatusPlace(
            taken.record.list_id,
            permuted_index(taken.record.permutation_key, ordinal, taken.record.size_bits),
        )
        for taken in allocations
        for ordinal in range(taken.first, taken.first + taken.count)
    ]


class StatusPublisher:
    """Makes the public documents of status lists, on demand, and keeps the newest of each."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        registry: Registry,
        keys: KeyStore,
        canon: Canonicalizer,
        clock: Clock,
        public_url: str,
        ttl_seconds: int,
    ) -> None:
        self._units = units
        self._registry = registry
        self._keys = keys
        self._canon = canon
        self._clock = clock
        self._public_url = public_url
        self._ttl = ttl_seconds
        self._lock = threading.Lock()
        self._published: OrderedDict[tuple[str, str], tuple[tuple[int, int, int], PublishedList]] = OrderedDict()

    def document(self, list_id: str, form: str) -> PublishedList:
        """The signed list in one of FORMS, as of now.

        Raises:
            StatusListNotFound: No such list or form.
            IssuerKeyMissing, Sealed: It cannot be signed now; a list that was signed before is served while it lives.
        """
        if form not in FORMS:
            raise StatusListNotFound("No such status list.")
        with self._units(write=False) as uow:
            record = uow.status_lists.get(list_id)
        if record is None:
            raise StatusListNotFound("No such status list.")
        view = self._registry.current()
        issuer = view.did(record.issuer_did)
        start = _period_start(self._clock.now(), record)
        mark = (record.version, int(start.timestamp()), issuer.version if issuer else 0)
        with self._lock:
            known = self._published.get((list_id, form))
        if known is not None and known[0] == mark:
            return known[1]
        with self._units(write=False) as uow:
            bits = uow.status_lists.bits(list_id)
        if bits is None or issuer is None:
            raise StatusListNotFound("No such status list.")
        start = _period_start(self._clock.now(), bits.record)
        published = self._publish(bits, form, issuer, start)
        with self._lock:
            self._published[list_id, form] = ((bits.record.version, int(start.timestamp()), issuer.version), published)
            while len(self._published) > _CACHE_CAPACITY:
                self._published.popitem(last=False)
        return published

    def _publish(self, bits: StatusBits, form: str, issuer: DIDRecord, start: datetime) -> PublishedList:
        if form == "token":
            body, media_type = self._token(bits, issuer, start), "application/statuslist+jwt"
        else:
            is_bitstring = form.startswith("bitstring/")
            kind = StatusListKind.BITSTRING if is_bitstring else StatusListKind.STATUS_LIST_2021
            body = self._credential(bits, kind, form, issuer, start)
            media_type = "application/vc" if is_bitstring else "application/vc+ld+json"
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        parsed = parse_json(body) if form != "token" else None
        return PublishedList(body, media_type, etag, self._ttl, parsed if isinstance(parsed, dict) else None)

    def _credential(
        self, bits: StatusBits, kind: StatusListKind, form: str, issuer: DIDRecord, start: datetime
    ) -> bytes:
        purpose = form.rpartition("/")[2]
        method, suite = list_method(issuer, kind)
        unsigned = build_status_list_credential(
            kind,
            StatusListParts(
                url=f"{self._public_url}/status/{bits.record.list_id}/{form}",
                issuer=issuer.did,
                purpose=purpose,
                bitstring=bits.revocation if purpose == "revocation" else bits.suspension,
                valid_from=start,
                valid_until=_period_end(start),
            ),
        )
        options = ProofOptions(suite=suite, verification_method=method.id, created=start)
        prepared = prepare(with_suite_context(unsigned, suite), options, self._canon)
        return dump_json(attach(prepared, self._sign(method, prepared.data_to_sign)))

    def _token(self, bits: StatusBits, issuer: DIDRecord, start: datetime) -> bytes:
        offers_suspension = any(bits.suspension)
        statuses = (
            token_list_two_bits(bits.revocation, bits.suspension)
            if offers_suspension
            else token_list_one_bit(bits.revocation)
        )
        method, algorithm = token_method(issuer)
        header: dict[str, JSONValue] = {"alg": algorithm, "typ": "statuslist+jwt", "kid": method.id}
        payload: dict[str, JSONValue] = {
            "iss": issuer.did,
            "sub": token_list_address(self._public_url, bits.record.list_id),
            "iat": int(start.timestamp()),
            "exp": int(_period_end(start).timestamp()),
            "ttl": self._ttl,
            "status_list": {"bits": 2 if offers_suspension else 1, "lst": encode_token_list(statuses)},
        }
        signing_input = f"{base64url_encode(dump_json(header))}.{base64url_encode(dump_json(payload))}"
        signature = self._sign(method, signing_input.encode("ascii"))
        return f"{signing_input}.{base64url_encode(signature)}".encode("ascii")

    def _sign(self, method: MethodRecord, data: bytes) -> bytes:
        key = self._registry.current().key(method.key_id)
        if key is None:
            raise IssuerKeyMissing("The key that signs this issuer's status lists is gone.")
        return self._keys.sign(key, data, use=method.use, at=self._clock.now())


def _period_start(now: datetime, record: StatusListRecord) -> datetime:
    """When the present edition begins: the period's start, or the list's last change if that is later."""
    seconds = int(PERIOD.total_seconds())
    start = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
    return max(start, record.updated_at)


def _period_end(start: datetime) -> datetime:
    seconds = int(PERIOD.total_seconds())
    floor = datetime.fromtimestamp(int(start.timestamp()) // seconds * seconds, UTC)
    return floor + PERIOD + LIFE_AFTER_PERIOD
