"""Saved views: named sets of filters of a reviewer's own queue."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sealwright.domain.errors import MalformedBody, NotFound, NotSignedIn, StateConflict
from sealwright.domain.ids import new_id
from sealwright.domain.people import Caller
from sealwright.domain.shown_text import require_length, require_plain_label
from sealwright.services.desk_ports import SavedView
from sealwright.services.holders import require_reviewer
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.vc.errors import Fault

NAME_MAX: Final = 80
QUERY_MAX: Final = 1_000
VIEWS_AT_MOST: Final = 50


class SavedViewDesk:
    """Each reviewer keeps their own; nobody else sees them. They are no record of anything, so they leave no trail."""

    def __init__(self, units: UnitOfWorkFactory) -> None:
        self._units = units

    def own(self, caller: Caller) -> tuple[SavedView, ...]:
        """The caller's views. Raises RoleRequired, NotSignedIn."""
        user_id = _own_id(caller)
        with self._units(write=False) as uow:
            return uow.saved_views.of_person(user_id)

    def save(
        self,
        uow: UnitOfWork,
        caller: Caller,
        *,
        name: str,
        query: str,
        pinned: bool = False,
        is_default: bool = False,
        view_id: str | None = None,
    ) -> SavedView:
        """Keep a view, or replace one of the caller's; of several that are to be the default, the last one is.

        Args:
            query: The part of a list's URL behind the question mark.

        Raises:
            RoleRequired, NotSignedIn: Not a reviewer, or no person.
            NotFound: `view_id` is none of the caller's.
            StateConflict: The caller keeps as many as one may.
            MalformedBody: An empty or overlong name, or characters that do not belong into a query.
        """
        user_id = _own_id(caller)
        known = uow.saved_views.of_person(user_id)
        if view_id is not None and all(view.view_id != view_id for view in known):
            raise NotFound("You keep no such view.")
        if view_id is None and len(known) >= VIEWS_AT_MOST:
            raise StateConflict(f"Nobody keeps more than {VIEWS_AT_MOST} views.")
        if len(query) > QUERY_MAX or not (query.isascii() and query.isprintable()) or "#" in query:
            detail = f"The query must be at most {QUERY_MAX} printable ASCII characters."
            raise MalformedBody(detail, faults=[Fault("/query", "INVALID_VALUE", detail)])
        view = SavedView(
            view_id=view_id or new_id("vew"),
            user_id=user_id,
            name=require_plain_label(require_length(name, "/name", NAME_MAX), "/name"),
            query=query.removeprefix("?"),
            pinned=pinned,
            is_default=is_default,
        )
        for other in known:
            if is_default and other.is_default and other.view_id != view.view_id:
                uow.saved_views.put(replace(other, is_default=False))
        uow.saved_views.put(view)
        return view

    @staticmethod
    def delete(uow: UnitOfWork, caller: Caller, view_id: str) -> None:
        """Forget a view. Raises NotFound where the caller keeps none like it, and as `own`."""
        if not uow.saved_views.delete(_own_id(caller), view_id):
            raise NotFound("You keep no such view.")


def _own_id(caller: Caller) -> str:
    require_reviewer(caller)
    if caller.person is None:
        raise NotSignedIn("Only people keep views.")
    return caller.person.user_id
