"""The built-in schemas are what the contract and the documentation say, and can be registered and signed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sealwright.services.catalog_builtin import (
    AGENT_DELEGATION,
    AGENT_DELEGATION_2,
    LATER_LIMITS,
    UNIVERSITY_DEGREE,
    BuiltinSchema,
    delegation_schema_for,
    list_builtin,
)
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.encoding.strict_json import dump_json
from sealwright.vc.errors import ClaimsDoNotMatchSchema
from sealwright.vc.schemas.contexts import build_context, context_url
from sealwright.vc.schemas.registration import check_context_signs_everything
from sealwright.vc.schemas.reserved import check_claims
from sealwright.vc.schemas.validation import ClaimsValidator
from sealwright.vc.schemas.vetting import vet_schema

BUILTIN = {one.schema_id: one for one in list_builtin()}
BASE = "https://office.example"
# One set of claims a schema that fill every member, as somebody would write them by hand.
CLAIMS: Mapping[str, dict[str, Any]] = {
    UNIVERSITY_DEGREE: {
        "degree": {
            "type": "BachelorDegree",
            "name": "Bachelor of Science",
            "university": "MIT",
            "graduationYear": 2025,
            "gpa": 3.8,
        }
    },
    AGENT_DELEGATION: {
        "delegator": "did:adi:human001",
        "delegate": "did:adi:agent:7f3a",
        "scope": ["purchase:books", "calendar.read"],
        "constraints": {
            "maxSpendPerTransaction": 100,
            "maxSpendPerDay": 250.5,
            "maxSpendPerWeek": 1000,
            "maxSpendPerMonth": 4000,
            "maxCallsPerDay": 20,
            "authorizedMerchants": ["books.example"],
            "blockedMerchants": ["casino.example"],
            "authorizedSchemas": [UNIVERSITY_DEGREE],
            "authorizedRegions": ["US-MA"],
            "requireApproval": True,
        },
        "maxDepth": 0,
        "parent": "urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11",
    },
    "did:adi:schema:kyc-v1": {
        "givenName": "Ada",
        "familyName": "King",
        "birthDate": "1985-12-10",
        "nationality": "GB",
        "countryOfResidence": "US",
        "email": "ada@example.org",
        "identityDocument": {
            "documentType": "passport",
            "issuingCountry": "GB",
            "numberEnding": "42X",
            "validThrough": "2031-05-01",
        },
        "assuranceLevel": "substantial",
        "politicallyExposed": False,
        "sanctionsScreening": "clear",
        "checkedOn": "2026-11-20",
        "checkedBy": "City Bank",
    },
    "did:adi:schema:vaccination-v1": {
        "recipient": {"givenName": "Ada", "familyName": "King", "birthDate": "1985-12-10"},
        "vaccine": {
            "targetDisease": "COVID-19",
            "atcCode": "J07BN01",
            "productName": "Comirnaty",
            "manufacturer": "BioNTech",
            "batchNumber": "EX1234",
        },
        "doseNumber": 2,
        "dosesInSeries": 2,
        "administeredOn": "2026-10-01",
        "administeredIn": "US",
        "administeringCenter": "Mission Clinic",
        "nextDoseDue": "2027-10-01",
    },
    "did:adi:schema:address-proof-v1": {
        "residentName": "Ada King",
        "address": {
            "streetAddress": "12 Main St",
            "locality": "San Francisco",
            "region": "CA",
            "postalCode": "94110",
            "country": "US",
        },
        "residentSince": "2020-02-29",
        "proofOfAddress": "utility_bill",
        "evidenceDate": "2026-10-15",
        "checkedOn": "2026-11-20",
    },
    "did:adi:schema:agent-capability-v1": {
        "agentOperator": "did:adi:human001",
        "agentName": "Purchasing agent",
        "capabilities": ["purchase", "calendar.read"],
        "languages": ["en", "es-419"],
        "serviceAddress": "https://agents.example/7f3a",
        "model": {"provider": "Example AI", "modelName": "Reasoner", "modelVersion": "4.1"},
        "evaluation": {
            "method": "Tool use suite",
            "score": 91.5,
            "evaluatedOn": "2026-09-01",
            "report": "https://agents.example/report",
        },
    },
    "did:adi:schema:dpw-certified-v1": {
        "qualification": "dpw_certified",
        "certificateNumber": "DPW-2026-0042",
        "areas": ["street_repair", "drainage"],
        "level": "journey",
        "trainedOn": "2026-06-30",
        "certifiedBy": "Bureau of Street Repair",
    },
    "did:adi:schema:sfluv-verifier-v1": {
        "qualification": "sfluv_verifier",
        "community": "SFLUV",
        "neighborhoods": ["Mission", "Sunset"],
        "trainedOn": "2026-06-30",
        "appointedAt": "2026-07-01T09:00:00Z",
        "appointedBy": "Community council",
    },
}
CLAIMS = {
    **CLAIMS,
    AGENT_DELEGATION_2: {
        **CLAIMS[AGENT_DELEGATION],
        "constraints": {
            **CLAIMS[AGENT_DELEGATION]["constraints"],
            "maxCallsPerHour": 5,
            "authorizedResources": ["https://books.example/orders"],
            "authorizedHours": ["Mon-Fri 08:00-18:00 America/New_York"],
            "currency": "USD",
        },
    },
}
# SHA-256 of what offices have registered for good, and others keep with its context.
REGISTERED: Mapping[str, str] = {
    "did:adi:schema:university-degree-v1": "e217c8f5e87a9e493736b91557061375eb637773f183623b4c1e4a81d21c7a09",
    "did:adi:schema:agent-delegation-v1": "d36da607f4d01a06f8e9c8e9c96ff7c086f6976aa0d6e395758ba271b6b4a55f",
    "did:adi:schema:kyc-v1": "03d9f7fb63d5b0192259f320e1450535a1a047171fbb5f331d7212934fb42bac",
    "did:adi:schema:vaccination-v1": "a448129b1f6ba5dc4daf058bd64d12bedda969380af458b44dbe41469d707224",
    "did:adi:schema:address-proof-v1": "4c6351a58ea36e6ac0d1f8c70a8d6dea48879af2cbd51210ba6f2eea121955c9",
    "did:adi:schema:agent-capability-v1": "89de14c2d4ab0ae84504b24feb38c3ac3c0e466b97d5a95231fb8940c0932e9e",
    "did:adi:schema:dpw-certified-v1": "7e146d3579aaab693bd5d324b48e3f5458747dc25b9360d84e771901146e3655",
    "did:adi:schema:sfluv-verifier-v1": "b91514ce93add85c1ed3013de2b280886363bc591eb48c2ab824b3f12ea73681",
    "did:adi:schema:agent-delegation-v2": "6ee5cc3b6c0595dc47865e914ecbbe28026898560fa306fc48f238bcf9a9d10b",
}


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from _objects(value)


def _with(claims: dict[str, Any], *path: str, value: Any) -> dict[str, Any]:
    if not path:
        return value  # type: ignore[no-any-return]
    return {**claims, path[0]: _with(claims.get(path[0], {}), *path[1:], value=value)}


def test_list_is_that_of_the_issue() -> None:
    assert list(BUILTIN) == [
        "did:adi:schema:university-degree-v1",
        "did:adi:schema:agent-delegation-v1",
        "did:adi:schema:kyc-v1",
        "did:adi:schema:vaccination-v1",
        "did:adi:schema:address-proof-v1",
        "did:adi:schema:agent-capability-v1",
        "did:adi:schema:dpw-certified-v1",
        "did:adi:schema:sfluv-verifier-v1",
        "did:adi:schema:agent-delegation-v2",
    ]
    assert BUILTIN[UNIVERSITY_DEGREE].type == ("UniversityDegreeCredential",)
    assert BUILTIN[AGENT_DELEGATION].type == ("AgentDelegationCredential",)
    assert [one.credential_type for one in BUILTIN.values() if one.credential_type] == [
        "dpw_certified",
        "sfluv_verifier",
    ]


@pytest.mark.parametrize("builtin", BUILTIN.values(), ids=BUILTIN)
def test_schema_can_be_registered_and_signs_every_claim(builtin: BuiltinSchema) -> None:
    vet_schema(builtin.schema)
    context = build_context(
        builtin.schema, types=builtin.type, base_url=BASE, name=builtin.name, version=builtin.version
    )
    url = context_url(BASE, builtin.name, builtin.version)
    check_context_signs_everything(builtin.schema, context, ContextStore.pinned(), url=url, types=builtin.type)


@pytest.mark.parametrize("builtin", BUILTIN.values(), ids=BUILTIN)
def test_example_of_every_schema_is_accepted(builtin: BuiltinSchema) -> None:
    claims = CLAIMS[builtin.schema_id]
    check_claims(claims)
    ClaimsValidator(builtin.schema).check(claims)


@pytest.mark.parametrize("builtin", BUILTIN.values(), ids=BUILTIN)
def test_example_fills_every_member(builtin: BuiltinSchema) -> None:
    def unfilled(node: Any, value: Any) -> Iterator[str]:
        for name, member in node["properties"].items():
            if name not in value:
                yield name
            elif member["type"] == "object":
                yield from unfilled(member, value[name])

    assert list(unfilled(builtin.schema, CLAIMS[builtin.schema_id])) == []


@pytest.mark.parametrize("builtin", BUILTIN.values(), ids=BUILTIN)
def test_every_object_is_closed_described_and_never_empty(builtin: BuiltinSchema) -> None:
    for node in _objects(builtin.schema):
        assert node["additionalProperties"] is False
        assert node.get("required") or node.get("minProperties") == 1
        assert all(member.get("description") for member in node["properties"].values())


@pytest.mark.parametrize("builtin", BUILTIN.values(), ids=BUILTIN)
def test_unknown_member_is_refused_at_every_depth(builtin: BuiltinSchema) -> None:
    claims = CLAIMS[builtin.schema_id]
    validator = ClaimsValidator(builtin.schema)
    nested = [(name,) for name, value in claims.items() if isinstance(value, dict)]
    for path in [(), *nested]:
        with pytest.raises(ClaimsDoNotMatchSchema):
            validator.check(_with(claims, *path, "misspelled", value="x"))


@pytest.mark.parametrize(
    ("path", "value", "fits"),
    [
        (("graduationYear",), 1900, True),
        (("graduationYear",), 2100, True),
        (("graduationYear",), 1899, False),
        (("graduationYear",), 2101, False),
        (("graduationYear",), "2025", False),
        (("gpa",), 0, True),
        (("gpa",), 10, True),
        (("gpa",), 10.1, False),
        (("gpa",), -0.1, False),
        (("type",), 5, False),
        (("type",), "MasterDegree", True),
        (("university",), 7, False),
        (("honors",), "cum laude", False),
    ],
)
def test_degree_is_bounded_as_the_contract_says(path: tuple[str, ...], value: Any, fits: bool) -> None:
    validator = ClaimsValidator(BUILTIN[UNIVERSITY_DEGREE].schema)
    claims = _with(dict(CLAIMS[UNIVERSITY_DEGREE]), "degree", *path, value=value)
    if fits:
        validator.check(claims)
    else:
        with pytest.raises(ClaimsDoNotMatchSchema):
            validator.check(claims)


def test_degree_needs_its_type_and_nothing_else() -> None:
    validator = ClaimsValidator(BUILTIN[UNIVERSITY_DEGREE].schema)
    validator.check({"degree": {"type": "BachelorDegree"}})
    with pytest.raises(ClaimsDoNotMatchSchema) as refused:
        validator.check({"degree": {"name": "x"}})
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/degree/type", "required")]
    with pytest.raises(ClaimsDoNotMatchSchema):
        validator.check({})


@pytest.mark.parametrize("builtin", BUILTIN.values(), ids=BUILTIN)
def test_what_offices_have_registered_never_changes(builtin: BuiltinSchema) -> None:
    """A change is a schema of its own (contract 1.6): what was signed under a name must go on meaning the same."""
    assert hashlib.sha256(dump_json(dict(builtin.schema))).hexdigest() == REGISTERED[builtin.schema_id]


def test_a_delegation_takes_the_first_schema_that_knows_its_limits() -> None:
    first, second = (BUILTIN[one].schema["properties"] for one in (AGENT_DELEGATION, AGENT_DELEGATION_2))
    known = [set(one["constraints"]["properties"]) for one in (first, second)]  # type: ignore[call-overload,index]
    assert known[1] - known[0] == LATER_LIMITS
    assert delegation_schema_for({}) == delegation_schema_for({"maxSpendPerDay": 1}) == AGENT_DELEGATION
    for limit in LATER_LIMITS:
        assert delegation_schema_for({"maxSpendPerDay": 1, limit: 1}) == AGENT_DELEGATION_2


@pytest.mark.parametrize("member", ["delegator", "delegate", "scope", "maxDepth"])
def test_delegation_needs_its_parties_scope_and_depth(member: str) -> None:
    claims = {name: value for name, value in CLAIMS[AGENT_DELEGATION].items() if name != member}
    with pytest.raises(ClaimsDoNotMatchSchema):
        ClaimsValidator(BUILTIN[AGENT_DELEGATION].schema).check(claims)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("maxDepth",), 8),
        (("maxDepth",), -1),
        (("scope",), []),
        (("scope",), ["a", "a"]),
        (("scope",), ["a b"]),
        (("delegate",), "agent"),
        (("constraints",), {}),
        (("constraints", "maxSpendPerYear"), 5),
        (("constraints", "maxSpendPerDay"), -1),
        (("constraints", "maxCallsPerDay"), 1.5),
        (("constraints", "maxCallsPerHour"), 1.5),
        (("constraints", "requireApproval"), "yes"),
        (("constraints", "authorizedHours"), ["always"]),
        (("constraints", "currency"), "dollars"),
        (("constraints", "authorizedMerchants"), []),
    ],
)
def test_delegation_is_bounded(path: tuple[str, ...], value: Any) -> None:
    claims = _with(dict(CLAIMS[AGENT_DELEGATION_2]), *path, value=value)
    with pytest.raises(ClaimsDoNotMatchSchema):
        ClaimsValidator(BUILTIN[AGENT_DELEGATION_2].schema).check(claims)
