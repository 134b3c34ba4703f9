/**
 * Digital Bazaar's suites of selective disclosure behind a few functions: what they sign, derive and verify, with a
 * loader that knows only their own context packages and the documents it is handed.
 *
 * None of our contexts or code is used here: a stranger shares nothing with us but the wire.
 */
import * as bbs from '@digitalbazaar/bbs-2023-cryptosuite';
import * as Bls12381Multikey from '@digitalbazaar/bls12-381-multikey';
import * as EcdsaMultikey from '@digitalbazaar/ecdsa-multikey';
import * as ecdsa from '@digitalbazaar/ecdsa-sd-2023-cryptosuite';
import * as multikeyContext from '@digitalbazaar/multikey-context';
import * as vc from '@digitalbazaar/vc';
import {contexts as dataIntegrityContexts} from '@digitalbazaar/data-integrity-context';
import {contexts as credentialsContexts} from '@digitalbazaar/credentials-context';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';

const PINNED = new Map([...credentialsContexts, ...dataIntegrityContexts, ...multikeyContext.contexts]);
const SUITES = {'ecdsa-sd-2023': ecdsa, 'bbs-2023': bbs};

/** A document loader that knows documents by URL, looked at after the pinned contexts. */
export function makeLoader({documents = {}} = {}) {
  return async url => {
    if(!PINNED.has(url) && !Object.hasOwn(documents, url)) {
      throw new Error(`Not to be loaded: ${url}`);
    }
    return {contextUrl: null, documentUrl: url, document: PINNED.get(url) || documents[url]};
  };
}

/** A signer of a key pair in multikey form: {id, controller, publicKeyMultibase, secretKeyMultibase}. */
export async function signerFrom({suite, key}) {
  const library = suite === 'bbs-2023' ? Bls12381Multikey : EcdsaMultikey;
  const pair = await library.from({type: 'Multikey', '@context': 'https://w3id.org/security/multikey/v1', ...key});
  return pair.signer();
}

function named(suite) {
  if(!Object.hasOwn(SUITES, suite)) {
    throw new Error(`No such suite: ${suite}`);
  }
  return SUITES[suite];
}

/** Sign a credential as its issuer would: a base proof. */
export async function sign({credential, suite, signer, mandatoryPointers, created, loader}) {
  const cryptosuite = named(suite).createSignCryptosuite({mandatoryPointers});
  return vc.issue({
    credential: structuredClone(credential), documentLoader: loader, now: created,
    suite: new DataIntegrityProof({signer, date: created, cryptosuite})
  });
}

/** Derive a credential as its holder would. */
export async function derive({credential, suite, selectivePointers, nonce, loader}) {
  const presentationHeader = nonce === undefined ? undefined : new Uint8Array(Buffer.from(nonce, 'hex'));
  const cryptosuite = named(suite).createDiscloseCryptosuite({selectivePointers, presentationHeader});
  return vc.derive({
    verifiableCredential: structuredClone(credential), documentLoader: loader,
    suite: new DataIntegrityProof({cryptosuite})
  });
}

function reasons(error) {
  if(!error) {
    return [];
  }
  const inner = [].concat(error.errors || [], error.cause || []).flatMap(reasons);
  return [...new Set([error.message, ...inner])];
}

/** Verify a derived credential, its proof and dates: {verified, errors}. */
export async function verify({credential, suite, nonce, now, loader}) {
  const expected = nonce === undefined ? {} : {expectedPresentationHeader: new Uint8Array(Buffer.from(nonce, 'hex'))};
  const cryptosuite = named(suite).createVerifyCryptosuite(expected);
  const result = await vc.verifyCredential({
    credential: structuredClone(credential), suite: new DataIntegrityProof({cryptosuite}), documentLoader: loader, now
  });
  return {verified: result.verified === true, errors: reasons(result.error)};
}

export {DataIntegrityProof, named, vc};
