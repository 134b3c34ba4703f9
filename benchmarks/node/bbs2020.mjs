/**
 * The peer of the bench of BbsBlsSignature2020: Mattr's suite on whole documents, every document in memory.
 *
 * As a child process it reads one JSON object a line and answers with one a line:
 * `prepare` takes {unsigned, base, derived, frame, key, documents, created}, checks what it was given and returns its
 * own {base, derived}; an act (`sign`, `verify base`, `derive`, `verify`) takes {seconds} and returns
 * {times: [nanoseconds of each act]}.
 */
import * as peer from '../../tests/interop/mattr/suite.mjs';
import {answerLines, timed} from './line.mjs';

const acts = {};

async function prepare({unsigned, base, derived, frame, key, documents, created}) {
  const loader = peer.makeLoader(documents);
  const sign = () => peer.sign({document: unsigned, key, created, loader});
  const deriveFrom = document => peer.derive({document, frame, loader});
  const verifyOf = async document => {
    const {verified, errors} = await peer.verify({document, loader});
    if(!verified) {
      throw new Error(`The peer does not verify a ${document.proof.type}: ${errors}`);
    }
  };
  const own = await sign();
  const ownDerived = await deriveFrom(own);
  for(const document of [base, derived, own, ownDerived, await deriveFrom(base)]) {
    await verifyOf(document);
  }
  Object.assign(acts, {
    sign, 'verify base': () => verifyOf(own), derive: () => deriveFrom(own), verify: () => verifyOf(ownDerived)
  });
  return {base: own, derived: ownDerived};
}

await answerLines({prepare, timed: ({act, seconds}) => timed(acts[act], seconds)});
