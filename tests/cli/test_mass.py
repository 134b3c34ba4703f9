"""revoke by filter, reissue."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.cli.desk import open_office, read_settings

from .conftest import Terminal, interrupt

ISSUER = "did:adi:issuer001"
KEY = f"{ISSUER}#key-1"


def test_what_a_lost_key_signed_is_issued_anew_then_revoked(issued: dict[str, Any], terminal: Terminal) -> None:
    chosen = ("--issuer-did", ISSUER, "--verification-method", KEY)
    seen = terminal("revoke", *chosen, "--reason", "copied", "--dry-run").answer
    assert (seen["dry_run"], seen["count"], seen["sample"]) == (True, 1, [issued["credential_id"]])
    assert seen["by_status"] == {"valid": 1, "suspended": 0, "expired": 0}
    assert terminal("did", "rotate", ISSUER, "--compromised", "--yes").code == 0

    planned = terminal("reissue", *chosen, "--dry-run").answer
    assert (planned["count"], planned["not_reissuable"]) == (1, 0)
    (made,) = terminal("reissue", *chosen, "--reason", "new key", "--reason-code", "key_compromise").answer["batches"]

    assert (made["status"], made["issued"], made["failed"], made["revoked"]) == ("anchored", 1, 0, 1)
    old = terminal("credential", "show", issued["credential_id"]).answer
    assert (old["status"], old["reason_code"]) == ("revoked", "key_compromise")
    again = terminal("revoke", *chosen, "--reason", "copied")
    assert (again.code, again.problem["code"]) == (5, "STATE_CONFLICT")

    rest = terminal("revoke", "--issuer-did", ISSUER, "--batch", made["batch_id"], "--reason", "wrong", "--yes").answer
    assert (rest["status"], rest["total"], rest["revoked"], rest["failed"], rest["results"]) == ("done", 1, 1, 0, [])


def test_a_stopped_reissue_ends_what_it_replaces_when_it_goes_on(
    issued: dict[str, Any], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("sealwright.cli.batch_running._Worker.start", interrupt)
        stopped = terminal("reissue", "--issuer-did", ISSUER, "--reason", "new key", "--yes")
    assert (stopped.code, stopped.answer["status"], stopped.answer["issued"]) == (130, "paused", 0)
    said = terminal("batch", "resume", stopped.answer["batch_id"])
    assert (said.code, said.answer["status"], said.answer["issued"], said.answer["revoked"]) == (0, "anchored", 1, 1)
    assert terminal("credential", "show", issued["credential_id"]).answer["status"] == "revoked"


def test_the_end_of_what_is_replaced_waits_for_it(
    issued: dict[str, Any], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("sealwright.cli.batch_running._Worker.start", interrupt)
        stopped = terminal("reissue", "--issuer-did", ISSUER, "--reason", "new key", "--yes").answer
    with open_office(read_settings()) as at:
        ending = at.office.bulk.desk.get(at.caller, stopped["batch_id"], at.view).options.selection.ending_batch  # type: ignore[union-attr]
    early = terminal("batch", "resume", ending)
    assert (early.code, early.problem["code"]) == (5, "STATE_CONFLICT")
    assert stopped["batch_id"] in early.problem["detail"]
    assert terminal("batch", "resume", stopped["batch_id"]).code == 0
    over = terminal("batch", "resume", ending).answer
    assert (over["status"], over["revoked"]) == ("done", 1)


def test_a_stopped_revocation_tells_what_was_revoked(
    issued: dict[str, Any], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = ("--issuer-did", ISSUER, "--reason", "wrong", "--yes")
    with monkeypatch.context() as patched:
        patched.setattr("sealwright.cli.batch_running._Worker.start", interrupt)
        stopped = terminal("revoke", *chosen, json_output=False)
    assert stopped.code == 130
    assert "Stopped: 0 revoked, 0 failed, 1 left." in stopped.err
    said = terminal("batch", "resume", stopped.err.split()[-1])
    assert (said.code, said.answer["status"], said.answer["revoked"], "issued" in said.answer) == (0, "done", 1, False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--reason", "r"),
        ("urn:uuid:x", "--issuer-did", ISSUER, "--reason", "r"),
        ("urn:uuid:x", "--schema", "s", "--reason", "r"),
    ],
)
def test_ids_or_a_filter_are_named(demo: dict[str, Any], terminal: Terminal, arguments: tuple[str, ...]) -> None:
    assert terminal("revoke", *arguments).code == 2
