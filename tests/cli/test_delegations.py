"""delegation and approval: what people let agents do, from the terminal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sealwright.cli.desk import reading
from sealwright.domain.people import Actor, ActorKind, Caller
from sealwright.services.approving import ApprovalWish
from tests.support.office import DEGREE_CLAIMS, degree_request

from .conftest import Said, Terminal

HUMAN, AGENT, HOLDER = "did:adi:human001", "did:adi:agent:7f3a", "did:adi:holder001"
GROCERIES = "purchase:groceries"
END = "2030-06-30T23:59:59Z"
LIMITS = (
    *("--constraint", "maxSpendPerTransaction=60", "--constraint", "maxSpendPerDay=100.5"),
    *("--constraint", "currency=USD", "--constraint", "authorizedMerchants=shop-1,farm"),
)

pytestmark = pytest.mark.usefixtures("demo")


def make(terminal: Terminal, *more: str, delegator: str = HUMAN, delegate: str = AGENT, scope: str = GROCERIES) -> Said:
    parties = ("--delegator", delegator, "--delegate", delegate)
    return terminal("delegation", "create", *parties, "--scope", scope, "--expires", END, *more)


def ask(terminal: Terminal, *about: str) -> Said:
    return terminal("delegation", "authorize", AGENT, GROCERIES, *about)


def test_delegation_is_made_and_shown_with_limits_by_their_own_names(terminal: Terminal, tmp_path: Path) -> None:
    made = make(terminal, *LIMITS, "--max-depth", "1", "--out", str(tmp_path / "made.json")).answer
    assert made["constraints"] == {
        "maxSpendPerTransaction": 60,
        "maxSpendPerDay": 100.5,
        "currency": "USD",
        "authorizedMerchants": ["shop-1", "farm"],
    }
    assert (made["scope"], made["max_depth"], made["depth"], made["effective"]) == ([GROCERIES], 1, 0, True)
    credential = json.loads((tmp_path / "made.json").read_text())
    assert credential == made["credential"]
    assert credential["id"] == made["credential_id"]
    assert credential["credentialSubject"]["constraints"] == made["constraints"]
    assert terminal("verify", str(tmp_path / "made.json")).code == 0

    for name in (made["delegation_id"], made["credential_id"]):
        shown = terminal("delegation", "show", name).answer
        assert shown == {member: value for member, value in made.items() if member != "credential"}
    assert terminal("delegation", "list", "--delegate", AGENT, "--status", "active").answer["items"] == [shown]
    assert terminal("delegation", "list", "--delegator", AGENT).answer["items"] == []
    assert "yes" in terminal("delegation", "list", json_output=False).out


def test_dry_run_shows_the_credential_and_keeps_nothing(terminal: Terminal) -> None:
    said = make(terminal, *LIMITS, "--dry-run").answer
    assert said["dry_run"] is True
    assert said["credential"]["credentialSubject"]["delegator"] == HUMAN
    assert "proof" not in said["credential"]
    assert terminal("delegation", "list").answer["items"] == []


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        pytest.param(("--constraint", "maxSpendPerDay"), 2, "USAGE", id="a limit without a value"),
        pytest.param(
            ("--constraint", "maxSpendPerDay=1", "--constraint", "maxSpendPerDay=2"), 2, "USAGE", id="a limit twice"
        ),
        pytest.param(("--constraint", "authorizedRegions=[1"), 2, "USAGE", id="broken JSON"),
        pytest.param(("--constraint", "maxSpendPerDay=lots"), 6, "SCHEMA_VALIDATION_FAILED", id="a limit of words"),
        pytest.param(("--constraint", "maxFun=3"), 6, "SCHEMA_VALIDATION_FAILED", id="a limit that nobody knows"),
        pytest.param(("--max-depth", "8"), 6, "INVALID_VALUE", id="too deep"),
        pytest.param(
            ("--parent", "urn:uuid:01a203a7-bd3f-7321-a83a-8fe96c628645"),
            4,
            "DELEGATION_NOT_FOUND",
            id="no such parent",
        ),
    ],
)
def test_what_makes_no_delegation_is_refused(
    terminal: Terminal, options: tuple[str, ...], code: int, problem: str
) -> None:
    said = make(terminal, *options)
    assert (said.code, said.problem["code"]) == (code, problem)
    assert terminal("delegation", "list").answer["items"] == []


def test_agents_are_no_root(terminal: Terminal) -> None:
    said = make(terminal, delegator=AGENT, delegate=HOLDER)
    assert (said.code, said.problem["code"]) == (6, "DELEGATION_ROOT_INVALID")


def test_acts_are_judged_counted_and_listed(terminal: Terminal) -> None:
    made = make(terminal, *LIMITS).answer
    bought = ask(terminal, "--amount", "42.50", "--merchant", "shop-1", "--record")
    assert (bought.code, bought.answer["allowed"]) == (0, True)
    assert bought.answer["remaining"] == {"maxSpendPerDay": 58}
    refused = ask(terminal, "--amount", "58.01", "--merchant", "shop-2")
    assert (refused.code, refused.answer["allowed"]) == (1, False)
    assert {reason["code"] for reason in refused.answer["reasons"]} == {"DELEGATION_CONSTRAINT_EXCEEDED"}
    assert len(refused.answer["reasons"]) == 2
    plain = terminal("delegation", "authorize", AGENT, "purchase:cars", json_output=False)
    assert (plain.code, plain.out.startswith("refused  purchase:cars")) == (1, True)
    assert "DELEGATION_ACTION_NOT_COVERED" in plain.out

    calls = terminal("delegation", "calls", made["delegation_id"]).answer["items"]
    # Some were made within a second, which leaves their order open.
    assert sorted((one["allowed"], one["recorded"], one["via"]) for one in calls) == [
        (False, False, "terminal"),
        (False, False, "terminal"),
        (True, True, "terminal"),
    ]
    assert {"amount": 42.5, "merchant": "shop-1"} in [one["context"] for one in calls]
    assert len(terminal("delegation", "calls", made["credential_id"], "--limit", "2").answer["items"]) == 2
    assert terminal("delegation", "show", made["delegation_id"]).answer["calls"] == 1
    assert ask(terminal, "--amount", "1e3").code == 2
    assert ask(terminal, "--amount", "-1").problem["code"] == "INVALID_VALUE"
    assert terminal("delegation", "authorize", "did:adi:agent:nobody", GROCERIES).problem["code"] == "DID_NOT_FOUND"


def test_revoking_takes_along_what_rests_on_it(terminal: Terminal, tmp_path: Path) -> None:
    root = make(terminal, *LIMITS, "--max-depth", "1", "--out", str(tmp_path / "root.json")).answer
    below = (*LIMITS, "--parent", root["delegation_id"], "--out", str(tmp_path / "child.json"))
    child = make(terminal, *below, delegator=AGENT, delegate=HOLDER).answer
    assert (child["parent"], child["root_id"], child["depth"]) == (root["credential_id"], root["delegation_id"], 1)
    tree = terminal("delegation", "show", root["delegation_id"], "--tree").answer
    assert [one["delegation_id"] for one in tree["children"]] == [child["delegation_id"]]
    assert tree["children"][0]["constraints"] == child["constraints"]
    chain = (str(tmp_path / "root.json"), child["credential_id"])
    held = terminal("delegation", "verify-chain", HOLDER, *chain)
    assert (held.code, held.answer["valid"], held.answer["hop_count"]) == (0, True, 2)

    wide = (*LIMITS[:2], "--constraint", "maxSpendPerDay=101", *LIMITS[4:], "--parent", root["credential_id"])
    loose = make(terminal, *wide, delegator=AGENT, delegate=HOLDER)
    assert (loose.code, loose.problem["code"]) == (6, "DELEGATION_CONSTRAINT_LOOSENED")
    assert loose.problem["errors"][0]["pointer"] == "/constraints/maxSpendPerDay"
    short = ("--delegator", AGENT, "--delegate", HOLDER, "--scope", GROCERIES, "--expires", END, *wide)
    assert terminal("delegation", "create", *short, json_output=False).err == (
        "sealwright: DELEGATION_CONSTRAINT_LOOSENED: maxSpendPerDay is greater than its parent allows. "
        "(/constraints/maxSpendPerDay)\n"
    )

    tried = terminal("delegation", "revoke", root["delegation_id"], "--reason", "Lost", "--dry-run").answer
    assert (tried["dry_run"], tried["status"], tried["invalidated"]) == (True, "revoked", 1)
    told = terminal("delegation", "revoke", root["delegation_id"], "--reason", "Lost", "--dry-run", json_output=False)
    assert told.out == f"{root['delegation_id']}  would be revoked  1 below it would fall\n"
    assert terminal("delegation", "show", root["delegation_id"]).answer["effective"] is True
    done = terminal("delegation", "revoke", root["delegation_id"], "--reason", "Lost").answer
    assert (done["status"], done["effective"], done["invalidated"]) == ("revoked", False, 1)
    fallen = terminal("delegation", "show", child["delegation_id"]).answer
    assert (fallen["status"], fallen["effective"]) == ("active", False)
    broken = terminal("delegation", "verify-chain", HOLDER, *chain)
    assert (broken.code, broken.answer["errors"]) == (1, ["DELEGATION_REVOKED"])
    again = terminal("delegation", "reinstate", root["delegation_id"], "--reason", "Found")
    assert again.code == 5
    assert terminal("delegation", "revoke", "dlg_none", "--reason", "x").code == 4


def test_suspending_and_reinstating(terminal: Terminal) -> None:
    made = make(terminal).answer
    paused = terminal("delegation", "suspend", made["delegation_id"], "--reason", "Holidays").answer
    assert (paused["status"], paused["effective"]) == ("suspended", False)
    assert ask(terminal).answer["reasons"][0]["code"] == "DELEGATION_SUSPENDED"
    back = terminal("delegation", "reinstate", made["delegation_id"], "--reason", "Back").answer
    assert (back["status"], back["effective"]) == ("active", True)
    assert ask(terminal).code == 0


def test_narrowing_puts_a_stricter_one_in_its_place(terminal: Terminal) -> None:
    made = make(terminal, *LIMITS).answer
    stricter = ("--reason", "Less is enough", "--constraint", "maxSpendPerDay=50")
    tried = terminal("delegation", "narrow", made["delegation_id"], *stricter, "--dry-run").answer
    assert tried["credential"]["credentialSubject"]["constraints"]["maxSpendPerDay"] == 50
    new = terminal("delegation", "narrow", made["delegation_id"], *stricter).answer
    assert (new["supersedes"], new["invalidated"]) == (made["delegation_id"], 0)
    assert new["constraints"] == {**made["constraints"], "maxSpendPerDay": 50}
    assert terminal("delegation", "show", made["delegation_id"]).answer["status"] == "revoked"
    looser = terminal(
        "delegation", "narrow", new["delegation_id"], "--reason", "x", "--constraint", "maxSpendPerDay=51"
    )
    assert (looser.code, looser.problem["code"]) == (6, "DELEGATION_CONSTRAINT_LOOSENED")
    assert terminal("delegation", "narrow", new["delegation_id"], "--reason", "x").code == 6


def test_chains_that_are_none_are_refused(terminal: Terminal, tmp_path: Path) -> None:
    made = make(terminal).answer
    twice = terminal("delegation", "verify-chain", AGENT, made["credential_id"], made["credential_id"])
    assert (twice.code, twice.problem["code"]) == (6, "DELEGATION_CHAIN_MALFORMED")
    assert terminal("delegation", "verify-chain", AGENT, str(tmp_path / "absent.json")).code == 2
    assert terminal("delegation", "verify-chain", AGENT, made["credential_id"], "--amount", "3").code == 2
    act = ("--action", "purchase:cars")
    judged = terminal("delegation", "verify-chain", AGENT, made["credential_id"], *act, json_output=False)
    assert (judged.code, judged.out.splitlines()[0]) == (1, "NOT valid  DELEGATION_ACTION_NOT_COVERED")


def waiting_approval(amount: int) -> str:
    """The agent asks whether it may spend something."""
    return waiting(ApprovalWish(AGENT, GROCERIES, {"amount": amount}, note="Guests on Saturday."))


def waiting(wish: ApprovalWish) -> str:
    """The agent asks, as it does over the API; gives the approval's id."""
    with reading() as at:
        office = at.office
        agent = Caller(Actor(ActorKind.AGENT, AGENT, "api_key"), at.view.epoch, issuer_dids=frozenset({AGENT}))
        approving = office.delegations.approving
        with office.units() as uow:
            asked = approving.ask(uow, agent, wish)
            uow.commit()
    return asked.approval.approval_id


def test_acts_are_approved_and_declined(terminal: Terminal) -> None:
    make(terminal, "--constraint", "requireApproval=true")
    assert ask(terminal, "--amount", "9").answer["reasons"][0]["code"] == "DELEGATION_APPROVAL_REQUIRED"
    assert ask(terminal, "--amount", "9", "--approved").code == 0
    first, second = waiting_approval(180), waiting_approval(9_000)
    listed: list[dict[str, Any]] = terminal("approval", "list", "--waiting").answer["items"]
    assert {one["approval_id"]: one["context"] for one in listed} == {first: {"amount": 180}, second: {"amount": 9_000}}
    assert terminal("approval", "approve", first).answer["status"] == "approved"
    declined = terminal("approval", "decline", second, "--reason", "Too much").answer
    assert (declined["status"], declined["reason"]) == ("declined", "Too much")
    assert terminal("approval", "list", "--waiting").answer["items"] == []
    assert terminal("approval", "show", second).answer == declined
    late = terminal("approval", "approve", second)
    assert (late.code, late.problem["code"]) == (5, "APPROVAL_CLOSED")

    act = ("--amount", "180", "--approval", first, "--record")
    assert ask(terminal, *act).code == 0
    assert terminal("approval", "show", first).answer["status"] == "spent"
    assert ask(terminal, *act).answer["reasons"][0]["code"] == "DELEGATION_APPROVAL_REQUIRED"
    assert terminal("approval", "show", "apv_none").code == 4


def test_what_would_be_signed_is_shown_with_the_names_that_it_has(terminal: Terminal) -> None:
    make(terminal, "--constraint", "requireApproval=true", scope="credential:issue")
    asked = waiting(ApprovalWish(AGENT, "credential:issue", {}, credential=degree_request()))
    shown = terminal("approval", "show", asked).answer
    assert shown["credential"]["claims"] == DEGREE_CLAIMS
    assert (shown["credential"]["holderDid"], shown["request"]) == (HOLDER, None)
