// A controller for `offhook sim`, made of OpenAI's SDKs: each call that a webhook announces is
// accepted, attached to and greeted.
//   BASE_URL=http://127.0.0.1:8090/v1 WS_URL=ws://127.0.0.1:8090/v1/realtime SECRET=whsec_… \
//   [API_KEY=sk-sim] [PORT=9201] [CALLS=1] [TOOLS=0] [RUN_MS=30000] node controller.mjs
// "controller ready on <port>" on stderr says that webhooks may come. The last line of stdout is
// JSON; the exit code is 0 when CALLS calls were greeted, TOOLS tools ran and nothing failed.
import { createServer } from 'node:http';
import OpenAI from 'openai';
import { OpenAIRealtimeSIP, RealtimeAgent, RealtimeSession, tool } from '@openai/agents/realtime';
import { z } from 'zod';

const { BASE_URL, WS_URL, SECRET, API_KEY = 'sk-sim' } = process.env;
const [port, calls, tools, runMs] = [
  ['PORT', 9201], ['CALLS', 1], ['TOOLS', 0], ['RUN_MS', 30_000],
].map(([name, otherwise]) => Number(process.env[name] ?? otherwise));

const report = {
  accepted: 0, greeted: 0, tools: 0, refused: 0, duplicates: 0, errors: [], events: {},
};
const complete = () => report.accepted >= calls && report.greeted >= calls && report.tools >= tools;
function end() {
  const ok = complete() && report.errors.length === 0 && report.refused === 0;
  console.log(JSON.stringify({ ok, ...report }));
  process.exit(ok ? 0 : 1);
}
function note(change) {
  change();
  if (complete()) setTimeout(end, 300); // late error events still count
}

const client = new OpenAI({ apiKey: API_KEY, baseURL: BASE_URL, webhookSecret: SECRET });
const lookUp = tool({
  name: 'lookup_order',
  description: 'Says where an order is.',
  parameters: z.object({ order_id: z.string() }),
  execute: async ({ order_id: order }) => {
    note(() => { report.tools += 1; });
    return `Order ${order} was shipped.`;
  },
});
const agent = new RealtimeAgent({
  name: 'Shop',
  instructions: 'You answer the telephone of a shop. Look orders up before you speak of them.',
  tools: [lookUp],
});
const options = { model: 'gpt-realtime-2.1', config: { audio: { output: { voice: 'marin' } } } };

async function serve(callId) {
  const session = await OpenAIRealtimeSIP.buildInitialConfig(agent, options);
  await client.realtime.calls.accept(callId, session);
  note(() => { report.accepted += 1; });
  const transport = new OpenAIRealtimeSIP();
  const conversation = new RealtimeSession(agent, { transport, ...options });
  conversation.on('error', (error) => report.errors.push(JSON.stringify(error).slice(0, 300)));
  let greeted = false;
  transport.on('*', ({ type }) => {
    report.events[type] = (report.events[type] ?? 0) + 1;
    if (type === 'output_audio_buffer.stopped' && !greeted) {
      greeted = true;
      note(() => { report.greeted += 1; });
    }
  });
  const url = `${WS_URL}?call_id=${encodeURIComponent(callId)}`;
  await conversation.connect({ apiKey: API_KEY, callId, url });
  transport.sendEvent({ type: 'response.create', response: { instructions: 'Say Hi.' } });
}

const deliveries = new Set();
async function receive(body, headers) {
  const event = await client.webhooks.unwrap(body, headers);
  const id = headers['webhook-id'];
  if (deliveries.has(id)) {
    report.duplicates += 1;
  } else if (event.type === 'realtime.call.incoming') {
    serve(event.data.call_id).catch((error) => report.errors.push(String(error)));
  }
  deliveries.add(id);
}

const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  try {
    await receive(body, request.headers);
    response.writeHead(200).end();
  } catch (error) {
    report.refused += 1;
    response.writeHead(400).end(error.message);
  }
});
server.listen(port, '127.0.0.1', () => {
  console.error(`controller ready on ${server.address().port}`);
});
setTimeout(end, runMs);
