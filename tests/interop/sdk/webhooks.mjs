// Delivers webhooks as OpenAI does, and as a forger would, to offhook's webhook server. Signed with
// the `standardwebhooks` package; OpenAI's own verifier must agree on every genuine one.
//   HOOK=http://127.0.0.1:8443/webhook SECRET=whsec_… node webhooks.mjs
import { randomBytes } from 'node:crypto';
import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';

const { HOOK, SECRET } = process.env;
const hex = (bytes) => randomBytes(bytes).toString('hex');
const ours = new Webhook(SECRET);
const stranger = new Webhook(`whsec_${randomBytes(32).toString('base64')}`);
const noSignature = `v1,${Buffer.alloc(32).toString('base64')}`;
const judge = new OpenAI({ apiKey: 'unused', webhookSecret: SECRET });

const incoming = (data) => JSON.stringify({
  id: `evt_${hex(16)}`, object: 'event', created_at: Math.floor(Date.now() / 1000),
  type: 'realtime.call.incoming', data,
});
const call = incoming({
  call_id: `rtc_u0_${hex(16)}`,
  sip_headers: [{ name: 'From', value: '"Bob" <sip:+15550111@sip.example.com>;tag=1' }],
  sip_media_security: 'srtp',
});

function delivery({ body = call, id = `wh_${hex(16)}`, age = 0, signer = ours } = {}) {
  const sent = new Date(Date.now() - age * 1000);
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(sent / 1000)),
      'webhook-signature': signer.sign(id, sent, body),
    },
  };
}
function altered(good, header, value) {
  return { ...good, headers: { ...good.headers, [header]: value } };
}

const first = delivery();
const id = first.headers['webhook-id'];
const twice = delivery();
const both = `${noSignature} ${twice.headers['webhook-signature']}`;
const checks = [
  ['genuine', 200, first],
  ['repeated', 200, first],
  ['repeated later, signed anew', 200, delivery({ id, age: -1 })],
  ['298 s old', 200, delivery({ age: 298 })],
  ['298 s ahead', 200, delivery({ age: -298 })],
  ['two signatures, the second ours', 200, altered(twice, 'webhook-signature', both)],
  ['test delivery without a call', 200, delivery({ body: incoming({}) })],
  ['302 s old', 401, delivery({ age: 302 })],
  ['302 s ahead', 401, delivery({ age: -302 })],
  ['signed by a stranger', 401, delivery({ signer: stranger })],
  ['one byte more', 401, { ...delivery(), body: `${call} ` }],
  ['signatures joined by a comma', 401,
    altered(twice, 'webhook-signature', both.replace(' ', ','))],
  ['signature without version', 401,
    altered(twice, 'webhook-signature', twice.headers['webhook-signature'].slice(3))],
  ['no signature', 401, altered(delivery(), 'webhook-signature', '')],
  ['no id', 401, altered(delivery(), 'webhook-id', '')],
  ['timestamp that is no number', 401, altered(delivery(), 'webhook-timestamp', 'soon')],
  ['signed, but no JSON', 400, delivery({ body: '{"type":' })],
  ['4 MiB', 413, delivery({ body: 'x'.repeat(4 << 20) })],
];

async function post({ body, headers }) {
  try {
    return (await fetch(HOOK, { method: 'POST', headers, body })).status;
  } catch (error) {
    // A server may close before it has read a body that it refuses.
    const code = error.cause?.code;
    const closed = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(code);
    return closed && body.length > 1 << 20 ? 413 : code;
  }
}

let failures = 0;
function check(name, seen, wanted) {
  failures += seen === wanted ? 0 : 1;
  console.log(seen === wanted ? `ok   ${name}: ${seen}` : `FAIL ${name}: ${seen}, not ${wanted}`);
}
for (const [name, wanted, request] of checks) {
  check(name, await post(request), wanted);
  if (wanted === 200) {
    await judge.webhooks.verifySignature(request.body, request.headers);
  }
}
check('GET', (await fetch(HOOK)).status, 405);
check('POST elsewhere', (await fetch(new URL('/admin', HOOK), { method: 'POST' })).status, 404);
process.exit(failures ? 1 : 0);
