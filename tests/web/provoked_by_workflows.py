"""Codes of the routes of workflows: proposing, voting, claiming, working, payouts and the access check."""

from __future__ import annotations

from sealwright.domain.people import AccountRole
from tests.web.client import Answer
from tests.web.desk import DPW, Desk, fresh
from tests.web.page_client import sign_in
from tests.web.prepared_workflows import absence, claimed_series, with_photo
from tests.web.provoking import provokes
from tests.web.work import (
    ABSENCES,
    ADMIN,
    DELETIONS,
    EDITS,
    FEED,
    MISSING,
    NO_STEP,
    PROPOSERS,
    SERIES,
    VOTERS,
    acted,
    deletion_proposed,
    edit_proposed,
    on_step,
    opened,
    owed,
    plan,
    proposed,
    step_path,
    voted,
)

CHECK = "/api/v1/access/check"
REASON = {"reason": "r"}
APPROVE = {"decision": "approve"}


@provokes("UNKNOWN_CREDENTIAL_TYPE")
def _(desk: Desk) -> Answer:
    answer = desk.call("proposer", "POST", PROPOSERS, plan(DPW, "nothing"))
    assert answer.pointers == ["/roles/0/required_credentials/1", "/roles/1/required_credentials/1"]
    return answer


@provokes("UNKNOWN_CREDENTIAL_TYPE")
def _(desk: Desk) -> Answer:
    return desk.call("proposer", "GET", f"{PROPOSERS}/qualified?credential_type=nothing")


@provokes("UNKNOWN_CREDENTIAL_TYPE")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", CHECK, {"userId": desk.ids["plain"], "credentialTypes": [DPW, "nothing"]})


@provokes("UNKNOWN_ROLE")
def _(desk: Desk) -> Answer:
    body = plan()
    body["steps"][1]["role_client_id"] = "third"
    answer = desk.call("proposer", "POST", PROPOSERS, body)
    assert answer.pointers == ["/steps/1/role_client_id"]
    return answer


@provokes("UNKNOWN_ROLE")
def _(desk: Desk) -> Answer:
    # The steps that stay name a role that the change takes away.
    workflow = opened(desk, recurrence="daily")
    roles = [{"client_id": "other", "title": "Other", "required_credentials": []}]
    return desk.call("proposer", "POST", f"{PROPOSERS}/{workflow['id']}/edit-proposals", {"roles": roles, **REASON})


@provokes("INVALID_DATE")
def _(desk: Desk) -> Answer:
    answer = desk.call("proposer", "POST", PROPOSERS, plan(time_zone="Middle-earth/Bree"))
    assert answer.pointers == ["/time_zone"]
    return answer


@provokes("INVALID_DATE")
def _(desk: Desk) -> Answer:
    times = {"start_at": "2026-06-02T00:00:00Z", "recurrence_end_at": "2026-06-01T00:00:00Z"}
    return desk.call("proposer", "POST", PROPOSERS, plan(recurrence="daily", **times))


@provokes("INVALID_DATE")
def _(desk: Desk) -> Answer:
    name = fresh(desk)
    series_id = claimed_series(desk, name)["series_id"]
    times = {"absent_from": "2027-02-01T00:00:00Z", "absent_until": "2027-01-01T00:00:00Z"}
    return desk.call(name, "POST", ABSENCES, {"series_id": series_id, "step_order": 1, **times})


@provokes("WORKFLOW_NOT_FOUND")
def _(desk: Desk) -> Answer:
    return desk.call(fresh(desk), "GET", f"{FEED}/{opened(desk, DPW)['id']}")


@provokes("WORKFLOW_NOT_FOUND")
def _(desk: Desk) -> Answer:
    return desk.call(fresh(desk), "POST", f"{FEED}/{opened(desk)['id']}/steps/{NO_STEP}/claim")


@provokes("WORKFLOW_NOT_FOUND")
def _(desk: Desk) -> Answer:
    # Waiting for votes, it is nobody's to claim.
    return on_step(desk, "admin", "claim", proposed(desk))


@provokes("WORKFLOW_NOT_FOUND")
def _(desk: Desk) -> Answer:
    name = f"proposer{len(desk.ids)}"
    desk.add(name, AccountRole.PROPOSER)
    return desk.call(name, "DELETE", f"{PROPOSERS}/{proposed(desk)['id']}")


@provokes("WORKFLOW_NOT_FOUND")
def _(desk: Desk) -> Answer:
    return desk.call("voter", "POST", f"{VOTERS}/{MISSING}/votes", APPROVE)


@provokes("WORKFLOW_NOT_FOUND")
def _(desk: Desk) -> Answer:
    name = fresh(desk)
    kept = absence(desk, name)
    return desk.call(fresh(desk), "DELETE", f"{ABSENCES}?id={kept['id']}")


@provokes("WORKFLOW_NOT_FOUND")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "GET", "/admin/workflow-series/ser_missing/claimants")


@provokes("WORKFLOW_NOT_FOUND")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", CHECK, {"userId": desk.ids["plain"], "stepId": NO_STEP})


@provokes("MISSING_CREDENTIALS")
def _(desk: Desk) -> Answer:
    answer = on_step(desk, fresh(desk), "claim", opened(desk, DPW))
    assert answer.json()["missing"] == [DPW]
    return answer


@provokes("MISSING_CREDENTIALS")
def _(desk: Desk) -> Answer:
    name = f"certified{len(desk.ids)}"
    grant = desk.granted("admin", name)
    workflow = opened(desk, DPW)
    acted(desk, name, workflow, "claim")
    desk.done("admin", "POST", f"/issuers/credentials/{grant['id']}/suspend", REASON)
    return on_step(desk, name, "start", workflow)


@provokes("STEP_ALREADY_CLAIMED")
def _(desk: Desk) -> Answer:
    workflow = opened(desk)
    acted(desk, fresh(desk), workflow, "claim")
    return on_step(desk, fresh(desk), "claim", workflow)


@provokes("ROLE_ALREADY_HELD")
def _(desk: Desk) -> Answer:
    workflow, name = opened(desk), fresh(desk)
    acted(desk, name, workflow, "claim")
    return on_step(desk, name, "claim", workflow, order=2)


@provokes("STEP_NOT_AVAILABLE")
def _(desk: Desk) -> Answer:
    workflow, name = opened(desk), fresh(desk)
    acted(desk, name, workflow, "claim", order=2)
    return on_step(desk, name, "start", workflow, order=2)


@provokes("STEP_NOT_AVAILABLE")
def _(desk: Desk) -> Answer:
    workflow, name = opened(desk), fresh(desk)
    acted(desk, name, workflow, "claim", "start", "complete")
    return on_step(desk, name, "release", workflow)


@provokes("ABSENT")
def _(desk: Desk) -> Answer:
    name = fresh(desk)
    workflow = claimed_series(desk, name)
    times = {"absent_from": "2026-01-01T00:00:00Z", "absent_until": "2027-01-01T00:00:00Z"}
    desk.done(name, "POST", ABSENCES, {"series_id": workflow["series_id"], "step_order": 1, **times})
    return on_step(desk, name, "claim", workflow)


@provokes("NOT_STEP_HOLDER")
def _(desk: Desk) -> Answer:
    workflow = opened(desk)
    acted(desk, fresh(desk), workflow, "claim")
    return on_step(desk, fresh(desk), "start", workflow)


@provokes("NOT_STEP_HOLDER")
def _(desk: Desk) -> Answer:
    return on_step(desk, fresh(desk), "release", opened(desk))


@provokes("SUBMISSION_INCOMPLETE")
def _(desk: Desk) -> Answer:
    workflow, name = opened(desk, **with_photo()), fresh(desk)
    acted(desk, name, workflow, "claim", "start")
    return on_step(desk, name, "complete", workflow)


@provokes("SUBMISSION_INCOMPLETE")
def _(desk: Desk) -> Answer:
    workflow, name = opened(desk), fresh(desk)
    acted(desk, name, workflow, "claim", "start")
    body = {"step_not_possible": True, "step_not_possible_details": "Snow."}
    answer = desk.call(name, "POST", f"{step_path(workflow)}/complete", body)
    assert answer.pointers == ["/step_not_possible"]
    return answer


@provokes("NOTHING_TO_RELEASE")
def _(desk: Desk) -> Answer:
    return desk.call(fresh(desk), "POST", f"{SERIES}/unclaim", {"series_id": "ser_missing", "step_order": 1})


@provokes("NOTHING_TO_RELEASE")
def _(desk: Desk) -> Answer:
    path = f"/admin/workflow-series/{opened(desk, recurrence='daily')['series_id']}/revoke-claim"
    return desk.call("admin", "POST", path, {"improver_user_id": desk.ids["improver"], **REASON})


@provokes("STATE_CONFLICT")
def _(desk: Desk) -> Answer:
    return desk.call("proposer", "DELETE", f"{PROPOSERS}/{opened(desk)['id']}")


@provokes("STATE_CONFLICT")
def _(desk: Desk) -> Answer:
    path = f"{PROPOSERS}/{opened(desk)['id']}/edit-proposals"
    return desk.call("proposer", "POST", path, {"title": "Later", **REASON})


@provokes("STATE_CONFLICT")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", f"{ADMIN}/{proposed(desk)['id']}/fail", REASON)


@provokes("STATE_CONFLICT")
def _(desk: Desk) -> Answer:
    path = f"/admin/payouts/{owed(desk, fresh(desk))}"
    desk.done("admin", "POST", f"{path}/settle")
    return desk.call("admin", "POST", f"{path}/void", REASON)


@provokes("CSRF_FAILED")
def _(desk: Desk) -> Answer:
    # A page of another site could send this; reading the list is no harm, exporting it is.
    visitor = sign_in(desk.served, f"browsing{len(desk.ids)}", AccountRole.ADMIN)
    assert visitor.get("/admin/payouts").status == 200
    answer: Answer = visitor.get("/admin/payouts", headers=[("Accept", "text/csv")])
    own = [("Accept", "text/csv"), ("X-CSRF-Token", visitor.form_token()), ("Sec-Fetch-Site", "same-origin")]
    assert visitor.get("/admin/payouts", headers=own).status == 200
    return answer


@provokes("NOT_FOUND")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", "/admin/payouts/pay_missing/settle")


@provokes("NOT_FOUND")
def _(desk: Desk) -> Answer:
    # A deletion is none of the changes.
    return desk.call("voter", "POST", f"{EDITS}/{deletion_proposed(desk)['id']}/votes", APPROVE)


@provokes("SELF_VOTE")
def _(desk: Desk) -> Answer:
    name = f"both{len(desk.ids)}"
    desk.add(name, AccountRole.PROPOSER, AccountRole.VOTER)
    answer = desk.call(name, "POST", f"{VOTERS}/{proposed(desk, who=name)['id']}/votes", APPROVE)
    # The desk's one voter is to stay the only one.
    desk.done("admin", "POST", f"/admin/users/{desk.ids[name]}/deactivate")
    return answer


@provokes("SELF_VOTE")
def _(desk: Desk) -> Answer:
    body = {"workflow_id": opened(desk)["id"], "target_type": "workflow", **REASON}
    own = desk.done("voter", "POST", "/voters/workflow-deletion-proposals", body)
    return desk.call("voter", "POST", f"{DELETIONS}/{own['id']}/votes", APPROVE)


@provokes("PROPOSAL_CLOSED")
def _(desk: Desk) -> Answer:
    workflow = voted(desk, "deny")
    assert (workflow["status"], workflow["votes"]["decision"]) == ("rejected", "deny")
    return desk.call("voter", "POST", f"{VOTERS}/{workflow['id']}/votes", APPROVE)


@provokes("PROPOSAL_CLOSED")
def _(desk: Desk) -> Answer:
    return desk.call("admin", "POST", f"{ADMIN}/{voted(desk)['id']}/force-approve", REASON)


@provokes("PROPOSAL_CLOSED")
def _(desk: Desk) -> Answer:
    path = f"/admin/workflow-edit-proposals/{edit_proposed(desk)['id']}/force-approve"
    desk.done("admin", "POST", path, REASON)
    return desk.call("admin", "POST", path, REASON)


@provokes("PROPOSAL_PENDING_EXISTS")
def _(desk: Desk) -> Answer:
    path = f"{PROPOSERS}/{edit_proposed(desk)['workflow_id']}/edit-proposals"
    return desk.call("proposer", "POST", path, {"title": "Later still", **REASON})


@provokes("OUT_OF_SCOPE")
def _(desk: Desk) -> Answer:
    return desk.call("outsider", "POST", CHECK, {"userId": desk.ids["improver"], "credentialTypes": [DPW]})


@provokes("OUT_OF_SCOPE")
def _(desk: Desk) -> Answer:
    return desk.call("plain", "POST", CHECK, {"userId": "usr_missing", "credentialTypes": [DPW]})


@provokes("USER_NOT_FOUND")
def _(desk: Desk) -> Answer:
    return desk.call("issuer", "POST", CHECK, {"userId": "usr_missing", "credentialTypes": [DPW]})


@provokes("CONFLICTING_FIELDS")
def _(desk: Desk) -> Answer:
    body = {"userId": desk.ids["improver"], "did": "did:adi:holder001", "credentialTypes": [DPW]}
    answer = desk.call("issuer", "POST", CHECK, body)
    assert answer.pointers == ["/did"]
    return answer


@provokes("INVALID_DID")
def _(desk: Desk) -> Answer:
    return desk.call("issuer", "POST", CHECK, {"did": "nobody", "credentialTypes": [DPW]})


@provokes("MISSING_FIELD")
def _(desk: Desk) -> Answer:
    answer = desk.call("admin", "POST", CHECK, {"workflowId": MISSING})
    assert answer.pointers == ["/userId", "/credentialTypes", "/stepId"]
    return answer


@provokes("MISSING_FIELD")
def _(desk: Desk) -> Answer:
    return on_step(desk, "admin", "claim", opened(desk), body={"override": True, "reason": " "})
