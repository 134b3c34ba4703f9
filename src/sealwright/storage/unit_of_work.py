"""The unit of work: one transaction over every repository."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sealwright.services.batch_draft_ports import DraftRows
from sealwright.services.batch_ports import Anchors, Batches, JobRows, LogRows
from sealwright.services.delegation_ports import DelegationRows
from sealwright.services.delivery_ports import (
    DidcommRows,
    DisclosureRows,
    Offers,
    Parcels,
    PresentationRows,
    Shares,
    Spent,
    WalletRows,
    Webhooks,
)
from sealwright.services.desk_ports import (
    Attachments,
    CredentialTypes,
    Enrollment,
    Erasure,
    Figures,
    Grants,
    Notices,
    ReportWishes,
    Requests,
    SavedViews,
    SignIns,
)
from sealwright.services.ports import (
    AuditLog,
    Credentials,
    Idempotency,
    Office,
    Reservations,
    StatusLists,
    UnitOfWork,
    UnitOfWorkFactory,
)
from sealwright.services.registry_ports import ApiKeys, DIDs, Keys, People, Schemas
from sealwright.services.workflow_ports import Claims, Drafts, Feed, Payouts, Proposals, SeriesRows, Workflows
from sealwright.storage.access import StoredApiKeys
from sealwright.storage.anchors import StoredAnchors
from sealwright.storage.attachments import StoredAttachments, StoredSavedViews
from sealwright.storage.audit import StoredAuditLog
from sealwright.storage.batch_drafts import StoredDraftRows
from sealwright.storage.batches import StoredBatches
from sealwright.storage.credential_types import StoredCredentialTypes
from sealwright.storage.credentials import StoredCredentials
from sealwright.storage.delegations import StoredDelegationRows
from sealwright.storage.didcomm import StoredDidcommRows
from sealwright.storage.dids import StoredDIDs
from sealwright.storage.disclosures import StoredDisclosureRows
from sealwright.storage.engines import Database
from sealwright.storage.enrollment import StoredEnrollment
from sealwright.storage.erasure import StoredErasure
from sealwright.storage.feed import StoredFeed
from sealwright.storage.figures import StoredFigures
from sealwright.storage.grants import StoredGrants
from sealwright.storage.idempotency import StoredIdempotency
from sealwright.storage.jobs import StoredJobRows
from sealwright.storage.keys import StoredKeys
from sealwright.storage.notices import StoredNotices
from sealwright.storage.offers import StoredOffers
from sealwright.storage.office import StoredOffice
from sealwright.storage.parcels import StoredParcels
from sealwright.storage.payouts import StoredPayouts
from sealwright.storage.people import StoredPeople
from sealwright.storage.presentations import StoredPresentationRows
from sealwright.storage.proposals import StoredProposals
from sealwright.storage.report_wishes import StoredReportWishes
from sealwright.storage.requests import StoredRequests
from sealwright.storage.reservations import StoredReservations
from sealwright.storage.schemas import StoredSchemas
from sealwright.storage.series import StoredSeries
from sealwright.storage.shares import StoredShares
from sealwright.storage.sign_ins import StoredSignIns
from sealwright.storage.spent import StoredSpent
from sealwright.storage.status_lists import StoredStatusLists
from sealwright.storage.transaction import Transaction, open_transaction
from sealwright.storage.transparency_log import StoredLogRows
from sealwright.storage.wallet_rows import StoredWalletRows
from sealwright.storage.webhooks import StoredWebhooks
from sealwright.storage.workflow_claims import StoredClaims
from sealwright.storage.workflow_drafts import StoredDrafts
from sealwright.storage.workflows import StoredWorkflows


class StoredUnitOfWork:
    """One transaction of a database. It rolls back unless `commit` was called, and commits at most once.

    Locks are always taken in one order: registry epoch, batches, their chunks, records (of workflows: grants, series,
    instances, proposals, payouts; delegations, before their credentials; offers, wallets' rows, threads), status lists,
    counters, clock of requests, counters of the feed, webhook endpoints, parcels, head of the transparency log, jobs,
    audit head.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._audit = StoredAuditLog(transaction)
        self._credentials = StoredCredentials(transaction)
        self.people: People = StoredPeople(transaction)
        self.api_keys: ApiKeys = StoredApiKeys(transaction)
        self.dids: DIDs = StoredDIDs(transaction)
        self.keys: Keys = StoredKeys(transaction)
        self.schemas: Schemas = StoredSchemas(transaction)
        self.reservations: Reservations = StoredReservations(transaction)
        self.credentials: Credentials = self._credentials
        self.status_lists: StatusLists = StoredStatusLists(transaction)
        self.audit: AuditLog = self._audit
        self.idempotency: Idempotency = StoredIdempotency(transaction)
        self.office: Office = StoredOffice(transaction)
        self._requests = StoredRequests(transaction)
        self.types: CredentialTypes = StoredCredentialTypes(transaction)
        self.requests: Requests = self._requests
        self.grants: Grants = StoredGrants(transaction)
        self.enrollment: Enrollment = StoredEnrollment(transaction)
        self.sign_ins: SignIns = StoredSignIns(transaction)
        self.notices: Notices = StoredNotices(transaction)
        self.attachments: Attachments = StoredAttachments(transaction)
        self.saved_views: SavedViews = StoredSavedViews(transaction)
        self.report_wishes: ReportWishes = StoredReportWishes(transaction)
        self.figures: Figures = StoredFigures(transaction)
        self.erasure: Erasure = StoredErasure(transaction)
        self._workflows = StoredWorkflows(transaction)
        self.workflows: Workflows = self._workflows
        self.claims: Claims = StoredClaims(transaction)
        self.series: SeriesRows = StoredSeries(transaction)
        self.feed: Feed = StoredFeed(transaction, self._workflows.index)
        self.proposals: Proposals = StoredProposals(transaction)
        self.payouts: Payouts = StoredPayouts(transaction)
        self.drafts: Drafts = StoredDrafts(transaction)
        self.offers: Offers = StoredOffers(transaction)
        self.spent: Spent = StoredSpent(transaction)
        self.wallets: WalletRows = StoredWalletRows(transaction)
        self.parcels: Parcels = StoredParcels(transaction)
        self.webhooks: Webhooks = StoredWebhooks(transaction)
        self.didcomm: DidcommRows = StoredDidcommRows(transaction)
        self.shares: Shares = StoredShares(transaction)
        self.disclosures: DisclosureRows = StoredDisclosureRows(transaction)
        self.presentations: PresentationRows = StoredPresentationRows(transaction)
        self.delegations: DelegationRows = StoredDelegationRows(transaction)
        self._jobs = StoredJobRows(transaction)
        self.batches: Batches = StoredBatches(transaction, self._credentials.type_sets)
        self.batch_drafts: DraftRows = StoredDraftRows(transaction)
        self.anchors: Anchors = StoredAnchors(transaction)
        self.log: LogRows = StoredLogRows(transaction)
        self.jobs: JobRows = self._jobs

    def commit(self) -> None:
        """Seal the audit entries and commit.

        Raises:
            StoreUnavailable, AuditUnavailable: Nothing happened. Should a connection be lost during the
                commit itself, the outcome is unknown, as everywhere; a retry by idempotency key settles it.
        """
        try:
            self._requests.counters.write()
            self._requests.moves.write()
            self._workflows.index.write()
            self._jobs.write()
            self._audit.seal()
            self._transaction.commit()
        except BaseException:
            # Nobody may go on and commit an act whose audit rows were refused.
            self._transaction.abandon()
            raise
        self._credentials.type_sets.remember()
        self._jobs.tell()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Open a part that rolls back alone if it raises, with its audit entries."""
        entries, types = self._audit.mark(), self._credentials.type_sets.mark()
        counted, moved = self._requests.counters.mark(), self._requests.moves.mark()
        fed, woken = self._workflows.index.mark(), self._jobs.mark()
        try:
            with self._transaction.savepoint():
                yield
        except BaseException:
            self._audit.forget(entries)
            self._credentials.type_sets.forget(types)
            self._requests.counters.forget(counted)
            self._requests.moves.forget(moved)
            self._workflows.index.forget(fed)
            self._jobs.forget(woken)
            raise


class StoredUnitOfWorkFactory:
    """Opens units of work on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self, *, write: bool = True) -> AbstractContextManager[UnitOfWork]:
        """Open a unit of work.

        Raises:
            StoreUnavailable: No connection can be had, or on SQLite the write lock was not free in time.
        """
        return self._open(write=write)

    @contextmanager
    def _open(self, *, write: bool) -> Iterator[UnitOfWork]:
        with open_transaction(self._database, write=write) as transaction:
            yield StoredUnitOfWork(transaction)


def make_unit_of_work_factory(database: Database) -> UnitOfWorkFactory:
    """Make the factory that services are handed."""
    return StoredUnitOfWorkFactory(database)
