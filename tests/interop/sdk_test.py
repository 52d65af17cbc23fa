"""OpenAI's own SDKs as judges: controller, REST and webhooks. Skipped where they are not installed.

The packages are installed once into OFFHOOK_SDK_DIR (default: build/sdk) when npm and its registry are there.
"""
import fcntl
import filecmp
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from support import EndToEndTest, free_port, have, main, OFFHOOK, read_jsonl, wait_for  # noqa: E402
from phones_test import Acceptor  # noqa: E402

SDK = pathlib.Path(os.environ.get("OFFHOOK_SDK_DIR", HERE.parents[1] / "build/sdk"))


def install():
    """Returns why the SDKs cannot be used, or nothing."""
    if not have("node", "npm"):
        return "node and npm are not installed"
    SDK.mkdir(parents=True, exist_ok=True)
    with open(SDK / ".lock", "w") as lock:  # several test programs come here at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        return install_alone()


def install_alone():
    for file in (HERE / "sdk").iterdir():
        copy = SDK / file.name
        if not copy.exists() or not filecmp.cmp(file, copy, shallow=False):
            shutil.copy(file, copy)
    if not (SDK / "node_modules/openai").is_dir():
        done = subprocess.run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"], cwd=SDK, timeout=600,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return "npm install failed: " + done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "npm install failed"
    return None


class SdkTest(EndToEndTest):
    """Tests whose controllers are of OpenAI's SDK; skipped without it."""

    @classmethod
    def setUpClass(cls):
        reason = install()
        if reason:
            raise unittest.SkipTest(reason)

    def controller(self, script, port, sim, **environment):
        """One that waits for webhooks at the port, once it does."""
        running = self.node(script, **{"PORT": port, "BASE_URL": sim.ready["api_base"], "SECRET": sim.secret, "RUN_MS": 60_000, **environment})
        wait_for(lambda: "controller ready" in running.output() or running.process.poll() is not None, "the controller")
        return running

    def node(self, script, **environment):
        return self.start("node", SDK / script, env={k: str(v) for k, v in environment.items()})


class OfficialSdk(SdkTest):
    def test_a_controller_greets_a_caller_through_the_sim(self):
        port = free_port()
        sim = self.sim("--webhook", f"http://127.0.0.1:{port}/webhook")
        controller = self.controller("controller.mjs", port, sim, WS_URL=sim.ready["api_base"].replace("http:", "ws:") + "/realtime")
        caller = self.start(OFFHOOK, "call", "--no-control", *sim.target(), "--max-duration", "60")
        self.assertEqual(controller.wait(), 0, controller.output())
        caller.end()

    def test_a_live_controller_runs_a_call_through_the_sim(self):
        port = free_port()
        sim = self.sim("--webhook", f"http://127.0.0.1:{port}/webhook")
        controller = self.controller("live.mjs", port, sim)
        caller = self.start(OFFHOOK, "call", "--no-control", *sim.target(), "--max-duration", "60")
        self.assertEqual(controller.wait(), 0, controller.output())
        caller.end()

    def test_rest_answers_are_what_the_sdk_expects(self):
        acceptor = Acceptor()  # told of the call, but the SDK is to decide
        self.addCleanup(acceptor.close)
        announced = []
        acceptor.accept = announced.append
        sim = self.sim("--webhook", acceptor.url)
        self.start(OFFHOOK, "call", "--no-control", *sim.target())
        wait_for(lambda: announced, "the webhook")
        rest = self.node("rest.mjs", BASE_URL=sim.ready["api_base"], CALL_ID=announced[0]["call_id"])
        self.assertEqual(rest.wait(), 0, rest.output())

    def test_webhooks_of_the_reference_library_are_judged_right(self):
        sim = self.sim("--accept-deadline", "600", "--assume", "no-webhook=wait")
        timeline = self.folder / "timeline.jsonl"
        self.start(OFFHOOK, "call", *sim.target(), "--webhook-deadline", "600", "--timeline", timeline, env=sim.env())
        wait_for(lambda: timeline.exists() and '"listening"' in timeline.read_text(), "the webhook server")
        url = next(m["url"] for m in read_jsonl(timeline) if m["name"] == "listening")
        judge = self.node("webhooks.mjs", HOOK=url, SECRET=sim.secret)
        self.assertEqual(judge.wait(), 0, judge.output())


if __name__ == "__main__":
    main()
