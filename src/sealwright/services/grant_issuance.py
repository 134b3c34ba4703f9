"""Signing what was granted: exactly one primary credential a grant, whatever crashes and however many servers try.

A grant commits as ``pending``. Signing goes the road of every credential, under a key that is the grant's own, so that
tries that meet wait for each other and a try that died is taken over; a guard looks at the grant again in both
transactions of the road, and the one that stores the credential marks the grant as ``issued``.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from sealwright.domain.credentials import CredentialRecord, IdempotencyScope, IssuanceRequest
from sealwright.domain.errors import (
    ClockBehind,
    DomainError,
    GrantNotFound,
    HolderErased,
    IdempotencyInProgress,
    IssuingHalted,
    OfficeClosed,
    SchemaNotFound,
    Sealed,
    StateConflict,
    StoreUnavailable,
)
from sealwright.domain.grants import NEVER, Grant, GrantStatus
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import Caller, Person, system_actor
from sealwright.domain.requests import Issuance
from sealwright.services.grant_moves import grant_event
from sealwright.services.issuance import Issuing
from sealwright.services.notices import NoticeDesk
from sealwright.services.offers import OfferDesk
from sealwright.services.orders import IssuanceOrder
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry
from sealwright.vc.errors import VcError

DUE_AT_MOST: Final = 100
WAIT_SECONDS: Final = 2.0
WAIT_STEP_SECONDS: Final = 0.05
RETRY_AT_LEAST: Final = timedelta(seconds=30)
RETRY_AT_MOST: Final = timedelta(hours=1)
# These tell of the office and not of the grant: it stays pending and is tried again soon.
_PASSING: Final = (StoreUnavailable, ClockBehind)
_GONE: Final = "The person's data were erased, and with them what the credential was to say."

_log = logging.getLogger(__name__)


class Custodian(Protocol):
    """Keeps DIDs for people who have none of their own."""

    def custodial_did(self, uow: UnitOfWork, person: Person) -> str:
        """The person's DID for new credentials, made at need; needs the registry lock."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A grant after a try to sign it; `error` says why there is no credential (yet)."""

    grant: Grant
    error: Exception | None = None


class GrantGuard:
    """Looks at a grant again at the moments of effect, and marks it as issued when its credential is stored."""

    def __init__(self, grant_id: str, notices: NoticeDesk, offers: OfferDesk) -> None:
        self.key = f"grant:{grant_id}"
        self._grant_id = grant_id
        self._notices = notices
        self._offers = offers

    def look_again(self, uow: UnitOfWork, order: IssuanceOrder, now: datetime) -> None:  # noqa: ARG002 - the port's
        """Refuse when the grant has ended, is suspended, has its credential, or its person was erased.

        Raises:
            StateConflict, HolderErased: It is so.
        """
        _require_signable(uow.grants.get(self._grant_id), now)

    def bind(self, uow: UnitOfWork, order: IssuanceOrder, record: CredentialRecord, now: datetime) -> CredentialRecord:
        """Mark the grant as issued; raises as `look_again`."""
        grant = _require_signable(uow.grants.get_for_update(self._grant_id), now)
        uow.grants.update(
            replace(
                grant,
                issuance=Issuance.ISSUED,
                issuance_error=None,
                credential_id=record.credential_id,
                issuer_did=order.issuer.did,
                holder_did=order.holder_did,
                sign_after=None,
                version=grant.version + 1,
            )
        )
        data = {
            "grant_id": grant.grant_id,
            "credential_type": grant.credential_type,
            "credential_id": record.credential_id,
        }
        self._notices.tell(uow, NoticeKind.CREDENTIAL_READY, [grant.user_id], data)
        bound = replace(record, grant_id=grant.grant_id)
        self._offers.signed(uow, order.caller, bound)
        return bound


class GrantIssuance:
    """Signs grants: at once, when their wait is over, and after crashes and failures."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        registry: Registry,
        issuing: Issuing,
        custodian: Custodian,
        notices: NoticeDesk,
        offers: OfferDesk,
        clock: Clock,
        code_of: Callable[[Exception], str],
    ) -> None:
        self._units = units
        self._registry = registry
        self._issuing = issuing
        self._custodian = custodian
        self._notices = notices
        self._offers = offers
        self._clock = clock
        self._code_of = code_of

    def sign(self, grant_id: str, *, request_id: str | None = None) -> Signed:
        """Try to give a grant its credential, waiting for nothing but the road itself.

        A grant that has ended, is suspended or has its credential is given back as it is. A refusal is kept with
        the grant, which is tried again later.

        Raises:
            GrantNotFound: No such grant.
        """
        grant = self._read(grant_id)
        if not _is_signable(grant, self._clock.now()):
            return Signed(grant)
        try:
            order = self._order(grant, request_id)
            self._issuing.carry_out(order, _scope(grant_id))
        except IdempotencyInProgress as error:
            return Signed(self._read(grant_id), error)
        except (DomainError, VcError) as error:
            return self._after_refusal(grant_id, error, request_id)
        return Signed(self._read(grant_id))

    def sign_soon(self, grant_id: str, *, request_id: str | None = None) -> Signed:
        """As `sign`, waiting up to 2 s for somebody who is signing the grant at this moment."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            outcome = self.sign(grant_id, request_id=request_id)
            if not isinstance(outcome.error, IdempotencyInProgress) or time.monotonic() >= deadline:
                return outcome
            time.sleep(WAIT_STEP_SECONDS)

    def sign_due(self) -> int:
        """Sign what waits and is due; gives how many credentials came of it. For the clock."""
        with self._units(write=False) as uow:
            due = uow.grants.unsigned(self._clock.now(), DUE_AT_MOST)
        signed = 0
        for grant in due:
            signed += self._sign_quietly(grant)
        return signed

    def _sign_quietly(self, grant: Grant) -> int:
        try:
            outcome = self.sign(grant.grant_id)
        except (DomainError, VcError) as error:
            # The others still have their turn; this one stays due.
            _log.warning("signing put off", extra={"grant_id": grant.grant_id, "kind": type(error).__name__})
            return 0
        return int(outcome.error is None and outcome.grant.issuance is Issuance.ISSUED)

    def _read(self, grant_id: str) -> Grant:
        with self._units(write=False) as uow:
            grant = uow.grants.get(grant_id)
        if grant is None:
            raise GrantNotFound("No such grant.")
        return grant

    def _order(self, grant: Grant, request_id: str | None) -> IssuanceOrder:
        holder_did = self._holder(grant)
        with self._units(write=False) as uow:
            kind = uow.types.get(grant.credential_type)
        if grant.claims is None:
            raise HolderErased(_GONE)
        if kind is None:
            raise StateConflict("The credential type is gone.")
        view = self._registry.current()
        schema = view.schema(kind.schema_id)
        issuer = view.did(kind.issuer_did)
        if schema is None:
            raise SchemaNotFound(f"No credential schema {kind.schema_id} is registered.")
        caller = Caller(
            system_actor("grant_issuance"),
            view.epoch,
            issuer_dids=frozenset({issuer.did if issuer is not None else kind.issuer_did}),
            schemas=frozenset({schema.schema_id}),
            request_id=request_id,
        )
        wish = IssuanceRequest(
            schema_id=schema.schema_id,
            issuer_did=kind.issuer_did,
            holder_did=holder_did,
            claims=grant.claims,
            expiration=grant.expires_at,
            proof_type=kind.proof_type,
            revocable=True,
            suspendable=kind.suspendable,
        )
        return self._issuing.check(wish, caller, view, GrantGuard(grant.grant_id, self._notices, self._offers))

    def _holder(self, grant: Grant) -> str:
        """The DID that the person's new credentials name; a custodial one is made in an act of its own."""
        with self._units(write=False) as uow:
            person = uow.people.get(grant.user_id)
        if person is None or person.erased:
            raise HolderErased(_GONE)
        if person.holder_did is not None:
            return person.holder_did
        with self._units() as uow:
            # The registry lock comes first: two acts that raise the epoch half-way would wait for each other.
            uow.office.raise_epoch()
            present = uow.people.get(grant.user_id)
            assert present is not None
            if present.holder_did is not None:
                return present.holder_did
            did = self._custodian.custodial_did(uow, present)
            uow.commit()
        return did

    def _after_refusal(self, grant_id: str, error: Exception, request_id: str | None) -> Signed:
        """Keep why a grant has no credential, and when it is tried again; once an audit row for each new reason."""
        now = self._clock.now()
        try:
            with self._units() as uow:
                uow.office.epoch(shared_lock=True)
                grant = uow.grants.get_for_update(grant_id)
                if grant is None or not _is_signable(grant, now):
                    return Signed(grant or self._read(grant_id), error)
                failed = self._failed(grant, error, now)
                if failed == grant:
                    return Signed(grant, error)
                uow.grants.update(failed)
                if (failed.issuance, failed.issuance_error) != (grant.issuance, grant.issuance_error):
                    actor = system_actor("grant_issuance")
                    code = failed.issuance_error
                    uow.audit.append(grant_event("grant.issuance_failed", failed, actor, request_id, now, code=code))
                uow.commit()
        except OfficeClosed:
            # The database does not take it now: the grant stays as it was, due again when its pause is over.
            return Signed(self._read(grant_id), error)
        return Signed(failed, error)

    def _failed(self, grant: Grant, error: Exception, now: datetime) -> Grant:
        if isinstance(error, HolderErased):
            # Nothing brings the data back: the grant keeps its status, and its credential is given up.
            code = self._code_of(error)
            final = replace(grant, issuance=Issuance.FAILED, issuance_error=code, sign_after=NEVER)
            return final if final == grant else replace(final, version=grant.version + 1)
        # Each pause is as long as the grant has waited so far, so tries thin out without a counter.
        waited = min(max(now - grant.issued_at, RETRY_AT_LEAST), RETRY_AT_MOST)
        if isinstance(error, (IssuingHalted, Sealed, *_PASSING)):
            waited = RETRY_AT_LEAST
        after = replace(grant, sign_after=now + waited, version=grant.version + 1)
        if isinstance(error, _PASSING):
            return after
        return replace(after, issuance=Issuance.FAILED, issuance_error=self._code_of(error))


def _scope(grant_id: str) -> IdempotencyScope:
    """The key under which a grant is signed, whoever tries."""
    return IdempotencyScope("system:grant_issuance", "sign", grant_id, hashlib.sha256(grant_id.encode()).digest())


def _is_signable(grant: Grant, now: datetime) -> bool:
    return grant.status_at(now) is GrantStatus.ACTIVE and grant.issuance is not Issuance.ISSUED


def _require_signable(grant: Grant | None, now: datetime) -> Grant:
    if grant is None or not _is_signable(grant, now):
        raise StateConflict("The grant has ended, is suspended, or has its credential.")
    if grant.claims is None:
        # The person was erased after the order was made: a document signed now would bring their data back for good.
        raise HolderErased(_GONE)
    return grant
