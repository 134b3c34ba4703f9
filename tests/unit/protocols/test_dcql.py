"""DCQL: each rule of form, what a path leads to, which credentials answer, and when an answer is exact."""

from __future__ import annotations

import time
from typing import Any, Final

import pytest

from sealwright.protocols.dcql.matching import exact_fault, match, places
from sealwright.protocols.dcql.query import DcqlQuery, read_dcql
from sealwright.protocols.queries import JWT_VC, LDP_VC, SD_JWT, Candidate, Matched, QueryRefused, Unmatched
from sealwright.services.query_candidates import Candidates
from sealwright.vc.proofs.compact import sealed, signing_input
from sealwright.vc.proofs.sd_jwt import Hidden, combined, conceal
from sealwright.vc.proofs.sd_jwt_showing import shown_part
from tests.support.proving import canonicalizer, degree_credential

VCT: Final = "https://issuer.example/vct/degree"
TYPES: Final = [["https://www.w3.org/2018/credentials#VerifiableCredential", "https://x.example#Degree"]]
DOCUMENT: Final[dict[str, Any]] = {
    "vct": VCT,
    "name": "Ada",
    "address": {"city": "Zürich", "country": "CH"},
    "degrees": [{"type": "Bachelor", "year": 2001}, {"type": "Master", "year": 2003, "grade": 1}],
    "mixed": [{"x": 1}, 2, [3]],
    "rows": [["a", "b"], ["c"]],
    "flag": True,
    "number": 1,
}


def sd_jwt(**changes: Any) -> Candidate:
    return Candidate(SD_JWT, {**DOCUMENT, **changes}, frozenset({VCT}))


def query(**changes: Any) -> dict[str, Any]:
    one = {"id": "degree", "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, **changes}
    return {"credentials": [{name: value for name, value in one.items() if value is not None}]}


def claims(*paths: list[Any], **more: Any) -> dict[str, Any]:
    return query(claims=[{"id": f"c{index}", "path": path} for index, path in enumerate(paths)], **more)


def asked(value: dict[str, Any], candidate: Candidate | None = None) -> Matched | Unmatched:
    return match(read_dcql(value).credentials[0], candidate or sd_jwt())


def pointers(value: dict[str, Any], candidate: Candidate | None = None) -> tuple[str, ...]:
    found = asked(value, candidate)
    assert isinstance(found, Matched), found
    return found.pointers


LEADS: Final[tuple[tuple[list[Any], list[tuple[Any, ...]]], ...]] = (
    (["name"], [("name",)]),
    (["address", "city"], [("address", "city")]),
    (["degrees", None, "type"], [("degrees", 0, "type"), ("degrees", 1, "type")]),
    (["degrees", 1, "year"], [("degrees", 1, "year")]),
    (["degrees", None], [("degrees", 0), ("degrees", 1)]),
    (["degrees", 2], []),
    # A name is never an index, an index never a name, and null goes into arrays alone.
    (["degrees", "0"], []),
    (["address", 0], []),
    (["address", None], []),
    (["name", "x"], []),
    (["nothing"], []),
    # A step that only some of the selected values can take is an error, and one that leads nowhere in some is none.
    (["mixed", None, "x"], []),
    (["mixed", None, None], []),
    (["mixed", None, 0], []),
    (["degrees", None, "grade"], [("degrees", 1, "grade")]),
    (["rows", None, 1], [("rows", 0, 1)]),
)


@pytest.mark.parametrize(("path", "found"), LEADS)
def test_a_claims_path_leads_where_the_specification_says(path: list[Any], found: list[tuple[Any, ...]]) -> None:
    assert list(places(DOCUMENT, tuple(path))) == found


def test_a_credential_answers_by_form_type_and_claims() -> None:
    assert pointers(claims(["name"], ["degrees", None, "type"])) == ("/name", "/degrees/0/type", "/degrees/1/type")
    assert pointers(query()) == ()
    assert isinstance(asked(claims(["zip"])), Unmatched)
    assert isinstance(asked(query(meta={"vct_values": ["https://other.example"]})), Unmatched)
    assert isinstance(asked(query(), Candidate(LDP_VC, DOCUMENT, frozenset({VCT}))), Unmatched)
    typed = query(format=LDP_VC, meta={"type_values": TYPES})
    assert pointers(typed, Candidate(LDP_VC, {}, frozenset({*TYPES[0], "more"}))) == ()
    assert isinstance(asked(typed, Candidate(LDP_VC, {}, frozenset(TYPES[0][:1]))), Unmatched)
    assert isinstance(asked(typed, Candidate(JWT_VC, {}, frozenset(TYPES[0]))), Unmatched)


def test_holder_binding_is_needed_unless_it_is_waived() -> None:
    unbound = Candidate(SD_JWT, DOCUMENT, frozenset({VCT}), is_bound=False)
    assert isinstance(asked(query(), unbound), Unmatched)
    assert pointers(query(require_cryptographic_holder_binding=False), unbound) == ()


@pytest.mark.parametrize(
    ("path", "values", "is_met"),
    [
        (["name"], ["Ada"], True),
        (["name"], ["Eve", "Ada"], True),
        (["name"], ["ada"], False),
        (["flag"], [True], True),
        # JSON's own kinds: true is not 1, and 1 is not "1".
        (["flag"], [1], False),
        (["number"], [True], False),
        (["number"], ["1"], False),
        (["number"], [1], True),
        (["address"], ["Zürich"], False),
    ],
)
def test_values_are_compared_as_what_they_are(path: list[Any], values: list[Any], is_met: bool) -> None:
    found = asked(query(claims=[{"path": path, "values": values}]))
    assert isinstance(found, Matched) is is_met


def test_values_choose_among_the_items_of_an_array() -> None:
    wish = query(claims=[{"path": ["degrees", None, "type"], "values": ["Master"]}])
    assert pointers(wish) == ("/degrees/1/type",)


def test_the_first_choice_of_claims_that_can_be_met_counts() -> None:
    wish = claims(["zip"], ["name"], ["flag"], claim_sets=[["c0", "c1"], ["c2"], ["c1"]])
    assert pointers(wish) == ("/flag",)
    assert pointers(wish, sd_jwt(zip="8000")) == ("/zip", "/name")
    assert isinstance(asked(claims(["zip"], claim_sets=[["c0"]])), Unmatched)


def test_claims_that_python_takes_for_equal_are_told_apart() -> None:
    path = {"path": ["number"]}
    wish = query(claims=[{**path, "values": [1]}, {**path, "values": [True]}])
    assert isinstance(asked(wish), Unmatched)


def test_choices_of_claims_that_search_much_end() -> None:
    listed = [{"id": f"c{index}", "path": ["wide", None, None, "x"]} for index in range(63)]
    listed.append({"id": "last", "path": ["nothing"]})
    wish = query(claims=listed, claim_sets=[[str(one["id"]) for one in listed]] * 32)
    begun = time.monotonic()
    assert isinstance(asked(wish, sd_jwt(wide=[[{"x": 1}] * 32] * 32)), Unmatched)
    assert time.monotonic() - begun < 2


def test_types_are_asked_for_in_full_or_as_they_stand() -> None:
    candidate = Candidates(canonicalizer()).of(degree_credential())
    assert candidate is not None
    full = {one for one in candidate.types if one.endswith("UniversityDegreeCredential") and ":" in one}
    for name, is_met in (("UniversityDegreeCredential", True), (*full, True), ("https://x.example#Degree", False)):
        wish = query(format=LDP_VC, meta={"type_values": [[name]]})
        assert isinstance(asked(wish, candidate), Matched) is is_met, name


def test_an_index_counts_the_items_that_are_shown() -> None:
    made = conceal({"vct": VCT, "cnf": {}, "tongues": [Hidden("de"), Hidden("fr"), Hidden("it")]})
    data = signing_input({"alg": "ES256", "typ": "dc+sd-jwt"}, made.payload)
    whole = combined(sealed(data, bytes(64)), made.disclosures)
    candidates = Candidates(canonicalizer())
    second, every = claims(["tongues", 1]), claims(["tongues", None])
    assert pointers(second, candidates.of(whole)) == ("/tongues/1",)
    shown = candidates.of(shown_part(whole, ("/tongues/1",)))
    assert isinstance(asked(second, shown), Unmatched)
    assert pointers(every, shown) == ("/tongues/0",)


def _both(**more: Any) -> DcqlQuery:
    ids = ("a", "b", "c", "d")
    listed = [{"id": name, "format": SD_JWT, "meta": {"vct_values": [VCT]}} for name in ids]
    return read_dcql({"credentials": listed, **more})


SETS: Final = {
    "credential_sets": [
        {"options": [["a"], ["b", "c"]]},
        {"options": [["d"]], "required": False},
    ]
}


@pytest.mark.parametrize(
    ("answered", "is_exact"),
    [
        ({"a"}, True),
        ({"b", "c"}, True),
        ({"a", "d"}, True),
        ({"b", "c", "d"}, True),
        # Half a choice, none, two choices at once, and what nobody asked for.
        ({"b"}, False),
        ({"d"}, False),
        (set(), False),
        ({"a", "b"}, False),
        ({"a", "b", "c"}, False),
        ({"a", "e"}, False),
    ],
)
def test_sets_are_answered_by_one_choice_each_and_nothing_beside(answered: set[str], is_exact: bool) -> None:
    assert (exact_fault(_both(**SETS), answered) is None) is is_exact


def test_without_sets_every_query_is_answered() -> None:
    assert exact_fault(_both(), {"a", "b", "c", "d"}) is None
    assert exact_fault(_both(), {"a", "b", "c"}) is not None
    assert exact_fault(_both(), {"a", "b", "c", "d", "e"}) is not None


_DEEP: Any = "x"
for _ in range(40):
    _DEEP = [_DEEP]

BAD: Final[dict[str, tuple[Any, str]]] = {
    "no object": ([], ""),
    "no credentials": ({}, "/credentials"),
    "empty credentials": ({"credentials": []}, "/credentials"),
    "too many credentials": ({"credentials": query()["credentials"] * 17}, "/credentials"),
    "an id twice": ({"credentials": query()["credentials"] * 2}, "/credentials"),
    "no id": (query(id=None), "/credentials/0/id"),
    "an id with other characters": (query(id="a.b"), "/credentials/0/id"),
    "no format": (query(format=None), "/credentials/0/format"),
    "another format": (query(format="mso_mdoc"), "/credentials/0/format"),
    "no meta": (query(meta=None), "/credentials/0/meta"),
    "no vct": (query(meta={}), "/credentials/0/meta/vct_values"),
    "empty vct": (query(meta={"vct_values": []}), "/credentials/0/meta/vct_values"),
    "no types": (query(format=LDP_VC), "/credentials/0/meta/type_values"),
    "flat types": (query(format=LDP_VC, meta={"type_values": ["x"]}), "/credentials/0/meta/type_values/0/types"),
    "authorities": (query(trusted_authorities=[{"type": "aki", "values": ["x"]}]),
                    "/credentials/0/trusted_authorities"),
    "multiple that is no flag": (query(multiple="yes"), "/credentials/0/multiple"),
    "binding that is no flag": (query(require_cryptographic_holder_binding=0),
                                "/credentials/0/require_cryptographic_holder_binding"),
    "empty claims": (query(claims=[]), "/credentials/0/claims"),
    "too many claims": (claims(*[["x"]] * 65), "/credentials/0/claims"),
    "no path": (query(claims=[{}]), "/credentials/0/claims/0/path"),
    "an empty path": (claims([]), "/credentials/0/claims/0/path"),
    "a long path": (claims(["x"] * 17), "/credentials/0/claims/0/path"),
    "a path from an index": (claims([0]), "/credentials/0/claims/0/path/0"),
    "a path from null": (claims([None]), "/credentials/0/claims/0/path/0"),
    "a negative index": (claims(["a", -1]), "/credentials/0/claims/0/path/1"),
    "a fraction": (claims(["a", 1.5]), "/credentials/0/claims/0/path/1"),
    "true for an index": (claims(["a", True]), "/credentials/0/claims/0/path/1"),
    "a deep path": (claims(["a", _DEEP]), "/credentials/0/claims/0/path/1"),
    "empty values": (query(claims=[{"path": ["a"], "values": []}]), "/credentials/0/claims/0/values"),
    "values of objects": (query(claims=[{"path": ["a"], "values": [{}]}]), "/credentials/0/claims/0/values/0"),
    "sets without ids": (query(claims=[{"path": ["a"]}], claim_sets=[["a"]]), "/credentials/0/claim_sets"),
    "sets without claims": (query(claim_sets=[["a"]]), "/credentials/0/claim_sets"),
    "sets of unknown claims": (claims(["a"], claim_sets=[["c9"]]), "/credentials/0/claim_sets/0"),
    "an id of claims twice": (query(claims=[{"id": "a", "path": ["a"]}] * 2), "/credentials/0/claims"),
    "unknown options": ({**query(), "credential_sets": [{"options": [["x"]]}]}, "/credential_sets/0/options/0"),
    "no options": ({**query(), "credential_sets": [{}]}, "/credential_sets/0/options"),
    "required that is no flag": (
        {**query(), "credential_sets": [{"options": [["degree"]], "required": 1}]}, "/credential_sets/0/required"),
    "too many combinations": (
        {**query(), "credential_sets": [{"options": [["degree"]] * 31}] * 3}, "/credential_sets"),
    "too much": (query(meta={"vct_values": [VCT], "x": "y" * 70_000}), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_malformed_question_is_refused_at_its_place(name: str) -> None:
    value, pointer = BAD[name]
    with pytest.raises(QueryRefused) as refused:
        read_dcql(value, "/dcqlQuery")
    assert refused.value.faults[0].pointer == f"/dcqlQuery{pointer}"


def test_members_of_later_versions_are_passed_over() -> None:
    later = query(claims=[{"path": ["name"], "later": 1}], later={"x": 1})
    assert pointers({**later, "later": []}) == ("/name",)
