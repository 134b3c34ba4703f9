"""The reference processor: expansion by PyLD, statements and labels by this package, no caches of results.

Whatever a compiled plan does is held against this module; what no plan may take is done here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from sealwright.vc.canon.expansion import CheckingProcessor, PinnedResolver
from sealwright.vc.canon.inspection import inspect_document
from sealwright.vc.canon.quads import to_quads
from sealwright.vc.canon.rdfc import CanonicalDataset, WorkBudget, canonicalize_quads
from sealwright.vc.canon.spelling import is_read_whole
from sealwright.vc.canon.terms import Quad
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.errors import InvalidUnicode, MalformedDocument, TermConflict

_KEPT_PROCESSORS: Final = 4


class ReferenceProcessor:
    """Canonicalizes documents under pinned contexts, safely from many threads.

    Processed contexts are remembered per processor; a few processors are kept for reuse. A document with inline
    contexts gets one of its own, so that nothing it defines outlives it.
    """

    def __init__(self, contexts: ContextStore) -> None:
        self._contexts = contexts
        self._idle: deque[CheckingProcessor] = deque(maxlen=_KEPT_PROCESSORS)

    def canonicalize(
        self,
        document: Mapping[str, Any],
        budget: WorkBudget,
        *,
        allow_inline: bool = False,
        hash_name: str = "SHA-256",
    ) -> CanonicalDataset:
        """The canonical statements of a document and the labels of its blank nodes.

        Args:
            document: As `Canonicalizer.canonicalize` takes it.
            budget: Taken from as work is done.
            allow_inline: Take context objects that only add terms.
            hash_name: By which blank nodes are told apart: a key of `rdfc.HASHES`.

        Raises:
            DocumentRefused: See `Canonicalizer.canonicalize`.
        """
        quads = self.quads(document, budget, allow_inline=allow_inline)
        dataset = canonicalize_quads(quads, budget, hash_name=hash_name)
        if not dataset.lines:
            raise MalformedDocument("The document states nothing that could be signed.")
        return dataset

    def quads(self, document: Mapping[str, Any], budget: WorkBudget, *, allow_inline: bool = False) -> list[Quad]:
        """The statements of a document before labelling, in document order.

        Raises:
            DocumentRefused: See `Canonicalizer.canonicalize`.
        """
        has_inline = inspect_document(document, self._contexts, allow_inline=allow_inline)
        if has_inline:
            expanded = self._processor().expand_document(document, budget)
            if not is_read_whole(expanded, document):
                detail = "What verifiers read at the top of the document stands elsewhere, or under another name."
                raise TermConflict(detail)
            return to_quads(expanded)
        return self.trial(document, budget)[0]

    def trial(self, document: Mapping[str, Any], budget: WorkBudget) -> tuple[list[Quad], bool]:
        """The statements of an inspected document, and whether it used only features that a plan may take.

        Raises:
            DocumentRefused: See `Canonicalizer.canonicalize`.
        """
        try:
            processor = self._idle.pop()
        except IndexError:
            processor = self._processor()
        try:
            quads = to_quads(processor.expand_document(document, budget))
            return quads, processor.is_plannable
        finally:
            self._idle.append(processor)

    def _processor(self) -> CheckingProcessor:
        return CheckingProcessor(PinnedResolver(self._contexts))


def encode(lines: tuple[str, ...] | list[str]) -> bytes:
    """Join canonical statements into the bytes that are hashed.

    Raises:
        InvalidUnicode: A text holds a lone surrogate.
    """
    try:
        return "".join(lines).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidUnicode("A text holds a lone surrogate.") from error
