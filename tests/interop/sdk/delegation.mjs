// A Live controller for `offhook sim`, made of OpenAI's SDK: the first call that a webhook announces to
// Live is accepted and greeted; what the caller wants is delegated to this program, whose commentary the
// model is to say. "caller: speak" on stdout tells the caller to ask.
//   BASE_URL=http://127.0.0.1:8090/v1 SECRET=whsec_… [API_KEY=sk-sim] [PORT=9204] [RUN_MS=30000] \
//   node delegation.mjs
// "controller ready on <port>" on stderr says that webhooks may come. The last line of stdout is
// JSON; the exit code is 0 when the commentary was acknowledged and said, and the call hung up.
import OpenAI from 'openai';
import { SidebandWS } from 'openai/resources/live/sideband/ws';
import { serveWebhooks } from './webhook_server.mjs';

const { BASE_URL, SECRET, API_KEY = 'sk-sim' } = process.env;
const port = Number(process.env.PORT ?? 9204);
const runMs = Number(process.env.RUN_MS ?? 30_000);
const client = new OpenAI({ apiKey: API_KEY, baseURL: BASE_URL, webhookSecret: SECRET, maxRetries: 0 });
const [greeting, answer] = ['This is the shop.', 'The order is on its way.'];

const report = { heard: '', said: '', delegated: 0, events: {}, errors: [] };
function end() {
  console.log(JSON.stringify({ ok: report.errors.length === 0, ...report }));
  process.exit(report.errors.length === 0 ? 0 : 1);
}
function demand(condition, what) {
  if (!condition) report.errors.push(what);
}

function said(sessionId, event) {
  const before = report.said;
  report.said += event.delta;
  const now = (words) => report.said.includes(words) && !before.includes(words);
  if (now(greeting)) console.log('caller: speak');
  if (now(answer)) {
    client.live.sessions.hangup(sessionId).catch((error) => report.errors.push(String(error)));
  }
}

async function serve(sessionId) {
  await client.live.sessions.accept(sessionId, {
    session: { type: 'live', model: 'gpt-live-1', delegation: { type: 'client' } },
  });
  const socket = new SidebandWS(client, { session_id: sessionId, graceful_close: true });
  socket.on('error', (error) => {
    report.errors.push(String(error.message));
    end();
  });
  socket.on('event', (event) => {
    report.events[event.type] = (report.events[event.type] ?? 0) + 1;
    if (event.type === 'session.started') {
      socket.send({ type: 'session.instructions.append', content: `Say ${greeting}`, delegation_id: null });
    } else if (event.type === 'session.input_transcript.delta') {
      report.heard += event.delta;
    } else if (event.type === 'session.output_transcript.delta') {
      said(sessionId, event);
    } else if (event.type === 'session.delegation.created') {
      const { id, target, type, response_id: responseId } = event.delegation;
      demand(target === 'client' && type === 'delegation', `${type} to ${target}`);
      demand(responseId === undefined, 'a delegation to the client that has a response');
      report.delegated += 1;
      socket.send({ type: 'session.commentary.append', content: answer, delegation_id: id, event_id: 'found' });
    } else if (event.type === 'session.commentary.appended') {
      demand(event.client_event_id === 'found', 'commentary was acknowledged that nobody sent');
    }
  });
  socket.on('close', () => {
    demand(report.delegated === 1, `${report.delegated} delegations`);
    demand(report.events['session.commentary.appended'] === 1, 'the commentary was not acknowledged');
    demand(report.said.includes(answer), 'the answer was not said');
    end();
  });
}

serveWebhooks({
  client, port, runMs, errors: report.errors, end,
  take: (event) => (event.type === 'live.transport.incoming' ? serve(event.data.session_id) : undefined),
});
