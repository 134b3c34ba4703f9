"""Signatures of webhooks against a vector of other implementations, and what is in a secret."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from sealwright.services.webhook_signing import new_secret, secret_text, signed_headers

# Published with the reference implementations of Standard Webhooks.
SECRET = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_signature_is_that_of_other_implementations() -> None:
    assert signed_headers([SECRET], MESSAGE, AT, BODY) == {
        "Content-Type": "application/json",
        "webhook-id": MESSAGE,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_two_secrets_make_two_signatures_newest_first() -> None:
    other = bytes(range(32))
    both = signed_headers([other, SECRET], MESSAGE, AT, BODY)["webhook-signature"].split(" ")
    assert both[1] == SIGNATURE
    assert both[0] == signed_headers([other], MESSAGE, AT, BODY)["webhook-signature"] != SIGNATURE


def test_each_part_is_signed() -> None:
    later = datetime.fromtimestamp(1614265331, UTC)
    for message, at, body in ((f"{MESSAGE}x", AT, BODY), (MESSAGE, later, BODY), (MESSAGE, AT, BODY + b" ")):
        assert signed_headers([SECRET], message, at, body)["webhook-signature"] != SIGNATURE


def test_secret_is_256_random_bits_behind_its_prefix() -> None:
    text = secret_text(new_secret())
    assert text.startswith("whsec_")
    assert len(base64.b64decode(text.removeprefix("whsec_"), validate=True)) == 32
    assert secret_text(new_secret()) != text
