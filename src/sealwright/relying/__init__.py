"""For servers that take orders from agents: was this very act delegated to whoever calls, and is it still?

A server makes one `Verifier` and asks it about each call, by what the call would really do::

    office = Office("https://credentials.example")
    verifier = Verifier("https://shop.example", office, principals=customers)
    permit = verifier.permit(Call.of("POST", "https://shop.example/orders", headers), Act("purchase:groceries", {…}))

What is not permitted raises `Refused`, with a stable code, the HTTP status to answer with, and nothing of the token in
its words. Everything is checked here, by what the office publishes; an office that is asked to `authorize` counts the
act against the budgets of the chain too.
"""

from sealwright.relying.office import Office
from sealwright.relying.replay import LocalMemory, ReplayMemory
from sealwright.relying.values import ANYBODY, Act, Call, Permit, Refused
from sealwright.relying.verifier import Verifier

__all__ = ["ANYBODY", "Act", "Call", "LocalMemory", "Office", "Permit", "Refused", "ReplayMemory", "Verifier"]
