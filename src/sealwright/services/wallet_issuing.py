"""The credential endpoint and its sequels: deferred delivery, and what wallets tell us afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.errors import DomainError, OfficeClosed, RequestPendingExists
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.ids import new_id
from sealwright.domain.people import Caller
from sealwright.domain.wallets import TransactionState, WalletNotification, WalletToken, WalletTransaction
from sealwright.protocols.openid4vci.configurations import configuration_of, split_configuration
from sealwright.protocols.openid4vci.errors import OAuthCode, TokenRefused, WalletRefused
from sealwright.protocols.openid4vci.proofs import ProofRules, ProvenHolder, check_di_vp_proof, check_jwt_proof
from sealwright.protocols.openid4vci.requests import (
    CredentialRequest,
    read_credential_request,
    read_deferred_request,
    read_notification,
)
from sealwright.services.intake import Intake
from sealwright.services.offer_moves import offer_event
from sealwright.services.office_secrets import OfficeSecrets, secret_digest
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.review_values import NewRequest
from sealwright.services.wallet_access import WalletAccess, wallet_actor
from sealwright.services.wallet_handing import Handing, Holder, WalletHanding
from sealwright.services.wallet_metadata import WalletMetadata
from sealwright.services.wallet_nonces import WalletNonces
from sealwright.services.wallet_sources import Awaited, Ready, bound_holder, denied, of_offer, of_person, of_reference
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import VcError
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.canonical import CanonicalForms

INTERVAL_SECONDS: Final = 5
_NO_TRANSACTION: Final = "There is no such transaction, or it was delivered."


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Credentials on their way to a wallet."""

    records: tuple[CredentialRecord, ...]
    form: CredentialFormat
    notification_id: str | None


@dataclass(frozen=True, slots=True)
class Deferred:
    """A decision is awaited; the wallet comes again."""

    transaction_id: str
    interval_seconds: int = INTERVAL_SECONDS


class WalletIssuing:
    """Answers wallets that come with an access token."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        secrets: OfficeSecrets,
        metadata: WalletMetadata,
        access: WalletAccess,
        nonces: WalletNonces,
        handing: WalletHanding,
        intake: Intake,
        resolver: DIDResolver,
        canon: CanonicalForms,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._units = units
        self._secrets = secrets
        self._metadata = metadata
        self._access = access
        self._nonces = nonces
        self._handing = handing
        self._intake = intake
        self._resolver = resolver
        self._canon = canon
        self._clock = clock
        self._public_url = public_url

    # -- credential endpoint -----------------------------------------------------------------------

    def credential(
        self, token: WalletToken, body: Mapping[str, JSONValue], *, request_id: str | None
    ) -> HandedOver | Deferred:
        """Answer a credential request.

        Raises:
            WalletRefused: By the table of the specification; TokenRefused for a token whose time is over.
            SigningFailed, OfficeClosed: The office cannot issue now.

        Spec: OpenID4VCI 1.0, "Credential Endpoint".
        """
        self._access.require_alive(token)
        request = read_credential_request(body)
        configuration = self._configuration(token, request)
        proven = self._proven(token, request)
        if not self._nonces.spend({one.nonce for one in proven}):
            raise WalletRefused(OAuthCode.INVALID_NONCE, "The nonce is too old, or was used; get another one.")
        holders = self._bound(token, proven)
        wanted = split_configuration(configuration)
        assert wanted is not None
        name, form = wanted
        source = self._source(token, name)
        if isinstance(source, Ready):
            handing = Handing(token, configuration, source.record, CredentialFormat(form), holders, request_id)
            return self._given(handing, None)
        return self._defer(token, configuration, name, holders, request_id)

    def _configuration(self, token: WalletToken, request: CredentialRequest) -> str:
        """Which configuration is asked for, if the token serves it."""
        if request.identifier is not None:
            if request.identifier not in token.identifiers:
                detail = "This credential_identifier was not given out with the token."
                raise WalletRefused(OAuthCode.UNKNOWN_CREDENTIAL_IDENTIFIER, detail)
            return configuration_of(request.identifier)
        configuration = request.configuration_id or ""
        if not self._metadata.is_known(configuration):
            raise WalletRefused(OAuthCode.UNKNOWN_CREDENTIAL_CONFIGURATION, "There is no such configuration.")
        if token.identifiers:
            detail = "The token came with credential identifiers; name one of them."
            raise WalletRefused(OAuthCode.INVALID_CREDENTIAL_REQUEST, detail)
        if configuration not in token.configuration_ids:
            detail = "The token does not serve this configuration."
            raise WalletRefused(OAuthCode.INVALID_CREDENTIAL_REQUEST, detail)
        return configuration

    def _proven(self, token: WalletToken, request: CredentialRequest) -> tuple[ProvenHolder, ...]:
        rules = ProofRules(self._public_url, token.client_id, self._clock.now())
        if request.proof_type == "jwt":
            proven = tuple(check_jwt_proof(one, rules, self._resolver) for one in request.proofs)
        else:
            proven = tuple(check_di_vp_proof(one, rules, self._resolver, self._canon) for one in request.proofs)
        if len({one.thumbprint for one in proven}) != len(proven):
            raise WalletRefused(OAuthCode.INVALID_PROOF, "Each proof must be by a key of its own.")
        return proven

    def _bound(self, token: WalletToken, proven: Sequence[ProvenHolder]) -> tuple[Holder, ...]:
        """The holders that the credentials will name, if the offer is for them.

        Raises:
            WalletRefused: ``invalid_proof``: the offer is bound to another holder.
        """
        holders = tuple(Holder(one.did, one.key) for one in proven)
        if token.offer_id is None:
            return holders
        with self._units(write=False) as uow:
            offer = uow.offers.get(token.offer_id)
            bound = bound_holder(uow, offer) if offer is not None else None
        if bound is None or all(holder.did == bound for holder in holders):
            return holders
        keys = self._keys_of(bound)
        if all(holder.did == bound or holder.key in keys for holder in holders):
            # The holder's own key, sent without the DID that lists it.
            return tuple(replace(holder, did=bound) for holder in holders)
        raise WalletRefused(OAuthCode.INVALID_PROOF, "The offer is for another holder; prove a key of its DID.")

    def _keys_of(self, did: str) -> tuple[PublicKey, ...]:
        try:
            resolved = self._resolver.resolve(did)
        except VcError:
            return ()
        if resolved.deactivated:
            return ()
        listed = (resolved.document.method(one) for one in resolved.document.relationship("authentication"))
        usable = (one for one in listed if one is not None and one.id not in resolved.compromised_methods)
        return tuple(one.public_key for one in usable if one.controller == did)

    def _source(self, token: WalletToken, name: str) -> Ready | Awaited | None:
        now = self._clock.now()
        with self._units(write=False) as uow:
            if token.offer_id is None:
                assert token.user_id is not None
                return of_person(uow, token.user_id, name, now)
            offer = uow.offers.get(token.offer_id)
            if offer is None:
                raise denied()
            return of_offer(uow, offer, now)

    # -- what is awaited ---------------------------------------------------------------------------

    def _defer(
        self, token: WalletToken, configuration: str, name: str, holders: tuple[Holder, ...], request_id: str | None
    ) -> Deferred:
        """Let the wallet wait; where nothing was asked for yet, the request enters the review queue."""
        for is_last in (False, True):
            try:
                with self._units() as uow:
                    awaited = self._awaited(uow, token, name, request_id)
                    transaction = self._transaction(uow, token, configuration, awaited.reference, holders)
                    uow.commit()
                return Deferred(transaction)
            except RequestPendingExists:
                # Somebody else asked for it at this very moment, for the same person: theirs is awaited too.
                if is_last:
                    raise denied() from None
            except OfficeClosed:
                raise
            except DomainError:
                # Not an improver, not a type that may be asked for, already held …: the wallet cannot mend it.
                raise denied("This credential cannot be asked for.") from None
        raise AssertionError

    def _awaited(self, uow: UnitOfWork, token: WalletToken, name: str, request_id: str | None) -> Awaited:
        epoch = uow.office.epoch(shared_lock=True)
        now = self._clock.now()
        if token.offer_id is not None:
            offer = uow.offers.get(token.offer_id)
            if offer is None:
                raise denied()
            found: Ready | Awaited | None = of_offer(uow, offer, now)
        else:
            assert token.user_id is not None
            found = of_person(uow, token.user_id, name, now)
        if isinstance(found, Awaited):
            return found
        if isinstance(found, Ready):
            # Decided and signed since it was looked at: the wallet gets it when it comes again.
            assert found.record.grant_id is not None or token.offer_id is not None
            return Awaited(found.record.grant_id or token.offer_id or "")
        person = uow.people.get(token.user_id) if token.user_id is not None else None
        caller = Caller(wallet_actor(token), epoch, person=person, request_id=request_id)
        return Awaited(self._intake.request(uow, caller, NewRequest(name)).request.request_id)

    def _transaction(
        self, uow: UnitOfWork, token: WalletToken, configuration: str, reference: str, holders: tuple[Holder, ...]
    ) -> str:
        """The id under which a wallet comes again: the same one while it asks for the same."""
        self._secrets.ready(uow)
        dids = tuple(holder.did for holder in holders)
        known = uow.wallets.transaction_of(token.token_id, reference, configuration, dids)
        if known is not None:
            return self._secrets.token("transaction", known.transaction_id)
        transaction_id = new_id("wtx")
        text = self._secrets.token("transaction", transaction_id)
        uow.wallets.add_transaction(
            WalletTransaction(
                transaction_id=transaction_id,
                digest=secret_digest(text),
                token_id=token.token_id,
                request_id=reference,
                configuration_id=configuration,
                holders=dids,
                created_at=self._clock.now(),
            )
        )
        return text

    # -- deferred credential endpoint --------------------------------------------------------------

    def deferred(
        self, token: WalletToken, body: Mapping[str, JSONValue], *, request_id: str | None
    ) -> HandedOver | Deferred:
        """Answer a wallet that comes again: once with the credentials, before that with the same transaction id.

        A token whose time is over still serves what was asked with it before.

        Raises:
            WalletRefused: ``invalid_transaction_id``, ``credential_request_denied``, ``invalid_credential_request``.
            SigningFailed, OfficeClosed: The office cannot issue now.

        Spec: OpenID4VCI 1.0, "Deferred Credential Endpoint".
        """
        request = read_deferred_request(body)
        text = request.transaction_id
        with self._units(write=False) as uow:
            found = uow.wallets.transaction_by_digest(secret_digest(text))
        if found is None or found.token_id != token.token_id or found.state is TransactionState.DELIVERED:
            self._access.require_alive(token)
            raise WalletRefused(OAuthCode.INVALID_TRANSACTION_ID, _NO_TRANSACTION)
        if found.state is TransactionState.DENIED:
            raise denied()
        try:
            source = self._outcome(token, found)
            if isinstance(source, Awaited):
                return Deferred(text)
            given = self._given(self._deferred_handing(token, found, source, request_id), found)
            return given if request.with_notification else replace(given, notification_id=None)
        except WalletRefused as refusal:
            if refusal.code is OAuthCode.CREDENTIAL_REQUEST_DENIED:
                self._end(found, TransactionState.DENIED)
            raise

    def _outcome(self, token: WalletToken, transaction: WalletTransaction) -> Ready | Awaited:
        now = self._clock.now()
        with self._units(write=False) as uow:
            if token.offer_id is None:
                return of_reference(uow, transaction.request_id, now)
            offer = uow.offers.get(token.offer_id)
            if offer is None:
                raise denied()
            bound = bound_holder(uow, offer)
            if bound is not None and set(transaction.holders) != {bound}:
                # Nobody knew the holder's DID when the wallet proved its key; by now it is another one.
                raise denied("The credential is for another holder.")
            return of_offer(uow, offer, now)

    @staticmethod
    def _deferred_handing(
        token: WalletToken, transaction: WalletTransaction, source: Ready, request_id: str | None
    ) -> Handing:
        wanted = split_configuration(transaction.configuration_id)
        assert wanted is not None
        holders = tuple(Holder(did) for did in transaction.holders)
        form = CredentialFormat(wanted[1])
        return Handing(token, transaction.configuration_id, source.record, form, holders, request_id)

    def _end(self, transaction: WalletTransaction, state: TransactionState) -> None:
        with self._units() as uow:
            uow.wallets.end_transaction(replace(transaction, state=state, ended_at=self._clock.now()))
            uow.commit()

    # -- handing over ------------------------------------------------------------------------------

    def _given(self, handing: Handing, transaction: WalletTransaction | None) -> HandedOver:
        """Make the credentials, then end the transaction that they were awaited under: it delivers once."""
        records = self._handing.hand_over(handing)
        notification_id = secrets.token_urlsafe(32)
        now = self._clock.now()
        with self._units() as uow:
            if transaction is not None:
                ended = replace(transaction, state=TransactionState.DELIVERED, ended_at=now)
                if not uow.wallets.end_transaction(ended):
                    raise WalletRefused(OAuthCode.INVALID_TRANSACTION_ID, _NO_TRANSACTION)
            uow.wallets.add_notification(
                WalletNotification(
                    digest=secret_digest(notification_id),
                    token_id=handing.token.token_id,
                    credential_ids=tuple(record.credential_id for record in records),
                    created_at=now,
                )
            )
            uow.commit()
        return HandedOver(records, handing.form, notification_id)

    # -- notification endpoint ---------------------------------------------------------------------

    def notify(self, token: WalletToken, body: Mapping[str, JSONValue], *, request_id: str | None) -> None:
        """Note what a wallet tells of credentials that it got; nothing moves by it, and once told it stays told.

        Raises:
            WalletRefused: ``invalid_notification_id``, ``invalid_notification_request``.

        Spec: OpenID4VCI 1.0, "Notification Endpoint".
        """
        text, event = read_notification(body)
        digest = secret_digest(text)
        with self._units() as uow:
            known = uow.wallets.notification_by_digest(digest)
            is_own = known is not None and known.token_id == token.token_id
            if not self._access.is_alive(token) and not (is_own and known and known.created_at >= token.expires_at):
                # Credentials that were awaited may come after the token's time; of those its wallet may still tell.
                raise TokenRefused("The access token has expired.", scheme="DPoP" if token.jkt else "Bearer")
            if known is None or not is_own:
                raise WalletRefused(OAuthCode.INVALID_NOTIFICATION_ID, "There is no such notification id.")
            if known.event == event:
                return
            now = self._clock.now()
            uow.wallets.tell(digest, event, now)
            uow.audit.append(_told(uow, token, known, event, now, request_id=request_id))
            uow.commit()


def _told(
    uow: UnitOfWork,
    token: WalletToken,
    known: WalletNotification,
    event: str,
    now: datetime,
    *,
    request_id: str | None,
) -> AuditEntry:
    """Word the audit row of what a wallet told: of its offer, where there was one, else of the credential."""
    actor = wallet_actor(token)
    offer = uow.offers.get(token.offer_id) if token.offer_id is not None else None
    if offer is not None:
        row = offer_event("offer.notified", offer, actor, now, request_id=request_id)
        return replace(row, data={**row.data, "notification": event})
    record = uow.credentials.get(known.credential_ids[0])
    return AuditEntry(
        actor=actor,
        action="offer.notified",
        object_type="credential",
        object_id=known.credential_ids[0],
        at=now,
        data={
            "credentialId": known.credential_ids[0],
            "issuerDid": record.issuer_did if record is not None else None,
            "notification": event,
        },
        request_id=request_id,
    )
