"""Proposers, voters and admins at their desks by plain form posts: write, keep, preview, hand in, vote, govern."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from sealwright.domain.people import AccountRole
from sealwright.services.workflow_ports import PayoutFilter
from tests.web.desk import DPW, SFLUV, Desk
from tests.web.page_client import PageVisitor, text_of
from tests.web.panel_desk import panel_desk, visit

NEW: Final = "/proposer/workflows/new"
STREET_REPAIR: Final = {
    "title": "Street Repair Project",
    "description": "Repair the potholes on Main Street.",
    "recurrence": "one_time",
    "time_zone": "UTC",
    "role-1-key": "role1",
    "role-1-title": "Damage assessor",
    "role-1-needs": [DPW],
    "role-2-key": "role2",
    "role-2-title": "Quality verifier",
    "role-2-needs": [SFLUV],
    "step-1-title": "Assess damage",
    "step-1-role": "role1",
    "step-1-bounty": "5000",
    "step-1-item-1-title": "Photo of the damage",
    "step-1-item-1-photo": "1",
    "step-1-item-1-photos": "1",
    "step-1-item-1-optional": "1",
    "step-2-title": "Verify repair quality",
    "step-2-role": "role2",
    "step-2-bounty": "3000",
}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with panel_desk(tmp_path_factory.mktemp("office")) as one:
        one.add("second-voter", AccountRole.VOTER)
        one.add("third-voter", AccountRole.VOTER)
        one.add("doubled", AccountRole.PROPOSER, AccountRole.VOTER)
        yield one


def value_of(answer: Any, name: str) -> str | None:
    """What a field of a page holds; None where there is no such field."""
    body = answer.body.decode("utf-8")
    found = re.search(rf'<input[^>]*name="{re.escape(name)}"[^>]*>', body)
    if found is None:
        return None
    value = re.search(r'value="([^"]*)"', found[0])
    return html.unescape(value[1]) if value else ""


def propose(desk: Desk, who: str = "proposer", **changes: Any) -> str:
    """Hand a workflow in; gives its page."""
    answer = visit(desk, who).post(NEW, {**STREET_REPAIR, **changes, "do": "submit"})
    assert answer.status == 303, text_of(answer)
    return str(answer.headers["location"])


def open_workflow(desk: Desk, **changes: Any) -> str:
    """A workflow that an admin has approved; gives its page."""
    path = propose(desk, **changes)
    assert visit(desk, "admin").post(f"{path}/force", {"reason": "It cannot wait."}).status == 303
    return path


def steps_of(desk: Desk, path: str) -> list[tuple[str, str]]:
    """Ids and states of a workflow's steps."""
    with desk.served.office.units(write=False) as uow:
        workflow = uow.workflows.get(path.rpartition("/")[2])
    assert workflow is not None
    return [(step.step_id, step.status.value) for step in workflow.steps]


# -- the editor ------------------------------------------------------------------------------------


def test_rows_are_added_moved_and_removed_without_scripts(desk: Desk) -> None:
    proposer = visit(desk, "proposer")
    added = proposer.post(NEW, {**STREET_REPAIR, "do": "add-step"})
    assert added.status == 200
    assert value_of(added, "step-3-title") == ""
    moved = proposer.post(NEW, {**STREET_REPAIR, "do": "down-step-1"})
    assert value_of(moved, "step-1-title") == "Verify repair quality"
    assert value_of(moved, "step-2-item-1-title") == "Photo of the damage"
    removed = proposer.post(NEW, {**STREET_REPAIR, "do": "remove-role-2"})
    assert value_of(removed, "role-2-title") is None
    assert value_of(removed, "role-1-title") == "Damage assessor"
    item = proposer.post(NEW, {**STREET_REPAIR, "do": "add-item-2"})
    assert value_of(item, "step-2-item-1-title") == ""


def test_all_faults_are_told_at_once_and_what_was_typed_stays(desk: Desk) -> None:
    wrong = {**STREET_REPAIR, "title": "", "step-1-bounty": "5.5", "step-2-role": "", "start_time": "09:00"}
    refused = visit(desk, "proposer").post(NEW, {**wrong, "do": "submit"})
    assert refused.status == 422
    said = text_of(refused)
    for words in (
        "Please fill this in.",
        "Step 1, bounty: Give a whole number of units, 0 or more.",
        "Step 2, workflow role: Please choose one.",
        "Workflow role 2: No step belongs to this workflow role",
        "Give the day too, or leave the time empty.",
    ):
        assert words in said
    assert value_of(refused, "step-1-bounty") == "5.5"
    assert value_of(refused, "role-1-title") == "Damage assessor"


def test_strange_fields_and_too_many_rows_are_refused(desk: Desk) -> None:
    proposer = visit(desk, "proposer")
    assert proposer.post(NEW, {**STREET_REPAIR, "step-1-proposer": "usr_x", "do": "submit"}).status == 422
    assert proposer.post(NEW, {**STREET_REPAIR, "step-0-title": "x", "do": "save"}).status == 422
    rows = {f"step-{number}-title": "x" for number in range(1, 52)}
    assert proposer.post(NEW, {**STREET_REPAIR, **rows, "do": "save"}).status == 422
    assert proposer.post(NEW, {**STREET_REPAIR, "approve": "1"}).status == 422


def test_unknown_type_is_named_at_its_field(desk: Desk) -> None:
    refused = visit(desk, "proposer").post(NEW, {**STREET_REPAIR, "role-2-needs": ["no_such_type"], "do": "submit"})
    assert refused.status == 422
    assert "Workflow role 2:" in text_of(refused)
    assert 'id="f-role-2-needs-err"' in refused.body.decode()


def test_people_who_qualify_are_counted(desk: Desk) -> None:
    desk.granted("admin", "qualified")
    proposer = visit(desk, "proposer")
    page = proposer.post(NEW, {**STREET_REPAIR, "do": "preview"})
    said = text_of(page)
    assert "1 person qualifies now" in said
    assert "Nobody qualifies now" in said
    partial = (("HX-Request-Type", "partial"),)
    live = proposer.get(f"/proposer/qualified?role-1-needs={DPW}", headers=partial)
    assert text_of(live) == "1 person qualifies now"
    assert "Nobody qualifies now" in text_of(proposer.get(f"/proposer/qualified?role-2-needs={SFLUV}", headers=partial))
    assert "Open to all improvers" in text_of(proposer.get("/proposer/qualified", headers=partial))


def test_preview_shows_what_somebody_with_these_credentials_meets(desk: Desk) -> None:
    proposer = visit(desk, "proposer")
    nobody = text_of(proposer.post(NEW, {**STREET_REPAIR, "do": "preview"}))
    assert "This person does not see the workflow at all" in nobody
    some = text_of(proposer.post(NEW, {**STREET_REPAIR, "held": [DPW], "do": "preview"}))
    assert "This person finds the workflow in their feed." in some
    assert "can claim step 1" in some
    assert "closed: asks for" in some


def test_draft_is_kept_opened_saved_by_itself_and_deleted(desk: Desk) -> None:
    proposer = visit(desk, "proposer")
    saved = proposer.post(NEW, {"title": "Half a", "time_zone": "UTC", "step-1-title": "First", "do": "save"})
    where = saved.headers["location"]
    assert where.startswith(f"{NEW}?draft=drf_")
    draft_id = where.rpartition("=")[2]
    assert value_of(proposer.get(where), "step-1-title") == "First"
    more = {"title": "Half a workflow", "time_zone": "UTC", "draft": draft_id}
    partial = (
        ("Origin", "http://127.0.0.1:8000"), ("Sec-Fetch-Site", "same-origin"), ("HX-Request-Type", "partial"),
    )  # fmt: skip
    line = proposer.post("/proposer/drafts", more, headers=partial)
    assert "Draft saved at" in text_of(line)
    assert value_of(line, "draft") == draft_id
    assert "Half a workflow" in text_of(proposer.get("/proposer"))
    other = visit(desk, "admin")
    assert other.get(where).status == 404
    assert proposer.post(f"/proposer/drafts/{draft_id}/delete").status == 303
    assert "Half a workflow" not in text_of(proposer.get("/proposer"))
    again = proposer.post(NEW, {**more, "do": "save"})
    assert again.status == 303, "what is typed is kept although its draft was deleted meanwhile"
    proposer.post(f"/proposer/drafts/{again.headers['location'].rpartition('=')[2]}/delete")


def test_submitting_ends_the_draft_and_shows_the_workflow(desk: Desk) -> None:
    proposer = visit(desk, "proposer")
    where = proposer.post(NEW, {**STREET_REPAIR, "do": "save"}).headers["location"]
    done = proposer.post(NEW, {**STREET_REPAIR, "draft": where.rpartition("=")[2], "do": "submit"})
    page = proposer.get(done.headers["location"])
    said = text_of(page)
    for words in ("Street Repair Project", "Assess damage", "5,000 units", "0 of 2 needed", "You proposed this"):
        assert words in said
    assert proposer.get(where).status == 404
    own = text_of(proposer.get("/proposer?status=pending"))
    assert "Street Repair Project" in own
    assert "None of your workflows is in this state." in text_of(proposer.get("/proposer?status=expired"))
    again = proposer.get(f"{NEW}?like={done.headers['location'].rpartition('/')[2]}")
    assert value_of(again, "step-2-title") == "Verify repair quality"
    assert value_of(again, "step-1-item-1-title") == "Photo of the damage"


def test_markup_in_a_title_is_text(desk: Desk) -> None:
    path = propose(desk, title="<script>alert(1)</script>", **{"step-1-title": "<b>x</b>"})
    for page in (visit(desk, "proposer").get(path), visit(desk, "voter").get("/workflows")):
        assert b"<script>alert(1)" not in page.body
        assert b"<b>x</b>" not in page.body


def test_what_waits_is_taken_back_after_its_effect_was_shown(desk: Desk) -> None:
    path = propose(desk, title="Taken back")
    proposer = visit(desk, "proposer")
    assert "Takes the proposal back for good" in text_of(proposer.get(f"{path}/withdraw"))
    assert proposer.post(f"{path}/withdraw").headers["location"] == "/proposer"
    assert proposer.get(path).status == 404


# -- who sees what ---------------------------------------------------------------------------------


def test_pages_ask_for_their_roles(desk: Desk) -> None:
    path = propose(desk)
    improver, proposer, voter = (visit(desk, name) for name in ("improver", "proposer", "voter"))
    for closed in ("/proposer", NEW, "/workflows", path, "/admin/desk/workflows", "/admin/desk/payouts"):
        assert improver.get(closed).status == 403, closed
    assert voter.get("/proposer").status == 403
    assert voter.get("/workflows").status == 200
    assert proposer.get("/workflows").status == 200
    assert proposer.get("/admin/desk/payouts").status == 403
    for act in ("force", "fail"):
        assert proposer.get(f"{path}/{act}").status == 403
        assert voter.post(f"{path}/{act}", {"reason": "x"}).status == 403


def test_another_proposers_workflow_looks_like_none(desk: Desk) -> None:
    path = propose(desk)
    desk.add("rival", AccountRole.PROPOSER)
    rival = visit(desk, "rival")
    assert rival.get(path).status == 404
    assert rival.get(f"{NEW}?like={path.rpartition('/')[2]}").status == 404
    assert "Street Repair Project" not in text_of(rival.get("/workflows?status=all"))


# -- votes -----------------------------------------------------------------------------------------


def test_voters_decide_and_may_not_vote_after_the_end(desk: Desk) -> None:
    path = propose(desk, title="Voted on")
    first, second, third = (visit(desk, name) for name in ("voter", "second-voter", "third-voter"))
    assert "Voted on" in text_of(first.get("/workflows"))
    assert first.post(f"{path}/vote", {}).status == 422
    assert first.post(f"{path}/vote", {"decision": "approve", "comment": "Needed since spring."}).status == 303
    page = text_of(second.get(path))
    assert "1 of 2 needed" in page
    assert "Needed since spring." in page
    for voter in (second, third):
        assert voter.post(f"{path}/vote", {"decision": "approve"}).status == 303
    decided = text_of(first.get(path))
    assert "More than half of all voters were of one opinion." in decided
    late = visit(desk, "doubled").post(f"{path}/vote", {"decision": "deny", "comment": "No"})
    assert late.status == 409
    assert "You sent a vote against it; meanwhile it is in the state “Approved”." in text_of(late)
    assert "Voted on" in text_of(first.get("/workflows?status=approved"))


def test_countdown_is_shown_once_the_quorum_is_there(desk: Desk) -> None:
    path = propose(desk, title="Split")
    visit(desk, "voter").post(f"{path}/vote", {"decision": "approve"})
    visit(desk, "second-voter").post(f"{path}/vote", {"decision": "deny"})
    said = text_of(visit(desk, "third-voter").get(path))
    assert "2 of 2 needed" in said
    assert "Counted on" in said
    assert "Expires on" not in said


def test_own_proposal_is_marked_and_not_voted_on(desk: Desk) -> None:
    path = propose(desk, "doubled", title="Of my own")
    own = visit(desk, "doubled")
    assert "You proposed this, so you do not vote." in text_of(own.get(path))
    assert "Yours" in text_of(own.get("/workflows"))
    assert own.post(f"{path}/vote", {"decision": "approve"}).status == 422


def test_change_shows_old_and_new_and_is_approved(desk: Desk) -> None:
    path = open_workflow(desk, title="Weekly round", recurrence="weekly", start_day="2027-01-04")
    proposer = visit(desk, "proposer")
    edit = f"/proposer{path}/edit"
    assert value_of(proposer.get(edit), "step-1-title") == "Assess damage"
    sheet = {**STREET_REPAIR, "title": "Weekly round", "recurrence": "weekly", "step-1-bounty": "6000"}
    assert proposer.post(edit, {**sheet, "do": "submit"}).status == 422
    done = proposer.post(edit, {**sheet, "reason": "Prices rose.", "do": "submit"})
    assert done.status == 303, text_of(done)
    voter = visit(desk, "voter")
    listed = voter.get("/workflows?kind=changes")
    href = re.search(r'href="(/workflows/proposals/prp_[a-z2-7]+)"', listed.body.decode())
    assert href is not None
    said = text_of(voter.get(href[1]))
    for words in ("Prices rose.", "Bounty: 5000", "Bounty: 6000", "What stays"):
        assert words in said
    assert href[1] in voter.get(path).body.decode(), "the workflow's own page leads there"
    again = proposer.post(edit, {**sheet, "reason": "Once more.", "do": "submit"})
    assert again.status == 409
    for name in ("voter", "second-voter", "third-voter"):
        assert visit(desk, name).post(f"{href[1]}/vote", {"decision": "approve"}).status == 303
    assert "Approved" in text_of(proposer.get(href[1]))


def test_deletion_is_proposed_and_forced(desk: Desk) -> None:
    path = open_workflow(desk, title="Not needed")
    proposer, admin = visit(desk, "proposer"), visit(desk, "admin")
    assert proposer.post(f"{path}/deletion", {"target_type": "workflow"}).status == 422
    made = proposer.post(f"{path}/deletion", {"target_type": "workflow", "reason": "The street is gone."})
    change = made.headers["location"]
    assert "Deletes this instance" in text_of(admin.get(change))
    assert "Carries it out at once" in text_of(admin.get(f"{change}/force"))
    assert admin.post(f"{change}/force", {"reason": "Agreed by all."}).status == 303
    assert admin.get(path).status == 404


# -- governing -------------------------------------------------------------------------------------


def test_admin_forces_with_a_reason_and_the_effect_is_shown(desk: Desk) -> None:
    path = propose(desk, title="Urgent")
    admin = visit(desk, "admin")
    assert "Approves it at once" in text_of(admin.get(f"{path}/force"))
    assert admin.post(f"{path}/force", {}).status == 422
    assert admin.post(f"{path}/force", {"reason": "Ice on the road."}).status == 303
    said = text_of(visit(desk, "proposer").get(path))
    assert "An admin approved it without the voters." in said
    assert "Ice on the road." in said
    assert admin.post(f"{path}/force", {"reason": "Again."}).status == 409


def test_reviewers_see_what_rests_on_a_grant(desk: Desk) -> None:
    path = open_workflow(desk, title="Relied on", **{"step-1-bounty": "0"})
    holder = f"/issuer/holders/{desk.ids['improver']}"
    assert "Steps that depend on these grants" not in text_of(visit(desk, "issuer").get(holder))
    desk.done("issuer", "POST", "/issuers/credentials", {"user_id": desk.ids["improver"], "credential_type": DPW})
    step_id = steps_of(desk, path)[0][0]
    claim = f"/improvers/workflows/{path.rpartition('/')[2]}/steps/{step_id}/claim"
    desk.done("improver", "POST", claim, {})
    answer = visit(desk, "issuer").get(holder)
    said = text_of(answer)
    assert "Steps that depend on these grants" in said
    assert "Relied on" in said
    assert path not in answer.body.decode(), "issuers have no page of a workflow"
    assert f'href="{path}"' in visit(desk, "admin").get(holder).body.decode()
    body = desk.done("issuer", "GET", f"/issuers/users/{desk.ids['improver']}")
    assert [(one["total"], [step["step_id"] for step in one["steps"]]) for one in body["dependent_work"]] == [
        (1, [step_id])
    ]
    counted = desk.done("issuer", "GET", f"/issuers/metrics?credential_type={DPW}")[0]["steps_completed"]
    for act in ("start", "complete"):
        desk.done("improver", "POST", f"{claim.removesuffix('claim')}{act}", {})
    assert desk.done("issuer", "GET", f"/issuers/users/{desk.ids['improver']}")["dependent_work"] == []
    desk.served.clock.move(seconds=1)
    (row,) = desk.done("issuer", "GET", f"/issuers/metrics?credential_type={DPW}")
    assert row["steps_completed"] == counted + 1
    assert "Steps completed" in text_of(visit(desk, "issuer").get("/analytics"))


def test_admin_claims_releases_and_ends(desk: Desk) -> None:
    path = open_workflow(desk, title="Governed")
    admin = visit(desk, "admin")
    step_id = steps_of(desk, path)[0][0]
    assert "Gives you the workflow role “Damage assessor” with 1 step" in text_of(
        admin.get(f"{path}/steps/{step_id}/claim")
    )
    assert admin.post(f"{path}/steps/{step_id}/claim", {"reason": "Nobody else is there."}).status == 303
    page = text_of(admin.get(path))
    assert "An admin's override" in page
    assert "Nobody else is there." in page
    assert "Nobody else is there." in text_of(visit(desk, "proposer").get(path))
    assert "Nobody else is there." not in text_of(visit(desk, "voter").get(path))
    assert "Takes 1 step from Desk-Admin" in text_of(admin.get(f"{path}/steps/{step_id}/release"))
    assert steps_of(desk, path)[0][1] == "available", "looking at an effect changes nothing"
    assert admin.post(f"{path}/steps/{step_id}/release").status == 303
    assert "released by an admin" in text_of(admin.get(path)) or "given up" in text_of(admin.get(path))
    assert "Ends this instance: 0 steps" in text_of(admin.get(f"{path}/fail"))
    assert admin.post(f"{path}/fail", {"reason": "The street is closed."}).status == 303
    said = text_of(admin.get(path))
    assert "The street is closed." in said
    assert "Governed" in text_of(admin.get("/admin/desk/workflows?status=failed&q=govern"))
    assert "No workflow matches." in text_of(admin.get("/admin/desk/workflows?q=nothing-like-it"))


def test_payouts_are_listed_exported_settled_and_given_up(desk: Desk) -> None:
    path = open_workflow(desk, title="Paid work", **{"role-1-needs": [], "role-2-needs": []})
    worker, checker = desk.improver("worker") and "worker", desk.improver("payee") and "payee"
    workflow_id = path.rpartition("/")[2]
    for who, (step_id, _) in zip((worker, checker), steps_of(desk, path), strict=True):
        base = f"/improvers/workflows/{workflow_id}/steps/{step_id}"
        desk.done(who, "POST", f"{base}/claim", {})
        desk.done(who, "POST", f"{base}/start", {})
        desk.done(who, "POST", f"{base}/complete", {"items": []})
    admin = visit(desk, "admin")
    listed = text_of(admin.get("/admin/desk/payouts"))
    for words in ("Sealwright moves no money.", "Worker", "Assess damage", "5,000", "2 payouts are owed or failed."):
        assert words in listed
    file = admin.post("/admin/desk/payouts/export")
    assert file.headers["content-type"].startswith("text/csv")
    assert "Assess damage" in file.body.decode("utf-8-sig")
    assert "2 payouts" in text_of(admin.get("/admin/desk/payouts?status=exported"))
    with desk.served.office.units(write=False) as uow:
        first, second = uow.payouts.list(PayoutFilter(workflow_id=workflow_id), page=1, count=10).items
    base = "/admin/desk/payouts"
    assert "That is final." in text_of(admin.get(f"{base}/{first.payout_id}/settle"))
    assert admin.post(f"{base}/{first.payout_id}/settle", {"reference": "TR-17"}).status == 303
    assert admin.post(f"{base}/{second.payout_id}/void", {}).status == 422
    assert admin.post(f"{base}/{second.payout_id}/void", {"reason": "Paid twice."}).status == 303
    late = admin.post(f"{base}/{second.payout_id}/settle", {"reference": "TR-18"})
    assert late.status == 409
    assert "This payout is in the state “Void”" in text_of(late)
    assert "TR-17" in text_of(admin.get(f"{base}?status=settled"))
    assert "No payout is in this state." in text_of(admin.get(f"{base}?status=failed"))
    assert "Paid out" in text_of(admin.get(path))


def test_claims_on_a_series_are_shown_and_revoked(desk: Desk) -> None:
    path = open_workflow(desk, title="Daily round", recurrence="daily", **{"role-1-needs": [], "role-2-needs": []})
    desk.improver("walker")
    workflow_id = path.rpartition("/")[2]
    desk.done("walker", "POST", f"/improvers/workflows/{workflow_id}/steps/{steps_of(desk, path)[0][0]}/claim", {})
    admin = visit(desk, "admin")
    href = re.search(r'href="(/admin/desk/series/ser_[a-z2-7]+)"', admin.get(path).body.decode())
    assert href is not None
    assert "Walker" in text_of(admin.get(href[1]))
    claim = f"{href[1]}/claims/{desk.ids['walker']}"
    assert "takes 1 step that has not begun" in text_of(admin.get(claim))
    assert admin.post(claim, {}).status == 422
    assert admin.post(claim, {"reason": "Moved away."}).status == 303
    assert "Nobody has a claim on later instances" in text_of(admin.get(href[1]))
    assert admin.post(claim, {"reason": "Again."}).status == 409


def test_proposer_finds_the_way_to_one_workflow(desk: Desk) -> None:
    path = propose(desk)
    visitor: PageVisitor = visit(desk, "proposer")
    assert visitor.get(f"/proposer{path}").headers["location"] == path
