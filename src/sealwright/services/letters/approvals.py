"""What the notice of an agent's question to a person says."""

from __future__ import annotations

from datetime import datetime

from babel.dates import format_datetime

from sealwright.locales import Texts
from sealwright.services.letters.told import Data, Told


def approval_asked(data: Data, texts: Texts) -> Told:
    """Of ``approval_id``, ``agent``, ``action``, ``amount``, ``currency``, ``merchant``, ``expires_at``, ``note``."""
    lines = [
        texts.gettext(
            "Your agent %(agent)s asks whether it may do this: %(action)s.",
            agent=data.get("agent", ""),
            action=data.get("action", ""),
        )
    ]
    if "amount" in data:
        amount = f"{data['amount']} {data.get('currency', '')}".rstrip()
        lines.append(texts.gettext("It would spend %(amount)s.", amount=amount))
    if "merchant" in data:
        lines.append(texts.gettext("It would buy from %(merchant)s.", merchant=data["merchant"]))
    lines.append(
        texts.gettext("Until you approve it, nothing happens. What you approve counts once, for exactly this.")
    )
    if "expires_at" in data:
        until = format_datetime(datetime.fromisoformat(data["expires_at"]), format="long", locale=texts.locale)
        lines.append(texts.gettext("You can decide until %(moment)s.", moment=until))
    act = (texts.gettext("Decide"), f"/delegations/approvals/{data.get('approval_id', '')}")
    return Told(texts.gettext("An agent asks for your approval"), tuple(lines), data.get("note"), act)
