/**
 * The peer of the bench of selective disclosure: Digital Bazaar's ecdsa-sd-2023 and bbs-2023 suites, every document in
 * memory.
 *
 * As a child process it reads one JSON object a line and answers with one a line:
 * `prepare` takes {suite, unsigned, base, derived, key, documents, created, now, mandatoryPointers, selectivePointers},
 * checks what it was given and returns its own {base, derived}; an act (`sign`, `derive`, `verify`) takes
 * {suite, seconds} and returns {times: [nanoseconds of each act]}.
 */
import * as peer from '../../tests/interop/digitalbazaar_sd/suite.mjs';
import {answerLines, timed} from './line.mjs';

const acts = {};

async function prepare({suite, unsigned, base, derived, key, documents, created, now, ...pointers}) {
  const {mandatoryPointers, selectivePointers} = pointers;
  const loader = peer.makeLoader({documents});
  const signer = await peer.signerFrom({suite, key});
  const {DataIntegrityProof, vc} = peer;
  const {createSignCryptosuite, createDiscloseCryptosuite, createVerifyCryptosuite} = peer.named(suite);
  // As an issuer, a holder and a verifier would: a new suite for each credential. The peer adds the proof to the object
  // it is given, so each act gets a copy of the outermost object only, which costs next to nothing.
  const sign = () => vc.issue({
    credential: {...unsigned}, documentLoader: loader, now: created,
    suite: new DataIntegrityProof({signer, date: created, cryptosuite: createSignCryptosuite({mandatoryPointers})})
  });
  const deriveFrom = credential => vc.derive({
    verifiableCredential: {...credential}, documentLoader: loader,
    suite: new DataIntegrityProof({cryptosuite: createDiscloseCryptosuite({selectivePointers})})
  });
  const verifyOf = async credential => {
    const result = await vc.verifyCredential({
      credential: {...credential}, documentLoader: loader, now, checkStatus: async () => ({verified: true}),
      suite: new DataIntegrityProof({cryptosuite: createVerifyCryptosuite()})
    });
    if(!result.verified) {
      throw new Error(`The peer does not verify a derived credential (${suite}): ${result.error}`);
    }
  };
  const own = await sign();
  const ownDerived = await deriveFrom(own);
  for(const credential of [derived, ownDerived, await deriveFrom(base)]) {
    await verifyOf(credential);
  }
  acts[suite] = {sign, derive: () => deriveFrom(own), verify: () => verifyOf(ownDerived)};
  return {base: own, derived: ownDerived};
}

await answerLines({prepare, timed: ({suite, act, seconds}) => timed(acts[suite][act], seconds)});
