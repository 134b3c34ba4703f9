"""What the examples of improvers' offers need: a request that waits, a credential that they hold."""

from __future__ import annotations

from typing import Any

from tests.web.desk import DPW, Desk
from tests.web.preparing import Prepared, prepares


@prepares("POST /improvers/credential-requests/{request_id}/offer")
def _waiting(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    return improver, path.replace("{request_id}", str(desk.request(improver)["id"])), body


@prepares("POST /improvers/credentials/{grant_id}/offers")
def _own(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    wish = {"user_id": desk.ids[improver], "credential_type": DPW}
    grant_id = desk.done("issuer", "POST", "/issuers/credentials", wish)["id"]
    return improver, path.replace("{grant_id}", grant_id), body
