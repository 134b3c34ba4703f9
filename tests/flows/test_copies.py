"""Further forms of a credential: made along the guarded road, bound to their source, and ended with it."""

from __future__ import annotations

import pytest

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.formats import CredentialFormat
from sealwright.services.copies import Copies, form_of
from sealwright.services.office import Office
from tests.support.copies import checks_of, copies_for, record_of
from tests.support.office import the_operator
from tests.support.review import audit_of, audit_rows, grant, improver, reviewer

FORMS = list(CredentialFormat)
WALLET = "did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH"


@pytest.fixture
def copies(office: Office) -> Copies:
    """The engine of further forms."""
    return copies_for(office)


@pytest.fixture
def source(office: Office) -> CredentialRecord:
    """The primary credential of a grant."""
    held = grant(office, reviewer(office, "rita"), improver(office, "mia"))
    return record_of(office, held.credential_id)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_signed_stored_and_verifies(
    office: Office, copies: Copies, source: CredentialRecord, form: CredentialFormat
) -> None:
    made = copies.make(source, form, WALLET)
    assert (made.copy_of, made.grant_id, made.holder_did) == (source.uid, source.grant_id, WALLET)
    assert (made.issuer_did, made.schema_id, made.expires_at) == (
        source.issuer_did,
        source.schema_id,
        source.expires_at,
    )
    assert form_of(made) is form
    assert made.place is not None
    assert made.place != source.place
    stored = record_of(office, made.credential_id)
    assert stored == made
    assert audit_of(office, made.credential_id) == {"credential.issued": 1}
    (row,) = [row for row in audit_rows(office) if row["object"]["id"] == made.credential_id]
    assert row["actor"] == {"type": "system", "id": "copies", "auth": "clock"}
    assert row["data"]["copyOf"] == source.credential_id
    assert row["data"]["proofType"] == made.proof_type
    checks = checks_of(office, made, expected_holder=WALLET)
    assert checks["verified"] == "True", checks
    assert list(office.store_check.run(the_operator(office))) == []
