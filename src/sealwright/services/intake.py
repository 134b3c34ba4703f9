"""The requester's desk: asking for a credential type, answering questions, taking a request back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.catalog import CredentialType, Visibility
from sealwright.domain.deciding import free_text, remark, require_pending, withdraw
from sealwright.domain.errors import (
    AttachmentNotFound,
    EmailNotVerified,
    MalformedBody,
    MissingMember,
    RequestNotFound,
    RequestPendingExists,
    RoleRequired,
    SchemaNotFound,
    TypeNotRequestable,
    UnknownCredentialType,
)
from sealwright.domain.ids import new_id
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import AccountRole, Caller, Person
from sealwright.domain.requests import CredentialRequest, Evidence, HistoryEntry, RequestState
from sealwright.services.fixed_claims import with_fixed_claims
from sealwright.services.grant_making import grant_in_force
from sealwright.services.notices import NoticeDesk
from sealwright.services.offer_effects import request_withdrawn
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.request_views import RequestViews, for_requester, own_view
from sealwright.services.review_values import NewRequest, RequestDetail, RequestView
from sealwright.services.schema_shelf import SchemaShelf
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import Fault

EVIDENCE_AT_MOST: Final = 20


class Intake:
    """Requests as their requesters make and keep them."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        schemas: SchemaShelf,
        notices: NoticeDesk,
        views: RequestViews,
        clock: Clock,
    ) -> None:
        self._units = units
        self._schemas = schemas
        self._notices = notices
        self._views = views
        self._clock = clock

    def request(self, uow: UnitOfWork, caller: Caller, wish: NewRequest) -> RequestView:
        """Ask for a credential type.

        Raises:
            RoleRequired: Not an approved improver.
            MalformedBody: A text, or an answer to a question that the type does not ask.
            UnknownCredentialType: Unknown or retired.
            EmailNotVerified, TypeNotRequestable: By person, by type.
            AttachmentNotFound: Evidence that is not the caller's own.
            RequestPendingExists, GrantInForce: One waits, or the person holds the type.
            ClaimsDoNotMatchSchema and its kin: The claims are not what the type's schema asks for.
        """
        person = improver(caller)
        note = free_text(wish.note, "/note")
        kind = self._requestable(uow, person, wish)
        answers = _answers(kind, wish.answers)
        now = self._clock.now()
        if uow.requests.pending_of(person.user_id, kind.value) is not None:
            raise RequestPendingExists("A request of yours for this credential type waits for its decision.")
        held = uow.grants.in_force(person.user_id, kind.value, now)
        if held is not None:
            raise grant_in_force(held)
        earlier = uow.requests.of_person(person.user_id)
        request = CredentialRequest(
            request_id=new_id("req"),
            user_id=person.user_id,
            credential_type=kind.value,
            state=RequestState.PENDING,
            requested_at=now,
            created_at=now,
            updated_at=now,
            evidence=_evidence(uow, person, wish.evidence, ()),
            claims=self._claims(uow, kind, wish.claims),
            answers=answers,
            requester_note=note,
            earlier_rejections=sum(
                other.credential_type == kind.value and other.state is RequestState.REJECTED for other in earlier
            ),
        )
        entry = HistoryEntry(request.request_id, now, "requested", person.user_id, None, RequestState.PENDING)
        uow.requests.add(request, entry)
        self._record(uow, caller, "request.created", None, request)
        data = {**_data(request), "name": person.display_name, "message": note or ""}
        self._notices.tell_reviewers(uow, NoticeKind.REQUEST_RECEIVED, kind.value, data, but=person.user_id)
        return self._views.view(uow, caller, request)

    def withdraw(self, uow: UnitOfWork, caller: Caller, request_id: str) -> RequestView:
        """Take one's own request back for good; a withdrawn one stays as it is.

        Raises:
            RequestNotFound: Missing, or somebody else's.
            StateConflict: It was decided.
        """
        request = _own(uow.requests.get_for_update(request_id), caller)
        move = withdraw(request, now=self._clock.now())
        if move is None:
            return self._shown(uow, caller, request)
        after, entry = move
        uow.requests.update(after, entry)
        request_withdrawn(uow, caller, request_id, self._clock.now())
        self._record(uow, caller, "request.withdrawn", request, after)
        return self._shown(uow, caller, after)

    def reply(
        self, uow: UnitOfWork, caller: Caller, request_id: str, message: str, evidence: Sequence[str] = ()
    ) -> RequestView:
        """Answer a reviewer's question; no move, so the version stays.

        Raises:
            RequestNotFound: Missing, or somebody else's.
            StateConflict: It does not wait any more.
            MissingMember, MalformedBody: The message is absent or cannot be kept.
            AttachmentNotFound: Evidence that is not the caller's own.
        """
        request = _own(uow.requests.get_for_update(request_id), caller)
        text = require_text(message, "/message")
        require_pending(request, "Only a request that waits takes an answer.")
        now = self._clock.now()
        person = caller.person
        assert person is not None
        after = replace(
            request,
            needs_info=False,
            updated_at=now,
            evidence=_evidence(uow, person, evidence, request.evidence),
        )
        uow.requests.annotate(after, remark(request, "replied", caller.user_id, now, message=text))
        self._record(uow, caller, "request.replied", request, after)
        data = {**_data(request), "name": person.display_name, "message": text}
        if request.assignee_user_id is not None:
            self._notices.tell(uow, NoticeKind.REQUEST_REPLIED, [request.assignee_user_id], data)
        else:
            kind = NoticeKind.REQUEST_REPLIED
            self._notices.tell_reviewers(uow, kind, request.credential_type, data, but=person.user_id)
        return self._shown(uow, caller, after)

    def own(self, caller: Caller) -> tuple[RequestView, ...]:
        """The caller's own requests, pending first, then newest first. Raises RoleRequired for callers without one."""
        person = _person(caller)
        with self._units(write=False) as uow:
            views = self._views.views(uow, caller, uow.requests.of_person(person.user_id))
        return tuple(own_view(view) for view in views)

    def own_one(self, caller: Caller, request_id: str) -> RequestDetail:
        """One of the caller's own requests, without what reviewers wrote for themselves.

        Raises:
            RequestNotFound: Missing, or somebody else's.
        """
        with self._units(write=False) as uow:
            request = _own(uow.requests.get(request_id), caller)
            return for_requester(self._views.detail(uow, caller, request))

    # -- parts -------------------------------------------------------------------------------------

    @staticmethod
    def _requestable(uow: UnitOfWork, person: Person, wish: NewRequest) -> CredentialType:
        kind = uow.types.get(wish.credential_type)
        if kind is None or not kind.active:
            raise UnknownCredentialType("This credential type is unknown or retired.")
        if not person.verified:
            raise EmailNotVerified("Verify your e-mail address first.")
        if kind.visibility is Visibility.PRIVATE:
            raise TypeNotRequestable("This credential type cannot be asked for.")
        if kind.visibility is Visibility.UNLISTED and not wish.allow_unlisted:
            raise TypeNotRequestable("This credential type is not listed; say that you mean it.")
        return kind

    def _claims(
        self, uow: UnitOfWork, kind: CredentialType, claims: Mapping[str, JSONValue] | None
    ) -> Mapping[str, JSONValue] | None:
        if claims is None:
            return None
        schema = uow.schemas.get(kind.schema_id)
        if schema is None:
            raise SchemaNotFound(f"No credential schema {kind.schema_id} is registered.")
        content = parse_json(schema.content)
        complete = with_fixed_claims(content if isinstance(content, dict) else {}, claims)
        return self._schemas.check_claims(schema, complete)

    def _shown(self, uow: UnitOfWork, caller: Caller, request: CredentialRequest) -> RequestView:
        return own_view(self._views.view(uow, caller, request))

    def _record(
        self, uow: UnitOfWork, caller: Caller, event: str, before: CredentialRequest | None, after: CredentialRequest
    ) -> None:
        uow.audit.append(request_event(event, caller, before, after, self._clock.now()))


def request_event(
    event: str,
    caller: Caller,
    before: CredentialRequest | None,
    after: CredentialRequest,
    at: datetime,
    **more: object,
) -> AuditEntry:
    """Word the audit row of what befell a request: ids and states only."""
    return AuditEntry(
        actor=caller.actor,
        request_id=caller.request_id,
        action=event,
        object_type="request",
        object_id=after.request_id,
        at=at,
        before={"status": before.state.value, "version": before.version} if before is not None else None,
        after={"status": after.state.value, "version": after.version},
        data={"userId": after.user_id, "credentialType": after.credential_type, **more},
    )


def require_text(text: str, pointer: str) -> str:
    """Take a message that must be there; raises MissingMember, MalformedBody."""
    taken = free_text(text, pointer)
    if taken is None:
        detail = "This needs some words."
        raise MissingMember(detail, faults=[Fault(pointer, "MISSING_FIELD", detail)])
    return taken


def _person(caller: Caller) -> Person:
    person = caller.require_person()
    if person is None:
        raise RoleRequired("This act is for a person with an account.")
    return person


def improver(caller: Caller) -> Person:
    """The caller as an approved improver; admins pass. Raises RoleRequired, AccountInactive."""
    person = _person(caller)
    if not caller.has_role(AccountRole.IMPROVER):
        raise RoleRequired("This act needs the improver role.")
    return person


def _own(request: CredentialRequest | None, caller: Caller) -> CredentialRequest:
    person = _person(caller)
    if request is None or request.user_id != person.user_id:
        raise RequestNotFound("No such request.")
    return request


def _data(request: CredentialRequest) -> dict[str, str]:
    return {"request_id": request.request_id, "credential_type": request.credential_type}


def _answers(kind: CredentialType, answers: Mapping[str, str]) -> dict[str, str]:
    kept = {}
    for question, answer in answers.items():
        if question not in kind.questions:
            detail = "The credential type does not ask this."
            raise MalformedBody(detail, faults=[Fault("/answers", "UNKNOWN_FIELD", detail)])
        text = free_text(answer, "/answers")
        if text is not None:
            kept[question] = text
    return kept


def _evidence(
    uow: UnitOfWork, person: Person, wanted: Sequence[str], present: tuple[Evidence, ...]
) -> tuple[Evidence, ...]:
    """Add uploaded files to those of a request, each once; somebody else's look like missing ones."""
    known = {one.attachment_id for one in present}
    new = [one for one in dict.fromkeys(wanted) if one not in known]
    if len(known) + len(new) > EVIDENCE_AT_MOST:
        detail = f"A request takes at most {EVIDENCE_AT_MOST} files."
        raise MalformedBody(detail, faults=[Fault("/evidence", "INVALID_VALUE", detail)])
    if new:
        # An upload of theirs at this moment must not drop what is going to be used.
        uow.attachments.hold(person.user_id)
    found = {one.attachment_id: one for one in uow.attachments.describe(new)} if new else {}
    for attachment_id in new:
        if attachment_id not in found or found[attachment_id].user_id != person.user_id:
            raise AttachmentNotFound("There is no such uploaded file of yours.")
    return (*present, *(Evidence(one, found[one].name) for one in new))
