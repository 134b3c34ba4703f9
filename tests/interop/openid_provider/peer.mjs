/**
 * The provider as a child process: one JSON object a line in on stdin, one answer a line out on stdout.
 *
 * A request has `number`, `command` and the command's members; the answer has the same `number` and either `result` or
 * `error`. The pages for signing in and consenting are the package's own. It ends when its input ends.
 */
import {Provider} from 'oidc-provider';
import {generateKeyPairSync} from 'node:crypto';
import {createInterface} from 'node:readline';
import {createServer} from 'node:http';

// Standard output is for answers alone.
console.log = console.info = console.warn = console.error;

const KINDS = {
  RS256: ['rsa', {modulusLength: 2048}],
  ES256: ['ec', {namedCurve: 'P-256'}],
  EdDSA: ['ed25519', {}]
};
const state = {port: 0, listening: null, provider: null, keys: [], clients: [], accounts: {}, inIdToken: false, heard: []};

function newKeys() {
  return Object.entries(KINDS).map(([alg, [kind, options]]) => ({
    ...generateKeyPairSync(kind, options).privateKey.export({format: 'jwk'}), alg, use: 'sig'
  }));
}

function makeProvider() {
  const provider = new Provider(`http://127.0.0.1:${state.port}`, {
    clients: state.clients,
    jwks: {keys: state.keys},
    scopes: ['openid', 'email'],
    claims: {openid: ['sub'], email: ['email', 'email_verified']},
    // False puts what a scope stands for into the identity token too; true, the default, follows the specification.
    conformIdTokenClaims: !state.inIdToken,
    enabledJWA: {idTokenSigningAlgValues: Object.keys(KINDS)},
    findAccount: (_, id) => state.accounts[id] && {accountId: id, claims: () => ({sub: id, ...state.accounts[id]})},
    pkce: {required: () => true}
  });
  for(const name of ['authorization', 'grant', 'userinfo']) {
    provider.on(`${name}.error`, (_, error) => state.heard.push({
      what: `${name}.error`, error: error.error, detail: error.error_detail ?? error.error_description ?? null
    }));
    provider.on(`${name}.success`, () => state.heard.push({what: `${name}.success`}));
  }
  return provider;
}

/** Listen, on the port of last time if there was one; gives the issuer. */
async function start() {
  state.keys = state.keys.length ? state.keys : newKeys();
  const server = createServer((request, response) => {
    state.heard.push({what: `${request.method} ${request.url.split('?')[0]}`});
    state.provider.callback()(request, response);
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(state.port, '127.0.0.1', resolve));
  state.port = server.address().port;
  state.listening = server;
  state.provider = makeProvider();
  return {issuer: state.provider.issuer};
}

const COMMANDS = {
  /** Take these clients, accounts (claims by id), and whether claims stand in the identity token; then listen. */
  start: async ({clients, accounts, inIdToken}) => {
    Object.assign(state, {clients, accounts, inIdToken: Boolean(inIdToken)});
    return start();
  },
  /** Change settings while it runs. */
  change: async ({clients = state.clients, inIdToken = state.inIdToken}) => {
    Object.assign(state, {clients, inIdToken});
    state.provider = makeProvider();
    return null;
  },
  /** Be gone: nothing listens at the address any more. */
  stop: async () => {
    state.listening.closeAllConnections();
    await new Promise(resolve => state.listening.close(resolve));
    return null;
  },
  /** Listen at the same address again. */
  resume: start,
  /** Sign with new keys; the old ones are published no more. */
  rotate: async () => {
    state.keys = newKeys();
    state.provider = makeProvider();
    return null;
  },
  /** What was asked and refused since the last time, in order. */
  heard: async () => state.heard.splice(0)
};

for await (const line of createInterface({input: process.stdin, crlfDelay: Infinity})) {
  const {number, command, ...members} = JSON.parse(line);
  const answer = {number};
  try {
    answer.result = await COMMANDS[command](members);
  } catch(error) {
    answer.error = {name: error.name, message: error.message};
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
process.exit(0);
