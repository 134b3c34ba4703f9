/**
 * The peer of the bulk bench: `@digitalbazaar/vc` with Ed25519Signature2020, storing what it signs into PostgreSQL.
 *
 * As a child process it reads one JSON object a line and answers with one a line: `prepare` takes {unsigned, documents,
 * seed, keyId, controller, created, database, host, port, user, password}, `issue` takes {count, first} and returns
 * {seconds, stored}. Each credential has an id, a holder and a status index of its own; a thousand are stored with one
 * statement, which is a transaction.
 */
import * as suite from '../../tests/interop/digitalbazaar/suite.mjs';
import {answerLines} from './line.mjs';
import {createRequire} from 'node:module';
import {randomUUID} from 'node:crypto';

const pg = createRequire(new URL('../../tests/interop/digitalbazaar/suite.mjs', import.meta.url))('pg');
const ROWS = 1000;
const TABLE = `CREATE TABLE IF NOT EXISTS peer_credentials (
  id uuid PRIMARY KEY, issuer text NOT NULL, holder text NOT NULL, schema_id text NOT NULL, status_list text NOT NULL,
  status_index int NOT NULL, issued_at bigint NOT NULL, document bytea NOT NULL)`;
const INDEX = 'CREATE INDEX IF NOT EXISTS peer_holders ON peer_credentials (holder, issued_at)';
const STORE = `INSERT INTO peer_credentials SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[],
  $5::text[], $6::int[], $7::bigint[], $8::bytea[])`;

const state = {};

async function prepare({unsigned, documents, seed, keyId, controller, created, ...database}) {
  state.unsigned = unsigned;
  state.created = created;
  state.loader = suite.makeLoader({documents});
  state.signer = (await suite.keyFrom({seed, id: keyId, controller})).signer;
  state.client = new pg.Client(database);
  await state.client.connect();
  await state.client.query(TABLE);
  await state.client.query(INDEX);
  await issue({count: 50, first: 0});
  return {};
}

async function signed(number) {
  const id = randomUUID();
  const index = String(number % 131072);
  const status = state.unsigned.credentialStatus;
  const credential = {
    ...state.unsigned, id: `urn:uuid:${id}`,
    credentialSubject: {...state.unsigned.credentialSubject, id: `did:adi:holder${number}`},
    credentialStatus: {...status, id: `${status.statusListCredential}#${index}`, statusListIndex: index}
  };
  const document = await suite.vc.issue({
    credential, documentLoader: state.loader,
    suite: suite.signSuite({suite: 'Ed25519Signature2020', signer: state.signer, created: state.created})
  });
  return [
    id, document.issuer.id, document.credentialSubject.id, state.unsigned['@context'][1], status.statusListCredential,
    Number(index), Math.floor(Date.parse(state.created) / 1000), Buffer.from(JSON.stringify(document))
  ];
}

async function issue({count, first}) {
  const begun = process.hrtime.bigint();
  let stored = 0;
  while(stored < count) {
    const rows = [];
    while(rows.length < ROWS && stored + rows.length < count) {
      rows.push(await signed(first + stored + rows.length));
    }
    const columns = rows[0].map((_, column) => rows.map(row => row[column]));
    await state.client.query({name: 'store', text: STORE, values: columns});
    stored += rows.length;
  }
  return {seconds: Number(process.hrtime.bigint() - begun) / 1e9, stored};
}

await answerLines({prepare, issue});
await state.client?.end();
