// A certified OpenID provider (`oidc-provider`) as the tests need one: client credentials give JWT access tokens, and
// `/control/…` rotates and withdraws keys, counts what is fetched, and breaks what is answered. Loopback only.
//
// The provider takes its keys when it is made, so a change of keys makes another one and puts it in the first one's
// place behind the same server. That is one assignment: the very next answer is signed with, and publishes, the new.

import {generateKeyPair, randomUUID} from 'node:crypto';
import {createServer} from 'node:http';
import {promisify} from 'node:util';

import {Provider} from 'oidc-provider';

import {FAULTS} from './faults.mjs';

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
// By document, the name of a fault or nothing.
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

createServer((request, response) => {
  const {pathname, searchParams} = new URL(request.url, url);
  const [, first, action] = pathname.split('/');
  if (first === 'control') return control(action, searchParams, response);
  const fetched = {'/.well-known/openid-configuration': 'discovery', '/jwks': 'jwks'}[pathname];
  if (fetched) fetches[fetched] += 1;
  const fault = faults[fetched];
  return fault ? FAULTS[fault](response, keys) : provider.callback()(request, response);
}).listen(port, '127.0.0.1');
