"""One act, one transaction: authority checked again at the moment of effect, and at most one effect per key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol, TypeVar

from sealwright.domain.credentials import IdempotencyScope
from sealwright.domain.errors import IdempotencyInProgress, IdempotencyKeyReused, InvalidIdempotencyKey
from sealwright.domain.people import Caller
from sealwright.services.access import Access
from sealwright.services.ports import Clock, IdempotencyRecord, KeyStore, StoredAnswer, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry

T = TypeVar("T")
B = TypeVar("B")
T_co = TypeVar("T_co", covariant=True)
_SEAL_LABEL = "idempotency-answer"
# What a key is bound to until the act has something to name; no transaction commits it.
_BEGUN = "begun"
_FOR_GOOD = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Answer:
    """A rendered answer, and whether it was given before."""

    stored: StoredAnswer
    replayed: bool


def idempotency_scope(principal: str, method: str, path: str, key: str, body: bytes) -> IdempotencyScope:
    """Bind an idempotency key to its caller, route and body.

    Raises:
        InvalidIdempotencyKey: Not 1–255 printable ASCII characters.
    """
    if not 1 <= len(key) <= 255 or not all(" " <= letter <= "~" for letter in key):
        raise InvalidIdempotencyKey("Idempotency-Key must be 1 to 255 printable ASCII characters.")
    return IdempotencyScope(principal, f"{method} {path}", key, hashlib.sha256(body).digest())


class TwoHalves(Protocol[B, T_co]):
    """An act whose effect is committed in its first half, and whose second half may be taken up by anybody."""

    def begin(self, uow: UnitOfWork, caller: Caller) -> B:
        """Do what must be done in one transaction; never commits."""

    def reference(self, begun: B) -> str | None:
        """Name what was begun, so that `resume` finds it again; None where there is no second half."""

    def finish(self, begun: B) -> T_co:
        """Do the rest, outside of any transaction; never more than once in effect, whoever resumes at the same time."""

    def resume(self, caller: Caller, reference: str) -> T_co:
        """Finish what an earlier call began, and give the result."""


class Acts:
    """Runs acts: opens the unit of work, checks the caller again, remembers the answer, commits."""

    def __init__(
        self, units: UnitOfWorkFactory, access: Access, clock: Clock, keys: KeyStore, *, idempotency_ttl_seconds: int
    ) -> None:
        self._units = units
        self._access = access
        self._clock = clock
        self._keys = keys
        self._ttl = timedelta(seconds=idempotency_ttl_seconds)

    @property
    def idempotency_ttl(self) -> timedelta:
        """How long answers are kept under their keys."""
        return self._ttl

    def run(self, caller: Caller, act: Callable[[UnitOfWork, Caller], T], *, changes_registry: bool = False) -> T:
        """Carry out an act in a transaction of its own and give its result.

        Args:
            act: Gets the open unit of work and the caller as of now; it never commits.
            changes_registry: True for acts on DIDs, schemas, people, keys and halts: they take the
                registry lock at once, so that two of them cannot wait for each other half-way.

        Raises:
            NotSignedIn, AccountInactive: The caller was withdrawn since the door let them in.
            StoreUnavailable, AuditUnavailable: Nothing happened.
        """
        with self._units() as uow:
            result = act(uow, self._enter(uow, caller, changes_registry=changes_registry))
            uow.commit()
            return result

    def answer(
        self,
        caller: Caller,
        act: Callable[[UnitOfWork, Caller], T],
        render: Callable[[T], StoredAnswer],
        *,
        scope: IdempotencyScope | None = None,
        changes_registry: bool = False,
        is_secret: bool = False,
        for_good: bool = False,
    ) -> Answer:
        """Carry out an act and render its answer; with a scope, exactly once, and replayed from then on.

        Args:
            is_secret: The answer shows a secret once: it is kept sealed.
            for_good: The key is kept as long as what it made, which is not deleted.

        Raises:
            IdempotencyKeyReused: The key was used with another body.
            IdempotencyInProgress: The first call with the key has not ended.
        """
        with self._units() as uow:
            present = self._enter(uow, caller, changes_registry=changes_registry)
            if scope is not None and not self._bind(uow, scope, for_good=for_good):
                return self._replay(uow, scope)
            rendered = render(act(uow, present))
            if scope is not None:
                uow.idempotency.finish(scope, self._sealed(rendered) if is_secret else rendered)
            uow.commit()
            return Answer(rendered, replayed=False)

    def rehearse(self, caller: Caller, act: Callable[[UnitOfWork, Caller], T]) -> T:
        """Carry out an act in a transaction that is rolled back; for dry runs. Raises as `run`."""
        with self._units() as uow:
            return act(uow, self._enter(uow, caller, changes_registry=False))

    def answer_in_two(
        self,
        caller: Caller,
        halves: TwoHalves[B, T],
        render: Callable[[T], StoredAnswer],
        *,
        scope: IdempotencyScope | None = None,
        is_secret: bool = False,
        is_rebuilt: bool = False,
        for_good: bool = False,
    ) -> Answer:
        """Carry out an act that has a second half after its commit, such as signing; with a scope exactly once.

        The key is bound in the first half's transaction to a reference of what it began. Whoever comes again with
        the key, after a crash between the halves too, goes on from there and gets the one answer.

        Args:
            is_secret: The answer shows a secret once: it is kept sealed.
            is_rebuilt: The answer is not kept: `resume` gives what it is made from again, always the same.
            for_good: As `answer`.

        Raises:
            IdempotencyKeyReused: The key was used with another body.
            IdempotencyInProgress: The first call with the key has not ended.
        """
        if scope is None:
            return Answer(render(halves.finish(self.run(caller, halves.begin))), replayed=False)
        with self._units() as uow:
            present = self._enter(uow, caller, changes_registry=False)
            now = self._clock.now()
            kept = _FOR_GOOD if for_good else self._ttl
            is_first = scope in uow.idempotency.begin_many([(scope, _BEGUN)], now, now + kept)
            if is_first:
                begun = halves.begin(uow, present)
                reference = halves.reference(begun)
                if reference is None:
                    rendered = render(halves.finish(begun))
                    uow.idempotency.finish(scope, self._sealed(rendered) if is_secret else rendered)
                    uow.commit()
                    return Answer(rendered, replayed=False)
                uow.idempotency.rebind(scope, _BEGUN, reference, now)
                uow.commit()
        if is_first:
            rendered = render(halves.finish(begun))
            return self._rebuilt(scope, rendered) if is_rebuilt else self._settle(scope, rendered, is_secret=is_secret)
        with self._units(write=False) as uow:
            known = uow.idempotency.find(scope)
            if known is None or known.answer is not None or known.reference in (None, _BEGUN):
                return self._replay(uow, scope)
            _require_same_body(known, scope)
            reference = known.reference or ""
        rendered = render(halves.resume(caller, reference))
        if is_rebuilt:
            return Answer(rendered, replayed=True) if known.finished else self._rebuilt(scope, rendered)
        return self._settle(scope, rendered, is_secret=is_secret)

    def _rebuilt(self, scope: IdempotencyScope, rendered: StoredAnswer) -> Answer:
        """Record that an act is over whose answer is made again from its reference."""
        with self._units() as uow:
            uow.idempotency.finish_many([scope])
            uow.commit()
        return Answer(rendered, replayed=False)

    def _settle(self, scope: IdempotencyScope, rendered: StoredAnswer, *, is_secret: bool) -> Answer:
        """Keep the answer of an act in two halves; the first one that is kept is everybody's."""
        with self._units() as uow:
            # Locks the key's row, so that two who finish the same act do not both keep their answer.
            uow.idempotency.finish_many([scope])
            known = uow.idempotency.find(scope)
            if known is not None and known.answer is not None:
                return self._replay(uow, scope)
            uow.idempotency.finish(scope, self._sealed(rendered) if is_secret else rendered)
            uow.commit()
        return Answer(rendered, replayed=False)

    def replay(self, scope: IdempotencyScope) -> Answer | None:
        """What an idempotency key has brought about, or None where it is free; for acts of many transactions.

        Raises:
            IdempotencyKeyReused: The key was used with another body.
            IdempotencyInProgress: The first call with the key has not ended.
        """
        with self._units(write=False) as uow:
            return self._replay(uow, scope) if uow.idempotency.find(scope) is not None else None

    def replay_inside(self, uow: UnitOfWork, scope: IdempotencyScope) -> Answer:
        """What a key that is bound was answered with; for acts that share one unit of work. Raises as `replay`."""
        return self._replay(uow, scope)

    def _enter(self, uow: UnitOfWork, caller: Caller, *, changes_registry: bool) -> Caller:
        if changes_registry:
            uow.office.raise_epoch()
        epoch = uow.office.epoch(shared_lock=True)
        # Sessions end without a new epoch, so whoever came with a cookie is looked up again in any case.
        if epoch == caller.epoch and caller.session_id is None:
            return caller
        return self._access.refresh(caller, Registry.within(uow, epoch))

    def _bind(self, uow: UnitOfWork, scope: IdempotencyScope, *, for_good: bool) -> bool:
        now = self._clock.now()
        kept = _FOR_GOOD if for_good else self._ttl
        return scope in uow.idempotency.begin_many([(scope, None)], now, now + kept)

    def _replay(self, uow: UnitOfWork, scope: IdempotencyScope) -> Answer:
        known = uow.idempotency.find(scope)
        if known is not None:
            _require_same_body(known, scope)
        if known is None or known.answer is None:
            raise IdempotencyInProgress("The first call with this Idempotency-Key is still running.")
        stored = known.answer
        if stored.is_sealed:
            stored = replace(stored, body=self._keys.open_bytes(stored.body, label=_SEAL_LABEL), is_sealed=False)
        return Answer(stored, replayed=True)

    def _sealed(self, answer: StoredAnswer) -> StoredAnswer:
        return replace(answer, body=self._keys.seal_bytes(answer.body, label=_SEAL_LABEL), is_sealed=True)


def _require_same_body(known: IdempotencyRecord, scope: IdempotencyScope) -> None:
    if known.scope.body_digest != scope.body_digest:
        raise IdempotencyKeyReused("This Idempotency-Key was used with another body.")
