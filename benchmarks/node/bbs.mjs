/**
 * The peers of the bench of BBS mathematics: `@digitalbazaar/bbs-signatures` (IETF draft, SHA-256) and
 * `@mattrglobal/bbs-signatures` (the legacy scheme of 2020).
 *
 * As a child process it reads one JSON object a line and answers with one a line:
 * `prepare` takes {ietf, legacy}, each {secretKey, publicKey, signature, proof} in hex, with {messages, header, nonce}
 * in hex and {disclosed: [index]}; it checks what it was given and returns its own of each, for us to check;
 * an act takes {scheme, act, seconds} and returns {times: [nanoseconds of each act]}.
 */
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {answerLines, timed} from './line.mjs';

function packagesOf(peer) {
  return createRequire(new URL(`../../tests/interop/${peer}/package.json`, import.meta.url));
}

const ietf = await import(pathToFileURL(packagesOf('digitalbazaar_sd').resolve('@digitalbazaar/bbs-signatures')));
const legacy = packagesOf('mattr')('@mattrglobal/bbs-signatures');
const ciphersuite = ietf.CIPHERSUITES.BLS12381_SHA256;
const acts = {};
const bytes = text => new Uint8Array(Buffer.from(text, 'hex'));
const hex = data => Buffer.from(data).toString('hex');

async function prepare(given) {
  const messages = given.messages.map(bytes);
  const disclosed = given.disclosed;
  const shown = disclosed.map(index => messages[index]);
  const header = bytes(given.header);
  const nonce = bytes(given.nonce);
  acts.ietf = ietfActs({...keysOf(given.ietf), messages, disclosed, shown, header, nonce});
  acts.legacy = legacyActs({...keysOf(given.legacy), messages, disclosed, shown, nonce});
  const made = {};
  for(const [scheme, {sign, verify, derive, verifyDerived}] of Object.entries(acts)) {
    if(!await verify() || !await verifyDerived()) {
      throw new Error(`The peer does not verify what we made (${scheme}).`);
    }
    made[scheme] = {signature: hex(await sign()), proof: hex(await derive())};
  }
  return made;
}

function keysOf({secretKey, publicKey, signature, proof}) {
  return {
    secretKey: bytes(secretKey), publicKey: bytes(publicKey), signature: bytes(signature), proof: bytes(proof)
  };
}

function ietfActs({secretKey, publicKey, signature, proof, messages, disclosed, shown, header, nonce}) {
  const common = {publicKey, header, ciphersuite};
  const showing = {presentationHeader: nonce, disclosedMessageIndexes: disclosed};
  return {
    sign: () => ietf.sign({...common, secretKey, messages}),
    verify: () => ietf.verifySignature({...common, signature, messages}),
    derive: () => ietf.deriveProof({...common, ...showing, signature, messages}),
    verifyDerived: () => ietf.verifyProof({...common, ...showing, proof, disclosedMessages: shown})
  };
}

function legacyActs({secretKey, publicKey, signature, proof, messages, disclosed, shown, nonce}) {
  const checked = async answer => (await answer).verified;
  return {
    sign: () => legacy.blsSign({keyPair: {secretKey, publicKey}, messages}),
    verify: () => checked(legacy.blsVerify({publicKey, signature, messages})),
    derive: () => legacy.blsCreateProof({signature, publicKey, messages, nonce, revealed: disclosed}),
    verifyDerived: () => checked(legacy.blsVerifyProof({proof, publicKey, messages: shown, nonce}))
  };
}

await answerLines({prepare, timed: ({scheme, act, seconds}) => timed(acts[scheme][act], seconds)});
