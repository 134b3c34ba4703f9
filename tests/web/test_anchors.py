"""Anchors and the log as strangers meet them: read by a client of our own making, checked without any code of ours."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from sealwright.domain.anchors import AnchorEntry, AnchorKind
from sealwright.domain.receipt_check import ReceiptFile, check_receipt, parse_log_key
from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.web.api.shapes import anchors as shapes
from tests.support import log_client
from tests.support.office import START
from tests.web.conftest import Served

ENTRIES = 600
IMMUTABLE = "public, max-age=31536000, immutable"


@pytest.fixture(scope="module")
def issued(served: Served) -> dict[str, Any]:
    """A credential that is anchored in the middle of a log of some hundreds of entries."""
    _fill(served, 0, ENTRIES // 2)
    answer: dict[str, Any] = served.issue(anchor=True)
    _fill(served, ENTRIES // 2, ENTRIES - 1)
    return answer


def _fill(served: Served, first: int, last: int) -> None:
    entries = [
        AnchorEntry(AnchorKind.BATCH, f"bat_{n}", hashlib.sha256(b"%d" % n).hexdigest(), 3, START)
        for n in range(first, last)
    ]
    with served.office.units() as uow:
        served.office.bulk.anchoring.anchor_all(uow, entries)
        uow.commit()


def fetch(served: Served, path: str) -> bytes:
    answer = served.client.call("GET", path)
    assert answer.status == 200, (path, answer.body)
    assert answer.headers["access-control-allow-origin"] == "*"
    return answer.body


def checkpoint(served: Served) -> tuple[str, int, bytes]:
    key = fetch(served, "/log/key").decode().splitlines()[0]
    return log_client.open_note(fetch(served, "/log/checkpoint").decode(), key)


def receipt_of(served: Served, transaction_hash: str) -> dict[str, Any]:
    answer = served.client.call("GET", f"/api/v1/anchors/{transaction_hash}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()
    return found


def proof_of(served: Served, issued: dict[str, Any]) -> dict[str, Any]:
    answer = served.client.call("GET", f"/api/v1/anchors/{issued['transactionHash']}/proofs/{issued['credentialId']}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()
    return found


def test_whole_log_reads_as_c2sp_lays_it_out(served: Served, issued: dict[str, Any]) -> None:
    origin, size, root = checkpoint(served)
    assert origin == "127.0.0.1:8000/log"
    assert size == ENTRIES
    entries = log_client.read_entries(lambda path: fetch(served, path), size)
    assert log_client.mth(entries) == root
    assert log_client.check_tiles(lambda path: fetch(served, path), entries) == 4
    assert json.loads(entries[ENTRIES // 2])["credentialId"] == issued["credentialId"]


def test_receipt_holds_by_somebody_elses_code(served: Served, issued: dict[str, Any]) -> None:
    receipt, proof = receipt_of(served, issued["transactionHash"]), proof_of(served, issued)
    key = fetch(served, "/log/key").decode().splitlines()[0]
    origin, size, root = log_client.open_note(receipt["checkpoint"], key)
    assert (origin, size) == ("127.0.0.1:8000/log", receipt["treeSize"])
    leaf = log_client.sha(b"\x00" + canonicalize_json(receipt["entry"]))
    steps = [bytes.fromhex(step) for step in receipt["inclusionPath"]]
    assert log_client.holds_inclusion(leaf, receipt["entryIndex"], size, steps, root)
    assert receipt["transactionHash"] == f"0x{receipt['merkleRoot']}" == f"0x{receipt['entry']['merkleRoot']}"
    document = served.client.call("GET", f"/api/v1/credentials/{issued['credentialId']}/document", token=served.key)
    assert hashlib.sha256(document.body).hexdigest() == proof["documentSha256"]
    leaf = log_client.sha(b"\x00" + issued["credentialId"].encode() + bytes.fromhex(proof["documentSha256"]))
    assert leaf.hex() == proof["leafHash"] == receipt["merkleRoot"]


def test_every_proof_of_consistency_is_the_rfcs(served: Served, issued: dict[str, Any]) -> None:
    entries = log_client.read_entries(lambda path: fetch(served, path), ENTRIES)
    for first, second in [(1, 2), (3, 7), (4, 7), (8, 600), (255, 257), (256, 512), (256, 600), (511, 600), (599, 600)]:
        answer = json.loads(fetch(served, f"/log/consistency/{first}/{second}"))
        steps = [bytes.fromhex(step) for step in answer["path"]]
        assert steps == log_client.proof(first, entries[:second])
        old, new = log_client.mth(entries[:first]), log_client.mth(entries[:second])
        assert log_client.holds_consistency(first, second, old, new, steps)


def test_numbers_are_taken_plain_and_parts_of_full_tiles_too(served: Served, issued: dict[str, Any]) -> None:
    whole = fetch(served, "/log/tile/0/000")
    assert fetch(served, "/log/tile/0/0") == whole
    assert fetch(served, "/log/tile/0/000.p/255") == whole[: 255 * 32]
    assert fetch(served, "/log/tile/0/1.p/1") == fetch(served, "/log/tile/0/001")[:32]


@pytest.mark.parametrize(
    "path",
    [
        "0/002",
        "0/002.p/89",
        "0/002.p/0",
        "0/000.p/256",
        "0/000.p/-1",
        "0/000.p/01",
        "0/00",
        "0/0000",
        "0/x000/000",
        "0/x001/000",
        "0/000/000",
        "0/x00a/000",
        "0/000.p/",
        "0/000.p",
        "0/.p/5",
        "0/%30%30%30/000",
        "1/001",
        "1/000.p/3",
        "2/000",
        "00/000",
        "-1/000",
        "64/000",
        "x/000",
        "0/x999/x999/999",
        "0/x999/x999/x999/999",
        "0/999999999",
        "0/99999999999999999999",
        "0/000\u0660",
        "entries/002",
        "entries/002.p/89",
        "entries/x001/000",
        "entries/-1",
    ],
)
def test_what_no_tile_is_called_is_not_found(served: Served, issued: dict[str, Any], path: str) -> None:
    answer = served.client.call("GET", f"/log/tile/{path}")
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


@pytest.mark.parametrize("sizes", ["601/601", "3/2", "-1/3", "a/3", "01/3", "1/9999999999999999", "1/601"])
def test_sizes_that_the_log_never_had_are_not_found(served: Served, issued: dict[str, Any], sizes: str) -> None:
    answer = served.client.call("GET", f"/log/consistency/{sizes}")
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


def test_what_never_changes_may_be_kept_for_ever(served: Served, issued: dict[str, Any]) -> None:
    for path in ("/log/tile/0/000", "/log/tile/0/002.p/88", "/log/tile/entries/001", "/log/consistency/3/7"):
        assert served.client.call("GET", path).headers["cache-control"] == IMMUTABLE, path
    newest = served.client.call("GET", "/log/checkpoint")
    assert newest.headers["cache-control"] == "public, no-cache"
    assert newest.headers["content-type"] == "text/plain; charset=utf-8"
    again = served.client.call("GET", "/log/checkpoint", headers=[("If-None-Match", newest.headers["etag"])])
    assert again.status == 304


def test_office_checks_receipts_for_others(served: Served, issued: dict[str, Any]) -> None:
    receipt, proof = receipt_of(served, issued["transactionHash"]), proof_of(served, issued)
    answer = served.client.call("POST", "/api/v1/anchors/verify", {"receipt": receipt, "proof": proof})
    assert answer.status == 200
    assert answer.json()["verified"] is True
    assert {one["name"]: one["outcome"] for one in answer.json()["checks"]} == {
        **dict.fromkeys(("form", "entry", "inclusion", "signature", "leaf"), "passed"),
        **dict.fromkeys(("chain", "document", "consistency"), "not_applicable"),
    }
    wrong = {**proof, "leafIndex": 1}
    answer = served.client.call("POST", "/api/v1/anchors/verify", {"receipt": receipt, "proof": wrong})
    assert answer.json()["verified"] is False
    bodies: list[dict[str, Any]] = [{"receipt": {}}, {"receipt": receipt, "proof": {}}]
    for body in [*bodies, {"receipt": {**receipt, "more": 1}}]:
        answer = served.client.call("POST", "/api/v1/anchors/verify", body)
        assert (answer.status, answer.json()["verified"]) == (200, False)
        assert answer.json()["checks"][0]["outcome"] == "failed"


def test_receipt_of_another_office_cannot_be_checked(served: Served) -> None:
    answer = served.client.call("POST", "/api/v1/anchors/verify", {"receipt": shapes.RECEIPT_EXAMPLE})
    assert answer.json()["verified"] is None


def test_example_of_the_api_document_holds() -> None:
    key = parse_log_key("credentials.example/log+6efae2a5+AfSYUmX5LHJuLw13OvEinff7RUYdlqQuj8lTGFQfZAcP")
    file = ReceiptFile(shapes.RECEIPT_EXAMPLE, shapes.LEAF_PROOF_EXAMPLE)
    assert check_receipt(file, keys=[key]).verified is True


@pytest.mark.parametrize("path", ["0x" + "0" * 64, "0x", "x", "0x" + "0" * 64 + "/proofs/urn:uuid:x"])
def test_what_nobody_anchored_is_not_found(served: Served, path: str) -> None:
    answer = served.client.call("GET", f"/api/v1/anchors/{path}")
    assert (answer.status, answer.code) == (404, "ANCHOR_NOT_FOUND")


def test_record_of_an_anchored_credential_names_its_hash(served: Served, issued: dict[str, Any]) -> None:
    record = served.client.call("GET", f"/api/v1/credentials/{issued['credentialId']}", token=served.key).json()
    assert record["transactionHash"] == issued["transactionHash"]
    assert served.issue()["transactionHash"] is None
