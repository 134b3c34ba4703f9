"""Further forms of credentials in tests: the engine over a test's office, and looks at what it made."""

from __future__ import annotations

from typing import Any

from sealwright.domain.credentials import CredentialRecord
from sealwright.services.copies import Copies
from sealwright.services.office import Office
from sealwright.services.stored_credentials import StoredCredentials
from sealwright.services.verification import VerifyOptions
from sealwright.vc.encoding.strict_json import parse_json


def copies_for(office: Office) -> Copies:
    """The engine of further forms, over this office."""
    verifier = office.verifier
    stored = StoredCredentials(resolver=verifier._resolver, canon=verifier._canon, clock=office.clock)
    return Copies(
        units=office.units,
        registry=office.registry,
        issuing=office.issuing,
        stored=stored,
        clock=office.clock,
        public_url=office.public_url,
    )


def content_of(record: CredentialRecord) -> Any:
    """A stored credential as a verifier is handed it: an object, or compact text."""
    assert record.document is not None
    return parse_json(record.document) if record.document[:1] == b"{" else record.document.decode("ascii")


def checks_of(office: Office, record: CredentialRecord, **options: Any) -> dict[str, str]:
    """What the office's own verifier says of a credential, by check; and `verified`."""
    report = office.verifier.verify(content_of(record), VerifyOptions(**options))
    return {check.name: check.outcome.value for check in report.checks} | {"verified": str(bool(report))}


def record_of(office: Office, credential_id: str | None) -> CredentialRecord:
    """A credential as it lies in the store."""
    return office.shelf.status(credential_id or "")
