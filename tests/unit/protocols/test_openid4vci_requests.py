"""What wallets send, read by the rules of the specification: forms, token and credential requests, notifications."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sealwright.protocols.openid4vci.configurations import (
    configuration_of,
    identifier_of,
    split_configuration,
)
from sealwright.protocols.openid4vci.errors import WalletRefused, ascii_sentence
from sealwright.protocols.openid4vci.forms import read_form
from sealwright.protocols.openid4vci.metadata import PRE_AUTHORIZED
from sealwright.protocols.openid4vci.requests import (
    CodeRequest,
    PreAuthorizedRequest,
    read_credential_request,
    read_deferred_request,
    read_details,
    read_notification,
    read_token_request,
)

ASKED: dict[str, Any] = {"credential_configuration_id": "a.ldp_vc", "proofs": {"jwt": ["x"]}}


def code_of(work: Any, *arguments: Any) -> str:
    with pytest.raises(WalletRefused) as refused:
        work(*arguments)
    assert refused.value.status == 400
    return refused.value.code.value


def test_forms_are_read_and_empty_parameters_left_out() -> None:
    assert read_form(b"a=1&b=%C3%A9+x&c=&d") == {"a": "1", "b": "é x"}


@pytest.mark.parametrize(
    "body",
    [b"a=1&a=1", b"a=1&a=", b"a=%FF", "a=é".encode(), b"a=%00", b"a=" + b"x" * 20_000, b"&".join([b"a=1"] * 200)],
    ids=["twice", "twice though empty", "no UTF-8", "no ASCII", "a null", "too long", "too many"],
)
def test_forms_that_are_none(body: bytes) -> None:
    assert code_of(read_form, body) == "invalid_request"


def test_token_requests_of_both_kinds() -> None:
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": "c", "tx_code": "1", "unknown": "x"}
    assert read_token_request(form) == PreAuthorizedRequest("c", "1", None, None)
    code = {
        "grant_type": "authorization_code",
        "code": "c",
        "redirect_uri": "r",
        "code_verifier": "v",
        "client_id": "w",
    }
    assert read_token_request(code) == CodeRequest("c", "r", "v", "w", None)
    assert code_of(read_token_request, {"grant_type": "refresh_token"}) == "unsupported_grant_type"
    assert code_of(read_token_request, {"grant_type": PRE_AUTHORIZED}) == "invalid_request"
    assert code_of(read_token_request, {}) == "invalid_request"


def test_details_name_configurations_once_each() -> None:
    one = {"type": "openid_credential", "credential_configuration_id": "a", "locations": ["x"]}
    assert read_details(json.dumps([one, one, {**one, "credential_configuration_id": "b"}])) == ("a", "b")


@pytest.mark.parametrize(
    "details", ["", "{}", "[]", "[1]", '[{"type": "payment"}]', '[{"type": "openid_credential"}]', "\ud800"]
)
def test_details_that_are_none(details: str) -> None:
    assert code_of(read_details, details) == "invalid_authorization_details"


def test_a_single_proof_of_earlier_drafts_is_taken() -> None:
    read = read_credential_request(
        {"credential_configuration_id": "a.ldp_vc", "proof": {"proof_type": "jwt", "jwt": "x"}, "format": "ldp_vc"}
    )
    assert (read.proof_type, read.proofs) == ("jwt", ("x",))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"credential_identifier": "a"}, "invalid_credential_request"),
        ({"credential_configuration_id": None}, "invalid_credential_request"),
        ({"credential_configuration_id": 7}, "invalid_credential_request"),
        ({"credential_configuration_id": ""}, "invalid_credential_request"),
        ({"credential_response_encryption": {}}, "invalid_encryption_parameters"),
        ({"proofs": None}, "invalid_proof"),
        ({"proofs": []}, "invalid_proof"),
        ({"proofs": {}}, "invalid_proof"),
        ({"proofs": {"jwt": ["x"], "di_vp": [{}]}}, "invalid_proof"),
        ({"proofs": {"attestation": ["x"]}}, "invalid_proof"),
        ({"proofs": {"jwt": "x"}}, "invalid_proof"),
        ({"proofs": {"jwt": []}}, "invalid_proof"),
        ({"proofs": {"jwt": ["x"] * 11}}, "invalid_credential_request"),
    ],
)
def test_credential_requests_that_are_refused(changes: dict[str, Any], code: str) -> None:
    assert code_of(read_credential_request, {**ASKED, **changes}) == code


def test_deferred_requests_and_notifications() -> None:
    assert read_deferred_request({"transaction_id": "t"}).with_notification is False
    assert read_deferred_request({"transaction_id": "t", "notification": True}).with_notification is True
    assert code_of(read_deferred_request, {}) == "invalid_credential_request"
    told: dict[str, Any] = {
        "notification_id": "n",
        "event": "credential_accepted",
        "event_description": "fine",
        "more": 1,
    }
    assert read_notification(told) == ("n", "credential_accepted")
    for change in ({"event": "stolen"}, {"event": None}, {"notification_id": ""}, {"event_description": 7}):
        assert code_of(read_notification, {**told, **change}) == "invalid_notification_request"


def test_configurations_have_names_that_come_apart_again() -> None:
    assert split_configuration("v1.0.dc+sd-jwt") == ("v1.0", "dc+sd-jwt")
    assert split_configuration("a.mso_mdoc") is None
    assert split_configuration(".ldp_vc") is None
    assert configuration_of(identifier_of("a.ldp_vc")) == "a.ldp_vc"


def test_descriptions_are_printable_ascii() -> None:
    assert ascii_sentence('naïve "quote" \\ line\nend') == "nave quote  lineend"
