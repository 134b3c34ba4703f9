"""Judges the rows of a chunk one by one: the checks of a single issue in its order, what rows share asked once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sealwright.domain.batches import Batch
from sealwright.domain.errors import DomainError, HolderDeactivated, OfficeClosed
from sealwright.services.bulk_documents import BatchLine
from sealwright.services.bulk_rows import Row
from sealwright.services.notices import NoticeDesk
from sealwright.services.order_checks import OrderChecks
from sealwright.services.order_guards import TypeGuard
from sealwright.services.registry import RegistryView
from sealwright.services.reissuing import SuccessionGuard, is_reissue
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import ProofInvalid, VcError
from sealwright.vc.keys.ed25519 import Ed25519Verifier

# Holder as it was written → the DID, and whether it is active.
States = Mapping[str, tuple[str, bool]]
_log = logging.getLogger(__name__)


class SignerBroke(Exception):
    """The key store did not sign, or signed wrongly: no row is to blame, and the chunk is done over later."""


@dataclass(frozen=True, slots=True)
class Footing:
    """What a batch is issued under, as of one registry epoch.

    Args:
        is_typed: The schema is a credential type's, so that every row makes a grant.
        sign: Gives the signature for the data of one row.
    """

    line: BatchLine
    view: RegistryView
    is_typed: bool
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Judged:
    """A row that may be issued.

    Args:
        holder: The canonical DID.
        claims: In the form that is signed.
        mandatory: What every derived proof must show beside what always stands.
    """

    holder: str
    claims: Mapping[str, JSONValue]
    end: datetime | None
    guard: TypeGuard | None
    mandatory: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgingMeans:
    """What judging asks, and what guards tell of."""

    checks: OrderChecks
    notices: NoticeDesk


class Judging:
    """The judgment of one chunk.

    Args:
        states: Of the holders that are kept here.
        now: Ends are judged by it.
    """

    def __init__(self, means: JudgingMeans, batch: Batch, footing: Footing, states: States, now: datetime) -> None:
        self._checks = means.checks
        self._notices = means.notices
        self._is_guarded = footing.is_typed or is_reissue(batch)
        self._footing = footing
        self._line = footing.line
        self._states = states
        self._now = now
        self._end = batch.options.expiration
        self._elsewhere: dict[str, tuple[str, bool] | DomainError | VcError] = {}
        self._sound_ends: set[datetime | None] = {None}

    def row(self, row: Row | Exception) -> Judged:
        """Judge a row; whether its document would be signed whole, its canonicalization tells.

        Raises:
            As `OrderChecks.check` for what concerns holder, claims and dates, and what the line could not be read for.
        """
        if isinstance(row, Exception):
            raise row
        # (1) the holder
        holder, is_active = self._states.get(row.holder) or self._stranger(row.holder)
        guard = self._guard(holder, row) if self._is_guarded else None
        if not is_active:
            raise HolderDeactivated(f"{holder} is deactivated.")
        if guard is not None:
            guard.require_state(self._footing.view)
        # (2) claims and dates
        claims = self._line.claims(row)
        end = row.expiration or self._end
        if end is None and guard is not None:
            end = guard.end_of_grant(self._now)
        if end not in self._sound_ends:
            self._check_end(holder, claims, end)
        return Judged(holder, claims, end, guard, row.mandatory)

    def _stranger(self, reference: str) -> tuple[str, bool]:
        known = self._elsewhere.get(reference)
        if known is None:
            try:
                known = self._checks.holders.elsewhere(reference)
            except OfficeClosed:
                raise
            except (DomainError, VcError) as error:
                known = error
            self._elsewhere[reference] = known
        if isinstance(known, Exception):
            raise known.with_traceback(None)
        return known

    def _guard(self, holder: str, row: Row) -> TypeGuard | None:
        if row.replaces is not None:
            return SuccessionGuard(row.replaces, self._notices)
        parts = self._line.parts
        guard = self._checks.guard_for(parts.schema, holder, self._footing.view)
        if guard is not None:
            guard.require_authority(parts.caller, self._footing.view)
        return guard

    def _check_end(self, holder: str, claims: Mapping[str, JSONValue], end: datetime | None) -> None:
        try:
            self._checks.check_end(end)
        except DomainError:
            # What would not be signed whole is told first.
            self._line.prove(holder, claims, end)
            raise
        self._sound_ends.add(end)


def signature_of(sign: Callable[[bytes], bytes], data: bytes) -> bytes:
    """Have data signed.

    Raises:
        SignerBroke: The key store did not.
        OfficeClosed: It is away.
    """
    try:
        return sign(data)
    except OfficeClosed:
        raise
    except Exception as error:
        raise SignerBroke("The key store did not sign.") from error


def sound_signature(sign: Callable[[bytes], bytes], verifier: Ed25519Verifier, data: bytes) -> bytes:
    """Have data signed, and (6) verify the signature with the published key.

    Raises:
        SignerBroke: There is none, or it does not hold.
        OfficeClosed: The key store is away.
    """
    signature = signature_of(sign, data)
    try:
        verifier.verify(signature, data)
    except ProofInvalid as error:
        # An operator must see this: the key store, the memory or the published key is wrong.
        _log.critical("a signature of our own does not hold")
        raise SignerBroke("The key store signed wrongly.") from error
    return signature
