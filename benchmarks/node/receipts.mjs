/**
 * Checks anchoring receipts with Node's own cryptography alone: one JSON object a line in, one verdict a line out.
 *
 * A question has `number`, `command` ("check"), `receipt`, `proof`, `document` (base64 of the stored bytes) and `key` (the
 * log's verifier key line); the answer has `result`: true, or `error` with the reason.
 */
import {createHash, createPublicKey, verify} from 'node:crypto';
import {createInterface} from 'node:readline';

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const LEAF = Buffer.from([0]);
const NODE = Buffer.from([1]);
const ED25519 = Buffer.from('302a300506032b6570032100', 'hex');

function require(holds, otherwise) {
  if(!holds) {
    throw new Error(otherwise);
  }
}

/** The JCS form of a flat object of ASCII texts and whole numbers. */
function canonical(entry) {
  return `{${Object.keys(entry).sort().map(name => `${JSON.stringify(name)}:${JSON.stringify(entry[name])}`).join(',')}}`;
}

/** RFC 9162, section 2.1.3.2. */
function rootOf(leaf, index, size, path) {
  let [number, last, found] = [index, size - 1, leaf];
  for(const step of path.map(one => Buffer.from(one, 'hex'))) {
    require(last !== 0, 'the path is too long');
    if(number % 2 === 1 || number === last) {
      found = sha256(NODE, step, found);
      while(number % 2 === 0 && number !== 0) {
        [number, last] = [Math.floor(number / 2), Math.floor(last / 2)];
      }
    } else {
      found = sha256(NODE, found, step);
    }
    [number, last] = [Math.floor(number / 2), Math.floor(last / 2)];
  }
  require(last === 0, 'the path is too short');
  return found;
}

/** A signed note: text, an empty line, signatures `— <name> <base64 of key hash and signature>`. */
function openNote(note, key) {
  const [name, hash, encoded] = [key.split('+')[0], key.split('+')[1], key.split('+').slice(2).join('+')];
  const split = note.lastIndexOf('\n\n') + 1;
  const text = Buffer.from(note.slice(0, split));
  const publicKey = createPublicKey({
    key: Buffer.concat([ED25519, Buffer.from(encoded, 'base64').subarray(1)]), format: 'der', type: 'spki'
  });
  const signed = note.slice(split + 1).split('\n').some(line => {
    const [dash, signer, signature] = line.split(' ');
    const bytes = Buffer.from(signature || '', 'base64');
    return dash === '—' && signer === name && bytes.subarray(0, 4).toString('hex') === hash &&
      verify(null, text, publicKey, bytes.subarray(4));
  });
  require(signed, 'the checkpoint is not signed by this key');
  const [origin, size, root] = text.toString().split('\n');
  require(origin === name, 'the checkpoint is of another log');
  return {size: Number(size), root: Buffer.from(root, 'base64')};
}

function check({receipt, proof, document, key}) {
  const digest = sha256(Buffer.from(document, 'base64'));
  require(digest.toString('hex') === proof.documentSha256, 'another document');
  const leaf = sha256(LEAF, Buffer.from(proof.credentialId), digest);
  require(leaf.toString('hex') === proof.leafHash, 'another leaf');
  const root = rootOf(leaf, proof.leafIndex, receipt.leafCount, proof.path);
  require(root.toString('hex') === receipt.merkleRoot, 'the path leads elsewhere');
  require(receipt.transactionHash === `0x${receipt.merkleRoot}`, 'another transaction hash');
  require(receipt.entry.merkleRoot === receipt.merkleRoot, 'the entry is of another root');
  const logged = sha256(LEAF, Buffer.from(canonical(receipt.entry)));
  const note = openNote(receipt.checkpoint, key);
  require(note.size === receipt.treeSize, 'another tree size');
  const head = rootOf(logged, receipt.entryIndex, receipt.treeSize, receipt.inclusionPath);
  require(head.equals(note.root), 'the entry is not in the log');
  return true;
}

for await (const line of createInterface({input: process.stdin, crlfDelay: Infinity})) {
  const {number, ...members} = JSON.parse(line);
  const answer = {number};
  try {
    answer.result = check(members);
  } catch(error) {
    answer.error = {message: error.message};
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
