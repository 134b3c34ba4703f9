"""PyPI's `didcomm` as a child process: one JSON object a line in on stdin, one answer a line out on stdout.

A request has `number`, `command`, `documents` (by DID: {keyAgreement, authentication}, each a list of {kid, jwk}), and
`secrets` (a list of {kid, jwk}). The answer has the same `number` and either `result` or `error`. It runs in an
environment of its own, for the package wants very old companions.
"""

# mypy: ignore-errors
# Its packages are not in the environment that is checked.
import asyncio
import json
import sys

from didcomm.common.resolvers import ResolversConfig
from didcomm.common.types import VerificationMaterial, VerificationMaterialFormat, VerificationMethodType
from didcomm.did_doc.did_doc import DIDDoc
from didcomm.did_doc.did_resolver import DIDResolver
from didcomm.message import Message
from didcomm.pack_encrypted import PackEncryptedConfig, pack_encrypted
from didcomm.secrets.secrets_resolver import Secret
from didcomm.secrets.secrets_resolver_in_memory import SecretsResolverInMemory
from didcomm.unpack import unpack


class Documents(DIDResolver):
    """Gives the documents that came with the question."""

    def __init__(self, documents):
        self._documents = documents

    async def resolve(self, did):
        known = self._documents.get(did)
        return None if known is None else DIDDoc.deserialize(_document(did, known))


def _document(did, known):
    methods = [*known.get("keyAgreement", []), *known.get("authentication", [])]
    return {
        "@context": "https://www.w3.org/ns/did/v1",
        "id": did,
        "verificationMethod": [
            {"id": one["kid"], "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": one["jwk"]}
            for one in methods
        ],
        "keyAgreement": [one["kid"] for one in known.get("keyAgreement", [])],
        "authentication": [one["kid"] for one in known.get("authentication", [])],
    }


def _resolvers(question):
    secrets = [
        Secret(
            one["kid"],
            VerificationMethodType.JSON_WEB_KEY_2020,
            VerificationMaterial(VerificationMaterialFormat.JWK, json.dumps(one["jwk"])),
        )
        for one in question.get("secrets", [])
    ]
    return ResolversConfig(SecretsResolverInMemory(secrets), Documents(question.get("documents", {})))


async def _pack(question):
    packed = await pack_encrypted(
        _resolvers(question),
        Message.from_dict(question["message"]),
        to=question["to"],
        frm=question.get("from"),
        sign_frm=question.get("signedBy"),
        pack_config=PackEncryptedConfig(forward=False),
    )
    return json.loads(packed.packed_msg)


async def _unpack(question):
    opened = await unpack(_resolvers(question), json.dumps(question["packed"]))
    told = opened.metadata
    return {
        "message": opened.message.as_dict(),
        "encryptedFrom": told.encrypted_from,
        "encryptedTo": told.encrypted_to,
        "authenticated": told.authenticated,
        "signedBy": told.sign_from,
    }


COMMANDS = {"pack": _pack, "unpack": _unpack}


def main():
    """Answer until the input ends."""
    for line in sys.stdin:
        question = json.loads(line)
        answer = {"number": question["number"]}
        try:
            answer["result"] = asyncio.run(COMMANDS[question["command"]](question))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is the answer
            answer["error"] = {"name": type(error).__name__, "message": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
