"""Credentials as questions see them, whatever form they came in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sealwright.protocols.queries import JWT_VC, LDP_VC, SD_JWT, Candidate
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import VcError
from sealwright.vc.proofs.registry import disclosure_suite, suite_name_of
from sealwright.vc.proofs.sd_jwt_reading import is_sd_jwt, open_sd_jwt
from sealwright.vc.proofs.sd_jwt_showing import parts_of
from sealwright.vc.verification.opening import open_credential

_TYPE: Final = " <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
_CREDENTIAL: Final = "https://www.w3.org/2018/credentials#VerifiableCredential"


class Candidates:
    """Makes candidates; full spellings of types come from the contexts that a credential names."""

    def __init__(self, canon: Canonicalizer) -> None:
        self._canon = canon

    def of(self, source: object) -> Candidate | None:
        """A credential for questions to be asked of; None for what cannot be read. Nothing is verified."""
        try:
            if isinstance(source, str) and is_sd_jwt(source):
                return _of_sd_jwt(source)
            token = open_credential(source)
        except VcError:
            return None
        if token is not None:
            document, algorithm = token.document, token.header.get("alg")
            proofs = frozenset({algorithm}) if isinstance(algorithm, str) else frozenset[str]()
            return Candidate(
                JWT_VC,
                document,
                self._types(document),
                proofs,
                payload=token.compact.payload,
                is_bound=_names_subject(document),
            )
        if not isinstance(source, Mapping):
            return None
        document = dict(source)
        proofs, can_be_narrowed = _proofs(document)
        return Candidate(
            LDP_VC,
            document,
            self._types(document),
            proofs,
            choosable=None if can_be_narrowed else frozenset(),
            is_bound=_names_subject(document),
        )

    def _types(self, document: Mapping[str, JSONValue]) -> frozenset[str]:
        """The types as they stand there, and in full spelling."""
        stated = document.get("type")
        named = [stated] if isinstance(stated, str) else stated if isinstance(stated, list) else []
        short = frozenset(one for one in named if isinstance(one, str))
        unproven = {name: value for name, value in document.items() if name != "proof"}
        try:
            lines = self._canon.canonicalize(unproven).decode("utf-8").splitlines()
        except VcError:
            # Such a one has short names alone, and no question for full spellings is answered by it.
            return frozenset(one for one in short if ":" not in one)
        return frozenset(one for one in short if ":" not in one) | _spelled(lines)


def _spelled(lines: Sequence[str]) -> frozenset[str]:
    """The types of the one node that is a credential; none where there are several."""
    found: dict[str, set[str]] = {}
    for line in lines:
        node, is_type, rest = line.partition(_TYPE)
        if is_type and rest.startswith("<"):
            found.setdefault(node, set()).add(rest[1:].partition(">")[0])
    credentials = [types for types in found.values() if _CREDENTIAL in types]
    return frozenset(credentials[0]) if len(credentials) == 1 else frozenset()


def _of_sd_jwt(text: str) -> Candidate:
    opened = open_sd_jwt(text)
    vct, algorithm = opened.claims.get("vct"), opened.token.header.get("alg")
    return Candidate(
        SD_JWT,
        opened.claims,
        frozenset({vct}) if isinstance(vct, str) else frozenset(),
        frozenset({algorithm}) if isinstance(algorithm, str) else frozenset(),
        choosable=frozenset(part.path for part in parts_of(opened)),
        is_bound="cnf" in opened.claims,
        bindings=frozenset({str(binding.header.get("alg"))}) if (binding := opened.key_binding) is not None else None,
    )


def _proofs(document: Mapping[str, JSONValue]) -> tuple[frozenset[str], bool]:
    """Names of the proofs' types and suites; and whether every one of them allows to show a part."""
    proof = document.get("proof")
    listed = [one for one in (proof if isinstance(proof, list) else [proof]) if isinstance(one, dict)]
    names = {value for one in listed for value in (one.get("type"), one.get("cryptosuite")) if isinstance(value, str)}
    suites = [disclosure_suite(suite_name_of(one)) for one in listed]
    for suite in suites:
        if suite is not None:
            names |= {suite.proof_type, suite.derived_type}
    return frozenset(names), bool(suites) and all(one is not None for one in suites)


def _names_subject(document: Mapping[str, JSONValue]) -> bool:
    subject = document.get("credentialSubject")
    listed = subject if isinstance(subject, list) else [subject]
    return bool(listed) and all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in listed)
