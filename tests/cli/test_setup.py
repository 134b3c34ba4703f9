"""init, demo and migrate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .conftest import ISSUE_BODY, Terminal

PEOPLE = {"admin", "issuer", "dpw_issuer", "improver", "improver2", "proposer", "voter1", "voter2", "voter3"}


def test_init_sets_up_once(terminal: Terminal, home: Path) -> None:
    first = terminal("init").answer
    assert first == {
        "home": str(home),
        "database": "sqlite",
        "public_url": "http://127.0.0.1:8000",
        "initialized": True,
        "already_initialized": False,
        "issuer_did": first["issuer_did"],
        "admin_user_id": None,
    }
    assert first["issuer_did"].startswith("did:adi:")
    again = terminal("init").answer
    assert again == {**first, "already_initialized": True}
    assert home.stat().st_mode & 0o777 == 0o700
    assert not (home / "sealwright.toml").exists()


def test_init_makes_the_platform_did_and_the_builtin_schemas(terminal: Terminal) -> None:
    issuer = terminal("init", "--org", "Acme").answer["issuer_did"]
    dids = terminal("did", "list").answer["items"]
    assert [(one["did"], one["kind"], one["name"]) for one in dids] == [(issuer, "platform", "Acme")]
    assert len(terminal("schema", "list").answer["items"]) == 9
    types = terminal("type", "list").answer["items"]
    assert [(one["value"], one["issuer_did"]) for one in types] == [
        ("dpw_certified", issuer),
        ("sfluv_verifier", issuer),
    ]


def test_init_makes_the_first_admin_once(terminal: Terminal) -> None:
    words = ("init", "--admin-email", "ada@acme.example", "--admin-name", "Ada")
    first = terminal(*words).answer["admin_user_id"]
    assert terminal(*words).answer["admin_user_id"] == first
    assert terminal("init").answer["admin_user_id"] == first
    person = terminal("user", "show", first).answer
    assert (person["email"], person["roles"], person["active"]) == ("ada@acme.example", ["admin"], True)


@pytest.mark.parametrize("half", [("--admin-email", "a@b.example"), ("--admin-name", "Ada")])
def test_half_an_admin_is_misuse(half: tuple[str, str], terminal: Terminal, home: Path) -> None:
    assert terminal("init", *half).code == 2
    assert not home.exists()


def test_public_url_is_kept_for_later_commands(terminal: Terminal, home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "sealwright.toml").write_text('workers = 2\npublic_url = "https://old.example"\nlog_level = "error"\n')
    assert terminal("init", "--public-url", "https://new.example").answer["public_url"] == "https://new.example"
    assert (home / "sealwright.toml").read_text() == (
        'public_url = "https://new.example"\nworkers = 2\nlog_level = "error"\n'
    )
    assert terminal("init").answer["public_url"] == "https://new.example"
    context = terminal("schema", "show", ISSUE_BODY["schemaId"]).answer["context_url"]
    assert context == "https://new.example/contexts/university-degree/1.0"


def test_bad_public_url_changes_nothing(terminal: Terminal, home: Path) -> None:
    said = terminal("init", "--public-url", "http://office.example/")
    assert (said.code, said.problem["code"]) == (2, "INVALID_SETTING")
    assert not home.exists()


def test_public_url_against_the_environment_is_misuse(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALWRIGHT_PUBLIC_URL", "https://one.example")
    assert terminal("init", "--public-url", "https://two.example").code == 2
    assert terminal("init", "--public-url", "https://one.example").code == 0


def test_demo_gives_what_the_documentation_speaks_of(demo: dict[str, Any], terminal: Terminal) -> None:
    assert set(demo) == {
        *("users", "issuer_api_keys", "dids", "schemas", "credential_types", "workflow_id", "series_id"),
    }
    assert set(demo["users"]) == PEOPLE
    assert all(set(user) == {"user_id", "email", "token", "sign_in_url"} for user in demo["users"].values())
    assert all(user["token"].startswith("swp_") for user in demo["users"].values())
    assert set(demo["issuer_api_keys"]) == {"did:adi:issuer001", "did:adi:human001"}
    assert all(key.startswith("swk_") for key in demo["issuer_api_keys"].values())
    assert demo["dids"] == [
        *("did:adi:issuer001", "did:adi:holder001", "did:adi:holder002", "did:adi:human001", "did:adi:agent:7f3a")
    ]
    dids = {one["did"]: one for one in terminal("did", "list").answer["items"]}
    assert (dids["did:adi:issuer001"]["kind"], dids["did:adi:issuer001"]["name"]) == ("organization", "MIT")
    agent = dids["did:adi:agent:7f3a"]
    assert (agent["kind"], agent["operator"]) == ("agent", "did:adi:human001")
    assert all(dids[did]["aliases"] == [f"{did}..."] for did in demo["dids"])
    assert {"did:adi:schema:university-degree-v1", "did:adi:schema:agent-delegation-v1"} <= set(demo["schemas"])


def test_demo_people_have_their_roles(demo: dict[str, Any], terminal: Terminal) -> None:
    people = {one["user_id"]: one for one in terminal("user", "list").answer["items"]}

    def of(name: str) -> dict[str, Any]:
        return dict(people[demo["users"][name]["user_id"]])

    assert of("admin")["roles"] == ["admin"]
    assert (of("issuer")["roles"], of("issuer")["scopes"]) == (["issuer"], ["dpw_certified", "sfluv_verifier"])
    assert of("dpw_issuer")["scopes"] == ["dpw_certified"]
    assert (of("improver")["roles"], of("improver")["holder_did"]) == (["improver"], "did:adi:holder001")
    assert all(of(name)["wallets"] for name in ("improver", "improver2"))
    assert [of(f"voter{number}")["roles"] for number in (1, 2, 3)] == [["voter"]] * 3
    assert of("proposer")["roles"] == ["proposer"]
    further = [one for one in people.values() if one["email"].endswith("@people.demo.example")]
    assert len(people) == len(PEOPLE) + len(further)
    assert all(one["roles"] == ["improver"] for one in further)
    names = {one["display_name"] for one in further}
    # Names from everywhere, and such as try to break what shows them.
    assert {"Ana Muñoz", "Nguyễn Thị Hạnh", "陳大文", "محمد الأحمد", '<script>alert("hello")</script>'} <= names


def test_demo_people_can_sign_in_and_types_are_there(demo: dict[str, Any], terminal: Terminal) -> None:
    assert demo["credential_types"] == ["dpw_certified", "sfluv_verifier"]
    links = [user["sign_in_url"] for user in demo["users"].values()]
    assert len(set(links)) == len(PEOPLE)
    assert all(link.startswith("http://127.0.0.1:8000/login/") for link in links)
    listed = {one["value"]: one for one in terminal("type", "list").answer["items"]}
    assert listed["dpw_certified"]["label"] == "Department of Public Works certification"
    assert listed["sfluv_verifier"]["active"] is True


def test_demo_again_adds_nothing_but_tokens_and_keys(demo: dict[str, Any], terminal: Terminal) -> None:
    before = {name: len(terminal(*name).answer["items"]) for name in (("did", "list"), ("user", "list"))}
    again = terminal("demo").answer
    assert {name: len(terminal(*name).answer["items"]) for name in before} == before
    assert {n: u["user_id"] for n, u in again["users"].items()} == {n: u["user_id"] for n, u in demo["users"].items()}
    assert all(again["users"][name]["token"] != demo["users"][name]["token"] for name in PEOPLE)
    assert all(again["issuer_api_keys"][did] != key for did, key in demo["issuer_api_keys"].items())
    assert (again["dids"], again["schemas"]) == (demo["dids"], demo["schemas"])


def _issuer_keys(terminal: Terminal) -> tuple[int, list[tuple[str, str]]]:
    """The version of the demo's issuer, and its active keys: fragment, type."""
    listed = terminal("did", "list").answer["items"]
    issuer = next(one for one in listed if one["did"] == "did:adi:issuer001")
    keys = [(key["id"].partition("#")[2], key["type"]) for key in issuer["keys"] if key["status"] == "active"]
    return issuer["version"], [key for key in keys if key[0].startswith("key")]


DEMO_KEYS = [
    ("key-1", "Ed25519VerificationKey2020"),
    ("key-2", "Multikey"),
    ("key-2-bls2020", "Bls12381G2Key2020"),
]


@pytest.mark.usefixtures("demo")
def test_demo_issuer_has_keys_for_whole_credentials_and_for_parts(terminal: Terminal) -> None:
    assert _issuer_keys(terminal) == (1, DEMO_KEYS)
    terminal("demo")
    assert _issuer_keys(terminal) == (1, DEMO_KEYS)


@pytest.mark.usefixtures("founded")
def test_issuer_of_an_earlier_demo_gets_the_key_it_lacks_once(terminal: Terminal) -> None:
    options = ("--generate", "Ed25519Signature2020", "--kind", "organization", "--name", "MIT")
    before = terminal("did", "import", "did:adi:issuer001", *options, "--alias", "did:adi:issuer001...").answer
    terminal("demo")
    assert _issuer_keys(terminal) == (2, DEMO_KEYS)
    kept = terminal("did", "resolve", "did:adi:issuer001").answer["didDocument"]["verificationMethod"]
    assert before["document"]["verificationMethod"][0] in kept
    terminal("demo")
    assert _issuer_keys(terminal) == (2, DEMO_KEYS)


def test_init_can_seed_the_demo(terminal: Terminal) -> None:
    answer = terminal("init", "--demo").answer
    assert set(answer["demo"]["users"]) == PEOPLE


def test_command_that_writes_founds_a_new_office(terminal: Terminal) -> None:
    assert terminal("did", "create", "--method", "adi").code == 0
    assert terminal("init").answer["already_initialized"] is True


def test_migrate_is_harmless_again(terminal: Terminal) -> None:
    assert terminal("migrate").answer["migrated"] is True
    assert terminal("migrate").answer["migrated"] is True
    assert terminal("init").answer["already_initialized"] is False


def test_plain_demo_shows_tokens_once_each(terminal: Terminal) -> None:
    said = terminal("demo", json_output=False)
    assert said.code == 0
    assert said.out.count("swp_") == len(PEOPLE)
    assert said.out.count("swk_") == 2
    assert "not shown again" in said.err
    assert "\x1b" not in said.out
    assert terminal("demo", "--quiet", json_output=False).err == ""
