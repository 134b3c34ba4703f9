"""An account as admins open it: the person, how they stand, and the tokens that speak for them."""

from __future__ import annotations

from dataclasses import dataclass

from sealwright.domain.access import PersonalToken
from sealwright.domain.errors import UserNotFound
from sealwright.domain.people import Caller, Person
from sealwright.services.enrollment import EnrollmentDesk, Standing
from sealwright.services.looks import Looks


@dataclass(frozen=True, slots=True)
class AccountSheet:
    """A person's account with everything around it."""

    person: Person
    standing: Standing
    tokens: tuple[PersonalToken, ...]


class AccountSheets:
    """Reads for admins."""

    def __init__(self, enrollment: EnrollmentDesk, looks: Looks) -> None:
        self._enrollment = enrollment
        self._looks = looks

    def get(self, caller: Caller, user_id: str) -> AccountSheet:
        """Somebody's account; that it was opened is put on record.

        Raises:
            RoleRequired: Not an admin.
            UserNotFound: Nobody.
        """
        caller.require_admin()
        with self._looks.opening(caller, "user", user_id) as uow:
            person = uow.people.get(user_id)
            if person is None:
                raise UserNotFound("No such person.")
            return AccountSheet(person, self._enrollment.standing_of(uow, person), uow.people.tokens_of(user_id))
