/**
 * The peer of the in-memory benches: `@digitalbazaar/vc` with Ed25519Signature2020, every document in memory.
 *
 * As a child process it reads one JSON object a line and answers with one a line:
 * `prepare` takes {unsigned, documents, seed, keyId, controller, created} and returns the signed document;
 * `issue`, `verify` and `canonize` take {seconds} and return {times: [nanoseconds of each act]}.
 */
import * as suite from '../../tests/interop/digitalbazaar/suite.mjs';
import {answerLines, timed} from './line.mjs';

const state = {};

async function prepare({unsigned, documents, seed, keyId, controller, created}) {
  state.unsigned = unsigned;
  state.created = created;
  state.loader = suite.makeLoader({documents});
  state.signer = (await suite.keyFrom({seed, id: keyId, controller})).signer;
  state.signed = await issue();
  const answer = await verify();
  if(!answer.verified) {
    throw new Error(`The peer does not verify its own credential: ${answer.error}`);
  }
  return state.signed;
}

/** As an issuer would: a new suite for each credential, since a suite carries the date. The peer adds the proof to the
 * object it is given, so each act gets a copy of the outermost object only, which costs next to nothing. */
async function issue() {
  return suite.vc.issue({
    credential: {...state.unsigned},
    suite: suite.signSuite({suite: 'Ed25519Signature2020', signer: state.signer, created: state.created}),
    documentLoader: state.loader
  });
}

async function verify() {
  return suite.vc.verifyCredential({
    credential: state.signed, suite: new suite.Ed25519Signature2020(), documentLoader: state.loader,
    checkStatus: async () => ({verified: true})
  });
}

async function canonize() {
  return suite.canonize({document: state.unsigned, loader: state.loader});
}

await answerLines({
  prepare,
  issue: ({seconds}) => timed(issue, seconds),
  verify: ({seconds}) => timed(verify, seconds),
  canonize: ({seconds}) => timed(canonize, seconds)
});
