"""A wallet over joserfc that speaks OpenID4VCI to the office's door in this process."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final
from urllib.parse import urlencode

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

from sealwright.domain.people import Caller
from sealwright.services.office import Office
from sealwright.vc.dids.methods import did_jwk, did_key
from sealwright.vc.keys.jwk import public_key_from_jwk
from tests.support.desk import act, come_in
from tests.support.office import PUBLIC_URL
from tests.support.proving import Party
from tests.web.client import Answer, Client

PRE_AUTHORIZED: Final = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
FORM: Final = "application/x-www-form-urlencoded"
_REGISTRY: Final = jws.JWSRegistry(algorithms=["EdDSA", "Ed25519", "ES256"], strict_check_header=False)
_NUMBERS: Final = count(1)


class WalletKey:
    """A key of a wallet; each is new."""

    def __init__(self, kind: str = "Ed25519") -> None:
        self.key: Any = OKPKey.generate_key("Ed25519") if kind == "Ed25519" else ECKey.generate_key("P-256")
        self.algorithm = "EdDSA" if kind == "Ed25519" else "ES256"
        self.jwk: dict[str, Any] = {
            name: value for name, value in self.key.as_dict(private=False).items() if name in {"kty", "crv", "x", "y"}
        }
        self.public = public_key_from_jwk(self.jwk)
        self.did = did_key(self.public)
        self.kid = f"{self.did}#{self.did.removeprefix('did:key:')}"
        self.did_jwk = did_jwk(self.public)

    def sign(self, header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        """A compact JWS; members that a test sets to None are left out."""
        head = {name: value for name, value in {"alg": self.algorithm, **header}.items() if value is not None}
        payload = {name: value for name, value in claims.items() if value is not None}
        return str(jws.serialize_compact(head, json.dumps(payload), self.key, registry=_REGISTRY))

    def proof(self, now: float, nonce: str | None, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """A key proof, by `kid` where the header says nothing else."""
        head = {"typ": "openid4vci-proof+jwt", **({"kid": self.kid} if header is None else header)}
        return self.sign(head, {"aud": PUBLIC_URL, "iat": int(now), "nonce": nonce, **claims})

    def dpop(self, now: float, path: str, token: str | None = None, **claims: Any) -> str:
        """A DPoP proof for a POST."""
        made = {"htm": "POST", "htu": f"{PUBLIC_URL}{path}", "iat": int(now), "jti": f"jti {next(_NUMBERS)}"}
        if token is not None:
            made["ath"] = base64url(hashlib.sha256(token.encode()).digest())
        return self.sign({"typ": "dpop+jwt", "jwk": self.jwk}, {**made, **claims})


def base64url(data: bytes) -> str:
    """Without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def opened(token: str) -> dict[str, Any]:
    """The payload of a compact JWT, unverified."""
    part = token.partition("~")[0].split(".")[1]
    payload: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return payload


@dataclass
class Wallet:
    """One wallet: its key, perhaps a key for DPoP, and the token that it got last."""

    office: Office
    client: Client
    key: WalletKey = field(default_factory=WalletKey)
    dpop_key: WalletKey | None = None
    token: str = ""

    @property
    def now(self) -> float:
        """The office's time."""
        return self.office.clock.now().timestamp()

    def form(self, path: str, fields: Mapping[str, str] | Sequence[tuple[str, str]], **headers: str) -> Answer:
        """Post a form."""
        if self.dpop_key is not None and "dpop" not in headers:
            headers["dpop"] = self.dpop_key.dpop(self.now, path)
        return self.client.call(
            "POST", path, raw=urlencode(fields).encode(), content_type=FORM, headers=list(headers.items())
        )

    def read(self, offer_uri: str) -> Answer:
        """Read an offer by its address."""
        return self.client.call("GET", offer_uri.removeprefix(PUBLIC_URL))

    def exchange(self, code: str, tx_code: str | None = None, *, dpop: str | None = None, **fields: str) -> Answer:
        """Exchange a pre-authorized code; a token that comes is kept."""
        if tx_code is not None:
            fields["tx_code"] = tx_code
        headers = {"dpop": dpop} if dpop is not None else {}
        sent = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code, **fields}
        answer = self.form("/oid4vci/token", sent, **headers)
        if answer.status == 200:
            self.token = answer.json()["access_token"]
        return answer

    def nonce(self) -> str:
        """A fresh nonce."""
        answer = self.client.call("POST", "/oid4vci/nonce")
        assert answer.status == 200, answer.body
        return str(answer.json()["c_nonce"])

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        """Post JSON with the token."""
        if self.dpop_key is not None:
            headers.setdefault("authorization", f"DPoP {self.token}")
            headers.setdefault("dpop", self.dpop_key.dpop(self.now, path, self.token))
        headers.setdefault("authorization", f"Bearer {self.token}")
        return self.client.call("POST", path, body, headers=[item for item in headers.items() if item[1]])

    def ask(self, configuration: str, *proofs: str, **members: Any) -> Answer:
        """Ask for a credential; by default with one proof of the wallet's own key over a fresh nonce."""
        wanted: dict[str, Any] = {"credential_configuration_id": configuration}
        made = list(proofs) or [self.key.proof(self.now, self.nonce())]
        body = {**wanted, "proofs": {"jwt": made}, **members}
        return self.post("/oid4vci/credential", {name: one for name, one in body.items() if one is not None})

    def come_again(self, transaction_id: str, **members: Any) -> Answer:
        """Ask for what was awaited."""
        return self.post("/oid4vci/deferred", {"transaction_id": transaction_id, **members})

    def fetch(self, code: str, tx_code: str | None, configuration: str, *proofs: str) -> Answer:
        """The whole way from a code to a credential."""
        answer = self.exchange(code, tx_code)
        assert answer.status == 200, answer.body
        return self.ask(configuration, *proofs)


def presented(
    office: Office, nonce: str, *, domain: str = PUBLIC_URL, suite: str = "eddsa-rdfc-2022"
) -> dict[str, Any]:
    """A presentation without credentials that proves a did:key, as a `di_vp` proof."""
    base = (
        "https://www.w3.org/2018/credentials/v1" if suite.endswith("2020") else "https://www.w3.org/ns/credentials/v2"
    )
    holder = Party(9)
    holder = Party(9, did_key(holder.key))
    document = {"@context": [base], "type": ["VerifiablePresentation"], "holder": holder.did}
    return holder.sign(
        document, suite, purpose="authentication", challenge=nonce, domain=domain, created=office.clock.now()
    )


def with_own_did(office: Office, caller: Caller, key: WalletKey) -> Caller:
    """The same person, who has proved a DID whose key we do not keep: new credentials name it."""
    made = act(office, caller, lambda uow, me: office.own_dids.challenge(uow, me, key.did))
    proof = jws.serialize_compact({"alg": key.algorithm, "kid": key.kid}, made.text, key.key, registry=_REGISTRY)
    proved = office.own_dids.check_proof(key.did, proof)
    act(office, caller, lambda uow, me: office.own_dids.bind(uow, me, proved))
    return come_in(office, caller.user_id)


@contextmanager
def wallet_door(office: Office) -> Iterator[Client]:
    """The office's door, in this process."""
    from sealwright.web.app import build_app

    with Client(build_app(office, on_startup=[], on_shutdown=[])) as client:
        yield client


def refusal(answer: Answer) -> tuple[int, str]:
    """Status and code of an answer in OAuth's words; its form is checked on the way."""
    assert answer.headers["content-type"] == "application/json", answer.body
    body = answer.json()
    assert set(body) == {"error", "error_description"}
    assert all(" " <= letter <= "~" and letter not in '"\\' for letter in body["error_description"])
    return answer.status, body["error"]
