/**
 * npm's `didcomm-node` as a child process: one JSON object a line in on stdin, one answer a line out on stdout.
 *
 * A request has `number`, `command`, `documents` (by DID: {keyAgreement, authentication}, each a list of {kid, jwk}),
 * and `secrets` (a list of {kid, jwk}). The answer has the same `number` and either `result` or `error`.
 */
import {createInterface} from 'node:readline';
import {Message} from 'didcomm-node';

function documentOf(did, {keyAgreement = [], authentication = []}) {
  return {
    id: did,
    keyAgreement: keyAgreement.map(({kid}) => kid),
    authentication: authentication.map(({kid}) => kid),
    verificationMethod: [...keyAgreement, ...authentication].map(({kid, jwk}) => ({
      id: kid, type: 'JsonWebKey2020', controller: did, publicKeyJwk: jwk
    })),
    service: []
  };
}

function resolvers({documents = {}, secrets = []}) {
  const kept = new Map(secrets.map(({kid, jwk}) => [kid, {id: kid, type: 'JsonWebKey2020', privateKeyJwk: jwk}]));
  return [
    {resolve: async did => documents[did] ? documentOf(did, documents[did]) : null},
    {get_secret: async kid => kept.get(kid) ?? null, find_secrets: async kids => kids.filter(kid => kept.has(kid))}
  ];
}

const COMMANDS = {
  pack: async question => {
    const {message, to, from = null, signedBy = null} = question;
    const [packed] = await new Message(message)
      .pack_encrypted(to, from, signedBy, ...resolvers(question), {forward: false});
    return JSON.parse(packed);
  },
  unpack: async question => {
    const [message, told] = await Message.unpack(JSON.stringify(question.packed), ...resolvers(question), {});
    return {
      message: message.as_value(),
      encryptedFrom: told.encrypted_from_kid ?? null,
      encryptedTo: told.encrypted_to_kids ?? null,
      authenticated: told.authenticated,
      signedBy: told.sign_from ?? null
    };
  }
};

const lines = createInterface({input: process.stdin, crlfDelay: Infinity});
for await (const line of lines) {
  const question = JSON.parse(line);
  const answer = {number: question.number};
  try {
    answer.result = await COMMANDS[question.command](question);
  } catch(error) {
    answer.error = {name: error.name ?? 'Error', message: String(error.message ?? error)};
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
