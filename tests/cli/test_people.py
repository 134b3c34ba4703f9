"""user and token."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Terminal

PERSON_MEMBERS = {
    *("user_id", "email", "verified", "display_name", "roles", "scopes", "wallets", "holder_did", "active"),
    "created_at",
}


def _create(terminal: Terminal, email: str = "ann@acme.example", *more: str) -> dict[str, Any]:
    said = terminal("user", "create", "--email", email, "--name", "Ann", *more)
    assert said.code == 0, said
    return said.answer


@pytest.mark.usefixtures("founded")
def test_person_is_created_with_everything(terminal: Terminal) -> None:
    made = _create(
        terminal,
        "ann@acme.example",
        *("--roles", "issuer,voter", "--scopes", "dpw_certified,sfluv_verifier", "--verified"),
        *("--id", "did:privy:ann", "--wallet", "0x" + "aB" * 20, "--holder-did", "did:adi:ann"),
    )
    assert set(made) == PERSON_MEMBERS
    assert made["user_id"] == "did:privy:ann"
    assert (made["roles"], made["scopes"]) == (["issuer", "voter"], ["dpw_certified", "sfluv_verifier"])
    assert (made["verified"], made["wallets"], made["holder_did"]) == (True, ["0x" + "aB" * 20], "did:adi:ann")
    assert terminal("user", "show", "did:privy:ann").answer == made


@pytest.mark.parametrize("name", ["👩\u200d👩\u200d👧\u200d👦", "نر\u200cگس"])
@pytest.mark.usefixtures("founded")
def test_names_keep_their_joiners(terminal: Terminal, name: str) -> None:
    said = terminal("user", "create", "--email", "ann@acme.example", "--name", name)
    assert said.code == 0, said
    assert said.answer["display_name"] == name


@pytest.mark.usefixtures("founded")
def test_person_is_created_with_little(terminal: Terminal) -> None:
    made = _create(terminal)
    assert made["user_id"].startswith("usr_")
    assert (made["roles"], made["verified"], made["holder_did"], made["active"]) == ([], False, None, True)


@pytest.mark.parametrize(
    "options",
    [
        ("--email", "nobody", "--name", "x"),
        ("--email", "a b@c.example", "--name", "x"),
        ("--email", "a@b.example", "--name", " "),
        ("--email", "a@b.example", "--name", "x\n"),
        ("--email", "a@b.example", "--name", "x\u202ey"),
        ("--email", "a@b.example", "--name", "\u200d"),
        ("--email", "a@b.example", "--name", "x", "--roles", "king"),
        ("--email", "a@b.example", "--name", "x", "--roles", "admin,,voter"),
        ("--email", "a@b.example", "--name", "x", "--id", "a/b"),
        ("--email", "a@b.example", "--name", "x", "--wallet", "0x12"),
        ("--email", "a@b.example"),
    ],
)
@pytest.mark.usefixtures("founded")
def test_malformed_person_is_misuse(options: tuple[str, ...], terminal: Terminal) -> None:
    said = terminal("user", "create", *options)
    assert (said.code, said.problem["code"]) == (2, "USAGE")


@pytest.mark.usefixtures("founded")
def test_holder_that_is_no_did_is_invalid(terminal: Terminal) -> None:
    said = terminal("user", "create", "--email", "a@b.example", "--name", "x", "--holder-did", "nobody")
    assert (said.code, said.problem["code"]) == (6, "INVALID_DID")


@pytest.mark.usefixtures("founded")
def test_same_address_twice_is_a_conflict(terminal: Terminal) -> None:
    _create(terminal)
    said = terminal("user", "create", "--email", "ann@acme.example", "--name", "Other")
    assert (said.code, said.problem["code"]) == (5, "EMAIL_IN_USE")


def test_people_are_found_by_role_and_text(demo: dict[str, Any], terminal: Terminal) -> None:
    voters = terminal("user", "list", "--role", "voter").answer["items"]
    assert {one["email"] for one in voters} == {f"voter{number}@demo.example" for number in (1, 2, 3)}
    found = terminal("user", "list", "--search", "dora").answer["items"]
    assert [one["user_id"] for one in found] == [demo["users"]["dpw_issuer"]["user_id"]]
    assert terminal("user", "list", "--role", "king").code == 2


@pytest.mark.usefixtures("founded")
def test_unknown_person_is_not_found(terminal: Terminal) -> None:
    _create(terminal)
    for words in (("user", "show", "usr_x"), ("user", "deactivate", "usr_x"), ("token", "list", "--user", "usr_x")):
        said = terminal(*words)
        assert (said.code, said.problem["code"]) == (4, "USER_NOT_FOUND"), words


@pytest.mark.usefixtures("founded")
def test_deactivated_person_stays_so(terminal: Terminal) -> None:
    made = _create(terminal)
    assert terminal("user", "deactivate", made["user_id"]).answer["active"] is False
    assert terminal("user", "deactivate", made["user_id"]).answer["active"] is False
    assert terminal("user", "show", made["user_id"]).answer["active"] is False


@pytest.mark.usefixtures("founded")
def test_last_admin_stays(terminal: Terminal) -> None:
    admin = _create(terminal, "ada@acme.example", "--roles", "admin")
    said = terminal("user", "deactivate", admin["user_id"])
    assert (said.code, said.problem["code"]) == (5, "LAST_ADMIN")


@pytest.mark.parametrize("words", [("user", "token"), ("token", "create", "--user")])
@pytest.mark.usefixtures("founded")
def test_token_is_shown_once(words: tuple[str, ...], terminal: Terminal) -> None:
    person = _create(terminal)
    made = terminal(*words, person["user_id"], "--name", "ci", "--expires-in", "3600").answer
    assert made["token"].startswith("swp_")
    assert (made["user_id"], made["name"]) == (person["user_id"], "ci")
    listed = terminal("token", "list", "--user", person["user_id"]).answer["items"]
    assert [one["token_id"] for one in listed] == [made["token_id"]]
    assert "token" not in listed[0]
    assert (listed[0]["status"], listed[0]["expires_at"]) == ("active", made["expires_at"])


@pytest.mark.usefixtures("founded")
def test_plain_token_can_be_piped(terminal: Terminal) -> None:
    person = _create(terminal)
    said = terminal("user", "token", person["user_id"], json_output=False)
    assert said.out.startswith("swp_")
    assert said.out.count("\n") == 1
    assert "not shown again" in said.err


@pytest.mark.parametrize("life", ["0", "-5", "99999999999999"])
@pytest.mark.usefixtures("founded")
def test_token_life_out_of_range_is_misuse(life: str, terminal: Terminal) -> None:
    person = _create(terminal)
    assert terminal("user", "token", person["user_id"], "--expires-in", life).code == 2


@pytest.mark.usefixtures("founded")
def test_revoked_token_is_listed_as_revoked(terminal: Terminal) -> None:
    person = _create(terminal)
    token_id = terminal("user", "token", person["user_id"]).answer["token_id"]
    assert terminal("token", "revoke", token_id).answer["status"] == "revoked"
    assert terminal("token", "list", "--user", person["user_id"]).answer["items"][0]["status"] == "revoked"
    assert terminal("token", "revoke", "tok_x").code == 4


def test_plain_list_is_a_table(demo: dict[str, Any], terminal: Terminal) -> None:
    lines = terminal("user", "list", "--role", "admin", json_output=False).out.splitlines()
    assert lines[0].split() == ["user_id", "email", "display_name", "roles", "active"]
    assert lines[1].split()[0] == demo["users"]["admin"]["user_id"]
