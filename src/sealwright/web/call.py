"""One call as a handler sees it: who calls, what they sent, and the office that answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from sealwright.domain.errors import NotSignedIn
from sealwright.services.acts import Answer, idempotency_scope
from sealwright.services.ports import StoredAnswer
from sealwright.services.registry import NotCached
from sealwright.web.reply import Reply, encode

if TYPE_CHECKING:
    from sealwright.domain.credentials import IdempotencyScope
    from sealwright.domain.people import Caller
    from sealwright.services.office import Office
    from sealwright.services.ports import UnitOfWork
    from sealwright.services.registry import RegistryView
    from sealwright.web.exchange import Exchange
    from sealwright.web.incoming import IncomingBody
    from sealwright.web.route import Route

T = TypeVar("T")


@dataclass(slots=True)
class Call:
    """A call that has passed the door.

    Args:
        params: Path parameters, decoded.
        body: The checked body; empty where the route has none.
        raw: The body's bytes as they came.
        query_text: The query string as it came; links to other pages of a list are made from it.
        view: The registry as of this call's epoch, where one was read.
        incoming: The body of a route that works on it while it arrives.
    """

    office: Office
    route: Route
    exchange: Exchange
    params: Mapping[str, str]
    executor: Executor
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    raw: bytes = b""
    query_text: bytes = b""
    signed_in: Caller | None = None
    known_view: RegistryView | None = None
    incoming: IncomingBody | None = None

    @property
    def caller(self) -> Caller:
        """Who calls; only for routes that let nobody else in."""
        if self.signed_in is None:
            raise NotSignedIn("A valid bearer token is needed.")
        return self.signed_in

    def view(self) -> RegistryView:
        """The registry as of this call; may block."""
        if self.known_view is None:
            self.known_view = self.office.registry.current()
        return self.known_view

    def scope(self) -> IdempotencyScope | None:
        """The idempotency scope of this call, where a key was sent.

        Raises:
            InvalidIdempotencyKey: Malformed, or sent twice.
        """
        key = self.exchange.idempotency_key()
        if key is None:
            return None
        return idempotency_scope(self.caller.bucket, self.route.method, self.exchange.instance, key, self.raw)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do blocking work without holding up the other calls."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, work)

    async def with_view(self, question: Callable[[RegistryView], T]) -> T:
        """Ask something of the registry: at once from what is cached, else in a thread."""
        view = self.known_view
        if view is not None:
            try:
                return question(view.cached())
            except NotCached:
                pass
        return await self.in_thread(lambda: question(self.view()))

    def perform(
        self,
        act: Callable[[UnitOfWork, Caller], T],
        render: Callable[[T], Reply],
        *,
        changes_registry: bool = False,
        is_secret: bool = False,
        for_good: bool = False,
    ) -> Reply:
        """Carry out an act and answer with its result; once per Idempotency-Key, replayed from then on. Blocking."""
        answer = self.office.acts.answer(
            self.caller,
            act,
            lambda result: kept(render(result)),
            scope=self.scope(),
            changes_registry=changes_registry,
            is_secret=is_secret,
            for_good=for_good,
        )
        return given(answer)

    def once(self, act: Callable[[], T], render: Callable[[T], Reply]) -> Reply:
        """Carry out an act of many transactions, each of which stands alone. Blocking.

        Its answer is kept behind the last of them. Whoever repeats a call that was cut short finds done what was done.
        """
        scope = self.scope()
        if scope is not None and (known := self.office.acts.replay(scope)) is not None:
            return given(known)
        reply = render(act())
        return self.perform(lambda _uow, _caller: None, lambda _: reply) if scope is not None else reply


def kept(reply: Reply) -> StoredAnswer:
    """An answer in the form in which it can be replayed."""
    headers = [(name.decode("ascii"), value.decode("latin-1")) for name, value in reply.headers]
    if reply.media_type is not None:
        headers.append(("content-type", reply.media_type.decode("ascii")))
    return StoredAnswer(reply.status, reply.body, tuple(headers))


def given(answer: Answer) -> Reply:
    """An answer that was kept, or might be, as it goes out."""
    media_type = None
    headers: list[tuple[bytes, bytes]] = []
    for name, value in answer.stored.headers:
        if name == "content-type":
            media_type = value.encode("ascii")
        else:
            headers.append((name.encode("ascii"), value.encode("latin-1")))
    if answer.replayed:
        headers.append(REPLAYED)
    return Reply(answer.stored.status, answer.stored.body, media_type, tuple(headers))


REPLAYED = (b"idempotent-replayed", b"true")


def ok(value: object) -> Reply:
    """A plain 200 in JSON."""
    return Reply(200, encode(value))
