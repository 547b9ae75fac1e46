// The compiled module, as a page has it: by node's own test runner, without a package.

import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import {pathToFileURL} from 'node:url';

const directory = process.env.PLAYGROUND ?? new URL('../../target/playground', import.meta.url).pathname;
const playground = await import(pathToFileURL(`${directory}/playground.js`));
playground.initSync({module: readFileSync(`${directory}/playground_bg.wasm`)});

const policy = readFileSync(new URL('../../examples/storefront/policy.yaml', import.meta.url), 'utf8');
const orders = {
  path: '/storefront/v2/customers/7/orders',
  token: {issuer: 'development', subject: 'alice', tenant: 't1', roles: ['Storefront.Read']},
};

const check = (policy) => JSON.parse(playground.check(policy));
const decide = (policy, calls) => JSON.parse(playground.decide(policy, JSON.stringify(calls)));
const explain = (policy, call) => JSON.parse(playground.explain(policy, JSON.stringify(call)));

test('a policy without faults, and one with some', () => {
  assert.deepEqual(check(policy).findings.filter(({severity}) => severity === 'error'), []);
  const {findings} = check(policy.replace('roles: [reader]', 'rolls: [reader]'));
  const unknown = findings.find(({code}) => code === 'unknown_key');
  assert.equal(unknown.help, 'did you mean `roles`?');
  assert.ok(unknown.line > 1);
});

test('calls one after another, limits counted', () => {
  const revenue = {...orders, path: '/storefront/v2/revenue'};
  const {findings, outcomes} = decide(policy, [orders, {path: orders.path}, revenue, revenue, revenue, revenue]);
  assert.deepEqual(findings.filter(({file}) => file === 'call'), []);
  const told = outcomes.map(({verdict, status, reason, call}) => [verdict, status, reason ?? call]);
  assert.deepEqual(told, [
    ['allow', 200, 'ListOrders'],
    ['refuse', 401, 'token_missing'],
    ['allow', 200, 'Revenue'],
    ['allow', 200, 'Revenue'],
    ['allow', 200, 'Revenue'],
    ['refuse', 429, 'rate_limited'],
  ]);
});

test('the way of one call', () => {
  const {outcome} = explain(policy, {...orders, path: `${orders.path}?limit=1001`});
  assert.equal(outcome.reason, 'page_too_large');
  const last = outcome.trace.at(-1);
  assert.deepEqual([last.kind, last.verdict], ['deny', 'refused']);
});

test('texts that are no policy, and no call', () => {
  for (const text of ['', '{', '\u0000', '[[[['.repeat(100)]) {
    assert.ok(check(text).findings.length > 0);
    assert.deepEqual(JSON.parse(playground.decide(policy, text)).outcomes, []);
    assert.equal(JSON.parse(playground.explain(policy, text)).outcome, null);
  }
});

// As in Envoy and natively: `cargo xtask playground` makes the calls and says what the native engine made of them.
test('generated calls have the native verdicts', () => {
  const lines = readFileSync(`${directory}/calls.jsonl`, 'utf8').trim().split('\n');
  const told = new Map();
  for (const line of lines) {
    const {policy, tokens, without_keys, at, calls} = JSON.parse(line);
    const batch = {
      at: new Date(at * 1000).toISOString(),
      tokens,
      unavailable: {keys: without_keys},
      calls: calls.map(({call}) => call),
    };
    const {findings, outcomes} = decide(JSON.stringify(policy), batch);
    assert.deepEqual(findings.filter(({severity}) => severity === 'error'), []);
    const compared = ({status, reason, operation}) => ({status, reason, operation});
    calls.forEach((native, index) => {
      assert.deepEqual(compared(outcomes[index]), compared(native), JSON.stringify(native.call));
      told.set(native.reason ?? 'none', (told.get(native.reason ?? 'none') ?? 0) + 1);
    });
  }
  const total = [...told.values()].reduce((sum, count) => sum + count, 0);
  assert.ok(total >= 10_000, `only ${total} calls`);
  assert.ok(told.size > 10 && told.get('none') >= total * 0.3, JSON.stringify([...told]));
});
