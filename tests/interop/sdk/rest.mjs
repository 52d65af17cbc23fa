// What OpenAI's SDK makes of the refusals of `offhook sim`: status, code, type and message.
//   BASE_URL=http://127.0.0.1:8090/v1 [API_KEY=sk-sim] [CALL_ID=rtc_…] node rest.mjs
// CALL_ID is a call that is ringing: it is rejected with 486, and then cannot be accepted any more.
import OpenAI from 'openai';

const { BASE_URL, API_KEY = 'sk-sim', CALL_ID } = process.env;
const sdk = (apiKey) => new OpenAI({ apiKey, baseURL: BASE_URL, maxRetries: 0 }).realtime.calls;
const [ours, strangers] = [sdk(API_KEY), sdk('sk-of-somebody-else')];
const session = { type: 'realtime', model: 'gpt-realtime-2.1', instructions: 'Be brief.' };
const refer = { target_uri: 'tel:+14155550123' };

async function outcome(request) {
  try {
    await request();
    return { seen: 'success', complete: true };
  } catch (error) {
    const { status, code, type, message } = error;
    // The envelope has reached the SDK whole when message and type are there as well.
    return { seen: `${status} ${code}`, complete: Boolean(type) && message.length > 4 };
  }
}

const unknown = /^404 call_id_not_found$/;
const checks = [
  ['accept a call that nobody knows', () => ours.accept('rtc_nobody', session), unknown],
  ['reject it', () => ours.reject('rtc_nobody'), unknown],
  ['refer it', () => ours.refer('rtc_nobody', refer), unknown],
  ['hang it up', () => ours.hangup('rtc_nobody'), unknown],
  ['hang up an id with slash and blank', () => ours.hangup('rtc a/b'), unknown],
  ['hang up with a wrong key', () => strangers.hangup('rtc_nobody'), /^401 invalid_api_key$/],
];
if (CALL_ID) {
  checks.push(
    ['reject a ringing call', () => ours.reject(CALL_ID, { status_code: 486 }), /^success$/],
    ['accept it afterwards', () => ours.accept(CALL_ID, session),
      /^(404 call_id_not_found|409 decision_already_made)$/],
  );
}

let failures = 0;
for (const [name, request, wanted] of checks) {
  const { seen, complete } = await outcome(request);
  const good = wanted.test(seen) && complete;
  failures += good ? 0 : 1;
  const missing = complete ? '' : ', envelope incomplete';
  console.log(`${good ? 'ok  ' : 'FAIL'} ${name}: ${seen}${missing}`);
}
process.exit(failures ? 1 : 0);
