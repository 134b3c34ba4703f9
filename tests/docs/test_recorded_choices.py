"""What the pages on conformance say that we do, and no other test holds: seen from outside, over HTTP in process."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from typing import Any, Final

import pytest

from sealwright.cli.door import run
from sealwright.services.issuing_line import Job
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.proofs.compact import sealed, signing_input
from sealwright.vc.proofs.sd_jwt import combined
from sealwright.vc.status.bitstring import decode_bitstring_status_list, decode_status_list_2021, read_bit
from tests.support.office import MovableClock, degree_request, the_operator
from tests.web.conftest import NO_LIMITS, Served, degree, serve

ISSUE: Final = "/api/v1/credentials/issue"
VERIFY: Final = "/api/v1/credentials/verify"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("choices"), is_set_up=True, **NO_LIMITS) as one:
        yield one


def get(served: Served, url: str) -> Any:
    """Fetch one of our own addresses, whole or as a path."""
    return served.client.call("GET", url.removeprefix(served.office.public_url))


def post(served: Served, path: str, body: Any, token: str | None = None, **options: Any) -> Any:
    return served.client.call("POST", path, body, token=token, **options)


def check_of(report: Any, name: str) -> tuple[str, str | None]:
    found = next(check for check in report["checks"] if check["name"] == name)
    return found["outcome"], found["code"]


def new_did(served: Served, **members: Any) -> str:
    answer = post(served, "/api/v1/dids", {"kind": "organization", **members}, served.admin)
    assert answer.status == 201, answer.body
    return str(answer.json()["did"])


def token_list(served: Served, list_id: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Header, payload and expanded bytes of the token form of a list."""
    text = get(served, f"/status/{list_id}/token").body.decode()
    header, payload = (json.loads(_unpadded(part)) for part in text.split(".")[:2])
    return header, payload, zlib.decompress(_unpadded(payload["status_list"]["lst"]))


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ---- documents -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("proof_type", "kind"), [("Ed25519Signature2020", "JsonSchemaValidator2018"), ("eddsa-rdfc-2022", "JsonSchema")]
)
def test_credentials_name_the_schema_by_its_id(served: Served, proof_type: str, kind: str) -> None:
    issued = served.issue(proofType=proof_type)["credential"]
    assert issued["credentialSchema"] == {"id": degree()["schemaId"], "type": kind}
    document = get(served, f"/api/v1/schemas/{degree()['schemaId']}/schema.json")
    assert document.json()["required"] == ["degree"]


def test_sd_jwts_of_https_issuers_are_left_open(served: Served) -> None:
    stated = {"iss": "https://issuer.example", "vct": "https://issuer.example/vct/degree"}
    signed = signing_input({"alg": "EdDSA", "typ": "dc+sd-jwt", "kid": "1"}, stated)
    report = post(served, VERIFY, {"credential": combined(sealed(signed, bytes(64)), ())}).json()
    assert report["verified"] is False
    assert check_of(report, "structure")[0] == "passed"
    assert check_of(report, "proof") == ("unchecked", "UNRESOLVABLE")


def test_a_free_text_type_is_signed_as_text(served: Served) -> None:
    credential = served.issue()["credential"]
    contexts = ContextStore.pinned()
    url = credential["@context"][1]
    contexts.register(url, get(served, url).body)
    unsigned = {name: value for name, value in credential.items() if name != "proof"}
    statements = Canonicalizer(contexts).canonicalize(unsigned).decode().splitlines()
    assert any(f'<{url}#degree/type> "BachelorDegree" .' in line for line in statements)


INLINE: Final = {"favoriteColor": "https://example.org/favoriteColor"}


def test_inline_contexts_are_taken_on_the_vc_api_alone(served: Served) -> None:
    issuer = new_did(served, method="key")
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2", INLINE],
        "type": ["VerifiableCredential"],
        "issuer": issuer,
        "credentialSubject": {"id": "did:adi:holder001", "favoriteColor": "blue"},
    }
    signed = post(served, "/credentials/issue", {"credential": document}, served.admin)
    assert signed.status == 201, signed.body
    assert post(served, "/credentials/verify", {"verifiableCredential": signed.json()}).status == 200
    report = post(served, VERIFY, {"credential": signed.json()}).json()
    assert check_of(report, "structure") == ("failed", "CONTEXT_NOT_ALLOWED")
    for broken, code in (
        ({"@vocab": "https://example.org/"}, "CONTEXT_NOT_ALLOWED"),
        ({"VerifiableCredential": "https://example.org/x"}, "TERM_CONFLICT"),
        ({"favoriteColor": None}, "TERM_CONFLICT"),
    ):
        contexts = ["https://www.w3.org/ns/credentials/v2", {**INLINE, **broken}]
        refused = post(served, "/credentials/issue", {"credential": {**document, "@context": contexts}}, served.admin)
        assert (refused.status, refused.code) == (422, code)


# ---- status lists ----------------------------------------------------------------------------------------------------


def test_all_encodings_of_a_list_say_the_same(served: Served) -> None:
    issued = served.issue()
    index, list_id = issued["statusListIndex"], issued["statusListCredential"].split("/")[-2]
    newer = served.issue(proofType="eddsa-rdfc-2022")
    assert newer["credential"]["credentialStatus"]["statusListCredential"].endswith(f"{list_id}/bitstring/revocation")
    for is_revoked in (False, True):
        if is_revoked:
            post(
                served,
                "/api/v1/credentials/revoke",
                {"credentialId": issued["credentialId"], "reason": "x"},
                served.key,
            )
        older = get(served, f"/status/{list_id}/revocation").json()["credentialSubject"]["encodedList"]
        later = get(served, f"/status/{list_id}/bitstring/revocation").json()["credentialSubject"]["encodedList"]
        header, payload, statuses = token_list(served, list_id)
        assert read_bit(decode_status_list_2021(older), index) is is_revoked
        assert read_bit(decode_bitstring_status_list(later), index) is is_revoked
        assert bool(statuses[index // 8] >> index % 8 & 1) is is_revoked
        assert payload["status_list"]["bits"] == 1
    assert header == {"alg": "EdDSA", "typ": "statuslist+jwt", "kid": "did:adi:issuer001#status-1"}
    assert payload["sub"] == f"{served.office.public_url}/status/{list_id}/token"
    assert payload["iss"] == "did:adi:issuer001"


def test_the_token_form_has_two_bits_while_something_is_suspended(served: Served) -> None:
    issuer = new_did(served)
    issued = post(served, ISSUE, {**degree(), "issuerDid": issuer, "suspendable": True}, served.admin).json()
    index, list_id = issued["statusListIndex"], issued["statusListCredential"].split("/")[-2]
    moves = (("suspend", 2, 2), ("reinstate", 1, 0), ("suspend", 2, 2), ("revoke", 2, 1))
    assert token_list(served, list_id)[1]["status_list"]["bits"] == 1
    for move, bits, status in moves:
        path = f"/api/v1/credentials/{issued['credentialId']}/{move}"
        assert post(served, path, {"reason": "x"}, served.admin).status == 200
        _, payload, statuses = token_list(served, list_id)
        assert payload["status_list"]["bits"] == bits
        assert statuses[index * bits // 8] >> index * bits % 8 & (1 << bits) - 1 == status


def test_a_list_has_an_edition_for_each_half_day(served: Served) -> None:
    issuer = new_did(served)
    issued = post(served, ISSUE, {**degree(), "issuerDid": issuer}, served.admin).json()
    url = issued["statusListCredential"]
    clock: MovableClock = served.clock
    start = clock.time
    try:
        first = get(served, url)
        clock.move(hours=1)
        assert get(served, url).body == first.body
        assert first.headers["cache-control"] == "public, max-age=300"
        # The test clock stands at noon, where a period begins; it ends at midnight, the list twelve hours later.
        assert (first.json()["issuanceDate"], first.json()["expirationDate"]) == (
            "2026-03-01T12:00:00Z",
            "2026-03-02T12:00:00Z",
        )
        clock.move(hours=11)
        second = get(served, url)
        assert second.json()["issuanceDate"] == "2026-03-02T00:00:00Z"
        assert second.headers["etag"] != first.headers["etag"]
    finally:
        clock.time = start


@pytest.mark.parametrize("method", ["key", "jwk"])
def test_an_issuer_of_one_key_signs_its_lists_with_it(served: Served, method: str) -> None:
    issuer = new_did(served, method=method)
    issued = post(served, ISSUE, {**degree(), "issuerDid": issuer}, served.admin)
    assert issued.status == 201, issued.body
    listed = get(served, issued.json()["statusListCredential"]).json()
    assert listed["issuer"] == issuer
    assert listed["proof"]["verificationMethod"] == issued.json()["credential"]["proof"]["verificationMethod"]
    own_key = served.issue()["statusListCredential"]
    assert get(served, own_key).json()["proof"]["verificationMethod"] == "did:adi:issuer001#status-1"


def test_an_abandoned_place_is_revoked(served: Served) -> None:
    issuer, office, start = new_did(served), served.office, served.clock.time
    order = office.issuing.check(degree_request(issuer_did=issuer), the_operator(office), office.registry.current())
    job = Job(order, None)
    # As if the process had died between its two commits.
    with office.units() as uow:
        office.issuing.reserve(uow, [job])
        uow.commit()
    assert job.reservation is not None
    assert job.reservation.place is not None
    try:
        served.clock.move(minutes=2)
        assert office.tasks.run("sweep")
        listed = get(served, f"/status/{job.reservation.place.list_id}/revocation").json()
    finally:
        served.clock.time = start
    bits = decode_status_list_2021(listed["credentialSubject"]["encodedList"])
    assert read_bit(bits, job.reservation.place.index)
    assert sum(byte.bit_count() for byte in bits) == 1


# ---- DIDs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["did:", "did:adi:", "DID:adi:x", "nonsense"])
def test_an_invalid_did_has_no_document(served: Served, broken: str) -> None:
    answer = get(served, f"/1.0/identifiers/{broken}")
    assert answer.status == 400
    body = answer.json()
    assert body["didDocument"] is None
    assert body["didResolutionMetadata"]["error"] == "invalidDid"
    assert set(body) == {"@context", "didDocument", "didDocumentMetadata", "didResolutionMetadata"}


def test_a_compromised_key_leaves_the_document(served: Served) -> None:
    issuer = new_did(served)
    for compromised, outcome in ((False, "passed"), (True, "failed")):
        issued = post(served, ISSUE, {**degree(), "issuerDid": issuer}, served.admin).json()
        path = f"/api/v1/dids/{issuer}/keys/rotate"
        assert post(served, path, {"compromised": compromised}, served.admin).status == 200
        report = post(served, VERIFY, {"credential": issued["credential"]}).json()
        assert check_of(report, "proof")[0] == outcome
    resolved = get(served, f"/1.0/identifiers/{issuer}").json()["didDocument"]
    listed = {method["id"].partition("#")[2] for method in resolved["verificationMethod"]}
    # The first retired, the second is out, the third signs.
    assert {"key-1", "key-2", "key-3"} & listed == {"key-1", "key-3"}
    later = post(served, ISSUE, {**degree(), "issuerDid": issuer}, served.admin).json()
    assert post(served, VERIFY, {"credential": later["credential"]}).json()["verified"] is True


def test_a_deactivated_did_web_has_no_document(served: Served) -> None:
    did = new_did(served, method="web", path="closing")
    assert get(served, "/dids/closing/did.json").json()["id"] == did
    assert post(served, f"/api/v1/dids/{did}/deactivate", {}, served.admin).status == 200
    assert get(served, "/dids/closing/did.json").status == 404
    resolved = get(served, f"/1.0/identifiers/{did.replace('%', '%25')}")
    assert (resolved.status, resolved.json()["didDocument"]) == (410, None)
    assert resolved.json()["didDocumentMetadata"]["deactivated"] is True


def test_fragments_are_dereferenced_and_paths_are_not(served: Served) -> None:
    method = get(served, "/1.0/identifiers/did:adi:issuer001%23key-1").json()["didDocument"]
    assert (method["id"], method["controller"]) == ("did:adi:issuer001#key-1", "did:adi:issuer001")
    refused = get(served, "/1.0/identifiers/did:adi:issuer001%2Fpath")
    assert refused.status == 400
    assert refused.json()["didDereferencingMetadata"]["error"] == "invalidDidUrl"


# ---- HTTP ------------------------------------------------------------------------------------------------------------


def test_a_failed_verification_is_400_on_the_vc_api_alone(served: Served) -> None:
    credential = served.issue()["credential"]
    credential["credentialSubject"]["degree"]["university"] = "another"
    ours = post(served, VERIFY, {"credential": credential})
    theirs = post(served, "/credentials/verify", {"verifiableCredential": credential})
    assert (ours.status, theirs.status) == (200, 400)
    assert theirs.json()["code"] == "VERIFICATION_FAILED"
    assert ours.json()["verified"] is theirs.json()["verified"] is False
    assert ours.json()["checks"] == theirs.json()["checks"]


def test_a_key_with_another_body_is_refused(served: Served) -> None:
    header = [("idempotency-key", "recorded-choice")]
    first = post(served, ISSUE, degree(), served.key, headers=header)
    again = post(served, ISSUE, degree(), served.key, headers=header)
    assert (first.status, again.body, again.headers["idempotent-replayed"]) == (201, first.body, "true")
    other = post(served, ISSUE, {**degree(), "suspendable": True}, served.key, headers=header)
    assert (other.status, other.code) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_an_unsigned_presentation_is_judged_on_the_vc_api_alone(served: Served) -> None:
    presentation = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": [served.issue(proofType="eddsa-rdfc-2022")["credential"]],
    }
    theirs = post(served, "/presentations/verify", {"presentation": presentation})
    assert (theirs.status, theirs.json()["verified"]) == (200, True)
    assert check_of(theirs.json(), "proof")[0] == "not_applicable"
    ours = post(served, "/api/v1/presentations/verify", {"presentation": presentation}).json()
    assert ours["verified"] is False
    assert check_of(ours, "proof") == ("failed", "PROOF_MISSING")


def test_a_revocation_is_not_cleared_over_the_vc_api(served: Served) -> None:
    body: dict[str, Any] = {
        "credentialId": served.issue()["credentialId"],
        "credentialStatus": {"type": "StatusList2021Entry", "statusPurpose": "revocation"},
    }
    nameless = {**body, "credentialStatus": {"type": "StatusList2021Entry"}}
    refused = post(served, "/credentials/status", nameless, served.key)
    assert (refused.status, refused.code) == (422, "MISSING_FIELD")
    assert post(served, "/credentials/status", body, served.key).status == 200
    assert post(served, "/credentials/status", {**body, "status": False}, served.key).status == 409


@pytest.mark.parametrize("command", ["backup", "restore", "reconcile"])
def test_what_is_to_come_is_refused(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--json"]) == 2
    assert "There is no command" in json.loads(capsys.readouterr().err)["detail"]


@pytest.mark.parametrize("proof_type", ["BbsBlsSignature2020", "bbs-2023", "ecdsa-rdfc-2019", "ecdsa-sd-2023"])
def test_a_proof_type_asks_for_a_key_of_its_kind(served: Served, proof_type: str) -> None:
    answer = post(served, ISSUE, {**degree(), "proofType": proof_type}, served.key)
    assert (answer.status, answer.code) == (409, "ISSUER_KEY_MISSING")
    unknown = post(served, ISSUE, {**degree(), "proofType": "RsaSignature2018"}, served.key)
    assert (unknown.status, unknown.code) == (422, "UNSUPPORTED_PROOF_TYPE")


# ---- audit -----------------------------------------------------------------------------------------------------------


def test_an_idle_office_makes_no_checkpoints(served: Served) -> None:
    served.issue()
    assert served.office.auditing.make_checkpoint() is not None
    size = served.audit_size()
    assert served.office.auditing.make_checkpoint() is None
    assert served.audit_size() == size
