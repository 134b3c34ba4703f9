/**
 * The peer as a child process: one JSON object a line in on stdin, one verdict a line out on stdout.
 *
 * SD-JWTs are made, presented and verified by the OpenWallet Foundation's packages, status lists made and read by
 * theirs too, plain JWTs verified by jose. Nothing here asks the network: keys and lists come with each request.
 */
import {ES256, digest, generateSalt} from '@sd-jwt/crypto-nodejs';
import {StatusList, createHeaderAndPayload} from '@sd-jwt/jwt-status-list';
import {SDJwtVcInstance} from '@sd-jwt/sd-jwt-vc';
import * as jose from 'jose';
import {createPrivateKey, createPublicKey, sign, verify} from 'node:crypto';
import {createInterface} from 'node:readline';

const algorithmOf = jwk => jwk.kty === 'EC' ? 'ES256' : 'EdDSA';
const headerOf = data => JSON.parse(Buffer.from(data.split('.')[0], 'base64url').toString());

function signerFor(jwk) {
  if(jwk.kty === 'EC') {
    return ES256.getSigner(jwk);
  }
  const key = createPrivateKey({key: jwk, format: 'jwk'});
  return async data => sign(null, Buffer.from(data), key).toString('base64url');
}

async function holds(jwk, data, signature) {
  if(jwk === undefined) {
    throw new Error('The key is not known.');
  }
  if(headerOf(data).alg !== algorithmOf(jwk)) {
    throw new Error('The algorithm does not fit the key.');
  }
  if(jwk.kty === 'EC') {
    return (await ES256.getVerifier(jwk))(data, signature);
  }
  const key = createPublicKey({key: jwk, format: 'jwk'});
  return verify(null, Buffer.from(data), key, Buffer.from(signature, 'base64url'));
}

function instance({keys = {}, lists = {}, key, kbKey} = {}) {
  return new SDJwtVcInstance({
    hasher: digest,
    hashAlg: 'sha-256',
    saltGenerator: generateSalt,
    signer: key && (async data => (await signerFor(key))(data)),
    signAlg: key && algorithmOf(key),
    kbSigner: kbKey && (async data => (await signerFor(kbKey))(data)),
    kbSignAlg: kbKey && algorithmOf(kbKey),
    verifier: (data, signature) => holds(keys[headerOf(data).kid], data, signature),
    kbVerifier: (data, signature, payload) => holds(payload.cnf?.jwk, data, signature),
    statusListFetcher: async uri => {
      if(!(uri in lists)) {
        throw new Error('The status list was not given.');
      }
      return lists[uri];
    },
    statusValidator: async status => {
      if(status !== 0) {
        throw new Error(`Status is ${status}.`);
      }
    }
  });
}

const COMMANDS = {
  ping: async () => 'pong',
  verify: async ({credential, now, nonce, ...given}) => {
    const {payload, kb} = await instance(given).verify(credential, {currentDate: now, keyBindingNonce: nonce});
    return {claims: payload, keyBinding: kb?.payload ?? null};
  },
  issue: async ({claims, frame, key, kid}) => instance({key}).issue(claims, frame, {header: {kid}}),
  present: async ({credential, frame, binding, kbKey}) => instance({kbKey}).present(
    credential, frame, binding && {kb: {payload: binding}}),
  statusList: async ({statuses, bits, claims, key, kid}) => {
    const {header, payload} = createHeaderAndPayload(
      new StatusList(statuses, bits), claims, {alg: algorithmOf(key), typ: 'statuslist+jwt', kid});
    const data = [header, payload].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    return `${data}.${await (await signerFor(key))(data)}`;
  },
  jwt: async ({token, key, now, issuer}) => {
    const {payload, protectedHeader} = await jose.jwtVerify(token, await jose.importJWK(key, algorithmOf(key)), {
      algorithms: [algorithmOf(key)], currentDate: new Date(now * 1000), issuer
    });
    return {payload, header: protectedHeader};
  }
};

const lines = createInterface({input: process.stdin, crlfDelay: Infinity});
for await (const line of lines) {
  const {number, command, ...members} = JSON.parse(line);
  const answer = {number};
  try {
    answer.result = await COMMANDS[command](members);
  } catch(error) {
    answer.error = {name: error.name, message: error.message, reasons: [], event: null};
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
