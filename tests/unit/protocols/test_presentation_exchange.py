"""Presentation Exchange: each rule of form, JSONPath within bounds, what answers, and when an answer is exact."""

from __future__ import annotations

import time
from typing import Any, Final

import pytest

from sealwright.protocols.presentation_exchange.definition import Definition, read_definition
from sealwright.protocols.presentation_exchange.matching import exact_fault, match, over
from sealwright.protocols.presentation_exchange.paths import found_at, read_jsonpath
from sealwright.protocols.presentation_exchange.submission import read_submission, resolved, spelled
from sealwright.protocols.queries import JWT_VC, LDP_VC, SD_JWT, Candidate, Matched, QueryRefused, Unmatched

DOCUMENT: Final[dict[str, Any]] = {
    "type": ["VerifiableCredential", "Degree"],
    "issuer": {"id": "did:example:uni", "name": "Uni"},
    "credentialSubject": {
        "id": "did:example:ada",
        "degree": {"type": "BachelorDegree", "name": "Physics", "grade": 5},
        "tags": ["a", "b"],
    },
}


def candidate(**changes: Any) -> Candidate:
    given: dict[str, Any] = {"form": LDP_VC, "document": DOCUMENT, "types": frozenset({"Degree"}),
                             "proofs": frozenset({"bbs-2023", "DataIntegrityProof"})}  # fmt: skip
    return Candidate(**{**given, **changes})


def field(*path: str, **more: Any) -> dict[str, Any]:
    return {"path": list(path), **more}


def descriptor(*fields: dict[str, Any], name: str = "d", limit: str | None = None, **more: Any) -> dict[str, Any]:
    constraints: dict[str, Any] = {"fields": list(fields)} if fields else {}
    if limit is not None:
        constraints["limit_disclosure"] = limit
    return {"id": name, "constraints": constraints, **more}


def definition(*descriptors: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "def", "input_descriptors": list(descriptors), **more}


def asked(one: dict[str, Any], of: Candidate | None = None) -> Matched | Unmatched:
    return match(read_definition(definition(one)).descriptors[0], of or candidate())


def pointers(one: dict[str, Any], of: Candidate | None = None) -> tuple[str, ...]:
    found = asked(one, of)
    assert isinstance(found, Matched), found
    return found.pointers


NAME: Final = "$.credentialSubject.degree.name"


@pytest.mark.parametrize(
    ("path", "places"),
    [
        (NAME, ["/credentialSubject/degree/name"]),
        ("$['credentialSubject']['degree'][\"name\"]", ["/credentialSubject/degree/name"]),
        ("$.type[*]", ["/type/0", "/type/1"]),
        ("$.type[-1]", ["/type/1"]),
        ("$..name", ["/credentialSubject/degree/name", "/issuer/name"]),
        ("$.issuer['id','name']", ["/issuer/id", "/issuer/name"]),
        ("$.nothing", []),
    ],
)
def test_paths_lead_where_they_say(path: str, places: list[str]) -> None:
    found = asked(descriptor(field(path)))
    assert sorted(found.pointers if isinstance(found, Matched) else ()) == places


@pytest.mark.parametrize(
    "path",
    ["", "a", "credentialSubject.name", "$.a[?@.b]", "$.a[?(@.b>1)]", "$.a[1:2]", "$.a.length()", "$.a | $.b",
     "$.a & $.b", "$..a..b", "$.a[(@.length-1)]", "$" + ".a" * 17, "$." + "a" * 600, "$.x[" * 100, "$[$.a]", "^.a",
     "$.a~", "$[#]", "$." + "['a'" + ",'a'" * 20 + "]", "$['" + "\\u" * 10 + "']"],
)  # fmt: skip
def test_other_paths_are_refused(path: str) -> None:
    with pytest.raises(QueryRefused):
        read_jsonpath(path, "/path")


def test_a_search_of_a_large_credential_ends() -> None:
    wide: Any = {"x": [{"x": [1] * 100}] * 500}
    begun = time.monotonic()
    assert len(found_at(read_jsonpath("$..*", "/path"), wide)) == 1_024
    assert time.monotonic() - begun < 2


def test_the_first_path_that_is_answered_counts() -> None:
    assert pointers(descriptor(field("$.vc.credentialSubject.degree.name", NAME))) == (
        "/credentialSubject/degree/name",
    )
    other = field("$.credentialSubject.tags[*]", NAME, filter={"type": "string", "const": "Physics"})
    assert pointers(descriptor(other)) == ("/credentialSubject/degree/name",)


def test_a_path_asks_for_every_place_that_its_filter_takes() -> None:
    assert pointers(descriptor(field("$.type[*]", filter={"const": "Degree"}))) == ("/type/1",)
    assert pointers(descriptor(field("$.credentialSubject.tags[*]"))) == (
        "/credentialSubject/tags/0",
        "/credentialSubject/tags/1",
    )


@pytest.mark.parametrize(
    ("wanted", "is_met"),
    [
        ({"type": "string"}, True),
        ({"const": "Physics"}, True),
        ({"const": "physics"}, False),
        ({"enum": ["Law", "Physics"]}, True),
        ({"pattern": "^Phy"}, True),
        ({"pattern": "^Law"}, False),
        ({"type": "string", "minLength": 20}, False),
        ({"type": "number"}, False),
        ({"not": {"const": "Physics"}}, False),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "type": "string"}, True),
    ],
)
def test_filters_decide_about_values(wanted: dict[str, Any], is_met: bool) -> None:
    assert isinstance(asked(descriptor(field(NAME, filter=wanted))), Matched) is is_met


def test_a_filter_reads_arrays_and_objects() -> None:
    contains = {"type": "array", "contains": {"const": "Degree"}}
    assert pointers(descriptor(field("$.type", filter=contains))) == ("/type",)
    assert isinstance(asked(descriptor(field("$.type", filter={"contains": {"const": "X"}}))), Unmatched)


def test_optional_fields_may_be_missing() -> None:
    found = asked(descriptor(field(NAME), field("$.nothing", optional=True)))
    assert isinstance(found, Matched)
    assert (found.pointers, found.missing_optional) == (("/credentialSubject/degree/name",), 1)
    assert isinstance(asked(descriptor(field("$.nothing"))), Unmatched)


@pytest.mark.parametrize(
    ("formats", "is_met"),
    [
        ({"ldp_vc": {"proof_type": ["DataIntegrityProof"]}}, True),
        ({"di_vc": {"proof_type": ["DataIntegrityProof"], "cryptosuite": ["bbs-2023"]}}, True),
        ({"ldp_vc": {"proof_type": ["Ed25519Signature2020"]}}, False),
        ({"ldp_vc": {}, "mso_mdoc": {"alg": ["ES256"]}}, True),
        ({"jwt_vc": {"alg": ["EdDSA"]}}, False),
        ({"ldp_vp": {"proof_type": ["Ed25519Signature2020"]}, "ldp": {}}, True),
        # Of two lists a proof has to be in both, not in one of them.
        ({"di_vc": {"proof_type": ["DataIntegrityProof"], "cryptosuite": ["eddsa-rdfc-2022"]}}, False),
        ({"di_vc": {"proof_type": ["DataIntegrityProof"], "cryptosuite": ["eddsa-rdfc-2022"]}, "di": {}}, True),
    ],
)
def test_formats_say_what_will_do(formats: dict[str, Any], is_met: bool) -> None:
    one = descriptor(field(NAME))
    assert isinstance(asked({**one, "format": formats}), Matched) is is_met
    whole = read_definition({**definition(one), "format": formats})
    assert isinstance(match(whole.descriptors[0], candidate()), Matched) is is_met


def test_the_key_binding_of_an_sd_jwt_is_narrowed_down_too() -> None:
    names = {"sd-jwt_alg_values": ["ES256", "EdDSA"], "kb-jwt_alg_values": ["ES256"]}
    one = descriptor(field("$.name"), format={"dc+sd-jwt": names})
    shown = {"form": SD_JWT, "document": {"name": "x"}, "proofs": frozenset({"EdDSA"})}
    assert isinstance(asked(one, candidate(**shown, bindings=frozenset({"ES256"}))), Matched)
    assert isinstance(asked(one, candidate(**shown, bindings=frozenset({"EdDSA"}))), Unmatched)
    # Not bound yet: its holder is asked before anything is signed.
    assert isinstance(asked(one, candidate(**shown)), Matched)


def test_questions_that_ask_for_much_work_end() -> None:
    document: dict[str, Any] = {f"c{one}": {f"d{two}": 1 for two in range(9)} for one in range(480)}
    wide = {"allOf": [{"anyOf": [{"type": "string"}] * 40}] * 40}
    hopeless = [field("$..*", filter=wide)], [field(*["$..z"] * 32, optional=True)] * 2
    for fields in hopeless:
        begun = time.monotonic()
        asked(descriptor(*fields), candidate(form=SD_JWT, document=document))
        assert time.monotonic() - begun < 3
    whole = descriptor(*[field("$", filter={"not": {}})] * 60)
    assert isinstance(asked(whole, candidate(form=SD_JWT, document=document)), Unmatched)
    texts = candidate(form=SD_JWT, document={"a": "x" * 900_000})
    found = asked(descriptor(*[field("$", optional=True, filter={"pattern": "x"})] * 20), texts)
    assert isinstance(found, Unmatched)
    assert "too large" in found.reason


def test_jose_names_for_one_algorithm_are_one() -> None:
    one = descriptor(field("$.name"), format={"jwt_vc": {"alg": ["EdDSA"]}})
    of = candidate(form=JWT_VC, document={"name": "x"}, proofs=frozenset({"Ed25519"}))
    assert isinstance(asked(one, of), Matched)


def test_a_token_is_asked_by_its_payload_and_its_credential() -> None:
    of = candidate(form=JWT_VC, payload={"vc": DOCUMENT, "iss": "did:example:uni"})
    assert pointers(descriptor(field("$.vc.credentialSubject.degree.name")), of) == ("/credentialSubject/degree/name",)
    assert pointers(descriptor(field("$.iss", filter={"const": "did:example:uni"})), of) == ()
    assert pointers(descriptor(field(NAME)), of) == ("/credentialSubject/degree/name",)


def test_what_is_shown_beyond_the_fields_is_named() -> None:
    one = read_definition(definition(descriptor(field(NAME), limit="required"))).descriptors[0]
    found = match(one, candidate())
    assert isinstance(found, Matched)
    assert one.limits
    assert over(one, candidate(), found) == (
        "/credentialSubject/degree/grade",
        "/credentialSubject/tags/0",
        "/credentialSubject/tags/1",
    )
    shown = {**DOCUMENT, "credentialSubject": {"id": "x", "degree": {"type": "BachelorDegree", "name": "Physics"}}}
    assert over(one, candidate(document=shown), found) == ()
    payload = {"vct": "x", "iss": "y", "iat": 1, "cnf": {"jwk": {"x": "z"}}, "name": "Ada", "age": 3}
    sd_jwt = candidate(form=SD_JWT, document=payload)
    one = read_definition(definition(descriptor(field("$.name")))).descriptors[0]
    assert over(one, sd_jwt, Matched((("name",),))) == ("/age",)


def _grouped(**more: Any) -> Definition:
    groups = {"a": ["A"], "b": ["A", "B"], "c": ["B"], "d": ["C"]}
    return read_definition(definition(*(descriptor(name=name, group=group) for name, group in groups.items()), **more))


def _rule(rule: str, **more: Any) -> dict[str, Any]:
    return {"submission_requirements": [{"rule": rule, **more}]}


@pytest.mark.parametrize(
    ("requirements", "good", "bad"),
    [
        (_rule("all", **{"from": "A"}), ["ab"], ["", "a", "abc"]),
        (_rule("pick", **{"from": "A"}, count=1), ["a", "b"], ["", "ab", "c", "ac"]),
        (_rule("pick", **{"from": "A"}, min=1), ["a", "b", "ab"], ["", "c"]),
        (_rule("pick", **{"from": "A"}, max=1), ["", "a", "b"], ["ab", "c"]),
        (_rule("pick", **{"from": "A"}), ["a", "ab"], [""]),
        (
            _rule("pick", count=1, from_nested=[{"rule": "all", "from": "A"}, {"rule": "all", "from": "C"}]),
            ["ab", "d"],
            ["", "a", "ad", "abd", "c"],
        ),
        (
            _rule("all", from_nested=[{"rule": "pick", "count": 1, "from": "A"}, {"rule": "all", "from": "C"}]),
            ["ad", "bd"],
            ["a", "d", "abd"],
        ),
        (
            # What may be left unanswered is met when it is.
            _rule("all", from_nested=[{"rule": "pick", "min": 0, "from": "A"}, {"rule": "all", "from": "C"}]),
            ["d", "ad", "abd"],
            ["", "a", "cd"],
        ),
        (
            {"submission_requirements": [{"rule": "all", "from": "A"}, {"rule": "pick", "count": 1, "from": "C"}]},
            ["abd"],
            ["ab", "d", "abcd"],
        ),
    ],
)
def test_submission_requirements_are_met_and_not_overdone(
    requirements: dict[str, Any], good: list[str], bad: list[str]
) -> None:
    whole = _grouped(**requirements)
    assert [one for one in good if exact_fault(whole, one) is not None] == []
    assert [one for one in bad if exact_fault(whole, one) is None] == []


def test_without_requirements_every_descriptor_is_answered() -> None:
    whole = read_definition(definition(descriptor(name="a"), descriptor(name="b")))
    assert exact_fault(whole, ["a", "b"]) is None
    assert all(exact_fault(whole, one) is not None for one in (["a"], [], ["a", "b", "c"]))


_F: Final = "/input_descriptors/0/constraints/fields/0"
_DEEP: Final = {"rule": "all", "from_nested": [{"rule": "all", "from_nested": [{"rule": "all", "from_nested": [
    {"rule": "all", "from_nested": [{"rule": "all", "from": "A"}]}]}]}]}  # fmt: skip
BAD: Final[dict[str, tuple[Any, str]]] = {
    "no object": ("x", ""),
    "no id": ({"input_descriptors": [descriptor()]}, "/id"),
    "no descriptors": ({"id": "x"}, "/input_descriptors"),
    "too many descriptors": (definition(*[descriptor()] * 17), "/input_descriptors"),
    "an id twice": (definition(descriptor(), descriptor()), "/input_descriptors"),
    "no constraints": (definition({"id": "x"}), "/input_descriptors/0/constraints"),
    "a frame": (definition(descriptor(), frame={}), "/frame"),
    "is_holder": (definition({"id": "x", "constraints": {"is_holder": []}}),
                  "/input_descriptors/0/constraints/is_holder"),
    "statuses": (definition({"id": "x", "constraints": {"statuses": {}}}), "/input_descriptors/0/constraints/statuses"),
    "an unknown constraint": (definition({"id": "x", "constraints": {"later": 1}}),
                              "/input_descriptors/0/constraints/later"),
    "a limit of another kind": (definition(descriptor(limit="maybe")),
                                "/input_descriptors/0/constraints/limit_disclosure"),
    "a predicate": (definition(descriptor(field("$.a", predicate="required"))), f"{_F}/predicate"),
    "no path": (definition(descriptor({})), f"{_F}/path"),
    "a path that is none": (definition(descriptor(field("$.a", "a"))), f"{_F}/path/1"),
    "an unknown member of a field": (definition(descriptor(field("$.a", later=1))), f"{_F}/later"),
    "a filter of an unknown keyword": (definition(descriptor(field("$.a", filter={"formatMinimum": 1}))),
                                       f"{_F}/filter/formatMinimum"),
    "a filter with a reference": (definition(descriptor(field("$.a", filter={"not": {"$ref": "#"}}))), f"{_F}/filter"),
    "a filter with a pattern that could run long": (
        definition(descriptor(field("$.a", filter={"pattern": "(?=a)b"}))), f"{_F}/filter/pattern"),
    "a filter that is no object": (definition(descriptor(field("$.a", filter=[]))), f"{_F}/filter"),
    "no format of ours": (definition(descriptor(format={"mso_mdoc": {}})), "/input_descriptors/0/format"),
    "an unknown rule": (definition(descriptor(group=["A"]), **_rule("some", **{"from": "A"})),
                        "/submission_requirements/0/rule"),
    "from and from_nested": (
        definition(descriptor(group=["A"]), **_rule("all", **{"from": "A"}, from_nested=[{}])),
        "/submission_requirements/0"),
    "neither of them": (definition(descriptor(group=["A"]), **_rule("all")), "/submission_requirements/0"),
    "an unknown group": (definition(descriptor(group=["A"]), **_rule("all", **{"from": "B"})),
                         "/submission_requirements/0/from"),
    "a count of nothing": (definition(descriptor(group=["A"]), **_rule("pick", **{"from": "A"}, count=0)),
                           "/submission_requirements/0/count"),
    "a count and a limit": (definition(descriptor(group=["A"]), **_rule("pick", **{"from": "A"}, count=1, max=2)),
                            "/submission_requirements/0/count"),
    "more than at most": (definition(descriptor(group=["A"]), **_rule("pick", **{"from": "A"}, min=2, max=1)),
                          "/submission_requirements/0/max"),
    "a descriptor of no group": (
        definition(descriptor(group=["A"]), descriptor(name="x"), **_rule("all", **{"from": "A"})),
        "/input_descriptors"),
    "requirements without end": (
        definition(descriptor(group=["A"]), submission_requirements=[_DEEP]),
        "/submission_requirements/0" + "/from_nested/0" * 4),
    "too many requirements": (
        definition(descriptor(group=["A"]), **_rule("all", from_nested=[
            {"rule": "all", "from_nested": [{"rule": "all", "from": "A"}] * 15}] * 5)), "/submission_requirements"),
    "too many paths": (definition(*[descriptor(*[field(*["$.a"] * 32)] * 3, name=f"d{one}") for one in range(11)]),
                       "/input_descriptors"),
    "too many searches": (definition(descriptor(*[field(*["$..a"] * 13)] * 5)), "/input_descriptors"),
    "too many patterns": (definition(*[descriptor(*[field("$.a", filter={"pattern": "a"})] * 43, name=f"d{one}")
                                       for one in range(3)]), "/input_descriptors"),
    "too much": (definition(descriptor(purpose="x" * 2_000), x="y" * 70_000), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_malformed_definition_is_refused_at_its_place(name: str) -> None:
    value, pointer = BAD[name]
    with pytest.raises(QueryRefused) as refused:
        read_definition(value, "/presentationDefinition")
    assert refused.value.faults[0].pointer == f"/presentationDefinition{pointer}"


def test_members_of_later_versions_are_passed_over_outside_of_constraints() -> None:
    one = descriptor(field(NAME), later=1)
    assert isinstance(asked(one), Matched)
    assert read_definition({**definition(one), "later": {}}).definition_id == "def"


def _submission(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": "s", "definition_id": "def", "descriptor_map": list(entries), **more}


_ENTRY: Final = {"id": "d", "format": "ldp_vp", "path": "$",
                 "path_nested": {"id": "d", "format": "ldp_vc", "path": "$.verifiableCredential[1]"}}  # fmt: skip


def test_a_submission_leads_to_the_credential_it_names() -> None:
    read = read_submission(_submission(_ENTRY))
    root: Any = {"verifiableCredential": [{"n": 0}, {"n": 1}]}
    assert resolved(read.entries[0].steps, root, lambda value: value) == {"n": 1}
    assert spelled("def", "s", read.entries) == _submission(_ENTRY)
    for path in ("$.verifiableCredential[2]", "$.verifiableCredential[*]", "$.other"):
        entry = {**_ENTRY, "path_nested": {**_ENTRY["path_nested"], "path": path}}  # type: ignore[dict-item]
        with pytest.raises(LookupError):
            resolved(read_submission(_submission(entry)).entries[0].steps, root, lambda value: value)


def test_a_malformed_submission_is_refused() -> None:
    nested: dict[str, Any] = dict(_ENTRY)
    for _ in range(5):
        nested = {**_ENTRY, "path_nested": nested}
    bad: list[Any] = [
        None,
        {},
        _submission(),
        _submission(_ENTRY, _ENTRY),
        _submission({"id": "d", "path": "$"}),
        _submission({"id": "d", "format": "ldp_vp", "path": "$[?@.a]"}),
        _submission({**_ENTRY, "path_nested": {"id": "e", "format": "ldp_vc", "path": "$"}}),
        _submission(nested),
        _submission(*({"id": f"d{index}", "format": "x", "path": "$..x"} for index in range(5))),
        _submission(*({"id": f"d{index}", "format": "x", "path": "$"} for index in range(65))),
        {**_submission(_ENTRY), "definition_id": 1},
    ]
    for one in bad:
        with pytest.raises(QueryRefused):
            read_submission(one)
