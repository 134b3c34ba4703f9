/**
 * The peer as a child process: one JSON object a line in on stdin, one verdict a line out on stdout.
 *
 * A request has `number`, `command`, `documents` (by URL) and the command's members. The answer has the same `number`
 * and either `result` or `error`.
 */
import * as suite from './suite.mjs';
import {createInterface} from 'node:readline';

const COMMANDS = {derive: suite.derive, ping: async () => 'pong', sign: suite.sign, verify: suite.verify};

const lines = createInterface({input: process.stdin, crlfDelay: Infinity});
for await (const line of lines) {
  const {number, command, documents, ...members} = JSON.parse(line);
  const answer = {number};
  try {
    answer.result = await COMMANDS[command]({...members, loader: suite.makeLoader(documents)});
  } catch(error) {
    answer.error = {name: error.name, message: error.message};
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
