"""Building an unsigned credential: the same parts always give the same document, member order included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sealwright.vc.credentials.model import DataModel
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import Fault, ReservedKey


@dataclass(frozen=True, slots=True)
class CredentialParts:
    """Everything a credential says.

    Args:
        model: Which data model to write; ``"1.1"`` and ``"2.0"`` will do.
        types: Types after VerifiableCredential.
        issuer_did: The issuer.
        valid_from: Aware UTC, whole seconds; `issuanceDate` in 1.1.
        claims: Members of `credentialSubject` beside its id.
        subject_id: The holder's DID; None leaves it out.
        credential_id: Absolute IRI; None leaves it out.
        contexts: Contexts after the base one, those of the schema and the suite.
        issuer_name: Written beside the issuer's id; None writes the issuer as text.
        valid_until: None for a credential without end.
        schema_id: The credential schema; None leaves it out.
        status: Entries of `credentialStatus`; one stands as an object, several as an array.
    """

    model: DataModel | str
    types: tuple[str, ...]
    issuer_did: str
    valid_from: datetime
    claims: Mapping[str, JSONValue]
    subject_id: str | None = None
    credential_id: str | None = None
    contexts: tuple[str, ...] = ()
    issuer_name: str | None = None
    valid_until: datetime | None = None
    schema_id: str | None = None
    status: tuple[Mapping[str, JSONValue], ...] = ()


def build_credential(parts: CredentialParts) -> dict[str, JSONValue]:
    """The unsigned credential. Claims and status entries are copied, so that changing them later changes nothing here.

    Raises:
        ReservedKey: The claims hold an `id`, which would stand in the place of the subject's.

    Spec: Verifiable Credentials Data Model 1.1 and 2.0, "Basic Concepts".
    """
    model = DataModel(parts.model)
    document: dict[str, JSONValue] = {"@context": [model.base_context, *parts.contexts]}
    if parts.credential_id is not None:
        document["id"] = parts.credential_id
    document["type"] = ["VerifiableCredential", *parts.types]
    document["issuer"] = (
        parts.issuer_did if parts.issuer_name is None else {"id": parts.issuer_did, "name": parts.issuer_name}
    )
    document[model.from_member] = format_timestamp(parts.valid_from)
    if parts.valid_until is not None:
        document[model.until_member] = format_timestamp(parts.valid_until)
    document["credentialSubject"] = _subject(parts)
    if parts.schema_id is not None:
        document["credentialSchema"] = {"id": parts.schema_id, "type": model.schema_type}
    if parts.status:
        entries = [_copied(dict(entry)) for entry in parts.status]
        document["credentialStatus"] = entries[0] if len(entries) == 1 else entries
    return document


def _subject(parts: CredentialParts) -> dict[str, JSONValue]:
    if "id" in parts.claims:
        detail = "The subject's id is not a claim."
        raise ReservedKey(detail, faults=(Fault("/claims/id", "RESERVED_KEY", detail),))
    subject: dict[str, JSONValue] = {} if parts.subject_id is None else {"id": parts.subject_id}
    for name, value in parts.claims.items():
        subject[name] = _copied(value)
    return subject


def _copied(value: JSONValue) -> JSONValue:
    # copy.deepcopy keeps a memo for cycles that JSON cannot have, and is ten times slower: this runs for every issue.
    if isinstance(value, dict):
        return {name: _copied(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return value
