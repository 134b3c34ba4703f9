"""Metadata, offers and requests against the OpenID Foundation's schemas, and the specification's own examples."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from sealwright.protocols.openid4vci.requests import read_credential_request, read_details
from tests.support.offers import make_offer
from tests.support.office import HOLDER, PUBLIC_URL, MovableClock, furnish, issue, open_office, the_operator
from tests.support.vectors import folder
from tests.support.wallet import Wallet, wallet_door
from tests.web.client import Client
from tests.web.conftest import NO_LIMITS

SCHEMAS = "oidf-json-schemas"
EXAMPLES = "oid4vci-1_0-examples"


def schema(name: str) -> Any:
    return jsonschema_rs.Draft202012Validator(json.loads((folder(SCHEMAS) / f"{name}.json").read_text()))


@pytest.fixture(scope="module")
def wallet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wallet]:
    home: Path = tmp_path_factory.mktemp("office")
    with open_office(
        f"sqlite:///{home / 'office.sqlite'}", home, clock=MovableClock(), background=False, **NO_LIMITS
    ) as office:
        furnish(office, schemas=2)
        with wallet_door(office) as door:
            yield Wallet(office, door)


def read(door: Client, path: str) -> Any:
    answer = door.call("GET", path)
    assert answer.status == 200, answer.body
    return answer.json()


def test_issuer_metadata_are_valid(wallet: Wallet) -> None:
    found = read(wallet.client, "/.well-known/openid-credential-issuer")
    assert found["credential_issuer"] == PUBLIC_URL
    listed = found["credential_configurations_supported"]
    assert len(listed) == 6
    for one in listed.values():
        if one["format"] == "ldp_vc":
            # The one format that the schema does not know; unknown members are warnings there.
            definition = one.pop("credential_definition")
            assert definition["type"][0] == "VerifiableCredential"
            assert one.pop("credential_signing_alg_values_supported")
    schema("credential_issuer_metadata-1_0").validate(found)


def test_server_metadata_are_valid(wallet: Wallet) -> None:
    found = read(wallet.client, "/.well-known/oauth-authorization-server")
    schema("oauth_authorization_server_metadata").validate(found)
    assert found["issuer"] == PUBLIC_URL


def test_type_metadata_are_valid_for_every_type(wallet: Wallet) -> None:
    found = read(wallet.client, "/.well-known/openid-credential-issuer")["credential_configurations_supported"]
    addresses = {one["vct"] for one in found.values() if "vct" in one}
    assert len(addresses) == 2
    for address in addresses:
        metadata = read(wallet.client, address.removeprefix(PUBLIC_URL))
        schema("sdjwtvc-type_metadata").validate(metadata)
        assert metadata["vct"] == address
    assert wallet.client.call("GET", "/vct/nothing").status == 404


def test_keys_are_those_that_the_issuer_publishes(wallet: Wallet) -> None:
    issued = issue(wallet.office).record
    keys = read(wallet.client, read(wallet.client, "/.well-known/jwt-vc-issuer")["jwks_uri"].removeprefix(PUBLIC_URL))
    assert issued.verification_method in {key["kid"] for key in keys["keys"]}
    assert all(set(key) == {"kty", "crv", "x", "kid", "alg", "use"} for key in keys["keys"])
    assert HOLDER not in json.dumps(keys)


@pytest.mark.parametrize("tx_code", [True, False])
def test_offers_are_valid(wallet: Wallet, tx_code: bool) -> None:
    credential_id = issue(wallet.office).record.credential_id
    made = make_offer(wallet.office, the_operator(wallet.office), credential_id, "qr", tx_code=tx_code)
    offer = wallet.read(made.offer_uri or "").json()
    schema("credential_offer-1_0").validate(offer)
    assert offer["credential_issuer"] == PUBLIC_URL
    known = read(wallet.client, "/.well-known/openid-credential-issuer")["credential_configurations_supported"]
    assert offer["credential_configuration_ids"]
    assert set(offer["credential_configuration_ids"]) <= set(known)
    (terms,) = offer["grants"].values()
    assert ("tx_code" in terms) == tx_code


def test_requests_that_the_schema_takes_are_taken_as_far_as_they_concern_us() -> None:
    body: Any = {"credential_configuration_id": "a.ldp_vc", "proofs": {"jwt": ["x"]}}
    schema("credential_request-1_0").validate(body)
    assert read_credential_request(body).proofs == ("x",)


def test_the_specifications_own_details_are_read() -> None:
    names = sorted(path.name for path in folder(EXAMPLES).glob("authorization_details*.json"))
    assert len(names) == 7
    for name in names:
        read_details((folder(EXAMPLES) / name).read_text())
