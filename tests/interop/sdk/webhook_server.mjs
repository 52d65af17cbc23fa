// What the controllers beside this have in common: a server of webhooks, which the SDK verifies, and a limit of time.
import { createServer } from 'node:http';

// Calls `take(event)` for every genuine webhook. What goes wrong, and that it took too long, is pushed to
// `errors`; `end` is called when `take` fails or the time is over.
export function serveWebhooks({ client, port, runMs, errors, take, end }) {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    try {
      const event = await client.webhooks.unwrap(Buffer.concat(chunks).toString(), request.headers);
      response.writeHead(200).end();
      Promise.resolve(take(event)).catch((error) => {
        errors.push(String(error));
        end();
      });
    } catch (error) {
      errors.push(String(error));
      response.writeHead(400).end();
    }
  });
  server.listen(port, '127.0.0.1', () => console.error(`controller ready on ${port}`));
  setTimeout(() => {
    errors.push('it took too long');
    end();
  }, runMs);
}
