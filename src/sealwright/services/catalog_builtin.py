"""The credential schemas that every office starts with.

All are closed: an object takes no members but those listed, so a misspelled claim is refused and not
signed under a name that nobody reads. No top-level claim uses a name of the credential's envelope.
Arrays have at least one item and none twice, because an RDF proof covers a set and no empty list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from sealwright.vc.encoding.strict_json import JSONValue

UNIVERSITY_DEGREE: Final = "did:adi:schema:university-degree-v1"
AGENT_DELEGATION: Final = "did:adi:schema:agent-delegation-v1"
AGENT_DELEGATION_2: Final = "did:adi:schema:agent-delegation-v2"
DELEGATION_SCHEMAS: Final = frozenset({AGENT_DELEGATION, AGENT_DELEGATION_2})
"""What a schema says never changes: others keep it and its context. Limits that came later stand in the second."""
LATER_LIMITS: Final = frozenset({"maxCallsPerHour", "authorizedResources", "authorizedHours", "currency"})
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_DID_PATTERN: Final = "^did:[a-z0-9]+:[A-Za-z0-9._:%-]+$"
_HOURS: Final = "^[A-Z][a-z]{2}(-[A-Z][a-z]{2})? [0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2} [A-Za-z0-9_+/-]{1,64}$"
_COUNTRY_PATTERN: Final = "^[A-Z]{2}$"

JSONSchema: TypeAlias = dict[str, JSONValue]


@dataclass(frozen=True, slots=True)
class BuiltinSchema:
    """A credential schema as it is registered: `type` names the credential beside VerifiableCredential.

    Args:
        credential_type: The catalog entry that it proves, for qualifications that open workflow roles.
    """

    schema_id: str
    name: str
    version: str
    type: tuple[str, ...]
    description: str
    schema: Mapping[str, JSONValue]
    credential_type: str | None = None


def list_builtin() -> tuple[BuiltinSchema, ...]:
    """Give every built-in credential schema, in the order in which they are registered."""
    return (
        _university_degree(),
        _agent_delegation(),
        _identity_check(),
        _vaccination(),
        _address_proof(),
        _agent_capability(),
        _dpw_certified(),
        _community_verifier(),
        _agent_delegation_2(),
    )


def delegation_schema_for(constraints: Mapping[str, JSONValue]) -> str:
    """The schema of delegations with these limits: the first, which the most verifiers know, wherever it serves."""
    return AGENT_DELEGATION_2 if LATER_LIMITS & constraints.keys() else AGENT_DELEGATION


def _text(description: str, *, most: int = 200, pattern: str | None = None) -> JSONSchema:
    schema: JSONSchema = {"type": "string", "description": description, "minLength": 1, "maxLength": most}
    return schema | ({"pattern": pattern} if pattern is not None else {})


def _did(description: str) -> JSONSchema:
    return _text(description, most=2048, pattern=_DID_PATTERN)


def _country(description: str) -> JSONSchema:
    return {"type": "string", "description": f"{description}, as ISO 3166-1 alpha-2.", "pattern": _COUNTRY_PATTERN}


def _formatted(format_name: str, description: str) -> JSONSchema:
    return {"type": "string", "description": description, "format": format_name}


def _date(description: str) -> JSONSchema:
    return _formatted("date", description)


def _one_of(description: str, *values: str) -> JSONSchema:
    return {"type": "string", "description": description, "enum": list(values)}


def _integer(description: str, least: int, most: int) -> JSONSchema:
    return {"type": "integer", "description": description, "minimum": least, "maximum": most}


def _number(description: str, least: int, most: int | None = None) -> JSONSchema:
    schema: JSONSchema = {"type": "number", "description": description, "minimum": least}
    return schema | ({"maximum": most} if most is not None else {})


def _truth(description: str) -> JSONSchema:
    return {"type": "boolean", "description": description}


def _set_of(description: str, items: JSONSchema, *, most: int = 100) -> JSONSchema:
    return {
        "type": "array",
        "description": description,
        "items": items,
        "minItems": 1,
        "maxItems": most,
        "uniqueItems": True,
    }


def _object(description: str, required: tuple[str, ...], properties: Mapping[str, JSONSchema]) -> JSONSchema:
    schema: JSONSchema = {"type": "object", "description": description, "additionalProperties": False}
    # Without a required member the object could be empty, and an empty object reaches no signed statement.
    rule: JSONSchema = {"required": list(required)} if required else {"minProperties": 1}
    return schema | rule | {"properties": dict(properties)}


def _builtin(
    name: str,
    type_name: str,
    title: str,
    required: tuple[str, ...],
    properties: Mapping[str, JSONSchema],
    *,
    version: int = 1,
    credential_type: str | None = None,
) -> BuiltinSchema:
    schema = {"$schema": _DIALECT, "title": title} | _object(title, required, properties)
    return BuiltinSchema(
        f"did:adi:schema:{name}-v{version}",
        name,
        f"{version}.0",
        (type_name,),
        title,
        schema,
        credential_type=credential_type,
    )


def _university_degree() -> BuiltinSchema:
    degree: JSONSchema = {
        "type": "object",
        "description": "The degree that was conferred.",
        "additionalProperties": False,
        "required": ["type"],
        "properties": {
            "type": {"type": "string", "description": "Kind of degree, such as BachelorDegree."},
            "name": {"type": "string", "description": "Title of the degree, as on the diploma."},
            "university": {"type": "string", "description": "University that conferred it."},
            "graduationYear": _integer("Calendar year of graduation.", 1900, 2100),
            "gpa": _number("Grade point average.", 0, 10),
        },
    }
    title = "A degree conferred by a university."
    return _builtin("university-degree", "UniversityDegreeCredential", title, ("degree",), {"degree": degree})


def _agent_delegation() -> BuiltinSchema:
    return _delegation(1, _first_limits())


def _agent_delegation_2() -> BuiltinSchema:
    return _delegation(2, _first_limits() | _later_limits())


def _first_limits() -> dict[str, JSONSchema]:
    money = "in the smallest unit that the parties use"
    return {
        "maxSpendPerTransaction": _number(f"Most that one act may spend, {money}.", 0),
        "maxSpendPerDay": _number(f"Most that a rolling day may spend, {money}.", 0),
        "maxSpendPerWeek": _number(f"Most that a rolling week may spend, {money}.", 0),
        "maxSpendPerMonth": _number(f"Most that 30 rolling days may spend, {money}.", 0),
        "maxCallsPerDay": _integer("Most acts in a rolling day.", 0, 2**31 - 1),
        "authorizedMerchants": _set_of("The only merchants that may be paid.", _text("A merchant.")),
        "blockedMerchants": _set_of("Merchants that may not be paid.", _text("A merchant.")),
        "authorizedSchemas": _set_of("The only credential schemas that may be used.", _text("A schema id.", most=2048)),
        "authorizedRegions": _set_of("The only regions that may be served.", _text("A region code.", most=64)),
        "requireApproval": _truth("Every act needs a person's approval."),
    }


def _later_limits() -> dict[str, JSONSchema]:
    return {
        "maxCallsPerHour": _integer("Most acts in a rolling hour.", 0, 2**31 - 1),
        "authorizedResources": _set_of("The only resources that may be acted on.", _text("A resource.", most=2048)),
        "authorizedHours": _set_of(
            "The only hours in which an act is allowed.",
            _text("Days, hours and zone: Mon-Fri 08:00-18:00 America/Los_Angeles.", most=100, pattern=_HOURS),
            most=20,
        ),
        "currency": _text("Currency of every amount, as ISO 4217.", most=3, pattern="^[A-Z]{3}$"),
    }


def _delegation(version: int, constraints: Mapping[str, JSONSchema]) -> BuiltinSchema:
    return _builtin(
        "agent-delegation",
        "AgentDelegationCredential",
        "What a delegate, such as an AI agent, may do in a delegator's name.",
        ("delegator", "delegate", "scope", "maxDepth"),
        {
            "delegator": _did("DID of the party whose authority is handed on; the issuer."),
            "delegate": _did("DID of the party that may act; the holder."),
            "scope": _set_of("Actions that are allowed.", _text("An action.", most=255, pattern="^[^\\s]+$")),
            "constraints": _object("Limits that every act must keep.", (), constraints),
            "maxDepth": _integer("Further hops allowed below this delegation.", 0, 7),
            "parent": _formatted("uri", "Credential id of the delegation that this one rests on."),
        },
        version=version,
    )


def _identity_check() -> BuiltinSchema:
    document = _object(
        "The document that was shown.",
        ("documentType", "issuingCountry"),
        {
            "documentType": _one_of(
                "Kind of document.", "passport", "national_id", "driving_license", "residence_permit"
            ),
            "issuingCountry": _country("Country that issued it"),
            "numberEnding": _text("Last characters of its number; never the whole.", most=4),
            "validThrough": _date("Last day on which it was valid."),
        },
    )
    return _builtin(
        "kyc",
        "KYCCredential",
        "A person's identity, checked under know-your-customer rules.",
        ("givenName", "familyName", "birthDate", "assuranceLevel", "checkedOn"),
        {
            "givenName": _text("Given names, as in the document."),
            "familyName": _text("Family name, as in the document."),
            "birthDate": _date("Date of birth."),
            "nationality": _country("Nationality"),
            "countryOfResidence": _country("Country of residence"),
            "email": _formatted("email", "E-mail address that the person proved to control."),
            "identityDocument": document,
            "assuranceLevel": _one_of("Level of assurance, as eIDAS names them.", "low", "substantial", "high"),
            "politicallyExposed": _truth("The person holds, or is close to, a prominent public function."),
            "sanctionsScreening": _one_of("Outcome of the screening.", "clear", "match", "not_screened"),
            "checkedOn": _date("Day of the check."),
            "checkedBy": _text("Who carried it out."),
        },
    )


def _vaccination() -> BuiltinSchema:
    recipient = _object(
        "Who was vaccinated.",
        ("givenName", "familyName", "birthDate"),
        {
            "givenName": _text("Given names."),
            "familyName": _text("Family name."),
            "birthDate": _date("Date of birth."),
        },
    )
    vaccine = _object(
        "What was given.",
        ("targetDisease",),
        {
            "targetDisease": _text("Disease it protects from, in words or as an ICD-11 code."),
            "atcCode": _text("ATC code of the vaccine.", most=7, pattern="^[A-Z][0-9]{2}[A-Z]{2}[0-9]{2}$"),
            "productName": _text("Trade name."),
            "manufacturer": _text("Holder of the marketing authorization."),
            "batchNumber": _text("Batch or lot number.", most=64),
        },
    )
    return _builtin(
        "vaccination",
        "VaccinationCredential",
        "One dose of a vaccine, given to one person.",
        ("recipient", "vaccine", "doseNumber", "administeredOn", "administeredIn"),
        {
            "recipient": recipient,
            "vaccine": vaccine,
            "doseNumber": _integer("Which dose of the series this was.", 1, 99),
            "dosesInSeries": _integer("Doses of the whole series.", 1, 99),
            "administeredOn": _date("Day on which it was given."),
            "administeredIn": _country("Country in which it was given"),
            "administeringCenter": _text("Place where it was given."),
            "nextDoseDue": _date("Day from which the next dose is due."),
        },
    )


def _address_proof() -> BuiltinSchema:
    address = _object(
        "The address that was proved.",
        ("streetAddress", "locality", "country"),
        {
            "streetAddress": _text("Street and number."),
            "locality": _text("City or town."),
            "region": _text("State, province or canton."),
            "postalCode": _text("Postal code.", most=16),
            "country": _country("Country"),
        },
    )
    return _builtin(
        "address-proof",
        "AddressProofCredential",
        "Where a person lives or an organization sits.",
        ("address", "proofOfAddress", "checkedOn"),
        {
            "residentName": _text("Name that the evidence shows."),
            "address": address,
            "residentSince": _date("First day at this address."),
            "proofOfAddress": _one_of(
                "What it was proved with.", "utility_bill", "bank_statement", "official_letter", "lease", "visit"
            ),
            "evidenceDate": _date("Date of the evidence."),
            "checkedOn": _date("Day of the check."),
        },
    )


def _agent_capability() -> BuiltinSchema:
    model = _object(
        "The model that the agent runs on.",
        ("provider", "modelName"),
        {
            "provider": _text("Who provides it."),
            "modelName": _text("Its name."),
            "modelVersion": _text("Its version.", most=64),
        },
    )
    evaluation = _object(
        "How the capabilities were tested.",
        ("method", "evaluatedOn"),
        {
            "method": _text("Test or benchmark that was used."),
            "score": _number("Share of the test that was passed, 0 to 100.", 0, 100),
            "evaluatedOn": _date("Day of the test."),
            "report": _formatted("uri", "Where the report can be read."),
        },
    )
    return _builtin(
        "agent-capability",
        "AgentCapabilityCredential",
        "What an AI agent is able to do, and who answers for it.",
        ("agentOperator", "capabilities"),
        {
            "agentOperator": _did("DID of the person or organization that answers for the agent."),
            "agentName": _text("Name that the agent goes by."),
            "capabilities": _set_of("What it can do.", _text("A capability.", most=255, pattern="^[^\\s]+$")),
            "languages": _set_of(
                "Languages it works in, as BCP 47 tags.",
                _text("A language tag.", most=35, pattern="^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$"),
            ),
            "serviceAddress": _formatted("uri", "Where it can be reached."),
            "model": model,
            "evaluation": evaluation,
        },
    )


def _dpw_certified() -> BuiltinSchema:
    areas = ("street_repair", "sidewalk_repair", "drainage", "traffic_control", "tree_care", "graffiti_removal")
    return _builtin(
        "dpw-certified",
        "DPWCertifiedCredential",
        "Certification by the Department of Public Works.",
        ("qualification",),
        {
            "qualification": _one_of("Name of the qualification in the catalog.", "dpw_certified"),
            "certificateNumber": _text("Number of the certificate.", most=64),
            "areas": _set_of("Kinds of work that it covers.", _one_of("A kind of work.", *areas)),
            "level": _one_of("Level that was reached.", "apprentice", "journey", "supervisor"),
            "trainedOn": _date("Day on which the training ended."),
            "certifiedBy": _text("Office that certified."),
        },
        credential_type="dpw_certified",
    )


def _community_verifier() -> BuiltinSchema:
    return _builtin(
        "sfluv-verifier",
        "SFLUVVerifierCredential",
        "A person whom the community trusts to confirm that work was done.",
        ("qualification",),
        {
            "qualification": _one_of("Name of the qualification in the catalog.", "sfluv_verifier"),
            "community": _text("Community that trusts the person."),
            "neighborhoods": _set_of("Neighborhoods that the person serves.", _text("A neighborhood.")),
            "trainedOn": _date("Day on which the training ended."),
            "appointedAt": _formatted("date-time", "Moment of the appointment."),
            "appointedBy": _text("Who appointed the person."),
        },
        credential_type="sfluv_verifier",
    )
