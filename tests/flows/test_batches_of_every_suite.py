"""Batches under suites that need more than one hash for a row: whole, exactly once, checked; issued anew; copied."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.batches import BatchStatus, Selection
from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.dids import DIDKind
from sealwright.domain.formats import CredentialFormat
from sealwright.services.dids import ImportedDID
from sealwright.services.mass_values import ReissueWish
from sealwright.services.office import Office
from sealwright.services.verification import VerifyOptions
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.proofs.deriving import mandatory_of
from sealwright.vc.proofs.suites.disclosure import Wish
from tests.support.batches import (
    Killed,
    MortalUnits,
    assert_whole,
    codes_of,
    credentials_of,
    line,
    make_batch,
    present,
    worker,
)
from tests.support.mass import COMPROMISED
from tests.support.office import DEGREE_CLAIMS, HOLDER, MovableClock, furnish, issue, open_office, the_operator

EVERY = "did:adi:issuer007"
SUITES = ["bbs-2023", "ecdsa-sd-2023", "BbsBlsSignature2020", "ecdsa-rdfc-2019", "ecdsa-jcs-2019"]
GRADE, UNIVERSITY = "/credentialSubject/degree/gpa", "/credentialSubject/degree/university"
WRONG: dict[str, Any] = {"degree": {"type": "BachelorDegree", "university": "MIT", "gpa": "3.8"}}
LINES = [line(), line("did:adi:nobody"), line(), line(claims=WRONG), line()]


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock) -> Iterator[Office]:
    """An office whose issuer signs under every suite."""
    with open_office(database_url, tmp_path / "home", clock=clock) as opened:
        furnish(opened)
        kinds = ("Ed25519Signature2020", "bbs-2023", "ecdsa-rdfc-2019")
        wish = ImportedDID(did=EVERY, kind=DIDKind.ORGANIZATION, name="Every", generate=kinds)
        opened.acts.run(
            the_operator(opened), lambda uow, me: opened.dids.import_did(uow, me, wish), changes_registry=True
        )
        yield opened


def document(record: CredentialRecord) -> dict[str, Any]:
    value = parse_json(record.document or b"")
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("suite", SUITES)
def test_every_row_has_one_outcome_and_its_credential_holds(office: Office, suite: str) -> None:
    batch = make_batch(office, LINES, issuer=EVERY, proof_type=suite, suspendable=True)
    office.bulk.engine.run_batch(batch.batch_id)
    ended = assert_whole(office, batch)
    assert (ended.issued, codes_of(office, batch)) == (
        3,
        {1: "HOLDER_NOT_FOUND", 3: "SCHEMA_VALIDATION_FAILED"},
    )
    for record in credentials_of(office, batch).values():
        signed = document(record)
        assert record.proof_type == suite
        assert signed["credentialSubject"] == {"id": HOLDER, **DEGREE_CLAIMS}
        report = office.verifier.verify(signed, VerifyOptions(is_own_work=True))
        assert report, report.failures
        if suite.startswith(("bbs", "Bbs", "ecdsa-sd")):
            shown = office.deriving.derive(signed, Wish(pointers=(UNIVERSITY,)))
            assert office.verifier.verify(shown, VerifyOptions(expected_holder=HOLDER))


@pytest.mark.parametrize("suite", ["bbs-2023", "ecdsa-sd-2023"])
def test_a_worker_may_die_anywhere_though_no_signature_comes_out_twice_the_same(
    office: Office, clock: MovableClock, suite: str
) -> None:
    """Every draft has secrets of its own, so what was stored first is the truth, and nothing else is ever stored."""
    deaths = 0
    for dies_at in count(1, 5):
        batch = make_batch(office, LINES, issuer=EVERY, proof_type=suite)
        try:
            worker(office, MortalUnits(office.units, dies_at)).run_batch(batch.batch_id)
        except Killed:
            deaths += 1
            clock.move(seconds=16)
            before = (
                {row: record.document for row, record in credentials_of(office, batch).items()}
                if _begun(office, batch)
                else {}
            )
            office.bulk.engine.run_batch(batch.batch_id)
            assert_whole(office, batch)
            after = {row: record.document for row, record in credentials_of(office, batch).items()}
            assert before.items() <= after.items()
        else:
            break
    assert deaths > 8


def _begun(office: Office, batch: Any) -> bool:
    return present(office, batch).at is not None


@pytest.mark.parametrize("suite", SUITES)
def test_no_row_fails_by_a_key_store_that_signs_wrongly(
    office: Office, suite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = make_batch(office, [line()], issuer=EVERY, proof_type=suite)
    engine = worker(office)
    carrier = engine.carriers[next(iter(engine.carriers))]
    right = carrier._issuing.chunk_signer  # type: ignore[attr-defined]
    sign = lambda method, view: lambda data: right(method, view)(data)[:-1] + b"\0"  # noqa: E731
    with monkeypatch.context() as patched:
        patched.setattr(office.issuing, "chunk_signer", sign)
        assert not engine.work_once()
    assert (present(office, batch).status, credentials_of(office, batch)) == (BatchStatus.RUNNING, {})


@pytest.mark.parametrize("suite", ["bbs-2023", "ecdsa-sd-2023"])
def test_what_is_mandatory_stays_so_when_issued_anew(office: Office, clock: MovableClock, suite: str) -> None:
    old = issue(office, issuer_did=EVERY, proof_type=suite, mandatory_pointers=(GRADE,)).record
    office.acts.run(
        the_operator(office),
        lambda uow, me: office.dids.rotate(uow, me, EVERY, compromised=True),
        changes_registry=True,
    )
    clock.move(hours=1)
    (batch,) = office.bulk.mass.reissue(the_operator(office), ReissueWish(EVERY, Selection(), None, COMPROMISED))
    office.bulk.mass.gathering.fill(batch.batch_id)
    office.bulk.engine.run_batch(batch.batch_id)
    (new,) = credentials_of(office, batch).values()
    assert (new.proof_type, new.uid) != (old.proof_type, old.uid)
    assert mandatory_of(document(new)["proof"]) == mandatory_of(document(old)["proof"])
    assert GRADE in mandatory_of(document(new)["proof"])
    shown = office.deriving.derive(document(new), Wish(pointers=()))
    assert isinstance(shown, dict)
    assert shown["credentialSubject"]["degree"]["gpa"] == 3.8  # type: ignore[index,call-overload]
    assert office.verifier.verify(shown, VerifyOptions())


@pytest.mark.parametrize("suite", ["bbs-2023", "ecdsa-sd-2023"])
def test_a_wallets_copy_is_a_base_proof_with_the_same_pointers(office: Office, suite: str) -> None:
    source = issue(office, issuer_did=EVERY, proof_type=suite, mandatory_pointers=(GRADE,)).record
    wallet = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    made = office.copies.make(source, CredentialFormat.LDP_VC, wallet)
    assert (made.proof_type, made.holder_did, made.copy_of) == (suite, wallet, source.uid)
    assert mandatory_of(document(made)["proof"]) == mandatory_of(document(source)["proof"])
    token = office.copies.make(source, CredentialFormat.JWT_VC_JSON, wallet)
    assert token.proof_type == "jwt_vc_json"
    office.acts.run(
        the_operator(office), lambda uow, me: office.revocation.revoke(uow, me, source.credential_id, "left")
    )
    shown = office.deriving.derive(document(made), Wish(pointers=(UNIVERSITY,)))
    assert not office.verifier.verify(shown, VerifyOptions())
