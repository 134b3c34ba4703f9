"""Questions in the caller's own words: answered exactly, or refused by a named check; by DCQL and by definition."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import pytest

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delivery_errors import PresentationNotFound
from sealwright.domain.errors import MalformedBody
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.people import Caller
from sealwright.domain.presenting import PresentationState
from sealwright.protocols.openid4vp.answering import AnswerRefused
from sealwright.services.office import Office
from sealwright.services.orders import vct_address
from sealwright.services.presenting import MadeRequest
from tests.support.copies import content_of, record_of
from tests.support.office import PUBLIC_URL, MovableClock, the_operator
from tests.support.presenter import Question, form_of, read_question, shown_document, shown_jwt, shown_sd_jwt
from tests.support.review import grant, improver, reviewer
from tests.support.wallet import WalletKey

VCT: Final = vct_address(PUBLIC_URL, "dpw_certified")
CLAIM: Final = "qualification"
W3C: Final = "https://www.w3.org/2018/credentials#VerifiableCredential"


@dataclass
class Counter:
    """Somebody who asks in their own words, and somebody with a wallet."""

    office: Office
    clock: MovableClock
    source: CredentialRecord
    key: WalletKey
    asker: Caller

    def ask(self, query: dict[str, Any]) -> tuple[MadeRequest, Question]:
        made = self.office.acts.run(self.asker, lambda uow, me: self.office.presenting.ask_query(uow, me, query))
        return made, read_question(self.office, made.deep_link)

    def credential(self, form: CredentialFormat, key: WalletKey | None = None) -> Any:
        return content_of(self.office.copies.make(self.source, form, (key or self.key).did))

    @property
    def now(self) -> float:
        return self.clock.now().timestamp()

    def sd_jwt(self, question: Question, claims: tuple[str, ...] = (CLAIM,), **changes: Any) -> str:
        return shown_sd_jwt(self.key, self.credential(CredentialFormat.SD_JWT), claims, question, self.now, **changes)

    def document(self, question: Question, *more: Any, **changes: str) -> dict[str, Any]:
        inside = [self.credential(CredentialFormat.LDP_VC), *more]
        return shown_document(self.office, self.key, inside, question, **changes)

    def verdict(self, query: dict[str, Any], answer: Callable[[Question], bytes]) -> dict[str, Any]:
        made, question = self.ask(query)
        self.office.presenting.answer(question.reference, answer(question))
        read = self.office.presenting.own(self.asker, made.request.presentation_id).request
        assert read.state is PresentationState.ANSWERED
        report: dict[str, Any] = dict(read.report or {})
        return report

    def dcql(self, query: dict[str, Any], tokens: Callable[[Question], dict[str, Any]]) -> dict[str, Any]:
        return self.verdict({"dcqlQuery": query}, lambda question: form_of(question, tokens(question)))

    def exchanged(
        self, definition: dict[str, Any], shown: Callable[[Question], Any], *entries: dict[str, Any], **more: Any
    ) -> dict[str, Any]:
        submission = {"id": "s", "definition_id": definition["id"], "descriptor_map": list(entries), **more}

        def body(question: Question) -> bytes:
            token = shown(question)
            text = token if isinstance(token, str) else json.dumps(token)
            members = {"vp_token": text, "presentation_submission": json.dumps(submission), "state": question.state}
            return urlencode(members).encode("ascii")

        return self.verdict({"presentationDefinition": definition}, body)


@pytest.fixture
def counter(office: Office, clock: MovableClock) -> Counter:
    rita = reviewer(office, "rita")
    held = grant(office, rita, improver(office, "mia"))
    return Counter(office, clock, record_of(office, held.credential_id), WalletKey(), rita)


def failed(report: dict[str, Any]) -> set[str]:
    """The names of the checks that failed."""
    inner = [check for one in report["credentials"] for check in one["credentialReport"]["checks"]]
    return {one["name"] for one in (*report["checks"], *inner) if one["outcome"] == "failed"}


def dcql(name: str = "sd", *, claims: bool = True, **more: Any) -> dict[str, Any]:
    one = {"id": name, "format": "dc+sd-jwt", "meta": {"vct_values": [VCT]}, **more}
    return {**one, "claims": [{"path": [CLAIM]}]} if claims else one


def ldp(counter: Counter, name: str = "ldp", **more: Any) -> dict[str, Any]:
    types = counter.office.presenting.queries._candidates.of(counter.credential(CredentialFormat.LDP_VC))
    assert types is not None
    full = sorted(one for one in types.types if ":" in one)
    assert W3C in full
    return {"id": name, "format": "ldp_vc", "meta": {"type_values": [full]}, **more}


def definition(limit: str | None = None, path: str = f"$.credentialSubject.{CLAIM}", **more: Any) -> dict[str, Any]:
    fields = [{"path": [path, f"$.{CLAIM}", f"$.vc.credentialSubject.{CLAIM}"], **more}]
    constraints: dict[str, Any] = {"fields": fields}
    if limit is not None:
        constraints["limit_disclosure"] = limit
    return {"id": "def", "input_descriptors": [{"id": "d", "name": "A certificate", "constraints": constraints}]}


INSIDE: Final = {"id": "d", "format": "ldp_vp", "path": "$",
                 "path_nested": {"id": "d", "format": "ldp_vc", "path": "$.verifiableCredential[0]"}}  # fmt: skip
TOKEN: Final = {"id": "d", "format": "vc+sd-jwt", "path": "$"}


def test_dcql_is_answered_exactly(counter: Counter) -> None:
    report = counter.dcql({"credentials": [dcql()]}, lambda q: {"sd": [counter.sd_jwt(q)]})
    assert report["verdict"] == "valid", report
    assert report["claims"] == {CLAIM: "dpw_certified"}
    assert {one["name"] for one in report["checks"]} >= {"holder", "challenge", "domain", "asked", "disclosure"}
    two = {"credentials": [dcql(), ldp(counter, claims=[{"path": ["credentialSubject", CLAIM]}])]}
    report = counter.dcql(two, lambda q: {"sd": [counter.sd_jwt(q)], "ldp": [counter.document(q)]})
    assert report["verdict"] == "valid", report
    assert [one["query"] for one in report["credentials"]] == ["sd", "ldp"]
    assert [one["claims"] for one in report["credentials"]] == [{CLAIM: "dpw_certified"}] * 2
    either = {**two, "credential_sets": [{"options": [["sd"], ["ldp"]]}]}
    assert counter.dcql(either, lambda q: {"ldp": [counter.document(q)]})["verdict"] == "valid"
    both = counter.dcql(either, lambda q: {"sd": [counter.sd_jwt(q)], "ldp": [counter.document(q)]})
    assert failed(both) == {"asked"}
    assert [one["claims"] for one in both["credentials"]] == [{}, {}]


def test_a_definition_is_answered_exactly(counter: Counter) -> None:
    report = counter.exchanged(definition(), counter.document, INSIDE)
    assert report["verdict"] == "valid", report
    assert report["credentials"][0]["shown"] == {"credentialSubject": {CLAIM: "dpw_certified"}}
    report = counter.exchanged(definition("required"), counter.sd_jwt, TOKEN)
    assert report["verdict"] == "valid", report
    assert (report["claims"], report["credentials"][0]["beyond"]) == ({CLAIM: "dpw_certified"}, [])
    token = {"id": "d", "format": "jwt_vp_json", "path": "$",
             "path_nested": {"id": "d", "format": "jwt_vc_json", "path": "$.vp.verifiableCredential[0]"}}  # fmt: skip
    inside = [counter.credential(CredentialFormat.JWT_VC_JSON)]
    report = counter.exchanged(definition(), lambda q: shown_jwt(counter.key, inside, q, counter.now), token)
    assert report["verdict"] == "valid", report


def test_more_than_was_asked_for_is_not_taken(counter: Counter) -> None:
    everything = counter.dcql({"credentials": [dcql(claims=False)]}, lambda q: {"sd": [counter.sd_jwt(q)]})
    assert failed(everything) == {"disclosure"}
    assert "dpw_certified" not in json.dumps([one["claims"] for one in everything["credentials"]])
    other = definition("required", path="$.issuer", filter={"type": ["object", "string"]})
    other["input_descriptors"][0]["constraints"]["fields"][0]["path"] = ["$.issuer"]
    report = counter.exchanged(other, counter.document, INSIDE)
    assert failed(report) == {"disclosure"}
    assert report["credentials"][0]["beyond"] == [f"/credentialSubject/{CLAIM}"]
    assert report["claims"] == {}
    preferred = {**other, "input_descriptors": [dict(other["input_descriptors"][0])]}
    preferred["input_descriptors"][0]["constraints"] = {
        **other["input_descriptors"][0]["constraints"], "limit_disclosure": "preferred"}  # fmt: skip
    told = counter.exchanged(preferred, counter.document, INSIDE)
    assert told["verdict"] == "valid"
    assert told["credentials"][0]["beyond"] == [f"/credentialSubject/{CLAIM}"]


def test_extra_credentials_are_not_taken(counter: Counter) -> None:
    extra = counter.credential(CredentialFormat.LDP_VC)
    report = counter.dcql({"credentials": [ldp(counter)]}, lambda q: {"ldp": [counter.document(q, extra)]})
    assert failed(report) == {"asked"}
    assert failed(counter.exchanged(definition(), lambda q: counter.document(q, extra), INSIDE)) == {"asked"}
    beside = counter.exchanged(
        definition(), lambda q: [counter.document(q), counter.sd_jwt(q)],
        {**INSIDE, "path": "$[0]"},
    )  # fmt: skip
    assert failed(beside) == {"asked"}
    # The same credential twice is no two credentials.
    many = {"credentials": [dcql(multiple=True)]}
    text = counter.credential(CredentialFormat.SD_JWT)
    assert failed(counter.dcql(many, lambda q: {"sd": [counter.sd_jwt(q), counter.sd_jwt(q)]})) == set()
    again = counter.dcql(many, lambda q: {"sd": [shown_sd_jwt(counter.key, text, (CLAIM,), q, counter.now)] * 2})
    assert failed(again) == {"asked"}


def test_what_is_missing_is_missed(counter: Counter) -> None:
    kept_back = counter.dcql({"credentials": [dcql()]}, lambda q: {"sd": [counter.sd_jwt(q, ())]})
    assert failed(kept_back) == {"asked"}
    # The claim is in the signed token by its digest alone: what is not disclosed satisfies nothing.
    assert failed(counter.exchanged(definition(), lambda q: counter.sd_jwt(q, ()), TOKEN)) == {"asked"}
    values = dcql(claims=False, claims_=None)
    values.pop("claims_")
    values["claims"] = [{"path": [CLAIM], "values": ["other"]}]
    assert failed(counter.dcql({"credentials": [values]}, lambda q: {"sd": [counter.sd_jwt(q)]})) == {"asked"}
    unmet = definition(filter={"const": "other"})
    assert failed(counter.exchanged(unmet, counter.document, INSIDE)) == {"asked"}
    two = {"credentials": [dcql(), dcql("other")]}
    assert failed(counter.dcql(two, lambda q: {"sd": [counter.sd_jwt(q)]})) == {"asked"}


def test_a_submission_that_points_elsewhere_is_no_answer(counter: Counter) -> None:
    def entry(path: str, **more: Any) -> dict[str, Any]:
        return {**INSIDE, "path_nested": {"id": "d", "format": "ldp_vc", "path": path}, **more}

    bad = [
        entry("$.verifiableCredential[1]"),
        entry("$.holder"),
        entry("$.verifiableCredential[0].credentialSubject"),
        {**INSIDE, "path": "$[0]"},
        {**entry("$.verifiableCredential[0]"), "id": "x", "path_nested": {**entry("$")["path_nested"], "id": "x"}},
    ]
    for one in bad:
        report = counter.exchanged(definition(), counter.document, one)
        assert report["verdict"] == "invalid", one
        assert "asked" in failed(report), one
        assert report["claims"] == {}
    other = counter.exchanged(definition(), counter.document, INSIDE, definition_id="another")
    assert failed(other) == {"asked"}


def test_what_is_not_verified_satisfies_nothing(counter: Counter) -> None:
    def forged(question: Question) -> dict[str, Any]:
        mine = counter.credential(CredentialFormat.LDP_VC)
        mine["credentialSubject"][CLAIM] = "forged"
        return shown_document(counter.office, counter.key, [mine], question)

    report = counter.exchanged(definition(filter={"const": "forged"}), forged, INSIDE)
    assert report["verdict"] == "invalid"
    assert {"proof", "credentials"} <= failed(report)
    assert "forged" not in json.dumps(report)

    def beside(question: Question) -> dict[str, Any]:
        # Signed by the holder, but by no issuer: a claim in the presentation is no credential's.
        made = counter.document(question)
        made["credentialSubject"] = {CLAIM: "forged"}
        return made

    loose = counter.exchanged(
        definition(filter={"const": "forged"}), beside, {"id": "d", "format": "ldp_vp", "path": "$"}
    )
    assert loose["verdict"] == "invalid"
    assert "forged" not in json.dumps(loose)


def test_answers_for_another_occasion_or_by_others_are_refused(counter: Counter) -> None:
    query = {"credentials": [dcql()]}
    assert "challenge" in failed(counter.dcql(query, lambda q: {"sd": [counter.sd_jwt(q, nonce="another")]}))
    assert "domain" in failed(counter.dcql(query, lambda q: {"sd": [counter.sd_jwt(q, aud="https://x.example")]}))
    _, earlier = counter.ask({"dcqlQuery": query})
    replayed = counter.dcql(query, lambda _: {"sd": [counter.sd_jwt(earlier)]})
    assert {"challenge", "domain"} <= failed(replayed)
    _, earlier = counter.ask({"presentationDefinition": definition()})
    replayed = counter.exchanged(definition(), lambda _: counter.document(earlier), INSIDE)
    assert {"challenge", "domain"} <= failed(replayed)
    thief = WalletKey()
    stolen = counter.credential(CredentialFormat.SD_JWT)
    taken = counter.dcql(query, lambda q: {"sd": [shown_sd_jwt(thief, stolen, (CLAIM,), q, counter.now)]})
    assert "holder" in failed(taken)
    document = counter.credential(CredentialFormat.LDP_VC)
    taken = counter.exchanged(definition(), lambda q: shown_document(counter.office, thief, [document], q), INSIDE)
    assert "holder" in failed(taken)
    one_of_two = counter.dcql(
        {"credentials": [dcql(), dcql("b")]},
        lambda q: {"sd": [counter.sd_jwt(q)], "b": [counter.sd_jwt(q, nonce="another")]},
    )
    assert "challenge" in failed(one_of_two)


def test_a_revoked_credential_is_not_valid(counter: Counter) -> None:
    revoke = counter.office.revocation.revoke

    def answered(question: Question) -> dict[str, Any]:
        tokens = {"sd": [counter.sd_jwt(question)]}
        counter.office.acts.run(
            the_operator(counter.office), lambda uow, me: revoke(uow, me, counter.source.credential_id, "over")
        )
        return tokens

    assert failed(counter.dcql({"credentials": [dcql()]}, answered)) == {"revocation"}


def test_what_is_no_answer_changes_nothing(counter: Counter) -> None:
    made, question = counter.ask({"dcqlQuery": {"credentials": [dcql()]}})
    good = counter.sd_jwt(question)
    for tokens in ({}, {"x": [good]}, {"sd": []}, {"sd": good}, {"sd": [good, good]}, {"sd": [{}]}, {"sd": [1]}):
        with pytest.raises(AnswerRefused):
            counter.office.presenting.answer(question.reference, form_of(question, tokens))
    counter.office.presenting.answer(question.reference, form_of(question, {"sd": [good]}))
    with pytest.raises(PresentationNotFound):
        counter.office.presenting.answer(question.reference, form_of(question, {"sd": [good]}))
    _, question = counter.ask({"presentationDefinition": definition()})
    token = json.dumps(counter.document(question))
    for more in ({}, {"presentation_submission": "{"}, {"presentation_submission": "{}"}):
        with pytest.raises(AnswerRefused):
            counter.office.presenting.answer(
                question.reference, urlencode({"vp_token": token, "state": question.state, **more}).encode()
            )
    assert made.kind is None


def test_the_wallet_reads_the_question_as_it_was_asked(counter: Counter) -> None:
    query = {"credentials": [dcql()]}
    _, question = counter.ask({"dcqlQuery": query})
    assert question.members["dcql_query"] == query
    formats = question.members["client_metadata"]["vp_formats_supported"]["ldp_vc"]
    assert {"bbs-2023", "ecdsa-rdfc-2019", "ecdsa-sd-2023"} <= set(formats["cryptosuite_values"])
    assert "BbsBlsSignatureProof2020" in formats["proof_type_values"]
    _, question = counter.ask({"presentationDefinition": definition()})
    assert question.members["presentation_definition"] == definition()
    assert "dcql_query" not in question.members
    assert "ldp_vp" in question.members["client_metadata"]["vp_formats"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"dcqlQuery": {}}, "/dcqlQuery/credentials"),
        ({"dcqlQuery": {"credentials": [dcql(require_cryptographic_holder_binding=False)]}},
         "/dcqlQuery/credentials/0/require_cryptographic_holder_binding"),
        ({"presentationDefinition": {"id": "x"}}, "/presentationDefinition/input_descriptors"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_asked_is_refused(counter: Counter, query: dict[str, Any], pointer: str) -> None:
    with pytest.raises(MalformedBody) as refused:
        counter.ask(query)
    assert refused.value.faults[0].pointer == pointer
