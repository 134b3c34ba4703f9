"""Every body of the desk's routes against the classes of bad input: each has its answer, and nothing is left behind."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from sealwright.web.route import Audience, Route
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, serve
from tests.web.desk import DPW, Desk, furnish_desk
from tests.web.test_desk_examples import OURS, name

WITH_BODY: Final = [route for route in OURS if route.body is not None]
# A DELETE may bring its members in the query, so a body alone lacks nothing by form; one test has it below.
IN_PARTS: Final = "DELETE /issuers/credentials"
CALLER: Final = {
    Audience.ADMIN: "admin",
    Audience.REVIEWER: "issuer",
    Audience.IMPROVER: "improver",
    Audience.PROPOSER: "proposer",
    Audience.VOTER: "voter",
    Audience.PROPOSER_OR_VOTER: "voter",
    Audience.PERSON: "plain",
    Audience.CALLER: "admin",
}
_WRONG: Final[dict[str, tuple[Any, ...]]] = {
    "string": (7, True, ["x"], {"x": "y"}),
    "integer": ("7", 3.0, True, [1]),
    "boolean": ("yes", 1, "true"),
    "object": ([], "x", 1),
    "array": ("x", {"0": "x"}, 1),
}
NESTED: Final = b'{"x":' * 40 + b"1" + b"}" * 40
RAW: Final = [
    pytest.param(b"", "INVALID_JSON", id="nothing where a body is needed"),
    pytest.param(b"{", "INVALID_JSON", id="truncated"),
    pytest.param(b'{"reason": NaN}', "INVALID_JSON", id="not a number"),
    pytest.param(b"\xef\xbb\xbf{}", "INVALID_JSON", id="byte-order mark"),
    pytest.param(b"[]", "INVALID_BODY", id="a list"),
    pytest.param(b"null", "INVALID_BODY", id="null"),
    pytest.param(b'"x"', "INVALID_BODY", id="a text"),
    pytest.param(b'{"reason":"a","reason":"b"}', "DUPLICATE_KEY", id="a member twice"),
    pytest.param(b'{"reason":"\\ud800"}', "INVALID_UNICODE", id="a lone surrogate"),
    pytest.param(b'{"reason":"\xff"}', "INVALID_UNICODE", id="not UTF-8"),
    pytest.param(NESTED, "NESTING_TOO_DEEP", id="forty levels"),
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with serve(tmp_path_factory.mktemp("bad"), **NO_LIMITS) as served:
        yield furnish_desk(served)


def send(desk: Desk, route: Route, body: Any = None, **options: Any) -> Answer:
    path = re.sub(r"\{\w+\}", "nothing", route.path)
    return desk.call(CALLER[route.audience], route.method, path, body, **options)


def members(route: Route) -> dict[str, Any]:
    assert route.body is not None
    return dict(route.body.schema.get("properties", {}))


def refused(desk: Desk, answer: Answer, code: str, pointer: str | None = None) -> None:
    assert (answer.status, answer.code) == (422, code), answer.body
    if pointer is not None:
        assert pointer in answer.pointers


@pytest.fixture(autouse=True)
def nothing_is_left(desk: Desk) -> Iterator[None]:
    size = desk.served.audit_size()
    yield
    assert desk.served.audit_size() == size


@pytest.mark.parametrize("route", WITH_BODY, ids=name)
def test_unknown_member_is_refused(desk: Desk, route: Route) -> None:
    assert route.body is not None
    for member in ("isAdmin", "issued_by", "actor", "decided_at", "user_ID"):
        body = {**copy.deepcopy(dict(route.body.example or {})), member: "x"}
        refused(desk, send(desk, route, body), "UNKNOWN_FIELD", f"/{member}")


@pytest.mark.parametrize("route", WITH_BODY, ids=name)
def test_missing_member_is_named(desk: Desk, route: Route) -> None:
    assert route.body is not None
    for member in route.body.schema.get("required", ()):
        body = {key: value for key, value in (route.body.example or {}).items() if key != member}
        refused(desk, send(desk, route, body), "MISSING_FIELD", f"/{member}")


@pytest.mark.parametrize("route", WITH_BODY, ids=name)
def test_wrong_type_and_null_are_refused(desk: Desk, route: Route) -> None:
    assert route.body is not None
    for member, node in members(route).items():
        kinds = node.get("type", ())
        kinds = {kinds} if isinstance(kinds, str) else set(kinds)
        wrong = [value for kind in kinds if kind != "null" for value in _WRONG[kind]]
        wrong += [] if "null" in kinds else [None]
        for value in wrong:
            body = {**(route.body.example or {}), member: value}
            refused(desk, send(desk, route, body), "INVALID_TYPE", f"/{member}")


@pytest.mark.parametrize("route", WITH_BODY, ids=name)
def test_empty_overlong_and_nul_texts_are_refused(desk: Desk, route: Route) -> None:
    assert route.body is not None
    for member, node in members(route).items():
        if "maxLength" not in node or "pattern" in node:
            continue
        faults = [("x" * (node["maxLength"] + 1), "INVALID_VALUE"), ("a\x00b", "INVALID_CHARACTER")]
        faults += [("", "INVALID_VALUE")] if node.get("minLength") else []
        for value, code in faults:
            body = {**(route.body.example or {}), member: value}
            refused(desk, send(desk, route, body), code, f"/{member}")


@pytest.mark.parametrize("route", WITH_BODY, ids=name)
def test_value_outside_its_set_is_refused(desk: Desk, route: Route) -> None:
    assert route.body is not None
    for member, node in members(route).items():
        if "enum" in node:
            code = node.get("x-fault", "INVALID_VALUE")
            refused(desk, send(desk, route, {**(route.body.example or {}), member: "Maybe"}), code, f"/{member}")
        if node.get("format") == "date-time":
            for value in ("2030-02-30T00:00:00Z", "2030-01-01", "tomorrow", "2030-01-01T00:00:60Z"):
                body = {**(route.body.example or {}), member: value}
                refused(desk, send(desk, route, body), "INVALID_DATE", f"/{member}")
        if node.get("format") == "did":
            body = {**(route.body.example or {}), member: "did:"}
            refused(desk, send(desk, route, body), "INVALID_DID", f"/{member}")


@pytest.mark.parametrize("route", WITH_BODY, ids=name)
@pytest.mark.parametrize(("raw", "code"), RAW)
def test_broken_json_has_its_answer(desk: Desk, route: Route, raw: bytes, code: str) -> None:
    assert route.body is not None
    if not raw and (route.body.optional or name(route) == IN_PARTS):
        return
    answer = send(desk, route, raw=raw)
    assert answer.code == code
    assert answer.status == (422 if code == "INVALID_BODY" else 400)


@pytest.mark.parametrize("route", WITH_BODY, ids=name)
def test_other_content_is_refused(desk: Desk, route: Route) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", None):
        answer = send(desk, route, raw=b"{}", content_type=content_type)
        assert (answer.status, answer.code) == (415, "UNSUPPORTED_MEDIA_TYPE")
    encoded = send(desk, route, raw=b"{}", headers=[("Content-Encoding", "gzip")])
    assert encoded.code == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize("route", [route for route in WITH_BODY if route.idempotent], ids=name)
def test_broken_idempotency_key_is_refused(desk: Desk, route: Route) -> None:
    assert route.body is not None
    for headers in ([("Idempotency-Key", "")], [("Idempotency-Key", "x" * 256)], [("Idempotency-Key", "a")] * 2):
        answer = send(desk, route, dict(route.body.example or {}), headers=headers)
        assert (answer.status, answer.code) == (400, "INVALID_IDEMPOTENCY_KEY"), answer.body


DECISION: Final = "/issuers/credential-requests/nothing/decision"
DECISION_FAULTS: Final = [
    pytest.param({"status": "maybe"}, "INVALID_DECISION", "/status", id="no decision"),
    pytest.param({"status": "withdrawn"}, "INVALID_DECISION", "/status", id="the requester's own move"),
    pytest.param({"decision": ""}, "INVALID_VALUE", "/decision", id="nothing"),
    pytest.param({"status": ["approved"]}, "INVALID_TYPE", "/status", id="a list"),
    pytest.param({"status": None}, "INVALID_TYPE", "/status", id="null"),
    pytest.param({}, "MISSING_FIELD", "/status", id="no word at all"),
    pytest.param({"status": "rejected"}, "MISSING_FIELD", "/note", id="a rejection without a note"),
    pytest.param({"decision": "DENY", "note": "  "}, "MISSING_FIELD", "/note", id="a rejection with blanks"),
    pytest.param({"status": "approve", "decision": "deny"}, "CONFLICTING_FIELDS", "/decision", id="two words"),
    pytest.param({"status": "deny", "note": "a", "reason": "b"}, "CONFLICTING_FIELDS", "/reason", id="two notes"),
    pytest.param({"status": "approved", "expected_version": 0}, "INVALID_VALUE", "/expected_version", id="version 0"),
    pytest.param(
        {"status": "approved", "expected_version": 1.0}, "INVALID_TYPE", "/expected_version", id="version 1.0"
    ),
    pytest.param({"status": "approved", "claims": []}, "INVALID_TYPE", "/claims", id="claims that are a list"),
    pytest.param({"status": "ａｐｐｒｏｖｅｄ"}, "INVALID_DECISION", "/status", id="look-alike letters"),
    pytest.param(
        {"status": "approved", "delivery": {}}, "MISSING_FIELD", "/delivery/channel", id="delivery without a channel"
    ),
]


@pytest.mark.parametrize(("body", "code", "pointer"), DECISION_FAULTS)
def test_bad_decision_has_its_answer(desk: Desk, body: Any, code: str, pointer: str) -> None:
    # Whether the request exists is not told to those whose body is wrong.
    refused(desk, desk.call("issuer", "POST", DECISION, body), code, pointer)


MANY_FAULTS: Final = [
    pytest.param({"request_ids": []}, "INVALID_BODY", 422, id="no requests"),
    pytest.param({"request_ids": ["a"] * 101}, "BATCH_TOO_LARGE", 413, id="too many"),
    pytest.param({"request_ids": ["a", "a"]}, "INVALID_VALUE", 422, id="one twice"),
    pytest.param({"request_ids": [7]}, "INVALID_TYPE", 422, id="a number"),
    pytest.param({"request_ids": ["a"], "expected_versions": {"a": 1.0}}, "INVALID_TYPE", 422, id="version 1.0"),
    pytest.param({"request_ids": ["a"], "expected_versions": {"b": 1}}, "INVALID_VALUE", 422, id="another's version"),
]


@pytest.mark.parametrize(("body", "code", "status"), MANY_FAULTS)
def test_bad_bulk_decision_has_its_answer(desk: Desk, body: Any, code: str, status: int) -> None:
    answer = desk.call("issuer", "POST", "/issuers/credential-requests/decisions", {"status": "approved", **body})
    assert (answer.status, answer.code) == (status, code)


def test_revoking_by_delete_needs_its_members_from_somewhere(desk: Desk) -> None:
    for query, body, pointer in (
        ("", {}, "/user_id"),
        ("?user_id=x", {}, "/credential_type"),
        (f"?user_id=x&credential_type={DPW}", None, "/reason"),
    ):
        refused(desk, desk.call("issuer", "DELETE", f"/issuers/credentials{query}", body), "MISSING_FIELD", pointer)
    both = desk.call(
        "issuer", "DELETE", "/issuers/credentials?reason=a", {"user_id": "x", "credential_type": DPW, "reason": "b"}
    )
    refused(desk, both, "CONFLICTING_FIELDS", "/reason")


QUERY_FAULTS: Final = [
    *("status=open", "status=pending&status=approved", "sort=name", "sort=--status", "needs_info=1", "needs_info=True"),
    *("credential_type=DPW", "credential_type=", "credential_type=a%20b", "requested_from=yesterday", "assignee="),
    *("search=" + "x" * 201, "search=%00", "search=%ff"),
    "&".join(["credential_type=a"] * 101),
]


@pytest.mark.parametrize("query", QUERY_FAULTS, ids=lambda query: query[:40])
def test_bad_filter_is_refused(desk: Desk, query: str) -> None:
    refused(desk, desk.call("issuer", "GET", f"/issuers/credential-requests?{query}"), "INVALID_FILTER")


HOSTILE: Final = (
    "%25",
    "_%25_",
    "%27%20OR%201=1--",
    "%5C",
    "*",
    "%22%22",
    "(((((",
    "%F0%9F%92%A9",
    "%E2%80%AE",
    "a" * 200,
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_search_finds_nothing_and_breaks_nothing(desk: Desk, text: str) -> None:
    for who, path in (
        ("issuer", "/issuers/credential-requests"),
        ("admin", "/admin/users"),
        ("admin", "/admin/issuers"),
        ("admin", "/admin/improver-requests"),
    ):
        answer = desk.call(who, "GET", f"{path}?search={text}")
        assert (answer.status, answer.json()) == (200, []), answer.body


@pytest.mark.parametrize("search", ["", "?search=", "?search=x"])
def test_looking_people_up_needs_two_characters(desk: Desk, search: str) -> None:
    refused(desk, desk.call("issuer", "GET", f"/issuers/users{search}"), "INVALID_FILTER")


ADDRESSES: Final = (
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed",  # one letter of the wrong case
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
    "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0x" + "g" * 40,
    "0x" + "1" * 4000,
    "vitalik.eth",
)


@pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address[:45])
def test_bad_address_is_refused(desk: Desk, address: str) -> None:
    refused(desk, desk.call("issuer", "GET", f"/issuers/users/by-address/{address}"), "INVALID_ADDRESS")


@pytest.mark.parametrize("value", ["all", "Upper", "a-b", "a b", "", "x" * 65, "dpw_cértified", "аpw"])
def test_bad_value_of_a_type_is_refused(desk: Desk, value: str) -> None:
    answer = desk.call("admin", "POST", "/admin/credential-types", {"value": value, "label": "New"})
    refused(desk, answer, "INVALID_TYPE_VALUE", "/value")


@pytest.mark.parametrize("label", ["a\u202eb", "a\u200bb", "\u2066x", "a\nb", "\u3164"])
def test_label_that_hides_something_is_refused(desk: Desk, label: str) -> None:
    answer = desk.call("admin", "POST", "/admin/credential-types", {"value": "hiding", "label": label})
    refused(desk, answer, "INVALID_CHARACTER", "/label")


@pytest.mark.parametrize("name", ["a\u202eb", "a\nb", "\u200b", "   "])
def test_name_that_reads_as_another_or_as_nothing_is_refused(desk: Desk, name: str) -> None:
    code = "INVALID_CHARACTER" if "a" in name else "INVALID_VALUE"
    somebody = {"email": "named@example.org", "display_name": name}
    refused(desk, desk.call("admin", "POST", "/admin/users", somebody), code, "/display_name")
    refused(desk, desk.call("improver", "POST", "/voters/request", {"first_name": name}), code, "/first_name")
    [own] = desk.done("improver", "GET", "/me")["emails"]
    asked = {"organization": name, "email": own["email"]}
    refused(desk, desk.call("improver", "POST", "/issuers/request", asked), code, "/organization")


@pytest.mark.parametrize("user_id", ["a b", "a/b", "a?b", "a#b", "a\u200bb", "x" * 256, "", "a\nb"])
def test_bad_chosen_id_is_refused(desk: Desk, user_id: str) -> None:
    body = {"email": "new@example.org", "display_name": "New", "id": user_id}
    refused(desk, desk.call("admin", "POST", "/admin/users", body), "INVALID_VALUE", "/id")


@pytest.mark.parametrize(
    "email", ["x", "a@b", "a b@example.org", "a@example.org\r\nBcc: x@example.org", "<a@example.org>"]
)
def test_bad_email_is_refused(desk: Desk, email: str) -> None:
    for path, more in (("/admin/users", {"display_name": "New"}), ("/admin/invitations", {})):
        refused(desk, desk.call("admin", "POST", path, {"email": email, **more}), "INVALID_VALUE", "/email")
