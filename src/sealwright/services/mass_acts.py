"""Mass acts: revoking, and issuing anew with the present key, by schema, batch, key or time of issue.

Each is previewed by the filter that it is then made with. It becomes a batch that is put together in short
transactions (`mass_gathering`) and carried out by the workers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sealwright.domain.batch_errors import BatchNotFound
from sealwright.domain.batches import Batch, BatchKind, BatchOptions, BatchStatus, Selection
from sealwright.domain.credentials import IdempotencyScope
from sealwright.domain.errors import MalformedBody, PolicyViolation, StateConflict
from sealwright.domain.ids import new_id
from sealwright.domain.people import Caller
from sealwright.services.access import Access
from sealwright.services.acts import Acts, Answer
from sealwright.services.batch_authority import BatchAuthority, starter_of
from sealwright.services.batch_events import batch_event
from sealwright.services.batch_ports import MassFilter, MassGroup
from sealwright.services.mass_gathering import TASK, Gathering
from sealwright.services.mass_values import (
    OPEN_STATES,
    REISSUE,
    REPLACED,
    SAMPLE,
    MassPreview,
    MassWish,
    ReissueWish,
    filter_of,
)
from sealwright.services.order_checks import OrderChecks
from sealwright.services.ports import Clock, StoredAnswer, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry, RegistryView
from sealwright.services.reissuing import can_be_reissued, require_able
from sealwright.vc.errors import Fault

# Transactions of putting together that the call itself waits for; the clock does the rest.
_STEPS_OF_REVOCATION: Final = 16
_STEPS_OF_REISSUE: Final = 2
_SEPARATOR: Final = " "


@dataclass(frozen=True, slots=True, order=True)
class _Form:
    """What all credentials of one re-issue have in common."""

    schema_id: str
    proof_type: str
    revocable: bool
    suspendable: bool


class MassActs:
    """The desk of mass acts. An issuer's key, its person and admins may do them; halts stop no revocation."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        access: Access,
        acts: Acts,
        checks: OrderChecks,
        authority: BatchAuthority,
        gathering: Gathering,
        clock: Clock,
    ) -> None:
        self._units = units
        self._access = access
        self._acts = acts
        self._checks = checks
        self._authority = authority
        self._clock = clock
        self.gathering = gathering

    # -- previews ----------------------------------------------------------------------------------

    def preview(self, caller: Caller, wish: MassWish, view: RegistryView) -> MassPreview:
        """Tell what a revocation would take in, and change nothing.

        Raises:
            IssuerNotFound, IssuerNotAuthorized: By the issuer.
            SchemaNotFound, BatchNotFound: The filter names what is not there.
        """
        issuer_did = self._issuer(caller, wish.issuer_did, view)
        now = self._clock.now()
        wanted = filter_of(issuer_did, wish.selection, now)
        with self._units(write=False) as uow:
            self._require_known(uow, issuer_did, wish.selection, view.through(uow))
            groups = uow.batches.groups_of(wanted, now)
            sample = _sample(uow, replace(wanted, open_at=now))
        alive = [group for group in groups if group.status in OPEN_STATES]
        return MassPreview(
            count=_sum(group for group in alive if group.revocable),
            by_status=_by_status(groups),
            not_revocable=_sum(group for group in alive if not group.revocable),
            grants=_sum(group for group in alive if group.with_grant and group.revocable),
            copies=_sum(group for group in alive if group.is_copy and group.revocable),
            sample=sample,
        )

    def may_act(self, caller: Caller, issuer_did: str, view: RegistryView) -> bool:
        """Tell whether somebody may end an issuer's credentials by the many; reviewers end grants one by one."""
        issuer = view.did(issuer_did)
        return issuer is not None and self._access.may_act_for(caller, issuer)

    def preview_reissue(self, caller: Caller, wish: ReissueWish, view: RegistryView) -> MassPreview:
        """Tell what a re-issue would take in, and change nothing; raises as `preview`."""
        issuer_did = self._issuer(caller, wish.issuer_did, view)
        now = self._clock.now()
        wanted = replace(filter_of(issuer_did, wish.selection, now), with_copies=False)
        with self._units(write=False) as uow:
            self._require_known(uow, issuer_did, wish.selection, view.through(uow))
            groups = uow.batches.groups_of(wanted, now)
            sample = _sample(uow, replace(wanted, open_at=now))
        fitting = [group for group in groups if _fits(group)]
        valid = [group for group in groups if group.status.value == "valid"]
        return MassPreview(
            count=_sum(fitting),
            by_status=_by_status(groups),
            not_reissuable=_sum(valid) - _sum(fitting),
            grants=_sum(group for group in fitting if group.with_grant),
            sample=sample,
        )

    # -- acts --------------------------------------------------------------------------------------

    def revoke(self, caller: Caller, wish: MassWish) -> Batch:
        """Revoke whatever the filter finds now: gives the batch that does it.

        Raises:
            As `preview`.
            StateConflict: Nothing is found, or the batch that the filter names is still being carried out.
        """
        halves = _RevokeHalves(self, wish)
        return halves.finish(self._acts.run(caller, halves.begin))

    def answer_revoke(
        self, caller: Caller, wish: MassWish, render: Callable[[Batch], StoredAnswer], scope: IdempotencyScope | None
    ) -> Answer:
        """The same with a rendered answer; with a scope exactly once. Raises as `revoke`, and for reused keys."""
        return self._acts.answer_in_two(caller, _RevokeHalves(self, wish), render, scope=scope, for_good=True)

    def reissue(self, caller: Caller, wish: ReissueWish) -> tuple[Batch, ...]:
        """Issue valid credentials anew with the issuer's present key: one batch for each schema and form.

        Raises:
            As `preview`.
            IssuerDeactivated, IssuerKeyMissing, SchemaInactive, SchemaNotAuthorized, OutOfScope: As for any batch.
            StateConflict: Nothing is found, or the batch that the filter names is still being carried out.
            PolicyViolation: Credentials of grants are replaced, and their predecessors are to stay.
            IssuingHalted, Sealed: The office does not issue now.
        """
        halves = _ReissueHalves(self, wish)
        return halves.finish(self._acts.run(caller, halves.begin))

    def answer_reissue(
        self,
        caller: Caller,
        wish: ReissueWish,
        render: Callable[[tuple[Batch, ...]], StoredAnswer],
        scope: IdempotencyScope | None,
    ) -> Answer:
        """The same with a rendered answer; with a scope exactly once. Raises as `reissue`, and for reused keys."""
        return self._acts.answer_in_two(caller, _ReissueHalves(self, wish), render, scope=scope, for_good=True)

    # -- the halves --------------------------------------------------------------------------------

    def begin_revoking(self, uow: UnitOfWork, caller: Caller, wish: MassWish) -> Batch:
        """Make the draft that will take in what is revoked."""
        view = Registry.within(uow, caller.epoch)
        issuer_did = self._issuer(caller, wish.issuer_did, view)
        self._require_known(uow, issuer_did, wish.selection, view)
        _require_over(uow, wish.selection)
        now = self._clock.now()
        if not uow.batches.matching(replace(filter_of(issuer_did, wish.selection, now), open_at=now), None, 1):
            raise StateConflict("No credential that can be revoked is found.")
        options = BatchOptions(reason=wish.cause.reason, reason_code=wish.cause.code, selection=wish.selection)
        draft = self._draft(caller, BatchKind.REVOKE, issuer_did, wish.name)
        return self._add(uow, caller, replace(draft, schema_id=wish.selection.schema_id, options=options))

    def begin_reissuing(self, uow: UnitOfWork, caller: Caller, wish: ReissueWish) -> tuple[Batch, ...]:
        """Make a draft for each form of credentials found, and one for the end of those that each replaces."""
        view = Registry.within(uow, caller.epoch)
        issuer_did = self._issuer(caller, wish.issuer_did, view)
        self._require_known(uow, issuer_did, wish.selection, view)
        _require_over(uow, wish.selection)
        self._checks.check_end(wish.expiration)
        now = self._clock.now()
        wanted = replace(filter_of(issuer_did, wish.selection, now), with_copies=False)
        fitting = [group for group in uow.batches.groups_of(wanted, now) if _fits(group)]
        if not fitting:
            raise StateConflict("No valid credential that can be issued anew is found.")
        if not wish.revoke_old and any(group.with_grant for group in fitting):
            raise PolicyViolation("A grant has one credential, so the one that is replaced has to end.")
        forms = sorted({_form_of(group) for group in fitting})
        return tuple(self._begin_form(uow, caller, replace(wish, issuer_did=issuer_did), form) for form in forms)

    def _begin_form(self, uow: UnitOfWork, caller: Caller, wish: ReissueWish, form: _Form) -> Batch:
        view = Registry.within(uow, caller.epoch)
        standing = self._authority.require(caller, _Aim(wish.issuer_did, form.schema_id), view)
        assert standing.schema is not None
        require_able(standing.issuer, standing.schema, form.proof_type)
        self._checks.require_open(standing.issuer.did, {form.schema_id}, view)
        selection = replace(
            wish.selection,
            schema_id=form.schema_id,
            proof_type=form.proof_type,
            revocable=form.revocable,
            suspendable=form.suspendable,
        )
        batch_id = new_id("bat")
        ending: str | None = None
        if wish.revoke_old and form.revocable:
            ending = self._add_ending(uow, caller, wish, batch_id, selection)
        draft = self._draft(caller, BatchKind.ISSUE, wish.issuer_did, wish.name)
        batch = replace(
            draft,
            batch_id=batch_id,
            schema_id=standing.schema.schema_id,
            credential_type=standing.kind.value if standing.kind is not None else None,
            options=BatchOptions(
                proof_type=form.proof_type,
                revocable=form.revocable,
                suspendable=form.suspendable,
                expiration=wish.expiration,
                # One holder may have several credentials of a schema, each of which gets its own successor.
                allow_duplicates=True,
                origin=REISSUE,
                selection=replace(selection, ending_batch=ending),
            ),
        )
        return self._add(uow, caller, batch)

    def _add_ending(self, uow: UnitOfWork, caller: Caller, wish: ReissueWish, origin: str, selection: Selection) -> str:
        draft = self._draft(caller, BatchKind.REVOKE, wish.issuer_did, wish.name)
        options = BatchOptions(
            reason=wish.cause.reason,
            reason_code=wish.cause.code,
            origin=f"{REPLACED}{origin}",
            selection=selection,
        )
        return self._add(uow, caller, replace(draft, schema_id=selection.schema_id, options=options)).batch_id

    def _draft(self, caller: Caller, kind: BatchKind, issuer_did: str, name: str | None) -> Batch:
        return Batch(
            batch_id=new_id("bat"),
            kind=kind,
            status=BatchStatus.DRAFT,
            issuer_did=issuer_did,
            schema_id=None,
            credential_type=None,
            name=name,
            options=BatchOptions(),
            starter=starter_of(caller),
            total=0,
            created_at=self._clock.now(),
        )

    @staticmethod
    def _add(uow: UnitOfWork, caller: Caller, batch: Batch) -> Batch:
        uow.batches.add(batch)
        entry = batch_event("batch.created", batch, caller.actor, batch.created_at, request_id=caller.request_id)
        uow.audit.append(entry)
        uow.jobs.wake(TASK)
        return batch

    # -- what is named -----------------------------------------------------------------------------

    def _issuer(self, caller: Caller, reference: str, view: RegistryView) -> str:
        issuer = self._access.issuer(reference, view)
        self._access.require_issuer(caller, issuer)
        return issuer.did

    def _require_known(self, uow: UnitOfWork, issuer_did: str, selection: Selection, view: RegistryView) -> None:
        """Refuse a filter that names what is not there: a slip of the pen would find nothing and look like success."""
        if selection.schema_id is not None:
            self._access.schema(selection.schema_id, view)
        if selection.batch_id is not None:
            batch = uow.batches.get(selection.batch_id)
            if batch is None or batch.issuer_did != issuer_did:
                raise BatchNotFound("No such batch.")
        if selection.verification_method is not None:
            issuer = self._access.issuer(issuer_did, view)
            if all(method.id != selection.verification_method for method in issuer.methods):
                detail = "is no verification method that the issuer ever had"
                faults = [Fault("/filter/verificationMethod", "INVALID_VALUE", detail)]
                raise MalformedBody("The issuer never had such a verification method.", faults=faults)


@dataclass(frozen=True, slots=True)
class _Aim:
    issuer_did: str
    schema_id: str | None


class _RevokeHalves:
    """Making the draft, and putting it together."""

    def __init__(self, desk: MassActs, wish: MassWish) -> None:
        self._desk = desk
        self._wish = wish

    def begin(self, uow: UnitOfWork, caller: Caller) -> Batch:
        """Make the draft."""
        return self._desk.begin_revoking(uow, caller, self._wish)

    def reference(self, begun: Batch) -> str | None:
        """The draft's id."""
        return begun.batch_id

    def finish(self, begun: Batch) -> Batch:
        """Take in what it is about."""
        return self._desk.gathering.fill(begun.batch_id, steps=_STEPS_OF_REVOCATION)

    def resume(self, caller: Caller, reference: str) -> Batch:  # noqa: ARG002 - the port's
        """Go on where the first call stopped."""
        return self._desk.gathering.fill(reference, steps=_STEPS_OF_REVOCATION)


class _ReissueHalves:
    """The same for re-issues."""

    def __init__(self, desk: MassActs, wish: ReissueWish) -> None:
        self._desk = desk
        self._wish = wish

    def begin(self, uow: UnitOfWork, caller: Caller) -> tuple[Batch, ...]:
        """Make the drafts."""
        return self._desk.begin_reissuing(uow, caller, self._wish)

    def reference(self, begun: Sequence[Batch]) -> str | None:
        """The drafts' ids."""
        return _SEPARATOR.join(batch.batch_id for batch in begun)

    def finish(self, begun: Sequence[Batch]) -> tuple[Batch, ...]:
        """Take in what they are about."""
        return tuple(self._desk.gathering.fill(batch.batch_id, steps=_STEPS_OF_REISSUE) for batch in begun)

    def resume(self, caller: Caller, reference: str) -> tuple[Batch, ...]:  # noqa: ARG002 - the port's
        """Go on where the first call stopped."""
        fill = self._desk.gathering.fill
        return tuple(fill(batch_id, steps=_STEPS_OF_REISSUE) for batch_id in reference.split(_SEPARATOR))


def _require_over(uow: UnitOfWork, selection: Selection) -> None:
    """Refuse to take in a batch that still grows: what it stores later would stay as it is.

    Raises:
        StateConflict: It is so.
    """
    batch = uow.batches.get(selection.batch_id) if selection.batch_id is not None else None
    if batch is not None and batch.started_at is not None and batch.finished_at is None:
        raise StateConflict("The batch is still being carried out; cancel it, or wait for its end.")


def _fits(group: MassGroup) -> bool:
    return can_be_reissued(group.schema_id, group.proof_type, group.status)


def _form_of(group: MassGroup) -> _Form:
    assert group.schema_id is not None
    return _Form(group.schema_id, group.proof_type, group.revocable, group.suspendable)


def _sum(groups: Iterable[MassGroup]) -> int:
    return sum(group.count for group in groups)


def _by_status(groups: Iterable[MassGroup]) -> dict[str, int]:
    counted = Counter(dict.fromkeys(("valid", "suspended", "expired"), 0))
    for group in groups:
        counted[group.status.value] += group.count
    return dict(counted)


def _sample(uow: UnitOfWork, wanted: MassFilter) -> tuple[str, ...]:
    uids = uow.batches.matching(wanted, None, SAMPLE)
    found = uow.credentials.get_many(uids)
    return tuple(found[uid].credential_id for uid in uids if uid in found)
