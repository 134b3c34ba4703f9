"""Whatever a document holds, verifying answers with a report: a generator bends good documents in every place."""

from __future__ import annotations

import base64
import contextlib
import copy
import random
from typing import Any

import pytest

from sealwright.vc.encoding.strict_json import dump_json
from sealwright.vc.errors import VcError
from sealwright.vc.proofs.jwt import JWT_ALGORITHMS
from sealwright.vc.verification.credential import verify_credential
from sealwright.vc.verification.presentation import verify_presentation
from sealwright.vc.verification.report import CREDENTIAL_CHECKS, PRESENTATION_CHECKS, Outcome
from sealwright.vc.verification.sources import ANY_ISSUER, NoSchemaSource, NoStatusSource
from tests.support.proving import ALL_SUITES, DEGREE_SCHEMA, ISSUER, NOW, Registry, canonicalizer, degree_credential

# This context defines every term, so that bent documents can be signed and reach the later checks.
EVERYTHING = "https://www.w3.org/ns/credentials/examples/v2"
ROUNDS = 250
DIGEST = "sha256-" + base64.b64encode(bytes(32)).decode()
VALUES: list[Any] = [
    *(None, True, False, 0, -1, 1.5, 2**53 - 1, "", "x", "did:adi:a", "did:adi:a#b", "urn:a:b", "\u0000", "é\u2028"),
    *(
        [],
        {},
        [[]],
        [{}],
        ["x"],
        [None],
        {"id": "urn:a:b"},
        {"id": ["urn:a:b"]},
        {"type": ["JsonSchema"]},
        {"@value": 1},
    ),
    *("2026-11-21T02:29:00Z", "revocation", ["revocation", "suspension"], "z6Mk", "data:application/vc+jwt,a.b.c"),
]


def bent(source: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """A copy in which up to three members, at any depth, are replaced, added or removed."""
    document = copy.deepcopy(source)
    for _ in range(chance.randint(1, 3)):
        nodes: list[Any] = [document]
        for node in nodes:
            members = node.values() if isinstance(node, dict) else node
            nodes += [child for child in members if isinstance(child, dict | list) and child]
        node = chance.choice(nodes)
        place = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
        if chance.random() < 0.2:
            del node[place]
        else:
            node[place] = copy.deepcopy(chance.choice(VALUES))
    return document


def whole() -> dict[str, Any]:
    """A credential with every member that some check reads."""
    entry = {
        "id": "https://cred.example/status/1#5",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "5",
        "statusListCredential": "https://cred.example/status/1",
    }
    document = degree_credential(
        "2.0", schema_id=DEGREE_SCHEMA, status=(entry, {**entry, "statusPurpose": "suspension"})
    )
    document["@context"].append(EVERYTHING)
    document["type"].append("AgentDelegationCredential")
    document["name"] = {"@value": "Degree", "@language": "en"}
    document["relatedResource"] = [{"id": "https://a.example/1", "digestSRI": DIGEST}]
    return document


def rules() -> dict[str, Any]:
    return {
        "resolver": Registry(ISSUER),
        "canon": canonicalizer(),
        "accepted_suites": ALL_SUITES | JWT_ALGORITHMS,
        "trusted_issuers": ANY_ISSUER,
        "statuses": NoStatusSource(),
        "schemas": NoSchemaSource(),
        "now": NOW,
    }


@pytest.mark.parametrize("suite", ["eddsa-rdfc-2022", "eddsa-jcs-2022"])
def test_documents_bent_after_signing_never_verify_and_never_raise(suite: str) -> None:
    chance = random.Random(suite)
    signed = ISSUER.sign(degree_credential("2.0"), suite)
    for _ in range(ROUNDS):
        document = bent(signed, chance)
        report = verify_credential(document, **rules())
        assert [check.name for check in report.checks] == list(CREDENTIAL_CHECKS)
        if report:
            # What was bent and verifies all the same is the same to every reader: the same statements or bytes.
            assert canonicalizer().canonicalize(_bare(document)) == canonicalizer().canonicalize(_bare(signed))


def test_documents_bent_before_signing_never_raise() -> None:
    chance, reached = random.Random(5), 0
    for _ in range(ROUNDS):
        try:
            signed = ISSUER.sign(bent(whole(), chance), "eddsa-jcs-2022")
        except VcError:
            continue
        report = verify_credential(signed, **rules())
        assert [check.name for check in report.checks] == list(CREDENTIAL_CHECKS)
        reached += report.check("issuer").outcome is Outcome.PASSED
    # Enough of them pass the first checks for the later ones to meet every kind of value.
    assert reached > ROUNDS / 10


def test_presentations_bent_before_and_after_signing_never_raise() -> None:
    chance = random.Random(6)
    base = {
        "@context": ["https://www.w3.org/ns/credentials/v2", EVERYTHING],
        "type": ["VerifiablePresentation"],
        "holder": ISSUER.did,
        "verifiableCredential": [ISSUER.sign(degree_credential("2.0"), "eddsa-rdfc-2022")],
    }
    for number in range(ROUNDS // 2):
        document = bent(base, chance)
        with contextlib.suppress(VcError):
            document = ISSUER.sign(document, "eddsa-jcs-2022", purpose="authentication", challenge="c", domain="d")
        if number % 2:
            document = bent(document, chance)
        report = verify_presentation(document, **rules(), challenge="c", domain="d")
        assert [check.name for check in report.presentation.checks] == list(PRESENTATION_CHECKS)


def test_bare_values_never_raise() -> None:
    for value in VALUES:
        assert not verify_credential(value, **rules())
        assert not verify_presentation(value, **rules(), challenge=None, domain=None)
        assert not verify_credential({"@context": value, "type": value, "proof": value}, **rules())
        dump_json(value)


def _bare(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "proof"}
