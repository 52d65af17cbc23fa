"""Azure as the provider of an agent file: hosts, paths and the key's header, on the wire before the sim."""
import http.server
import json
import socket
import threading
import urllib.error
import urllib.request

from serve_support import ServeTest
from support import DEADLINE_S, main, pump, wait_for

KEY = "azure-key-0123"


class AzureFront:
    """Speaks as Azure does (`/openai/v1/…`, `api-key`), keeps every request, and lets the sim do the work."""

    def __init__(self, sim):
        self.requests = []  # (method, path, headers, body)
        self.upstream = int(sim.ready["api_base"].split(":")[2].split("/")[0])
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def take(self, body):
                outer.requests.append((self.command, self.path, dict(self.headers), body))
                if self.headers.get("api-key") == KEY and self.path.startswith("/openai/v1/"):
                    return self.path.removeprefix("/openai")
                self.send_response(401)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return None

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                path = self.take(body)
                if path is None:
                    return
                request = urllib.request.Request(f"http://127.0.0.1:{outer.upstream}{path}", data=body, method="POST",
                                                 headers={"Authorization": "Bearer sk-sim",
                                                          "Content-Type": "application/json"})
                try:
                    with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                        status, text = answer.status, answer.read()
                except urllib.error.HTTPError as refused:
                    status, text = refused.code, refused.read()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def do_GET(self):
                path = self.take(b"")
                if path is None:
                    return
                fields = {**dict(self.headers), "Authorization": "Bearer sk-sim"}
                fields.pop("api-key")
                head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
                far = socket.create_connection(("127.0.0.1", outer.upstream))
                far.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
                back = threading.Thread(target=pump, args=(far, self.connection), daemon=True)
                back.start()
                pump(self.connection, far)
                back.join()
                far.close()
                self.close_connection = True

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}/openai/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Azure(ServeTest):
    def azure_file(self, sim, where):
        path = self.folder / "agent.yaml"
        path.write_text(f"""provider:
  kind: azure
  resource: my-resource
  api_key: {KEY}
  sip_host: swedencentral.sip.ai.azure.com
  {where}
webhook:
  secrets: ["{sim.secret}"]
  listen: 127.0.0.1:{self.webhook_port}
agents:
  support:
    model: gpt-realtime-2.1
    instructions: You are a support agent.
    opening: Say "Hello from Azure."
""")
        return path

    def test_a_call_is_accepted_attached_and_hung_up_as_azure_wants_it(self):
        sim = self.sim_with_webhook()
        front = AzureFront(sim)
        self.addCleanup(front.close)
        serve = self.serve(self.azure_file(sim, f"base_url: {front.base}"))
        phone = self.phone(sim)
        wait_for(lambda: [e for e in serve.events("transcript") if e["text"] == "Hello from Azure."], "the opening line")
        call = serve.calls("live")[0]["id"]
        self.assertEqual(serve.request(f"/v1/calls/{call}/hang_up", {})[0], 202)
        self.assertEqual(phone.wait(), 0, phone.output())
        self.assertEqual([(method, path) for method, path, _, _ in front.requests],
                         [("POST", f"/openai/v1/realtime/calls/{call}/accept"),
                          ("GET", f"/openai/v1/realtime?call_id={call}"),
                          ("POST", f"/openai/v1/realtime/calls/{call}/hangup")])
        for _, path, headers, _ in front.requests:
            names = {name.lower(): value for name, value in headers.items()}
            self.assertEqual(names["api-key"], KEY, path)
            self.assertNotIn("authorization", names, path)
        accept = json.loads(front.requests[0][3])
        for field in ("type", "model", "instructions"):  # Azure takes none of them for granted
            self.assertTrue(accept[field])
        self.assertNotIn(KEY, serve.output())

    def test_its_hosts_follow_from_the_resource(self):
        sim = self.sim_with_webhook()
        code, output = self.offhook("check", self.azure_file(sim, "auth: bearer"))
        self.assertEqual(code, 0, output)
        self.assertIn("https://my-resource.openai.azure.com/openai/v1", output)
        self.assertIn("swedencentral.sip.ai.azure.com", output)


if __name__ == "__main__":
    main()
