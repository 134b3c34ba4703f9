/**
 * The peer of the SD-JWT bench: the OpenWallet Foundation's `@sd-jwt/sd-jwt-vc`, with keys ready in memory.
 *
 * As a child process it reads one JSON object a line and answers with one a line: `prepare` takes what is issued, shown
 * and verified; `issue`, `present` and `verify` take {seconds} and return {times}, in nanoseconds by act.
 */
import {createInterface} from 'node:readline';
import {createPrivateKey, createPublicKey, sign, verify as check} from 'node:crypto';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const packages = createRequire(new URL('../../tests/interop/sd_jwt/peer.mjs', import.meta.url));
const {digest, generateSalt} = await import(pathToFileURL(packages.resolve('@sd-jwt/crypto-nodejs')));
const {SDJwtVcInstance} = await import(pathToFileURL(packages.resolve('@sd-jwt/sd-jwt-vc')));

const state = {};
const signerOf = jwk => {
  const key = createPrivateKey({key: jwk, format: 'jwk'});
  return async data => sign(null, Buffer.from(data), key).toString('base64url');
};
const verifierOf = ({d, ...jwk}) => {
  const key = createPublicKey({key: jwk, format: 'jwk'});
  return async (data, signature) => check(null, Buffer.from(data), key, Buffer.from(signature, 'base64url'));
};

async function prepare({issuer, holder, ...given}) {
  Object.assign(state, given, {instance: new SDJwtVcInstance({
    hasher: digest, hashAlg: 'sha-256', saltGenerator: generateSalt, signAlg: 'EdDSA', kbSignAlg: 'EdDSA',
    signer: signerOf(issuer), kbSigner: signerOf(holder), verifier: verifierOf(issuer), kbVerifier: verifierOf(holder)
  })});
  const {payload, kb} = await verify();
  if(payload.claim1 !== 'value 1' || payload.address.city !== 'Zürich' || kb.payload.nonce !== state.binding.nonce) {
    throw new Error('What was shown is not what is verified.');
  }
  return {};
}

const issue = () => state.instance.issue(state.claims, state.frame, {header: {kid: state.kid}});
const present = () => state.instance.present(state.credential, state.shownFrame, {kb: {payload: state.binding}});
const verify = () => state.instance.verify(
  state.presentation, {currentDate: state.now, keyBindingNonce: state.binding.nonce});

const timed = act => async ({seconds}) => {
  const times = [];
  const end = process.hrtime.bigint() + BigInt(Math.round(seconds * 1e9));
  let before = process.hrtime.bigint();
  while(before < end) {
    await act();
    const after = process.hrtime.bigint();
    times.push(Number(after - before));
    before = after;
  }
  return {times};
};

const COMMANDS = {ping: async () => 'pong', prepare, issue: timed(issue), present: timed(present), verify: timed(verify)};

for await (const line of createInterface({input: process.stdin, crlfDelay: Infinity})) {
  const {number, command, ...members} = JSON.parse(line);
  let answer;
  try {
    answer = {number, result: await COMMANDS[command](members)};
  } catch(error) {
    answer = {number, error: {name: error.name, message: error.message, reasons: [], event: null}};
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
