"""What wallets hold of us while they fetch a credential (OpenID4VCI): authorizations, access tokens, transactions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# So long a wallet may come for what it asked for, if nobody decides; then nothing is kept of its wish.
AWAITED_MOST: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class WalletAuthorization:
    """A pushed authorization request, and from the person's consent on the code that came of it.

    Args:
        request_digest: SHA-256 of the `request_uri`'s secret part; unique.
        client_id: As the wallet calls itself; it is not registered here.
        redirect_uri: Where the browser goes back to; the token request must repeat it.
        code_challenge: PKCE, S256.
        configuration_ids: What is asked for.
        state: The wallet's own, given back as it came.
        jkt: Thumbprint of the DPoP key that the request was bound to, if any.
        issuer_state: The offer id behind the request, if any.
        user_id: Who consented; None before.
        code_digest: SHA-256 of the code; None before.
        used_at: When the code was exchanged: once.
        by_scope: Asked for by scope, so that credential requests name configurations, not identifiers.
    """

    authorization_id: str
    request_digest: bytes
    client_id: str
    redirect_uri: str
    code_challenge: str
    configuration_ids: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    state: str | None = None
    jkt: str | None = None
    issuer_state: str | None = None
    user_id: str | None = None
    code_digest: bytes | None = None
    used_at: datetime | None = None
    by_scope: bool = False


@dataclass(frozen=True, slots=True)
class WalletToken:
    """An access token: it serves its own offer, or its own person and configurations, and nothing else.

    Args:
        digest: SHA-256 of the token.
        offer_id: The offer whose code was exchanged; None under the authorization code flow.
        user_id: Who consented; None under the pre-authorized code flow.
        authorization_id: The authorization whose code was exchanged; None under the pre-authorized code flow.
        configuration_ids: What may be asked for.
        identifiers: `credential_identifiers` that were given out; empty where configurations are to be named.
        jkt: Thumbprint of the DPoP key it is bound to; None for a bearer token.
    """

    token_id: str
    digest: bytes
    configuration_ids: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    offer_id: str | None = None
    user_id: str | None = None
    identifiers: tuple[str, ...] = ()
    jkt: str | None = None
    client_id: str | None = None
    authorization_id: str | None = None


class TransactionState(StrEnum):
    """A deferred issuance: waiting for a person, delivered once, or denied."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class WalletTransaction:
    """A wallet's wish that waits for a person's decision.

    Args:
        digest: SHA-256 of the transaction id, which the wallet alone has.
        token_id: The token it was made with; it lives on for this transaction.
        request_id: The credential request in the review queue.
        configuration_id: The form that is wanted.
        holders: The proven holders: a DID each (``did:jwk`` for bare keys).
    """

    transaction_id: str
    digest: bytes
    token_id: str
    request_id: str
    configuration_id: str
    holders: tuple[str, ...]
    created_at: datetime
    state: TransactionState = TransactionState.WAITING
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WalletNotification:
    """What a wallet may tell us about credentials that it got.

    Args:
        digest: SHA-256 of the notification id.
        event: ``credential_accepted``, ``credential_failure``, ``credential_deleted``; None until told.
    """

    digest: bytes
    token_id: str
    credential_ids: tuple[str, ...]
    created_at: datetime
    event: str | None = None
    told_at: datetime | None = None
