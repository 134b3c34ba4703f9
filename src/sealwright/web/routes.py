"""The table of every route: the server is built from it, and so is the API document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealwright.web import reference
from sealwright.web.api import (
    access_check,
    account,
    admin_issuers,
    admin_users,
    admin_workflows,
    agents,
    analytics,
    anchors,
    answering,
    api_keys,
    asking,
    audit,
    authorizing,
    batch_issue,
    batches,
    capability_tokens,
    credential_forms,
    credential_types,
    credentials,
    decisions,
    delegations,
    didcomm,
    dids,
    disclosures,
    events,
    exports,
    grant_lists,
    grants,
    holders,
    improver_workflows,
    improvers,
    issuers,
    me,
    notices,
    offers,
    office,
    oid4vci,
    openid4vp,
    operations,
    papers,
    payouts,
    proposers,
    public,
    reissue,
    reports,
    revocation,
    roles,
    schemas,
    sharing,
    showing,
    step_work,
    transparency,
    vc_api,
    verification,
    views,
    voters,
    webhooks,
    workflow_series,
)
from sealwright.web.route import Route

ROUTES: Final[tuple[Route, ...]] = (
    *credentials.ROUTES,
    *batch_issue.ROUTES,
    *batches.ROUTES,
    *papers.ROUTES,
    *credential_forms.ROUTES,
    *revocation.ROUTES,
    *reissue.ROUTES,
    *verification.ROUTES,
    *showing.ROUTES,
    *answering.ROUTES,
    *offers.ROUTES,
    *sharing.ROUTES,
    *disclosures.ROUTES,
    *schemas.ROUTES,
    *dids.ROUTES,
    *agents.ROUTES,
    *didcomm.ROUTES,
    *capability_tokens.ROUTES,
    *authorizing.ROUTES,
    *delegations.ROUTES,
    *api_keys.ROUTES,
    *webhooks.ROUTES,
    *events.ROUTES,
    *audit.ROUTES,
    *anchors.ROUTES,
    *me.ROUTES,
    *account.ROUTES,
    *issuers.ROUTES,
    *asking.ROUTES,
    *exports.ROUTES,
    *decisions.ROUTES,
    *grants.ROUTES,
    *grant_lists.ROUTES,
    *holders.ROUTES,
    *improvers.ROUTES,
    *improver_workflows.ROUTES,
    *step_work.ROUTES,
    *workflow_series.ROUTES,
    *payouts.ROUTES,
    *proposers.ROUTES,
    *voters.ROUTES,
    *admin_workflows.ROUTES,
    *access_check.ROUTES,
    *views.ROUTES,
    *analytics.ROUTES,
    *reports.ROUTES,
    *roles.ROUTES,
    *credential_types.ROUTES,
    *admin_issuers.ROUTES,
    *admin_users.ROUTES,
    *notices.ROUTES,
    *office.ROUTES,
    *vc_api.ROUTES,
    *oid4vci.ROUTES,
    *openid4vp.ROUTES,
    *public.ROUTES,
    *transparency.ROUTES,
    *operations.ROUTES,
    *reference.ROUTES,
)


def by_path(routes: tuple[Route, ...] = ROUTES) -> Mapping[str, tuple[Route, ...]]:
    """Routes grouped by path.

    Raises:
        ValueError: A method stands twice on one path.
    """
    grouped: dict[str, list[Route]] = {}
    for route in routes:
        group = grouped.setdefault(route.path, [])
        if any(other.method == route.method for other in group):
            raise ValueError(f"{route.method} {route.path} is listed twice")
        group.append(route)
    return {path: tuple(group) for path, group in grouped.items()}
