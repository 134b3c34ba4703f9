"""Re-reading everything that is stored, and naming each row that does not hold (`verify-store`)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import CredentialRecord, CredentialStatus, ReservationState, StatusBits, StatusPlace
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.people import Caller
from sealwright.services.batch_check import BatchCheck
from sealwright.services.delegation_check import delegation_problems
from sealwright.services.delivery_check import copy_fault, delivery_problems
from sealwright.services.desk_ports import RequestCounts
from sealwright.services.log_check import log_problems
from sealwright.services.ports import Clock, KeyStore, UnitOfWork, UnitOfWorkFactory
from sealwright.services.store_problems import Problem
from sealwright.services.stored_credentials import verified_document
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import DIDNotResolved, KeyCompromised, StatusListRefused, VcError
from sealwright.vc.status.bitstring import read_bit

ROWS_A_READ: Final = 500
# What sets right the kept totals of requests and the feed's index.
RECOUNT: Final = "Run: sealwright recount"


class StoreCheck:
    """Holds credentials against digests, proofs and entries, bits and totals against rows, keys against the KEK.

    Batches are held against their chunks and credentials; offers, further forms and messages against what they point
    to; delegations against their credentials, their ledgers and the transparency log against themselves.
    """

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        keys: KeyStore,
        resolver: DIDResolver,
        canon: Canonicalizer,
        counts: RequestCounts,
        batches: BatchCheck,
        clock: Clock,
    ) -> None:
        self._units = units
        self._counts = counts
        self._batches = batches
        self._keys = keys
        self._resolver = resolver
        self._canon = canon
        self._clock = clock

    def run(self, caller: Caller) -> Iterator[Problem]:
        """Every problem, as it is found. Raises RoleRequired."""
        caller.require_admin()
        return self._run()

    def drift(self, caller: Caller) -> int:
        """How many kept totals and rows of the feed's index differ from what they count. Raises RoleRequired."""
        caller.require_admin()
        return self._counts.drift() + self._counts.feed_drift()

    def recount(self, caller: Caller) -> int:
        """Set right the totals and rows that differ, on record; gives how many did.

        Raises:
            RoleRequired: Not an admin.
            AuditUnavailable: The row could not be written, so nothing was set right.
        """
        caller.require_admin()

        def entry(mended: int) -> AuditEntry:
            return AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action="system.recounted",
                object_type="office",
                object_id="office",
                at=self._clock.now(),
                data={"mended": mended},
            )

        return self._counts.recount(entry)

    def _run(self) -> Iterator[Problem]:
        drift = self._counts.drift()
        if drift:
            yield Problem(
                "request_counters", "requests", f"Kept totals that differ from the requests: {drift}. {RECOUNT}"
            )
        strayed = self._counts.feed_drift()
        if strayed:
            yield Problem(
                "feed_index", "workflows", f"Rows of the feed that differ from open workflows: {strayed}. {RECOUNT}"
            )
        with self._units(write=False) as uow:
            keys = uow.keys.list()
        for key in keys:
            if not self._keys.check([key]):
                yield Problem("key", key.key_id, "The stored key does not open.")
        self._keys.check(keys)
        yield from delivery_problems(self._units, self._clock.now())
        yield from delegation_problems(self._units, self._clock.now())
        yield from self._batches.problems()
        yield from log_problems(self._units)
        last: UUID | None = None
        while True:
            with self._units(write=False) as uow:
                records = uow.credentials.after(last, ROWS_A_READ)
                named = sorted({record.place.list_id for record in records if record.place})
                lists = {list_id: uow.status_lists.bits(list_id) for list_id in named}
                unreserved = {r.uid: self._reservation_fault(uow, r) for r in records}
                faults = {r.uid: copy_fault(uow, r) for r in records}
            if not records:
                return
            for record in records:
                yield from self._credential(record, lists.get(record.place.list_id) if record.place else None)
                if (missing := unreserved[record.uid]) is not None:
                    yield Problem("reservation", record.credential_id, missing)
                if (fault := faults[record.uid]) is not None:
                    yield Problem("copy", record.credential_id, fault)
            last = records[-1].uid

    def _reservation_fault(self, uow: UnitOfWork, record: CredentialRecord) -> str | None:
        if record.batch_id is not None:
            return self._batches.fault(uow, record)
        is_issued = uow.reservations.state(record.uid) is ReservationState.ISSUED
        return None if is_issued else "The credential has no issued reservation."

    def _credential(self, record: CredentialRecord, bits: StatusBits | None) -> Iterator[Problem]:
        if record.document is not None:
            detail = self._document_fault(record, record.document)
            if detail is not None:
                yield Problem("credential", record.credential_id, detail)
        if record.place is not None:
            try:
                revoked = bits is not None and read_bit(bits.revocation, record.place.index)
                suspended = bits is not None and read_bit(bits.suspension, record.place.index)
            except StatusListRefused:
                yield Problem("status", record.credential_id, "The entry lies beyond its list.")
                return
            if bits is None:
                yield Problem("status", record.credential_id, "The status list is gone.")
            elif revoked != (record.status is CredentialStatus.REVOKED):
                yield Problem("status", record.credential_id, "The revocation bit differs from the stored state.")
            elif suspended and record.status is CredentialStatus.VALID:
                yield Problem("status", record.credential_id, "The suspension bit differs from the stored state.")

    def _document_fault(self, record: CredentialRecord, content: bytes) -> str | None:
        if hashlib.sha256(content).hexdigest() != record.document_sha256:
            return "The document differs from its digest."
        try:
            now = max(self._clock.now(), record.issued_at)
            document = verified_document(record, content, resolver=self._resolver, canon=self._canon, now=now)
        except KeyCompromised:
            return None
        except DIDNotResolved:
            return "The issuer's DID does not resolve."
        except VcError as error:
            return f"The proof does not hold: {type(error).__name__}."
        return None if _entry_fits(document, record) else "The status entry differs from the reserved one."


def _entry_fits(document: dict[str, JSONValue], record: CredentialRecord) -> bool:
    if record.place is None:
        return True
    if "status" in document and record.proof_type == CredentialFormat.SD_JWT:
        return _token_entry_fits(document["status"], record.place)
    entries = document.get("credentialStatus")
    listed = entries if isinstance(entries, list) else [entries]
    return any(
        isinstance(entry, dict)
        and entry.get("statusListIndex") == str(record.place.index)
        and record.place.list_id in str(entry.get("statusListCredential"))
        for entry in listed
    )


def _token_entry_fits(status: JSONValue, place: StatusPlace) -> bool:
    entry = status.get("status_list") if isinstance(status, dict) else None
    return (
        isinstance(entry, dict)
        and entry.get("idx") == place.index
        and str(entry.get("uri")).endswith(f"/status/{place.list_id}/token")
    )
