// How a provider that is broken answers whoever asks for its keys. Where the keys themselves come along, they are good:
// it is the answer around them that must not be believed.

const publicKeySet = (keys) =>
  JSON.stringify({keys: keys.map(({kid, alg, kty, n, e, crv, x, y}) => ({kid, alg, kty, n, e, crv, x, y}))});

const answer = (status, type, body) => (response, keys) =>
  response.writeHead(status, {'content-type': type}).end(body(publicKeySet(keys)));

export const FAULTS = {
  error: answer(500, 'application/json', () => '{"error":"server_error"}'),
  moved: answer(302, 'application/json', (keySet) => keySet),
  html: answer(200, 'text/html', () => '<!doctype html><title>Maintenance</title>'),
  cut: answer(200, 'application/json', (keySet) => keySet.slice(0, -20)),
  giant: answer(200, 'application/json', (keySet) => keySet + ' '.repeat(300_000)),
  'wrong-json': answer(200, 'application/json', () => '{"keys":"none"}'),
  empty: answer(200, 'application/json', () => '{"keys":[]}'),
  // The connection ends before the body does.
  hangup(response, keys) {
    response.writeHead(200, {'content-length': 100_000});
    response.write(publicKeySet(keys), () => response.destroy());
  },
  silence() {},
};
