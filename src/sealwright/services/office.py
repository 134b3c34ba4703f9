"""The office, joined: every service that a door may call, built by `bootstrap` and handed to web and cli."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sealwright.services.access import Access
from sealwright.services.access_check import AccessDesk
from sealwright.services.account_sheets import AccountSheets
from sealwright.services.acts import Acts
from sealwright.services.analytics import AnalyticsDesk
from sealwright.services.answering import AnsweringDesk
from sealwright.services.api_keys import ApiKeyDesk
from sealwright.services.attachments import AttachmentDesk
from sealwright.services.auditing import Auditing
from sealwright.services.bulk_office import BulkOffice
from sealwright.services.catalog import CatalogDesk
from sealwright.services.claiming import ClaimingDesk
from sealwright.services.copies import Copies
from sealwright.services.credential_sheets import CredentialSheets
from sealwright.services.delegation_office import Delegations
from sealwright.services.deriving import Deriving
from sealwright.services.did_resolution import ResolutionDesk
from sealwright.services.didcomm import DidcommDesk
from sealwright.services.dids import DIDDesk
from sealwright.services.disclosing import Disclosing
from sealwright.services.dispatching import Dispatching
from sealwright.services.downloads import Downloads
from sealwright.services.enrollment import EnrollmentDesk
from sealwright.services.event_feed import EventFeed
from sealwright.services.events import EventDesk
from sealwright.services.expiry import Expiry
from sealwright.services.feed import FeedDesk
from sealwright.services.gate import Gate
from sealwright.services.grant_issuance import GrantIssuance
from sealwright.services.granting import GrantingDesk
from sealwright.services.halting import Halting
from sealwright.services.holders import HolderDesk
from sealwright.services.intake import Intake
from sealwright.services.issuance import Issuing
from sealwright.services.looks import Looks
from sealwright.services.mailing import MailingDesk
from sealwright.services.notices import NoticeDesk
from sealwright.services.offer_moves import OfferMoves
from sealwright.services.offers import OfferDesk
from sealwright.services.office_secrets import OfficeSecrets
from sealwright.services.outside_presenting import OutsidePresenting
from sealwright.services.outside_sign_in import OutsideSignIn
from sealwright.services.own_data import OwnDataDesk
from sealwright.services.own_dids import OwnDIDs
from sealwright.services.own_means import OwnMeans
from sealwright.services.payouts import PayoutDesk
from sealwright.services.people import PeopleDesk
from sealwright.services.ports import Clock, KeyStore, Metrics, UnitOfWorkFactory
from sealwright.services.presentation_making import PresentationMaking
from sealwright.services.presenting import PresentingDesk
from sealwright.services.profile import ProfileDesk
from sealwright.services.proposing import ProposingDesk
from sealwright.services.queue_health import QueueHealth
from sealwright.services.redeeming import RedeemDesk
from sealwright.services.registry import Registry
from sealwright.services.reports import ReportDesk
from sealwright.services.review import ReviewDesk
from sealwright.services.revocation import RevocationDesk
from sealwright.services.saved_views import SavedViewDesk
from sealwright.services.schemas import SchemaDesk
from sealwright.services.series_desk import SeriesDesk
from sealwright.services.sessions import Sessions
from sealwright.services.setup import SetupDesk
from sealwright.services.sharing import Sharing
from sealwright.services.shelf import CredentialShelf
from sealwright.services.sign_in import SignInDesk
from sealwright.services.status_lists import StatusPublisher
from sealwright.services.step_work import StepDesk
from sealwright.services.stop_links import LetterStops
from sealwright.services.store_check import StoreCheck
from sealwright.services.tasks import Tasks
from sealwright.services.verification import Verifier
from sealwright.services.verify_desk import VerifyDesk
from sealwright.services.voting import VotingDesk
from sealwright.services.wallet_office import WalletCounter
from sealwright.services.wallet_sign_in import WalletSignIn
from sealwright.services.wallets import WalletDesk
from sealwright.services.webhooks import WebhookDesk
from sealwright.services.workflow_admin import WorkflowAdmin
from sealwright.services.workflow_clock import WorkflowClock


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits and lifetimes that the doors enforce. Rates are calls a minute, 0 for no limit.

    Args:
        undo_seconds: How long pages hold back signing and letters, so that a decision can be taken back.
    """

    body_max_bytes: int
    batch_body_max_bytes: int
    batch_inline_max: int
    rate_issue_per_minute: int
    rate_batch_per_minute: int
    rate_write_per_minute: int
    rate_act_per_minute: int
    rate_read_per_minute: int
    rate_public_per_minute: int
    status_ttl_seconds: int
    idempotency_ttl_seconds: int
    trusted_proxies: tuple[str, ...]
    metrics_token: str | None = field(repr=False)
    undo_seconds: int = 10


@dataclass(frozen=True, slots=True)
class Office:
    """Everything that a door needs.

    Args:
        health: Named checks of readiness (``database``, ``migrations``, ``keys``, ``audit``, ``queue``).
        start_background: Starts the threads that serving needs (gate, issuing line, tasks when asked for).
        start_work: Carries out tasks in a process that does not serve.
        close: Finishes what is under way and gives everything back.
    """

    public_url: str
    organization: str
    clock: Clock
    limits: Limits
    units: UnitOfWorkFactory
    keys: KeyStore
    registry: Registry
    access: Access
    gate: Gate
    acts: Acts
    issuing: Issuing
    shelf: CredentialShelf
    revocation: RevocationDesk
    dids: DIDDesk
    resolution: ResolutionDesk
    schemas: SchemaDesk
    verifier: Verifier
    status: StatusPublisher
    auditing: Auditing
    people: PeopleDesk
    api_keys: ApiKeyDesk
    sessions: Sessions
    sign_in: SignInDesk
    outside_sign_in: OutsideSignIn
    means: OwnMeans
    setup: SetupDesk
    profile: ProfileDesk
    wallets: WalletDesk
    own_dids: OwnDIDs
    own_data: OwnDataDesk
    attachments: AttachmentDesk
    enrollment: EnrollmentDesk
    catalog: CatalogDesk
    intake: Intake
    review: ReviewDesk
    granting: GrantingDesk
    credential_sheets: CredentialSheets
    account_sheets: AccountSheets
    looks: Looks
    grant_issuance: GrantIssuance
    expiry: Expiry
    holders: HolderDesk
    notices: NoticeDesk
    mailing: MailingDesk
    letter_stops: LetterStops
    analytics: AnalyticsDesk
    reports: ReportDesk
    saved_views: SavedViewDesk
    proposing: ProposingDesk
    voting: VotingDesk
    workflow_admin: WorkflowAdmin
    claiming: ClaimingDesk
    step_work: StepDesk
    feed: FeedDesk
    series_desk: SeriesDesk
    payouts: PayoutDesk
    access_check: AccessDesk
    workflow_clock: WorkflowClock
    secrets: OfficeSecrets
    offers: OfferDesk
    offer_moves: OfferMoves
    redeeming: RedeemDesk
    copies: Copies
    downloads: Downloads
    sharing: Sharing
    verify_desk: VerifyDesk
    presenting: PresentingDesk
    events: EventDesk
    event_feed: EventFeed
    webhooks: WebhookDesk
    dispatching: Dispatching
    didcomm: DidcommDesk
    deriving: Deriving
    disclosing: Disclosing
    presentation_making: PresentationMaking
    answering: AnsweringDesk
    outside_presenting: OutsidePresenting
    wallet: WalletCounter
    wallet_sign_in: WalletSignIn
    bulk: BulkOffice
    delegations: Delegations
    tasks: Tasks
    halting: Halting
    store_check: StoreCheck
    metrics: Metrics
    queue: QueueHealth
    health: Callable[[], Mapping[str, bool]]
    start_background: Callable[[bool], None]
    start_work: Callable[[], None]
    close: Callable[[], None]
