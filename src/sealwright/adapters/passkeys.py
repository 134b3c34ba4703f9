"""The WebAuthn relying party: options for the browser, and checks of what an authenticator answers.

The library is imported where it is used: it takes a fifth of a second to load, and most commands meet no passkey.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from sealwright.domain.errors import InvalidProof
from sealwright.domain.sign_in import Passkey
from sealwright.vc.encoding.multibase import base64url_decode
from sealwright.vc.errors import VcError

if TYPE_CHECKING:
    from webauthn.helpers.cose import COSEAlgorithmIdentifier
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

_TIMEOUT_MS: Final = 300_000
_DOES_NOT_HOLD: Final = "The passkey's answer does not hold."
# What a response can make the parsers behind the library raise, besides its own errors.
_BROKEN: Final = (VcError, ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)


class WebAuthnPasskeys:
    """Passkeys of this office: bound to the public URL's host, found by the browser itself, with user verification.

    Args:
        public_url: Its host is the relying party's id. A browser gives passkeys to names only; for an address of
            loopback the name is ``localhost``.
        organization: Shown by the browser.
    """

    def __init__(self, public_url: str, organization: str) -> None:
        parts = urlsplit(public_url)
        host = parts.hostname or "localhost"
        if _is_address(host):
            host = "localhost"
            port = "" if parts.port is None else f":{parts.port}"
            self.origins = [public_url, f"{parts.scheme}://localhost{port}"]
        else:
            self.origins = [public_url]
        self.rp_id = host
        self._name = organization

    def registration_options(
        self, user_id: str, name: str, existing: Sequence[Passkey], challenge: bytes
    ) -> Mapping[str, object]:
        """Ask for a new discoverable credential, on none of the authenticators that have one already."""
        import webauthn
        from webauthn.helpers.structs import (
            AttestationConveyancePreference,
            AuthenticatorSelectionCriteria,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        options = webauthn.generate_registration_options(
            rp_id=self.rp_id,
            rp_name=self._name,
            user_id=user_handle(user_id),
            user_name=name,
            user_display_name=name,
            challenge=challenge,
            timeout=_TIMEOUT_MS,
            attestation=AttestationConveyancePreference.NONE,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[_descriptor(passkey) for passkey in existing],
            supported_pub_key_algs=_algorithms(),
        )
        return cast("Mapping[str, object]", json.loads(webauthn.options_to_json(options)))

    def verify_registration(self, response: Mapping[str, object], challenge: bytes) -> tuple[bytes, bytes, int]:
        """Check a new credential: type, challenge, origin, relying party, user verification, key, attestation.

        Raises:
            InvalidProof: Whatever does not hold.
        """
        import webauthn
        from webauthn.helpers.exceptions import WebAuthnException

        try:
            made = webauthn.verify_registration_response(
                credential=_plain(response),
                expected_challenge=challenge,
                expected_rp_id=self.rp_id,
                expected_origin=self.origins,
                require_user_verification=True,
                supported_pub_key_algs=_algorithms(),
            )
        except (WebAuthnException, *_BROKEN) as error:
            raise InvalidProof(_DOES_NOT_HOLD) from error
        return made.credential_id, made.credential_public_key, made.sign_count

    def sign_in_options(self, challenge: bytes) -> Mapping[str, object]:
        """Ask for any credential of this office that the browser can find."""
        import webauthn
        from webauthn.helpers.structs import UserVerificationRequirement

        options = webauthn.generate_authentication_options(
            rp_id=self.rp_id,
            challenge=challenge,
            timeout=_TIMEOUT_MS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return cast("Mapping[str, object]", json.loads(webauthn.options_to_json(options)))

    def verify_sign_in(self, response: Mapping[str, object], challenge: bytes, passkey: Passkey) -> int:
        """Check an assertion; gives the authenticator's counter.

        Raises:
            InvalidProof: Whatever does not hold: another challenge, origin, relying party, credential or person, a
                counter that went back, no user verification, a wrong signature.
        """
        import webauthn
        from webauthn.helpers.exceptions import WebAuthnException

        try:
            _require_owner(response, passkey)
            checked = webauthn.verify_authentication_response(
                credential=_plain(response),
                expected_challenge=challenge,
                expected_rp_id=self.rp_id,
                expected_origin=self.origins,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, *_BROKEN) as error:
            raise InvalidProof(_DOES_NOT_HOLD) from error
        if checked.credential_id != passkey.credential_id:
            raise InvalidProof(_DOES_NOT_HOLD)
        return checked.new_sign_count


def user_handle(user_id: str) -> bytes:
    """What authenticators keep for a person: 32 bytes that tell nothing, since ids of people may be long or telling."""
    return hashlib.sha256(b"sealwright user handle\x00" + user_id.encode("utf-8")).digest()


def _require_owner(response: Mapping[str, object], passkey: Passkey) -> None:
    inner = response.get("response")
    handle = inner.get("userHandle") if isinstance(inner, Mapping) else None
    # A discoverable credential tells whose it is; what it tells must be whom our own row names.
    if not isinstance(handle, str) or not hmac.compare_digest(base64url_decode(handle), user_handle(passkey.user_id)):
        raise InvalidProof(_DOES_NOT_HOLD)


def _plain(response: Mapping[str, object]) -> dict[str, Any]:
    return dict(response)


def _algorithms() -> list[COSEAlgorithmIdentifier]:
    from webauthn.helpers.cose import COSEAlgorithmIdentifier

    return [
        COSEAlgorithmIdentifier.EDDSA,
        COSEAlgorithmIdentifier.ECDSA_SHA_256,
        COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
    ]


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    from webauthn.helpers.structs import AuthenticatorTransport, PublicKeyCredentialDescriptor

    known = {transport.value: transport for transport in AuthenticatorTransport}
    transports = [known[text] for text in passkey.transports if text in known]
    return PublicKeyCredentialDescriptor(id=passkey.credential_id, transports=transports or None)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
