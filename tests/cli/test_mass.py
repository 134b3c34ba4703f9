"""revoke by filter, reissue."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Terminal

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
