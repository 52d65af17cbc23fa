"""`offhook serve` against `offhook sim`, with callers that are pure phones."""
import http.server
import json
import pathlib
import socket
import threading
import urllib.error
import urllib.request

from support import DEADLINE_S, OFFHOOK, EndToEndTest, Running, wait_for


class ToolServer:
    """An HTTP tool that counts what it was asked."""

    def __init__(self):
        self.calls = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.calls.append((json.loads(body), dict(self.headers)))
                answer = json.dumps({"status": "shipped", "arrives": "Thursday"}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/order"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Serve(Running):
    """`offhook serve`; `ready` is its ready file."""

    def __init__(self, folder, agent_file, log, *arguments, env=None):
        ready = pathlib.Path(folder) / f"{log}.ready.json"
        super().__init__([OFFHOOK, "serve", agent_file, "--json", "--ready-file", ready, "--control", "127.0.0.1:0",
                          *arguments], pathlib.Path(folder) / f"{log}.log", {"OFFHOOK_CONTROL_TOKEN": "tok", **(env or {})})
        wait_for(lambda: ready.exists() or self.process.poll() is not None, "the ready file of serve")
        if not ready.exists():
            raise AssertionError("serve did not start:\n" + self.output())
        self.ready = json.loads(ready.read_text())

    def events(self, name=None):
        found = []
        for line in self.output().splitlines():
            if line.startswith("{"):
                event = json.loads(line)
                if name is None or event.get("event") == name:
                    found.append(event)
        return found

    def request(self, path, body=None, token="tok", method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.ready["control_url"] + path, data=data, method=method)
        if token:
            request.add_header("Authorization", "Bearer " + token)
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()

    def calls(self, state=""):
        return json.loads(self.request("/v1/calls" + (f"?state={state}" if state else ""))[1])["calls"]

    def metric(self, name):
        for line in self.request("/metrics")[1].splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        return None


class ServeTest(EndToEndTest):
    def sim_with_webhook(self, *arguments):
        """A sim whose webhooks go to a port that serve will have."""
        self.webhook_port = free_port()
        return self.sim("--webhook", f"http://127.0.0.1:{self.webhook_port}/webhook", *arguments)

    def agent_file(self, sim, more="", agents=None):
        path = self.folder / "agent.yaml"
        path.write_text(f"""provider:
  api_key: sk-sim
  base_url: {sim.ready["api_base"]}
webhook:
  secrets: ["{sim.secret}"]
  listen: 127.0.0.1:{self.webhook_port}
agents:
{agents or AGENT}
{more}""")
        return path

    def serve(self, agent_file, *arguments, log="serve"):
        serve = Serve(self.folder, agent_file, log, *arguments)
        self.addCleanup(serve.end)
        return serve

    def phone(self, sim, *arguments):
        """A caller without a controller of its own, on null devices."""
        return self.start(OFFHOOK, "call", "--no-control", *sim.target(**{"--listen": None, "--api": None}),
                          *arguments, env=sim.env())


AGENT = """  support:
    model: gpt-realtime-2.1
    instructions: You are the support line of a shop.
    opening: Say "Hello, this is the shop."
"""
