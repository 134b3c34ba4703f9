"""The whole story of gated work, over HTTP: a credential opens work, its loss closes it, and a new one opens it again.

Street Repair is proposed, voted on and opened; steps are claimed by those who qualify, and by nobody else.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from sealwright.domain.people import AccountRole
from tests.support.office import PUBLIC_URL, the_operator
from tests.web.conftest import NO_LIMITS, serve
from tests.web.desk import DPW, SFLUV, Desk, furnish_desk
from tests.web.work import FEED, PROPOSERS, VOTERS, acted, on_step

STREET_REPAIR: Final = {
    "title": "Street Repair Project",
    "description": "Repair potholes on Main St",
    "recurrence": "weekly",
    "roles": [
        {"client_id": "repair_worker", "title": "Repair Worker", "required_credentials": [DPW]},
        {"client_id": "verifier", "title": "Quality Verifier", "required_credentials": [SFLUV]},
    ],
    "steps": [
        {"title": "Assess damage", "bounty": 50, "role_client_id": "repair_worker"},
        {"title": "Repair pothole", "bounty": 200, "role_client_id": "repair_worker"},
        {"title": "Verify repair quality", "bounty": 75, "role_client_id": "verifier"},
    ],
}


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A desk behind its door, with three voters and two improvers, on each supported database."""
    with serve(tmp_path, database_url=database_url, **NO_LIMITS) as served:
        made = furnish_desk(served)
        made.add("voter2", AccountRole.VOTER)
        made.add("voter3", AccountRole.VOTER)
        made.improver("worker")
        made.improver("checker")
        yield made


def _feed(desk: Desk, who: str) -> tuple[list[str], dict[str, int]]:
    """The titles of the steps that somebody holds or may claim, and what would open more."""
    view = desk.done(who, "GET", FEED)
    assert view["total"] == len(view["workflows"])
    shown = [step["title"] for one in view["workflows"] for step in one["assigned_steps"] + one["claimable_steps"]]
    return shown, {one["credential_type"]: one["workflows"] for one in view["would_open"]}


def _approved(desk: Desk, who: str, kind: str) -> str:
    """Ask for a credential and have it approved; gives the grant's id."""
    decided = desk.decide("both", desk.request(who, kind)["id"])
    assert decided.status == 200, decided.body
    return str(decided.json()["grant_id"])


def _grants(desk: Desk, who: str) -> list[tuple[str, str]]:
    """Somebody's grants, newest first: id and state."""
    return [(one["id"], one["status"]) for one in desk.done(who, "GET", "/improvers/credentials")]


def _bit(desk: Desk, grant_id: str) -> bool:
    """The revocation bit of a grant's credential, in the list as it is published."""
    office = desk.served.office
    with office.units(write=False) as uow:
        grant = uow.grants.get(grant_id)
    assert grant is not None
    entries = json.loads(office.shelf.status(grant.credential_id or "").document or b"{}")["credentialStatus"]
    every = entries if isinstance(entries, list) else [entries]
    entry = next(one for one in every if one["statusPurpose"] == "revocation")
    answer = desk.call("anonymous", "GET", entry["statusListCredential"].removeprefix(PUBLIC_URL))
    assert answer.status == 200, answer.body
    packed = answer.json()["credentialSubject"]["encodedList"].removeprefix("u")
    bits = gzip.decompress(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    byte, offset = divmod(int(entry["statusListIndex"]), 8)
    return bool(bits[byte] >> (7 - offset) & 1)


def test_a_credential_opens_work_and_its_loss_closes_it(desk: Desk) -> None:
    workflow = _proposed_and_voted(desk)
    _nothing_is_shown_without_credentials(desk, workflow)
    first_grant = _the_credential_opens_its_role(desk, workflow)
    checks = _the_other_role_asks_for_another(desk, workflow)
    _revoked_midway(desk, workflow, first_grant)
    following = _the_series_goes_on_without_them(desk, workflow, checks)
    second_grant = _a_new_credential_opens_it_again(desk, following)
    _all_histories_are_whole(desk, workflow, following, [first_grant, second_grant])


def _proposed_and_voted(desk: Desk) -> Any:
    workflow = desk.done("proposer", "POST", PROPOSERS, STREET_REPAIR)
    assert (workflow["status"], workflow["votes"]["total_voters"]) == ("pending", 3)
    assert _feed(desk, "worker") == ([], {})
    votes = f"{VOTERS}/{workflow['id']}/votes"
    first = desk.done("voter", "POST", votes, {"decision": "approve"})
    assert (first["status"], first["votes"]["quorum_reached"]) == ("pending", False)
    opened = desk.done("voter2", "POST", votes, {"decision": "approve"})
    assert (opened["status"], opened["votes"]["decision"]) == ("approved", "approve")
    assert desk.call("voter3", "POST", votes, {"decision": "deny"}).code == "PROPOSAL_CLOSED"
    return opened


def _nothing_is_shown_without_credentials(desk: Desk, workflow: Any) -> None:
    assert _feed(desk, "worker") == ([], {DPW: 1, SFLUV: 1})
    hidden = desk.call("worker", "GET", f"{FEED}/{workflow['id']}")
    missing = desk.call("worker", "GET", f"{FEED}/wfl_{'a' * 26}")
    assert hidden.status == missing.status == 404
    assert hidden.code == missing.code == "WORKFLOW_NOT_FOUND"
    _missing(desk, "worker", workflow, 1, DPW)


def _missing(desk: Desk, who: str, workflow: Any, order: int, kind: str) -> None:
    refused = on_step(desk, who, "claim", workflow, order)
    assert (refused.status, refused.code, refused.json()["missing"]) == (403, "MISSING_CREDENTIALS", [kind])


def _the_credential_opens_its_role(desk: Desk, workflow: Any) -> str:
    grant_id = _approved(desk, "worker", DPW)
    assert _feed(desk, "worker") == (["Assess damage", "Repair pothole"], {})
    claimed = acted(desk, "worker", workflow, "claim")
    assert [step["title"] for step in claimed["steps"]] == ["Assess damage", "Repair pothole"]
    assert claimed["satisfied_by"] == [grant_id]
    assert claimed["series_claim"] == {"series_id": workflow["series_id"], "step_order": [1, 2]}
    assert desk.call("worker", "GET", f"{FEED}/{workflow['id']}").status == 200
    return grant_id


def _the_other_role_asks_for_another(desk: Desk, workflow: Any) -> str:
    _missing(desk, "worker", workflow, 3, SFLUV)
    grant_id = _approved(desk, "checker", SFLUV)
    assert _feed(desk, "checker")[0] == ["Verify repair quality"]
    assert acted(desk, "checker", workflow, "claim", order=3)["satisfied_by"] == [grant_id]
    assert on_step(desk, "worker", "claim", workflow, 3).code == "MISSING_CREDENTIALS"
    return grant_id


def _revoked_midway(desk: Desk, workflow: Any, grant_id: str) -> None:
    acted(desk, "worker", workflow, "start")
    assert not _bit(desk, grant_id)
    body = {"reason": "The certificate was withdrawn."}
    path = f"/issuers/credentials/{grant_id}/revoke"
    rehearsed = desk.done("both", "POST", path, {**body, "dry_run": True})["effects"]
    effects = desk.done("both", "POST", path, body)["effects"]
    assert effects == rehearsed
    assert [step["title"] for step in effects["steps_kept"]] == ["Assess damage", "Repair pothole"]
    assert effects["steps_released"] == []
    assert effects["series_claims_released"] == [
        {"series_id": workflow["series_id"], "step_order": order} for order in (1, 2)
    ]
    assert _bit(desk, grant_id)
    # What was begun in time is theirs to finish, and nobody else's.
    acted(desk, "worker", workflow, "complete")
    acted(desk, "worker", workflow, "start", "complete", order=2)
    assert _feed(desk, "worker")[0] == []
    assert desk.call("worker", "GET", f"{FEED}/{workflow['id']}").code == "WORKFLOW_NOT_FOUND"


def _the_series_goes_on_without_them(desk: Desk, workflow: Any, checks: str) -> Any:
    acted(desk, "checker", workflow, "start", "complete", order=3)
    own = desk.done("checker", "GET", FEED)["workflows"]
    (following,) = own
    assert following["series_id"] == workflow["series_id"]
    assert following["id"] != workflow["id"]
    # Who wants the step every week has it again; who lost the credential has nothing, and sees nothing.
    assert [step["title"] for step in following["assigned_steps"]] == ["Verify repair quality"]
    assert [step["assigned_improver_id"] for step in following["steps"]] == [None, None, desk.ids["checker"]]
    assert _feed(desk, "worker") == ([], {DPW: 1})
    _missing(desk, "worker", following, 1, DPW)
    assert desk.done("admin", "GET", f"/admin/workflows/{following['id']}")["claims"][0]["satisfied_by"] == [checks]
    return following


def _a_new_credential_opens_it_again(desk: Desk, following: Any) -> str:
    desk.served.clock.move(hours=1)
    grant_id = _approved(desk, "worker", DPW)
    assert _feed(desk, "worker")[0] == ["Assess damage", "Repair pothole"]
    assert acted(desk, "worker", following, "claim")["satisfied_by"] == [grant_id]
    assert not _bit(desk, grant_id)
    return grant_id


def _all_histories_are_whole(desk: Desk, workflow: Any, following: Any, grants: list[str]) -> None:
    office = desk.served.office
    first, second = grants
    assert _grants(desk, "worker") == [(second, "active"), (first, "revoked")]
    assert (_bit(desk, first), _bit(desk, second)) == (True, False)
    with office.units(write=False) as uow:
        renewed = uow.grants.get(second)
        claims = {
            claim.claim_id: dict(claim.satisfied_by)
            for one in (workflow, following)
            for claim in uow.claims.of_workflow(one["id"])
            if claim.user_id == desk.ids["worker"]
        }
    assert renewed is not None
    assert renewed.supersedes == first
    assert sorted(claims.values(), key=str) == sorted([{DPW: first}, {DPW: second}], key=str)
    assert len(desk.done("worker", "GET", "/improvers/credential-requests")) == 2
    owed = {one["amount"] for one in desk.done("worker", "GET", "/improvers/payouts")}
    assert owed == {50, 200}
    assert office.auditing.verify(the_operator(office)).verified is True
