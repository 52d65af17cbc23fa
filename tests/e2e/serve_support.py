"""`offhook serve` against `offhook sim`, with callers that are pure phones."""
import collections
import contextlib
import json
import pathlib
import sqlite3
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.request

from support import DEADLINE_S, OFFHOOK, TOOLS, EndToEndTest, HttpPeer, Running, free_port, have, json_lines, wait_for


class ToolServer(HttpPeer):
    """HTTP tools that count what they were asked. The path says how one behaves: /ok, /slow (after `pause_s`), /hang
    (once released), /crash (closes the connection without an answer), /fail (500)."""

    def __init__(self, pause_s=2):
        self.calls = []  # (body, headers), as they came
        self.released = threading.Event()
        self.pause_s = pause_s
        super().__init__()
        self.url = self.base

    def handle(self, request):
        self.calls.append((json.loads(request.body), dict(request.headers)))
        if request.path == "/slow":
            time.sleep(self.pause_s)
        elif request.path == "/hang":
            self.released.wait()
        elif request.path == "/crash":
            request.close_connection = True
            return
        answer = json.dumps({"status": "shipped", "arrives": "Thursday"}).encode()
        request.reply(500 if request.path == "/fail" else 200, answer)

    def attempts(self):
        """How often each function call came, by its idempotency key."""
        return collections.Counter(headers["Idempotency-Key"] for _, headers in self.calls)

    def close(self):
        self.released.set()
        super().close()


class Journal:
    """The journal of `serve`, read as any other program may read it."""

    def __init__(self, path):
        self.path = path

    def rows(self, sql):
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=30)) as database:
            return database.execute(sql).fetchall()

    def lines(self):
        """Transcripts: call id to its lines, in order, without gaps."""
        found = {call_id: [] for (call_id,) in self.rows("SELECT call_id FROM call ORDER BY id")}
        for call_id, who, text in self.rows("SELECT call_id, who, text FROM line JOIN call ON call.id = line.call "
                                            "WHERE who != 'gap' ORDER BY line.run, line.at_ms"):
            found[call_id].append((who, text))
        return found

    def gaps(self):
        """(call id, how long in ms or None) of every time that a call was without its sideband."""
        return self.rows("SELECT call_id, gap_ms FROM line JOIN call ON call.id = line.call WHERE who = 'gap'")

    def tools(self):
        """(call id, function call id, name, state, attempt, output) of every function call."""
        return self.rows("SELECT call_id, function_call_id, name, state, attempt, output "
                         "FROM tool JOIN call ON call.id = tool.call ORDER BY tool.id")


class Serve(Running):
    """`offhook serve`; `ready` is its ready file."""

    def __init__(self, folder, agent_file, log, *arguments, env=None, within=()):
        ready = pathlib.Path(folder) / f"{log}.ready.json"
        super().__init__([*within, OFFHOOK, "serve", agent_file, "--json", "--ready-file", ready, "--control", "127.0.0.1:0",
                          *arguments], pathlib.Path(folder) / f"{log}.log", {"OFFHOOK_CONTROL_TOKEN": "tok", **(env or {})})
        wait_for(lambda: ready.exists() or self.process.poll() is not None, "the ready file of serve")
        if not ready.exists():
            raise AssertionError("serve did not start:\n" + self.output())
        self.ready = json.loads(ready.read_text())

    def events(self, name=None):
        return [event for event in json_lines(self.output()) if name is None or event.get("event") == name]

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


class SmallDisk:
    """A file system that only `serve` sees, by `within`; after `of` it can be filled to the last byte."""

    def __init__(self, test, kilobytes):
        mount = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
        if not have("unshare") or subprocess.run(mount, check=False, capture_output=True, timeout=DEADLINE_S).returncode:
            test.skipTest("no file systems may be mounted here")
        self.folder = test.folder / "disk"
        self.folder.mkdir(exist_ok=True)
        self.journal = self.folder / "offhook.db"
        self.within = ["unshare", "-rm", "sh", "-c", f'mount -t tmpfs -o size={kilobytes}k none "$0" && exec "$@"', self.folder]

    def of(self, serve):
        self.seen = pathlib.Path(f"/proc/{serve.process.pid}/root{self.folder}")

    def fill(self):
        with open(self.seen / "fill", "wb", buffering=0) as file:
            size = 65_536
            while size:
                try:
                    file.write(bytes(size))
                except OSError:
                    size //= 2

    def clear(self):
        (self.seen / "fill").unlink()


class SetClock:
    """A clock of the day that only programs with `env` see."""

    def __init__(self, test):
        if not have("cc"):
            test.skipTest("no C compiler")
        library, self.shift = test.folder / "clock_shift.so", test.folder / "shift"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, pathlib.Path(__file__).with_name("clock_shift.c")],
                       check=True, timeout=DEADLINE_S)
        self.shift.write_bytes(bytes(8))
        self.env = {"LD_PRELOAD": str(library), "CLOCK_SHIFT_FILE": str(self.shift)}

    def set(self, seconds):
        """@param seconds  It is ahead of what is right, or behind."""
        with open(self.shift, "r+b") as file:
            file.write(struct.pack("=q", seconds))


class ServeTest(EndToEndTest):
    @staticmethod
    def http_tool(url, more=""):
        return f"""  find_order:
    kind: http
    description: Finds an order.
    url: {url}
    parameters: {{type: object, properties: {{order: {{type: integer}}}}, required: [order]}}
{more}"""

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

    def serve(self, agent_file, *arguments, log="serve", **options):
        serve = Serve(self.folder, agent_file, log, *arguments, **options)
        self.addCleanup(serve.end)
        return serve

    def phone(self, sim, *arguments):
        """A caller without a controller of its own, on null devices."""
        return self.start(OFFHOOK, "call", "--no-control", *sim.target(**{"--listen": None, "--api": None}),
                          *arguments, env=sim.env())

    def callers(self, sim, *arguments):
        """Several callers in one process: tests/tools/call_many.cpp."""
        return self.start(TOOLS / "call_many", "--target", sim.ready["sip_target"], "--name", sim.ready["sip_name"],
                          "--ca", sim.ready["ca_file"], *arguments)

    def tool_server(self, **options):
        server = ToolServer(**options)
        self.addCleanup(server.close)
        return server

    def replies(self, *lines, name="replies"):
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n")
        return path

    @property
    def journal(self):
        return Journal(self.folder / "offhook.db")


AGENT = """  support:
    model: gpt-realtime-2.1
    instructions: You are the support line of a shop.
    opening: Say "Hello, this is the shop."
"""
