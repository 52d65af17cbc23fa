// A Live controller for `offhook sim`, made of OpenAI's SDK: accepts the first call that a webhook
// announces to Live, attaches, makes the model speak, presses a key, plays a fixture and closes.
//   BASE_URL=http://127.0.0.1:8090/v1 SECRET=whsec_… [API_KEY=sk-sim] [PORT=9202] [RUN_MS=30000] \
//   node live.mjs
// "controller ready on <port>" on stderr says that webhooks may come. The last line of stdout is
// JSON; the exit code is 0 when every step was acknowledged as the SDK's types say.
import OpenAI from 'openai';
import { SidebandWS } from 'openai/resources/live/sideband/ws';
import { serveWebhooks } from './webhook_server.mjs';

const { BASE_URL, SECRET, API_KEY = 'sk-sim' } = process.env;
const port = Number(process.env.PORT ?? 9202);
const runMs = Number(process.env.RUN_MS ?? 30_000);
const client = new OpenAI({ apiKey: API_KEY, baseURL: BASE_URL, webhookSecret: SECRET, maxRetries: 0 });

const report = { transcript: '', events: {}, errors: [], closed: null };
function end(ok) {
  console.log(JSON.stringify({ ok: ok && report.errors.length === 0, ...report }));
  process.exit(ok && report.errors.length === 0 ? 0 : 1);
}
function demand(condition, what) {
  if (!condition) report.errors.push(what);
}

const greeting = 'Hello from the SDK.';
const tone = Buffer.alloc(2 * 24 * 200); // 200 ms of silence
const steps = [
  { type: 'session.instructions.append', content: `Say ${greeting}`, delegation_id: null },
  { type: 'transport.dtmf.send', event: '5' },
  { type: 'session.update', session: { delegation: { type: 'client', acknowledgement_delay_ms: 100 } } },
  { type: 'session.input_audio.mute' },
  { type: 'session.input_audio.unmute' },
  { type: 'session.output_audio.fixture.play', audio: tone.toString('base64') },
  { type: 'session.close' },
];
const acknowledgements = [
  'session.instructions.appended', 'transport.dtmf.sent', 'session.updated',
  'session.input_audio.muted', 'session.input_audio.unmuted', 'session.output_audio.fixture.played',
  'session.closed',
];

async function refusals(sessionId) {
  const refused = async (request, wanted) => {
    try {
      await request();
      report.errors.push(`not refused: ${wanted}`);
    } catch (error) {
      demand(`${error.status} ${error.code}` === wanted, `${error.status} ${error.code}, not ${wanted}`);
    }
  };
  const { sessions } = client.live;
  await refused(() => sessions.hangup('live_nobody'), '404 session_id_not_found');
  await refused(
    () => sessions.accept(sessionId, { session: { type: 'live', model: 'gpt-live-1', colour: 1 } }),
    '400 unknown_parameter',
  );
  return () => refused(() => sessions.reject(sessionId, { status_code: 486 }), '409 decision_already_made');
}

async function serve(sessionId) {
  const afterwards = await refusals(sessionId);
  await client.live.sessions.accept(sessionId, { session: { type: 'live', model: 'gpt-live-1' } });
  await afterwards();
  const socket = new SidebandWS(client, { session_id: sessionId, graceful_close: true });
  let step = -1;
  const next = () => {
    step += 1;
    if (step < steps.length) socket.send({ ...steps[step], event_id: `step_${step}` });
  };
  socket.on('error', (error) => report.errors.push(String(error.message)));
  socket.on('event', (event) => {
    report.events[event.type] = (report.events[event.type] ?? 0) + 1;
    if (event.type === 'session.started') {
      demand(event.session.id === sessionId, 'session.started names another session');
      next();
    } else if (event.type === 'session.output_transcript.delta') {
      report.transcript += event.delta;
      demand(event.end_ms >= event.start_ms, 'a delta ends before it starts');
      if (report.transcript === greeting && step === 0) next();
    } else if (event.type === 'session.output_audio.delta') {
      demand(event.end_ms > event.start_ms, 'reflected sound without its place');
    } else if (event.type === acknowledgements[step]) {
      demand(event.client_event_id === `step_${step}`, `${event.type} acknowledges nothing`);
      if (event.type === 'session.closed') report.closed = event.reason;
      if (step > 0) next(); // the first waits for the words
    }
  });
  socket.on('close', (code) => {
    demand(code === 1000, `closed with ${code}`);
    demand((report.events['session.input_audio.append'] ?? 0) > 0, 'the caller was not reflected');
    end(step === steps.length && report.closed === 'close_requested');
  });
}

serveWebhooks({
  client, port, runMs, errors: report.errors, end: () => end(false),
  take: (event) => (event.type === 'live.transport.incoming' ? serve(event.data.session_id) : undefined),
});
