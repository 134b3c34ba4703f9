"""A grocery shop that serves people's agents: a resource server in two hundred lines, in one process or several.

It quotes a price, and sells for it to whoever brings a capability token for exactly that purchase. Whose agent it is,
and whether the purchase is within the limits of the person behind it, the shop learns from the token and the office; it
knows neither the agents nor their limits.

    .venv/bin/python examples/groceries/shop.py --office URL --key-file shop.key --customer did:adi:human001
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from pathlib import Path
from typing import Any, Final

import uvicorn

from sealwright.relying import Act, Call, Office, Permit, Refused, ReplayMemory, Verifier
from sealwright.relying.shared_memory import DatabaseMemory

PRICES: Final = {"bread": 4.5, "milk": 2.25, "apples": 3, "coffee": 11.9, "champagne": 48}
CURRENCY: Final = "USD"
ACTION: Final = "purchase:groceries"
QUOTE_SECONDS: Final = 300
BODY_MOST: Final = 4_096

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[str, str]]
Answer = tuple[int, dict[str, Any], dict[str, str]]


class Shop:
    """The shop, as an ASGI application.

    Args:
        url: Where customers find it; their agents' tokens are made for this address.
        office: Where delegations are kept. It has the shop's API key, so that budgets are counted.
        customers: Who has an account here: agents may buy in their names.
        memory: Of tokens that were used; one that all processes of the shop share.
        secret: What the shop knows its own quotes by, the same in all its processes.
    """

    def __init__(
        self, url: str, office: Office, customers: Collection[str], memory: ReplayMemory | None, secret: bytes
    ) -> None:
        self.url = url
        self._verifier = Verifier(url, office, principals=customers, authorize=True, memory=memory)
        self._secret = secret

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] != "http":
            return
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        status, body, more = await self._answer(scope["method"], scope["path"], headers, await _body(receive))
        told = [(b"content-type", b"application/json"), *((k.encode(), v.encode()) for k, v in more.items())]
        await send({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})

    async def _answer(self, method: str, path: str, headers: Headers, body: dict[str, Any] | None) -> Answer:
        if (method, path) == ("GET", "/"):
            return 200, {"prices": PRICES, "currency": CURRENCY}, {}
        if (method, path) == ("POST", "/quotes") and body is not None:
            return self._quote(body)
        if (method, path) == ("POST", "/orders") and body is not None:
            # What the office publishes may have to be fetched, so the verifier works in a thread.
            return await asyncio.to_thread(self._order, headers, body)
        return 404, {"code": "NOT_FOUND", "detail": "There is nothing here."}, {}

    def _quote(self, basket: dict[str, Any]) -> Answer:
        """A price that holds for some minutes, and what an agent's token has to say to buy at it."""
        amounts = list(basket.values())
        if not basket or not basket.keys() <= PRICES.keys() or not all(_is_count(one) for one in amounts):
            return 400, {"code": "UNKNOWN_ITEM", "detail": "A basket has items of ours, 1 to 99 of each."}, {}
        amount = round(sum(PRICES[item] * count for item, count in basket.items()), 2)
        act = self._act(amount)
        token = {"audience": self.url, "action": act.action, "context": act.context}
        return 201, {"quoteId": self._sealed(amount), "token": token, "order": f"{self.url}/orders"}, {}

    def _sealed(self, amount: float) -> str:
        """A quote that whichever process gets the order knows again: the amount, its end, and that it is ours."""
        said = f"{amount}~{int(time.time()) + QUOTE_SECONDS}"
        return f"{said}~{self._mark(said)}"

    def _mark(self, said: str) -> str:
        return hmac.new(self._secret, said.encode(), hashlib.sha256).hexdigest()

    def _quoted(self, quote_id: object) -> float | None:
        """What a quote asks for; None if it is not ours, or over."""
        said, _, mark = quote_id.rpartition("~") if isinstance(quote_id, str) else ("", "", "")
        if not hmac.compare_digest(mark.encode(), self._mark(said).encode()):
            return None
        amount, _, ends = said.partition("~")
        return float(amount) if time.time() < int(ends) else None

    def _order(self, headers: Headers, body: dict[str, Any]) -> Answer:
        amount = self._quoted(body.get("quoteId"))
        if amount is None:
            return 409, {"code": "QUOTE_OVER", "detail": "There is no such quote, or its time is over."}, {}
        try:
            # The price is ours, whatever the agent's token says; the address is the one under which we are known.
            permit = self._verifier.permit(Call.of("POST", f"{self.url}/orders", headers), self._act(amount))
        except Refused as error:
            refusal = {"code": error.code, "detail": error.detail}
            return error.status, refusal, {"www-authenticate": error.challenge} if error.status == 401 else {}
        return 201, self._receipt(permit, amount), {}

    def _act(self, amount: float) -> Act:
        return Act(ACTION, {"amount": amount, "currency": CURRENCY, "merchant": self.url})

    @staticmethod
    def _receipt(permit: Permit, amount: float) -> dict[str, Any]:
        return {
            "orderId": secrets.token_hex(6),
            "amount": amount,
            "currency": CURRENCY,
            "chargedTo": permit.principal,
            "boughtBy": permit.agent,
            "callId": permit.call_id,
        }


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 100


async def _body(receive: Receive) -> dict[str, Any] | None:
    """The JSON object that was sent; None for anything else, or for more than we take."""
    content = b""
    while True:
        message = await receive()
        content += message.get("body", b"")
        if len(content) > BODY_MOST:
            return None
        if not message.get("more_body"):
            break
    try:
        value = json.loads(content or b"{}")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def secret_of(key: str) -> bytes:
    """The secret of all processes that have one API key."""
    return hmac.new(key.encode(), b"quotes", hashlib.sha256).digest()


def serve(shop: Shop, port: int) -> uvicorn.Server:
    """A server for the shop; `run` runs it. Tokens bring their whole chain, so headers may be large."""
    config = uvicorn.Config(
        shop, host="127.0.0.1", port=port, log_level="error", h11_max_incomplete_event_size=64 * 1024, http="h11"
    )
    return uvicorn.Server(config)


def main() -> None:
    """Open the shop."""
    parser = argparse.ArgumentParser(description="A grocery shop that serves people's agents.")
    parser.add_argument("--office", required=True, metavar="URL", help="the office that keeps the delegations")
    parser.add_argument("--key-file", required=True, type=Path, help="an API key of that office")
    parser.add_argument("--customer", required=True, action="append", metavar="DID", help="may be repeated")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--url", help="where agents find the shop, if that is not the port")
    parser.add_argument("--memory", metavar="URL", help="a database in which all processes of the shop remember")
    options = parser.parse_args()
    url = options.url or f"http://127.0.0.1:{options.port}"
    key = options.key_file.read_text("ascii").strip()
    memory = DatabaseMemory(options.memory) if options.memory else None
    print(f"The shop is open at {url}.", flush=True)
    serve(Shop(url, Office(options.office, api_key=key), options.customer, memory, secret_of(key)), options.port).run()


if __name__ == "__main__":
    main()
