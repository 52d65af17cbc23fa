// A controller of telephone calls for `offhook sim`, made of OpenAI's SDK: it takes the first call that
// a webhook announces and lives through one story with it. What the caller has to do, and when, it tells
// by lines of stdout: "caller: speak", "caller: press 5".
//   STORY=interruption|keys|transfer|hangup BASE_URL=https://127.0.0.1:8443/v1 SECRET=whsec_… \
//   [API_KEY=sk-sim] [PORT=9203] [KEYS='14*'] [TARGET=sip:bob@127.0.0.1] [RUN_MS=30000] node stories.mjs
// "controller ready on <port>" on stderr says that webhooks may come. The last line of stdout is
// JSON; the exit code is 0 when the story went as the SDK's types and OpenAI's guides tell it.
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { serveWebhooks } from './webhook_server.mjs';

const { STORY, BASE_URL, SECRET, API_KEY = 'sk-sim', KEYS = '14*', TARGET } = process.env;
const port = Number(process.env.PORT ?? 9203);
const runMs = Number(process.env.RUN_MS ?? 30_000);
const client = new OpenAI({ apiKey: API_KEY, baseURL: BASE_URL, webhookSecret: SECRET, maxRetries: 0 });

const report = { events: [], errors: [] };
function end() {
  console.log(JSON.stringify({ ok: report.errors.length === 0, ...report }));
  process.exit(report.errors.length === 0 ? 0 : 1);
}
function demand(condition, what) {
  if (!condition) report.errors.push(what);
}

// Events of a sideband in their order: those that nobody asked for yet are kept.
class Sideband {
  constructor(callId) {
    this.kept = [];
    this.waiting = [];
    this.socket = new OpenAIRealtimeWS({ callID: callId }, client);
    this.socket.on('event', (event) => {
      report.events.push(event.type);
      this.kept.push(event);
      this.waiting.splice(0).forEach((wake) => wake());
    });
    this.socket.on('error', (error) => {
      report.errors.push(error.message);
      end();
    });
    this.closed = new Promise((resolve) => { this.socket.socket.on('close', resolve); });
  }

  // The first event kept that `fits`; waits for one.
  async next(type, fits = () => true) {
    for (;;) {
      const at = this.kept.findIndex((event) => event.type === type && fits(event));
      if (at >= 0) return this.kept.splice(at, 1)[0];
      await new Promise((resolve) => { this.waiting.push(resolve); });
    }
  }

  say(words) {
    this.socket.send({ type: 'response.create', response: { instructions: `Say "${words}"` } });
  }
}

const stories = {
  // The caller speaks into an answer that would last for a minute, and is answered.
  async interruption(callId, sideband) {
    sideband.say(Array(20).fill('This is a long story about the sea.').join(' '));
    const { response_id: cut } = await sideband.next('output_audio_buffer.started');
    console.log('caller: speak');
    const { audio_start_ms: start, item_id: turn } = await sideband.next('input_audio_buffer.speech_started');
    demand(start >= 0 && turn, 'speech_started says neither when nor what');
    const [cleared, { response }, truncated] = await Promise.all([
      sideband.next('output_audio_buffer.cleared'),
      sideband.next('response.done', (event) => event.response.id === cut),
      sideband.next('conversation.item.truncated'),
    ]);
    demand(cleared.response_id === cut, 'another response was cleared');
    demand(response.status === 'cancelled', `the response is ${response.status}`);
    demand(response.status_details?.reason === 'turn_detected', `cancelled: ${response.status_details?.reason}`);
    demand(truncated.item_id === response.output[0]?.id, 'another item was truncated');
    demand(truncated.content_index === 0 && truncated.audio_end_ms > 0, 'truncated nowhere');
    const before = (one, other) => report.events.indexOf(one) < report.events.indexOf(other);
    demand(before('input_audio_buffer.speech_started', 'response.done'), 'cancelled before anybody spoke');
    demand(before('response.done', 'conversation.item.truncated'), 'truncated before it was cancelled');
    const committed = await sideband.next('input_audio_buffer.committed');
    demand(committed.item_id === turn, 'another turn was committed');
    // A pause in the sentence may have made two turns of it, and the second cuts the first answer short.
    await sideband.next('response.done', (event) => event.response.status === 'completed');
  },

  // A key is asked for when the one before it has come.
  async keys(callId, sideband) {
    for (const key of KEYS) {
      console.log(`caller: press ${key}`);
      const pressed = await sideband.next('input_audio_buffer.dtmf_event_received');
      demand(pressed.event === key, `${pressed.event} was pressed, not ${key}`);
      demand(Math.abs(pressed.received_at - Date.now() / 1000) < 3600, 'received_at is no time of now');
    }
    console.log('caller: press no more');
    await sideband.closed;
    const more = sideband.kept.filter((event) => event.type === 'input_audio_buffer.dtmf_event_received');
    demand(more.length === 0, `keys came that nobody pressed: ${more.map((event) => event.event)}`);
  },

  // The phone is sent to somebody else, and leaves.
  async transfer(callId, sideband) {
    await client.realtime.calls.refer(callId, { target_uri: TARGET });
    await sideband.closed;
  },

  async hangup(callId, sideband) {
    await client.realtime.calls.hangup(callId);
    await sideband.closed;
  },
};

async function overIsUnknown(callId) {
  try {
    await client.realtime.calls.hangup(callId);
    report.errors.push('a call that was over could be hung up');
  } catch ({ status, code }) {
    demand(status === 404 && code === 'call_id_not_found', `hanging up once more: ${status} ${code}`);
  }
}

async function serve(callId) {
  const turnDetection = { type: 'server_vad' };
  await client.realtime.calls.accept(callId, {
    type: 'realtime', model: 'gpt-realtime-2.1', instructions: 'Be brief.',
    audio: { input: { turn_detection: turnDetection } },
  });
  const sideband = new Sideband(callId);
  const { session } = await sideband.next('session.created');
  demand(session.audio.input.turn_detection.interrupt_response, 'interruptions are off');
  await stories[STORY](callId, sideband);
  if (STORY !== 'interruption') await overIsUnknown(callId);
}

serveWebhooks({
  client, port, runMs, errors: report.errors, end,
  take: (event) => (event.type === 'realtime.call.incoming' ? serve(event.data.call_id).then(end) : undefined),
});
