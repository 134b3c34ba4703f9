"""The access check: may this person do this now? Asked by other systems, answered by the rules that claims obey."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwright.domain.catalog import CredentialType
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import (
    AccountInactive,
    ConflictingFields,
    DomainError,
    MalformedBody,
    MissingMember,
    OutOfScope,
    RoleRequired,
    UnknownCredentialType,
    UserNotFound,
)
from sealwright.domain.gating import Gate, ask_gate, is_absent
from sealwright.domain.grants import GrantStatus
from sealwright.domain.losses import is_kept
from sealwright.domain.people import Caller, Person
from sealwright.domain.work_errors import (
    Absent,
    MissingCredentials,
    StepAlreadyClaimed,
    StepNotAvailable,
    WorkflowNotFound,
)
from sealwright.domain.workflows import StepStatus, Workflow, WorkflowStep
from sealwright.domain.working import claim_role
from sealwright.services.grant_losses import DEFAULT_POLICY
from sealwright.services.grant_making import is_overdue, last_grant
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry, RegistryView
from sealwright.services.step_gate import step_in
from sealwright.services.workflow_values import AccessAnswer, AccessQuestion
from sealwright.vc.errors import Fault

TYPES_AT_MOST: Final = 100

_TypeOf = Callable[[str], CredentialType | None]


@dataclass(frozen=True, slots=True)
class _Case:
    """A person and a step, with their grants as of a moment."""

    workflow: Workflow
    step: WorkflowStep
    person: Person
    gate: Gate
    now: datetime


class AccessDesk:
    """Answers for admins about everybody; for reviewers and keys about their own types; for people about themselves.

    People and types come from the registry's view, so an answer costs one reading of grants, and for a step one of its
    workflow. Nothing is written, and no copy of grants is kept.
    """

    def __init__(
        self, *, units: UnitOfWorkFactory, registry: Registry, clock: Clock, code_of: Callable[[Exception], str]
    ) -> None:
        """`code_of` gives the stable code of a refusal."""
        self._units = units
        self._registry = registry
        self._clock = clock
        self._code_of = code_of

    def ask(self, caller: Caller, question: AccessQuestion) -> AccessAnswer:
        """Tell whether somebody may do something now, and what stands in the way.

        Whoever has a step that a lost grant has left with them is allowed, with that type under `missing`.

        Raises:
            MissingMember, ConflictingFields, MalformedBody: Not one person, or not one thing that is asked about.
            OutOfScope: The caller may not ask this about this person, whether there is one or not.
            UserNotFound: No such person, a DID that nobody controls, or an agent's.
            UnknownCredentialType: A type that never was.
            WorkflowNotFound: No such step, or one that is not open to anybody yet.
        """
        _require_form(question)
        view = self._registry.view(caller.epoch)
        person = _person(view, question)
        if question.step_id is not None:
            return self._about_step(caller, question, person, view.credential_type)
        types = question.credential_types
        _require_scope(caller, person, types, view.credential_type)
        if any(view.credential_type(kind) is None for kind in types):
            raise UnknownCredentialType("A credential type is unknown.")
        someone = _found(person)
        now = self._clock.now()
        with self._units(write=False) as uow:
            gate = ask_gate(types, uow.grants.active(someone.user_id, now))
        refusal: DomainError | None = None
        if not someone.active:
            refusal = AccountInactive("The account is deactivated.")
        elif not gate:
            refusal = MissingCredentials("A credential is missing.")
        return self._answer(gate, now, refusal)

    def _about_step(
        self, caller: Caller, question: AccessQuestion, person: Person | None, type_of: _TypeOf
    ) -> AccessAnswer:
        now = self._clock.now()
        with self._units(write=False) as uow:
            seen = _seen(uow, question)
            needs = seen[0].role(seen[1].role_id).required_credentials if seen is not None else ()
            _require_scope(caller, person, needs, type_of)
            if seen is None:
                raise WorkflowNotFound("No such step.")
            workflow, step = seen
            someone = _found(person)
            gate = ask_gate(needs, uow.grants.active(someone.user_id, now))
            return self._answer(gate, now, _refusal(uow, _Case(workflow, step, someone, gate, now)))

    def _answer(self, gate: Gate, now: datetime, refusal: DomainError | None) -> AccessAnswer:
        return AccessAnswer(
            allowed=refusal is None,
            missing=gate.missing,
            satisfied_by=gate.grant_ids,
            decided_at=now,
            code=self._code_of(refusal) if refusal is not None else None,
        )


def _require_form(question: AccessQuestion) -> None:
    if question.user_id is not None and question.did is not None:
        raise ConflictingFields("Name the person by userId or by did, not by both.")
    if question.user_id is None and question.did is None:
        raise _missing("/userId", "Name the person by userId or did.")
    if question.credential_types and question.step_id is not None:
        raise ConflictingFields("Ask about credentialTypes or about a stepId, not about both.")
    if not question.credential_types and question.step_id is None:
        raise _missing("/credentialTypes", "Name credential types or a step.")
    if len(question.credential_types) > TYPES_AT_MOST:
        detail = f"At most {TYPES_AT_MOST} credential types are asked about at once."
        raise MalformedBody(detail, faults=[Fault("/credentialTypes", "INVALID_VALUE", detail)])


def _missing(pointer: str, detail: str) -> MissingMember:
    return MissingMember(detail, faults=[Fault(pointer, "MISSING_FIELD", detail)])


def _person(view: RegistryView, question: AccessQuestion) -> Person | None:
    """Who is meant; None for nobody, for those who were erased, and for DIDs of agents or that were given up."""
    if question.user_id is not None:
        person = view.person(question.user_id)
    else:
        record = view.did(question.did or "")
        if record is not None and (record.kind is DIDKind.AGENT or not record.is_active):
            return None
        person = view.person_by_did(record.did if record is not None else question.did or "")
    return person if person is not None and not person.erased else None


def _found(person: Person | None) -> Person:
    if person is None:
        raise UserNotFound("No such person.")
    return person


def _require_scope(caller: Caller, person: Person | None, types: Iterable[str], type_of: _TypeOf) -> None:
    """Refuse whoever may not ask this; who asks about nothing in particular may not either. Raises OutOfScope."""
    if caller.is_admin:
        return
    if person is not None and caller.person is not None and caller.person.user_id == person.user_id:
        return
    wanted = tuple(types)
    if wanted and all(_covers(caller, kind, type_of) for kind in wanted):
        return
    raise OutOfScope("You may not ask this about this person.")


def _covers(caller: Caller, credential_type: str, type_of: _TypeOf) -> bool:
    if not caller.is_key:
        return caller.covers(credential_type)
    kind = type_of(credential_type)
    return (
        kind is not None
        and kind.issuer_did in caller.issuer_dids
        and (caller.schemas is None or kind.schema_id in caller.schemas)
    )


def _seen(uow: UnitOfWork, question: AccessQuestion) -> tuple[Workflow, WorkflowStep] | None:
    """The step that is asked about, in an instance that was opened once."""
    step_id = question.step_id or ""
    workflow = uow.workflows.with_step(step_id)
    if workflow is None or question.workflow_id not in (None, workflow.workflow_id):
        return None
    try:
        return workflow, step_in(workflow, step_id)
    except WorkflowNotFound:
        return None


def _refusal(uow: UnitOfWork, case: _Case) -> DomainError | None:
    """What a claim of a step would be refused with, or work on a step that the person has; None where it goes on."""
    workflow, step, person = case.workflow, case.step, case.person
    if not person.may_work:
        return RoleRequired("The person is not, or no longer, an approved improver.")
    if any(one.step_id == step.step_id for one in workflow.held_by(person.user_id)):
        return None if _is_left(uow, case) else MissingCredentials("A credential is missing.")
    if step.is_done and step.assigned_to == person.user_id:
        return StepNotAvailable("The person has done this step.")
    return _claim_refusal(uow, case)


def _claim_refusal(uow: UnitOfWork, case: _Case) -> DomainError | None:
    workflow, step, person = case.workflow, case.step, case.person
    if not case.gate:
        return MissingCredentials("A credential is missing.")
    role = workflow.role(step.role_id)
    if is_absent(workflow, role, uow.series.absences_of(person.user_id)):
        return Absent("An absence period covers this workflow.")
    try:
        taken = claim_role(workflow, role, person.user_id, "", case.now).workflow.step(step.step_id)
    except DomainError as error:
        return error
    is_theirs = taken is not None and taken.assigned_to == person.user_id and not taken.is_done
    return None if is_theirs else StepAlreadyClaimed("This step is taken.")


def _is_left(uow: UnitOfWork, case: _Case) -> bool:
    """Tell whether somebody may do a step that they have: by their grants, by override, or because policy left it.

    A step in progress is theirs to finish in any case.
    """
    if case.gate or case.step.status is StepStatus.IN_PROGRESS:
        return True
    claim_id = case.step.claim_id or ""
    claim = uow.claims.get_many([claim_id]).get(claim_id)
    if claim is not None and claim.override:
        return True
    return all(_is_left_by(uow, case, kind) for kind in case.gate.missing)


def _is_left_by(uow: UnitOfWork, case: _Case, credential_type: str) -> bool:
    """Tell whether the loss of a type has left a step with its holder, or will once the clock records it."""
    grant = last_grant(uow, case.person.user_id, credential_type, case.now)
    if grant is None:
        return False
    if grant.status in (GrantStatus.REVOKED, GrantStatus.EXPIRED):
        return True
    if not is_overdue(grant, case.now):
        return False
    kind = uow.types.get(credential_type)
    policy = kind.revocation_policy if kind is not None else DEFAULT_POLICY
    return is_kept(policy, case.workflow, case.step, case.now)
