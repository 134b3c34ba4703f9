/**
 * What every peer of a bench is: a child process that reads one JSON object a line and answers with one a line.
 */
import {createInterface} from 'node:readline';

/** Repeat an act for so long; the nanoseconds of each time. */
export async function timed(act, seconds) {
  const times = [];
  const end = process.hrtime.bigint() + BigInt(Math.round(seconds * 1e9));
  let before = process.hrtime.bigint();
  while(before < end) {
    await act();
    const after = process.hrtime.bigint();
    times.push(Number(after - before));
    before = after;
  }
  return {times};
}

/** Answer to {number, command, ...members} with {number, result} of that command, or {number, error}. */
export async function answerLines(commands) {
  for await (const line of createInterface({input: process.stdin, crlfDelay: Infinity})) {
    const {number, command, ...members} = JSON.parse(line);
    let answer;
    try {
      answer = {number, result: await commands[command](members)};
    } catch(error) {
      const reasons = [].concat(error.errors || [], error.cause || []).map(String);
      answer = {number, error: {name: error.name, message: error.message, reasons}};
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
  }
}
