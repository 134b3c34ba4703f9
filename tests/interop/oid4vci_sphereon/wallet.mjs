/**
 * A wallet that speaks draft 15, as a child process: one JSON object a line in on stdin, one answer a line out on stdout.
 *
 * A request has `number`, `command` and the command's members; the answer has the same `number` and either `result` or
 * `error`.
 */
import {OpenID4VCIClientV1_0_15 as Client} from '@sphereon/oid4vci-client';
import {createInterface} from 'node:readline';
import {SignJWT, exportJWK, generateKeyPair} from 'jose';

// Standard output is for answers alone.
console.log = console.info = console.warn = console.debug = console.error;

const commands = {
  /** The whole way from an offer to a credential. */
  async fetch({offer, txCode, configuration, format}) {
    const {privateKey, publicKey} = await generateKeyPair('ES256', {extractable: true});
    const jwk = await exportJWK(publicKey);
    const did = `did:jwk:${Buffer.from(JSON.stringify(jwk)).toString('base64url')}`;
    const client = await Client.fromURI({uri: offer, kid: `${did}#0`, alg: 'ES256', resolveOfferUri: true});
    const metadata = await client.retrieveServerMetadata();
    await client.acquireAccessToken({pin: txCode});
    const signCallback = async ({header, payload}) => new SignJWT(payload)
      .setProtectedHeader({alg: header.alg, typ: header.typ, kid: header.kid}).sign(privateKey);
    const answer = await client.acquireCredentials({
      credentialConfigurationId: configuration, format, proofCallbacks: {signCallback}, kid: `${did}#0`, alg: 'ES256'
    });
    return {
      issuer: metadata.issuer, did, credentials: answer.credentials?.map(one => one.credential),
      notificationId: answer.notification_id
    };
  }
};

for await (const line of createInterface({input: process.stdin})) {
  const {number, command, ...members} = JSON.parse(line);
  let answer;
  try {
    answer = {number, result: await commands[command](members)};
  } catch(error) {
    answer = {number, error: {message: String(error?.message ?? error)}};
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
