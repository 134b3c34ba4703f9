"""The routes of workflows as callers meet them: bodies, answers, pages, versions, exports and questions of access."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from sealwright.domain.people import AccountRole
from sealwright.web.api.payouts import COLUMNS
from sealwright.web.api.shapes.workflow_plans import PROPOSE, STREET_REPAIR
from tests.web.conftest import NO_LIMITS, key_for, serve
from tests.web.desk import DPW, SFLUV, Desk, fresh, furnish_desk
from tests.web.prepared_workflows import absence, photo
from tests.web.work import (
    ABSENCES,
    ADMIN,
    DELETIONS,
    FEED,
    PROPOSERS,
    SERIES,
    VOTERS,
    acted,
    holding,
    on_step,
    opened,
    owed,
    plan,
    proposed,
    step_path,
)

CHECK: Final = "/api/v1/access/check"
# As the documentation prints it, letter by letter.
STREET: Final = (
    '{"title":"Street Repair Project","description":"Repair potholes on Main Street","recurrence":"one_time",'
    '"start_at":"2026-12-01T09:00:00Z","roles":[{"client_id":"assessor","title":"Damage Assessor",'
    '"required_credentials":["dpw_certified"]},{"client_id":"verifier","title":"Quality Verifier",'
    '"required_credentials":["sfluv_verifier"]}],"steps":[{"title":"Assess damage",'
    '"description":"Photograph the damage.","bounty":5000,"role_client_id":"assessor",'
    '"work_items":[{"title":"Photo","requires_photo":true}]},'
    '{"title":"Verify repair quality","bounty":3000,"role_client_id":"verifier"}]}'
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with serve(tmp_path_factory.mktemp("workflows"), **NO_LIMITS) as served:
        yield furnish_desk(served)


def test_the_street_repair_project_is_taken_as_it_is_printed(desk: Desk) -> None:
    assert json.loads(STREET) == STREET_REPAIR == PROPOSE.example
    answer = desk.call("proposer", "POST", PROPOSERS, raw=STREET.encode())
    assert answer.status == 201, answer.body
    made = answer.json()
    assert answer.headers["location"] == f"{PROPOSERS}/{made['id']}"
    assert answer.headers["etag"] == f'"{made["version"]}"'
    assert (made["status"], made["instance"], made["time_zone"], made["next_start_at"]) == ("pending", 1, "UTC", None)
    assert made["start_at"] == "2026-12-01T09:00:00Z"
    assert [role["required_credentials"] for role in made["roles"]] == [[DPW], [SFLUV]]
    roles = {role["client_id"]: role["id"] for role in made["roles"]}
    assert [(step["step_order"], step["bounty"], step["role_id"], step["status"]) for step in made["steps"]] == [
        (1, 5000, roles["assessor"], "locked"),
        (2, 3000, roles["verifier"], "locked"),
    ]
    [item] = made["steps"][0]["work_items"]
    assert (item["item_id"], item["requires_photo"], item["photo_required_count"], item["optional"]) == (
        "item-1",
        True,
        1,
        False,
    )
    assert (made["votes"]["votes_cast"], made["votes"]["decision"], made["votes"]["my_decision"]) == (0, None, None)
    assert desk.done("proposer", "GET", f"{PROPOSERS}/{made['id']}") == made


def test_work_items_come_back_as_they_were_sent(desk: Desk) -> None:
    options = [
        {"value": "ok", "label": "In order", "requires_written_response": False, "requires_photo_attachment": False},
        {"value": "bad", "label": "Broken", "requires_written_response": True, "requires_photo_attachment": True},
    ]
    sent = {
        "title": "State",
        "description": "How is it?",
        "item_id": "state",
        "optional": True,
        "requires_written_response": True,
        "requires_dropdown": True,
        "dropdown_options": options,
        "requires_photo": True,
        "photo_required_count": 3,
        "photo_allow_any_count": True,
        "camera_capture_only": True,
    }
    body = plan()
    body["steps"][0]["work_items"] = [{"title": "Note"}, sent, {"title": "Last"}]
    first, second, third = desk.done("proposer", "POST", PROPOSERS, body)["steps"][0]["work_items"]
    assert second == sent
    assert (first["item_id"], third["item_id"]) == ("item-1", "item-3")
    assert (first["dropdown_options"], first["description"]) == ([], None)


NESTED_FAULTS: Final = [
    pytest.param("steps/0/bounty", -1, "INVALID_VALUE", id="a negative bounty"),
    pytest.param("steps/0/bounty", 5.0, "INVALID_TYPE", id="a bounty with a point"),
    pytest.param("steps/0/bounty", 2**53, "NUMBER_OUT_OF_RANGE", id="a bounty beyond all numbers"),
    pytest.param("steps/0/photo", True, "UNKNOWN_FIELD", id="an unknown member of a step"),
    pytest.param("steps/0/title", "", "INVALID_VALUE", id="an empty title"),
    pytest.param("steps/0/title", "a\u202eb", "INVALID_CHARACTER", id="a title that turns around"),
    pytest.param("title", "a\nb", "INVALID_CHARACTER", id="a title of two lines"),
    pytest.param("steps/0/work_items", [{}], "MISSING_FIELD", id="a work item without a title"),
    pytest.param("steps/0/work_items", [{"title": "x", "photo_aspect_ratio": "1:1"}], "UNKNOWN_FIELD", id="a ratio"),
    pytest.param("steps/0/work_items", [{"title": "x", "requires_dropdown": True}], "MISSING_FIELD", id="no options"),
    pytest.param("steps/0/work_items", [{"title": "x", "photo_required_count": 0}], "INVALID_VALUE", id="no photos"),
    pytest.param(
        "steps/0/work_items", [{"title": "x", "item_id": "a"}] * 2, "INVALID_VALUE", id="one id for two items"
    ),
    pytest.param("roles/0/required_credentials", [DPW, DPW], "INVALID_VALUE", id="a type twice"),
    pytest.param("roles/0/required_credentials", [7], "INVALID_TYPE", id="a number for a type"),
    pytest.param("roles/1/client_id", "first", "UNKNOWN_ROLE", id="a role that loses its name"),
    pytest.param("roles", [], "INVALID_BODY", id="no roles"),
    pytest.param("steps", [], "INVALID_BODY", id="no steps"),
    pytest.param("recurrence", "yearly", "INVALID_VALUE", id="an unknown rhythm"),
    pytest.param("recurrence_end_at", "2027-01-01T00:00:00Z", "CONFLICTING_FIELDS", id="an end of what is done once"),
]


@pytest.mark.parametrize(("where", "value", "code"), NESTED_FAULTS)
def test_bad_parts_of_a_workflow_are_named(desk: Desk, where: str, value: Any, code: str) -> None:
    body = plan()
    *path, name = where.split("/")
    node: Any = body
    for step in path:
        node = node[int(step) if step.isdigit() else step]
    node[name] = value
    size = desk.served.audit_size()
    answer = desk.call("proposer", "POST", PROPOSERS, body)
    assert (answer.status, answer.code) == (422, code), answer.body
    assert answer.pointers[0].startswith(f"/{where}") or code == "UNKNOWN_ROLE"
    assert desk.served.audit_size() == size


def test_the_feed_has_pages_from_zero_and_scopes_in_any_case(desk: Desk) -> None:
    name = holding(desk, f"feeder{len(desk.ids)}")
    made = [opened(desk, DPW)["id"] for _ in range(3)]
    whole = desk.done(name, "GET", FEED)
    assert (whole["page"], whole["count"], whole["active_credentials"]) == (0, 20, [DPW])
    ids = [one["id"] for one in whole["workflows"]]
    assert set(made) <= set(ids)
    assert whole["total"] == len(ids)
    second = desk.done(name, "GET", f"{FEED}?page=1&count=1")
    assert (second["page"], second["count"], second["total"]) == (1, 1, whole["total"])
    assert [one["id"] for one in second["workflows"]] == ids[1:2]
    assert desk.done(name, "GET", "/improvers/feed?page=1&count=1") == second
    acted(desk, name, {"id": made[0], "steps": _steps(whole, made[0])}, "claim")
    mine = desk.done(name, "GET", f"{FEED}?scope=ASSIGNED")
    [entry] = mine["workflows"]
    assert (entry["id"], [step["step_order"] for step in entry["assigned_steps"]]) == (made[0], [1])
    assert entry["claimable_steps"] == []
    assert made[0] not in {one["id"] for one in desk.done(name, "GET", f"{FEED}?scope=claimable")["workflows"]}
    for query, code in (
        ("scope=mine", "INVALID_FILTER"),
        ("page=-1", "INVALID_PAGINATION"),
        ("view=page", "UNKNOWN_FIELD"),
    ):
        assert desk.call(name, "GET", f"{FEED}?{query}").code == code


def _steps(feed: Any, workflow_id: str) -> Any:
    return next(one["steps"] for one in feed["workflows"] if one["id"] == workflow_id)


def test_the_feed_says_what_one_more_credential_would_open(desk: Desk) -> None:
    name = fresh(desk)
    before = {one["credential_type"]: one["workflows"] for one in desk.done(name, "GET", FEED)["would_open"]}
    opened(desk, SFLUV)
    after = {one["credential_type"]: one["workflows"] for one in desk.done(name, "GET", FEED)["would_open"]}
    assert after[SFLUV] == before.get(SFLUV, 0) + 1


def test_an_example_of_work_from_claim_to_payment(desk: Desk) -> None:
    name = holding(desk, f"worker{len(desk.ids)}")
    body = plan(DPW)
    body["steps"][0]["work_items"] = [{"title": "Photo", "requires_photo": True}]
    workflow = opened(desk, DPW, steps=body["steps"])
    claimed = on_step(desk, name, "claim", workflow).json()
    [grant] = desk.done(name, "GET", "/improvers/credentials")
    assert (claimed["workflow_id"], claimed["role_id"]) == (workflow["id"], workflow["roles"][0]["id"])
    assert (claimed["satisfied_by"], claimed["series_claim"], claimed["override"]) == ([grant["id"]], None, False)
    assert [step["assigned_improver_id"] for step in claimed["steps"]] == [desk.ids[name]]
    assert on_step(desk, name, "claim", workflow).json() == claimed
    assert acted(desk, name, workflow, "start")["status"] == "in_progress"
    handed_in = {"items": [{"item_id": "item-1", "photo_ids": [photo(desk, name)]}]}
    done = desk.done(name, "POST", f"{step_path(workflow)}/complete", handed_in)
    assert (done["status"], done["role_client_id"]) == ("completed", "first")
    assert done["submission"]["items"][0]["photo_ids"] == handed_in["items"][0]["photo_ids"]
    [payout] = desk.done(name, "GET", "/improvers/payouts")
    assert (payout["amount"], payout["status"], payout["step_id"]) == (500, "owed", workflow["steps"][0]["id"])
    acted(desk, name, workflow, "payout-request")
    path = f"/admin/payouts/{payout['id']}"
    assert desk.done("admin", "POST", f"{path}/fail", {"reason": "Closed."})["reason"] == "Closed."
    desk.call("admin", "GET", "/admin/payouts", headers=[("Accept", "text/csv")])
    settled = desk.done("admin", "POST", f"{path}/settle", {"reference": "T-1"})
    assert (settled["status"], settled["reference"], settled["reason"]) == ("settled", "T-1", "Closed.")
    detail = desk.call("admin", "GET", f"{ADMIN}/{workflow['id']}")
    assert detail.headers["etag"] == f'"{detail.json()["version"]}"'
    assert [step["status"] for step in detail.json()["steps"]] == ["paid_out", "available"]
    assert [(one["user_id"], one["satisfied_by"]) for one in detail.json()["claims"]] == [
        (desk.ids[name], [grant["id"]])
    ]
    assert detail.json()["payouts"] == [settled]
    [finished] = desk.done(name, "GET", f"{FEED}/done")
    assert finished["id"] == workflow["id"]


def test_a_claim_repeated_with_its_key_is_replayed(desk: Desk) -> None:
    name, workflow = fresh(desk), opened(desk)
    path, headers = f"{step_path(workflow)}/claim", [("Idempotency-Key", "claim-once")]
    first = desk.call(name, "POST", path, {}, headers=headers)
    acted(desk, name, workflow, "release")
    again = desk.call(name, "POST", path, {}, headers=headers)
    assert (again.status, again.body) == (200, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert desk.done(name, "GET", f"{FEED}?scope=assigned")["total"] == 0


def test_an_admin_overrides_the_gate_but_nobody_else_does(desk: Desk) -> None:
    workflow = opened(desk, DPW)
    body = {"override": True, "reason": "Nobody else is there."}
    refused = on_step(desk, fresh(desk), "claim", workflow, body=body)
    assert (refused.status, refused.code) == (403, "ROLE_REQUIRED")
    assert on_step(desk, "admin", "claim", workflow).code == "MISSING_CREDENTIALS"
    taken = on_step(desk, "admin", "claim", workflow, body=body).json()
    assert (taken["override"], taken["satisfied_by"]) == (True, [])
    (kept,) = desk.done("admin", "GET", f"/admin/workflows/{workflow['id']}")["claims"]
    assert (kept["override"], kept["reason"]) == (True, "Nobody else is there.")
    name = holding(desk, f"late{len(desk.ids)}")
    assert on_step(desk, name, "claim", workflow).code == "STEP_ALREADY_CLAIMED"
    assert on_step(desk, "admin", "release", workflow).json()["assigned_improver_id"] is None


def test_votes_are_told_while_they_are_counted_and_afterwards(desk: Desk) -> None:
    others = [f"voter{number}" for number in range(4)]
    for other in others:
        desk.add(other, AccountRole.VOTER)
    try:
        workflow = proposed(desk)
        path = f"{VOTERS}/{workflow['id']}"
        votes = desk.done("voter", "POST", f"{path}/votes", {"decision": "deny", "comment": "Not yet."})["votes"]
        assert (votes["deny"], votes["votes_cast"], votes["total_voters"], votes["quorum_threshold"]) == (1, 1, 5, 3)
        assert (votes["my_decision"], votes["quorum_reached"], votes["finalize_at"]) == ("deny", False, None)
        desk.done("voter", "POST", f"{path}/votes", {"decision": "approve"})
        desk.done(others[0], "POST", f"{path}/votes", {"decision": "deny"})
        counted = desk.done(others[1], "POST", f"{path}/votes", {"decision": "approve"})
        assert (counted["status"], counted["votes"]["quorum_reached"]) == ("pending", True)
        assert counted["votes"]["finalize_at"] is not None
        closed = desk.done(others[2], "POST", f"{path}/votes", {"decision": "approve"})
        assert (closed["status"], closed["votes"]["decision"], closed["votes"]["approve"]) == ("approved", "approve", 3)
        assert closed["votes"]["finalized_at"] is not None
    finally:
        for other in others:
            desk.done("admin", "POST", f"/admin/users/{desk.ids[other]}/deactivate")
    after = desk.done("proposer", "GET", f"{PROPOSERS}/{workflow['id']}")["votes"]
    # As it was counted, whoever may vote later; and nobody reads who voted how.
    assert (after["total_voters"], after["approve"], after["deny"], after["my_decision"]) == (5, 3, 1, None)


def test_what_expired_was_decided_by_nobody(tmp_path: Path) -> None:
    with serve(tmp_path, **NO_LIMITS) as served:
        desk = furnish_desk(served)
        workflow = proposed(desk)
        served.clock.move(days=14)
        served.office.voting.close_due()
        [after] = desk.done("proposer", "GET", f"{PROPOSERS}?status=expired")
    votes = after["votes"]
    assert (after["id"], votes["decision"], votes["votes_cast"]) == (workflow["id"], None, 0)
    assert votes["finalized_at"] == "2026-03-15T12:00:00Z"


def test_a_change_names_what_is_to_be_different(desk: Desk) -> None:
    workflow = opened(desk, recurrence="weekly", description="Brooms are there.")
    path = f"{PROPOSERS}/{workflow['id']}/edit-proposals"
    assert desk.call("proposer", "POST", path, {"reason": "r"}).code == "INVALID_BODY"
    body = {
        "title": "Clean the lake",
        "description": None,
        "start_at": "2026-04-01T10:00:00+02:00",
        "reason": "Spring.",
    }
    edit = desk.done("proposer", "POST", path, body)
    changes = edit["changes"]
    assert (edit["kind"], edit["status"], edit["reason"]) == ("edit", "pending", "Spring.")
    assert (changes["title"], changes["description"]) == ("Clean the lake", None)
    assert (changes["recurrence"], changes["start_at"], changes["recurrence_end_at"]) == (
        None,
        "2026-04-01T08:00:00Z",
        None,
    )
    assert [step["title"] for step in changes["steps"]] == ["Sweep", "Look"]
    assert desk.done("proposer", "GET", f"{PROPOSERS}/{workflow['id']}")["title"] == "Clean the park"
    for who, where in (("voter", "/voters/proposals"), ("proposer", "/proposers/workflow-proposals")):
        assert edit["id"] in {one["id"] for one in desk.done(who, "GET", f"{where}?count=100")}


def test_a_deletion_by_a_voter_takes_the_series_away(desk: Desk) -> None:
    workflow = opened(desk, recurrence="daily")
    body = {"workflow_id": workflow["id"], "target_type": "series", "reason": "Done for good."}
    proposal = desk.done("voter", "POST", "/voters/workflow-deletion-proposals", body)
    assert (proposal["kind"], proposal["target_type"], proposal["changes"]) == ("deletion", "series", None)
    refused = desk.call("voter", "POST", f"{DELETIONS}/{proposal['id']}/votes", {"decision": "approve"})
    assert refused.code == "SELF_VOTE"
    force = f"/admin/workflow-deletion-proposals/{proposal['id']}/force-approve"
    assert desk.done("admin", "POST", force, {"reason": "r"})["status"] == "approved"
    assert desk.call("proposer", "GET", f"{PROPOSERS}/{workflow['id']}").code == "WORKFLOW_NOT_FOUND"


def test_series_are_claimed_listed_and_given_back(desk: Desk) -> None:
    name = fresh(desk)
    workflow = opened(desk, recurrence="weekly")
    claimed = on_step(desk, name, "claim", workflow).json()
    assert claimed["series_claim"] == {"series_id": workflow["series_id"], "step_order": [1]}
    [own] = desk.done(name, "GET", SERIES)
    assert own == {
        "series_id": workflow["series_id"],
        "title": workflow["title"],
        "step_orders": [1],
        "absence_periods": [],
    }
    [claimant] = desk.done("admin", "GET", f"/admin/workflow-series/{workflow['series_id']}/claimants")
    assert (claimant["user_id"], claimant["step_orders"], claimant["qualifies"]) == (desk.ids[name], [1], True)
    body = {"series_id": workflow["series_id"], "step_order": 1}
    given_back = desk.done(name, "POST", f"{SERIES}/unclaim", body)
    assert given_back == {**body, "released_count": 1, "skipped_count": 0}
    assert desk.done(name, "GET", SERIES) == []


def test_absences_are_added_changed_and_taken_back(desk: Desk) -> None:
    name = fresh(desk)
    kept = absence(desk, name)
    changed = {**kept, "absent_until": "2027-03-01T00:00:00Z"}
    assert desk.done(name, "PUT", ABSENCES, changed) == changed
    assert desk.done(name, "GET", ABSENCES) == [changed]
    both = desk.call(name, "DELETE", f"{ABSENCES}?id=abs_other", {"id": kept["id"]})
    assert (both.status, both.code) == (422, "CONFLICTING_FIELDS")
    missing = desk.call(name, "DELETE", ABSENCES)
    assert (missing.code, missing.pointers) == ("MISSING_FIELD", ["/id"])
    assert desk.call(name, "DELETE", ABSENCES, {"id": kept["id"]}).status == 204
    assert desk.done(name, "GET", ABSENCES) == []


def test_only_a_plain_call_for_csv_exports_payouts(desk: Desk) -> None:
    name = fresh(desk)
    payout_id = owed(desk, name)
    as_csv = [("Accept", "text/csv")]

    def status() -> str:
        return str(desk.done(name, "GET", "/improvers/payouts")[0]["status"])

    for headers in ([], [("Accept", "*/*")], [("Accept", "text/*")], [("Accept", "application/json")]):
        answer = desk.call("admin", "GET", "/admin/payouts", headers=headers)
        assert answer.headers["content-type"] == "application/json"
    assert desk.call("admin", "HEAD", "/admin/payouts", headers=as_csv).status == 200
    listed = desk.call("admin", "GET", f"/admin/payouts?status=owed&payee_user_id={desk.ids[name]}", headers=as_csv)
    [row] = csv.DictReader(io.StringIO(listed.body.decode()))
    assert (row["id"], row["status"], row["amount"]) == (payout_id, "owed", "500")
    assert desk.call("voter", "GET", "/admin/payouts", headers=as_csv).code == "ROLE_REQUIRED"
    assert status() == "owed"
    size = desk.served.audit_size()
    exported = desk.call("admin", "GET", "/admin/payouts", headers=[("Accept", "application/json;q=0.5, text/csv")])
    assert exported.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(exported.body.decode())))
    assert tuple(rows[0]) == COLUMNS
    assert payout_id in {row[0] for row in rows}
    assert status() == "exported"
    assert desk.served.audit_size() == size + len(rows) - 1
    again = desk.call("admin", "GET", "/admin/payouts", headers=as_csv)
    assert again.body.count(b"\r\n") == 1
    desk.done("admin", "POST", f"/admin/payouts/{payout_id}/fail", {"reason": "Account closed."})
    assert desk.call("admin", "GET", "/admin/payouts?status=owed", headers=as_csv).body.count(b"\r\n") == 1
    failed = desk.call("admin", "GET", "/admin/payouts?status=failed", headers=as_csv)
    assert payout_id.encode() in failed.body
    assert status() == "exported"


def test_the_access_check_answers_those_who_may_ask(desk: Desk) -> None:
    name = holding(desk, f"asked{len(desk.ids)}")
    [grant] = desk.done(name, "GET", "/improvers/credentials")
    question = {"userId": desk.ids[name], "credentialTypes": [DPW]}
    catalog = {one["value"]: one for one in desk.done("admin", "GET", "/admin/credential-types")}
    desk.tokens["platform"] = key_for(desk.served.office, catalog[DPW]["issuer_did"])
    for who in ("admin", "issuer", name, "platform"):
        answer = desk.done(who, "POST", CHECK, question)
        assert answer.pop("decidedAt").endswith("Z")
        assert answer == {"allowed": True, "missing": [], "satisfiedBy": [grant["id"]], "code": None}
    by_did = {"did": grant["holder_did"], "credentialTypes": [DPW, SFLUV]}
    answer = desk.done("admin", "POST", CHECK, by_did)
    assert (answer["allowed"], answer["missing"], answer["code"]) == (False, [SFLUV], "MISSING_CREDENTIALS")
    assert desk.call("issuer", "POST", CHECK, by_did).code == "OUT_OF_SCOPE"
    assert desk.call("admin", "POST", CHECK, {**by_did, "did": "did:adi:holder001"}).code == "USER_NOT_FOUND"


def test_the_access_check_says_what_a_claim_would(desk: Desk) -> None:
    workflow = opened(desk, DPW)
    name, other = holding(desk, f"first{len(desk.ids)}"), holding(desk, f"second{len(desk.ids)}")
    step_id = workflow["steps"][0]["id"]

    def asked(who: str) -> Any:
        question = {"userId": desk.ids[who], "stepId": step_id, "workflowId": workflow["id"]}
        answer = desk.done("admin", "POST", CHECK, question)
        return answer["allowed"], answer["code"]

    size = desk.served.audit_size()
    assert (asked(name), asked("improver")) == ((True, None), (False, "MISSING_CREDENTIALS"))
    assert asked("plain") == (False, "ROLE_REQUIRED")
    assert desk.served.audit_size() == size
    acted(desk, name, workflow, "claim")
    assert (asked(name), asked(other)) == ((True, None), (False, "STEP_ALREADY_CLAIMED"))


def test_qualified_counts_those_who_hold_all(desk: Desk) -> None:
    def count(*types: str) -> int:
        query = "&".join(f"credential_type={one}" for one in types)
        return int(desk.done("proposer", "GET", f"{PROPOSERS}/qualified?{query}")["qualified"])

    before = count(DPW), count(DPW, SFLUV)
    name = holding(desk, f"counted{len(desk.ids)}")
    assert (count(DPW), count(DPW, SFLUV)) == (before[0] + 1, before[1])
    body = {"user_id": desk.ids[name], "credential_type": SFLUV}
    desk.done("admin", "POST", "/issuers/credentials", body)
    assert count(DPW, SFLUV) == before[1] + 1
