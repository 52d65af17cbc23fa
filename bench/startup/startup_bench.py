"""How long `offhook sim` takes until everything listens, and what a call costs on disk.

    python3 bench/startup/startup_bench.py OFFHOOK [--starts 20] [--calls 10]

Starts count from the process's begin to its ready file, certificates made beforehand (the first start makes them).
Of the calls, made by `offhook call --no-control` and answered by a controller in here, the sim's own writes are told:
bytes it caused to be written to storage (/proc/PID/io), files that are new in its folder, and resident memory.
"""
import argparse
import http.server
import json
import pathlib
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request


def start(offhook, folder, *more):
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    begin = time.monotonic()
    process = subprocess.Popen([offhook, "sim", "--sip", "127.0.0.1:0", "--api", "127.0.0.1:0", "--certs", folder / "certs",
                                "--ready-file", ready, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not ready.exists():
        if process.poll() is not None:
            raise SystemExit("the sim did not start")
        time.sleep(0.0005)
    return process, json.loads(ready.read_text()), (time.monotonic() - begin) * 1000


def stop(process):
    process.terminate()
    process.wait(20)


def acceptor(api):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            event = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.end_headers()
            if event["type"] == "realtime.call.incoming":
                threading.Thread(target=accept, args=(event["data"]["call_id"],)).start()

        def log_message(self, *_):
            pass

    def accept(call_id):
        body = json.dumps({"type": "realtime", "model": "gpt-realtime-2.1", "instructions": "Be brief."}).encode()
        urllib.request.urlopen(urllib.request.Request(
            f"{api['base']}/realtime/calls/{call_id}/accept", data=body, method="POST",
            headers={"Authorization": "Bearer sk-sim", "Content-Type": "application/json"}), timeout=20)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def written(process):
    text = pathlib.Path(f"/proc/{process.pid}/io").read_text()
    return int(text.split("\nwrite_bytes: ")[1].split("\n")[0])


def resident_kib(process):
    text = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0])


def files(folder):
    return sum(1 for path in folder.rglob("*") if path.is_file())


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("offhook")
    arguments.add_argument("--starts", type=int, default=20)
    arguments.add_argument("--calls", type=int, default=10)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        times = []
        for _ in range(given.starts + 1):
            process, _, took = start(given.offhook, folder)
            stop(process)
            times.append(took)
        first, later = times[0], sorted(times[1:])
        print(f"start: {statistics.median(later):.0f} ms median, {later[-1]:.0f} ms worst of {len(later)};"
              f" {first:.0f} ms the first time, with certificates made")
        api = {}
        server = acceptor(api)
        process, ready, _ = start(given.offhook, folder, "--webhook", f"http://127.0.0.1:{server.server_port}/webhook")
        api["base"] = ready["api_base"]
        caller = [given.offhook, "call", "--no-control", "--sip-target", ready["sip_target"], "--sip-name", ready["sip_name"],
                  "--sip-ca", ready["ca_file"], "--audio", "null", "--play", "null", "--max-duration", "3"]
        subprocess.run(caller, check=True, capture_output=True)  # what every process does once is no cost of a call
        before, files_before, memory_before = written(process), files(folder), resident_kib(process)
        calls = [subprocess.Popen(caller, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(given.calls)]
        failed = sum(call.wait(60) != 0 for call in calls)
        print(f"{given.calls} calls of 3 s at once, {failed} failed: {written(process) - before} bytes written,"
              f" {files(folder) - files_before} new files, {resident_kib(process) - memory_before} KiB more memory")
        stop(process)
        server.shutdown()


if __name__ == "__main__":
    main()
