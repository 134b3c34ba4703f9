"""The form of credentials and presentations: what a document must look like before anybody signs or believes it.

All faults are collected and reported at once, with a pointer each and never with a value. What only the contexts can
tell (undefined terms, types that expand to nothing) is found when the document is canonicalized.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealwright.vc.credentials.form import MISSING, Findings, as_objects, is_url
from sealwright.vc.credentials.members import (
    PinnedContent,
    check_dates,
    check_related_resources,
    check_subjects,
    check_texts,
    check_typed_members,
)
from sealwright.vc.credentials.model import MODEL_BY_CONTEXT, DataModel
from sealwright.vc.credentials.placing import check_places
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault, MalformedDocument, TooComplex

MAX_CONTEXTS: Final = 16
MAX_PROOFS: Final = 16
MAX_CREDENTIALS: Final = 64

_TEXT_OR_OBJECT: Final = (str, dict, Mapping)
_OBJECT: Final = (dict, Mapping)


def check_credential(document: object, *, pinned: PinnedContent | None = None) -> DataModel:
    """Check the form of a credential, signed or not, and tell its data model.

    Args:
        document: Any JSON value.
        pinned: Gives the bytes that are held here for an address, or None: a related resource that we hold is then
            compared with the digest that the credential states. Nothing is ever fetched.

    Raises:
        MalformedDocument: With a fault for each place that breaks the data model.
        TooComplex: More than 16 contexts or 16 proofs.

    Spec: Verifiable Credentials Data Model 2.0 and 1.1, "Basic Concepts"; interop rules of this package.
    """
    found = Findings()
    model = _check_envelope(document, "VerifiableCredential", found)
    if isinstance(document, _OBJECT):
        _check_credential_members(document, model, found, pinned)
        check_places(document, found)
    found.raise_if_any("credential")
    return model


def check_presentation(document: object, *, pinned: PinnedContent | None = None) -> DataModel:
    """Check the form of a presentation and of every credential in it, and tell the presentation's data model.

    Raises:
        MalformedDocument: With a fault for each place that breaks the data model.
        TooComplex: More than 16 contexts, 16 proofs or 64 credentials.

    Spec: Verifiable Credentials Data Model 2.0 and 1.1, "Verifiable Presentations".
    """
    found = Findings()
    model = _check_envelope(document, "VerifiablePresentation", found)
    if isinstance(document, Mapping):
        _check_party(document, "holder", found, required=False)
        check_typed_members(document, ("proof", "termsOfUse"), found)
        check_places(document, found, without="verifiableCredential")
        _check_presented(document, found, pinned)
    found.raise_if_any("presentation")
    return model


def credentials_of(presentation: Mapping[str, JSONValue]) -> tuple[Mapping[str, JSONValue], ...]:
    """The credentials inside a presentation whose form was checked, in order."""
    return tuple(entry for _, entry in as_objects(presentation.get("verifiableCredential", []), ""))


def is_enveloped(document: Mapping[str, JSONValue]) -> bool:
    """Whether an object means to be an envelope: by its type, or by an id that carries data."""
    types, address = document.get("type"), document.get("id")
    if isinstance(address, str) and address.startswith("data:"):
        return True
    for entry in types if isinstance(types, list) else (types,):
        if isinstance(entry, str) and entry.startswith("Enveloped"):
            return True
    return False


def check_enveloped(document: Mapping[str, JSONValue], kind: str) -> None:
    """Check an enveloped credential or presentation: base context, type, and a ``data:`` id that carries the document.

    Args:
        document: The envelope.
        kind: ``EnvelopedVerifiableCredential`` or ``EnvelopedVerifiablePresentation``.

    Raises:
        MalformedDocument: With a fault for each member that is wrong.

    Spec: Verifiable Credentials Data Model 2.0, "Enveloped Verifiable Credentials".
    """
    found = Findings()
    _check_enveloped_members(document, kind, "", found)
    found.raise_if_any("envelope")


def _check_envelope(document: object, required_type: str, found: Findings) -> DataModel:
    """Check object, contexts, type, id and counts: what credentials and presentations have in common."""
    if not isinstance(document, _OBJECT):
        found.add("", "INVALID_TYPE", "The document must be a JSON object.")
        return DataModel.V2_0
    model = _check_contexts(document.get("@context", MISSING), found)
    types = document.get("type", MISSING)
    if types is MISSING:
        found.add("/type", "MISSING_FIELD", "type is missing.")
    elif not isinstance(types, list) or not all(isinstance(entry, str) and entry for entry in types):
        found.add("/type", "INVALID_TYPE", "type must be an array of texts.")
    elif required_type not in types:
        found.add("/type", "INVALID_VALUE", f"type must contain {required_type}.")
    if "id" in document and not is_url(document["id"]):
        found.add(
            "/id", "INVALID_TYPE" if not isinstance(document["id"], str) else "INVALID_VALUE", "id must be a URL."
        )
    proofs = document.get("proof")
    if isinstance(proofs, list) and len(proofs) > MAX_PROOFS:
        raise TooComplex("The document has more than 16 proofs.", pointer="/proof")
    return model


def _check_contexts(contexts: object, found: Findings) -> DataModel:
    if contexts is MISSING:
        found.add("/@context", "MISSING_FIELD", "@context is missing.")
        return DataModel.V2_0
    if not isinstance(contexts, list):
        found.add("/@context", "INVALID_TYPE", "@context must be an array.")
        return DataModel.V2_0
    if len(contexts) > MAX_CONTEXTS:
        raise TooComplex("The document names more than 16 contexts.", pointer="/@context")
    for index, entry in enumerate(contexts):
        if not isinstance(entry, _TEXT_OR_OBJECT):
            found.add(f"/@context/{index}", "INVALID_TYPE", "A context must be a URL or an object.")
    first = contexts[0] if contexts else None
    model = MODEL_BY_CONTEXT.get(first) if isinstance(first, str) else None
    if model is None:
        found.add("/@context/0", "INVALID_VALUE", "The first context must be that of data model 1.1 or 2.0.")
        return DataModel.V2_0
    return model


def _check_credential_members(
    document: Mapping[str, JSONValue], model: DataModel, found: Findings, pinned: PinnedContent | None
) -> None:
    _check_party(document, "issuer", found, required=True)
    check_subjects(document, found)
    check_dates(document, model, found)
    check_typed_members(
        document,
        ("credentialStatus", "credentialSchema", "refreshService", "evidence", "termsOfUse", "proof"),
        found,
    )
    if model is DataModel.V2_0:
        check_texts(document, "", found)
        check_related_resources(document, found, pinned)
        issuer = document.get("issuer")
        if isinstance(issuer, Mapping):
            check_texts(issuer, "/issuer", found)


def _check_party(document: Mapping[str, JSONValue], member: str, found: Findings, *, required: bool) -> None:
    """Check issuer or holder: a URL, or an object with a URL as id."""
    value = document.get(member, MISSING)
    if value is MISSING:
        if required:
            found.add(f"/{member}", "MISSING_FIELD", f"{member} is missing.")
        return
    pointer = f"/{member}"
    if isinstance(value, _OBJECT):
        value, pointer = value.get("id", MISSING), f"/{member}/id"
    if value is MISSING:
        found.add(pointer, "MISSING_FIELD", f"{member} has no id.")
    elif not isinstance(value, str):
        found.add(pointer, "INVALID_TYPE", f"{member} must be a URL, or an object with one as id.")
    elif not is_url(value):
        found.add(pointer, "INVALID_VALUE", f"{member} must be a URL.")


def _check_presented(document: Mapping[str, JSONValue], found: Findings, pinned: PinnedContent | None) -> None:
    value = document.get("verifiableCredential", [])
    if isinstance(value, list) and len(value) > MAX_CREDENTIALS:
        raise TooComplex("The presentation holds more than 64 credentials.", pointer="/verifiableCredential")
    if not isinstance(value, list | Mapping):
        found.add("/verifiableCredential", "INVALID_TYPE", "Credentials must be objects.")
        return
    if isinstance(value, list):
        for index, entry in enumerate(value):
            if not isinstance(entry, Mapping):
                # A bare string would be read as the address of a credential and carry nothing.
                found.add(f"/verifiableCredential/{index}", "INVALID_TYPE", "A credential must be an object.")
    for pointer, credential in as_objects(value, "/verifiableCredential"):
        if is_enveloped(credential):
            _check_enveloped_members(credential, "EnvelopedVerifiableCredential", pointer, found)
            continue
        try:
            check_credential(credential, pinned=pinned)
        except MalformedDocument as error:
            found.extend(Fault(pointer + fault.pointer, fault.code, fault.detail) for fault in error.faults)


def _check_enveloped_members(document: Mapping[str, JSONValue], kind: str, pointer: str, found: Findings) -> None:
    contexts = document.get("@context", MISSING)
    first = contexts[0] if isinstance(contexts, list) and contexts else contexts
    if first != DataModel.V2_0.base_context:
        found.add(f"{pointer}/@context", "INVALID_VALUE", "An envelope needs the base context of data model 2.0.")
    types = document.get("type", MISSING)
    if kind not in _as_list(types):
        found.add(f"{pointer}/type", "INVALID_VALUE", f"An envelope's type must be {kind}.")
    address = document.get("id")
    if not isinstance(address, str) or not address.startswith("data:") or "," not in address:
        found.add(f"{pointer}/id", "INVALID_VALUE", "An envelope carries its document in a data: URL as id.")


def _as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]
