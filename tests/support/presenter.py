"""A wallet over joserfc that answers requests for presentations (OpenID4VP), well and badly."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sealwright.services.office import Office
from sealwright.vc.proofs.sd_jwt import digest_of
from sealwright.vc.proofs.sd_jwt_reading import present
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, with_suite_context
from tests.support.wallet import WalletKey

CREDENTIALS_V1: Final = "https://www.w3.org/2018/credentials/v1"


@dataclass(frozen=True)
class Question:
    """A request as a wallet has read it."""

    reference: str
    members: dict[str, Any]

    @property
    def nonce(self) -> str:
        return str(self.members["nonce"])

    @property
    def client_id(self) -> str:
        return str(self.members["client_id"])

    @property
    def state(self) -> str:
        return str(self.members["state"])


def read_question(office: Office, deep_link: str) -> Question:
    """Follow a deep link: fetch the request by its reference, as the link says."""
    return fetched_question(deep_link, lambda uri: office.presenting.request_object(uri.rpartition("/")[2]))


def fetched_question(deep_link: str, fetch: Callable[[str], str]) -> Question:
    """The same by any road to the office."""
    given = parse_qs(urlsplit(deep_link).query)
    (request_uri,) = given["request_uri"]
    reference = request_uri.rpartition("/")[2]
    head, payload, signature = fetch(request_uri).split(".")
    assert json.loads(_unpacked(head)) == {"alg": "none", "typ": "oauth-authz-req+jwt"}
    assert signature == ""
    members = json.loads(_unpacked(payload))
    # What stands in the code and what was fetched must be of one verifier.
    assert [members["client_id"]] == given["client_id"]
    assert members["client_id"] == f"redirect_uri:{members['response_uri']}"
    return Question(reference, members)


def form_of(question: Question, tokens: Mapping[str, Any], **more: str) -> bytes:
    """An answer in the encoding of forms."""
    members = {"vp_token": json.dumps(tokens), "state": question.state, **more}
    return urlencode(members).encode("ascii")


def shown_sd_jwt(
    key: WalletKey, text: str, claims: Collection[str], question: Question, now: float, **changes: Any
) -> str:
    """An SD-JWT narrowed down to some claims, with a key binding for this occasion."""
    narrowed = present(text, lambda path: str(path[0]) in claims)
    payload = {
        "iat": int(now),
        "aud": question.client_id,
        "nonce": question.nonce,
        "sd_hash": digest_of(narrowed),
        **changes,
    }
    return narrowed + key.sign({"typ": "kb+jwt"}, payload)


def shown_jwt(key: WalletKey, credentials: list[Any], question: Question, now: float, **changes: Any) -> str:
    """A presentation of JWT credentials as a JWT."""
    presentation = {
        "@context": [CREDENTIALS_V1],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": credentials,
    }
    payload = {
        "iss": key.did,
        "aud": question.client_id,
        "nonce": question.nonce,
        "iat": int(now),
        "vp": presentation,
        **changes,
    }
    return key.sign({"typ": "JWT", "kid": key.kid}, payload)


def shown_document(
    office: Office, key: WalletKey, credentials: list[Any], question: Question, **changes: str
) -> dict[str, Any]:
    """A presentation of documents with a proof of its holder."""
    presentation: dict[str, Any] = {
        "@context": [CREDENTIALS_V1],
        "type": ["VerifiablePresentation"],
        "holder": key.did,
        "verifiableCredential": credentials,
    }
    options = ProofOptions(
        "Ed25519Signature2020",
        key.kid,
        office.clock.now(),
        purpose="authentication",
        challenge=changes.get("challenge", question.nonce),
        domain=changes.get("domain", question.client_id),
    )
    prepared = prepare(with_suite_context(presentation, options.suite), options, office.verifier._canon)
    seed = _unpacked(str(key.key.as_dict(private=True)["d"]))
    return attach(prepared, Ed25519PrivateKey.from_private_bytes(seed).sign(prepared.data_to_sign))


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
