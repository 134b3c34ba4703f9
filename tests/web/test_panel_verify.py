"""The page that checks credentials: every way to bring one, every verdict, hostile files; no account, no cookie."""

from __future__ import annotations

import copy
import io
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from pypdf import PdfWriter

from sealwright.adapters import paper_reading
from sealwright.domain.errors import StoreUnavailable
from sealwright.protocols.baking import bake
from tests.web.conftest import NO_LIMITS, Served, key_for, serve
from tests.web.page_client import text_of

VALID, NOT_VALID, OPEN = "Valid", "Not valid", "Could not be checked"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch, serve(tmp_path_factory.mktemp("verify"), **NO_LIMITS) as one:
        # Nobody waits here, and a busy machine must not decide what a file is told.
        patch.setattr(paper_reading, "WITHIN_SECONDS", 60.0)
        yield one


@pytest.fixture(scope="module")
def good(served: Served) -> dict[str, Any]:
    credential: dict[str, Any] = served.issue()["credential"]
    return credential


def bring(
    served: Served, *, text: str = "", file: bytes | None = None, name: str = "x", path: str = "/verify", **more: str
) -> Any:
    """Send the page's form as a browser does that nobody is signed in with."""
    edge = "----edge"
    fields = {"document": text, **more}
    raw = b"".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n'.encode() + value.encode() + b"\r\n"
        for key, value in fields.items()
    )
    if path == "/verify":
        head = f'--{edge}\r\nContent-Disposition: form-data; name="file"; filename="{name if file else ""}"\r\n\r\n'
        raw += head.encode() + (file or b"") + b"\r\n"
    headers = (("Origin", "http://127.0.0.1:8000"), ("Sec-Fetch-Site", "same-origin"))
    return served.client.call(
        "POST",
        path,
        raw=raw + f"--{edge}--\r\n".encode(),
        headers=headers,
        content_type=f"multipart/form-data; boundary={edge}",
    )


def verdict_of(answer: Any) -> str:
    """The word at 2 rem."""
    body: str = answer.body.decode()
    return body.partition('class="says">')[2].partition("<")[0]


def tampered(credential: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(credential)
    changed["credentialSubject"]["degree"]["gpa"] = 4.0
    return changed


def pdf_with(*attached: bytes) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    for number, one in enumerate(attached):
        writer.add_attachment(f"{number}.json", one)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def test_a_good_credential_is_valid_pasted_and_in_every_file(served: Served, good: dict[str, Any]) -> None:
    text = json.dumps(good)
    answers = [
        bring(served, text=text),
        bring(served, text=f"\ufeff\n {text} \n"),
        bring(served, text=json.dumps({"credential": good, "credentialId": good["id"]})),
        bring(served, file=text.encode(), name="credential.json"),
        bring(served, file=pdf_with(b"unrelated", text.encode()), name="paper.pdf"),
        bring(served, file=bake(png(), text), name="badge.png"),
    ]
    for answer in answers:
        assert answer.status == 200
        assert verdict_of(answer) == VALID
        said = text_of(answer)
        assert "an issuer of this office" in said
        assert "Degree, university MIT" in said
        assert said.count("passed") >= 7
        assert said.count("does not apply") == 3


def test_every_verdict_is_told_in_words(served: Served, good: dict[str, Any]) -> None:
    changed = bring(served, text=json.dumps(tampered(good)))
    assert verdict_of(changed) == NOT_VALID
    assert "It was changed after it was signed" in text_of(changed)
    assert "Nothing in it can be relied on" in text_of(changed)
    assert "Degree, university" not in text_of(changed)

    unsigned = {name: value for name, value in good.items() if name != "proof"}
    assert "It carries no signature." in text_of(bring(served, text=json.dumps(unsigned)))

    revoked = served.issue()["credential"]
    body = {"reason": "Cheated at the exam, says Ana.", "reasonCode": "misconduct"}
    answer = served.client.call("POST", f"/api/v1/credentials/{revoked['id']}/revoke", body, token=served.key)
    assert answer.status == 200
    page = bring(served, text=json.dumps(revoked))
    said = text_of(page)
    assert verdict_of(page) == NOT_VALID
    assert "The issuer has revoked it. Do not rely on it." in said
    assert "Revoked 1 Mar 2026" in said
    assert "reason: misconduct" in said
    assert "Cheated" not in said

    suspended = served.issue(suspendable=True)["credential"]
    served.client.call(
        "POST", f"/api/v1/credentials/{suspended['id']}/suspend", {"reason": "Unclear."}, token=served.key
    )
    assert "suspended it for now" in text_of(bring(served, text=json.dumps(suspended)))


def test_an_expired_credential_is_not_valid(served: Served) -> None:
    short = served.issue(expirationDate="2026-03-01T13:00:00Z")["credential"]
    served.clock.move(hours=2)
    try:
        page = bring(served, text=json.dumps(short))
    finally:
        served.clock.move(hours=-2)
    assert verdict_of(page) == NOT_VALID
    assert "Its time is over. Do not rely on it." in text_of(page)


def test_another_issuer_is_left_open_whatever_its_did_is_called(served: Served) -> None:
    wish = {"method": "key", "kind": "organization", "name": "MIT"}
    made = served.client.call("POST", "/api/v1/dids", wish, token=served.person)
    assert made.status == 201, made.body
    did = made.json()["did"]
    document = {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiableCredential"],
        "issuer": {"id": did},
        "issuanceDate": "2026-02-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:1"},
    }
    issued = served.client.call(
        "POST", "/credentials/issue", {"credential": document}, token=key_for(served.office, did)
    )
    assert issued.status == 201, issued.body
    page = bring(served, text=issued.body.decode())
    assert verdict_of(page) == OPEN
    # Whoever has an account may make a DID and name it as they like; that makes it no issuer of this office.
    assert "is no issuer of this office. Whether to trust it is for you to decide." in text_of(page)
    assert "(an issuer of this office)" not in text_of(page)


def test_an_unreadable_status_list_never_yields_valid(served: Served, good: dict[str, Any]) -> None:
    lists = served.office.status
    document = lists.document

    def away(list_id: str, form: str) -> Any:
        raise StoreUnavailable("The list cannot be read now.")

    object.__setattr__(lists, "document", away)
    try:
        page = bring(served, text=json.dumps(good))
    finally:
        object.__setattr__(lists, "document", document)
    assert verdict_of(page) == OPEN
    assert "The status list could not be read, so this is not known." in text_of(page)


def test_what_is_no_credential_is_told_apart(served: Served) -> None:
    said = {
        "": "Paste a credential, or choose a file.",
        "hello": "The text is no credential",
        "[1, 2]": "The text is no credential",
        '{"a": 1}': "The text is no credential",
        '{"type": ': "broken or was copied in part",
        '{"type": "A", "type": "B"}': "broken or was copied in part",
        "[" * 5000: "broken or was copied in part",
        "https://elsewhere.example/credential.json": "nothing is fetched from there",
        "http://127.0.0.1:8000.evil.example/v/AAAAAAAAAAAAAAAAAAAAAAAAAA": "nothing is fetched from there",
        "http://127.0.0.1:8000/v/..%2f..%2fadmin": "nothing is fetched from there",
        "http://127.0.0.1:8000/v/%2f%2fevil.example": "nothing is fetched from there",
        "http://127.0.0.1:8000/credentials/%00": "nothing is fetched from there",
        "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fx": "The link is for a wallet",
        "http://127.0.0.1:8000/api/v1/credentials/urn:uuid:0/document": "This office has no such credential.",
    }
    for text, sentence in said.items():
        page = bring(served, text=text)
        assert page.status == 422, text[:60]
        assert sentence in text_of(page), text[:60]
        assert verdict_of(page) == ""


def test_a_document_of_any_shape_gets_a_verdict(served: Served, good: dict[str, Any]) -> None:
    shapes: list[Any] = [
        {"@context": [], "type": []},
        {"@context": None, "type": "VerifiablePresentation"},
        {"@context": ["x"], "type": ["VerifiablePresentation"], "verifiableCredential": "x"},
        {**good, "credentialSubject": []},
        {**good, "issuer": 7},
        {**good, "proof": [good["proof"], {**good["proof"], "proofValue": "z1"}]},
        {**good, "credentialSubject": {"id": "x", "a": {"b": [[[]]]}}},
    ]
    for shape in shapes:
        page = bring(served, text=json.dumps(shape))
        assert page.status == 200
        assert verdict_of(page) in {NOT_VALID, OPEN}
    for token in ("a.b.c", "eyJhbGciOiJub25lIn0.eyJ2YyI6e319.", "eyJhbGciOiJub25lIn0.e30.~~~"):
        page = bring(served, text=token)
        assert page.status == 200
        assert verdict_of(page) == NOT_VALID


LOOPING = b"""%PDF-1.7
1 0 obj <</Type /Catalog /Pages 2 0 R /Names <</EmbeddedFiles 3 0 R>>>> endobj
2 0 obj <</Type /Pages /Kids [2 0 R] /Count 1>> endobj
3 0 obj <</Kids [3 0 R 3 0 R 3 0 R]>> endobj
trailer <</Root 1 0 R /Size 4>>
startxref
0
%%EOF
"""


def _packed_bomb() -> bytes:
    """A PDF of some kilobytes whose attachment unpacks to 100 MB."""
    packed = zlib.compress(bytes(100_000_000), 9)
    head = b"5 0 obj <</Type /EmbeddedFile /Filter /FlateDecode /Length %d>> stream\n" % len(packed)
    return (
        b"%PDF-1.7\n1 0 obj <</Type /Catalog /Pages 2 0 R /Names <</EmbeddedFiles 3 0 R>>>> endobj\n"
        b"2 0 obj <</Type /Pages /Kids [] /Count 0>> endobj\n"
        b"3 0 obj <</Names [(a.json) 4 0 R]>> endobj\n"
        b"4 0 obj <</Type /Filespec /F (a.json) /EF <</F 5 0 R>>>> endobj\n"
        + head
        + packed
        + b"\nendstream endobj\ntrailer <</Root 1 0 R /Size 6>>\nstartxref\n0\n%%EOF\n"
    )


def test_hostile_files_are_given_up(served: Served, good: dict[str, Any]) -> None:
    text = json.dumps(good)
    badge = bake(png(), text)
    encrypted = PdfWriter()
    encrypted.add_blank_page(10, 10)
    encrypted.encrypt("x")
    locked = io.BytesIO()
    encrypted.write(locked)
    no_pdf, no_badge = (
        ("The PDF could not be read.", "No credential is attached to the PDF."),
        ("no credential inside",),
    )
    files: list[tuple[bytes, tuple[str, ...]]] = [
        (b"%PDF-1.7\ngarbage", no_pdf),
        (pdf_with(text.encode())[:400], no_pdf),
        (LOOPING, no_pdf),
        (_packed_bomb(), no_pdf),
        (locked.getvalue(), no_pdf),
        (pdf_with(), no_pdf),
        (pdf_with(b"%PDF-1.7", b"\xff\xfe", b"https://elsewhere.example/"), no_pdf),
        (png(), no_badge),
        (badge[:-20], no_badge),
        (badge[:40] + badge[60:], no_badge),
        (b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 2**31 - 1) + b"iTXt", no_badge),
        (b"\xff\xd8\xff\xe0JFIF", ("neither a PDF, nor a PNG, nor text",)),
        (b"\x00" * 50, ("The text is no credential",)),
        (b"x" * (1024 * 1024 + 1), ("larger than 1 MiB",)),
    ]
    for content, sentences in files:
        page = bring(served, file=content, name="x.bin")
        assert page.status == 422, content[:20]
        assert any(one in text_of(page) for one in sentences), (content[:20], text_of(page)[:900])
    assert bring(served, file=b"x" * (1200 * 1024)).status == 413
    assert verdict_of(bring(served, file=badge)) == VALID
