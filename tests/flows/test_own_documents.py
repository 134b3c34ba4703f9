"""A caller's own document meets the rules that a request for the same credential meets, at the door and at effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from sealwright.domain.credentials import StatusPurpose
from sealwright.domain.errors import HolderDeactivated, PolicyViolation, SchemaInactive, SchemaNotAuthorized
from sealwright.domain.people import Caller
from sealwright.services.catalog_builtin import UNIVERSITY_DEGREE, list_builtin
from sealwright.services.office import Office
from sealwright.services.order_checks import DocumentOptions
from sealwright.services.schemas import NewSchema
from sealwright.vc.credentials.model import CREDENTIALS_V1
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import ClaimsDoNotMatchSchema
from tests.support.furnished import Furnished
from tests.support.office import HOLDER, ISSUER, MovableClock, api_key_for, degree_request, furnish, the_operator

PLAIN: Final = DocumentOptions()
KYC: Final = "did:adi:schema:kyc-v1"
Document = dict[str, JSONValue]


@pytest.fixture
def office(database_url: str, tmp_path: Path, furnished: Furnished) -> Iterator[Office]:
    with furnished.open(database_url, tmp_path / "home", MovableClock(), furnish) as opened:
        yield opened


def _act(office: Office, act: Callable[..., object]) -> None:
    office.acts.run(the_operator(office), act, changes_registry=True)


def _plain() -> Document:
    return {
        "@context": [CREDENTIALS_V1],
        "type": ["VerifiableCredential"],
        "issuer": ISSUER,
        "credentialSubject": {"id": HOLDER},
    }


def _naming(office: Office, schema_id: str = UNIVERSITY_DEGREE, **claims: JSONValue) -> Document:
    """A document that names a kept schema and is written in its words."""
    schema = office.registry.current().schema(schema_id)
    assert schema is not None
    return {
        **_plain(),
        "@context": [CREDENTIALS_V1, schema.context_url],
        "credentialSubject": {"id": HOLDER, **(claims or degree_request().claims)},
        "credentialSchema": {"id": schema_id, "type": "JsonSchemaValidator2018"},
    }


def _speaking(office: Office) -> Document:
    """A document that names no schema, and uses the words of one under names of its own."""
    schema = office.registry.current().schema(UNIVERSITY_DEGREE)
    assert schema is not None
    words: JSONValue = {"Degree": f"{schema.context_url}#{schema.type[0]}"}
    return {**_plain(), "@context": [CREDENTIALS_V1, words], "type": ["VerifiableCredential", "Degree"]}


def _end_schema(office: Office) -> None:
    _act(office, lambda uow, me: office.schemas.deactivate(uow, me, UNIVERSITY_DEGREE))


def _end_holder(office: Office) -> None:
    _act(office, lambda uow, me: office.dids.deactivate(uow, me, HOLDER))


ENDED: Final = [
    pytest.param(_naming, _end_schema, SchemaInactive, id="its schema"),
    pytest.param(_speaking, _end_schema, SchemaInactive, id="the schema whose words it uses"),
    pytest.param(lambda office: _plain(), _end_holder, HolderDeactivated, id="its holder"),
]


@pytest.mark.parametrize(("write", "end", "refusal"), ENDED)
def test_what_was_deactivated_gets_no_new_document(
    office: Office, write: Callable[[Office], Document], end: Callable[[Office], None], refusal: type[Exception]
) -> None:
    caller, document = api_key_for(office, ISSUER), write(office)
    order = office.issuing.check_document(document, PLAIN, caller, office.registry.current())
    end(office)
    with pytest.raises(refusal):
        office.issuing.check_document(document, PLAIN, caller, office.registry.current())
    with pytest.raises(refusal):
        office.issuing.issue(order)
    with pytest.raises(refusal):
        office.issuing.check(degree_request(), caller, office.registry.current())


def test_a_schema_that_is_active_again_is_signed_again(office: Office) -> None:
    caller, document = api_key_for(office, ISSUER), _naming(office)
    _end_schema(office)
    _act(office, lambda uow, me: office.schemas.reactivate(uow, me, UNIVERSITY_DEGREE))
    order = office.issuing.check_document(document, PLAIN, caller, office.registry.current())
    assert office.issuing.issue(order).record.document is not None


def test_a_document_that_names_a_schema_meets_it(office: Office) -> None:
    caller, view = api_key_for(office, ISSUER), office.registry.current()
    broken = _naming(office, degree={"type": "BachelorDegree", "university": "MIT", "graduationYear": "2025"})
    with pytest.raises(ClaimsDoNotMatchSchema) as one:
        office.issuing.check_document(broken, PLAIN, caller, view)
    assert "/credentialSubject/degree/graduationYear" in {fault.pointer for fault in one.value.faults}
    good = _naming(office)["credentialSubject"]
    several: Document = {**broken, "credentialSubject": [good, broken["credentialSubject"]]}
    with pytest.raises(ClaimsDoNotMatchSchema) as second:
        office.issuing.check_document(several, PLAIN, caller, view)
    assert all(fault.pointer.startswith("/credentialSubject/1/") for fault in second.value.faults)


def _register(office: Office, schema_id: str, **changes: object) -> None:
    wish = next(
        NewSchema(name=one.name, type=one.type, schema=one.schema, version=one.version, schema_id=one.schema_id)
        for one in list_builtin()
        if one.schema_id == schema_id
    )
    wish = replace(wish, **changes)  # type: ignore[arg-type]
    office.schemas.prove(wish)
    _act(office, lambda uow, me: office.schemas.register(uow, me, wish))


def _in_words(office: Office) -> Document:
    """A document in the words of a schema, without naming it."""
    schema = office.registry.current().schema(KYC)
    assert schema is not None
    words: JSONValue = {"Checked": f"{schema.context_url}#{schema.type[0]}"}
    return {**_plain(), "@context": [CREDENTIALS_V1, words], "type": ["VerifiableCredential", "Checked"]}


def test_a_schema_that_demands_revocable_credentials_gets_no_others(office: Office) -> None:
    _register(office, KYC, revocation_required=True)
    caller, view = api_key_for(office, ISSUER), office.registry.current()
    with pytest.raises(PolicyViolation):
        office.issuing.check_document(_in_words(office), PLAIN, caller, view)
    revocable = DocumentOptions(status_purposes=(StatusPurpose.REVOCATION,))
    assert office.issuing.check_document(_in_words(office), revocable, caller, view).purposes


def test_words_of_a_schema_restricted_to_others_are_not_signed(office: Office) -> None:
    _register(office, KYC, restricted=True, allowed_issuers=(HOLDER,))
    caller: Caller = api_key_for(office, ISSUER)
    with pytest.raises(SchemaNotAuthorized):
        office.issuing.check_document(_in_words(office), PLAIN, caller, office.registry.current())
