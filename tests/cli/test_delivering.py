"""deliver, and `delivery` in an issue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.offers import Holder

from .conftest import ISSUE_BODY, Terminal


@pytest.fixture
def credential_id(issued: dict[str, Any]) -> str:
    return str(issued["credential_id"])


def test_offer_is_told_as_in_the_api(credential_id: str, terminal: Terminal) -> None:
    made = terminal("deliver", credential_id).answer
    assert (made["channel"], made["state"], made["credentialId"]) == ("token", "created", credential_id)
    assert made["claimUrl"].endswith(f"/claim#{made['token']}")
    wallet = terminal("deliver", credential_id, "--channel", "oid4vci", "--expires-in", "60").answer
    assert (wallet["channel"], wallet["txCodeRequired"]) == ("qr", True)
    assert wallet["deepLink"].startswith("openid-credential-offer://?credential_offer_uri=")
    bearer = terminal("deliver", credential_id, "--bearer", "--tx-code").answer
    assert (bearer["binding"], len(bearer["txCode"])) == ("bearer", 6)


def test_code_is_drawn_and_told_apart(credential_id: str, terminal: Terminal) -> None:
    said = terminal("deliver", credential_id, "--channel", "qr", "--qr", json_output=False)
    assert said.code == 0, said
    *drawn, link, blank, code = said.out.rstrip("\n").splitlines()
    assert len(drawn) > 20
    assert all(set(line) <= set(" \u2580\u2584\u2588") or "\x1b" in line for line in drawn)
    assert link.startswith("openid-credential-offer://")
    assert blank == ""
    assert code.removeprefix("Transaction code: ").isdigit()
    plain = terminal("deliver", credential_id, "--no-tx-code", "--channel", "qr", json_output=False)
    assert len(plain.out.splitlines()) == 1


def test_what_cannot_be_delivered(credential_id: str, terminal: Terminal) -> None:
    assert (terminal("deliver", credential_id, "--channel", "didcomm", "--qr")).code == 2
    assert terminal("deliver", credential_id, "--channel", "pigeon").problem["code"] == "INVALID_VALUE"
    assert (
        terminal("deliver", "urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11").problem["code"] == "CREDENTIAL_NOT_FOUND"
    )
    assert terminal("revoke", credential_id, "--reason", "over", "--yes").code == 0
    refused = terminal("deliver", credential_id)
    assert (refused.code, refused.problem["code"]) == (5, "NOT_DELIVERABLE")


def test_issue_offers_what_it_is_asked_to(demo: dict[str, Any], terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "issue.json"
    path.write_text(json.dumps({**ISSUE_BODY, "delivery": {"channel": "token"}}))
    answer = terminal("issue", str(path)).answer
    assert answer["offer"]["credentialId"] == answer["credential_id"]
    path.write_text(json.dumps({**ISSUE_BODY, "holderDid": Holder().did, "delivery": {"channel": "email"}}))
    refused = terminal("issue", str(path)).problem
    assert (refused["code"], refused["errors"][0]["pointer"]) == ("MISSING_FIELD", "/delivery/email")
