/**
 * The peer of the bench of BbsBlsSignature2020: Mattr's suite on whole documents, every document in memory.
 *
 * As a child process it reads one JSON object a line and answers with one a line:
 * `prepare` takes {unsigned, base, derived, frame, key, documents, created}, checks what it was given and returns its
 * own {base, derived}; an act (`sign`, `verify base`, `derive`, `verify`) takes {seconds} and returns
 * {times: [nanoseconds of each act]}.
 */
import * as peer from '../../tests/interop/mattr/suite.mjs';
import {createInterface} from 'node:readline';

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

async function timed({act, seconds}) {
  const run = acts[act];
  const times = [];
  const end = process.hrtime.bigint() + BigInt(Math.round(seconds * 1e9));
  let before = process.hrtime.bigint();
  while(before < end) {
    await run();
    const after = process.hrtime.bigint();
    times.push(Number(after - before));
    before = after;
  }
  return {times};
}

const COMMANDS = {prepare, timed};

for await (const line of createInterface({input: process.stdin, crlfDelay: Infinity})) {
  const {number, command, ...members} = JSON.parse(line);
  let answer;
  try {
    answer = {number, result: await COMMANDS[command](members)};
  } catch(error) {
    answer = {number, error: {message: error.message, reasons: [].concat(error.errors || [], error.cause || []).map(String)}};
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
