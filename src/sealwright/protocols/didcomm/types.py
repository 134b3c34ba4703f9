"""The message types that this office speaks, by their addresses."""

from __future__ import annotations

from typing import Final

_BASE: Final = "https://didcomm.org"
ISSUE: Final = f"{_BASE}/issue-credential/3.0"
PROPOSE_CREDENTIAL: Final = f"{ISSUE}/propose-credential"
OFFER_CREDENTIAL: Final = f"{ISSUE}/offer-credential"
REQUEST_CREDENTIAL: Final = f"{ISSUE}/request-credential"
ISSUE_CREDENTIAL: Final = f"{ISSUE}/issue-credential"
ISSUE_ACK: Final = f"{ISSUE}/ack"
PRESENT: Final = f"{_BASE}/present-proof/3.0"
REQUEST_PRESENTATION: Final = f"{PRESENT}/request-presentation"
PRESENTATION: Final = f"{PRESENT}/presentation"
PRESENT_ACK: Final = f"{PRESENT}/ack"
PROBLEM_REPORT: Final = f"{_BASE}/report-problem/2.0/problem-report"
PING: Final = f"{_BASE}/trust-ping/2.0/ping"
PING_RESPONSE: Final = f"{_BASE}/trust-ping/2.0/ping-response"
QUERIES: Final = f"{_BASE}/discover-features/2.0/queries"
DISCLOSE: Final = f"{_BASE}/discover-features/2.0/disclose"
FORWARD: Final = f"{_BASE}/routing/2.0/forward"
EMPTY: Final = f"{_BASE}/empty/1.0"
