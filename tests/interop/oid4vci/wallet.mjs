/**
 * A wallet as a child process: one JSON object a line in on stdin, one answer a line out on stdout.
 *
 * A request has `number`, `command` and the command's members; the answer has the same `number` and either `result` or
 * `error` with the issuer's own codes as `reasons`. It holds one session at a time: `start` makes a new one.
 */
import {
  authorizationCodeGrantIdentifier, clientAuthenticationAnonymous, clientAuthenticationNone, setGlobalConfig
} from '@openid4vc/oauth2';
import {Openid4vciClient} from '@openid4vc/openid4vci';
import {createHash, randomBytes} from 'node:crypto';
import {createInterface} from 'node:readline';
import {CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK} from 'jose';

// Standard output is for answers alone.
console.log = console.info = console.warn = console.error;
// The server under test is on the loopback interface.
setGlobalConfig({allowInsecureUrls: true});

const CLIENT_ID = 'com.example.wallet';
const keys = new Map();
let session;

async function newKey(alg) {
  const {privateKey, publicKey} = await generateKeyPair(alg, {extractable: true});
  const jwk = await exportJWK(publicKey);
  keys.set(await calculateJwkThumbprint(jwk), privateKey);
  return jwk;
}

const callbacks = clientAuthentication => ({
  fetch,
  hash: (data, alg) => createHash(alg.replace('-', '')).update(data).digest(),
  generateRandom: length => randomBytes(length),
  clientAuthentication,
  signJwt: async (signer, {header, payload}) => {
    const publicJwk = signer.publicJwk ?? session.jwkOf(signer.didUrl);
    const key = keys.get(await calculateJwkThumbprint(publicJwk));
    const jwt = await new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
      .setProtectedHeader(header).sign(key);
    return {jwt, signerJwk: publicJwk};
  },
  verifyJwt: async () => ({verified: false}),
  decryptJwe: async () => ({decrypted: false}),
  encryptJwe: async () => { throw new Error('nothing is encrypted here'); }
});

const base64url = value => Buffer.from(JSON.stringify(value)).toString('base64url');

/** One wallet with one holder key and, if wanted, one for DPoP. */
class Session {
  constructor(jwk, alg, dpopJwk, isAnonymous) {
    this.jwk = jwk;
    this.alg = alg;
    this.did = `did:jwk:${base64url(jwk)}`;
    this.dpop = dpopJwk && {signer: {method: 'jwk', alg: 'ES256', publicJwk: dpopJwk}};
    this.clientId = isAnonymous ? undefined : CLIENT_ID;
    this.client = new Openid4vciClient({callbacks: callbacks(
      isAnonymous ? clientAuthenticationAnonymous() : clientAuthenticationNone({clientId: CLIENT_ID})
    )});
  }

  jwkOf(didUrl) {
    return JSON.parse(Buffer.from(didUrl.slice('did:jwk:'.length).split('#')[0], 'base64url'));
  }

  keep({accessTokenResponse, dpop}) {
    this.token = accessTokenResponse.access_token;
    this.dpop = dpop ? {...this.dpop, ...dpop} : undefined;
    const details = accessTokenResponse.authorization_details;
    return {type: accessTokenResponse.token_type, expiresIn: accessTokenResponse.expires_in, details};
  }

  signer(form) {
    return form === 'did' ? {method: 'did', didUrl: `${this.did}#0`, alg: this.alg} :
      {method: 'jwk', publicJwk: this.jwk, alg: this.alg};
  }

  async proof(configuration, form, nonce, clientId) {
    const {jwt} = await this.client.createCredentialRequestJwtProof({
      issuerMetadata: this.metadata, credentialConfigurationId: configuration, nonce, clientId,
      issuedAt: new Date(), signer: this.signer(form)
    });
    return jwt;
  }

  reach() {
    return {accessToken: this.token, dpop: this.dpop, issuerMetadata: this.metadata};
  }
}

const given = ({credentialResponse, deferredCredentialResponse, dpop}) => {
  if(dpop) {
    session.dpop = {...session.dpop, ...dpop};
  }
  const {credentials, notification_id: notificationId, transaction_id: transactionId, interval} =
    credentialResponse ?? deferredCredentialResponse;
  return {credentials: credentials?.map(one => one.credential), notificationId, transactionId, interval};
};

const commands = {
  /** A new wallet; gives its key. */
  async start({alg = 'ES256', dpop = true, anonymous = true}) {
    session = new Session(await newKey(alg), alg, dpop && await newKey('ES256'), anonymous);
    return {jwk: session.jwk, did: session.did};
  },
  /** Read an offer, by a link with a reference or a value, and the metadata behind it. */
  async resolve({offer}) {
    session.offer = await session.client.resolveCredentialOffer(offer);
    session.metadata = await session.client.resolveIssuerMetadata(session.offer.credential_issuer);
    return {offer: session.offer, version: session.metadata.originalDraftVersion};
  },
  /** Read the metadata alone, for what a wallet asks for by itself. */
  async meet({issuer, configurations}) {
    session.metadata = await session.client.resolveIssuerMetadata(issuer);
    session.offer = {
      credential_issuer: issuer, credential_configuration_ids: configurations,
      grants: {[authorizationCodeGrantIdentifier]: {}}
    };
    return {version: session.metadata.originalDraftVersion};
  },
  /** Exchange the offer's code. */
  async token({txCode, payload}) {
    return session.keep(await session.client.retrievePreAuthorizedCodeAccessTokenFromOffer({
      credentialOffer: session.offer, issuerMetadata: session.metadata, txCode, dpop: session.dpop,
      additionalRequestPayload: payload
    }));
  },
  /** Push an authorization request; gives where the browser is to go. */
  async authorize({redirectUri, scope}) {
    session.redirectUri = redirectUri;
    session.state = randomBytes(16).toString('hex');
    // The client for issuance passes no state on, the one for OAuth below it does.
    const started = await session.client.oauth2Client.createAuthorizationRequestUrl({
      authorizationServerMetadata: session.metadata.authorizationServers[0], clientId: CLIENT_ID, redirectUri, scope,
      resource: session.metadata.credentialIssuer.credential_issuer, dpop: session.dpop, state: session.state
    });
    session.pkce = started.pkce;
    session.dpop = started.dpop ? {...session.dpop, ...started.dpop} : session.dpop;
    return {url: started.authorizationRequestUrl};
  },
  /** Take the browser back from the issuer, and exchange the code. */
  async back({url}) {
    const answer = session.client.parseAndVerifyAuthorizationResponseRedirectUrl({
      url, authorizationServerMetadata: session.metadata.authorizationServers[0]
    });
    if(answer.error) {
      throw Object.assign(new Error('the person said no'), {reasons: [answer.error]});
    }
    if(answer.state !== session.state) {
      throw new Error('the state is not ours');
    }
    return session.keep(await session.client.retrieveAuthorizationCodeAccessTokenFromOffer({
      issuerMetadata: session.metadata, credentialOffer: session.offer, authorizationCode: answer.code,
      pkceCodeVerifier: session.pkce.codeVerifier, redirectUri: session.redirectUri, dpop: session.dpop
    }));
  },
  /** Ask for credentials: with proofs that were kept, or with new ones over a fresh nonce. */
  async credential({configuration, form = 'jwk', nonce, again = false, payload}) {
    if(!again) {
      nonce ??= (await session.client.requestNonce({issuerMetadata: session.metadata})).c_nonce;
      session.proofs = [await session.proof(configuration, form, nonce, session.clientId)];
    }
    return given(await session.client.retrieveCredentials({
      ...session.reach(), credentialConfigurationId: configuration, proofs: {jwt: session.proofs},
      additionalRequestPayload: payload
    }));
  },
  /** Ask for what was awaited. */
  async deferred({transactionId, payload}) {
    return given(await session.client.retrieveDeferredCredentials({
      ...session.reach(), transactionId, additionalRequestPayload: payload
    }));
  },
  /** Tell what became of the credentials. */
  async notify({notificationId, event}) {
    await session.client.sendNotification({...session.reach(), notification: {notificationId, event}});
    return {};
  },
  /** Take another key for proofs, or another token, as a thief would. */
  async swap({key, token, dpop}) {
    if(key) {
      session.jwk = await newKey(session.alg);
    }
    if(dpop) {
      session.dpop = {signer: {method: 'jwk', alg: 'ES256', publicJwk: await newKey('ES256')}};
    }
    session.token = token ?? session.token;
    return {token: session.token};
  },
  /** Whether a signature by an issuer's key holds: of a JWT, or the first part of an SD-JWT. */
  async signed({token, issuer}) {
    const [jwt] = token.split('~');
    const {kid, alg} = JSON.parse(Buffer.from(jwt.split('.')[0], 'base64url'));
    const {iss} = JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));
    const {compactVerify} = await import('jose');
    const found = iss === issuer ? await keyOfIssuer(issuer, kid) : await keyOfDid(issuer, iss, kid);
    const {payload} = await compactVerify(jwt, await importJWK(found, alg));
    return JSON.parse(new TextDecoder().decode(payload));
  }
};

/** A key that is published for the issuer's own address. */
async function keyOfIssuer(issuer, kid) {
  const {keys} = await (await fetch(`${issuer}/oid4vci/jwks`)).json();
  return keys.find(one => one.kid === kid);
}

/** A key of a DID, as its document lists it for assertions. */
async function keyOfDid(resolver, did, kid) {
  const {didDocument} = await (await fetch(`${resolver}/1.0/identifiers/${encodeURIComponent(did)}`)).json();
  const method = didDocument.verificationMethod.find(one => one.id === kid);
  if(!didDocument.assertionMethod.includes(kid)) {
    throw new Error('the key is not for assertions');
  }
  const raw = decodeBase58(method.publicKeyMultibase.slice(1));
  return {kty: 'OKP', crv: 'Ed25519', x: raw.subarray(2).toString('base64url')};
}

function decodeBase58(text) {
  const letters = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  const number = [...text].reduce((sum, letter) => sum * 58n + BigInt(letters.indexOf(letter)), 0n);
  return Buffer.from(number.toString(16).padStart(68, '0'), 'hex');
}

/** The issuer's own codes, wherever the library keeps them. */
function reasons(error) {
  const response = error.response ?? error.errorResponse ?? error.credentialResponse;
  const told = [
    ...(error.reasons ?? []), error.errorResponse?.error, response?.error,
    response?.credentialErrorResponseResult?.data?.error,
    response?.deferredCredentialErrorResponseResult?.data?.error, response?.notificationErrorResponseResult?.data?.error,
    error.wwwAuthenticateHeaders?.find(one => one.error)?.error
  ];
  return [...new Set(told.filter(Boolean))];
}

for await (const line of createInterface({input: process.stdin})) {
  const {number, command, ...members} = JSON.parse(line);
  let answer;
  try {
    answer = {number, result: await commands[command](members)};
  } catch(error) {
    answer = {number, error: {message: String(error?.message ?? error), reasons: reasons(error)}};
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
