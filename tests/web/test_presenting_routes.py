"""In-person checks over the wire: the API for whoever asks, OAuth's words for wallets, pages for everybody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from sealwright.domain.sign_in import SignInMethod
from sealwright.services.office import Office
from tests.support.office import add_person, the_operator
from tests.support.presenter import Question, fetched_question, shown_document
from tests.support.wallet import WalletKey
from tests.web.conftest import NO_LIMITS, Served, serve
from tests.web.page_client import PageVisitor, text_of
from tests.web.test_panel_verify import NOT_VALID, OPEN, VALID, bring, verdict_of

PATH = "/api/v1/presentations/requests"
FORM = "application/x-www-form-urlencoded"
SAME_SITE = (("Origin", "http://127.0.0.1:8000"), ("Sec-Fetch-Site", "same-origin"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("presenting"), **NO_LIMITS) as one:
        yield one


@pytest.fixture(scope="module")
def key() -> WalletKey:
    return WalletKey()


@pytest.fixture(scope="module")
def held(served: Served, key: WalletKey) -> dict[str, Any]:
    """A degree of the wallet's own DID."""
    credential: dict[str, Any] = served.issue(holderDid=key.did)["credential"]
    return credential


def fetched(served: Served, deep_link: str) -> Question:
    def fetch(uri: str) -> str:
        answer = served.client.call("GET", uri.removeprefix("http://127.0.0.1:8000"))
        assert answer.status == 200, answer.body
        assert answer.headers["content-type"] == "application/oauth-authz-req+jwt"
        return answer.body.decode()

    return fetched_question(deep_link, fetch)


def post(served: Served, reference: str, **members: str) -> Any:
    raw = urlencode(members).encode()
    return served.client.call("POST", f"/oid4vp/answers/{reference}", raw=raw, content_type=FORM)


def vp_token(office: Office, key: WalletKey, held: dict[str, Any], question: Question) -> str:
    return json.dumps({"ldp_vc": [shown_document(office, key, [held], question)]})


def test_a_program_asks_and_reads(served: Served, key: WalletKey, held: dict[str, Any]) -> None:
    body = {"credentialType": "UniversityDegreeCredential", "claims": ["degree"]}
    headers = (("Idempotency-Key", "once"),)
    made = served.client.call("POST", PATH, body, token=served.key, headers=headers)
    assert made.status == 201, made.body
    assert served.client.call("POST", PATH, body, token=served.key, headers=headers).json() == made.json()
    path = made.headers["location"]
    assert path == f"{PATH}/{made.json()['presentationId']}"
    question = fetched(served, made.json()["deepLink"])
    assert served.client.call("GET", path, token=served.key).json()["state"] == "fetched"
    answer = post(
        served, question.reference, vp_token=vp_token(served.office, key, held, question), state=question.state
    )
    assert (answer.status, answer.json()) == (200, {})
    told = served.client.call("GET", path, token=served.key).json()
    assert told["state"] == "answered"
    assert told["result"]["verdict"] == "valid", told
    assert told["result"]["claims"] == {"degree": held["credentialSubject"]["degree"]}
    for stranger in (served.person, served.holder_key):
        assert served.client.call("GET", path, token=stranger).status == 404
    assert served.client.call("GET", path).status == 401
    again = post(served, question.reference, vp_token="{}", state=question.state)
    assert (again.status, again.json()["error"]) == (400, "invalid_request")
    again = post(served, question.reference, error="access_denied", state=question.state)
    assert (again.status, again.json()["error"]) == (404, "invalid_request")


def test_what_cannot_be_asked_is_refused(served: Served) -> None:
    cases = [
        ({}, 422, "MISSING_FIELD"),
        ({"credentialType": "no_such"}, 404, "TYPE_NOT_FOUND"),
        ({"credentialType": "university-degree", "claims": ["shoeSize"]}, 422, "INVALID_VALUE"),
        ({"credentialType": "university-degree", "nonce": "mine"}, 422, "UNKNOWN_FIELD"),
    ]
    for body, status, code in cases:
        answer = served.client.call("POST", PATH, body, token=served.key)
        assert (answer.status, answer.code) == (status, code)
    assert served.client.call("POST", PATH, {"credentialType": "university-degree"}).status == 401


def test_wallets_are_answered_in_oauths_words(served: Served) -> None:
    for answer in (
        served.client.call("GET", f"/oid4vp/requests/{'A' * 26}"),
        post(served, "A" * 26, error="access_denied", state="x"),
    ):
        assert answer.status == 404
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["error"] == "invalid_request"
    assert post(served, "A" * 26, vp_token="{}").json()["error"] == "invalid_request"
    assert served.client.call("POST", f"/oid4vp/answers/{'A' * 26}", {"a": 1}).json()["error"] == "invalid_request"


def test_anybody_asks_by_page(served: Served, key: WalletKey, held: dict[str, Any]) -> None:
    nobody = PageVisitor(served)
    assert "University degree credential" in text_of(nobody.get("/verify/ask"))
    asked = nobody.post("/verify/ask", {"type": "university-degree", "claims": ["degree"]})
    assert asked.status == 303
    path = asked.headers["location"]
    page = nobody.get(path)
    assert "Let them scan this with their wallet. You ask for: Degree." in text_of(page)
    link = page.body.decode().partition('href="openid4vp://')[2].partition('"')[0].replace("&amp;", "&")
    question = fetched(served, f"openid4vp://{link}")
    partial = (("HX-Request", "true"), ("HX-Request-Type", "partial"))
    assert nobody.get(f"{path}?seen=fetched", headers=partial).status == 204
    post(served, question.reference, vp_token=vp_token(served.office, key, held, question), state=question.state)
    answered = nobody.get(f"{path}?seen=fetched", headers=partial)
    assert answered.status == 200
    assert "hx-get" not in answered.body.decode()
    assert verdict_of(answered) == VALID
    assert "Degree, gpa 3.8" in text_of(answered)
    assert nobody.get(path[:-1]).status == 404
    assert nobody.cookies == {}
    bad = nobody.post("/verify/ask", {"type": "no_such"})
    assert bad.status == 422
    assert "Choose a credential from the list." in text_of(bad)


def test_presentations_are_checked_for_their_occasion(served: Served, key: WalletKey, held: dict[str, Any]) -> None:
    question = Question("x", {"nonce": "n-1", "client_id": "verifier.example", "state": "s"})
    text = json.dumps(shown_document(served.office, key, [held], question))
    right = bring(served, text=text, challenge="n-1", domain="verifier.example")
    assert verdict_of(right) == VALID
    assert "It was shown by whom it is about." in text_of(right)
    assert verdict_of(bring(served, text=text, challenge="n-2", domain="verifier.example")) == NOT_VALID
    unasked = bring(served, text=text)
    assert verdict_of(unasked) == OPEN
    assert "It was made for a challenge that was not given here." in text_of(unasked)
    other = WalletKey()
    stolen = json.dumps(shown_document(served.office, other, [held], question))
    assert verdict_of(bring(served, text=stolen, challenge="n-1", domain="verifier.example")) == NOT_VALID


def test_posts_come_from_pages_of_ours(served: Served) -> None:
    for headers in ((), (("Origin", "https://evil.example"),), (("Sec-Fetch-Site", "cross-site"),)):
        for path in ("/verify/ask", "/verify"):
            kind = FORM if path == "/verify/ask" else "multipart/form-data; boundary=x"
            raw = b"type=university-degree" if path == "/verify/ask" else b"--x--\r\n"
            answer = served.client.call("POST", path, raw=raw, headers=headers, content_type=kind)
            assert answer.status == 403
    page = PageVisitor(served).get("/verify")
    assert page.headers["permissions-policy"].startswith("camera=(self)")
    assert PageVisitor(served).get("/verify/ask").headers["permissions-policy"].startswith("camera=()")


def test_strangers_are_counted_by_their_address(tmp_path: Any) -> None:
    with serve(tmp_path, SEALWRIGHT_RATE_PUBLIC_PER_MINUTE="3") as few:
        statuses = [bring(few, text="hello").status for _ in range(4)]
        api = few.client.call("POST", "/api/v1/credentials/verify", {"credential": {}})
    assert statuses == [422, 422, 422, 429]
    assert api.status == 429


def test_a_program_asks_in_its_own_words(served: Served, key: WalletKey, held: dict[str, Any]) -> None:
    definition = {
        "id": "def",
        "input_descriptors": [
            {"id": "d", "constraints": {"fields": [{"path": ["$.credentialSubject.degree.university"]}]}}
        ],
    }
    made = served.client.call("POST", PATH, {"presentationDefinition": definition}, token=served.key)
    assert made.status == 201, made.body
    told = made.json()
    assert (told["presentationDefinition"], told["dcqlQuery"], told["credentialType"]) == (definition, None, None)
    question = fetched(served, told["deepLink"])
    assert question.members["presentation_definition"] == definition
    submission = {
        "id": "s",
        "definition_id": "def",
        "descriptor_map": [{"id": "d", "format": "ldp_vp", "path": "$", "path_nested": {
            "id": "d", "format": "ldp_vc", "path": "$.verifiableCredential[0]"}}],
    }  # fmt: skip
    answer = post(
        served,
        question.reference,
        vp_token=json.dumps(shown_document(served.office, key, [held], question)),
        presentation_submission=json.dumps(submission),
        state=question.state,
    )
    assert (answer.status, answer.json()) == (200, {})
    result = served.client.call("GET", f"{PATH}/{told['presentationId']}", token=served.key).json()["result"]
    assert result["verdict"] == "valid", result
    name = held["credentialSubject"]["degree"]["university"]
    assert result["credentials"][0]["shown"] == {"credentialSubject": {"degree": {"university": name}}}
    assert result["credentials"][0]["beyond"] != []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"claims": ["degree"]},
        {"credentialType": "UniversityDegreeCredential", "dcqlQuery": {}},
        {"presentationDefinition": {}, "dcqlQuery": {}},
        {"dcqlQuery": {"credentials": []}},
        {"dcqlQuery": {"credentials": []}, "claims": []},
        {"presentationDefinition": []},
    ],
)
def test_one_question_is_asked_at_a_time_and_well(served: Served, body: dict[str, Any]) -> None:
    refused = served.client.call("POST", PATH, body, token=served.key)
    assert refused.status in {400, 422}, refused.body
    assert refused.json()["code"] in {"INVALID_VALUE", "INVALID_TYPE", "MISSING_FIELD"}


def test_whoever_asked_in_their_own_words_reads_the_verdict_on_a_page(
    served: Served, key: WalletKey, held: dict[str, Any]
) -> None:
    desk = served.office.presenting
    fields = [{"path": ["$.credentialSubject.degree.university"]}]
    constraints = {"fields": fields, "limit_disclosure": "required"}
    definition: Any = {"id": "def", "input_descriptors": [{"id": "d", "constraints": constraints}]}
    office, user_id = served.office, add_person(served.office, "vera")
    vera = office.people.get(user_id)
    with office.units() as uow:
        session = office.sessions.start(uow, vera, SignInMethod.PASSWORD, label="Tests")
        uow.commit()
    visitor = PageVisitor(served, {"sealwright": session.cookie})
    token = office.acts.run(the_operator(office), lambda uow, me: office.people.create_token(uow, me, user_id, "test"))[
        1
    ].text
    vera = office.access.authenticate(f"Bearer {token}", office.registry.current())
    made = office.acts.run(vera, lambda uow, me: desk.ask_query(uow, me, {"presentationDefinition": definition}))
    path = f"/verify/ask/{made.request.presentation_id}"
    assert "Let them scan this with their wallet." in text_of(visitor.get(path))
    question = fetched(served, made.deep_link)
    entry = {"id": "d", "format": "ldp_vp", "path": "$", "path_nested": {
        "id": "d", "format": "ldp_vc", "path": "$.verifiableCredential[0]"}}  # fmt: skip
    post(
        served,
        question.reference,
        vp_token=json.dumps(shown_document(served.office, key, [held], question)),
        presentation_submission=json.dumps({"id": "s", "definition_id": "def", "descriptor_map": [entry]}),
        state=question.state,
    )
    answered = visitor.get(path)
    assert verdict_of(answered) == NOT_VALID
    assert "More was shown than was asked for, and the question allows nothing beyond it." in text_of(answered)
    assert "MIT" in text_of(answered)
    assert "3.8" not in text_of(answered)
