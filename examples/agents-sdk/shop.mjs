// The telephone of a shop: OpenAI's SDKs accept each call, greet, and answer questions with a tool.
// Nothing in here knows whether OpenAI or `offhook sim` is at the other end: that is decided by
//   OPENAI_BASE_URL        https://api.openai.com/v1, or http://127.0.0.1:8090/v1
//   OPENAI_API_KEY         sk-… of the project
//   OPENAI_WEBHOOK_SECRET  whsec_… that signs its webhooks
//   PORT                   where webhooks come to /webhook (default 9000)
// Prints what is said. Ends with the first call when given the argument `once`.
import { createServer } from 'node:http';
import OpenAI from 'openai';
import { OpenAIRealtimeSIP, RealtimeAgent, RealtimeSession, tool } from '@openai/agents/realtime';
import { z } from 'zod';

const client = new OpenAI(); // reads the environment
const sideband = `${client.baseURL.replace(/^http/, 'ws')}/realtime`;

const agent = new RealtimeAgent({
  name: 'Shop',
  instructions: 'You answer the telephone of a shop. Ask for the order number, then call lookup_order.',
  tools: [
    tool({
      name: 'lookup_order',
      description: 'Says where an order is.',
      parameters: z.object({ order_number: z.string() }),
      execute: async ({ order_number: number }) => {
        console.log(`tool: lookup_order ${number}`);
        return JSON.stringify({ order: number, status: 'on its way', arrival: 'Monday' });
      },
    }),
  ],
});
const options = {
  model: 'gpt-realtime-2.1',
  config: { audio: { input: { transcription: { model: 'gpt-4o-mini-transcribe' } } } },
};

async function answer(callId) {
  await client.realtime.calls.accept(callId, await OpenAIRealtimeSIP.buildInitialConfig(agent, options));
  const transport = new OpenAIRealtimeSIP();
  const session = new RealtimeSession(agent, { transport, ...options });
  session.on('error', ({ error }) => console.log('error:', JSON.stringify(error)));
  transport.on('*', (event) => {
    if (event.type === 'conversation.item.input_audio_transcription.completed') {
      console.log(`caller: ${event.transcript}`);
    } else if (event.type === 'response.output_audio_transcript.done') {
      console.log(`model: ${event.transcript}`);
    }
  });
  transport.on('connection_change', (state) => {
    if (state !== 'disconnected') return;
    console.log('the call is over');
    if (process.argv[2] === 'once') process.exit(0);
  });
  await session.connect({ apiKey: client.apiKey, callId, url: `${sideband}?call_id=${encodeURIComponent(callId)}` });
  transport.sendEvent({ type: 'response.create' }); // the greeting: the model does not speak first
}

const seen = new Set(); // deliveries may come twice

createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  try {
    const event = await client.webhooks.unwrap(body, request.headers);
    response.writeHead(200).end();
    const delivery = request.headers['webhook-id'];
    if (seen.has(delivery)) return;
    seen.add(delivery);
    if (event.type === 'realtime.call.incoming') {
      answer(event.data.call_id).catch((error) => console.log('call:', error.message));
    }
  } catch (error) {
    response.writeHead(400).end(error.message);
  }
}).listen(Number(process.env.PORT ?? 9000), '127.0.0.1', () => console.log('shop: waiting for calls'));
