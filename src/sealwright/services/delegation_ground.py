"""What the parts of the delegation office stand on."""

from __future__ import annotations

from dataclasses import dataclass

from sealwright.services.access import Access
from sealwright.services.acts import Acts
from sealwright.services.api_keys import ApiKeyDesk
from sealwright.services.dids import DIDDesk
from sealwright.services.intake import Intake
from sealwright.services.issuance import Issuing
from sealwright.services.notices import NoticeDesk
from sealwright.services.ports import Clock, KeyStore, Metrics, UnitOfWorkFactory
from sealwright.services.presentation_making import PresentationMaking
from sealwright.services.registry import Registry
from sealwright.services.revocation import RevocationDesk
from sealwright.services.shelf import CredentialShelf
from sealwright.services.verification import Verifier
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.dids.resolver import DIDResolver


@dataclass(frozen=True, slots=True)
class DelegationGround:
    """What the office has joined before, and delegations rest on."""

    units: UnitOfWorkFactory
    registry: Registry
    access: Access
    acts: Acts
    issuing: Issuing
    intake: Intake
    revocation: RevocationDesk
    verifier: Verifier
    shelf: CredentialShelf
    presentation_making: PresentationMaking
    dids: DIDDesk
    api_keys: ApiKeyDesk
    notices: NoticeDesk
    resolver: DIDResolver
    keys: KeyStore
    canon: Canonicalizer
    metrics: Metrics
    clock: Clock
    public_url: str
