"""The form told by shape against the form looked at whole: it never says yes where the whole check says no."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from sealwright.vc.canon import Canonicalizer
from sealwright.vc.canon.plans import Plan, Planned
from sealwright.vc.canon.shape import NoPlanError, ShapeReader
from sealwright.vc.credentials.shapes import Period, period_by_shape
from sealwright.vc.credentials.structure import check_credential
from sealwright.vc.encoding.timestamps import parse_xsd_datetime_stamp
from sealwright.vc.errors import VcError
from tests.support import documents
from tests.support.chains import SUITES, ChainWorld

PROOF = {"type": "Ed25519Signature2020", "proofValue": "z1"}
TEXTS = (
    "",
    "x",
    "a b",
    "urn:",
    "urn:a:",
    "did:adi:",
    "urn:a\u00a0b",
    "\u2028",
    "urn:é:ü",
    "@id",
    "2026-13-01T00:00:00Z",
)
OTHERS: tuple[Any, ...] = (
    None,
    True,
    0,
    1.5,
    [],
    {},
    ["x"],
    [1],
    {"id": "urn:x:y"},
    {"@id": "urn:x:y"},
    [{"type": "x"}],
)
DATES = ("2020-01-01T00:00:00Z", "2026-06-01T12:00:00.5+02:00", "9999-12-31T24:00:00Z")


def is_right(document: Any) -> bool:
    try:
        check_credential(document)
    except VcError:
        return False
    return True


def told(canon: Canonicalizer, document: dict[str, Any]) -> Period | None:
    """What the shape tells of a document with its proof, once its plan is there."""
    bare = {name: value for name, value in document.items() if name != "proof"}
    planned = canon.by_plan(bare)
    return period_by_shape(bare, planned, document.get("proof")) if planned is not None else None


def expected(document: dict[str, Any]) -> Period:
    starts = [document[name] for name in ("issuanceDate", "validFrom") if name in document]
    ends = [document[name] for name in ("expirationDate", "validUntil") if name in document]
    return Period(tuple(map(parse_xsd_datetime_stamp, starts)), tuple(map(parse_xsd_datetime_stamp, ends)))


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every member and item of a document, as its container and its name or index there."""
    for step, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield node, step
        if isinstance(value, dict | list):
            yield from places(value)


@pytest.mark.parametrize("suite", SUITES)
def test_delegations_are_told_right_and_every_change_is_seen(suite: str) -> None:
    world = ChainWorld(3)
    chain = world.chain(2, suite=suite)
    assert world.verify_chain(chain)
    assert told(world.canon, chain[1]) == expected(chain[1])
    answers: Counter[tuple[bool, bool]] = Counter()
    for number, _ in enumerate(list(places(chain[1]))):
        names = ("issuer", "id", *chain[1]["credentialSubject"].values())
        for value in (*TEXTS, *OTHERS, *DATES, chain[1]["id"], *(name for name in names if isinstance(name, str)), ...):
            broken = copy.deepcopy(chain[1])
            holder, step = list(places(broken))[number]
            if value is ...:
                del holder[step]
            else:
                holder[step] = value
            period = told(world.canon, broken)
            answers[period is not None, is_right(broken)] += 1
            if period is not None:
                assert is_right(broken), (step, value)
                assert period == expected(broken)
    # Where a yes and a no never met their likes, nothing was tried.
    assert answers[True, True] > 200
    assert answers[False, False] > 100
    assert answers[True, False] == 0


def dated(seed: int, per_shape: int) -> Iterator[dict[str, Any]]:
    for shape in range(40):
        leaves = random.Random(seed + shape)
        for _ in range(per_shape):
            document = documents.credential(random.Random(shape), leaves)
            ends = [name for name in ("expirationDate", "validUntil") if name in document]
            yield {**document, **{name: leaves.choice([*DATES, "never"]) for name in ends}}


def test_generated_credentials_are_never_told_right_that_are_not() -> None:
    canon = Canonicalizer(documents.store())
    answers: Counter[tuple[bool, bool]] = Counter()
    for document in dated(9_000, 25):
        canon.canonicalize(document)
        period = told(canon, {**document, "proof": PROOF})
        answers[period is not None, is_right(document)] += 1
        if period is not None:
            assert period == expected(document)
    assert answers[True, True] > 300
    assert answers[False, False] > 20
    assert answers[True, False] == 0


def test_hostile_shapes_are_never_told_right_that_are_not() -> None:
    """Of these most have no plan; here each is looked at as if it had one, which wrote nothing as an IRI."""
    shapes, source = ShapeReader(documents.store()), random.Random(7)
    answers: Counter[tuple[bool, bool]] = Counter()
    for document in dated(8_000, 50):
        broken = documents.hostile(document, source)
        try:
            _, leaves = shapes.read(broken)
        except NoPlanError:
            continue
        plan = Plan(fill=lambda _: None, extract=lambda _: None, digest=b"")
        period = period_by_shape(broken, Planned(plan, leaves, b"", shapes), PROOF)
        answers[period is not None, is_right(broken)] += 1
        if period is not None:
            assert period == expected(broken)
    assert answers[True, True] > 300
    assert answers[False, False] > 100
    assert answers[True, False] == 0


@pytest.mark.parametrize(
    "proof",
    [
        None,
        [],
        "z1",
        [PROOF],
        {},
        {**PROOF, "type": ""},
        {**PROOF, "type": ["Ed25519Signature2020"]},
        {**PROOF, "id": "urn:a:1"},
        {**PROOF, "@id": "urn:a:1"},
        {**PROOF, "@type": "Ed25519Signature2020"},
        {**PROOF, "nonce": {"id": "urn:a:1"}},
        {**PROOF, "nonce": None},
        {"proofValue": "z1"},
    ],
    ids=repr,
)
def test_another_kind_of_proof_is_looked_at(proof: Any) -> None:
    world = ChainWorld(2)
    (credential,) = world.chain(1)
    assert world.verify_chain([credential])
    assert told(world.canon, {**credential, "proof": PROOF}) is not None
    assert told(world.canon, {**credential, "proof": proof}) is None


def test_other_contexts_of_the_same_content_are_looked_at() -> None:
    world = ChainWorld(2)
    (credential,) = world.chain(1)
    assert world.verify_chain([credential])
    assert told(world.canon, credential) is not None
    assert told(world.canon, {**credential, "@context": [*reversed(credential["@context"])]}) is None
    assert told(world.canon, {**credential, "@context": tuple(credential["@context"])}) is None
