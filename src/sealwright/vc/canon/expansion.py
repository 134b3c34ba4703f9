"""JSON-LD expansion by the reference processor (PyLD), made to refuse what it would drop.

Expansion forgets in silence: members no context defines, nulls, empty arrays, identifiers that are relative. What it
forgets is not signed. Each object is therefore checked against its own active context just before the processor
expands it, which is the only moment at which context and place in the document are both known.

Spec: JSON-LD 1.1 Processing Algorithms and API, "Expansion Algorithm".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from cachetools import LRUCache
from pyld.context_resolver import ContextResolver
from pyld.jsonld import JsonLdError, JsonLdProcessor
from pyld.resolved_context import ResolvedContext

from sealwright.vc.canon.rdfc import WorkBudget
from sealwright.vc.canon.spelling import is_disguised
from sealwright.vc.canon.terms import ABSOLUTE_IRI
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.encoding.pointers import child
from sealwright.vc.errors import (
    ContextNotAllowed,
    DocumentRefused,
    MalformedDocument,
    TermConflict,
    UndefinedTerm,
    UnsignableValue,
)

_BLANK: Final = re.compile(r"_:[^\s]+")
_KEYWORD_LIKE: Final = re.compile(r"@[a-zA-Z]+")
_MAPS: Final = frozenset({"@language", "@index", "@id", "@type"})
_NO_NODE: Final = frozenset({"@id", "@value", "@list", "@set"})
_UNSIGNED_KEYWORDS: Final = frozenset({"@index", "@direction"})
_SCHEMES: Final = frozenset({"did", "urn", "http", "https", "data", "mailto", "tag", "ipfs", "tel"})
"""Names that an inline context may not define: as prefixes they would change what identifiers mean."""

_CONFLICTS: Final = frozenset({"protected term redefinition", "invalid context nullification"})
_LOADING: Final = frozenset({"loading remote context failed", "context overflow", "recursive context inclusion"})
_PROCESSED_CONTEXTS: Final = 64
_REMEMBERED_RESULTS: Final = 512

# Contexts of the processor are dictionaries without a declared shape.
ActiveContext = Mapping[str, Any]


class _CachedContext(ResolvedContext):  # type: ignore[misc]  # PyLD has no types
    """A context with room for more than ten processed forms; the pinned set needs more."""

    def __init__(self, document: object) -> None:
        super().__init__(document)
        self.cache: LRUCache[str, Any] = LRUCache(maxsize=_PROCESSED_CONTEXTS)


class PinnedResolver(ContextResolver):  # type: ignore[misc]  # PyLD has no types
    """Finds contexts in the store and nowhere else, and remembers them by address, or by identity inside a document.

    PyLD looks up each scoped context by its serialized form on every use; the objects of pinned documents live as
    long as the store, so their identity serves.
    """

    def __init__(self, contexts: ContextStore) -> None:
        super().__init__({}, None)
        self._contexts = contexts
        self._by_url: dict[str, list[_CachedContext]] = {}
        self._by_identity: dict[int, _CachedContext] = {}

    def resolve(
        self, _active_ctx: ActiveContext, context: Any, _base: str | None, _cycles: set[str] | None = None
    ) -> list[_CachedContext]:
        """The resolved contexts that a local context stands for, in order."""
        if isinstance(context, Mapping) and "@context" in context:
            context = context["@context"]
        resolved: list[_CachedContext] = []
        for item in context if isinstance(context, list) else [context]:
            if isinstance(item, str):
                resolved += self._by_url.get(item) or self._load(item)
            elif item is None or item is False:
                resolved.append(_CachedContext(False))
            elif isinstance(item, Mapping):
                resolved.append(self._by_identity.get(id(item)) or _CachedContext(item))
            else:
                raise MalformedDocument("A context is neither an address nor an object.")
        return resolved

    def is_pinned(self, context: object) -> bool:
        """Whether an object is part of a pinned document (and not of one that somebody sent)."""
        return id(context) in self._by_identity

    def _load(self, url: str) -> list[_CachedContext]:
        document = self._contexts.get(url).document
        self._remember(document)
        resolved = self._by_url[url] = self.resolve({}, document, None)
        return resolved

    def _remember(self, node: object) -> None:
        if isinstance(node, list):
            for item in node:
                self._remember(item)
        elif isinstance(node, dict):
            for name, value in node.items():
                if name == "@context":
                    for item in value if isinstance(value, list) else [value]:
                        if isinstance(item, dict):
                            self._by_identity.setdefault(id(item), _CachedContext(item))
                self._remember(value)


class CheckingProcessor(JsonLdProcessor):  # type: ignore[misc]  # PyLD has no types
    """PyLD's processor that raises where it would drop. Serves one document at a time; keeps its caches."""

    def __init__(self, resolver: PinnedResolver) -> None:
        super().__init__(self._on_dropped)
        self._resolver = resolver
        self._document: object = None
        self._budget = WorkBudget()
        self._visits = 0
        self._unnamed: set[int] | None = None
        self.is_plannable = True
        self._processed: dict[tuple[object, ...], ActiveContext] = {}

    def expand_document(
        self, document: Mapping[str, Any], budget: WorkBudget, unnamed: set[int] | None = None
    ) -> list[dict[str, Any]]:
        """Expand, always without a base: a relative identifier must not become one of a made-up host.

        Args:
            document: Inspected before (`inspect_document`). Not altered.
            budget: Taken from as work is done.
            unnamed: Is given the identity (`id`) of each object of the document that becomes a node without a name.

        Raises:
            UndefinedTerm: A member, type or reference that does not become an absolute IRI.
            UnsignableValue: A null, an empty or directly nested array, an empty object, an index.
            TermConflict: A term that is protected, or that an inline context redefines.
            ContextNotAllowed: A context that is not pinned.
            MalformedDocument: Anything else that is not JSON-LD.
            TooComplex: The budget's deadline has passed.
        """
        options = {
            "base": None,
            "contextResolver": self._resolver,
            "documentLoader": None,
            "isFrame": False,
            "keepFreeFloatingNodes": False,
            "processingMode": "json-ld-1.1",
        }
        self._document, self._budget, self._visits, self._unnamed = document, budget, 0, unnamed
        self.is_plannable = True
        try:
            expanded = self._expand(self._get_initial_context(options), None, document, options, inside_list=False)
        except JsonLdError as error:
            raise _refusal(error) from error
        except (KeyError, TypeError, AttributeError, ValueError, IndexError, RecursionError) as error:
            # PyLD stumbles over some malformed documents instead of reporting them.
            raise MalformedDocument("The document is not valid JSON-LD.") from error
        finally:
            self._document = self._unnamed = None
        if isinstance(expanded, dict) and expanded.keys() == {"@graph"}:
            expanded = expanded["@graph"]
        return expanded if isinstance(expanded, list) else [expanded]

    def _expand(
        self, active_ctx: ActiveContext, active_property: str | None, element: Any, *args: Any, **kw: Any
    ) -> Any:
        self._tick()
        result = super()._expand(active_ctx, active_property, element, *args, **kw)
        if result is None and element is not None:
            raise UnsignableValue("A value stands where JSON-LD drops it.", pointer=self._pointer(element))
        if self._unnamed is not None and type(element) is type(result) is dict and _NO_NODE.isdisjoint(result):
            self._unnamed.add(id(element))
        return result

    def _expand_object(  # noqa: PLR0917  # PyLD's signature
        self,
        active_ctx: ActiveContext,
        active_property: str | None,
        expanded_active_property: str | None,
        element: Mapping[str, Any],
        expanded_parent: dict[str, Any],
        options: dict[str, Any],
        inside_list: bool = False,
        type_key: str | None = None,
        type_scoped_ctx: ActiveContext | None = None,
    ) -> None:
        self._check_object(active_ctx, element, type_scoped_ctx or active_ctx, type_key, options)
        super()._expand_object(
            active_ctx,
            active_property,
            expanded_active_property,
            element,
            expanded_parent,
            options,
            inside_list,
            type_key,
            type_scoped_ctx,
        )

    def _process_context(
        self, active_ctx: ActiveContext, local_ctx: Any, options: dict[str, Any], *args: Any, **kw: Any
    ) -> ActiveContext:
        """As the processor does, remembering results that it forgets: it marks each type-scoped context as new.

        Only contexts that cannot change are remembered, by address or by the identity of an object in a pinned
        document, and never while a context is still being defined (PyLD then passes what it has met so far).
        """
        if args or "cycles" in kw or "_uuid" not in active_ctx:
            return super()._process_context(active_ctx, local_ctx, options, *args, **kw)  # type: ignore[no-any-return]
        if isinstance(local_ctx, list) and all(isinstance(item, str) for item in local_ctx):
            name: object = tuple(local_ctx)
        elif isinstance(local_ctx, str):
            name = local_ctx
        elif self._resolver.is_pinned(local_ctx):
            name = id(local_ctx)
        else:
            return super()._process_context(active_ctx, local_ctx, options, **kw)  # type: ignore[no-any-return]
        key = (active_ctx["_uuid"], name, kw.get("override_protected", False), kw.get("propagate", True))
        found = self._processed.get(key)
        if found is None:
            if len(self._processed) >= _REMEMBERED_RESULTS:
                self._processed.clear()
            found = self._processed[key] = super()._process_context(active_ctx, local_ctx, options, **kw)
        return found

    def _expand_iri(  # noqa: PLR0917  # PyLD's signature
        self,
        active_ctx: ActiveContext,
        value: Any,
        base: str | None = None,
        vocab: bool = False,
        local_ctx: Mapping[str, Any] | None = None,
        defined: dict[str, bool] | None = None,
    ) -> Any:
        """As the processor does, with a short way for what is asked most: a term of a finished context."""
        if vocab and not local_ctx and type(value) is str:
            mapping = active_ctx["mappings"].get(value)
            if mapping is not None:
                return mapping["@id"]
        return super()._expand_iri(active_ctx, value, base=base, vocab=vocab, local_ctx=local_ctx, defined=defined)

    def _create_term_definition(
        self, active_ctx: ActiveContext, local_ctx: Mapping[str, Any], term: str, *args: Any, **kw: Any
    ) -> None:
        self._tick()
        if not local_ctx or self._resolver.is_pinned(local_ctx):
            super()._create_term_definition(active_ctx, local_ctx, term, *args, **kw)
            return
        if term.lower() in _SCHEMES:
            raise TermConflict(f"An inline context defines {term!r}, which is the scheme of identifiers.")
        previous = active_ctx["mappings"].get(term)
        super()._create_term_definition(active_ctx, local_ctx, term, *args, **kw)
        if previous is not None and active_ctx["mappings"].get(term) != previous:
            raise TermConflict("An inline context redefines an existing term.")

    def _tick(self) -> None:
        """Look at the clock now and then; both values and term definitions count as steps."""
        self._visits += 1
        if self._visits & 31 == 0:
            self._budget.check_time()

    def _check_object(
        self,
        active_ctx: ActiveContext,
        element: Mapping[str, Any],
        type_ctx: ActiveContext,
        type_key: str | None,
        options: dict[str, Any],
    ) -> None:
        mappings = active_ctx["mappings"]
        self.is_plannable &= "@base" not in active_ctx and "@direction" not in active_ctx
        is_json = type_key is not None and self._is_json_type(type_ctx, element[type_key])
        for name, value in element.items():
            if name == "@context":
                continue
            iri = self._expand_iri(active_ctx, name, vocab=True)
            if iri is None or not (iri.startswith("@") or ABSOLUTE_IRI.fullmatch(iri)):
                self._refuse(UndefinedTerm, "No context defines the member.", element, name)
            if is_disguised(name, iri):
                self._refuse(TermConflict, "What verifiers read stands under another name.", element, name)
            mapping = mappings.get(name) or {}
            coercion = mapping.get("@type")
            if iri[0] == "@" or mapping:
                self.is_plannable &= _is_plain_member(iri, mapping)
            if coercion == "@json" or (is_json and iri == "@value"):
                continue
            if iri in _UNSIGNED_KEYWORDS:
                self._refuse(UnsignableValue, "The member is left out of the signed form.", element, name)
            container = mapping.get("@container") or ()
            self._check_value(value, element, name, is_list=iri == "@list" or "@list" in container)
            if isinstance(value, Mapping) and not _MAPS.isdisjoint(container):
                self._check_map(value, mapping, element, name)
            if iri == "@type":
                holds = is_json or self._references_hold(type_ctx, value, vocabulary=True)
            elif iri == "@id" or (coercion in {"@id", "@vocab"} and not iri.startswith("@")):
                vocabulary = iri != "@id" and coercion == "@vocab"
                # A term's own context counts for its values, as for the purposes of a proof.
                value_ctx = self._scoped(active_ctx, mapping, options)
                holds = self._references_hold(value_ctx, value, vocabulary=vocabulary)
            else:
                continue
            if not holds:
                self._refuse(UndefinedTerm, "A text does not become an absolute IRI.", element, name)

    def _scoped(self, active_ctx: ActiveContext, mapping: Mapping[str, Any], options: dict[str, Any]) -> ActiveContext:
        """The active context inside a term that may bring its own."""
        if mapping.get("@context") is None:
            return active_ctx
        scoped: ActiveContext = self._process_context(
            active_ctx, mapping["@context"], options, propagate=True, override_protected=True
        )
        return scoped

    def _is_json_type(self, type_ctx: ActiveContext, value: object) -> bool:
        types = value if isinstance(value, list) else [value]
        return any(isinstance(item, str) and self._expand_iri(type_ctx, item, vocab=True) == "@json" for item in types)

    def _check_value(
        self, value: object, element: Mapping[str, Any], name: str, *, is_list: bool, nested: bool = False
    ) -> None:
        if value is None:
            self._refuse(UnsignableValue, "A null is left out of the signed form.", element, name)
        if isinstance(value, list | Mapping) and not value:
            self._refuse(UnsignableValue, "An empty array or object is left out of the signed form.", element, name)
        if isinstance(value, list):
            if nested and not is_list:
                # Sets of sets are flattened, so the bounds of the inner array would not be signed.
                self._refuse(UnsignableValue, "An array stands directly in an array.", element, name)
            for item in value:
                self._check_value(item, element, name, is_list=is_list, nested=True)

    def _check_map(
        self, value: Mapping[str, Any], mapping: Mapping[str, Any], element: Mapping[str, Any], name: str
    ) -> None:
        """The names in an index map are data; only a property-valued index reaches the signed form."""
        if "@index" in mapping["@container"] and mapping.get("@index", "@index") == "@index":
            self._refuse(UnsignableValue, "The names of an index map are left out of the signed form.", element, name)
        for item in value.values():
            self._check_value(item, element, name, is_list=False)

    def _references_hold(self, context: ActiveContext, value: object, *, vocabulary: bool) -> bool:
        """Whether each text becomes an absolute IRI or a blank node; otherwise its statements would vanish."""
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                expanded = self._expand_iri(context, item, vocab=vocabulary)
                if expanded is None or not (ABSOLUTE_IRI.fullmatch(expanded) or _BLANK.fullmatch(expanded)):
                    return False
        return True

    def _on_dropped(self, _name: str | None) -> NoReturn:
        raise UndefinedTerm("A member is defined by no context.")

    def _refuse(self, error: type[DocumentRefused], detail: str, element: Mapping[str, Any], name: str) -> NoReturn:
        at = self._pointer(element)
        raise error(detail, pointer=None if at is None else child(at, name))

    def _pointer(self, target: object) -> str | None:
        """Where an object or array of the document stands; searched only once something is refused."""
        if not isinstance(target, Mapping | list):
            return None  # Equal texts may be one object in memory, so identity does not tell which is meant.
        stack: list[tuple[object, str]] = [(self._document, "")]
        while stack:
            node, pointer = stack.pop()
            if node is target:
                return pointer
            if isinstance(node, Mapping):
                stack += [(value, child(pointer, name)) for name, value in node.items()]
            elif isinstance(node, list):
                stack += [(item, f"{pointer}/{index}") for index, item in enumerate(node)]
        return None


def _is_plain_member(iri: str, mapping: Mapping[str, Any]) -> bool:
    """Whether a compiled plan may take a member: no keyword but ids and types, no container but sets."""
    if iri.startswith("@"):
        return iri in {"@id", "@type"}
    return not (
        mapping.get("reverse")
        or mapping.get("@type") in {"@json", "@none"}
        or {"@nest", "@direction", "@index"} & mapping.keys()
        or not {"@set"}.issuperset(mapping.get("@container") or ())
    )


def _refusal(error: JsonLdError) -> DocumentRefused:
    """Translate PyLD's error by the innermost code: scoped contexts wrap the error that matters."""
    cause: BaseException | None = error
    codes = set()
    while cause is not None:
        if isinstance(cause, DocumentRefused):
            return cause
        codes.add(getattr(cause, "code", None))
        cause = cause.__cause__
    if codes & _CONFLICTS:
        return TermConflict("A context redefines or nulls a protected term.")
    if codes & _LOADING:
        return ContextNotAllowed("A context could not be taken from the pinned set.")
    return MalformedDocument("The document is not valid JSON-LD.")
