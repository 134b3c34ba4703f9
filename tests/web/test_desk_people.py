"""People, admission, the catalog, inbox and saved views of the desk, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tests.web.conftest import NO_LIMITS, serve
from tests.web.desk import DPW, WALLET, Desk, fresh, furnish_desk

LIST: Final = "/issuers/credential-requests"
CREDENTIALS: Final = "/issuers/credentials"
TYPES: Final = "/admin/credential-types"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with serve(tmp_path_factory.mktemp("people"), **NO_LIMITS) as served:
        yield furnish_desk(served)


def test_people_are_found_by_address_in_any_case(desk: Desk) -> None:
    desk.improver("walletowner", wallets=(WALLET,))
    for spelled in (WALLET, WALLET.lower(), "0x" + WALLET[2:].upper()):
        found = desk.done("issuer", "GET", f"/issuers/users/by-address/{spelled}")
        assert found == {
            "user_id": desk.ids["walletowner"],
            "address": WALLET,
            "display_name": "Walletowner",
            "verified": True,
        }
    unknown = desk.call("issuer", "GET", "/issuers/users/by-address/0x" + "1" * 40)
    assert (unknown.status, unknown.code) == (404, "USER_NOT_FOUND")


def test_a_person_with_a_chosen_id(desk: Desk) -> None:
    user_id = "did:privy:cm3np4u9j001rc8b73seqmqqk"
    body = {"email": "privy@example.org", "display_name": "P", "id": user_id, "roles": ["improver"], "verified": True}
    made = desk.call("admin", "POST", "/admin/users", body)
    assert (made.status, made.json()["user_id"]) == (201, user_id)
    assert made.json()["roles"] == [{"role": "improver", "status": "approved"}]
    for path in (made.headers["location"], f"/admin/users/{user_id.replace(':', '%3A')}"):
        assert desk.done("admin", "GET", path) == made.json()
    granted = desk.done("issuer", "POST", CREDENTIALS, {"user_id": user_id, "credential_type": DPW})
    assert desk.done("issuer", "GET", f"{CREDENTIALS}/{user_id}")[0]["id"] == granted["id"]


def test_an_issuer_is_admitted_with_a_scope_and_loses_it(desk: Desk) -> None:
    desk.add("newcomer")
    wish = {"organization": "Works", "email": "newcomer@example.org", "credential_types": [DPW]}
    asked = desk.done("newcomer", "POST", "/issuers/request", wish)
    assert (asked["status"], asked["allowed_credentials"], asked["version"]) == ("pending", [], 1)
    user_id = desk.ids["newcomer"]
    waiting = desk.done("admin", "GET", "/admin/issuer-requests?status=Pending&search=newcomer")
    assert [one["user_id"] for one in waiting] == [user_id]
    assert desk.call("newcomer", "GET", LIST).code == "ROLE_REQUIRED"
    approved = desk.call(
        "admin", "PUT", "/admin/issuer-requests", {"user_id": user_id, "status": "approved", "expected_version": 1}
    )
    assert (approved.status, approved.json()["allowed_credentials"]) == (200, [DPW])
    one = desk.call("admin", "GET", f"/admin/issuers/{user_id}")
    assert one.headers["etag"] == approved.headers["etag"] == f'"{one.json()["version"]}"'
    assert desk.done("newcomer", "GET", "/issuers/scopes")["allowed_credentials"] == [DPW]
    body = {"user_id": user_id, "status": "rejected", "note": "Withdrawn."}
    assert desk.done("admin", "PUT", "/admin/issuer-requests", body)["status"] == "rejected"
    assert desk.call("newcomer", "GET", LIST).code == "ROLE_REQUIRED"


def test_a_role_is_asked_for_given_and_given_up(desk: Desk) -> None:
    desk.add("climber")
    user_id = desk.ids["climber"]
    for family, role in (("improvers", "improver"), ("proposers", "proposer"), ("voters", "voter")):
        asked = desk.call("climber", "POST", f"/{family}/request", {"first_name": "Ana", "note": "n"})
        assert (asked.status, asked.json()["status"]) == (201, "pending")
        refused = desk.call("admin", "PUT", f"/admin/{role}-requests", {"user_id": user_id, "status": "rejected"})
        assert (refused.code, refused.pointers) == ("MISSING_FIELD", ["/note"])
        body = {"user_id": user_id, "status": "approved", "expected_version": 1}
        given = desk.done("admin", "PUT", f"/admin/{role}-requests", body)
        assert (given["status"], given["version"]) == ("approved", 2)
        assert desk.call("admin", "PUT", f"/admin/{role}-requests", body).code == "VERSION_CONFLICT"
        assert {"role": role, "status": "approved"} in desk.done("climber", "GET", "/me")["roles"]
        left = desk.done("climber", "POST", f"/{family}/leave")
        assert left["status"] == "ended"
        assert {"role": role, "status": "ended"} in desk.done("admin", "GET", f"/admin/users/{user_id}")["roles"]


def test_the_catalog_is_kept(desk: Desk) -> None:
    made = desk.call("admin", "POST", TYPES, {"value": "tree_steward", "label": "Tree steward", "validity_days": 30})
    assert (made.status, made.headers["etag"], made.headers["location"]) == (201, '"1"', f"{TYPES}/tree_steward")
    assert made.json()["revocation_policy"] == "keep_current_release_future"
    assert "tree_steward" in {one["value"] for one in desk.done("plain", "GET", "/credentials/types")}
    changed = desk.done("admin", "PUT", f"{TYPES}/tree_steward", {"visibility": "private", "validity_days": None})
    assert (changed["visibility"], changed["validity_days"], changed["label"]) == ("private", None, "Tree steward")
    assert "tree_steward" not in {one["value"] for one in desk.done("plain", "GET", "/credentials/types")}
    assert "tree_steward" in {one["value"] for one in desk.done("issuer", "GET", "/credentials/types")}
    retired = desk.done("admin", "DELETE", f"{TYPES}/tree_steward?retire=true")
    assert retired["active"] is False
    assert desk.done("admin", "POST", f"{TYPES}/tree_steward/reactivate")["active"] is True
    gone = desk.call("admin", "DELETE", f"{TYPES}/tree_steward")
    assert (gone.status, gone.body) == (204, b"")
    assert desk.call("admin", "GET", f"{TYPES}/tree_steward").code == "TYPE_NOT_FOUND"


def test_the_inbox_is_read_and_its_mail_is_chosen(desk: Desk) -> None:
    name = fresh(desk)
    desk.decide("issuer", desk.request(name)["id"], "rejected", message="Sorry.")
    notices = desk.done(name, "GET", "/me/notifications")
    assert [one["kind"] for one in notices] == ["rejected"]
    marked = desk.done(name, "POST", "/me/notifications/read", {"ids": [notices[0]["id"]]})
    assert marked == {"marked": 1, "unread": 0}
    assert desk.done("improver", "POST", "/me/notifications/read", {"ids": [notices[0]["id"]]})["marked"] == 0
    modes = desk.done(name, "PUT", "/me/notifications/modes", {"expiring": "daily"})
    assert modes["expiring"] == "daily"
    assert desk.done(name, "GET", "/me/notifications/modes") == modes
    refused = desk.call(name, "PUT", "/me/notifications/modes", {"revoked": "off"})
    assert refused.code == "INVALID_VALUE"


def test_saved_views_have_one_default(desk: Desk) -> None:
    for number in range(2):
        desk.done("both", "POST", "/issuers/views", {"name": f"v{number}", "query": "?status=all", "is_default": True})
    views = desk.done("both", "GET", "/issuers/views")
    assert sorted((one["name"], one["query"], one["is_default"]) for one in views) == [
        ("v0", "status=all", False),
        ("v1", "status=all", True),
    ]
