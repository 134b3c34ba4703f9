"""Answers of the office in plain sentences, for the model that reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Members = Mapping[str, Any]


def verdict(members: Members) -> str:
    """Say whether an act is allowed, why not, and what is left."""
    action = members.get("action")
    if members.get("allowed"):
        left = remaining(members.get("remaining"))
        return f"Yes, {action} is allowed now." + (f" Left: {left}." if left else "")
    reasons = [one for one in members.get("reasons") or () if isinstance(one, dict)]
    # Several hops may say the same; whoever reads it has one thing to mend.
    told = " ".join(dict.fromkeys(str(one.get("detail")) for one in reasons))
    sentence = f"No, {action} is not allowed now. {told}".rstrip()
    # A question that would be refused even with a person's yes is not put to one.
    if reasons and all(one.get("code") == "DELEGATION_APPROVAL_REQUIRED" for one in reasons):
        sentence += " Ask a person for it with ask_for_approval."
    return sentence


def authority(members: Members) -> str:
    """Say what an agent may do now, one delegation a line."""
    held = [one for one in members.get("delegations") or () if isinstance(one, dict)]
    if not held:
        return "Nobody has delegated anything to you that is in force."
    return "\n".join(_held(one) for one in held)


def _held(one: Members) -> str:
    scope = ", ".join(one.get("scope") or ())
    line = f"For {one.get('onBehalfOf')}: {scope}, until {one.get('expiresAt')} (delegation {one.get('delegationId')})."
    limits = _limits(one.get("constraints"))
    if limits:
        line += f" Limits: {limits}."
    left = remaining(one.get("remaining"))
    if left:
        line += f" Left: {left}."
    if one.get("approvalRequired"):
        line += " A person approves every act first."
    if not one.get("effective"):
        line += " It gives no authority now: " + " ".join(_details(one.get("reasons") or ()))
    return line


def remaining(left: Any) -> str:
    """Say what is left of each budget."""
    return ", ".join(f"{name} {value}" for name, value in left.items()) if isinstance(left, dict) else ""


def _limits(constraints: Any) -> str:
    if not isinstance(constraints, dict):
        return ""
    return ", ".join(f"{name} {_plain(value)}" for name, value in constraints.items())


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return " or ".join(str(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _details(reasons: Sequence[Any]) -> list[str]:
    return [str(one.get("detail")) for one in reasons if isinstance(one, dict)]


def approval(members: Members) -> str:
    """Say what became of a question to a person."""
    which = members.get("approvalId")
    action = members.get("action")
    status = members.get("status")
    if status == "waiting":
        return f"{action} waits for a person's decision until {members.get('expiresAt')} (approval {which})."
    if status == "approved":
        return f"{action} is approved: do it with approvalId {which}, once, before {members.get('expiresAt')}."
    if status == "declined":
        reason = members.get("reason")
        return f"{action} was declined." + (f" {reason}" if reason else "")
    return f"{action}: the approval {which} is {status} and serves no more."


def calls(found: Sequence[Members]) -> str:
    """Say what an agent asked and did, one act a line."""
    return "\n".join(_call(one) for one in found) if found else "Nothing is on record."


def _call(one: Members) -> str:
    answer = "done" if one.get("recorded") else "allowed" if one.get("allowed") else f"refused, {one.get('code')}"
    about = one.get("context")
    shown = ", ".join(f"{name} {value}" for name, value in about.items()) if isinstance(about, dict) else ""
    return f"{one.get('at')} {one.get('action')}: {answer}" + (f" ({shown})" if shown else "")
