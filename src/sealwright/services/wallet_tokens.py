"""The token endpoint: codes become access tokens, once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealwright.domain.delivering import WAITED_OFFER
from sealwright.domain.delivery_errors import InvalidTxCode, OfferNotFound
from sealwright.domain.errors import DomainError
from sealwright.domain.offers import Offer, OfferChannel, OfferState
from sealwright.domain.people import Actor
from sealwright.domain.wallets import WalletAuthorization
from sealwright.protocols.openid4vci.authorization import is_verifier_of
from sealwright.protocols.openid4vci.configurations import identifier_of
from sealwright.protocols.openid4vci.errors import OAuthCode, WalletRefused
from sealwright.protocols.openid4vci.metadata import DETAILS_TYPE
from sealwright.protocols.openid4vci.requests import CodeRequest, PreAuthorizedRequest, read_token_request
from sealwright.services.dpop import DPoPDesk
from sealwright.services.offer_moves import OfferMoves
from sealwright.services.office_secrets import secret_digest
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.wallet_access import WalletAccess, wallet_actor
from sealwright.services.wallet_metadata import WalletMetadata
from sealwright.vc.encoding.strict_json import JSONValue

TOKEN_PATH: Final = "/oid4vci/token"  # noqa: S105 - an address
CODE_KIND: Final = "pre-authorized-code"
_NO_CODE: Final = "The code is wrong, was used, or its time is over."
_OPEN_FOR_WALLETS: Final = frozenset({OfferState.WAITING, OfferState.CREATED, OfferState.SENT, OfferState.OPENED})


class WalletTokens:
    """Exchanges codes for access tokens."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        moves: OfferMoves,
        metadata: WalletMetadata,
        access: WalletAccess,
        dpop: DPoPDesk,
        clock: Clock,
    ) -> None:
        self._units = units
        self._moves = moves
        self._metadata = metadata
        self._access = access
        self._dpop = dpop
        self._clock = clock

    def exchange(self, form: Mapping[str, str], dpop: str | None, *, request_id: str | None) -> dict[str, JSONValue]:
        """Answer a token request.

        Args:
            dpop: The header of that name: the token is then bound to its key.

        Raises:
            WalletRefused: By the tables of RFC 6749, RFC 9449 and OpenID4VCI.

        Spec: OpenID4VCI 1.0, "Token Endpoint".
        """
        request = read_token_request(form)
        jkt = self._dpop.check(dpop, path=TOKEN_PATH) if dpop is not None else None
        if isinstance(request, PreAuthorizedRequest):
            return self._for_offer(request, jkt, request_id)
        return self._for_person(request, jkt)

    # -- pre-authorized codes ----------------------------------------------------------------------

    def _for_offer(
        self, request: PreAuthorizedRequest, jkt: str | None, request_id: str | None
    ) -> dict[str, JSONValue]:
        with self._units(write=False) as uow:
            seen = uow.offers.by_code(secret_digest(request.code))
        if seen is None or not self._takes_codes(seen):
            raise WalletRefused(OAuthCode.INVALID_GRANT, _NO_CODE)
        offered = self._metadata.configurations_of(seen)
        wanted = _wanted(request.details, offered)
        _require_form_of_code(seen, request.tx_code)
        identifiers = tuple(map(identifier_of, wanted)) if request.details is not None else ()
        with self._units() as uow:
            uow.office.epoch(shared_lock=True)
            refusal = self._accept(uow, seen.offer_id, request, wallet_actor(None), request_id)
            if refusal is None:
                token = self._access.grant(
                    uow, wanted, identifiers=identifiers, jkt=jkt, client_id=request.client_id, offer_id=seen.offer_id
                )
            # A wrong transaction code stays counted, whatever the wallet is told.
            uow.commit()
        if refusal is not None:
            raise refusal
        return self._answer(token, jkt, identifiers, wanted)

    def _takes_codes(self, offer: Offer) -> bool:
        is_open = offer.state_at(self._clock.now()) in _OPEN_FOR_WALLETS
        return is_open and offer.channel is OfferChannel.QR and not offer.is_locked

    def _accept(
        self, uow: UnitOfWork, offer_id: str, request: PreAuthorizedRequest, actor: Actor, request_id: str | None
    ) -> WalletRefused | None:
        """Use an offer's code; the refusal, if any, is given back, so that the count of wrong tries is committed."""
        try:
            offer = self._moves.hold(uow, offer_id).offer
        except OfferNotFound:
            return WalletRefused(OAuthCode.INVALID_GRANT, _NO_CODE)
        if not self._takes_codes(offer):
            return WalletRefused(OAuthCode.INVALID_GRANT, _NO_CODE)
        refusal = self._moves.try_code(uow, offer, request.tx_code, actor, request_id=request_id)
        if refusal is not None:
            return _told(refusal)
        # A decision may lengthen the time of an offer; its code stays used all the while.
        if not uow.spent.spend(CODE_KIND, secret_digest(request.code), offer.expires_at + 2 * WAITED_OFFER):
            return WalletRefused(OAuthCode.INVALID_GRANT, _NO_CODE)
        if offer.state is not OfferState.WAITING:
            # One that waits goes on waiting: its credential has still to be decided on.
            self._moves.move(uow, offer, OfferState.ACCEPTED, actor, request_id=request_id)
        return None

    # -- authorization codes -----------------------------------------------------------------------

    def _for_person(self, request: CodeRequest, jkt: str | None) -> dict[str, JSONValue]:
        with self._units() as uow:
            known = uow.wallets.authorization_by_code(secret_digest(request.code))
            if known is not None and known.used_at is not None:
                raise self._came_twice(uow, known)
            authorization = self._authorized(uow, known, request, jkt)
            wanted = _wanted(request.details, authorization.configuration_ids)
            named = request.details is not None or not authorization.by_scope
            identifiers = tuple(map(identifier_of, wanted)) if named else ()
            if not uow.wallets.use_code(authorization.authorization_id, self._clock.now()):
                raise self._came_twice(uow, authorization)
            token = self._access.grant(
                uow,
                wanted,
                identifiers=identifiers,
                jkt=jkt,
                client_id=authorization.client_id,
                authorization=authorization,
            )
            uow.commit()
        return self._answer(token, jkt, identifiers, wanted)

    def _came_twice(self, uow: UnitOfWork, authorization: WalletAuthorization) -> WalletRefused:
        """End what came of a code; gives the refusal for whoever brings it again.

        Whoever comes second may be the wallet and whoever came first a thief: neither keeps a token, nor what was asked
        for with it, which outlives it.

        Spec: RFC 6749, "Authorization Response".
        """
        now = self._clock.now()
        uow.wallets.end_tokens(authorization.authorization_id, now)
        uow.wallets.deny_waiting(authorization.authorization_id, now)
        uow.commit()
        return WalletRefused(OAuthCode.INVALID_GRANT, _NO_CODE)

    def _authorized(
        self, uow: UnitOfWork, known: WalletAuthorization | None, request: CodeRequest, jkt: str | None
    ) -> WalletAuthorization:
        refused = WalletRefused(OAuthCode.INVALID_GRANT, _NO_CODE)
        if known is None or known.user_id is None or known.expires_at <= self._clock.now():
            raise refused
        if known.client_id != request.client_id or known.redirect_uri != request.redirect_uri:
            raise refused
        if not is_verifier_of(known.code_challenge, request.verifier):
            raise WalletRefused(OAuthCode.INVALID_GRANT, "The code_verifier does not belong to the code.")
        if known.jkt is not None and known.jkt != jkt:
            raise WalletRefused(OAuthCode.INVALID_GRANT, "The code is bound to another key.")
        person = uow.people.get(known.user_id)
        if person is None or not person.active:
            raise refused
        return known

    def _answer(
        self, token: str, jkt: str | None, identifiers: tuple[str, ...], configuration_ids: tuple[str, ...]
    ) -> dict[str, JSONValue]:
        answer: dict[str, JSONValue] = {
            "access_token": token,
            "token_type": "Bearer" if jkt is None else "DPoP",
            "expires_in": self._access.ttl_seconds,
        }
        if identifiers:
            details: list[JSONValue] = [
                {"type": DETAILS_TYPE, "credential_configuration_id": one, "credential_identifiers": [identifier]}
                for one, identifier in zip(configuration_ids, identifiers, strict=True)
            ]
            answer["authorization_details"] = details
        return answer


def _wanted(details: tuple[str, ...] | None, offered: tuple[str, ...]) -> tuple[str, ...]:
    """What a token is for: what was named, if all of it was offered; else all that was offered."""
    if details is None:
        return offered
    if not set(details) <= set(offered):
        raise WalletRefused(
            OAuthCode.INVALID_AUTHORIZATION_DETAILS, "The authorization_details name what was not offered."
        )
    return details


def _require_form_of_code(offer: Offer, tx_code: str | None) -> None:
    """Raises WalletRefused for a transaction code that is missing or not expected; neither is a try."""
    if offer.tx_code_required and tx_code is None:
        raise WalletRefused(OAuthCode.INVALID_REQUEST, "The transaction code is missing.")
    if not offer.tx_code_required and tx_code is not None:
        raise WalletRefused(OAuthCode.INVALID_REQUEST, "No transaction code is expected.")


def _told(refusal: DomainError) -> WalletRefused:
    if isinstance(refusal, InvalidTxCode):
        return WalletRefused(OAuthCode.INVALID_GRANT, "The transaction code is wrong.")
    return WalletRefused(OAuthCode.INVALID_GRANT, _NO_CODE)
