"""What the examples of the routes of workflows need. Reading this module fills `tests.web.preparing.BY`."""

from __future__ import annotations

from typing import Any

from tests.web.desk import DPW, Desk
from tests.web.preparing import Prepared, prepares
from tests.web.work import (
    ABSENCES,
    acted,
    deletion_proposed,
    edit_proposed,
    opened,
    owed,
    proposed,
)

_STEP = "POST /improvers/workflows/{workflow_id}/steps/{step_id}"
_BEFORE = {
    "claim": (),
    "start": ("claim",),
    "complete": ("claim", "start"),
    "release": ("claim",),
    "payout-request": ("claim", "start", "complete"),
}


@prepares(
    "GET /improvers/workflows",
    "GET /improvers/feed",
    "GET /improvers/payouts",
    "GET /improvers/workflows/done",
    "GET /improvers/workflow-series",
    "GET /improvers/workflows/absence-periods",
)
def _own_work(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    owed(desk, improver)
    absence(desk, improver)
    return improver, path, body


@prepares(*(f"{_STEP}/{act}" for act in _BEFORE))
def _on_step(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    act = path.rpartition("/")[2]
    workflow = opened(desk, **(with_photo() if act == "complete" else {}))
    if _BEFORE[act]:
        acted(desk, improver, workflow, *_BEFORE[act])
    if act == "complete":
        body["items"][0]["photo_ids"] = [photo(desk, improver)]
    step_id = workflow["steps"][0]["id"]
    return improver, path.replace("{workflow_id}", workflow["id"]).replace("{step_id}", step_id), body


def with_photo() -> dict[str, Any]:
    """A plan whose one step asks for a photo."""
    return {
        "roles": [{"client_id": "first", "title": "First", "required_credentials": []}],
        "steps": [
            {"title": "Sweep", "role_client_id": "first", "work_items": [{"title": "Photo", "requires_photo": True}]}
        ],
    }


def photo(desk: Desk, who: str) -> str:
    """Id of an image that somebody has uploaded."""
    # The smallest PNG: one gray pixel.
    image = bytes.fromhex(
        "89504e470d0a1a0a0000000d494844520000000100000001080000000"
        "03a7e9b550000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
    )
    head = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n'
    answer = desk.call(
        who,
        "POST",
        "/attachments",
        raw=head + image + b"\r\n--x--\r\n",
        content_type="multipart/form-data; boundary=x",
    )
    assert answer.status == 201, answer.body
    return str(answer.json()["attachment_id"])


@prepares("GET /improvers/workflows/{workflow_id}")
def _claimable(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    return improver, path.replace("{workflow_id}", opened(desk)["id"]), body


def claimed_series(desk: Desk, improver: str) -> Any:
    """A series of which somebody has claimed the first step."""
    workflow = opened(desk, recurrence="weekly")
    acted(desk, improver, workflow, "claim")
    return workflow


def absence(desk: Desk, improver: str) -> Any:
    """An absence period of somebody."""
    wish = {
        "series_id": claimed_series(desk, improver)["series_id"],
        "step_order": 1,
        "absent_from": "2027-01-01T00:00:00Z",
        "absent_until": "2027-02-01T00:00:00Z",
    }
    return desk.done(improver, "POST", ABSENCES, wish)


@prepares("POST /improvers/workflow-series/unclaim", "POST /improvers/workflows/absence-periods")
def _own_series(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    return improver, path, {**body, "series_id": claimed_series(desk, improver)["series_id"]}


@prepares("PUT /improvers/workflows/absence-periods", "DELETE /improvers/workflows/absence-periods")
def _own_absence(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    kept = absence(desk, improver)
    series = {"series_id": kept["series_id"]} if "series_id" in body else {}
    return improver, path, {**body, "id": kept["id"], **series}


@prepares("GET /admin/workflow-series/{id}/claimants", "POST /admin/workflow-series/{id}/revoke-claim")
def _series(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    series_id = claimed_series(desk, improver)["series_id"]
    person = {"improver_user_id": desk.ids[improver]} if body else {}
    return "admin", path.replace("{id}", series_id), {**body, **person} if body else body


@prepares(*(f"POST /admin/payouts/{{id}}/{act}" for act in ("settle", "fail", "void")))
def _payout(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    return "admin", path.replace("{id}", owed(desk, improver)), body


@prepares(
    "POST /proposers/workflows",
    "GET /proposers/workflows",
    "GET /proposers/workflows/qualified",
    "GET /proposers/workflow-proposals",
)
def _propose(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    if path == "/proposers/workflow-proposals":
        edit_proposed(desk)
    elif body is None:
        proposed(desk)
    return "proposer", path + (f"?credential_type={DPW}" if path.endswith("qualified") else ""), body


@prepares("GET /proposers/workflows/{id}", "DELETE /proposers/workflows/{id}")
def _own_workflow(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    return "proposer", path.replace("{id}", proposed(desk)["id"]), body


@prepares("POST /proposers/workflows/{id}/edit-proposals")
def _edit(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    return "proposer", path.replace("{id}", opened(desk, recurrence="monthly")["id"]), body


@prepares("POST /proposers/workflow-deletion-proposals", "POST /voters/workflow-deletion-proposals")
def _delete(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    who = path.split("/")[1].removesuffix("s")
    return who, path, {**body, "workflow_id": opened(desk, recurrence="daily")["id"]}


@prepares("GET /voters/workflows", "GET /voters/proposals")
def _to_vote_on(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    proposed(desk)
    edit_proposed(desk)
    return "voter", path, body


@prepares("GET /voters/workflows/{id}", "POST /voters/workflows/{id}/votes")
def _voted_workflow(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    return "voter", path.replace("{id}", proposed(desk)["id"]), body


@prepares(
    *(f"POST /voters/workflow-{kind}-proposals/{{id}}/votes" for kind in ("edit", "deletion")),
    *(f"POST /admin/workflow-{kind}-proposals/{{id}}/force-approve" for kind in ("edit", "deletion")),
)
def _by_proposal(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    proposal = edit_proposed(desk) if "-edit-" in path else deletion_proposed(desk)
    return path.split("/")[1].removesuffix("s"), path.replace("{id}", proposal["id"]), body


@prepares("GET /admin/workflows/{id}", "POST /admin/workflows/{id}/force-approve", "POST /admin/workflows/{id}/fail")
def _any_workflow(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    workflow = proposed(desk) if path.endswith("force-approve") else opened(desk)
    return "admin", path.replace("{id}", workflow["id"]), body


@prepares("POST /api/v1/access/check")
def _access(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    return "issuer", path, {**body, "userId": desk.ids[improver]}
