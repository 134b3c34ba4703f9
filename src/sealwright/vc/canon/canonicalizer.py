"""The door of `vc.canon`: canonical N-Quads of a document, by plan where one is proved, else by the reference.

Both roads refuse the same documents: a plan exists only for shapes that the reference accepts, and hands over to it
whatever its leaves might change.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final, TypeAlias

from sealwright.vc.canon.framing import frame_statements
from sealwright.vc.canon.naming import NodeReader, Place
from sealwright.vc.canon.plans import Plan, PlanCompiler, Planned
from sealwright.vc.canon.rdfc import MAX_STEPS, CanonicalDataset, WorkBudget
from sealwright.vc.canon.rechecking import PlanMismatch, Rechecker
from sealwright.vc.canon.reference import ReferenceProcessor, encode
from sealwright.vc.canon.shape import Key, NoPlanError, ShapeReader
from sealwright.vc.canon.terms import Quad
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.errors import InvalidCharacter, TooComplex, VcError

DEADLINE_SECONDS: Final = 2.0
MAX_PLANS: Final = 4_096
MAX_PLANS_PER_CONTEXTS: Final = 256
"""Plans compiled at first sight for one set of contexts; each credential schema has a context of its own."""

STRANGER_SECONDS_PER_SECOND: Final = 0.1
"""Share of the time that may go into compiling the shapes of strangers."""

RECHECK_EVERY: Final = 1_000


@dataclass(frozen=True, slots=True)
class CanonStats:
    """Counts since the start of the process.

    Args:
        hits: Documents canonicalized by plan.
        fallbacks: Documents that went to the reference.
        compiles: Plans made.
        evictions: Shapes forgotten to make room.
        refusals: Shapes for which there can be no plan.
        mismatches: Comparisons in which a plan and the reference differed; any is an alarm.
    """

    hits: int
    fallbacks: int
    compiles: int
    evictions: int
    refusals: int
    mismatches: int


@dataclass(slots=True, eq=False)
class _Entry:
    """A shape that was decided on: its plan, or None where there can be none."""

    plan: Plan | None
    used_at: int


_Hint: TypeAlias = tuple[str, ...]


def _hint(document: Mapping[str, Any]) -> _Hint:
    """A glance at a document: the names of its members and of its subject's."""
    subject = document.get("credentialSubject")
    return (*document, *subject) if type(subject) is dict else tuple(document)


class Canonicalizer:
    """Canonicalizes documents under the contexts of one store; safe for many threads.

    Args:
        contexts: The pinned contexts; those registered later are seen.
        on_mismatch: Told when a plan and the reference differ, from the thread that compares. By then the plan, and
            all plans under the same contexts, are out of use.
        clock: Monotonic seconds, by which the strangers' budget refills.
        work_clock: Seconds of work that the calling thread has done, by which work is bounded and charged: a machine
            that stood still has done none, and refuses no document for that.
    """

    def __init__(
        self,
        contexts: ContextStore,
        *,
        on_mismatch: Callable[[PlanMismatch], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        work_clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._clock = clock
        self._work_clock = work_clock
        self._contexts = contexts
        self._reference = ReferenceProcessor(contexts)
        self._shapes = ShapeReader(contexts)
        self._compiler = PlanCompiler(contexts, self._reference, self._shapes)
        self._nodes = NodeReader(contexts, self._shapes)
        self._on_mismatch = on_mismatch
        self._rechecker = Rechecker(self._compare)
        self._lock = Lock()
        self._plans: dict[Key, _Entry] = {}
        # By a glance at a document, the shape that it probably has: to check that costs a third of finding it out.
        self._guesses: dict[_Hint, _Entry] = {}
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._per_contexts: dict[bytes, int] = {}
        self._distrusted: set[bytes] = set()
        self._budget_seconds, self._budget_at = STRANGER_SECONDS_PER_SECOND, clock()
        self._hits = self._fallbacks = self._compiles = self._evictions = self._refusals = self._mismatches = 0

    def canonicalize(
        self,
        document: Mapping[str, Any],
        *,
        allow_inline: bool = False,
        stranger: bool = False,
        hash_name: str = "SHA-256",
    ) -> bytes:
        """The canonical form of a document, of which every member is part.

        Args:
            document: JSON as decoded, an object with ``@context``; not altered.
            allow_inline: Take context objects that only add terms.
            stranger: The document came from outside: its shape is compiled at second sight only, and within a budget.
            hash_name: By which blank nodes are told apart: ``SHA-256``, or ``SHA-384``, for which no plans are made.

        Returns:
            Sorted N-Quads in UTF-8, never empty.

        Raises:
            UndefinedTerm: A member, type or reference that no context turns into an absolute IRI.
            UnsignableValue: A null, an empty array or object, an array directly in an array, an index.
            TermConflict: A context redefines or nulls a term.
            ContextNotAllowed: A context that is not pinned, or stands inline where that is refused.
            MalformedDocument: Not JSON-LD, or nothing in it to sign.
            NumberOutOfRange: An integer beyond ±(2^53 − 1) or a number that is not finite.
            TooComplex: Too many values or contexts, blank nodes too alike, or over two seconds of work.
            InvalidUnicode: A lone surrogate.
            InvalidCharacter: U+FFFE or U+FFFF in a text.
            NestingTooDeep: More than 32 levels.

        Spec: JSON-LD 1.1 API, "Deserialize JSON-LD to RDF Algorithm"; RDF Dataset Canonicalization 1.0.
        """
        if hash_name != "SHA-256":
            return encode(self.dataset(document, allow_inline=allow_inline, hash_name=hash_name).lines)
        return self.form_of(document, allow_inline=allow_inline, stranger=stranger)[0]

    def form_of(
        self, document: Mapping[str, Any], *, allow_inline: bool = False, stranger: bool = False
    ) -> tuple[bytes, bool]:
        """As `canonicalize`, and whether the shape shows that the subjects hold, by name, all that is said of them.

        Returns:
            The canonical form; False beside it where the statements themselves have to be asked.

        Raises:
            VcError: As `canonicalize`.
        """
        planned = self.by_plan(document)
        if planned is not None:
            return planned.data, planned.tells_subjects()
        try:
            key, leaves = self._shapes.read(document)  # type: ignore[arg-type]  # what is no dict has no plan
        except NoPlanError:
            return self._fall_back(document, allow_inline=allow_inline), False
        plan = self._plan_at(document, key, leaves, _hint(document), stranger=stranger)
        if plan is not None:
            data = self._by_plan(plan, leaves, document)
            if data is not None:
                return data, plan.tells_subjects_of(leaves)
        return self._fall_back(document, allow_inline=allow_inline), False

    def by_plan(self, document: Mapping[str, Any]) -> Planned | None:
        """What the plan makes of a document that looks like others that came before; None where `form_of` must see.

        It has the very contexts and types of those, not only contexts of the same content.
        """
        guess = self._guesses.get(_hint(document))
        plan = guess.plan if guess is not None else None
        leaves = plan.extract(document) if plan is not None else None
        if guess is None or plan is None or leaves is None:
            return None
        guess.used_at = self._hits
        data = self._by_plan(plan, leaves, document)
        return Planned(plan, leaves, data, self._shapes) if data is not None else None

    def _plan_at(
        self, document: Mapping[str, Any], key: Key, leaves: list[Any], hint: _Hint, *, stranger: bool
    ) -> Plan | None:
        """The plan under a key, made where that is worth it; the next document that looks alike is tried with it."""
        entry = self._plans.get(key)
        if entry is None:
            return self._consider(document, key, leaves, stranger=stranger)
        entry.used_at = self._hits
        if entry.plan is not None:
            if len(self._guesses) >= MAX_PLANS:
                self._guesses.clear()
            self._guesses[hint] = entry
        return entry.plan

    def canonicalize_by_reference(self, document: Mapping[str, Any], *, allow_inline: bool = False) -> bytes:
        """As `canonicalize`, always by the reference processor and without any plan."""
        return encode(self.dataset(document, allow_inline=allow_inline).lines)

    def dataset(
        self, document: Mapping[str, Any], *, allow_inline: bool = False, hash_name: str = "SHA-256"
    ) -> CanonicalDataset:
        """The canonical statements one by one, with the label of each blank node; by the reference.

        Raises:
            VcError: As `canonicalize`.
        """
        budget = WorkBudget(MAX_STEPS, deadline=self._work_clock() + DEADLINE_SECONDS, clock=self._work_clock)
        return self._reference.canonicalize(document, budget, allow_inline=allow_inline, hash_name=hash_name)

    def unnamed_nodes(self, document: Mapping[str, Any], *, allow_inline: bool = False) -> tuple[Place, ...]:
        """The objects of a document that become nodes without a name: the steps to each, in document order.

        Raises:
            VcError: As `canonicalize`.
        """
        budget = WorkBudget(MAX_STEPS, deadline=self._work_clock() + DEADLINE_SECONDS, clock=self._work_clock)
        return self._nodes.unnamed(document, budget, allow_inline=allow_inline)

    def frame(self, quads: Iterable[Quad], frame: Mapping[str, Any]) -> dict[str, Any]:
        """What a JSON-LD frame makes of statements without blank nodes; see `framing.frame_statements`.

        Raises:
            DocumentRefused: The frame is malformed or too large, or names what is not pinned or not defined.
        """
        return frame_statements(quads, frame, self._contexts)

    def pinned_content(self, url: str) -> bytes | None:
        """The bytes that are held here for an address; None if none are. A stated digest is compared with them."""
        return self._contexts.get(url).content if self._contexts.knows(url) else None

    def learn(self, document: Mapping[str, Any]) -> bool:
        """Compile the plan of a document's shape now.

        Returns:
            Whether there is one. False means that documents of this shape go to the reference, which may accept them.
        """
        try:
            key, leaves = self._shapes.read(document)  # type: ignore[arg-type]  # what is no dict has no plan
        except NoPlanError:
            return False
        return self._compile(document, key, leaves) is not None

    def plan_for(self, document: Mapping[str, Any]) -> PlanHandle:
        """A handle on the plan of a document's shape, for many documents of that shape.

        The shape of each document is still checked, by a function made for it, at a third of the usual cost; a document
        of another shape is canonicalized as by `canonicalize`.
        """
        try:
            key, leaves = self._shapes.read(document)  # type: ignore[arg-type]  # what is no dict has no plan
        except NoPlanError:
            return PlanHandle(self, None)
        return PlanHandle(self, self._compile(document, key, leaves))

    @property
    def mismatches(self) -> int:
        """How many plans were found to differ from the reference; what was made before the last one may be wrong."""
        return self._mismatches

    def stats(self) -> CanonStats:
        """What was done so far."""
        return CanonStats(
            self._hits, self._fallbacks, self._compiles, self._evictions, self._refusals, self._mismatches
        )

    def finish_rechecks(self) -> None:
        """Wait until every comparison asked for so far is done."""
        self._rechecker.finish()

    def _fall_back(self, document: Mapping[str, Any], *, allow_inline: bool) -> bytes:
        self._fallbacks += 1
        return self.canonicalize_by_reference(document, allow_inline=allow_inline)

    def _by_plan(self, plan: Plan, leaves: Any, document: Mapping[str, Any]) -> bytes | None:
        """What a plan makes of the leaves; None where the reference must decide."""
        if plan.is_poisoned:
            return None
        try:
            text = plan.fill(leaves)
            if text is None:
                return None
            data = text.encode()
        except (UnicodeEncodeError, InvalidCharacter):
            return None
        self._hits += 1
        # The first document of each plan is compared, then one in a thousand; if too many comparisons wait, the next.
        if plan.uses % RECHECK_EVERY or self._rechecker.ask(plan, document, data):
            plan.uses += 1
        return data

    def _consider(self, document: Mapping[str, Any], key: Key, leaves: list[Any], *, stranger: bool) -> Plan | None:
        """Whether a shape met for the first time (or not yet compiled) is worth a plan."""
        if stranger:
            if not self._is_second_sight(key) or not self._has_budget():
                return None
        elif self._per_contexts.get(self._digest(document), 0) >= MAX_PLANS_PER_CONTEXTS:
            return None
        return self._compile(document, key, leaves, charged=stranger)

    def _digest(self, document: Mapping[str, Any]) -> bytes:
        return self._shapes.profile(document["@context"]).digest

    def _compile(
        self, document: Mapping[str, Any], key: Key, leaves: list[Any], *, charged: bool = False
    ) -> Plan | None:
        with self._lock:
            if key in self._plans:
                return self._plans[key].plan
            digest, started = self._digest(document), self._work_clock()
            plan: Plan | None = None
            try:
                if digest not in self._distrusted:
                    budget = WorkBudget(MAX_STEPS, deadline=started + DEADLINE_SECONDS, clock=self._work_clock)
                    plan = self._compiler.compile(dict(document), key, leaves, budget)
            except TooComplex:
                return None
            except NoPlanError as error:
                if isinstance(error.__cause__, TooComplex):
                    return None
            if charged:
                self._budget_seconds -= self._work_clock() - started
            self._remember(key, plan, digest)
            return plan

    def _remember(self, key: Key, plan: Plan | None, digest: bytes) -> None:
        if len(self._plans) >= MAX_PLANS:
            self._make_room()
        self._plans[key] = _Entry(plan, self._hits)
        if plan is None:
            self._refusals += 1
        else:
            self._compiles += 1
            self._per_contexts[digest] = self._per_contexts.get(digest, 0) + 1

    def _make_room(self) -> None:
        """Forget the sixteenth part of the shapes that was not used for longest; one by one would cost a scan each."""
        self._guesses.clear()
        oldest = sorted(self._plans.items(), key=lambda item: item[1].used_at)[: MAX_PLANS // 16]
        for key, entry in oldest:
            del self._plans[key]
            self._evictions += 1
            if entry.plan is not None:
                self._per_contexts[entry.plan.digest] -= 1

    def _is_second_sight(self, key: Key) -> bool:
        sight = hash(key)
        with self._lock:
            if sight in self._seen:
                return True
            self._seen[sight] = None
            if len(self._seen) > MAX_PLANS:
                self._seen.popitem(last=False)
            return False

    def _has_budget(self) -> bool:
        with self._lock:
            now = self._clock()
            refill = (now - self._budget_at) * STRANGER_SECONDS_PER_SECOND
            self._budget_seconds = min(self._budget_seconds + refill, STRANGER_SECONDS_PER_SECOND)
            self._budget_at = now
            return self._budget_seconds > 0

    def _compare(self, plan: Plan, document: Mapping[str, Any], data: bytes) -> None:
        """Hold what a plan gave against the reference; runs in the background."""
        try:
            if self.canonicalize_by_reference(document) == data:
                return
        except TooComplex:
            return  # The reference ran out of time; that says nothing about the plan.
        except VcError:
            pass  # The reference refuses what the plan took: the worst of differences.
        with self._lock:
            self._distrusted.add(plan.digest)
            plan.is_poisoned = True
            for entry in self._plans.values():
                if entry.plan is not None and entry.plan.digest == plan.digest:
                    entry.plan.is_poisoned = True
                    entry.plan = None
            # Last: whoever sees this count is given nothing more by that plan.
            self._mismatches += 1
        if self._on_mismatch is not None:
            self._on_mismatch(PlanMismatch(plan.digest))


class PlanHandle:
    """The plan of one shape in hand; made by `Canonicalizer.plan_for`, and only as long-lived as its process."""

    __slots__ = ("_canonicalizer", "_plan")

    def __init__(self, canonicalizer: Canonicalizer, plan: Plan | None) -> None:
        self._canonicalizer = canonicalizer
        self._plan = plan

    @property
    def is_compiled(self) -> bool:
        """Whether there is a plan, and it is trusted."""
        return self._plan is not None and not self._plan.is_poisoned

    def canonicalize(self, document: Mapping[str, Any]) -> bytes:
        """The canonical form of a document, fast if it has the shape that this handle was made for.

        Raises:
            VcError: As `Canonicalizer.canonicalize`.
        """
        plan = self._plan
        if plan is not None and not plan.is_poisoned:
            leaves = plan.extract(document)
            if leaves is not None:
                data = self._canonicalizer._by_plan(plan, leaves, document)
                if data is not None:
                    return data
        return self._canonicalizer.canonicalize(document)
