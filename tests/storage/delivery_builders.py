"""Values of delivery for the storage tests: usual ones, with what a test cares about passed by name."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from sealwright.domain.didcomm import DidcommMessage, DidcommThread, Direction, ThreadState
from sealwright.domain.disclosures import DisclosureLink
from sealwright.domain.offers import Offer, OfferBinding, OfferChannel, OfferState
from sealwright.domain.parcels import Parcel, ParcelKind
from sealwright.domain.presenting import PresentationRequest
from sealwright.domain.sharing import Share
from sealwright.domain.wallets import WalletAuthorization, WalletNotification, WalletToken, WalletTransaction
from sealwright.domain.webhooks import Webhook, WebhookStatus
from tests.storage.builders import HOLDER, ISSUER, NOW

HOUR = timedelta(hours=1)


def digest(text: str) -> bytes:
    """A digest that follows from a name."""
    return hashlib.sha256(text.encode()).digest()


def offer(offer_id: str = "off_one", **changes: Any) -> Offer:
    """An open offer of a signed credential by a scanned code."""
    usual = Offer(
        offer_id=offer_id,
        channel=OfferChannel.QR,
        state=OfferState.CREATED,
        binding=OfferBinding.HOLDER,
        created_by="usr_reviewer",
        created_at=NOW,
        expires_at=NOW + HOUR,
        credential_id="urn:uuid:one",
        grant_id="grt_one",
        credential_type="degree",
        schema_id="degree-v1",
        issuer_did=ISSUER,
        holder_did=HOLDER,
        holder_user_id="usr_ada",
        secret_digest=digest(f"secret of {offer_id}"),
        code_digest=digest(f"code of {offer_id}"),
        tx_code_required=True,
    )
    return replace(usual, **changes)


def wallet_authorization(authorization_id: str = "wau_one", **changes: Any) -> WalletAuthorization:
    """A pushed request that nobody has consented to."""
    usual = WalletAuthorization(
        authorization_id=authorization_id,
        request_digest=digest(authorization_id),
        client_id="https://wallet.example",
        redirect_uri="https://wallet.example/back",
        code_challenge="c" * 43,
        configuration_ids=("degree",),
        created_at=NOW,
        expires_at=NOW + HOUR,
        state="xyz",
    )
    return replace(usual, **changes)


def wallet_token(token_id: str = "wtk_one", **changes: Any) -> WalletToken:
    """An access token for one offer."""
    usual = WalletToken(
        token_id=token_id,
        digest=digest(token_id),
        configuration_ids=("degree",),
        created_at=NOW,
        expires_at=NOW + HOUR,
        offer_id="off_one",
        identifiers=("degree#1",),
        jkt="thumb",
        client_id="wallet",
    )
    return replace(usual, **changes)


def wallet_transaction(transaction_id: str = "wtx_one", token_id: str = "wtk_one", **changes: Any) -> WalletTransaction:
    """A wish that waits for a decision."""
    usual = WalletTransaction(
        transaction_id=transaction_id,
        digest=digest(transaction_id),
        token_id=token_id,
        request_id="req_one",
        configuration_id="degree",
        holders=("did:jwk:one", "did:jwk:two"),
        created_at=NOW,
    )
    return replace(usual, **changes)


def wallet_notification(of: bytes = b"n", token_id: str = "wtk_one", **changes: Any) -> WalletNotification:
    """A notification that was not told yet."""
    return replace(WalletNotification(of, token_id, ("urn:uuid:one",), NOW), **changes)


def parcel(parcel_id: str = "dlv_one", **changes: Any) -> Parcel:
    """A webhook's parcel that is due now."""
    usual = Parcel(
        parcel_id=parcel_id,
        kind=ParcelKind.WEBHOOK,
        subject="whk_one",
        reference=parcel_id,
        label="credential.issued",
        created_at=NOW,
        due_at=NOW,
        give_up_at=NOW + timedelta(hours=24),
    )
    return replace(usual, **changes)


def webhook(webhook_id: str = "whk_one", **changes: Any) -> Webhook:
    """An active endpoint."""
    usual = Webhook(
        webhook_id=webhook_id,
        owner_kind="api_key",
        owner_id="key_one",
        url="https://example.org/hook",
        events=("credential.issued", "offer.delivered"),
        description="Ours.",
        status=WebhookStatus.ACTIVE,
        secrets=(b"\x00new\xff", b"old"),
        position=7,
        created_at=NOW,
        rotated_at=NOW,
        failing_since=NOW,
    )
    return replace(usual, **changes)


def didcomm_thread(thread_id: str = "thr_one", **changes: Any) -> DidcommThread:
    """A thread in which a credential was offered."""
    usual = DidcommThread(thread_id, ISSUER, HOLDER, ThreadState.OFFERED, NOW, NOW, "off_one", "urn:uuid:one")
    return replace(usual, **changes)


def didcomm_message(message_id: str = "msg_one", thread_id: str = "thr_one", **changes: Any) -> DidcommMessage:
    """A message that is to be sent."""
    kind = "https://didcomm.org/issue-credential/3.0/offer-credential"
    usual = DidcommMessage(message_id, thread_id, kind, Direction.OUTBOUND, NOW, b"\x00sealed\xff")
    return replace(usual, **changes)


def share(uid: UUID, **changes: Any) -> Share:
    """A public page that shows no claims."""
    return replace(Share(uid, digest(str(uid)), NOW, NOW), **changes)


def presentation(presentation_id: str = "prs_one", **changes: Any) -> PresentationRequest:
    """A request that no wallet has fetched."""
    usual = PresentationRequest(
        presentation_id=presentation_id,
        digest=digest(presentation_id),
        reader_digest=digest(f"reader of {presentation_id}"),
        owner="anyone",
        credential_type="degree",
        claims=("name", "gpa"),
        created_at=NOW,
        expires_at=NOW + HOUR,
    )
    return replace(usual, **changes)


def disclosure_link(disclosure_id: str = "dsc_one", *, uid: UUID, **changes: Any) -> DisclosureLink:
    """A link that nobody has opened."""
    usual = DisclosureLink(
        disclosure_id=disclosure_id,
        uid=uid,
        user_id="usr_ada",
        digest=digest(disclosure_id),
        document=b'{"type":"VerifiableCredential"}',
        is_text=False,
        shown=2,
        created_at=NOW,
        expires_at=NOW + HOUR,
    )
    return replace(usual, **changes)
