"""The desk for delegations: making, showing, ending and narrowing them.

A delegation is a credential. It is made along the guarded road and ended as credentials are ended; this desk asks who
may do so, and says what falls with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from sealwright.domain.credentials import IdempotencyScope, IssuanceRequest
from sealwright.domain.delegation_errors import DelegationInvalid, DelegationNotFound
from sealwright.domain.delegations import Delegation, DelegationFilter
from sealwright.domain.dids import DIDRecord
from sealwright.domain.errors import DomainError, IdempotencyInProgress, NotDIDOwner
from sealwright.domain.people import Caller
from sealwright.services.access import owned_dids
from sealwright.services.authorizing_parties import is_delegator, is_party
from sealwright.services.catalog_builtin import delegation_schema_for
from sealwright.services.delegation_ground import DelegationGround
from sealwright.services.delegation_guard import DelegationGuard, Replacement, require_active
from sealwright.services.delegation_views import (
    DelegationWish,
    MadeDelegation,
    MovedDelegation,
    NarrowingWish,
    SeenDelegation,
    as_made,
    seen_of,
    spelled,
)
from sealwright.services.issuing_line import Issued
from sealwright.services.orders import IssuanceOrder
from sealwright.services.ports import Page, UnitOfWork
from sealwright.services.registry import Registry, RegistryView
from sealwright.services.status_moves import StatusChange
from sealwright.vc.delegation.reading import terms_of_claims
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault, VcError

# Suites that sign the whole document, in the order in which they are tried where nobody chose.
SUITES: Final = ("Ed25519Signature2020", "eddsa-rdfc-2022", "ecdsa-rdfc-2019")
TREE_MOST: Final = 1_000
WAIT_SECONDS: Final = 2.0
WAIT_STEP_SECONDS: Final = 0.05
_MISSING: Final = "No such delegation."
_UNKNOWN: Final = "sealwright:unknown"
_Move = Callable[[UnitOfWork, Caller, str, str], StatusChange]


class DelegationDesk:
    """Delegations, for those whom they concern: whoever acts for a DID in the chain, and admins."""

    def __init__(self, ground: DelegationGround) -> None:
        self._units = ground.units
        self._registry = ground.registry
        self._issuing = ground.issuing
        self._revocation = ground.revocation
        self._clock = ground.clock

    # -- making -------------------------------------------------------------------------------------

    def order(self, caller: Caller, wish: DelegationWish, view: RegistryView) -> IssuanceOrder:
        """Check a wish whole and authorize it; nothing is kept.

        Raises:
            IssuerNotFound, HolderNotFound, IssuerNotAuthorized and what else `OrderChecks.check` refuses.
            DelegationNotFound, DelegationRefused: With pointers into the wish, such as ``/constraints/maxSpendPerDay``.
        """
        claims: dict[str, JSONValue] = {
            "delegator": wish.delegator_did,
            "delegate": wish.delegate_did,
            "scope": list(wish.scope),
            "maxDepth": wish.max_depth,
        }
        if wish.constraints:
            claims["constraints"] = dict(wish.constraints)
        if wish.parent is not None:
            above = view.delegation_chain(wish.parent)
            claims["parent"] = above[-1].credential_id if above else _address(wish.parent)
        proof_type = wish.proof_type or suite_for(view.did(wish.delegator_did))
        with in_words_of_the_wish():
            return self._issuing.check(_request(wish, claims, proof_type), caller, view)

    def create(self, caller: Caller, wish: DelegationWish, scope: IdempotencyScope | None = None) -> MadeDelegation:
        """Make a delegation and wait for it. Blocking. Raises as `order`, and what issuing raises."""
        with in_words_of_the_wish():
            known = self._issuing.replay(scope) if scope is not None else None
            if known is None:
                known = self._issuing.carry_out(self.order(caller, wish, self._registry.current()), scope)
            return self.made(known)

    def made(self, issued: Issued) -> MadeDelegation:
        """What an issued credential has made; the same whenever it is asked.

        Raises:
            DelegationNotFound: The credential is no delegation.
        """
        with self._units(write=False) as uow:
            chain = uow.delegations.chain(issued.record.credential_id)
            if not chain:
                raise DelegationNotFound(_MISSING)
            old_id = chain[-1].supersedes
            old = uow.delegations.get(old_id) if old_id is not None else None
            fallen = uow.delegations.count_below(old_id, self._clock.now()) if old_id is not None else 0
        return MadeDelegation(as_made(chain, old), issued, fallen)

    # -- showing ------------------------------------------------------------------------------------

    def get(self, caller: Caller, reference: str, view: RegistryView, *, tree: bool = False) -> SeenDelegation:
        """One delegation.

        Args:
            reference: ``dlg_…``, or its credential's id.
            tree: With everything that rests on it, at most 1,000.

        Raises:
            DelegationNotFound: Missing, or of no concern to this caller: the two look alike.
        """
        now = self._clock.now()
        with self._units(write=False) as uow:
            view = view.through(uow)
            chain = _concerning(caller, uow.delegations.chain(reference), view)
            seen = seen_of(chain, view, now)
            return self._with_children(uow, [seen], view)[0] if tree else seen

    def list(
        self,
        caller: Caller,
        wanted: DelegationFilter,
        view: RegistryView,
        *,
        limit: int,
        cursor: str | None,
        tree: bool = False,
    ) -> Page[SeenDelegation]:
        """The delegations that concern a caller, newest first; filters by DID take aliases.

        Raises:
            InvalidPagination: A cursor that is not ours.
        """
        now = self._clock.now()
        wanted = replace(
            wanted,
            delegator_did=_canonical(wanted.delegator_did, view),
            delegate_did=_canonical(wanted.delegate_did, view),
        )
        with self._units(write=False) as uow:
            view = view.through(uow)
            if not caller.is_admin:
                wanted = replace(wanted, parties=dids_of(uow, caller))
            page = uow.delegations.list(wanted, now=now, limit=limit, cursor=cursor)
            # Nobody writes here, so that this is but one more reading.
            above = uow.delegations.lock({hop for one in page.items for hop in one.lineage})
            items = tuple(seen_of((*(above[hop] for hop in one.lineage), one), view, now) for one in page.items)
            if tree:
                items = self._with_children(uow, items, view)
        return Page(items, page.next_cursor)

    def _with_children(
        self, uow: UnitOfWork, tops: Sequence[SeenDelegation], view: RegistryView
    ) -> tuple[SeenDelegation, ...]:
        """Read what rests on delegations, level by level, so that a cut tree lacks what lies deepest."""
        now = self._clock.now()
        below: dict[str, list[SeenDelegation]] = {}
        level = {top.delegation.delegation_id: top for top in tops}
        left = TREE_MOST
        cut: set[str] = set()
        while level:
            found = uow.delegations.children(level)
            if len(found) >= left:
                # Whose children were left out is not told one by one: any of this level may lack some.
                cut.update(level)
            found = found[:left]
            left -= len(found)
            deeper: dict[str, SeenDelegation] = {}
            for one in found:
                assert one.parent_id is not None
                seen = seen_of((*level[one.parent_id].chain, one), view, now)
                below.setdefault(one.parent_id, []).append(seen)
                deeper[one.delegation_id] = seen
            level = deeper

        def grown(seen: SeenDelegation) -> SeenDelegation:
            name = seen.delegation.delegation_id
            inner = tuple(grown(child) for child in below.get(name, ()))
            return replace(seen, children=inner, is_cut=name in cut)

        return tuple(grown(top) for top in tops)

    # -- ending -------------------------------------------------------------------------------------

    def revoke(self, uow: UnitOfWork, caller: Caller, reference: str, reason: str) -> MovedDelegation:
        """Revoke for ever; everything below it stops being effective.

        Raises:
            DelegationNotFound: Missing, or of no concern to this caller.
            NotDIDOwner: The caller acts for no delegator of the chain.
            NotRevocable, AlreadyRevoked, StateConflict: As revoking its credential.
        """
        return self._move(uow, caller, reference, reason, self._revocation.revoke, ends=True)

    def suspend(self, uow: UnitOfWork, caller: Caller, reference: str, reason: str) -> MovedDelegation:
        """Suspend until reinstated; raises as `revoke`, and NotSuspendable."""
        return self._move(uow, caller, reference, reason, self._revocation.suspend, ends=True)

    def reinstate(self, uow: UnitOfWork, caller: Caller, reference: str, reason: str) -> MovedDelegation:
        """Take a suspension back; raises as `suspend`, and NotDIDOwner where somebody further up has suspended it."""
        return self._move(uow, caller, reference, reason, self._revocation.reinstate, ends=False)

    def _move(
        self, uow: UnitOfWork, caller: Caller, reference: str, reason: str, move: _Move, *, ends: bool
    ) -> MovedDelegation:
        view = Registry.within(uow, caller.epoch)
        chain = _concerning(caller, uow.delegations.chain(reference), view)
        if not is_delegator(caller, chain, view):
            raise NotDIDOwner("This caller acts for no delegator of this delegation's chain.")
        this = chain[-1]
        # Whoever stands above may end what rests on them, so the right is that of the delegator right here. Admins have
        # it anyway, and act for the office.
        own = caller.issuer_dids if caller.is_admin else caller.issuer_dids | {this.delegator_did}
        acting = replace(caller, issuer_dids=own)
        change = move(uow, acting, this.credential_id, reason)
        now = self._clock.now()
        changed = change.record.status is not this.credential_status
        fallen = uow.delegations.count_below(this.delegation_id, now) if ends and changed else 0
        after = (*chain[:-1], replace(this, credential_status=change.record.status))
        return MovedDelegation(seen_of(after, view, now), fallen)

    # -- narrowing ----------------------------------------------------------------------------------

    def narrow(
        self, caller: Caller, reference: str, wish: NarrowingWish, reason: str, scope: IdempotencyScope | None = None
    ) -> MadeDelegation:
        """Put a stricter delegation in the place of one, which is revoked in the same transaction. Blocking.

        What rested on the old one falls with it.

        Raises:
            DelegationNotFound: Missing, or of no concern to this caller.
            IssuerNotAuthorized: The caller may not issue as its delegator.
            DelegationRefused: It is not active, nothing would become stricter, or something would become looser; with
                pointers into the wish.
            IdempotencyInProgress: The first call with the key runs on.
            SigningFailed, StoreUnavailable, IssuingHalted, Sealed, ClockBehind: Nothing was changed.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            known = self._issuing.replay(scope) if scope is not None else None
            if known is not None:
                return self.made(known)
            try:
                order = self.narrowing_order(caller, reference, wish, reason)
                with in_words_of_the_wish():
                    # Alone, because it takes a lock that shared rounds of the line must not wait for behind their own.
                    return self.made(self._issuing.issue(order, scope))
            except IdempotencyInProgress:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(WAIT_STEP_SECONDS)
            except DomainError:
                # The first call with the key may have ended meanwhile: then what it did is what stands in the way.
                if scope is None or self._issuing.replay(scope) is None:
                    raise

    def narrowing_order(self, caller: Caller, reference: str, wish: NarrowingWish, reason: str) -> IssuanceOrder:
        """Check a narrowing whole and authorize it; nothing is kept. Raises as `narrow`, before its last line."""
        view = self._registry.current()
        old = self.get(caller, reference, view).delegation
        require_active(old, self._clock.now())
        with self._units(write=False) as uow:
            record = uow.credentials.get(old.credential_id)
            parent = uow.delegations.get(old.parent_id) if old.parent_id is not None else None
        if record is None:
            raise DelegationNotFound(_MISSING)
        with in_words_of_the_wish():
            claims = _narrowed(old, parent, wish)
            end = wish.expiration or old.expires_at
            terms = terms_of_claims(claims, expires=end, pointer="/claims")
            stricter = DelegationWish(old.delegator_did, old.delegate_did, old.scope, end)
            request = _request(stricter, claims, record.proof_type)
            guard = DelegationGuard(self._registry, terms, old.lineage, Replacement(old, reason, self._revocation))
            return self._issuing.check(request, caller, view, guard)


@contextmanager
def in_words_of_the_wish() -> Iterator[None]:
    """Let refusals point into the wish, not into the claims that were made of it."""
    try:
        yield
    except (DomainError, VcError) as error:
        told = spelled(error)
        if told is error:
            raise
        raise told from error


def suite_for(delegator: DIDRecord | None) -> str:
    """The suite that a delegator's delegations are signed under where nobody chose one."""
    methods = delegator.signing_method if delegator is not None else None
    return next((suite for suite in SUITES if methods is not None and methods(suite) is not None), SUITES[0])


def dids_of(uow: UnitOfWork, caller: Caller) -> frozenset[str]:
    """The DIDs that a caller acts for, kept here or only proved to be theirs."""
    held = frozenset(caller.person.dids) if caller.person is not None else frozenset[str]()
    return caller.issuer_dids | held | owned_dids(uow, caller.person)


def _concerning(caller: Caller, chain: tuple[Delegation, ...], view: RegistryView) -> tuple[Delegation, ...]:
    if not chain or not (caller.is_admin or is_party(caller, chain, view)):
        raise DelegationNotFound(_MISSING)
    return chain


def _address(reference: str) -> str:
    """What names no delegation, in the form in which credentials are named: it is missing, and not misspelled."""
    return reference if ":" in reference else f"urn:{_UNKNOWN}:{quote(reference, safe='')}"


def _request(wish: DelegationWish, claims: Mapping[str, JSONValue], proof_type: str) -> IssuanceRequest:
    limits = claims.get("constraints")
    return IssuanceRequest(
        schema_id=delegation_schema_for(limits if isinstance(limits, dict) else {}),
        issuer_did=wish.delegator_did,
        holder_did=wish.delegate_did,
        claims=claims,
        expiration=wish.expiration,
        proof_type=proof_type,
        revocable=True,
        suspendable=True,
    )


def _narrowed(old: Delegation, parent: Delegation | None, wish: NarrowingWish) -> dict[str, JSONValue]:
    """The claims of what takes the place of a delegation.

    Raises:
        DelegationInvalid: It would say what the old one says.
    """
    scope = wish.scope if wish.scope is not None else old.scope
    constraints = {**old.constraints, **(wish.constraints or {})}
    depth = wish.max_depth if wish.max_depth is not None else old.max_depth
    end = wish.expiration or old.expires_at
    if (set(scope), constraints, depth, end) == (set(old.scope), dict(old.constraints), old.max_depth, old.expires_at):
        detail = "Nothing would become stricter."
        raise DelegationInvalid(detail, faults=(Fault("", "DELEGATION_INVALID", detail),))
    claims: dict[str, JSONValue] = {
        "delegator": old.delegator_did,
        "delegate": old.delegate_did,
        "scope": list(scope),
        "maxDepth": depth,
    }
    if constraints:
        claims["constraints"] = constraints
    return {**claims, "parent": parent.credential_id} if parent is not None else claims


def _canonical(reference: str | None, view: RegistryView) -> str | None:
    record = view.did(reference) if reference is not None else None
    return record.did if record is not None else reference
