"""Private keys on their way out to their own holder: encrypted under a passphrase, openable by any JOSE library."""

from __future__ import annotations

import secrets
from typing import Final

from joserfc import jwe
from joserfc.jwk import OctKey

from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.encoding.strict_json import JSONValue, dump_json

# What OWASP asks of PBKDF2 with SHA-512; a guess at the passphrase then costs about a tenth of a second.
ITERATIONS: Final = 210_000
_ALGORITHM: Final = "PBES2-HS512+A256KW"
_ENCRYPTION: Final = "A256GCM"


def encrypt_with_passphrase(members: dict[str, JSONValue], passphrase: str) -> str:
    """Encrypt a JSON object as a compact JWE; slow on purpose.

    Spec: RFC 7518, "Key Encryption with PBES2".
    """
    header = {
        "alg": _ALGORITHM,
        "enc": _ENCRYPTION,
        "cty": "jwk-set+json",
        "p2c": ITERATIONS,
        "p2s": base64url_encode(secrets.token_bytes(16)),
    }
    key = OctKey.import_key(passphrase.encode("utf-8", "surrogatepass"))
    return jwe.encrypt_compact(header, dump_json(members), key, algorithms=[_ALGORITHM, _ENCRYPTION])
