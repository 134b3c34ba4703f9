"""The verifier's side of OpenID4VP: requests that wallets understand, answers that nobody can bend."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sealwright.protocols.openid4vci.errors import OAuthCode
from sealwright.protocols.openid4vp.answering import AnswerRefused, WalletAnswer, read_answer
from sealwright.protocols.openid4vp.asking import Asked, dcql_query
from sealwright.protocols.openid4vp.requests import WalletRequest

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BASE = "https://cred.example/oid4vp"
TYPES = (("https://www.w3.org/2018/credentials#VerifiableCredential", "https://cred.example/contexts/x/1.0#X"),)
ASKED = Asked(("https://cred.example/vct/x",), TYPES, ("level", "areas"))
REQUEST = WalletRequest(f"{BASE}/requests/R", f"{BASE}/answers/R", "nonce", "state", ASKED, "The Office")


def part(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def form(**members: object) -> bytes:
    spelled = {name: one if isinstance(one, str) else json.dumps(one) for name, one in members.items()}
    return urlencode(spelled).encode()


def test_the_link_names_who_asks_and_where_the_request_is() -> None:
    link = urlsplit(REQUEST.deep_link())
    assert link.scheme == "openid4vp"
    assert parse_qs(link.query) == {
        "client_id": [f"redirect_uri:{BASE}/answers/R"],
        "request_uri": [f"{BASE}/requests/R"],
    }


def test_the_request_is_unsigned_and_whole() -> None:
    """OpenID4VP 1.0, "Client Identifier Prefix": requests with `redirect_uri` cannot be signed."""
    header, payload, signature = REQUEST.request_object(NOW, NOW).split(".")
    assert part(header) == {"alg": "none", "typ": "oauth-authz-req+jwt"}
    assert signature == ""
    members = part(payload)
    assert members["client_id"] == f"redirect_uri:{members['response_uri']}"
    assert (members["response_type"], members["response_mode"]) == ("vp_token", "direct_post")
    assert (members["nonce"], members["state"], members["aud"]) == ("nonce", "state", "https://self-issued.me/v2")
    assert members["iat"] == int(NOW.timestamp())
    assert set(members["client_metadata"]["vp_formats_supported"]) == {"dc+sd-jwt", "ldp_vc", "jwt_vc_json"}


def test_one_credential_is_asked_for_in_three_spellings() -> None:
    query: Any = dcql_query(ASKED)
    assert query["credential_sets"] == [{"options": [["sd_jwt"], ["ldp_vc"], ["jwt_vc"]]}]
    sd_jwt, ldp_vc, jwt_vc = query["credentials"]
    assert sd_jwt["meta"] == {"vct_values": ["https://cred.example/vct/x"]}
    assert sd_jwt["claims"] == [{"path": ["level"]}, {"path": ["areas"]}]
    assert ldp_vc["meta"] == jwt_vc["meta"] == {"type_values": [list(TYPES[0])]}
    assert ldp_vc["claims"][0] == jwt_vc["claims"][0] == {"path": ["credentialSubject", "level"]}
    bare: Any = dcql_query(Asked(ASKED.vct, ASKED.types, ()))
    assert all("claims" not in one for one in bare["credentials"])


def test_answers_are_read() -> None:
    assert read_answer(form(vp_token={"sd_jwt": ["a~"]}, state="s", more="x")) == WalletAnswer("s", "dc+sd-jwt", "a~")
    assert read_answer(form(vp_token={"ldp_vc": [{"a": 1}]}, state="s")).presentation == {"a": 1}
    assert read_answer(form(vp_token={"jwt_vc": ["a.b.c"]}, state="s")).form == "jwt_vc_json"
    assert read_answer(form(error="access_denied", state="s")) == WalletAnswer("s", error="access_denied")
    # A wallet's word is shown to nobody unless it is one.
    assert read_answer(form(error="<script>", state="s")).error == "invalid_request"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff=\xff",
        form(vp_token={"sd_jwt": ["a~"]}),
        form(state="s"),
        form(state="s", vp_token="{"),
        form(state="s", vp_token="[]"),
        form(state="s", vp_token={}),
        form(state="s", vp_token={"sd_jwt": []}),
        form(state="s", vp_token={"sd_jwt": ["a~", "b~"]}),
        form(state="s", vp_token={"sd_jwt": "a~"}),
        form(state="s", vp_token={"sd_jwt": [{}]}),
        form(state="s", vp_token={"ldp_vc": ["a.b.c"]}),
        form(state="s", vp_token={"other": ["a~"]}),
        form(state="s", vp_token={"sd_jwt": ["a~"], "jwt_vc": ["a.b.c"]}),
        form(state="s", vp_token='{"sd_jwt": ["a~"], "sd_jwt": ["b~"]}'),
        form(state="s", vp_token={"sd_jwt": ["a~"]}) + b"&vp_token=x",
        b"&".join(b"a%d=1" % number for number in range(30)),
    ],
)
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(AnswerRefused) as refused:
        read_answer(body)
    assert refused.value.code is OAuthCode.INVALID_REQUEST
