"""Bringing a credential in any of its forms (object, envelope, compact JWT) to the document that is judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from sealwright.vc.credentials.structure import check_enveloped, is_enveloped
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault, MalformedDocument
from sealwright.vc.proofs.jwt import CredentialToken, open_token

_TOKEN_MEDIA_TYPES: Final = frozenset({"application/vc+jwt", "application/vc+ld+jwt", "application/vc-ld+jwt"})


def open_credential(source: object) -> CredentialToken | None:
    """The token inside a compact JWT or an enveloped credential; None where the credential is not in a token.

    Raises:
        MalformedDocument: A text or an envelope that carries no credential which is understood here.
        UnreadableJSON: The token's parts are not strict JSON.

    Spec: Verifiable Credentials Data Model 2.0, "Enveloped Verifiable Credentials".
    """
    if isinstance(source, str):
        return open_token(source)
    if isinstance(source, (dict, Mapping)) and is_enveloped(source):
        check_enveloped(source, "EnvelopedVerifiableCredential")
        return open_token(_enveloped_text(source))
    return None


def _enveloped_text(envelope: Mapping[str, JSONValue]) -> str:
    head, _, data = str(envelope["id"]).removeprefix("data:").partition(",")
    media_type, *parameters = head.lower().split(";")
    if media_type not in _TOKEN_MEDIA_TYPES or "base64" in parameters:
        detail = "The envelope does not carry a credential as JWT."
        raise MalformedDocument(detail, faults=(Fault("/id", "INVALID_VALUE", detail),), pointer="/id")
    # A token needs no escaping; what was escaped all the same becomes text that is then refused as a token.
    return unquote_to_bytes(data).decode("ascii", "replace")
