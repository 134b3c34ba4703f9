"""The table of every page, mounted beside the API's. No path and method may match both: a test compares them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from sealwright.web.panel import (
    admin,
    admin_admissions,
    admin_issuers,
    admin_keys,
    admin_mass,
    admin_payouts,
    admin_system,
    admin_types,
    admin_users,
    admin_webhooks,
    admin_workflows,
    analytics,
    answering,
    appearance_choice,
    batches,
    batches_acts,
    batches_columns,
    batches_draft,
    batches_rows,
    batches_run,
    claim,
    credential,
    credential_acts,
    delegations,
    delegations_acts,
    delegations_agents,
    delegations_approvals,
    delegations_new,
    delegations_one,
    disclosed,
    disclosing,
    front,
    holders,
    improver,
    improver_absences,
    improver_feed,
    improver_requests,
    improver_steps,
    improver_workflow,
    inbox,
    issue,
    issuer,
    login,
    login_links,
    login_outside,
    mail_stop,
    pictures,
    presenting,
    proposer,
    proposer_editor,
    queue_arrivals,
    queue_bulk,
    requests,
    search,
    settings,
    settings_access,
    settings_privacy,
    settings_sign_in,
    settings_tokens,
    settings_wallets,
    setup,
    shared,
    static_files,
    verify,
    wallet_consent,
    workflow_acts,
    workflow_changes,
    workflow_page,
    workflows,
)
from sealwright.web.panel.page_route import PageRoute

PAGES: Final[tuple[PageRoute, ...]] = (
    *static_files.PAGES,
    *pictures.PAGES,
    *appearance_choice.PAGES,
    *admin.PAGES,
    *admin_admissions.PAGES,
    *admin_issuers.PAGES,
    *admin_keys.PAGES,
    *admin_mass.PAGES,
    *admin_payouts.PAGES,
    *admin_webhooks.PAGES,
    *admin_system.PAGES,
    *admin_types.PAGES,
    *admin_users.PAGES,
    *admin_workflows.PAGES,
    *front.PAGES,
    *proposer.PAGES,
    *proposer_editor.PAGES,
    *workflows.PAGES,
    *workflow_page.PAGES,
    *workflow_acts.PAGES,
    *workflow_changes.PAGES,
    *improver_feed.PAGES,
    *improver.PAGES,
    *improver_requests.PAGES,
    *improver_steps.PAGES,
    *improver_absences.PAGES,
    *improver_workflow.PAGES,
    *issuer.PAGES,
    *queue_arrivals.PAGES,
    *queue_bulk.PAGES,
    *requests.PAGES,
    *holders.PAGES,
    *credential.PAGES,
    *credential_acts.PAGES,
    *disclosing.PAGES,
    *answering.PAGES,
    *issue.PAGES,
    *batches.PAGES,
    *batches_draft.PAGES,
    *batches_columns.PAGES,
    *batches_rows.PAGES,
    *batches_run.PAGES,
    *batches_acts.PAGES,
    *claim.PAGES,
    *delegations.PAGES,
    *delegations_new.PAGES,
    *delegations_one.PAGES,
    *delegations_acts.PAGES,
    *delegations_approvals.PAGES,
    *delegations_agents.PAGES,
    *analytics.PAGES,
    *inbox.PAGES,
    *search.PAGES,
    *login.PAGES,
    *login_links.PAGES,
    *login_outside.PAGES,
    *mail_stop.PAGES,
    *settings.PAGES,
    *settings_access.PAGES,
    *settings_privacy.PAGES,
    *settings_sign_in.PAGES,
    *settings_tokens.PAGES,
    *settings_wallets.PAGES,
    *setup.PAGES,
    *wallet_consent.PAGES,
    *verify.PAGES,
    *shared.PAGES,
    *disclosed.PAGES,
    *presenting.PAGES,
)

# Pages that only tests of pages mount (the sheet of pieces).
_ADDED: list[PageRoute] = []


def mount_for_tests(routes: Iterable[PageRoute]) -> None:
    """Add pages that no office has; before the application is built."""
    _ADDED.extend(routes)
    get_paths.cache_clear()


def all_pages() -> tuple[PageRoute, ...]:
    """Every page that this process serves."""
    return (*PAGES, *_ADDED)


@cache
def get_paths() -> frozenset[str]:
    """Paths without parameters that answer a GET."""
    return frozenset(one.path for one in all_pages() if one.method == "GET" and "{" not in one.path)


def pages_by_path(pages: Iterable[PageRoute]) -> Mapping[str, tuple[PageRoute, ...]]:
    """Pages grouped by path.

    Raises:
        ValueError: A method stands twice on one path.
    """
    grouped: dict[str, list[PageRoute]] = {}
    for one in pages:
        group = grouped.setdefault(one.path, [])
        if any(other.method == one.method for other in group):
            raise ValueError(f"{one.method} {one.path} is listed twice")
        group.append(one)
    return {path: tuple(group) for path, group in grouped.items()}
