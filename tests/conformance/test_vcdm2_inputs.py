"""The inputs of the Data Model 2.0 test suite: what it accepts we sign and verify, what it refuses we refuse.

As in that suite, a document is completed first: an issuer is put where none is, and placeholder dates are replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sealwright.vc.credentials.structure import check_credential, check_presentation
from sealwright.vc.errors import DocumentRefused
from sealwright.vc.proofs.verifying import verify_proofs
from tests.support import vectors
from tests.support.proving import ALL_SUITES, ISSUER, NOW, Registry, canonicalizer

SUITE = "eddsa-rdfc-2022"
PLACEHOLDERS = {"PAST DATE": "2020-01-01T00:00:00Z", "FUTURE DATE": "2099-01-01T00:00:00Z"}
OK_COUNT, FAIL_COUNT = 65, 26

_UNSIGNED_DIRECTION = "RDF leaves @direction out of the signed form, and we sign a document whole or not at all"
KNOWN_REFUSALS = {
    "credential-description-language-direction-en-ok": _UNSIGNED_DIRECTION,
    "credential-name-language-direction-en-ok": _UNSIGNED_DIRECTION,
    "issuer-description-language-direction-en-ok": _UNSIGNED_DIRECTION,
    "issuer-name-language-direction-en-ok": _UNSIGNED_DIRECTION,
}
"""Inputs named -ok that we refuse under an RDF suite, with the reason."""

PROOF_WITHOUT_METHOD = "credential-proof-ok"
"""Its own proof names no verification method and cannot be checked; beside ours it is kept unjudged when signing."""


def inputs(ending: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(vectors.folder("vcdm2-suite-inputs").rglob("*.json")):
        if _kind(path) == ending:
            yield path.stem, vectors.read_json(path)


def _kind(path: Path) -> str:
    return "ok" if path.stem.endswith("-ok") else "fail"


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """The input as the suite's own runner hands it to an issuer."""
    document = {
        name: PLACEHOLDERS.get(value, value) if isinstance(value, str) else value for name, value in document.items()
    }
    if "VerifiablePresentation" not in document.get("type", []) and "verifiableCredential" not in document:
        issuer = document.get("issuer", ISSUER.did)
        document["issuer"] = {"id": ISSUER.did, **issuer} if isinstance(issuer, Mapping) else issuer
    return document


def sign_and_verify(document: dict[str, Any], suite: str = SUITE) -> None:
    """Take a document down the whole road; raises DocumentRefused where it is stopped."""
    is_presentation = "credentialSubject" not in document
    (check_presentation if is_presentation else check_credential)(document)
    purpose = "authentication" if is_presentation else "assertionMethod"
    # The suite's holders are made-up DIDs; the presenter's key is ours, and nothing else is changed.
    signed = ISSUER.sign(
        {**document, **({"holder": ISSUER.did} if is_presentation else {})}, suite, purpose=purpose, allow_inline=True
    )
    if "proof" in document:
        signed["proof"] = signed["proof"][-1]
    verify_proofs(
        signed,
        resolver=Registry(ISSUER),
        canon=canonicalizer(),
        purpose=purpose,
        accepted_suites=ALL_SUITES,
        now=NOW,
        allow_inline=True,
    )


def test_inputs_named_ok_are_accepted() -> None:
    refused, ran = {}, 0
    for name, document in inputs("ok"):
        ran += 1
        try:
            sign_and_verify(completed(document))
        except DocumentRefused as error:
            refused[name] = repr(error)
    assert refused.keys() == KNOWN_REFUSALS.keys(), refused
    assert ran == OK_COUNT


def test_inputs_refused_for_their_unsigned_members_are_accepted_under_a_suite_that_signs_all() -> None:
    for name, document in inputs("ok"):
        if name in KNOWN_REFUSALS:
            sign_and_verify(completed(document), "eddsa-jcs-2022")


def test_inputs_named_fail_are_refused() -> None:
    accepted, ran = [], 0
    for name, document in inputs("fail"):
        ran += 1
        try:
            sign_and_verify(completed(document))
        except DocumentRefused:
            continue
        accepted.append(name)
    assert accepted == []
    assert ran == FAIL_COUNT


def test_the_input_with_a_foreign_proof_keeps_it_beside_ours() -> None:
    document = dict(inputs("ok"))[PROOF_WITHOUT_METHOD]
    signed = ISSUER.sign(completed(document), SUITE, allow_inline=True)
    assert [proof["type"] for proof in signed["proof"]] == ["Ed25519Signature2020", "DataIntegrityProof"]


@pytest.mark.parametrize("ending", ["ok", "fail"])
def test_every_input_is_a_credential_or_a_presentation(ending: str) -> None:
    for name, document in inputs(ending):
        assert name.startswith(("credential-", "presentation-", "issuer-")), name
        assert isinstance(document, dict)
