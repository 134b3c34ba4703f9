"""webhook: endpoints of the office, from the terminal."""

from __future__ import annotations

import pytest

from .conftest import Terminal


@pytest.mark.usefixtures("founded")
def test_endpoints_are_made_and_listed(terminal: Terminal) -> None:
    made = terminal("webhook", "create", "https://192.0.2.7/in", "--events", "credential.issued")
    assert (made.code, made.problem["code"]) == (6, "URL_NOT_ALLOWED")
    assert made.problem["errors"][0]["pointer"] == "/url"
    # An address of documentation networks is no public one either, and http is for whom the operator allows.
    for url in ("https://127.0.0.1/in", "http://1.1.1.1/in", "https://user@1.1.1.1/", "ftp://1.1.1.1/"):
        assert terminal("webhook", "create", url).problem["code"] == "URL_NOT_ALLOWED"
    wrong = terminal("webhook", "create", "https://1.1.1.1/in", "--events", "webhook.created")
    assert (wrong.code, wrong.problem["errors"][0]["pointer"]) == (6, "/events/0")

    made = terminal("webhook", "create", "https://1.1.1.1/in", "--events", "credential.issued,credential.revoked")
    assert made.answer["secret"].startswith("whsec_")
    assert made.answer["events"] == ["credential.issued", "credential.revoked"]
    assert (made.answer["status"], made.answer["owner"]["type"]) == ("active", "operator")
    plain = terminal("webhook", "create", "https://1.1.1.1/all", json_output=False)
    assert plain.out.startswith("whsec_")
    listed = terminal("webhook", "list").answer["items"]
    # Both were made within a second, which leaves their order open.
    assert sorted((one["url"], one["events"]) for one in listed) == [
        ("https://1.1.1.1/all", ["*"]),
        ("https://1.1.1.1/in", ["credential.issued", "credential.revoked"]),
    ]
    assert "secret" not in listed[0]
