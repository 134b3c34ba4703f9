"""type, issuer, request and holder; and the roles of users."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Terminal

REQUEST_MEMBERS = {
    *("id", "user_id", "credential_type", "status", "requested_at", "resolved_at", "resolved_by", "created_at"),
    *("updated_at", "requester_name", "requester_first_name", "requester_last_name", "requester_email", "version"),
    *("needs_info", "assignee_user_id", "message", "note", "evidence", "claims", "grant_id", "grant_status"),
    *("issuance", "issuance_error", "credential_id"),
}


def _pending(terminal: Terminal, value: str = "dpw_certified") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = terminal("request", "list", "--status", "pending", "--type", value).answer["items"]
    return found


# ---- type ------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("founded")
def test_type_is_made_changed_retired_and_deleted(terminal: Terminal) -> None:
    words = ("--label", "Tree steward", "--visibility", "unlisted", "--policy", "retain_all", "--validity-days", "30")
    made = terminal("type", "create", "tree_steward", *words).answer
    assert (made["visibility"], made["revocation_policy"], made["validity_days"]) == ("unlisted", "retain_all", 30)
    assert made["schema_id"] == "did:adi:schema:tree-steward-v1"
    assert terminal("type", "create", "tree_steward", "--label", "x").code == 5
    changed = terminal("type", "update", "tree_steward", "--criteria", "Knows ten trees").answer
    assert (changed["criteria"], changed["label"], changed["version"]) == ("Knows ten trees", "Tree steward", 2)
    assert terminal("type", "retire", "tree_steward").answer["active"] is False
    assert terminal("type", "reactivate", "tree_steward").answer["active"] is True
    assert terminal("type", "show", "tree_steward").answer["usage"]["grants"] == 0
    assert terminal("type", "delete", "tree_steward").answer == {"value": "tree_steward", "deleted": True}
    gone = terminal("type", "show", "tree_steward")
    assert (gone.code, gone.problem["code"]) == (4, "TYPE_NOT_FOUND")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("all", "--label", "x"), "INVALID_TYPE_VALUE"),
        (("UPPER", "--label", "x"), "INVALID_TYPE_VALUE"),
        (("x", "--label", "a\u202eb"), "INVALID_CHARACTER"),
        (("x", "--label", "x", "--visibility", "secret"), "INVALID_VALUE"),
        (("x", "--label", "x", "--validity-days", "0"), "INVALID_VALUE"),
        (("x", "--label", "x", "--schema", "did:adi:schema:none-v1"), "SCHEMA_NOT_FOUND"),
    ],
)
@pytest.mark.usefixtures("founded")
def test_bad_types_are_refused(words: tuple[str, ...], code: str, terminal: Terminal) -> None:
    assert terminal("type", "create", *words).problem["code"] == code


def test_used_type_is_not_deleted(demo: dict[str, Any], terminal: Terminal) -> None:
    assert "dpw_certified" in demo["credential_types"]
    said = terminal("type", "delete", "dpw_certified")
    assert (said.code, said.problem["code"]) == (5, "TYPE_IN_USE")
    assert said.problem["usage"]["requests"] > 0


# ---- issuer ----------------------------------------------------------------------------------------------------------


def test_issuer_is_approved_rescoped_suspended_and_restored(demo: dict[str, Any], terminal: Terminal) -> None:
    user = demo["users"]["proposer"]["user_id"]
    made = terminal("issuer", "approve", user, "--scopes", "dpw_certified", "--did", "did:adi:human001").answer
    assert (made["status"], made["allowed_credentials"], made["issuer_did"]) == (
        "approved",
        ["dpw_certified"],
        "did:adi:human001",
    )
    assert terminal("user", "show", user).answer["roles"] == ["issuer", "proposer"]
    assert terminal("issuer", "scopes", user, "sfluv_verifier").answer["allowed_credentials"] == ["sfluv_verifier"]
    assert terminal("issuer", "suspend", user, "--note", "Audit").answer["status"] == "suspended"
    assert terminal("user", "show", user).answer["scopes"] == []
    assert terminal("issuer", "scopes", user, "dpw_certified").answer["status"] == "suspended"
    assert terminal("issuer", "approve", user).answer["allowed_credentials"] == ["dpw_certified"]
    assert terminal("issuer", "scopes", user, "-").answer["allowed_credentials"] == []
    assert terminal("issuer", "end", user, "--note", "Left").answer["status"] == "ended"
    ended = terminal("issuer", "list", "--status", "ended").answer["items"]
    assert [one["user_id"] for one in ended] == [user]
    assert len(terminal("issuer", "list").answer["items"]) == 3
    assert terminal("issuer", "show", user).answer["note"] == "Left"


def test_issuer_needs_known_types_and_people(demo: dict[str, Any], terminal: Terminal) -> None:
    user = demo["users"]["proposer"]["user_id"]
    for words, code in (
        (("approve", user, "--scopes", "king"), "UNKNOWN_CREDENTIAL_TYPE"),
        (("approve", "usr_nobody", "--scopes", "dpw_certified"), "USER_NOT_FOUND"),
        (("scopes", user, "dpw_certified"), "REQUEST_NOT_FOUND"),
        (("suspend", user, "--note", "x"), "STATE_CONFLICT"),
        (("suspend", user), "USAGE"),
        (("list", "--status", "king"), "USAGE"),
    ):
        assert terminal("issuer", *words).problem["code"] == code, words


# ---- request ---------------------------------------------------------------------------------------------------------


def test_demo_has_60_requests_in_all_states(demo: dict[str, Any], terminal: Terminal) -> None:
    assert demo["workflow_id"].startswith("wfl_")
    items = terminal("request", "list").answer["items"]
    assert len(items) == 60
    assert {one["status"] for one in items} == {"pending", "approved", "rejected", "withdrawn"}
    assert set(items[0]) >= REQUEST_MEMBERS
    pending = [one["requested_at"] for one in items if one["status"] == "pending"]
    assert pending == sorted(pending)
    assert items[0]["status"] == "pending"
    approved = [one for one in items if one["status"] == "approved"]
    assert {one["issuance"] for one in approved} == {"issued"}
    assert {one["grant_status"] for one in approved} == {"active", "revoked"}
    assert any(one["needs_info"] for one in items)
    assert terminal("request", "list", "--status", "king").code == 2


def test_request_is_approved_and_its_credential_verifies(demo: dict[str, Any], terminal: Terminal) -> None:
    assert demo["users"]
    one = _pending(terminal)[0]
    preview = terminal("request", "approve", one["id"], "--dry-run").answer
    assert preview["dry_run"] is True
    assert preview["results"][0]["effects"]["changed"] is True
    done = terminal("request", "approve", one["id"], "--message", "Welcome").answer
    assert (done["status"], done["issuance"], done["decided"], done["failed"]) == ("approved", "issued", 1, 0)
    credential = terminal("credential", "show", done["credential_id"]).answer["credential"]
    assert credential["credentialSubject"]["qualification"] == "dpw_certified"
    shown = terminal("request", "show", one["id"]).answer
    assert [entry["to"] for entry in shown["history"]][-1] == "approved"
    # Turned down later, its grant goes with it.
    lost = terminal("request", "reject", one["id"], "--note", "Certificate was forged").answer
    assert (lost["status"], lost["grant_status"]) == ("rejected", "revoked")
    assert lost["effects"]["credentials_revoked"] == [done["credential_id"]]


def test_deciding_as_somebody_keeps_to_their_scope(demo: dict[str, Any], terminal: Terminal) -> None:
    dora = demo["users"]["dpw_issuer"]["user_id"]
    inside, outside = _pending(terminal)[0]["id"], _pending(terminal, "sfluv_verifier")[0]["id"]
    said = terminal("request", "approve", outside, "--as", dora)
    assert (said.code, said.problem["code"]) == (3, "OUT_OF_SCOPE")
    both = terminal("request", "approve", inside, outside, "--as", dora)
    assert both.code == 8
    assert [row["status"] for row in both.answer["results"]] == ["approved", None]
    assert both.answer["results"][0]["request"]["resolved_by"] == dora
    assert both.answer["results"][1]["error"]["code"] == "OUT_OF_SCOPE"
    seen = terminal("request", "list", "--as", dora).answer["items"]
    assert {one["credential_type"] for one in seen} == {"dpw_certified"}
    voter = demo["users"]["voter1"]["user_id"]
    assert terminal("request", "list", "--as", voter).problem["code"] == "ROLE_REQUIRED"
    assert terminal("request", "list", "--as", "usr_nobody").code == 4


def test_question_marks_the_request(demo: dict[str, Any], terminal: Terminal) -> None:
    ines = demo["users"]["issuer"]["user_id"]
    one = next(one for one in _pending(terminal) if not one["needs_info"])
    asked = terminal("request", "ask", one["id"], "--message", "Which year?", "--as", ines).answer
    assert (asked["needs_info"], asked["message"], asked["version"]) == (True, "Which year?", one["version"])
    assert terminal("request", "ask", "req_x", "--message", "x").code == 4
    assert terminal("request", "reject", one["id"]).code == 2


# ---- holder and user -------------------------------------------------------------------------------------------------


def test_holders_are_found_by_whatever_is_known(demo: dict[str, Any], terminal: Terminal) -> None:
    ivo = demo["users"]["improver"]["user_id"]
    wallet = "0x1111111111111111111111111111111111111111"
    for text in ("ivo imp", "IMPROVER@demo", ivo[:12], "did:adi:holder001", wallet):
        found = terminal("holder", "find", text).answer["items"]
        assert ivo in [one["user_id"] for one in found], text
    assert terminal("holder", "find", "muñoz").answer["items"][0]["display_name"] == "Ana Muñoz"
    assert terminal("holder", "find", "nobody at all").answer["items"] == []
    assert terminal("holder", "find", "x").problem["code"] == "INVALID_FILTER"
    shown = terminal("holder", "show", terminal("holder", "find", "Okafor").answer["items"][0]["user_id"]).answer
    assert [grant["status"] for grant in shown["grants"]] == ["active"]
    assert [one["status"] for one in shown["requests"]] == ["approved"]


def test_roles_are_given_and_taken(demo: dict[str, Any], terminal: Terminal) -> None:
    user = demo["users"]["voter1"]["user_id"]
    assert terminal("user", "role", user, "proposer").answer["roles"] == ["proposer", "voter"]
    assert terminal("user", "role", user, "voter", "--remove").answer["roles"] == ["proposer"]
    assert terminal("user", "role", user, "king").code == 2
    assert terminal("user", "deactivate", user).answer["active"] is False
    assert terminal("user", "activate", user).answer["active"] is True
    admin = demo["users"]["admin"]["user_id"]
    assert terminal("user", "role", admin, "admin", "--remove").problem["code"] == "LAST_ADMIN"


def test_names_from_everywhere_stand_in_line(demo: dict[str, Any], terminal: Terminal) -> None:
    assert demo["users"]
    lines = terminal("holder", "find", "person", json_output=False).out.splitlines()
    assert any("陳大文" in line for line in lines)
    assert all("\x1b" not in line for line in lines)
