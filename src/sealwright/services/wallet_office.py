"""The desk for wallets (OpenID4VCI), joined."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sealwright.services.copies import Copies
from sealwright.services.dpop import DPoPDesk
from sealwright.services.intake import Intake
from sealwright.services.offer_moves import OfferMoves
from sealwright.services.office_secrets import OfficeSecrets
from sealwright.services.ports import Clock, UnitOfWorkFactory
from sealwright.services.registry import Registry
from sealwright.services.wallet_access import WalletAccess
from sealwright.services.wallet_handing import WalletHanding
from sealwright.services.wallet_issuing import WalletIssuing
from sealwright.services.wallet_metadata import WalletMetadata
from sealwright.services.wallet_nonces import WalletNonces
from sealwright.services.wallet_offers import WalletOffers
from sealwright.services.wallet_sign_in import WalletSignIn
from sealwright.services.wallet_tokens import WalletTokens
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.proofs.canonical import CanonicalForms


@dataclass(frozen=True, slots=True)
class WalletCounter:
    """Everything that wallets come for, one part for each endpoint or group of them."""

    metadata: WalletMetadata
    offers: WalletOffers
    tokens: WalletTokens
    access: WalletAccess
    nonces: WalletNonces
    issuing: WalletIssuing


def join_wallet(
    *,
    units: UnitOfWorkFactory,
    registry: Registry,
    secrets: OfficeSecrets,
    moves: OfferMoves,
    copies: Copies,
    intake: Intake,
    resolver: DIDResolver,
    canon: CanonicalForms,
    clock: Clock,
    public_url: str,
    organization: str,
    locale: str,
    token_ttl: timedelta,
) -> tuple[WalletCounter, WalletSignIn]:
    """Build what the office calls `wallet` and `wallet_sign_in`.

    Args:
        locale: The office's own language.
        token_ttl: How long access tokens live.
    """
    nonces = WalletNonces(units, secrets, clock)
    dpop = DPoPDesk(units, nonces, clock, public_url)
    metadata = WalletMetadata(units, registry, public_url=public_url, organization=organization, locale=locale)
    access = WalletAccess(units, dpop, clock, token_ttl)
    counter = WalletCounter(
        metadata=metadata,
        offers=WalletOffers(
            units=units, secrets=secrets, moves=moves, metadata=metadata, clock=clock, public_url=public_url
        ),
        tokens=WalletTokens(units=units, moves=moves, metadata=metadata, access=access, dpop=dpop, clock=clock),
        access=access,
        nonces=nonces,
        issuing=WalletIssuing(
            units=units,
            secrets=secrets,
            metadata=metadata,
            access=access,
            nonces=nonces,
            handing=WalletHanding(copies),
            intake=intake,
            resolver=resolver,
            canon=canon,
            clock=clock,
            public_url=public_url,
        ),
    )
    return counter, WalletSignIn(units=units, metadata=metadata, dpop=dpop, clock=clock, public_url=public_url)
