"""One bad row among fifty: it alone fails, with its own code, wherever it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.dids import DIDKind
from sealwright.services.dids import ImportedDID
from sealwright.services.office import Office
from tests.support.batches import assert_whole, chunks_of, codes_of, line, make_batch
from tests.support.office import DEGREE_CLAIMS, HOLDER, furnish, open_office, the_operator

GOOD = line()
ENDED = "did:adi:ended"
DEGREE: Mapping[str, Any] = DEGREE_CLAIMS["degree"]  # type: ignore[assignment]


def _degree(**changes: Any) -> dict[str, Any]:
    return {"degree": {**DEGREE, **changes}}


def _nested(levels: int) -> dict[str, Any]:
    return {"degree": _nested(levels - 1)} if levels else {"degree": 1}


# Kind of fault: (line, code, places that are pointed at).
BAD: dict[str, tuple[bytes, str, list[str]]] = {
    "unknown did:adi": (line("did:adi:nobody"), "HOLDER_NOT_FOUND", ["/holderDid"]),
    "no DID": (line("somebody"), "INVALID_DID", ["/holderDid"]),
    "other method": (line("did:example:1"), "UNSUPPORTED_DID_METHOD", ["/holderDid"]),
    "deactivated": (line(ENDED), "HOLDER_DEACTIVATED", ["/holderDid"]),
    "U+0000 in the DID": (line("did:adi:\x00"), "INVALID_DID", ["/holderDid"]),
    "reserved": (line(claims={**DEGREE_CLAIMS, "issuer": "me"}), "RESERVED_KEY", ["/claims/issuer"]),
    "keyword": (line(claims=_degree(**{"@id": "x"})), "RESERVED_KEY", ["/claims/degree/@id"]),
    "long text": (line(claims=_degree(name="x" * 65_537)), "CLAIMS_TOO_LARGE", ["/claims/degree/name"]),
    "U+0000": (line(claims=_degree(name="a\x00b")), "INVALID_CHARACTER", ["/claims/degree/name"]),
    "null": (line(claims=_degree(name=None)), "UNSIGNABLE_VALUE", ["/claims/degree/name"]),
    "empty": (line(claims={"degree": {}}), "UNSIGNABLE_VALUE", ["/claims/degree"]),
    "schema": (
        line(claims={"degree": {"type": 7, "gpa": 11, "x": True}}),
        "SCHEMA_VALIDATION_FAILED",
        ["/claims/degree/type", "/claims/degree/gpa", "/claims/degree/x"],
    ),
    "fraction": (
        line(claims=_degree(graduationYear=2025.0)),
        "SCHEMA_VALIDATION_FAILED",
        ["/claims/degree/graduationYear"],
    ),
    "big number": (
        line(claims=_degree(graduationYear=2**60)),
        "NUMBER_OUT_OF_RANGE",
        ["/claims/degree/graduationYear"],
    ),
    "past": (line(expirationDate="2020-01-01T00:00:00Z"), "EXPIRATION_IN_PAST", ["/expirationDate"]),
    "too far": (line(expirationDate="2300-01-01T00:00:00Z"), "EXPIRATION_TOO_FAR", ["/expirationDate"]),
    "no date": (line(expirationDate="tomorrow"), "INVALID_DATE", ["/expirationDate"]),
    "missing": (b'{"holderDid":"did:adi:holder001"}', "MISSING_FIELD", ["/claims"]),
    "unknown": (line(proof={}), "UNKNOWN_FIELD", ["/proof"]),
    "names a predecessor": (line(reissues="019ca945-0a00-8000-8002-b7465d32a8e9"), "UNKNOWN_FIELD", ["/reissues"]),
    "type": (b'{"holderDid":7,"claims":{}}', "INVALID_TYPE", ["/holderDid"]),
    "nested": (line(claims=_nested(40)), "NESTING_TOO_DEEP", []),
    "doubled": (GOOD[:-1] + b',"holderDid":"did:adi:issuer001"}', "DUPLICATE_KEY", []),
    "doubled below": (GOOD.replace(b'"university"', b'"type"'), "DUPLICATE_KEY", []),
    "broken": (GOOD[:-1], "INVALID_JSON", []),
    "not text": (b'{"holderDid":"\xff","claims":{}}', "INVALID_UNICODE", []),
}


@pytest.fixture(scope="module")
def office(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    home: Path = tmp_path_factory.mktemp("home")
    with open_office(shared_url, home) as opened:
        furnish(opened)
        wish = ImportedDID(did=ENDED, kind=DIDKind.HUMAN, name=None, generate=("Ed25519Signature2020",))
        caller = the_operator(opened)
        opened.acts.run(caller, lambda uow, me: opened.dids.import_did(uow, me, wish), changes_registry=True)
        opened.acts.run(
            the_operator(opened), lambda uow, me: opened.dids.deactivate(uow, me, ENDED), changes_registry=True
        )
        yield opened


def test_each_bad_row_fails_with_its_own_code_and_place(office: Office) -> None:
    """All kinds in one batch, each between two good rows; and the check beforehand says the same."""
    lines = [one for bad, _, _ in BAD.values() for one in (bad, GOOD)]
    wanted = {2 * place: code for place, (_, code, _) in enumerate(BAD.values())}
    batch = make_batch(office, lines, chunk_rows=64)
    found = office.bulk.engine.check_rows(batch, lines, 0, office.registry.current())
    office.bulk.engine.run_batch(batch.batch_id)
    assert_whole(office, batch)
    assert codes_of(office, batch) == wanted
    (chunk,) = chunks_of(office, batch)
    assert found == chunk.faults
    told = {fault.row: [cell.pointer for cell in fault.cells] for fault in chunk.faults}
    assert told == {2 * place: pointers for place, (_, _, pointers) in enumerate(BAD.values())}
    for fault in chunk.faults:
        assert "did:adi" not in fault.detail, "what is kept names nobody"


def test_the_bad_row_moves_through_every_position_of_fifty(office: Office, shared_url: str) -> None:
    """Checked beforehand: every kind at every position."""
    if not shared_url.startswith("sqlite"):
        return
    batch = make_batch(office, [GOOD])
    view = office.registry.current()
    for bad, code, _ in BAD.values():
        for place in range(50):
            lines = [GOOD] * place + [bad] + [GOOD] * (49 - place)
            found = office.bulk.engine.check_rows(batch, lines, 0, view)
            assert [(fault.row, fault.code) for fault in found] == [(place, code)]


def test_of_fifty_issued_only_the_bad_one_fails(office: Office, shared_url: str) -> None:
    """Issued for real: each position once, each kind at some; on PostgreSQL every seventh."""
    kinds = list(BAD.values())
    for place in range(0, 50, 1 if shared_url.startswith("sqlite") else 7):
        bad, code, _ = kinds[place % len(kinds)]
        batch = make_batch(office, [GOOD] * place + [bad] + [GOOD] * (49 - place), chunk_rows=64)
        office.bulk.engine.run_batch(batch.batch_id)
        ended = assert_whole(office, batch)
        assert (ended.issued, codes_of(office, batch)) == (49, {place: code})


def test_lines_that_others_wrote_are_read_as_strictly(office: Office) -> None:
    """Blanks, escapes and another order of members change nothing but the road on which a line is read."""
    written = [
        json.dumps({"claims": DEGREE_CLAIMS, "holderDid": HOLDER}).encode(),
        line(claims=_degree(gpa=4.0)),
        line(claims=_degree(gpa=-0.0)),
        line(claims=_degree(name="v1.0")),
    ]
    batch = make_batch(office, written)
    office.bulk.engine.run_batch(batch.batch_id)
    assert_whole(office, batch)
    assert codes_of(office, batch) == {}
