"""Every act of the pages is available over the API: each form of a page has its route, written down here."""

from __future__ import annotations

from typing import Final

import pytest

from sealwright.web.panel.pages import PAGES
from sealwright.web.routes import ROUTES

# A page's form, and the route or routes that do the same. A form that is missing here fails.
SAME: Final = {
    "/admin/desk/api-keys": "POST /api/v1/api-keys",
    "/admin/desk/api-keys/{key_id}/revoke": "POST /api/v1/api-keys/{id}/revoke",
    "/admin/desk/api-keys/{key_id}/rotate": "POST /api/v1/api-keys/{id}/rotate",
    "/admin/desk/audit/check": "POST /api/v1/audit/verify",
    "/admin/desk/audit/export": "GET /api/v1/audit/export",
    "/admin/desk/credential-types": "POST /admin/credential-types, POST /attachments",
    "/admin/desk/credential-types/{value}": "PUT /admin/credential-types/{value}, POST /attachments",
    "/admin/desk/credential-types/{value}/delete": "DELETE /admin/credential-types/{value}",
    "/admin/desk/credential-types/{value}/reactivate": "POST /admin/credential-types/{value}/reactivate",
    "/admin/desk/credential-types/{value}/retire": "POST /admin/credential-types/{value}/retire",
    "/admin/desk/dids": "POST /api/v1/dids",
    "/admin/desk/dids/{did}/deactivate": "POST /api/v1/dids/{did}/deactivate",
    "/admin/desk/dids/{did}/rotate": "POST /api/v1/dids/{did}/keys/rotate",
    "/admin/desk/improvers/{user_id}": "PUT /admin/improver-requests",
    "/admin/desk/issuer-requests/{user_id}": "PUT /admin/issuer-requests",
    "/admin/desk/issuers": "PUT /admin/issuers",
    "/admin/desk/mass": "POST /api/v1/credentials/batch-revoke, POST /api/v1/credentials/reissue",
    "/admin/desk/payouts/export": "GET /admin/payouts",
    "/admin/desk/payouts/{payout_id}/fail": "POST /admin/payouts/{id}/fail",
    "/admin/desk/payouts/{payout_id}/settle": "POST /admin/payouts/{id}/settle",
    "/admin/desk/payouts/{payout_id}/void": "POST /admin/payouts/{id}/void",
    "/admin/desk/proposers/{user_id}": "PUT /admin/proposer-requests",
    "/admin/desk/series/{series_id}/claims/{user_id}": "POST /admin/workflow-series/{id}/revoke-claim",
    "/admin/desk/system/halt": "POST /admin/halt",
    "/admin/desk/system/mail": "POST /admin/outbox/test",
    "/admin/desk/system/resume": "POST /admin/resume",
    "/admin/desk/users": "POST /admin/users",
    "/admin/desk/users/invite": "POST /admin/invitations",
    "/admin/desk/users/{user_id}/activate": "POST /admin/users/{user_id}/activate",
    "/admin/desk/users/{user_id}/deactivate": "POST /admin/users/{user_id}/deactivate",
    "/admin/desk/users/{user_id}/roles": "PUT /admin/users",
    "/admin/desk/voters/{user_id}": "PUT /admin/voter-requests",
    "/admin/desk/webhooks": "POST /api/v1/webhooks",
    "/admin/desk/webhooks/{id}/delete": "DELETE /api/v1/webhooks/{id}",
    "/admin/desk/webhooks/{id}/deliveries/{delivery_id}/resend": "POST /api/v1/deliveries/{id}/resend",
    "/admin/desk/webhooks/{id}/pause": "PATCH /api/v1/webhooks/{id}",
    "/admin/desk/webhooks/{id}/resume": "PATCH /api/v1/webhooks/{id}",
    "/admin/desk/webhooks/{id}/rotate": "POST /api/v1/webhooks/{id}/rotate-secret",
    "/admin/desk/webhooks/{id}/test": "POST /api/v1/webhooks/{id}/test",
    "/analytics/report": "PUT /issuers/metrics/report",
    "/analytics/report/send": "POST /issuers/metrics/report/send",
    "/appearance": "PATCH /me",
    "/batches": "POST /api/v1/batches",
    "/batches/{id}/cancel": "POST /api/v1/batches/{id}/cancel",
    "/batches/{id}/check": "POST /api/v1/anchors/verify",
    "/batches/{id}/columns": "POST /api/v1/batches, PUT /api/v1/batches/{id}/rows",
    "/batches/{id}/delivery": "POST /api/v1/batches",
    "/batches/{id}/discard": "POST /api/v1/batches/{id}/cancel",
    "/batches/{id}/duplicates": "POST /api/v1/batches, PUT /api/v1/batches/{id}/rows",
    "/batches/{id}/pause": "POST /api/v1/batches/{id}/pause",
    "/batches/{id}/resume": "POST /api/v1/batches/{id}/resume",
    "/batches/{id}/retry": "POST /api/v1/batches/{id}/retry-failed",
    "/batches/{id}/revoke": "POST /api/v1/batches/{id}/revoke",
    "/batches/{id}/rows/{row}": "PATCH /api/v1/batches/{id}/rows/{row}",
    "/batches/{id}/start": "POST /api/v1/batches/{id}/start",
    "/batches/{id}/type": "POST /api/v1/batches",
    "/batches/{id}/upload": "PUT /api/v1/batches/{id}/rows",
    "/claim": "POST /api/v1/credentials/redeem",
    "/claim/take": "POST /api/v1/credentials/redeem",
    "/delegations/agents": "POST /api/v1/agents",
    "/delegations/agents/{did}/decommission": "POST /api/v1/agents/{did}/decommission",
    "/delegations/agents/{did}/key": "POST /api/v1/api-keys",
    "/delegations/approvals/{approval}/approve": "POST /api/v1/approvals/{id}/approve",
    "/delegations/approvals/{approval}/decline": "POST /api/v1/approvals/{id}/decline",
    "/delegations/new": "POST /api/v1/delegations",
    "/delegations/{id}/ask": "POST /api/v1/delegations/authorize",
    "/delegations/{id}/narrow": "POST /api/v1/delegations/{id}/narrow",
    "/delegations/{id}/pause": "POST /api/v1/delegations/{id}/suspend",
    "/delegations/{id}/resume": "POST /api/v1/delegations/{id}/reinstate",
    "/delegations/{id}/revoke": "POST /api/v1/delegations/{id}/revoke",
    "/improver/absences/new": "POST /improvers/workflows/absence-periods",
    "/improver/absences/{id}": "PUT /improvers/workflows/absence-periods",
    "/improver/absences/{id}/remove": "DELETE /improvers/workflows/absence-periods",
    "/improver/answer": "POST /api/v1/presentations/answers",
    "/improver/credentials/{id}/badge": "POST /api/v1/credentials/{id}/badge",
    "/improver/credentials/{id}/disclose": "POST /api/v1/credentials/derive",
    "/improver/credentials/{id}/disclose/copy": "POST /api/v1/credentials/{id}/forms",
    "/improver/credentials/{id}/disclose/document": "POST /api/v1/credentials/derive",
    "/improver/credentials/{id}/disclose/links": "POST /api/v1/me/credentials/{id}/disclosures",
    "/improver/credentials/{id}/disclose/links/{disclosure}/end": (
        "DELETE /api/v1/me/credentials/{id}/disclosures/{disclosureId}"
    ),
    "/improver/credentials/{id}/jwt": "POST /api/v1/credentials/{id}/forms",
    "/improver/credentials/{id}/offers": (
        "POST /api/v1/credentials/{id}/offers, POST /improvers/credentials/{grant_id}/offers"
    ),
    "/improver/credentials/{id}/offers/{offer}/cancel": "POST /api/v1/offers/{id}/cancel",
    "/improver/credentials/{id}/open-badge": "POST /api/v1/credentials/{id}/forms",
    "/improver/credentials/{id}/sd-jwt": "POST /api/v1/credentials/{id}/forms",
    "/improver/credentials/{id}/share": "PUT /api/v1/credentials/{id}/share",
    "/improver/credentials/{id}/share/renew": "POST /api/v1/credentials/{id}/share/renew",
    "/improver/requests/new/{type}": "POST /improvers/credential-requests, POST /attachments",
    "/improver/requests/{id}/reply": "POST /improvers/credential-requests/{request_id}/reply",
    "/improver/requests/{id}/withdraw": "POST /improvers/credential-requests/{request_id}/withdraw",
    "/improver/series/{series}/unclaim": "POST /improvers/workflow-series/unclaim",
    "/improver/workflows/{id}/claim": "POST /improvers/workflows/{workflow_id}/steps/{step_id}/claim",
    "/improver/workflows/{id}/steps/{step}/complete": (
        "POST /improvers/workflows/{workflow_id}/steps/{step_id}/complete, POST /attachments"
    ),
    "/improver/workflows/{id}/steps/{step}/not-possible": (
        "POST /improvers/workflows/{workflow_id}/steps/{step_id}/complete"
    ),
    "/improver/workflows/{id}/steps/{step}/payout-request": (
        "POST /improvers/workflows/{workflow_id}/steps/{step_id}/payout-request"
    ),
    "/improver/workflows/{id}/steps/{step}/release": "POST /improvers/workflows/{workflow_id}/steps/{step_id}/release",
    "/improver/workflows/{id}/steps/{step}/start": "POST /improvers/workflows/{workflow_id}/steps/{step_id}/start",
    "/inbox/read": "POST /me/notifications/read",
    "/issue": "POST /api/v1/credentials/issue",
    "/issuer/credentials/{id}/badge": "POST /api/v1/credentials/{id}/badge",
    "/issuer/credentials/{id}/jwt": "POST /api/v1/credentials/{id}/forms",
    "/issuer/credentials/{id}/offers": "POST /api/v1/credentials/{id}/offers",
    "/issuer/credentials/{id}/offers/{offer}/cancel": "POST /api/v1/offers/{id}/cancel",
    "/issuer/credentials/{id}/open-badge": "POST /api/v1/credentials/{id}/forms",
    "/issuer/credentials/{id}/sd-jwt": "POST /api/v1/credentials/{id}/forms",
    "/issuer/holders/{user_id}/grant": "POST /issuers/credentials",
    "/issuer/holders/{user_id}/reinstate": "POST /issuers/credentials/{grant_id}/reinstate",
    "/issuer/holders/{user_id}/retry": "POST /issuers/credentials/{grant_id}/retry-issuance",
    "/issuer/holders/{user_id}/revoke": "POST /issuers/credentials/{grant_id}/revoke",
    "/issuer/holders/{user_id}/suspend": "POST /issuers/credentials/{grant_id}/suspend",
    "/issuer/queue": (
        "POST /issuers/credential-requests/decisions, POST /issuers/credential-requests/ask, "
        "POST /issuers/credential-requests/assign"
    ),
    "/issuer/queue/undo": "POST /issuers/credential-requests/{request_id}/undo",
    "/issuer/requests/{id}/ask": "POST /issuers/credential-requests/{request_id}/ask",
    "/issuer/requests/{id}/assign": "POST /issuers/credential-requests/{request_id}/assign",
    "/issuer/requests/{id}/decision": "POST /issuers/credential-requests/{request_id}/decision",
    "/issuer/requests/{id}/issue-now": "POST /issuers/credential-requests/{request_id}/issue-now",
    "/issuer/requests/{id}/retry": "POST /issuers/credentials/{grant_id}/retry-issuance",
    "/issuer/requests/{id}/undo": "POST /issuers/credential-requests/{request_id}/undo",
    "/issuer/views": "POST /issuers/views",
    "/issuer/views/{view_id}/delete": "DELETE /issuers/views/{view_id}",
    "/mail/stop/{token}": "PUT /me/notifications/modes",
    "/proposer/workflows/new": "POST /proposers/workflows",
    "/proposer/workflows/{workflow_id}/edit": "POST /proposers/workflows/{id}/edit-proposals",
    "/settings": "PATCH /me",
    "/settings/access/issuer": "POST /issuers/request",
    "/settings/access/role/{role}": "POST /improvers/request, POST /proposers/request, POST /voters/request",
    "/settings/access/scope": "POST /issuers/scopes/request",
    "/settings/emails": "POST /me/emails",
    "/settings/emails/primary": "POST /me/emails/primary",
    "/settings/emails/remove": "POST /me/emails/remove",
    "/settings/emails/verify/{token}": "POST /me/emails/verify",
    "/settings/notifications": "PUT /me/notifications/modes",
    "/settings/privacy/erase": "DELETE /me",
    "/settings/privacy/export": "GET /me/export",
    "/settings/sign-in/passkeys/{passkey_id}/remove": "DELETE /me/passkeys/{id}",
    "/settings/sign-in/password": "PUT /me/password",
    "/settings/sign-in/recovery-codes": "POST /me/recovery-codes",
    "/settings/sign-in/sessions/end-others": "POST /me/sessions/end-others",
    "/settings/sign-in/sessions/{session_id}/end": "DELETE /me/sessions/{id}",
    "/settings/tokens": "POST /me/tokens",
    "/settings/tokens/keys": "POST /api/v1/api-keys",
    "/settings/tokens/keys/{key_id}/revoke": "POST /api/v1/api-keys/{id}/revoke",
    "/settings/tokens/keys/{key_id}/rotate": "POST /api/v1/api-keys/{id}/rotate",
    "/settings/tokens/{token_id}/revoke": "DELETE /me/tokens/{id}",
    "/settings/wallets": "POST /me/wallets/challenge",
    "/settings/wallets/dids": "POST /me/dids/challenge",
    "/settings/wallets/dids/export": "POST /me/dids/{did}/export",
    "/settings/wallets/dids/make": "POST /me/dids",
    "/settings/wallets/dids/primary": "PATCH /me",
    "/settings/wallets/dids/prove": "POST /me/dids",
    "/settings/wallets/dids/remove": "DELETE /me/dids/{did}",
    "/settings/wallets/label": "POST /me/wallets/label",
    "/settings/wallets/primary": "POST /me/wallets/primary",
    "/settings/wallets/prove": "POST /me/wallets",
    "/settings/wallets/remove": "POST /me/wallets/remove",
    "/settings/wallets/typed": "POST /me/wallets/typed",
    "/verify": "POST /api/v1/credentials/verify, POST /api/v1/presentations/verify",
    "/verify/ask": "POST /api/v1/presentations/requests",
    "/verify/report": "POST /api/v1/credentials/verify, POST /api/v1/presentations/verify",
    "/workflows/proposals/{proposal_id}/force": (
        "POST /admin/workflow-edit-proposals/{id}/force-approve, "
        "POST /admin/workflow-deletion-proposals/{id}/force-approve"
    ),
    "/workflows/proposals/{proposal_id}/vote": (
        "POST /voters/workflow-edit-proposals/{id}/votes, POST /voters/workflow-deletion-proposals/{id}/votes"
    ),
    "/workflows/{workflow_id}/deletion": "POST /proposers/workflow-deletion-proposals",
    "/workflows/{workflow_id}/fail": "POST /admin/workflows/{id}/fail",
    "/workflows/{workflow_id}/force": "POST /admin/workflows/{id}/force-approve",
    "/workflows/{workflow_id}/steps/{step_id}/claim": "POST /improvers/workflows/{workflow_id}/steps/{step_id}/claim",
    "/workflows/{workflow_id}/steps/{step_id}/release": (
        "POST /improvers/workflows/{workflow_id}/steps/{step_id}/release"
    ),
    "/workflows/{workflow_id}/vote": "POST /voters/workflows/{id}/votes",
    "/workflows/{workflow_id}/withdraw": "DELETE /proposers/workflows/{id}",
}
# Signing in makes the session of a browser and registering a passkey needs one; the first setup has its CLI.
BROWSERS_ALONE: Final = ("/login/", "/logout", "/setup/", "/oid4vci/authorize")
PASSKEYS_ARE_MADE_BY_BROWSERS: Final = {"/settings/sign-in/passkeys", "/settings/sign-in/passkeys/options"}
# An unfinished form is kept where forms are.
DRAFTS: Final = {"/proposer/drafts", "/proposer/drafts/{draft_id}/delete"}
FORMS: Final = {
    page.path
    for page in PAGES
    if page.method == "POST"
    and not page.path.startswith(BROWSERS_ALONE)
    and page.path not in PASSKEYS_ARE_MADE_BY_BROWSERS | DRAFTS
}
# Whoever owns the issuer's DID, or is an admin, is served by their personal token too.
OF_OWNERS: Final = {"/issue"}
SERVED: Final = {f"{route.method} {route.path}": route for route in ROUTES}


def test_every_form_has_its_route() -> None:
    assert set(SAME) == FORMS


@pytest.mark.parametrize("form", sorted(SAME))
def test_route_of_a_form_is_served_to_people(form: str) -> None:
    for name in SAME[form].split(", "):
        # `who` names the callers in the words of the contract; K alone would leave out people who own no issuer.
        assert SERVED[name].who != "K" or form in OF_OWNERS, name
