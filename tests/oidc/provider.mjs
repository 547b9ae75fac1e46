// A certified OpenID provider (`oidc-provider`) as the tests need one: client credentials give JWT access tokens, and
// `/control/…` rotates and withdraws keys, counts what is fetched, and breaks what is answered. Loopback only.
//
// The provider takes its keys when it is made, so a change of keys makes another one and puts it in the first one's
// place behind the same server. That is one assignment: the very next answer is signed with, and publishes, the new.

import {generateKeyPair, randomUUID} from 'node:crypto';
import {createServer} from 'node:http';
import {promisify} from 'node:util';

import {Provider} from 'oidc-provider';

const port = Number(process.argv[2]);
const url = `http://127.0.0.1:${port}`;

// What the sample's policy wants of a token.
const AUDIENCE = 'api://storefront';
const SCOPES = 'orders.cancel';
const CLAIMS = {tid: 't1', roles: ['Storefront.Read']};

const KINDS = {
  RS256: ['rsa', {modulusLength: 2048}],
  ES256: ['ec', {namedCurve: 'P-256'}],
};

// One for each algorithm, which it is named after.
const CLIENTS = Object.keys(KINDS).map((algorithm) => ({
  client_id: algorithm,
  client_secret: 'of-a-test',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  id_token_signed_response_alg: algorithm,
}));

// The first key of an algorithm signs; all are published.
function providerOf(keys) {
  return new Provider(url, {
    jwks: {keys},
    clients: CLIENTS,
    scopes: SCOPES.split(' '),
    extraTokenClaims: () => CLAIMS,
    features: {
      devInteractions: {enabled: false},
      clientCredentials: {enabled: true},
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE,
        getResourceServerInfo: (_context, audience, client) => ({
          audience,
          scope: SCOPES,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 3600,
          jwt: {sign: {alg: client.idTokenSignedResponseAlg}},
        }),
      },
    },
  });
}

async function freshKeys() {
  const made = Object.entries(KINDS).map(async ([alg, [kind, options]]) => {
    const {privateKey} = await promisify(generateKeyPair)(kind, options);
    return {...privateKey.export({format: 'jwk'}), kid: randomUUID(), alg, use: 'sig'};
  });
  return Promise.all(made);
}

let keys = await freshKeys();
let provider = providerOf(keys);

function replaceKeys(others) {
  keys = others;
  provider = providerOf(keys);
}

const fetches = {discovery: 0, jwks: 0};
const faults = {discovery: '', jwks: ''};

const CONTROL = {
  // Those before stay published.
  async rotate() {
    replaceKeys([...(await freshKeys()), ...keys]);
  },
  // Every key of an algorithm.
  withdraw(query) {
    replaceKeys(keys.filter(({alg}) => alg !== query.get('algorithm')));
  },
  break(query) {
    faults[query.get('document')] = query.get('how');
  },
  fetches() {},
};

async function control(action, query, response) {
  await CONTROL[action](query);
  response.writeHead(200, {'content-type': 'application/json'}).end(JSON.stringify(fetches));
}

const document = () => JSON.stringify({keys: keys.map(({kid, alg, kty, n, e, crv, x, y}) => ({kid, alg, kty, n, e, crv, x, y}))});

// How a document is broken: a status, a type and a body; or no proper answer at all.
const FAULTS = {
  error: () => [500, 'application/json', '{"error":"server_error"}'],
  moved: () => [302, 'application/json', document()],
  html: () => [200, 'text/html', '<!doctype html><title>Maintenance</title>'],
  cut: () => [200, 'application/json', document().slice(0, -20)],
  giant: () => [200, 'application/json', document() + ' '.repeat(300_000)],
  'wrong-json': () => [200, 'application/json', '{"keys":"none"}'],
  empty: () => [200, 'application/json', '{"keys":[]}'],
  // The connection ends before the body does.
  hangup: (response) => {
    response.writeHead(200, {'content-length': 100_000});
    response.write(document(), () => response.destroy());
  },
  silence: () => {},
};

function broken(how, response) {
  const answer = FAULTS[how](response);
  if (!answer) return;
  const [status, type, body] = answer;
  response.writeHead(status, {'content-type': type}).end(body);
}

createServer((request, response) => {
  const {pathname, searchParams} = new URL(request.url, url);
  const [, first, action] = pathname.split('/');
  if (first === 'control') return control(action, searchParams, response);
  const fetched = {'/.well-known/openid-configuration': 'discovery', '/jwks': 'jwks'}[pathname];
  if (fetched) fetches[fetched] += 1;
  const fault = faults[fetched];
  return fault ? broken(fault, response) : provider.callback()(request, response);
}).listen(port, '127.0.0.1');
