/**
 * Mattr's libraries behind a few functions: what they sign, derive and verify under BbsBlsSignature2020, with a loader
 * that knows their own context packages and the documents it is handed. Nothing here asks the network.
 *
 * None of our code is used here: a stranger shares nothing with us but the wire.
 */
import bbs from '@mattrglobal/jsonld-signatures-bbs';
import jsonldSignatures from 'jsonld-signatures';
import securityContext from 'security-context';
import {contexts as credentialsContexts} from '@digitalbazaar/credentials-context';

const {BbsBlsSignature2020, BbsBlsSignatureProof2020, Bls12381G2KeyPair, deriveProof} = bbs;
const {contexts: securityContexts} = securityContext;
const {AssertionProofPurpose} = jsonldSignatures.purposes;

/**
 * Make a document loader.
 *
 * @param {object} documents - Documents by URL, looked at after the packages' contexts.
 */
export function makeLoader(documents = {}) {
  return async url => {
    const document = credentialsContexts.get(url) || securityContexts.get(url) || documents[url];
    if(!document) {
      throw new Error(`Not to be loaded: ${url}`);
    }
    return {contextUrl: null, documentUrl: url, document: structuredClone(document)};
  };
}

/** Their verifier of derived proofs with the one step that it lacks: labels are put back, then statements sorted. */
class SortingProof2020 extends BbsBlsSignatureProof2020 {
  async createVerifyProofData(input, options) {
    const statements = await super.createVerifyProofData(input, options);
    return statements.map(statement => statement.replace(/<urn:bnid:(_:c14n[0-9]+)>/g, '$1')).sort();
  }
}

/** A key pair as they hold it: {id, controller, publicKeyBase58, privateKeyBase58?}. */
export async function keyFrom(key) {
  return new Bls12381G2KeyPair(key);
}

/** Sign a document as its issuer would. A date that is given to the constructor is not used there, but "now". */
export async function sign({document, key, created, loader}) {
  const suite = new BbsBlsSignature2020({key: await keyFrom(key)});
  suite.date = created;
  return jsonldSignatures.sign(structuredClone(document), {
    suite, purpose: new AssertionProofPurpose(), documentLoader: loader
  });
}

/** Derive by a frame as a holder would; the nonce is base64. */
export async function derive({document, frame, nonce, loader}) {
  return deriveProof(structuredClone(document), structuredClone(frame), {
    suite: new BbsBlsSignatureProof2020(), documentLoader: loader,
    nonce: nonce ? new Uint8Array(Buffer.from(nonce, 'base64')) : undefined
  });
}

function reasons(error) {
  return error ? [error.message, ...[].concat(error.errors || [], error.cause || []).flatMap(reasons)] : [];
}

/** Verify a base or derived proof; `sorting` takes the mended verifier. */
export async function verify({document, sorting = false, loader}) {
  const types = [].concat(document.proof?.type || []);
  const derived = types.includes('BbsBlsSignatureProof2020');
  const suite = derived ? (sorting ? new SortingProof2020() : new BbsBlsSignatureProof2020()) :
    new BbsBlsSignature2020();
  const result = await jsonldSignatures.verify(structuredClone(document), {
    suite, purpose: new AssertionProofPurpose(), documentLoader: loader
  });
  return {verified: result.verified === true, errors: [...new Set(reasons(result.error))]};
}
