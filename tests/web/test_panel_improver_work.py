"""The feed and the work: what opens it, claiming, handing in with photos, giving back, and what a loss leaves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.recurrence import Recurrence
from sealwright.domain.workflow_plans import PlannedRole, PlannedStep, WorkflowPlan
from sealwright.domain.workflows import StepStatus, Workflow
from tests.support.office import the_operator
from tests.web.desk import DPW, SFLUV, Desk
from tests.web.page_client import PageVisitor, text_of
from tests.web.panel_desk import panel_desk, visit
from tests.web.panel_work import PNG, STREET, grant, opened, qualified, revoke

SWEEP = WorkflowPlan(
    title="Sweep the harbor steps",
    roles=(PlannedRole("sweeper", "Sweeper", (DPW,)),),
    steps=(PlannedStep("Sweep", "sweeper", bounty=10),),
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with panel_desk(tmp_path_factory.mktemp("office")) as one:
        yield one


def stored(desk: Desk, workflow: Workflow) -> Workflow:
    with desk.served.office.units(write=False) as uow:
        found = uow.workflows.get(workflow.workflow_id)
    assert found is not None
    return found


def path_of(workflow: Workflow, order: int | None = None, act: str = "") -> str:
    path = f"/improver/workflows/{workflow.workflow_id}"
    return path if order is None else f"{path}/steps/{workflow.steps[order - 1].step_id}/{act}"


def claim(visitor: PageVisitor, workflow: Workflow, order: int = 1) -> None:
    answer = visitor.post(f"{path_of(workflow)}/claim", {"step": workflow.steps[order - 1].step_id})
    assert (answer.status, answer.headers["location"]) == (303, "/improver/steps"), text_of(answer)


def hand_in(visitor: PageVisitor, workflow: Workflow) -> None:
    fields = [("words.1", "Two meters wide."), ("choice.2", "small")]
    answer = visitor.send(path_of(workflow, 1, "complete"), fields, [("photos.0", "hole.png", PNG)])
    assert (answer.status, answer.headers["location"]) == (303, "/improver/steps"), text_of(answer)


def test_feed_shows_nothing_without_credentials_and_says_what_would_open_more(desk: Desk) -> None:
    workflow = opened(desk)
    qualified(desk, "ana")
    page = visit(desk, "ana").get("/improver")
    said = text_of(page)
    assert workflow.title not in said
    assert workflow.workflow_id not in page.body.decode()
    assert "No work is open to you now. Credentials open it." in said
    assert "Why not more?" in said
    assert re.search(r"would open 1 more workflow\.", said)
    assert f'href="/improver/requests/new/{DPW}"' in page.body.decode()


def test_what_was_asked_for_already_is_named_as_such(desk: Desk) -> None:
    opened(desk)
    desk.improver("asker")
    request = desk.request("asker")
    page = visit(desk, "asker").get("/improver").body.decode()
    assert f'href="/improver/requests/{request["id"]}"' in page.partition("Why not more?")[2]


def test_hidden_and_missing_workflows_look_alike(desk: Desk) -> None:
    workflow = opened(desk)
    qualified(desk, "ben")
    ben = visit(desk, "ben")
    hidden, missing = ben.get(path_of(workflow)), ben.get("/improver/workflows/wfl_nothing")
    assert (hidden.status, missing.status) == (404, 404)
    assert _without_ids(text_of(hidden)) == _without_ids(text_of(missing))
    assert ben.get(path_of(workflow, 1, "release")).status == 404
    assert ben.send(path_of(workflow, 1, "complete"), []).status == 404


def _without_ids(text: str) -> str:
    return re.sub(r"\b[0-9a-z-]{26,36}\b", "", text)


def test_feed_card_says_all_that_matters_and_is_claimed(desk: Desk) -> None:
    workflow = opened(desk, title="Mend Pier Street")
    qualified(desk, "cleo", DPW)
    cleo = visit(desk, "cleo")
    said = text_of(cleo.get("/improver"))
    for words in (
        "Mend Pier Street", "Repair the potholes on Main Street.", "Damage assessor", "Step 1 of 3", "Assess damage",
        "Ready to start", "Repair pothole", "Not open yet", "5,200 units", "Claim 2 steps",
    ):  # fmt: skip
        assert words in said
    assert "Verify repair quality" not in said
    claim(cleo, workflow)
    steps = text_of(cleo.get("/improver/steps"))
    for words in ("Yours now: Assess damage, Repair pothole", "Damage assessor", "Depends on:", "Valid", "Start"):
        assert words in steps
    assert "Can be started once step 1 is completed." in steps
    assert "Mend Pier Street" not in text_of(cleo.get("/improver"))


def test_second_claim_is_told_that_somebody_was_faster(desk: Desk) -> None:
    workflow = opened(desk, title="Mend Mill Lane")
    qualified(desk, "dora", DPW)
    qualified(desk, "eric", DPW)
    claim(visit(desk, "dora"), workflow)
    late = visit(desk, "eric").post(f"{path_of(workflow)}/claim", {"step": workflow.steps[0].step_id})
    assert late.status == 409
    assert "Somebody else was faster" in text_of(late)


def test_claim_without_the_credentials_names_them(desk: Desk) -> None:
    workflow = opened(desk)
    qualified(desk, "finn")
    refused = visit(desk, "finn").post(f"{path_of(workflow)}/claim", {"step": workflow.steps[0].step_id})
    assert refused.status == 422
    assert "of which you hold no valid grant now" in text_of(refused)


def test_one_person_takes_one_role(desk: Desk) -> None:
    workflow = opened(desk)
    qualified(desk, "gina", DPW, SFLUV)
    gina = visit(desk, "gina")
    claim(gina, workflow)
    other = gina.post(f"{path_of(workflow)}/claim", {"step": workflow.steps[2].step_id})
    assert other.status == 409
    assert "one person takes one" in text_of(other)


def test_work_is_started_and_handed_in_with_a_photo(desk: Desk) -> None:
    workflow = opened(desk, title="Mend Dock Road")
    qualified(desk, "hugo", DPW)
    hugo = visit(desk, "hugo")
    claim(hugo, workflow)
    started = hugo.post(path_of(workflow, 1, "start"))
    assert (started.status, started.headers["location"]) == (303, f"{path_of(workflow)}#step-1")
    page = hugo.get(path_of(workflow))
    body = page.body.decode()
    assert 'type="file"' in body
    assert 'accept="image/jpeg,image/png,image/webp"' in body
    for words in ("Photo of the damage", "At least 1 photo.", "How bad is it?", "Asked for with: Large", "Complete"):
        assert words in text_of(page)
    hand_in(hugo, workflow)
    done = stored(desk, workflow).steps[0]
    assert done.status is StepStatus.COMPLETED
    assert done.submission is not None
    assert [len(one.photo_ids) for one in done.submission.items] == [1, 0, 0]
    steps = hugo.get("/improver/steps")
    for words in ("Handed in: Assess damage", "Owed", "5,000 units", "What you handed in", "Two meters wide.", "Small"):
        assert words in text_of(steps)
    photo = re.search(r'href="(/attachments/[^"]+)"', steps.body.decode())
    assert photo is not None
    assert hugo.get(photo[1]).status == 200


def test_what_is_missing_is_told_at_its_field_and_nothing_typed_or_taken_is_lost(desk: Desk) -> None:
    workflow = opened(desk)
    qualified(desk, "ilse", DPW)
    ilse = visit(desk, "ilse")
    claim(ilse, workflow)
    ilse.post(path_of(workflow, 1, "start"))
    complete = path_of(workflow, 1, "complete")
    first = ilse.send(complete, [("words.1", ""), ("choice.2", "large")], [("photos.0", "hole.png", PNG)])
    assert first.status == 422
    body = first.body.decode()
    assert 'href="#f-words-1"' in body
    assert 'href="#f-words-2"' in body
    kept = re.search(r'name="kept\.0" value="([^"]+)" checked', body)
    assert kept is not None
    assert re.search(r'value="large" checked', body)
    second = ilse.send(complete, [("words.1", "Deep."), ("choice.2", "small"), ("kept.0", kept[1]), ("words.2", "x")])
    assert second.status == 422
    assert "With this answer no words are asked for" in text_of(second)
    third = ilse.send(complete, [("words.1", "Deep."), ("choice.2", "small")])
    assert third.status == 422
    assert 'href="#f-photos-0"' in third.body.decode()
    good = ilse.send(complete, [("words.1", "Deep."), ("choice.2", "small"), ("kept.0", kept[1])])
    assert good.status == 303


def test_photos_can_be_added_before_the_rest_and_only_pictures_are_taken(desk: Desk) -> None:
    workflow = opened(desk)
    qualified(desk, "jo", DPW)
    jo = visit(desk, "jo")
    claim(jo, workflow)
    jo.post(path_of(workflow, 1, "start"))
    complete = path_of(workflow, 1, "complete")
    added = jo.send(complete, [("words.1", "Half done"), ("keep", "1")], [("photos.0", "one.png", PNG)])
    assert added.status == 200
    assert "one.png" in text_of(added)
    assert "Half done" in added.body.decode()
    assert stored(desk, workflow).steps[0].status is StepStatus.IN_PROGRESS
    pdf = jo.send(complete, [("keep", "1")], [("photos.0", "plan.pdf", b"%PDF-1.4\n%%EOF")])
    assert pdf.status == 422
    assert "Only pictures are taken here" in text_of(pdf)


def test_not_possible_needs_a_reason_and_ends_the_workflow(desk: Desk) -> None:
    workflow = opened(desk)
    qualified(desk, "kai", DPW)
    kai = visit(desk, "kai")
    claim(kai, workflow)
    kai.post(path_of(workflow, 1, "start"))
    bare = kai.post(path_of(workflow, 1, "not-possible"), {"reason": ""})
    assert bare.status == 422
    assert 'href="#f-reason"' in bare.body.decode()
    assert kai.post(path_of(workflow, 1, "not-possible"), {"reason": "The street is closed."}).status == 303
    assert stored(desk, workflow).status.value == "completed"
    assert "It was not possible. The street is closed." in text_of(kai.get("/improver/steps"))


def test_giving_back_is_asked_first_and_opens_it_to_others(desk: Desk) -> None:
    workflow = opened(desk, title="Mend Canal Street")
    qualified(desk, "lena", DPW)
    lena = visit(desk, "lena")
    claim(lena, workflow)
    release = path_of(workflow, 1, "release")
    asked = text_of(lena.get(release))
    assert "Will give back these 2 steps" in asked
    assert "Assess damage, Repair pothole" in asked
    assert lena.post(release).status == 303
    assert "Mend Canal Street" in text_of(lena.get("/improver"))
    assert lena.get(release).status == 404


def test_giving_back_stands_in_a_dialog_where_scripts_run(desk: Desk) -> None:
    workflow = opened(desk, title="Mend Ferry Road")
    qualified(desk, "lars", DPW)
    lars = visit(desk, "lars")
    claim(lars, workflow)
    release = path_of(workflow, 1, "release")
    partial = [("HX-Request-Type", "partial"), ("HX-Target", "dialog")]
    sheet = lars.get(release, headers=partial).body.decode()
    assert "<main" not in sheet
    assert 'id="dialog-title"' in sheet
    origin = [("Origin", "http://127.0.0.1:8000"), ("Sec-Fetch-Site", "same-origin")]
    done = lars.post(release, headers=[*partial, *origin])
    assert done.status == 200
    assert "sealwright:saved" in done.headers["hx-trigger"]
    region = lars.get("/improver/steps", headers=[("HX-Request-Type", "partial")]).body.decode()
    assert "<main" not in region
    assert "You have nothing to do now." in region


def test_starting_a_step_that_is_not_yours_is_told_in_place(desk: Desk) -> None:
    workflow = opened(desk)
    qualified(desk, "mia", DPW)
    mia = visit(desk, "mia")
    refused = mia.post(path_of(workflow, 1, "start"))
    assert refused.status == 422
    assert "This step is not yours, or not any more." in text_of(refused)


def test_revocation_leaves_what_was_started_and_says_so(desk: Desk) -> None:
    workflow = opened(desk, title="Mend Quay Street")
    qualified(desk, "nils", DPW)
    nils = visit(desk, "nils")
    claim(nils, workflow)
    nils.post(path_of(workflow, 1, "start"))
    revoke(desk, "nils")
    for path in ("/improver", "/improver/steps", path_of(workflow)):
        said = text_of(nils.get(path))
        assert "was revoked on" in said, path
        assert "Program ended." in said
        assert "These steps stay yours to finish: Assess damage" in said
    assert "Claim" not in text_of(nils.get("/improver")).partition("Why not more?")[0]
    hand_in(nils, workflow)
    steps = text_of(nils.get("/improver/steps"))
    assert "Owed" in steps


def test_loss_of_work_not_begun_is_told_too(desk: Desk) -> None:
    later = desk.served.clock.now() + timedelta(days=3)
    workflow = opened(desk, title="Mend Hill Street", start_at=later)
    qualified(desk, "olga", DPW)
    olga = visit(desk, "olga")
    claim(olga, workflow)
    assert "Can be started" in text_of(olga.get("/improver/steps"))
    revoke(desk, "olga")
    said = text_of(olga.get("/improver/steps"))
    assert "No step of yours depends on it now." in said
    assert "You have nothing to do now." in said
    assert olga.get(path_of(workflow)).status == 404
    grant(desk, "olga")
    again = text_of(olga.get("/improver"))
    assert "was revoked on" not in again.partition("My credentials")[0]
    assert "Mend Hill Street" in again


def test_payout_is_asked_for_once(desk: Desk) -> None:
    workflow = opened(desk, title="Mend Park Street")
    qualified(desk, "paul", DPW)
    paul = visit(desk, "paul")
    claim(paul, workflow)
    paul.post(path_of(workflow, 1, "start"))
    hand_in(paul, workflow)
    assert "Ask for payout" in text_of(paul.get(path_of(workflow)))
    assert paul.post(path_of(workflow, 1, "payout-request")).status == 303
    said = text_of(paul.get("/improver/steps/done"))
    assert "You asked for it on" in said
    assert "Ask for payout" not in said


def test_series_claims_and_absences_stand_under_my_steps(desk: Desk) -> None:
    workflow = opened(desk, SWEEP, recurrence=Recurrence.WEEKLY)
    qualified(desk, "quin", DPW)
    quin = visit(desk, "quin")
    answer = quin.post(f"{path_of(workflow)}/claim", {"step": workflow.steps[0].step_id})
    assert answer.status == 303
    said = text_of(quin.get("/improver/steps"))
    for words in ("Yours now, and in every later round", "In every round", "Every week", "Unclaim", "Add an absence"):
        assert words in said
    form = quin.get("/improver/absences/new").body.decode()
    what = re.search(r'<option value="([^"]+)"', form)
    assert what is not None
    day = desk.served.clock.now().date() + timedelta(days=20)
    wrong = {"what": what[1], "first": day.isoformat(), "last": (day - timedelta(days=1)).isoformat()}
    bad = quin.post("/improver/absences/new", wrong)
    assert bad.status == 422
    assert "The last day lies before the first." in text_of(bad)
    good = {**wrong, "last": (day + timedelta(days=2)).isoformat()}
    assert quin.post("/improver/absences/new", good).status == 303
    with desk.served.office.units(write=False) as uow:
        [absence] = uow.series.absences_of(desk.ids["quin"])
    assert (absence.absent_until - absence.absent_from) == timedelta(days=3)
    changed = {**good, "last": day.isoformat()}
    assert quin.post(f"/improver/absences/{absence.absence_id}", changed).status == 303
    page = quin.get(f"/improver/absences/{absence.absence_id}").body.decode()
    assert page.count(f'value="{day.isoformat()}"') == 2
    assert quin.post(f"/improver/absences/{absence.absence_id}/remove").status == 303
    assert quin.get(f"/improver/absences/{absence.absence_id}").status == 404


def test_absence_gives_back_what_begins_in_it_and_refuses_its_claim(desk: Desk) -> None:
    workflow = opened(desk, SWEEP, title="Sweep the pier", recurrence=Recurrence.MONTHLY)
    qualified(desk, "ruth", DPW)
    ruth = visit(desk, "ruth")
    claim(ruth, workflow)
    today = desk.served.clock.now().date().isoformat()
    away = {"what": f"{workflow.series_id}:1", "first": today, "last": today}
    assert ruth.post("/improver/absences/new", away).status == 303
    assert stored(desk, workflow).steps[0].assigned_to is None
    refused = ruth.post(f"{path_of(workflow)}/claim", {"step": workflow.steps[0].step_id})
    assert refused.status == 409
    assert "You are away then" in text_of(refused)


def test_suspension_closes_the_door_and_says_that_it_may_open_again(desk: Desk) -> None:
    workflow = opened(desk, title="Mend Gull Lane")
    qualified(desk, "rolf", DPW)
    rolf = visit(desk, "rolf")
    claim(rolf, workflow)
    with desk.served.office.units(write=False) as uow:
        [held] = uow.grants.of_person(desk.ids["rolf"], status=None, now=desk.served.clock.now())
    office, reason = desk.served.office, "Training is being checked."
    office.acts.run(the_operator(office), lambda uow, me: office.granting.suspend(uow, me, held.grant_id, reason))
    for path in ("/improver", "/improver/steps"):
        said = text_of(rolf.get(path))
        assert "is suspended." in said
        assert "nothing of it can be started until the suspension is lifted: Assess damage" in said
    refused = rolf.post(path_of(workflow, 1, "start"))
    assert refused.status == 422
    assert "of which you hold no valid grant now" in text_of(refused)


def test_unclaiming_says_what_goes_back_and_does_it(desk: Desk) -> None:
    workflow = opened(desk, SWEEP, title="Sweep the market", recurrence=Recurrence.DAILY)
    qualified(desk, "rosa", DPW)
    rosa = visit(desk, "rosa")
    rosa.post(f"{path_of(workflow)}/claim", {"step": workflow.steps[0].step_id})
    path = f"/improver/series/{workflow.series_id}/unclaim"
    asked = text_of(rosa.get(f"{path}?step=1"))
    assert "1 step that you have not begun goes back." in asked
    assert "Sweep the market" in asked
    assert rosa.post(path, {"step": "1"}).status == 303
    assert "Sweep the market" not in text_of(rosa.get("/improver/steps"))
    assert rosa.post(path, {"step": "1"}).status == 409


def test_admins_see_all_and_are_offered_nothing(desk: Desk) -> None:
    workflow = opened(desk, title="Mend Court Street")
    admin = visit(desk, "admin")
    page = text_of(admin.get("/improver?count=100"))
    assert "Mend Court Street" in page
    assert "Claim" not in page.partition("My credentials")[0].replace("Why not more?", "")
    assert admin.get(path_of(workflow)).status == 200


def test_lists_are_paged(desk: Desk) -> None:
    qualified(desk, "sven", DPW)
    for number in range(21):
        opened(desk, SWEEP, title=f"Round {number}")
    sven = visit(desk, "sven")
    first = sven.get("/improver").body.decode()
    assert 'rel="next"' in first
    assert first.count('class="card job"') == 20
    assert sven.get("/improver?page=2").status == 200
    refused = sven.post("/improver/workflows/wfl_nothing/claim", {"step": ""})
    assert refused.status == 422
    assert 'href="/improver?page=2"' in refused.body.decode()


def test_markup_in_a_workflow_is_text(desk: Desk) -> None:
    plan = replace(STREET, title="<b>Bold</b> & \u05e9\u05dc\u05d5\u05dd", description="<script>alert(1)</script>")
    workflow = opened(desk, plan)
    qualified(desk, "tara", DPW)
    tara = visit(desk, "tara")
    claim(tara, workflow)
    for path in ("/improver/steps", path_of(workflow), path_of(workflow, 1, "release")):
        body = tara.get(path).body.decode()
        assert "<b>Bold</b>" not in body
        assert "<script>alert" not in body
        assert "&lt;b&gt;Bold" in body
