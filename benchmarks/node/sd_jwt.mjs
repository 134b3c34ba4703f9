/**
 * The peer of the SD-JWT bench: the OpenWallet Foundation's `@sd-jwt/sd-jwt-vc`, with keys ready in memory.
 *
 * As a child process it reads one JSON object a line and answers with one a line: `prepare` takes what is issued, shown
 * and verified; `issue`, `present` and `verify` take {seconds} and return {times}, in nanoseconds by act.
 */
import {createPrivateKey, createPublicKey, sign, verify as check} from 'node:crypto';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import {answerLines, timed} from './line.mjs';

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

await answerLines({
  prepare,
  issue: ({seconds}) => timed(issue, seconds),
  present: ({seconds}) => timed(present, seconds),
  verify: ({seconds}) => timed(verify, seconds)
});
