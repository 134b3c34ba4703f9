"""One's own inbox: marking notices as read, and choosing what comes by mail."""

from __future__ import annotations

from typing import Final

from sealwright.domain.notices import NoticeKind, NoticeMode
from sealwright.domain.people import Caller
from sealwright.services.ports import UnitOfWork
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.shapes.notices import MARK_READ, MARKED, MARKED_EXAMPLE, MODES, MODES_EXAMPLE, SET_MODES
from sealwright.web.call import Call, ok
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Route


def mark_read(call: Call) -> Reply:
    """POST /me/notifications/read."""

    def act(uow: UnitOfWork, caller: Caller) -> tuple[int, int]:
        marked = call.office.notices.mark_read(uow, caller, call.body.get("ids"))
        return marked, uow.notices.unread(caller.user_id)

    return call.perform(act, lambda done: json_reply({"marked": done[0], "unread": done[1]}))


def modes(call: Call) -> Reply:
    """GET /me/notifications/modes."""
    return ok({kind.value: mode.value for kind, mode in call.office.notices.modes(call.caller).items()})


def set_modes(call: Call) -> Reply:
    """PUT /me/notifications/modes."""

    def act(uow: UnitOfWork, caller: Caller) -> None:
        for kind, mode in call.body.items():
            call.office.notices.set_mode(uow, caller, NoticeKind(kind), NoticeMode(mode))

    call.office.acts.run(call.caller, act)
    return modes(call)


_FOR_PEOPLE: Final = Family("Inbox", Audience.PERSON, "U")
_MODES: Final = Answered(200, "The mode of each kind of notice.", MODES, MODES_EXAMPLE)

ROUTES: Final[tuple[Route, ...]] = (
    _FOR_PEOPLE.posts(
        "/me/notifications/read",
        "Mark notices as read",
        mark_read,
        (Answered(200, "How many were marked, and how many are left unread.", MARKED, MARKED_EXAMPLE),),
        body=MARK_READ,
    ),
    _FOR_PEOPLE.gets("/me/notifications/modes", "Read how one is told by mail", modes, _MODES),
    _FOR_PEOPLE.puts("/me/notifications/modes", "Choose how one is told by mail", set_modes, _MODES, body=SET_MODES),
)
