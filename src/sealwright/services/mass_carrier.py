"""Carries out the chunks of mass revocations.

Credentials of grants are revoked one by one, each in a transaction of its own in which its row is marked, and all
others together in the transaction that ends the chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sealwright.domain.batches import CHUNK_LEASE, Batch, Chunk, RowFault, credential_uid
from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.errors import AlreadyRevoked, CredentialNotFound, DomainError, NotRevocable, StateConflict
from sealwright.domain.ids import credential_urn
from sealwright.domain.people import Caller
from sealwright.services.access import Access
from sealwright.services.batch_ports import ChunkOutcome
from sealwright.services.batch_rows import BatchRows
from sealwright.services.bulk_carrying import FenceLost, HeldChunk
from sealwright.services.mass_revoking import revoke_together
from sealwright.services.mass_rows import RowStates, packed
from sealwright.services.mass_values import replaced_batch
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import RegistryView
from sealwright.services.revocation import RevocationDesk
from sealwright.services.status_moves import Cause

_NO_SUCCESSOR: Final = "Nothing was issued in its place, so it stays as it is."


@dataclass(frozen=True, slots=True)
class _Worked:
    """What was done before the last transaction.

    Args:
        together: Places of rows without a grant, which are still to be revoked.
        refused: Why others were not, by place.
    """

    states: RowStates
    together: tuple[int, ...]
    refused: Mapping[int, DomainError]


class RevokingCarrier:
    """The carrier of batches of kind ``revoke``. Halts do not stop it."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        access: Access,
        revocation: RevocationDesk,
        rows: BatchRows,
        clock: Clock,
        code_of: Callable[[Exception], str],
    ) -> None:
        self._units = units
        self._access = access
        self._revocation = revocation
        self._rows = rows
        self._clock = clock
        self._code_of = code_of

    def stand(self, batch: Batch, caller: Caller, view: RegistryView) -> None:
        """Refuse who may not act for the issuer any more.

        Raises:
            IssuerNotFound, IssuerNotAuthorized: It is so.
        """
        self._access.require_issuer(caller, self._access.issuer(batch.issuer_did, view))

    def reserve(self, uow: UnitOfWork, held: HeldChunk, now: datetime) -> HeldChunk:  # noqa: ARG002 - the port's
        """Nothing is reserved: a revocation takes no place."""
        return held

    def work(self, held: HeldChunk, beat: Callable[[], None]) -> _Worked:
        """Revoke the credentials of grants one by one; what they mean for workflows would hold up everybody else."""
        states = RowStates.read(held.rows.content, held.chunk.row_count)
        refused = self._without_successor(held, states)
        with self._units(write=False) as uow:
            found = uow.credentials.get_many([uid for place, uid in enumerate(states.uids) if states.is_open(place)])
        together: list[int] = []
        for place, uid in enumerate(states.uids):
            if not states.is_open(place) or place in refused:
                continue
            record = found.get(uid)
            if record is None or record.grant_id is None:
                together.append(place)
                continue
            beat()
            try:
                states = self._revoke_alone(held, states, place, record)
            except (NotRevocable, AlreadyRevoked, StateConflict, CredentialNotFound) as error:
                if not _ended_with_source(record_again(self._units, uid), held.batch):
                    refused[place] = error
        return _Worked(states, tuple(together), refused)

    def store(self, uow: UnitOfWork, held: HeldChunk, worked: _Worked, view: RegistryView | None) -> ChunkOutcome:
        """Revoke all others together; gives what became of each row.

        Raises:
            IssuerNotFound, IssuerNotAuthorized: As `stand`.
        """
        if view is not None:
            self.stand(held.batch, held.ground.caller, view)
        now = self._clock.now()
        refused = dict(worked.refused)
        uids = worked.states.uids
        asked = [uids[place] for place in worked.together]
        outcome = revoke_together(uow, held.ground.caller, asked, cause_of(held.batch), now)
        again = uow.credentials.get_many([uid for uid, error in outcome.items() if isinstance(error, AlreadyRevoked)])
        for place in worked.together:
            error = outcome[uids[place]]
            if error is not None and not _ended_with_source(again.get(uids[place]), held.batch):
                refused[place] = error
        faults = tuple(self._fault(held.chunk, place, refused[place]) for place in sorted(refused))
        return ChunkOutcome(
            issued=held.chunk.row_count - len(faults),
            failed=len(faults),
            faults=faults,
            # All of them are kept for a while, so that the results can name each row's credential.
            failed_rows=packed(uids),
            root=b"",
            at=now,
        )

    def _revoke_alone(self, held: HeldChunk, states: RowStates, place: int, record: CredentialRecord) -> RowStates:
        after = states.done(place)
        with self._units() as uow:
            uow.office.epoch(shared_lock=True)
            # The chunk's row first, as everybody locks it, and only for whoever took it last.
            if not uow.batches.renew(held.chunk, self._clock.now() + CHUNK_LEASE):
                raise FenceLost
            self._revocation.revoke_for(uow, held.ground.caller, record.credential_id, cause_of(held.batch))
            uow.batches.set_rows(held.batch.batch_id, held.chunk.number, after.content)
            uow.commit()
        return after

    def _without_successor(self, held: HeldChunk, states: RowStates) -> dict[int, DomainError]:
        """Rows of a batch that ends what another one issued anew, in whose place nothing was stored."""
        origin = replaced_batch(held.batch)
        if origin is None:
            return {}
        with self._units(write=False) as uow:
            source = uow.batches.get(origin)
            if source is None or source.at is None:
                return {place: StateConflict(_NO_SUCCESSOR) for place in range(len(states.uids))}
            secret = self._rows.secret(uow, origin)
            first = held.chunk.first_row
            wanted = [credential_uid(secret, source.at, first + place) for place in range(len(states.uids))]
            stored = uow.credentials.get_many(wanted)
        return {place: StateConflict(_NO_SUCCESSOR) for place, uid in enumerate(wanted) if uid not in stored}

    def _fault(self, chunk: Chunk, place: int, error: DomainError) -> RowFault:
        return RowFault(chunk.first_row + place, self._code_of(error), str(error))


def cause_of(batch: Batch) -> Cause:
    """Why the credentials of a batch are revoked."""
    return Cause(batch.options.reason or "", batch.options.reason_code, batch.batch_id)


def record_again(units: UnitOfWorkFactory, uid: UUID) -> CredentialRecord | None:
    """A credential as it is now."""
    with units(write=False) as uow:
        return uow.credentials.get(credential_urn(uid))


def _ended_with_source(record: CredentialRecord | None, batch: Batch) -> bool:
    """Tell whether a further form ended with its source by this batch, before its own row had its turn."""
    if record is None or record.copy_of is None or record.revoked_at is None or batch.at is None:
        return False
    same = record.reason == batch.options.reason and record.reason_code is batch.options.reason_code
    return same and record.revoked_at >= batch.at
