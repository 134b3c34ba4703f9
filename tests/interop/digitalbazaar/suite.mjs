/**
 * Digital Bazaar's libraries behind a few functions: what they sign, verify and canonicalize, with a loader that
 * knows only their own context packages, the documents it is handed, and one server on the loopback interface.
 *
 * None of our contexts or code is used here: a stranger shares nothing with us but the wire.
 */
import * as bitstringStatus from '@digitalbazaar/vc-bitstring-status-list';
import * as bitstringStatusContext from '@digitalbazaar/vc-bitstring-status-list-context';
import * as DidKey from '@digitalbazaar/did-method-key';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import * as jcs from '@digitalbazaar/eddsa-jcs-2022-cryptosuite';
import * as multikeyContext from '@digitalbazaar/multikey-context';
import * as status2021 from '@digitalbazaar/vc-status-list';
import * as status2021Context from '@digitalbazaar/vc-status-list-context';
import * as vc from '@digitalbazaar/vc';
import {contexts as dataIntegrityContexts} from '@digitalbazaar/data-integrity-context';
import {contexts as credentialsContexts} from '@digitalbazaar/credentials-context';
import {contexts as didContexts} from 'did-context';
import {contexts as ed25519Contexts} from 'ed25519-signature-2020-context';
import {cryptosuite as rdfc} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {Ed25519Signature2020} from '@digitalbazaar/ed25519-signature-2020';
import {Ed25519VerificationKey2020} from '@digitalbazaar/ed25519-verification-key-2020';
import jsonld from 'jsonld';

const PINNED = new Map([
  ...credentialsContexts, ...dataIntegrityContexts, ...didContexts, ...ed25519Contexts,
  ...multikeyContext.contexts, ...status2021Context.contexts, ...bitstringStatusContext.contexts
]);
const ED25519_2020 = 'https://w3id.org/security/suites/ed25519-2020/v1';
const MULTIKEY = 'https://w3id.org/security/multikey/v1';
const FETCH_MILLISECONDS = 5000;

const didKeys = DidKey.driver();
didKeys.use({multibaseMultikeyHeader: 'z6Mk', fromMultibase: Ed25519Multikey.from});

/** Key methods in the forms that Digital Bazaar's suites expect, with the context that says what they are. */
function asKeyDocument(method) {
  const context = method.type === 'Ed25519VerificationKey2020' ? ED25519_2020 : MULTIKEY;
  return {'@context': context, ...method};
}

/** Find what a DID URL's fragment names in a DID document. */
function dereference(document, url) {
  const lists = ['verificationMethod', 'assertionMethod', 'authentication'];
  for(const entry of lists.flatMap(name => document[name] || [])) {
    const id = typeof entry === 'object' && new URL(entry.id, `${document.id}`).href;
    if(id === url || entry.id === url) {
      return asKeyDocument(entry);
    }
  }
  throw new Error(`${url} is not in the DID document`);
}

async function fetchLoopback(url, loopback, accept) {
  const target = new URL(url);
  if(!loopback || target.origin !== new URL(loopback).origin || target.hostname !== '127.0.0.1') {
    throw new Error(`Not to be loaded: ${url}`);
  }
  const response = await fetch(target, {
    headers: {accept}, redirect: 'error', signal: AbortSignal.timeout(FETCH_MILLISECONDS)
  });
  if(!response.ok) {
    throw new Error(`${url} answered ${response.status}`);
  }
  return response.json();
}

/**
 * Make a document loader.
 *
 * @param {object} documents - Documents by URL, looked at first after the pinned contexts.
 * @param {string|null} loopback - Base of the one server that may be asked, on 127.0.0.1.
 */
export function makeLoader({documents = {}, loopback = null} = {}) {
  async function load(url) {
    if(PINNED.has(url)) {
      return PINNED.get(url);
    }
    if(Object.hasOwn(documents, url)) {
      return documents[url];
    }
    if(url.startsWith('did:key:')) {
      return didKeys.get({url});
    }
    if(url.startsWith('did:')) {
      const [did] = url.split('#');
      const document = Object.hasOwn(documents, did) ? documents[did] : (await fetchLoopback(
        `${loopback}/1.0/identifiers/${encodeURIComponent(did)}`, loopback,
        'application/did-resolution')).didDocument;
      return url === did ? document : dereference(document, url);
    }
    return fetchLoopback(url, loopback, 'application/ld+json, application/json, */*;q=0.1');
  }
  return async url => ({contextUrl: null, documentUrl: url, document: await load(url)});
}

function verifySuites(accept) {
  const known = {
    'Ed25519Signature2020': () => new Ed25519Signature2020(),
    'eddsa-rdfc-2022': () => new DataIntegrityProof({cryptosuite: rdfc}),
    'eddsa-jcs-2022': () => new DataIntegrityProof({cryptosuite: jcs.createVerifyCryptosuite()})
  };
  return (accept || Object.keys(known)).map(name => known[name]());
}

function signSuite({suite, signer, created}) {
  const date = new Date(created);
  switch(suite) {
    case 'Ed25519Signature2020': return new Ed25519Signature2020({signer, date});
    case 'eddsa-rdfc-2022': return new DataIntegrityProof({signer, date, cryptosuite: rdfc});
    case 'eddsa-jcs-2022':
      return new DataIntegrityProof({signer, date, cryptosuite: jcs.createSignCryptosuite()});
    default: throw new Error(`No such suite: ${suite}`);
  }
}

/** A key pair from a 32-byte seed in hex; without an id it is that of the key's did:key. */
export async function keyFrom({seed, id, controller}) {
  const bytes = Uint8Array.from(Buffer.from(seed, 'hex'));
  const key = await Ed25519Multikey.generate({seed: bytes});
  const did = `did:key:${key.publicKeyMultibase}`;
  key.controller = controller || did;
  key.id = id || `${did}#${key.publicKeyMultibase}`;
  return {key, signer: {...key.signer(), id: key.id, algorithm: 'Ed25519'}, did};
}

/** Sign a credential as its issuer would. */
export async function sign({credential, key, suite, created, now, loader}) {
  const {signer} = await keyFrom(key);
  return vc.issue({
    credential: structuredClone(credential), suite: signSuite({suite, signer, created}), documentLoader: loader,
    now: now || created
  });
}

/** Sign a presentation as its holder would. */
export async function present({presentation, key, suite, created, challenge, domain, loader}) {
  const {signer} = await keyFrom(key);
  return vc.signPresentation({
    presentation: structuredClone(presentation), suite: signSuite({suite, signer, created}), challenge, domain,
    documentLoader: loader
  });
}

/**
 * Read every status entry of a credential. The library for the bitstring list verifies that the list is sound and its
 * issuer's and reports the bit, leaving to the caller what a set bit means: a refusal here. The one for the list of
 * 2021 refuses by itself, without an error.
 */
async function checkStatus(options) {
  const entries = [].concat(options.credential.credentialStatus);
  const known = [['StatusList2021Entry', status2021], ['BitstringStatusListEntry', bitstringStatus]];
  const results = [];
  for(const entry of entries) {
    const library = (known.find(([type]) => type === entry.type) || [])[1];
    if(!library) {
      return {verified: false, error: new Error(`Unknown status entry: ${entry.type}`)};
    }
    const single = {...options, credential: {...options.credential, credentialStatus: entry}};
    const answer = await library.checkStatus(single);
    if(answer.error) {
      return answer;
    }
    results.push(...answer.results);
  }
  const set = results.filter(result => result.status === true || !result.verified)
    .map(result => result.credentialStatus.statusPurpose);
  return {verified: set.length === 0, results, set, error: set.length ? new Error(`Set: ${set}`) : undefined};
}

function reasons(error) {
  if(!error) {
    return [];
  }
  const inner = [].concat(error.errors || [], error.cause || []).flatMap(reasons);
  return [...new Set([error.message, ...inner])];
}

function verdict(result) {
  const status = result.statusResult;
  return {
    verified: result.verified === true,
    set: status?.set || [],
    errors: [...new Set([...reasons(result.error), ...reasons(status?.error)])]
  };
}

/** Verify a credential, its proof, dates and every status entry. */
export async function verify({credential, accept, now, loader}) {
  return verdict(await vc.verifyCredential({
    credential: structuredClone(credential), suite: verifySuites(accept), documentLoader: loader, checkStatus, now
  }));
}

/** Verify a presentation and the credentials in it. */
export async function verifyPresentation({presentation, accept, challenge, domain, now, loader}) {
  const result = await vc.verify({
    presentation: structuredClone(presentation), suite: verifySuites(accept), documentLoader: loader, checkStatus,
    challenge, domain, now
  });
  const credentials = (result.credentialResults || []).map(verdict);
  return {...verdict(result), credentials};
}

/** Canonical N-Quads by their processor, in its safe mode. */
export async function canonize({document, loader}) {
  return jsonld.canonize(document, {
    algorithm: 'RDFC-1.0', format: 'application/n-quads', documentLoader: loader, safe: true, base: null,
    rdfDirection: 'i18n-datatype'
  });
}

/** A status list credential made, filled and signed by them. */
export async function statusList({type, id, purpose, length, set, issuer, key, suite, created, loader}) {
  const library = type === 'StatusList2021' ? status2021 : bitstringStatus;
  const list = await library.createList({length});
  for(const index of set) {
    list.setStatus(index, true);
  }
  const credential = await library.createCredential({id, list, statusPurpose: purpose});
  credential.issuer = issuer;
  if(type === 'StatusList2021') {
    credential.issuanceDate = created;
  }
  return sign({credential, key, suite, created, loader});
}

export {DataIntegrityProof, Ed25519Signature2020, Ed25519VerificationKey2020, rdfc, signSuite, vc, verifySuites};
