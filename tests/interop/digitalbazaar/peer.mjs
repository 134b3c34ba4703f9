/**
 * The peer as a child process: one JSON object a line in on stdin, one verdict a line out on stdout.
 *
 * A request has `number`, `command` and the command's members, and may have `documents` (by URL) and `loopback` (the one
 * server on 127.0.0.1 that may be asked). The answer has the same `number` and either `result` or `error`.
 */
import * as suite from './suite.mjs';
import {createInterface} from 'node:readline';

const COMMANDS = {
  canonize: async ({documentsToCanonize, loader}) => Promise.all(documentsToCanonize.map(async document => {
    try {
      return {nquads: await suite.canonize({document, loader})};
    } catch(error) {
      return {error: String(error.details?.event?.code || error.message)};
    }
  })),
  key: async ({key}) => {
    const {did, signer} = await suite.keyFrom(key);
    return {did, verificationMethod: signer.id};
  },
  ping: async () => 'pong',
  present: suite.present,
  sign: suite.sign,
  statusList: suite.statusList,
  verify: suite.verify,
  verifyPresentation: suite.verifyPresentation
};

const lines = createInterface({input: process.stdin, crlfDelay: Infinity});
for await (const line of lines) {
  const {number, command, documents, loopback, ...members} = JSON.parse(line);
  const answer = {number};
  try {
    const loader = suite.makeLoader({documents, loopback});
    answer.result = await COMMANDS[command]({...members, loader});
  } catch(error) {
    answer.error = {
      name: error.name, message: error.message, reasons: [].concat(error.errors || [], error.cause || []).map(String),
      event: error.details?.event?.code || null
    };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
