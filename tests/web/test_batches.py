"""Issuing many credentials in one call: order, codes, one effect for each key, limits and bad input."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.errors import StoreUnavailable
from sealwright.services.batch_desk import BatchDesk
from sealwright.web.api.shapes import batches as shapes
from sealwright.web.shape import compile_schema
from tests.conftest import DATABASES
from tests.support.office import HOLDER, the_operator
from tests.support.wallet import WalletKey
from tests.web.batches import FRAME, ISSUE, PATH, call, carry_out, count_batches, inline, row, rows, served_on
from tests.web.conftest import NO_LIMITS, Served, degree, serve

EXPECTED = {"BATCH_RESULT": compile_schema(shapes.BATCH_RESULT), "BATCH": compile_schema(shapes.BATCH)}


@pytest.fixture(scope="module", params=DATABASES)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served_on(request, tmp_path_factory) as one:
        yield one


def test_results_keep_order_and_each_row_has_its_own_code(served: Served) -> None:
    good = rows(2)
    before = served.audit_size()
    answer = inline(
        served,
        [
            good[0],
            row("did:adi:nobody"),
            row(WalletKey().did, gpa="high"),
            row("nonsense"),
            {**row(WalletKey().did), "expirationDate": "2030-02-30T00:00:00Z"},
            {**row(WalletKey().did), "expirationDate": "2020-01-01T00:00:00Z"},
            row("did:example:1"),
            {"holderDid": WalletKey().did, "claims": {"id": "x", **row()["claims"]}},
            good[0],
            {"subjectDid": good[1]["holderDid"], "claims": good[1]["claims"]},
        ],
    )
    assert answer.status == 200, answer.body
    told = answer.json()
    assert EXPECTED["BATCH_RESULT"].is_valid(told)
    assert [one["index"] for one in told["results"]] == list(range(10))
    assert [(one["error"] or {"code": "issued"})["code"] for one in told["results"]] == [
        "issued",
        "HOLDER_NOT_FOUND",
        "SCHEMA_VALIDATION_FAILED",
        "INVALID_DID",
        "INVALID_DATE",
        "EXPIRATION_IN_PAST",
        "UNSUPPORTED_DID_METHOD",
        "RESERVED_KEY",
        "DUPLICATE_IN_BATCH",
        "issued",
    ]
    assert (told["issued"], told["failed"]) == (2, 8)
    assert told["results"][0]["holderDid"] == good[0]["holderDid"]
    assert told["results"][1]["holderDid"] == "did:adi:nobody"
    assert told["results"][2]["error"]["errors"][0]["pointer"] == "/claims/degree/gpa"
    assert all(one["credentialId"] is None and one["statusListIndex"] is None for one in told["results"][1:9])
    assert len({told["results"][place]["statusListIndex"] for place in (0, 9)}) == 2
    assert told["transactionHash"].startswith("0x")
    # Made, started, issued, completed, anchored, and the log's entry: none for each row.
    assert served.audit_size() - before <= 6


def test_what_was_issued_is_found_by_its_batch(served: Served) -> None:
    told = inline(served, rows(3), includeCredentials=True, proofType="eddsa-rdfc-2022").json()
    found = call(served, "GET", f"/api/v1/credentials?batchId={told['batchId']}").json()["data"]
    assert {one["credentialId"] for one in found} == {one["credentialId"] for one in told["results"]}
    by_id = {one["credentialId"]: one for one in found}
    for one in told["results"]:
        record = by_id[one["credentialId"]]
        assert record["credential"] == one["credential"]
        assert (record["batchId"], record["transactionHash"]) == (told["batchId"], told["transactionHash"])
        assert record["statusListIndex"] == one["statusListIndex"]
    report = call(served, "POST", "/api/v1/credentials/verify", {"credential": told["results"][0]["credential"]})
    assert report.json()["verified"] is True
    batch = call(served, "GET", f"{PATH}/{told['batchId']}").json()
    assert EXPECTED["BATCH"].is_valid(batch)
    assert (batch["status"], batch["issued"], batch["failed"], batch["remaining"]) == ("anchored", 3, 0, 0)
    assert "credential" not in inline(served, rows(1)).json()["results"][0]


def test_nothing_is_issued_where_every_row_is_wrong(served: Served) -> None:
    told = inline(served, [row("did:adi:nobody"), row("did:adi:noone")]).json()
    assert (told["issued"], told["failed"], told["transactionHash"]) == (0, 2, None)
    assert call(served, "GET", f"{PATH}/{told['batchId']}").json()["status"] == "done"


def test_a_holder_twice_only_where_that_is_wished(served: Served) -> None:
    alias = f"{HOLDER}..."
    told = inline(served, [row(), row(alias)]).json()
    assert told["results"][1]["error"]["code"] == "DUPLICATE_IN_BATCH"
    allowed = inline(served, [row(), row(alias)], allowDuplicates=True).json()
    assert allowed["issued"] == 2
    assert [one["holderDid"] for one in allowed["results"]] == [HOLDER, HOLDER]


# -- one effect for each key -------------------------------------------------------------------------


def test_a_key_gives_one_answer(served: Served) -> None:
    wish = [*rows(2), row("did:adi:nobody")]
    first = inline(served, wish, key="batch-1", includeCredentials=True)
    size, batches = served.audit_size(), count_batches(served)
    again = inline(served, wish, key="batch-1", includeCredentials=True)
    assert (again.status, again.body) == (first.status, first.body)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert (served.audit_size(), count_batches(served)) == (size, batches)
    assert inline(served, wish[:1], key="batch-1").code == "IDEMPOTENCY_KEY_REUSED"


def test_eight_at_once_with_one_key_make_one_batch(served: Served) -> None:
    batches = count_batches(served)
    wish = {
        "method": "POST",
        "path": ISSUE,
        "body": {**FRAME, "credentials": rows(5)},
        "token": served.key,
        "headers": [("idempotency-key", "race")],
    }
    answers = served.client.together(*[wish] * 8)
    told = {answer.body for answer in answers if answer.status == 200}
    assert len(told) == 1
    assert {answer.code for answer in answers if answer.status != 200} <= {"IDEMPOTENCY_IN_PROGRESS"}
    assert count_batches(served) == batches + 1


def test_a_call_that_died_between_its_halves_is_finished_by_its_key(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(_desk: BatchDesk, _batch_id: str) -> Any:
        raise StoreUnavailable("The process is gone.")

    wish, batches = rows(2), count_batches(served)
    with monkeypatch.context() as broken:
        broken.setattr(BatchDesk, "carry_out", dies)
        assert inline(served, wish, key="crash").status == 503
    assert count_batches(served) == batches + 1
    finished = inline(served, wish, key="crash")
    assert (finished.status, finished.json()["issued"]) == (200, 2)
    assert count_batches(served) == batches + 1
    assert inline(served, wish, key="crash").body == finished.body


def test_who_does_not_wait_gets_the_batch(served: Served) -> None:
    wish = rows(2)
    answer = inline(served, wish, prefer="respond-async, wait=1", key="later")
    assert (answer.status, answer.headers["preference-applied"]) == (202, "respond-async")
    batch = answer.json()
    assert EXPECTED["BATCH"].is_valid(batch)
    assert (batch["status"], batch["total"], batch["remaining"]) == ("accepted", 2, 2)
    assert answer.headers["location"] == f"{PATH}/{batch['batchId']}"
    assert carry_out(served, batch["batchId"]).issued == 2
    again = inline(served, wish, prefer="respond-async", key="later")
    assert (again.body, again.headers["idempotent-replayed"]) == (answer.body, "true")


# -- refused as a whole ------------------------------------------------------------------------------

HERE: Any = "__here__"
WHOLE: list[tuple[str, Any, int, str, str]] = [
    ("empty", {"credentials": []}, 422, "INVALID_BODY", "/credentials"),
    ("no list", {"credentials": {}}, 422, "INVALID_TYPE", "/credentials"),
    ("null", {"credentials": None}, 422, "INVALID_TYPE", "/credentials"),
    ("no object", {"credentials": [row(), 5]}, 422, "INVALID_TYPE", "/credentials/1"),
    ("no claims", {"credentials": [{"holderDid": HOLDER}]}, 422, "MISSING_FIELD", "/credentials/0/claims"),
    ("no holder", {"credentials": [{"claims": {}}]}, 422, "MISSING_FIELD", "/credentials/0/holderDid"),
    ("null holder", {"credentials": [{**row(), "holderDid": None}]}, 422, "INVALID_TYPE", "/credentials/0/holderDid"),
    ("null claims", {"credentials": [{**row(), "claims": None}]}, 422, "INVALID_TYPE", "/credentials/0/claims"),
    ("claims of a list", {"credentials": [{**row(), "claims": []}]}, 422, "INVALID_TYPE", "/credentials/0/claims"),
    ("unknown", {"credentials": [row(), {**row(), "isAdmin": True}]}, 422, "UNKNOWN_FIELD", "/credentials/1/isAdmin"),
    ("frame", {"isAdmin": True}, 422, "UNKNOWN_FIELD", "/isAdmin"),
    ("two holders", {"credentials": [{**row(), "subjectDid": "did:adi:x"}]}, 422, "CONFLICTING_FIELDS",
     "/credentials/0/subjectDid"),
    ("suspendable", {"suspendable": True, "revocable": False}, 422, "CONFLICTING_FIELDS", "/suspendable"),
    ("proof", {"proofType": "ed25519"}, 422, "UNSUPPORTED_PROOF_TYPE", "/proofType"),
    ("date", {"expirationDate": "soon"}, 422, "INVALID_DATE", "/expirationDate"),
    ("address", {"delivery": {"channel": "email", "email": "a\r\nBcc: b@c.example"}}, 422, "INVALID_VALUE",
     "/delivery/email"),
    ("past", {"expirationDate": "2020-01-01T00:00:00Z"}, 422, "EXPIRATION_IN_PAST", ""),
    ("far", {"expirationDate": "2999-01-01T00:00:00Z"}, 422, "EXPIRATION_TOO_FAR", ""),
    ("issuer", {"issuerDid": "did:adi:none"}, 404, "ISSUER_NOT_FOUND", ""),
    ("schema", {"schemaId": "did:adi:schema:none-v1"}, 404, "SCHEMA_NOT_FOUND", ""),
    ("another's", {"issuerDid": HOLDER}, 403, "ISSUER_NOT_AUTHORIZED", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "status", "code", "pointer"), [case[1:] for case in WHOLE], ids=[c[0] for c in WHOLE]
)
def test_a_malformed_call_is_refused_whole(
    served: Served, changes: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    size = served.audit_size()
    answer = call(served, "POST", ISSUE, {**FRAME, "credentials": [row()], **changes})
    assert (answer.status, answer.code) == (status, code), answer.body
    assert not pointer or pointer in answer.pointers
    assert served.audit_size() == size


def test_a_missing_member_is_named(served: Served) -> None:
    answer = call(served, "POST", ISSUE, {})
    assert (answer.code, answer.pointers) == ("MISSING_FIELD", ["/schemaId", "/issuerDid", "/credentials"])


def test_text_that_cannot_be_signed_fails_its_row(served: Served) -> None:
    told = inline(served, [row(WalletKey().did, university="a\u0000b"), *rows(1)]).json()
    assert [(one["error"] or {"code": ""})["code"] for one in told["results"]] == ["INVALID_CHARACTER", ""]


def test_a_halt_refuses_the_call(served: Served) -> None:
    operator = the_operator(served.office)
    served.office.acts.run(operator, lambda uow, me: served.office.halting.halt(uow, me, "test"), changes_registry=True)
    batches = count_batches(served)
    try:
        answer = inline(served, rows(1))
        assert (answer.status, answer.code) == (503, "ISSUING_HALTED")
        assert "retry-after" in answer.headers
    finally:
        served.office.acts.run(the_operator(served.office), served.office.halting.resume, changes_registry=True)
    assert count_batches(served) == batches


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An office with room for little."""
    limits = {**NO_LIMITS, "SEALWRIGHT_RATE_BATCH_PER_MINUTE": "3", "SEALWRIGHT_RATE_ISSUE_PER_MINUTE": "2"}
    more = {"SEALWRIGHT_BATCH_INLINE_MAX": "3", "SEALWRIGHT_BATCH_BODY_MAX_BYTES": "4096"}
    with serve(tmp_path_factory.mktemp("narrow"), **limits, **more) as one:
        yield one


def test_limits(narrow: Served) -> None:
    answer = inline(narrow, [row("nonsense"), 5, None, {}])
    assert (answer.status, answer.code, answer.pointers) == (413, "BATCH_TOO_LARGE", ["/credentials"])
    large = json.dumps({**FRAME, "credentials": [row()], "padding": "x" * 5000}).encode()
    assert call(narrow, "POST", ISSUE, raw=large).code == "PAYLOAD_TOO_LARGE"
    assert call(narrow, "POST", ISSUE, raw=[large[:3000], large[3000:]]).code == "PAYLOAD_TOO_LARGE"
    # A batch counts once, in a bucket of its own.
    assert inline(narrow, rows(3)).json()["issued"] == 3
    assert narrow.client.call("POST", "/api/v1/credentials/issue", degree(), token=narrow.key).status == 201
    last = inline(narrow, rows(1))
    assert (last.status, last.headers["ratelimit-limit"], last.headers["ratelimit-remaining"]) == (200, "3", "0")
    over = inline(narrow, rows(1))
    assert (over.status, over.code) == (429, "RATE_LIMIT_EXCEEDED")


def test_offices_that_anchor_nothing_tell_no_hash(tmp_path: Path) -> None:
    with serve(tmp_path, SEALWRIGHT_ANCHOR="off", **NO_LIMITS) as plain:
        told = inline(plain, rows(1)).json()
        assert (told["issued"], told["transactionHash"]) == (1, None)
        assert call(plain, "GET", f"{PATH}/{told['batchId']}").json()["status"] == "done"
