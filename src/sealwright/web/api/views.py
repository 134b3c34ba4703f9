"""Saved views of the queue: named sets of filters of a reviewer's own."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.people import Caller
from sealwright.services.desk_ports import SavedView
from sealwright.services.ports import UnitOfWork
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.shapes import desk_answers, desk_examples
from sealwright.web.api.shapes.review import SAVE_VIEW
from sealwright.web.call import Call
from sealwright.web.page_lists import numbered, numbered_answer, page_reply, sliced
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Route


def list_views(call: Call) -> Reply:
    """GET /issuers/views."""
    return page_reply(call, sliced(call, call.office.saved_views.own(call.caller), whole_unless_paged=True), _view)


def create(call: Call) -> Reply:
    """POST /issuers/views."""
    return _save(call, 201)


def replace(call: Call) -> Reply:
    """PUT /issuers/views/{view_id}."""
    return _save(call, 200)


def _save(call: Call, status: int) -> Reply:
    body = call.body

    def act(uow: UnitOfWork, caller: Caller) -> SavedView:
        return call.office.saved_views.save(
            uow,
            caller,
            name=body["name"],
            query=body["query"],
            pinned=body.get("pinned", False),
            is_default=body.get("is_default", False),
            view_id=call.params.get("view_id"),
        )

    return call.perform(act, lambda view: json_reply(_view(view), status))


def delete(call: Call) -> Reply:
    """DELETE /issuers/views/{view_id}."""
    return call.perform(
        lambda uow, caller: call.office.saved_views.delete(uow, caller, call.params["view_id"]),
        lambda _: Reply(204, media_type=None),
    )


def _view(view: SavedView) -> dict[str, Any]:
    return {
        "id": view.view_id,
        "name": view.name,
        "query": view.query,
        "pinned": view.pinned,
        "is_default": view.is_default,
    }


_FOR_REVIEWERS: Final = Family("Saved views", Audience.REVIEWER, "R")
_PATH: Final = "/issuers/views"

ROUTES: Final[tuple[Route, ...]] = (
    _FOR_REVIEWERS.gets(
        _PATH,
        "List one's own saved views",
        list_views,
        numbered_answer(desk_answers.SAVED_VIEW, desk_examples.SAVED_VIEW, "All of them; or one page."),
        query=numbered(),
    ),
    _FOR_REVIEWERS.posts(
        _PATH,
        "Save a view",
        create,
        (Answered(201, "Saved.", desk_answers.SAVED_VIEW, desk_examples.SAVED_VIEW),),
        body=SAVE_VIEW,
        codes=("STATE_CONFLICT",),
    ),
    _FOR_REVIEWERS.puts(
        f"{_PATH}/{{view_id}}",
        "Replace a saved view",
        replace,
        Answered(200, "Replaced.", desk_answers.SAVED_VIEW, desk_examples.SAVED_VIEW),
        body=SAVE_VIEW,
        codes=("NOT_FOUND",),
    ),
    _FOR_REVIEWERS.deletes(
        f"{_PATH}/{{view_id}}", "Delete a saved view", delete, (Answered(204, "Deleted."),), codes=("NOT_FOUND",)
    ),
)
