"""The built-in schemas are what the contract and the documentation say, and can be registered and signed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sealwright.services.catalog_builtin import AGENT_DELEGATION, UNIVERSITY_DEGREE, BuiltinSchema, list_builtin
from sealwright.vc.contexts.store import ContextStore
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
            "maxCallsPerHour": 5,
            "maxCallsPerDay": 20,
            "authorizedMerchants": ["books.example"],
            "blockedMerchants": ["casino.example"],
            "authorizedSchemas": [UNIVERSITY_DEGREE],
            "authorizedRegions": ["US-MA"],
            "authorizedResources": ["https://books.example/orders"],
            "authorizedHours": ["Mon-Fri 08:00-18:00 America/New_York"],
            "currency": "USD",
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
    claims = _with(dict(CLAIMS[AGENT_DELEGATION]), *path, value=value)
    with pytest.raises(ClaimsDoNotMatchSchema):
        ClaimsValidator(BUILTIN[AGENT_DELEGATION].schema).check(claims)
