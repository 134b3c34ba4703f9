"""Path segments: DIDs plain or percent-encoded, and tricks that are not found."""

from __future__ import annotations

import pytest

from sealwright.web.door import decode_segment
from sealwright.web.refusals import TransportRefused


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ("did:adi:issuer001", "did:adi:issuer001"),
        ("did%3Aadi%3Aissuer001", "did:adi:issuer001"),
        ("did:adi:issuer001...", "did:adi:issuer001..."),
        ("urn:uuid:0-1", "urn:uuid:0-1"),
        ("urn%3Auuid%3A0-1", "urn:uuid:0-1"),
        ("did:web:localhost%3A8000:dids:x", "did:web:localhost%3A8000:dids:x"),
        ("did%3Aweb%3Alocalhost%253A8000%3Adids%3Ax", "did:web:localhost%3A8000:dids:x"),
        ("did:web:localhost%253A8000", "did:web:localhost%3A8000"),
        ("did%3Akey%3Az6Mk%23z6Mk", "did:key:z6Mk#z6Mk"),
        ("https%3A%2F%2Fx.example%2F1", "https://x.example/1"),
    ],
)
def test_segment_is_decoded_once(sent: str, meant: str) -> None:
    assert decode_segment(sent) == meant


@pytest.mark.parametrize("sent", ["%ff", "a%00b", "%c0%af"])
def test_segment_that_is_no_text_is_not_found(sent: str) -> None:
    with pytest.raises(TransportRefused):
        decode_segment(sent)
