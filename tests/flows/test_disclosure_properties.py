"""Whatever the claims are and whatever is chosen, a verifier reads what was chosen, what is always shown, no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealwright.cli.deriving import leaves, seen
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.dids.resolver import GenericResolver
from sealwright.vc.encoding.pointers import child, value_at
from sealwright.vc.encoding.strict_json import dump_json
from sealwright.vc.keys.ed25519 import Ed25519Signer, Secret32
from sealwright.vc.proofs.compact import sealed, signing_input
from sealwright.vc.proofs.deriving import derive_credential
from sealwright.vc.proofs.sd_jwt import Claims, Hidden, combined, conceal
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt
from sealwright.vc.proofs.sd_jwt_showing import shown_part
from sealwright.vc.proofs.sd_jwt_vc import shown
from sealwright.vc.proofs.suites.disclosure import Wish
from sealwright.vc.proofs.verifying import verify_proofs
from tests.support.own_issuers import own_issuer

NOW: Final = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
CONTEXT: Final = "https://cred.example/contexts/anything/1.0"
TERMS: Final = tuple("abcdefgh")
SUITES: Final[Mapping[str, str]] = {
    "BbsBlsSignature2020": "https://www.w3.org/2018/credentials/v1",
    "bbs-2023": "https://www.w3.org/ns/credentials/v2",
    "ecdsa-sd-2023": "https://www.w3.org/ns/credentials/v2",
}
MANDATORY: Final = ("/issuer", "/type", "/credentialSubject/id", "/validFrom")
_NUMBERS: Final = count(1)

few = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))

scalars = st.one_of(
    # Letters, spaces and signs that need care in statements, pointers and JSON.
    st.text(alphabet='aé~/"\\ \n{}漢', min_size=1, max_size=6),
    st.integers(min_value=-(2**40), max_value=2**40),
    st.booleans(),
)


def objects(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(TERMS), values, min_size=1, max_size=3)


# Items of an array differ, and an array holds no array: a set of statements could not tell it otherwise.
arrays = st.lists(st.text(alphabet="klmn", min_size=1, max_size=4), min_size=2, max_size=3, unique=True)
several = st.lists(objects(scalars), min_size=2, max_size=3, unique_by=repr)
claims = objects(st.recursive(st.one_of(scalars, arrays, several), objects, max_leaves=6))


@cache
def canonicalizer() -> Canonicalizer:
    store = ContextStore.pinned()
    terms = {name: f"https://cred.example/terms#{name}" for name in TERMS}
    store.register(CONTEXT, dump_json({"@context": {"@version": 1.1, **terms}}))
    return Canonicalizer(store)


def issued(suite: str, subject: Mapping[str, Any]) -> dict[str, Any]:
    base = SUITES[suite]
    start = "issuanceDate" if base.endswith("2018/credentials/v1") else "validFrom"
    document = {
        "@context": [base, CONTEXT],
        "id": f"urn:example:{next(_NUMBERS)}",
        "type": ["VerifiableCredential"],
        "issuer": own_issuer(suite).did,
        start: "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:holder", **subject},
    }
    mandatory = () if suite == "BbsBlsSignature2020" else MANDATORY
    return own_issuer(suite).sign(suite, document, canonicalizer(), NOW, mandatory)


def places(value: Any, pointer: str) -> Iterator[str]:
    """Every pointer below one."""
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield child(pointer, step)
            yield from places(inner, child(pointer, step))


def steps(pointer: str) -> tuple[str, ...]:
    return tuple(pointer.split("/")[1:])


def is_inside(inner: str, outer: str) -> bool:
    return steps(inner)[: len(steps(outer))] == steps(outer)


def bag(rows: Sequence[tuple[str, Any]]) -> Counter[tuple[str, str]]:
    """Leaves by their names and values, whatever place they have in an array."""
    return Counter(
        ("/".join(step for step in steps(pointer) if not step.isdecimal()), repr(value)) for pointer, value in rows
    )


def expected_leaves(document: Mapping[str, Any], chosen: Sequence[str]) -> list[tuple[str, Any]]:
    """By the rules of the suites, told apart from any code of theirs: a leaf is shown if it stands inside of what was
    chosen or is always shown, or if it says what an object is on the way there."""
    rows = list(leaves({name: value for name, value in document.items() if name != "proof"}))
    fixed = [pointer for pointer, _ in rows if steps(pointer)[0] not in ("credentialSubject",)]
    wanted = [*chosen, *fixed, "/credentialSubject/id"]
    return [(pointer, value) for pointer, value in rows if any(is_inside(pointer, one) for one in wanted)]


@pytest.mark.parametrize("suite", SUITES)
@few
@given(subject=claims, data=st.data())
def test_derived_credential_shows_exactly_what_was_chosen(suite: str, subject: dict[str, Any], data: Any) -> None:
    document = issued(suite, subject)
    free = [*places(document["credentialSubject"], "/credentialSubject")]
    chosen = data.draw(st.lists(st.sampled_from(free), min_size=1, max_size=4, unique=True))
    resolver = GenericResolver()
    derived = derive_credential(document, Wish(tuple(chosen)), resolver=resolver, canon=canonicalizer(), now=NOW)
    (proof,) = verify_proofs(
        derived,
        resolver=resolver,
        canon=canonicalizer(),
        purpose="assertionMethod",
        accepted_suites={suite, "BbsBlsSignatureProof2020"},
        now=NOW,
    )
    assert proof.shown is not None
    assert proof.shown.is_derived
    # The legacy suite gives nodes without a name one of its own, which says nothing of anybody.
    read = [row for row in seen(derived) if not str(row[1]).startswith("urn:bnid:_:c14n")]
    assert len(read) == len(seen(derived)) or suite == "BbsBlsSignature2020"
    assert bag(read) == bag(expected_leaves(document, chosen))


def hidden_somewhere(value: Any, chance: Any) -> Any:
    """The claims with some of their members and items hidden, at any depth."""

    def inner(one: Any) -> Any:
        made = hidden_somewhere(one, chance)
        return Hidden(made) if chance.draw(st.booleans()) else made

    if isinstance(value, dict):
        return {name: inner(member) for name, member in value.items()}
    if isinstance(value, list):
        return [inner(item) for item in value]
    return value


def hidden_places(value: Any, pointer: str = "") -> Iterator[str]:
    if isinstance(value, Hidden):
        yield pointer
        yield from hidden_places(value.value, pointer)
    elif isinstance(value, dict):
        for name, member in value.items():
            yield from hidden_places(member, child(pointer, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from hidden_places(item, child(pointer, index))


@few
@given(payload=claims, data=st.data())
def test_sd_jwt_shows_exactly_what_was_chosen(payload: dict[str, Any], data: Any) -> None:
    claimed: dict[str, Claims] = hidden_somewhere(payload, data)
    concealed = conceal({"iss": "https://issuer.example", **claimed})
    signer = Ed25519Signer(Secret32(bytes([7]) * 32))
    data_to_sign = signing_input({"alg": "EdDSA", "typ": "dc+sd-jwt"}, concealed.payload)
    text = combined(sealed(data_to_sign, signer.sign(data_to_sign)), concealed.disclosures)
    whole = shown({"iss": "https://issuer.example", **claimed})
    chosen = data.draw(st.lists(st.sampled_from([*places(whole, "")]), max_size=4, unique=True))
    part = shown_part(text, chosen)
    needed = [
        place
        for place in hidden_places(claimed)
        if any(is_inside(place, one) or is_inside(one, place) for one in chosen)
    ]
    kept_back = [place for place in hidden_places(claimed) if place not in needed]
    expected = [row for row in leaves(whole) if not any(is_inside(row[0], place) for place in kept_back)]
    # An object all of whose members were kept back is still there, and empty.
    read = [(pointer, value) for pointer, value in seen(part) if value not in ({}, [])]
    assert bag(read) == bag([row for row in expected if row[1] not in ({}, [])])
    assert bag(seen(part)) == bag(list(leaves(open_sd_jwt(part).claims)))
    assert all(value_at(whole, pointer) is not None for pointer in chosen)
