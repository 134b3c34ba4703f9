"""The authorization code flow: a wallet asks, a person signs in and says yes or no, and the wallet gets a code."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.errors import NotFound
from sealwright.domain.ids import new_id
from sealwright.domain.people import Caller
from sealwright.domain.wallets import WalletAuthorization
from sealwright.protocols.openid4vci.authorization import (
    REQUEST_URI,
    AuthorizationRequest,
    read_authorization_request,
    shown_target,
    way_back,
)
from sealwright.protocols.openid4vci.configurations import CredentialKind, split_configuration
from sealwright.protocols.openid4vci.errors import OAuthCode, WalletRefused
from sealwright.services.dpop import DPoPDesk
from sealwright.services.office_secrets import same_secret, secret_digest
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.wallet_metadata import WalletMetadata
from sealwright.vc.encoding.strict_json import JSONValue

PAR_PATH: Final = "/oid4vci/par"
# Signing in may mean waiting for a letter.
REQUEST_LIFE: Final = timedelta(minutes=10)
CODE_LIFE: Final = timedelta(minutes=5)
_MAX_REFERENCE: Final = 512
_GONE: Final = "This request of a wallet is unknown, was answered, or its time is over."


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person is asked: whether this wallet may fetch these credentials of theirs.

    Args:
        target: Where the answer goes: a host, or the scheme of an app; nobody vouches for it.
        kinds: What is asked for, with the form of each.
    """

    client_id: str
    target: str
    kinds: tuple[tuple[CredentialKind, str], ...]


class WalletSignIn:
    """Takes requests of wallets, shows them to people, and sends the answer back."""

    def __init__(
        self, *, units: UnitOfWorkFactory, metadata: WalletMetadata, dpop: DPoPDesk, clock: Clock, public_url: str
    ) -> None:
        self._units = units
        self._metadata = metadata
        self._dpop = dpop
        self._clock = clock
        self._public_url = public_url

    def push(self, form: Mapping[str, str], dpop: str | None) -> dict[str, JSONValue]:
        """Take an authorization request; gives the address under which the browser brings it.

        Args:
            dpop: The header of that name: the code is then bound to its key.

        Raises:
            WalletRefused: By the tables of RFC 6749, RFC 9126, RFC 9396 and RFC 9449.

        Spec: RFC 9126, "Pushed Authorization Request Endpoint".
        """
        request = read_authorization_request(form)
        self._require_types(request)
        jkt = self._dpop.check(dpop, path=PAR_PATH) if dpop is not None else request.jkt
        if request.jkt is not None and jkt is not None and not same_secret(jkt, request.jkt):
            raise WalletRefused(OAuthCode.INVALID_DPOP_PROOF, "The DPoP proof is by another key than dpop_jkt.")
        reference = secrets.token_urlsafe(32)
        now = self._clock.now()
        with self._units() as uow:
            uow.wallets.add_authorization(
                WalletAuthorization(
                    authorization_id=new_id("wau"),
                    request_digest=secret_digest(reference),
                    client_id=request.client_id,
                    redirect_uri=request.redirect_uri,
                    code_challenge=request.code_challenge,
                    configuration_ids=request.configuration_ids,
                    created_at=now,
                    expires_at=now + REQUEST_LIFE,
                    state=request.state,
                    jkt=jkt,
                    issuer_state=request.issuer_state,
                    by_scope=request.by_scope,
                )
            )
            uow.commit()
        return {"request_uri": REQUEST_URI + reference, "expires_in": int(REQUEST_LIFE.total_seconds())}

    def _require_types(self, request: AuthorizationRequest) -> None:
        """Refuse what is not offered to people who ask: schemas without a credential type are not.

        Raises:
            WalletRefused: ``invalid_scope``, ``invalid_authorization_details``.
        """
        code = OAuthCode.INVALID_SCOPE if request.by_scope else OAuthCode.INVALID_AUTHORIZATION_DETAILS
        for configuration in request.configuration_ids:
            kind = self._kind(configuration)
            if kind is None or not kind[0].is_granted:
                raise WalletRefused(code, "What is asked for is not offered here.")

    def _kind(self, configuration: str) -> tuple[CredentialKind, str] | None:
        split = split_configuration(configuration)
        kind = self._metadata.kinds().get(split[0]) if split is not None else None
        return (kind, split[1]) if kind is not None and split is not None else None

    # -- the person --------------------------------------------------------------------------------

    def look(self, client_id: str, request_uri: str) -> Consent:
        """What a request asks for, to be shown to the person.

        Raises:
            NotFound: Unknown, of another wallet, answered, or too old.
        """
        with self._units(write=False) as uow:
            found = self._open(uow, client_id, request_uri)
        kinds = tuple(kind for one in found.configuration_ids if (kind := self._kind(one)) is not None)
        return Consent(found.client_id, shown_target(found.redirect_uri), kinds)

    def allow(self, uow: UnitOfWork, caller: Caller, client_id: str, request_uri: str) -> str:
        """Let the wallet have a code for the caller; gives the address that takes it there.

        Raises:
            NotFound: As `look`; or somebody has answered at this moment.
        """
        found = self._open(uow, client_id, request_uri)
        code = secrets.token_urlsafe(32)
        now = self._clock.now()
        self._answer(uow, caller, found, secret_digest(code))
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                action="token.created",
                object_type="wallet_authorization",
                object_id=found.authorization_id,
                at=now,
                data={"configurationIds": list(found.configuration_ids)},
                request_id=caller.request_id,
            )
        )
        return way_back(found.redirect_uri, self._public_url, found.state, code=code)

    def deny(self, uow: UnitOfWork, caller: Caller, client_id: str, request_uri: str) -> str:
        """Refuse the wallet; gives the address that tells it so. Raises NotFound as `allow`."""
        found = self._open(uow, client_id, request_uri)
        # Bound to a code that nobody has: the request cannot be answered again.
        self._answer(uow, caller, found, secrets.token_bytes(32))
        return way_back(found.redirect_uri, self._public_url, found.state, error=OAuthCode.ACCESS_DENIED.value)

    def _answer(self, uow: UnitOfWork, caller: Caller, found: WalletAuthorization, code_digest: bytes) -> None:
        person = caller.require_person()
        ends = self._clock.now() + CODE_LIFE
        if person is None or not uow.wallets.consent(found.authorization_id, person.user_id, code_digest, ends):
            raise NotFound(_GONE)

    def _open(self, uow: UnitOfWork, client_id: str, request_uri: str) -> WalletAuthorization:
        reference = request_uri.removeprefix(REQUEST_URI)
        is_ours = request_uri.startswith(REQUEST_URI) and len(reference) <= _MAX_REFERENCE
        found = uow.wallets.authorization_by_request(secret_digest(reference)) if is_ours else None
        if (
            found is None
            or not same_secret(client_id, found.client_id)
            or found.user_id is not None
            or found.expires_at <= self._clock.now()
        ):
            raise NotFound(_GONE)
        return found
