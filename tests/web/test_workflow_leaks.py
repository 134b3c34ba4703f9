"""Workflows that somebody may not see are not there for them: no answer, total or refusal tells of one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from sealwright.domain.people import AccountRole
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, serve
from tests.web.desk import DPW, SFLUV, Desk, fresh, furnish_desk
from tests.web.prepared_workflows import absence, photo, with_photo
from tests.web.test_desk_leaks import told
from tests.web.work import (
    ABSENCES,
    ADMIN,
    FEED,
    MISSING,
    NO_STEP,
    PROPOSERS,
    VOTERS,
    acted,
    deletion_proposed,
    edit_proposed,
    holding,
    on_step,
    opened,
    owed,
    proposed,
    step_path,
    voted,
)

SECRET: Final = "Xylophone"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with serve(tmp_path_factory.mktemp("leaks"), **NO_LIMITS) as served:
        yield furnish_desk(served)


@pytest.fixture(scope="module")
def hidden(desk: Desk) -> Any:
    """An open workflow for holders of a credential that `improver` lacks."""
    return opened(desk, DPW, title=SECRET)


def alike(desk: Desk, who: str, method: str, path: str, there: str, missing: str, body: Any = None) -> Answer:
    """Call the same for what is there and for what is not; gives the answer, which is the same for both."""
    size = desk.served.audit_size()
    answers = [
        desk.call(who, method, path.format(one), {**body, **_naming(body, one)} if body is not None else None)
        for one in (there, missing)
    ]
    assert told(answers[0], there) == told(answers[1], missing)
    assert desk.served.audit_size() == size
    return answers[0]


def _naming(body: dict[str, Any], one: str) -> dict[str, str]:
    return {name: one for name, value in body.items() if value == "{}"}


def test_a_hidden_workflow_is_like_a_missing_one(desk: Desk, hidden: Any) -> None:
    answer = alike(desk, "improver", "GET", f"{FEED}/{{}}", hidden["id"], MISSING)
    assert (answer.status, answer.code) == (404, "WORKFLOW_NOT_FOUND")
    for status in ("pending", "rejected"):
        one = proposed(desk) if status == "pending" else voted(desk, "deny")
        assert alike(desk, "improver", "GET", f"{FEED}/{{}}", one["id"], MISSING).code == "WORKFLOW_NOT_FOUND"


def test_the_feed_leaves_the_hidden_out(desk: Desk, hidden: Any) -> None:
    name = fresh(desk)
    before = desk.done(name, "GET", FEED)
    assert hidden["id"] not in {one["id"] for one in before["workflows"]}
    opened(desk, SFLUV, title=SECRET)
    after = desk.call(name, "GET", f"{FEED}?scope=claimable&count=100")
    assert SECRET.encode() not in after.body
    assert after.json()["total"] == before["total"]


def test_types_that_nobody_may_ask_for_open_nothing_in_words(desk: Desk) -> None:
    kind = {"value": "secret_guild", "label": "Secret guild", "visibility": "private"}
    desk.done("admin", "POST", "/admin/credential-types", kind)
    opened(desk, "secret_guild", who="admin")
    for one in (FEED, f"{FEED}?scope=claimable", "/improvers/feed"):
        assert b"secret_guild" not in desk.call(fresh(desk), "GET", one).body
    refused = desk.call("proposer", "GET", f"{PROPOSERS}/qualified?credential_type=secret_guild")
    missing = desk.call("proposer", "GET", f"{PROPOSERS}/qualified?credential_type=not_a_type_at")
    assert told(refused, "secret_guild") == told(missing, "not_a_type_at")
    assert refused.code == "UNKNOWN_CREDENTIAL_TYPE"


@pytest.mark.parametrize("act", ["claim", "start", "complete", "release", "payout-request"])
def test_steps_before_approval_are_like_missing_ones(desk: Desk, act: str) -> None:
    waiting = proposed(desk)
    path = f"{FEED}/{waiting['id']}/steps/{{}}/{act}"
    for who in ("improver", "admin"):
        answer = alike(desk, who, "POST", path, waiting["steps"][0]["id"], NO_STEP, {})
        assert (answer.status, answer.code) == (404, "WORKFLOW_NOT_FOUND")


def test_a_step_is_found_in_its_own_workflow_alone(desk: Desk, hidden: Any) -> None:
    other = opened(desk)
    path = f"{FEED}/{other['id']}/steps/{{}}/claim"
    assert alike(desk, "improver", "POST", path, hidden["steps"][0]["id"], NO_STEP, {}).status == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{PROPOSERS}/{{}}", None),
        ("DELETE", f"{PROPOSERS}/{{}}", None),
        ("POST", f"{PROPOSERS}/{{}}/edit-proposals", {"title": "Mine", "reason": "r"}),
        ("POST", f"{PROPOSERS}/{{}}/edit-proposals", {"roles": [], "reason": "r"}),
        (
            "POST",
            f"{PROPOSERS}/{{}}/edit-proposals",
            {"steps": [{"title": "s", "role_client_id": "first"}], "reason": "r"},
        ),
        (
            "POST",
            "/proposers/workflow-deletion-proposals",
            {"workflow_id": "{}", "target_type": "workflow", "reason": "r"},
        ),
    ],
)
def test_another_proposers_workflow_is_like_a_missing_one(desk: Desk, method: str, path: str, body: Any) -> None:
    name = f"rival{len(desk.ids)}"
    desk.add(name, AccountRole.PROPOSER)
    for one in (proposed(desk), opened(desk, recurrence="weekly")):
        answer = alike(desk, name, method, path, one["id"], MISSING, body)
        assert answer.status in {404, 422}
    assert desk.done(name, "GET", PROPOSERS) == []
    assert desk.done(name, "GET", "/proposers/workflow-proposals") == []


def test_a_proposal_of_another_kind_is_like_a_missing_one(desk: Desk) -> None:
    edit, deletion = edit_proposed(desk)["id"], deletion_proposed(desk)["id"]
    missing = "prp_" + "a" * 26
    for kind, other in (("edit", deletion), ("deletion", edit)):
        vote = f"/voters/workflow-{kind}-proposals/{{}}/votes"
        assert alike(desk, "voter", "POST", vote, other, missing, {"decision": "approve"}).code == "NOT_FOUND"
        force = f"/admin/workflow-{kind}-proposals/{{}}/force-approve"
        assert alike(desk, "admin", "POST", force, other, missing, {"reason": "r"}).code == "NOT_FOUND"


def test_a_deleted_workflow_is_like_a_missing_one(desk: Desk) -> None:
    gone = voted(desk, "deny")["id"]
    assert desk.call("proposer", "DELETE", f"{PROPOSERS}/{gone}").status == 204
    for who, path in (
        ("proposer", f"{PROPOSERS}/{{}}"),
        ("voter", f"{VOTERS}/{{}}"),
        ("admin", f"{FEED}/{{}}"),
        ("admin", f"{ADMIN}/{{}}"),
    ):
        assert alike(desk, who, "GET", path, gone, MISSING).code == "WORKFLOW_NOT_FOUND"
    for who, path in (("proposer", PROPOSERS), ("voter", VOTERS), ("admin", ADMIN)):
        listed = desk.done(who, "GET", f"{path}?status=all&count=100")
        assert gone not in {one["id"] for one in listed}
    assert gone in {one["id"] for one in desk.done("admin", "GET", f"{ADMIN}?status=deleted")}


def test_absences_and_payouts_are_ones_own(desk: Desk) -> None:
    mine, other = fresh(desk), fresh(desk)
    kept = absence(desk, mine)
    assert desk.done(other, "GET", ABSENCES) == []
    missing = "abs_" + "a" * 26
    assert alike(desk, other, "DELETE", f"{ABSENCES}?id={{}}", kept["id"], missing).code == "WORKFLOW_NOT_FOUND"
    changed = {**kept, "id": "{}"}
    assert alike(desk, other, "PUT", ABSENCES, kept["id"], missing, changed).code == "WORKFLOW_NOT_FOUND"
    assert desk.done(mine, "GET", ABSENCES) == [kept]
    owed(desk, mine)
    assert desk.done(other, "GET", "/improvers/payouts") == []
    assert desk.call(other, "GET", "/improvers/payouts?view=page").json()["total"] == 0


def test_what_was_handed_in_shows_to_those_in_it_alone(desk: Desk) -> None:
    worker = fresh(desk)
    workflow = opened(desk, **two_photos())
    acted(desk, worker, workflow, "claim", "start")
    image = photo(desk, worker)
    body = {"items": [{"item_id": "item-1", "photo_ids": [image]}]}
    desk.done(worker, "POST", f"{step_path(workflow)}/complete", body)
    path = f"{FEED}/{workflow['id']}"
    for who, sees in ((worker, True), ("admin", True), (fresh(desk), False)):
        answer = desk.call(who, "GET", path)
        assert answer.status == 200, answer.body
        assert (image.encode() in answer.body) is sees
    assert image.encode() not in desk.call(fresh(desk), "GET", FEED).body
    assert image.encode() in desk.call("proposer", "GET", f"{PROPOSERS}/{workflow['id']}").body
    assert image.encode() not in desk.call("voter", "GET", f"{VOTERS}/{workflow['id']}").body


def two_photos() -> dict[str, Any]:
    """Two steps of two open roles, the first of which asks for a photo."""
    plan = with_photo()
    plan["roles"].append({"client_id": "second", "title": "Second", "required_credentials": []})
    plan["steps"].append({"title": "Look", "role_client_id": "second"})
    return plan


def test_a_lost_grant_closes_at_the_next_call(desk: Desk, hidden: Any) -> None:
    name = holding(desk, f"holder{len(desk.ids)}")
    path = f"{FEED}/{hidden['id']}"
    assert desk.call(name, "GET", path).status == 200
    assert hidden["id"] in {one["id"] for one in desk.done(name, "GET", f"{FEED}?count=100")["workflows"]}
    body = {"user_id": desk.ids[name], "credential_type": DPW, "reason": "r"}
    desk.done("admin", "DELETE", "/issuers/credentials", body)
    assert desk.call(name, "GET", path).code == "WORKFLOW_NOT_FOUND"
    after = desk.done(name, "GET", f"{FEED}?count=100")
    assert (after["active_credentials"], hidden["id"] in {one["id"] for one in after["workflows"]}) == ([], False)
    refused = on_step(desk, name, "claim", hidden)
    assert (refused.status, refused.code, refused.json()["missing"]) == (403, "MISSING_CREDENTIALS", [DPW])


CHECK: Final = "/api/v1/access/check"


@pytest.mark.parametrize("asked", [{"credentialTypes": [DPW]}, {"credentialTypes": [DPW, SFLUV]}])
@pytest.mark.parametrize("who", ["outsider", "plain", "improver", "key"])
def test_the_access_check_tells_strangers_nothing(desk: Desk, who: str, asked: Any) -> None:
    about = desk.ids["both"]
    answer = alike(desk, who, "POST", CHECK, about, "usr_" + "a" * 26, {"userId": "{}", **asked})
    assert (answer.status, answer.code) == (403, "OUT_OF_SCOPE")


@pytest.mark.parametrize("who", ["outsider", "plain", "key"])
def test_the_access_check_tells_strangers_of_no_step(desk: Desk, hidden: Any, who: str) -> None:
    body = {"userId": desk.ids["both"], "stepId": "{}"}
    answer = alike(desk, who, "POST", CHECK, hidden["steps"][0]["id"], NO_STEP, body)
    assert (answer.status, answer.code) == (403, "OUT_OF_SCOPE")


def test_problems_and_answers_name_no_people(desk: Desk) -> None:
    workflow, name = opened(desk), fresh(desk)
    acted(desk, name, workflow, "claim")
    refused = on_step(desk, fresh(desk), "claim", workflow)
    assert refused.code == "STEP_ALREADY_CLAIMED"
    assert not re.search(name.encode(), refused.body, re.IGNORECASE)
    assert desk.ids[name].encode() not in refused.body
