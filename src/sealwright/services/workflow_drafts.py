"""Drafts: workflows that their proposers have not handed in yet, kept whole as the editor's form."""

from __future__ import annotations

import re
from typing import Final

from sealwright.domain.errors import MalformedBody, NotFound, RoleRequired, StateConflict
from sealwright.domain.ids import new_id
from sealwright.domain.people import AccountRole, Caller, Person
from sealwright.domain.shown_text import without_disturbance
from sealwright.domain.workflow_plans import TITLE_MAX
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.workflow_ports import Draft
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.errors import Fault, VcError

DRAFTS_AT_MOST: Final = 50
BODY_MAX_BYTES: Final = 256 * 1024
_ID: Final = re.compile("drf_[a-z2-7]{26}")


class WorkflowDrafts:
    """Each proposer keeps their own; nobody else sees them. They are no record of anything, so they leave no trail."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def drafts(self, caller: Caller) -> tuple[Draft, ...]:
        """The caller's drafts, the latest change first. Raises RoleRequired."""
        person = require_proposer(caller)
        with self._units(write=False) as uow:
            return uow.drafts.of_person(person.user_id)

    def draft(self, caller: Caller, draft_id: str) -> Draft:
        """One of the caller's drafts. Raises RoleRequired, NotFound."""
        person = require_proposer(caller)
        with self._units(write=False) as uow:
            return _known(uow.drafts.get(person.user_id, draft_id))

    def save_draft(
        self, uow: UnitOfWork, caller: Caller, *, title: str, body: str, draft_id: str | None = None
    ) -> Draft:
        """Keep a draft, or replace one of the caller's as a whole.

        Args:
            draft_id: Of a draft that is there, or made for this one by `new_id`: an editor that saves itself and hears
                no answer saves the same draft again.
            title: What a list shows; it may be empty, for a draft is no workflow yet.
            body: The form as JSON text.

        Raises:
            RoleRequired: Not a proposer.
            NotFound: `draft_id` is not written like one.
            StateConflict: The caller keeps as many as one may.
            MalformedBody: The body is too long or no JSON object.
        """
        person = require_proposer(caller)
        if draft_id is not None and not _ID.fullmatch(draft_id):
            raise NotFound("You keep no such draft.")
        is_kept = draft_id is not None and uow.drafts.get(person.user_id, draft_id) is not None
        if not is_kept and len(uow.drafts.of_person(person.user_id)) >= DRAFTS_AT_MOST:
            raise StateConflict(f"Nobody keeps more than {DRAFTS_AT_MOST} drafts.")
        draft = Draft(
            draft_id=draft_id or new_id("drf"),
            user_id=person.user_id,
            title=without_disturbance(title)[:TITLE_MAX].strip(),
            body=_form(body),
            updated_at=self._clock.now(),
        )
        uow.drafts.put(draft)
        return draft

    @staticmethod
    def delete_draft(uow: UnitOfWork, caller: Caller, draft_id: str) -> None:
        """Forget a draft. Raises RoleRequired, NotFound."""
        if not uow.drafts.delete(require_proposer(caller).user_id, draft_id):
            raise NotFound("You keep no such draft.")


def require_proposer(caller: Caller) -> Person:
    """Refuse everybody but people with the proposer role, and admins. Raises RoleRequired, AccountInactive."""
    person = caller.require_person()
    if person is None or not caller.has_role(AccountRole.PROPOSER):
        raise RoleRequired("This act needs a person with the proposer role.")
    return person


def _known(draft: Draft | None) -> Draft:
    if draft is None:
        raise NotFound("You keep no such draft.")
    return draft


def _form(body: str) -> str:
    """Take a form as it is. Raises MalformedBody."""
    encoded = body.encode("utf-8", errors="surrogatepass")
    if len(encoded) > BODY_MAX_BYTES:
        detail = f"A draft has at most {BODY_MAX_BYTES} bytes."
        raise MalformedBody(detail, faults=[Fault("/body", "INVALID_VALUE", detail)])
    try:
        parsed = parse_json(encoded)
    except VcError as refused:
        detail = "A draft is a JSON object."
        raise MalformedBody(detail, faults=[Fault("/body", "INVALID_JSON", detail)]) from refused
    if not isinstance(parsed, dict):
        detail = "A draft is a JSON object."
        raise MalformedBody(detail, faults=[Fault("/body", "INVALID_TYPE", detail)])
    return body
