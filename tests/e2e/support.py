"""What the end-to-end tests share: the real binary in real processes, with deadlines against hanging."""
import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

OFFHOOK = os.environ.get("OFFHOOK", "build/dev/src/cli/offhook")
TOOLS = pathlib.Path(os.environ.get("OFFHOOK_TEST_TOOLS", "build/dev/tests/tools"))
# Generous: it only ends what would otherwise hang. Sanitizers on a busy machine are slow.
DEADLINE_S = 60


def wait_for(condition, what, deadline_s=DEADLINE_S):
    """Polls until `condition()` is true; the tests wait for events in files of other processes."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {deadline_s} s in vain for {what}")


class Running:
    """A process of ours whose output goes to a file."""

    def __init__(self, arguments, log, env=None, stdin=subprocess.DEVNULL):
        self.log = pathlib.Path(log)
        self.arguments = [str(a) for a in arguments]
        full_env = {**os.environ, **(env or {})}
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(self.arguments, stdin=stdin, stdout=output,
                                            stderr=subprocess.STDOUT, env=full_env)

    def output(self):
        return self.log.read_text(errors="replace")

    def wait(self, deadline_s=DEADLINE_S):
        try:
            return self.process.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.end()
            raise AssertionError(f"{self.arguments} did not end; it printed:\n{self.output()}") from None

    def signal(self, number):
        self.process.send_signal(number)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Sim(Running):
    """`offhook sim` on free ports; `ready` is its ready file."""

    def __init__(self, folder, *arguments, env=None):
        self.folder = pathlib.Path(folder)
        ready = self.folder / "ready.json"
        command = [OFFHOOK, "sim", "--json", "--ready-file", ready, "--certs", self.folder / "certs"]
        if "--sip" not in arguments:
            command += ["--sip", "127.0.0.1:0"]
        if "--api" not in arguments:
            command += ["--api", "127.0.0.1:0"]
        super().__init__(command + list(arguments), self.folder / "sim.log", env)
        wait_for(lambda: ready.exists() or self.process.poll() is not None, "the sim's ready file")
        if not ready.exists():
            raise AssertionError("the sim did not start:\n" + self.output())
        self.ready = json.loads(ready.read_text())
        self.secret = pathlib.Path(self.ready["webhook_secret_file"]).read_text().strip()

    def target(self, **changes):
        """Options and environment with which `offhook call` reaches this sim."""
        options = {"--sip-target": self.ready["sip_target"], "--sip-name": self.ready["sip_name"],
                   "--sip-ca": self.ready["ca_file"], "--api": self.ready["api_base"],
                   "--listen": "127.0.0.1:0", "--audio": "null", "--play": "null", **changes}
        return [part for pair in options.items() if pair[1] is not None for part in pair]

    def env(self, **changes):
        return {"OPENAI_API_KEY": "sk-sim", "OPENAI_PROJECT_ID": "proj_sim",
                "OPENAI_WEBHOOK_SECRET": self.secret, **changes}


class EndToEndTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="offhook-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.calls = 0

    def start(self, *arguments, env=None, stdin=subprocess.DEVNULL):
        self.calls += 1
        running = Running(arguments, self.folder / f"process{self.calls}.log", env, stdin)
        self.addCleanup(running.end)
        return running

    def sim(self, *arguments):
        sim = Sim(self.folder, *arguments)
        self.addCleanup(sim.end)
        return sim

    def offhook(self, *arguments, env=None):
        """Runs to the end; returns (exit code, everything it printed)."""
        running = self.start(OFFHOOK, *arguments, env=env)
        code = running.wait()
        return code, running.output()

    def call_sim(self, *arguments, expect=0):
        """One `offhook call --sim` on null devices; returns its summary, timeline and events."""
        files = {name: self.folder / f"{name}{self.calls}.json" for name in ("summary", "timeline", "events")}
        options = {"--audio": "null", "--play": "null"}
        given = list(arguments)
        for name, value in options.items():
            if name not in given:
                given += [name, value]
        for name, path in files.items():
            given += [f"--{name}", path]
        code, output = self.offhook("call", "--sim", *given)
        self.assertEqual(code, expect, output)
        return Call(files, output)

    def compare(self, reference, got, *arguments):
        """How alike two sound files are; see tests/tools/audio_compare.cpp."""
        result = subprocess.run([TOOLS / "audio_compare", reference, got, *arguments],
                                capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def speak(self, text, name="speech.wav", voice="rms"):
        path = self.folder / name
        subprocess.run([TOOLS / "speak_to_file", path, voice, text], check=True, timeout=DEADLINE_S)
        return path


class Call:
    """What one finished call left behind."""

    def __init__(self, files, output):
        self.summary = json.loads(files["summary"].read_text())
        self.timeline = read_jsonl(files["timeline"])
        self.events = read_jsonl(files["events"])
        self.output = output

    def marks(self, source, name):
        return [m for m in self.timeline if m["source"] == source and m["name"] == name]

    def received(self, event_type):
        return [e["event"] for e in self.events
                if e["direction"] == "received" and e["event"]["type"] == event_type]


def read_jsonl(path):
    return json_lines(pathlib.Path(path).read_text())


def json_lines(text):
    """The objects among the lines; the last line, when its writer has not ended it yet, is for the next look."""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.startswith("{") and line.endswith("\n")]


def sign(secret, webhook_id, timestamp, body):
    """Standard Webhooks signature, made here independently of the program under test."""
    key = base64.b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    signed = webhook_id.encode() + b"." + str(timestamp).encode() + b"." + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def free_port(kind=socket.SOCK_STREAM):
    """A port of loopback that nobody has at the moment, for programs that must be told theirs.

    Below those that systems hand out by themselves, so that no other test is given it meanwhile."""
    for _ in range(100):
        port = random.randrange(20_000, 32_000)
        with socket.socket(socket.AF_INET, kind) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("none of 100 ports is free")


def udp_ports(process):
    """The local UDP ports of a running program."""
    sockets = {os.readlink(fd) for fd in pathlib.Path(f"/proc/{process.pid}/fd").iterdir() if fd.is_symlink()}
    rows = [line.split() for line in pathlib.Path(f"/proc/{process.pid}/net/udp").read_text().splitlines()[1:]]
    return {int(row[1].split(":")[1], 16) for row in rows if f"socket:[{row[9]}]" in sockets}


def have(*programs):
    return all(shutil.which(program) for program in programs)


@contextlib.contextmanager
def certificates(folder):
    """ca.crt, server.pem (for sip.test), wrong.pem (another name), expired.pem, rogue.pem (another CA)."""
    folder = pathlib.Path(folder)
    run = lambda *command: subprocess.run(["openssl", *map(str, command)], cwd=folder, check=True,
                                          capture_output=True, timeout=DEADLINE_S)
    for ca in ("ca", "rogue-ca"):
        run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
            "-keyout", f"{ca}.key", "-out", f"{ca}.crt", "-subj", f"/CN=offhook test {ca}",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    for name, host, ca, days in (("server", "sip.api.openai.com,DNS:sip.test", "ca", 30), ("wrong", "sip.other.test", "ca", 30),
                                 ("expired", "sip.test", "ca", -1), ("rogue", "sip.test", "rogue-ca", 30)):
        (folder / "ext").write_text(f"subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth\n")
        run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
            "-out", f"{name}.csr", "-subj", f"/CN=offhook test {name}")
        run("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-CAcreateserial",
            "-days", days, "-extfile", "ext", "-out", f"{name}.crt")
        (folder / f"{name}.pem").write_text((folder / f"{name}.crt").read_text() + (folder / f"{name}.key").read_text())
    yield folder


class HttpPeer:
    """An HTTP server on a port of loopback, for which `handle(request)` answers; `request.body` was read, and
    `request.reply` says a whole answer. `base` is its address."""

    def __init__(self):
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def take(self):
                self.body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                peer.handle(self)

            do_GET = do_POST = do_DELETE = take

            def reply(self, status=200, body=b"", kind="application/json", **headers):
                self.send_response(status)
                for name, value in {"Content-Type": kind, "Content-Length": len(body), **headers}.items():
                    self.send_header(name, str(value))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 512

            def handle_error(self, *arguments):
                if not isinstance(sys.exc_info()[1], ConnectionError):  # clients that go are what some tests are about
                    super().handle_error(*arguments)

        self.server = Server(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def pump(source, sink):
    """Forwards until one of the two sockets ends, and ends the other."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class TcpProxy:
    """Forwards one port of loopback to another, until it is cut."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.target = port
        self.sockets = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self.sockets += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=pump, args=(source, sink), daemon=True).start()

    def cut(self):
        for one in [self.listener, *self.sockets]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()


def main():
    """Runs the tests of the calling file; exit code 77 says that all of them were skipped.

    Files that OFFHOOK_TESTS_MUST_RUN names ("sdk phones": sdk_test.py, phones_test.py) fail instead when any is skipped."""
    result = unittest.main(module="__main__", exit=False).result
    name = pathlib.Path(sys.argv[0]).name.removesuffix("_test.py")
    if result.skipped and name in os.environ.get("OFFHOOK_TESTS_MUST_RUN", "").split():
        reasons = "; ".join(sorted({reason for _, reason in result.skipped}))
        raise SystemExit(f"{name}: nothing may be skipped here (OFFHOOK_TESTS_MUST_RUN): {reasons}")
    ran = result.testsRun - len(result.skipped)
    raise SystemExit(1 if not result.wasSuccessful() else 77 if result.skipped and ran <= 0 else 0)
