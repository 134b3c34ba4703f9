"""RDF Dataset Canonicalization with bounded work.

Blank nodes that look alike from nearby are told apart by trying orders, which takes over ten seconds for a clique of
seven. So every order tried and every neighborhood hashed is counted, and the count, which does not depend on the
machine, decides first; the deadline is the second fence.

Spec: RDF Dataset Canonicalization 1.0 (RDFC-1.0 with SHA-256).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256, sha384
from itertools import permutations
from typing import Final

from sealwright.vc.canon.terms import Quad, line
from sealwright.vc.errors import InvalidUnicode, TooComplex

MAX_STEPS: Final = 20_000
"""Orders tried plus neighborhoods hashed; about half a second of work. The hardest published case needs 3,348."""

HASHES: Final = {"SHA-256": sha256, "SHA-384": sha384}
"""The hash functions that suites may ask for; P-384 suites use the second."""

_MOST_DEPTH: Final = 250
_TOO_LONG: Final = "The blank nodes of the document form too long a chain."
_POSITIONS: Final = ((0, "s"), (2, "o"), (3, "g"))


class WorkBudget:
    """How much may still be done for one document: steps, which are counted, and a moment on the thread's own clock."""

    __slots__ = ("_clock", "_deadline", "_steps")

    def __init__(
        self,
        max_steps: int = MAX_STEPS,
        *,
        deadline: float | None = None,
        clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._steps = max_steps
        self._deadline = deadline
        self._clock = clock

    def spend(self) -> None:
        """Take one step.

        Raises:
            TooComplex: None is left, or the deadline has passed.
        """
        self._steps -= 1
        if self._steps < 0:
            raise TooComplex("The blank nodes of the document are too alike to be labelled within the limit.")
        if self._steps & 63 == 0:
            self.check_time()

    def check_time(self) -> None:
        """Raise TooComplex once the deadline has passed."""
        if self._deadline is not None and self._clock() > self._deadline:
            raise TooComplex("The document could not be canonicalized in time.")


@dataclass(frozen=True, slots=True)
class CanonicalDataset:
    """The canonical statements in code point order, and the canonical label of each blank node.

    Args:
        lines: Each with its line feed, without repetition.
        labels: Blank node as given (``_:b0``) → canonical label (``_:c14n0``).
    """

    lines: tuple[str, ...]
    labels: Mapping[str, str]


class _Issuer:
    """Gives out ``<prefix>0``, ``<prefix>1`` … and remembers in which order."""

    __slots__ = ("issued", "prefix")

    def __init__(self, prefix: str, issued: dict[str, str] | None = None) -> None:
        self.prefix = prefix
        self.issued = issued if issued is not None else {}

    def issue(self, node: str) -> str:
        label = self.issued.get(node)
        if label is None:
            label = self.issued[node] = f"{self.prefix}{len(self.issued)}"
        return label

    def copy(self) -> _Issuer:
        return _Issuer(self.prefix, self.issued.copy())


def canonicalize_quads(quads: Iterable[Quad], budget: WorkBudget, *, hash_name: str = "SHA-256") -> CanonicalDataset:
    """Label the blank nodes canonically and sort the statements.

    Args:
        quads: Repetitions are allowed and count once.
        budget: Taken from as work is done.
        hash_name: A key of `HASHES`.

    Raises:
        TooComplex: The budget is used up.
        InvalidUnicode: A text beside a blank node holds a lone surrogate.

    Spec: RDF Dataset Canonicalization 1.0, "Canonicalization Algorithm".
    """
    unique = list(dict.fromkeys(quads))
    try:
        labels = _Labelling(unique, budget, hash_name).run()
    except RecursionError as error:
        raise TooComplex(_TOO_LONG) from error
    except UnicodeEncodeError as error:
        raise InvalidUnicode("A text holds a lone surrogate.") from error
    get = labels.get
    named = {line((get(s, s), p, get(o, o), get(g, g))) for s, p, o, g in unique}
    return CanonicalDataset(tuple(sorted(named)), labels)


def first_degree_hash(node: str, quads: Iterable[Quad], hash_name: str = "SHA-256") -> str:
    """Hash of the statements around one blank node, all others alike.

    Spec: RDF Dataset Canonicalization 1.0, "Hash First Degree Quads".
    """

    def masked(term: str) -> str:
        return term if not term.startswith("_:") else "_:a" if term == node else "_:z"

    lines = sorted(line((masked(s), p, masked(o), masked(g))) for s, p, o, g in quads)
    return HASHES[hash_name]("".join(lines).encode()).hexdigest()


class _Labelling:
    """One run of the algorithm: the state that the specification calls the canonicalization state."""

    def __init__(self, quads: list[Quad], budget: WorkBudget, hash_name: str) -> None:
        self._budget = budget
        self._hash_name = hash_name
        self._quads_of: dict[str, list[Quad]] = {}
        for quad in quads:
            for node in {quad[0], quad[2], quad[3]}:
                if node.startswith("_:"):
                    self._quads_of.setdefault(node, []).append(quad)
        self._canonical = _Issuer("_:c14n")
        self._first: dict[str, str] = {}
        self._depth = 0

    def run(self) -> dict[str, str]:
        by_hash: dict[str, list[str]] = {}
        for node, quads in self._quads_of.items():
            self._first[node] = first_degree_hash(node, quads, self._hash_name)
            by_hash.setdefault(self._first[node], []).append(node)
        shared = []
        for digest in sorted(by_hash):
            if len(by_hash[digest]) == 1:
                self._canonical.issue(by_hash[digest][0])
            else:
                shared.append(digest)
        for digest in shared:
            self._label_alike(by_hash[digest])
        return self._canonical.issued

    def _label_alike(self, nodes: list[str]) -> None:
        paths: list[tuple[str, _Issuer]] = []
        for node in nodes:
            if node not in self._canonical.issued:
                issuer = _Issuer("_:b")
                issuer.issue(node)
                paths.append(self._hash_n_degree(node, issuer))
        for _, issuer in sorted(paths, key=lambda path: path[0]):
            for node in issuer.issued:
                self._canonical.issue(node)

    def _hash_n_degree(self, node: str, issuer: _Issuer) -> tuple[str, _Issuer]:
        """Spec: RDF Dataset Canonicalization 1.0, "Hash N-Degree Quads"."""
        self._budget.spend()
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise TooComplex(_TOO_LONG)
        related: dict[str, list[str]] = {}
        for quad in self._quads_of[node]:
            for index, position in _POSITIONS:
                other = quad[index]
                if other.startswith("_:") and other != node:
                    related.setdefault(self._hash_related(other, quad, issuer, position), []).append(other)
        data = []
        for digest in sorted(related):
            path, issuer = self._best_path(related[digest], issuer)
            data += [digest, path]
        self._depth -= 1
        return self._digest("".join(data)), issuer

    def _hash_related(self, other: str, quad: Quad, issuer: _Issuer, position: str) -> str:
        """Spec: RDF Dataset Canonicalization 1.0, "Hash Related Blank Node"."""
        label = self._canonical.issued.get(other) or issuer.issued.get(other) or self._first[other]
        predicate = "" if position == "g" else quad[1]
        return self._digest(f"{position}{predicate}{label}")

    def _digest(self, text: str) -> str:
        return HASHES[self._hash_name](text.encode()).hexdigest()

    def _best_path(self, nodes: list[str], issuer: _Issuer) -> tuple[str, _Issuer]:
        chosen_path, chosen_issuer = "", issuer
        for order in permutations(nodes):
            self._budget.spend()
            found = self._path(order, issuer.copy(), chosen_path)
            if found is not None and (not chosen_path or found[0] < chosen_path):
                chosen_path, chosen_issuer = found
        return chosen_path, chosen_issuer

    def _path(self, order: tuple[str, ...], issuer: _Issuer, chosen: str) -> tuple[str, _Issuer] | None:
        """The path of one order, or None as soon as it cannot become the least."""
        path, to_visit = "", []
        for node in order:
            label = self._canonical.issued.get(node)
            if label is None:
                if node not in issuer.issued:
                    to_visit.append(node)
                label = issuer.issue(node)
            path += label
            if chosen and len(path) >= len(chosen) and path > chosen:
                return None
        for node in to_visit:
            digest, visited = self._hash_n_degree(node, issuer)
            path += f"{issuer.issue(node)}<{digest}>"
            issuer = visited
            if chosen and len(path) >= len(chosen) and path > chosen:
                return None
        return path, issuer
