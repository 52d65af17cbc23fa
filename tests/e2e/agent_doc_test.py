"""docs/agent.md as a newcomer follows it: its files, its commands, in its order. Only the ports are other ones."""
import os
import pathlib
import re
import shutil
import signal
import subprocess

from support import DEADLINE_S, EndToEndTest, OFFHOOK, Running, free_port, main, wait_for

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "agent.md"
PORTS = ("5061", "8090", "8443", "8444", "9000")
READY = {"1": "ears|webhook   http", "2": None, "3": "journal "}


class Newcomer(EndToEndTest):
    def setUp(self):
        super().setUp()
        text = PAGE.read_text().split("\n## With OpenAI")[0]
        # Defaults that the page does not spell out are spelt out here, so that the ports can be other ones.
        text = text.replace("offhook sim ", "offhook sim --sip 127.0.0.1:5061 --api 127.0.0.1:8090 ")
        text = text.replace("serve agent.yaml\n```", "serve agent.yaml --control 127.0.0.1:8444\n```")
        text = text.replace("secrets: [", "listen: 127.0.0.1:8443\n  secrets: [")
        for port in PORTS:
            text = text.replace(port, str(free_port()))
        self.text = text
        path = f"{pathlib.Path(OFFHOOK).resolve().parent}:{os.environ['PATH']}"
        self.environment = {**os.environ, "HOME": str(self.folder), "PATH": path}
        self.environment.pop("XDG_CACHE_HOME", None)
        self.terminals = {}

    def keep_running(self, number, command):
        log = self.folder / f"terminal{number}.log"
        running = Running(["sh", "-c", f"cd {self.folder} && exec {command}"], log, self.environment)
        self.addCleanup(running.end)
        self.terminals[number] = running
        if READY[number]:
            wait_for(lambda: re.search(READY[number], running.output()) or running.process.poll() is not None,
                     f"terminal {number}")
        self.assertIsNone(running.process.poll(), running.output())

    def run_to_end(self, commands):
        # What a shell exports stays for the commands after it, also in other blocks.
        ended = subprocess.run(["sh", "-ec", f"{commands}\nenv > .environment"], cwd=self.folder, env=self.environment,
                               capture_output=True, text=True, timeout=2 * DEADLINE_S, check=False)
        self.assertEqual(ended.returncode, 0, f"{commands}\n{ended.stdout}{ended.stderr}")
        for line in (self.folder / ".environment").read_text().splitlines():
            name, _, value = line.partition("=")
            if name.startswith("OPENAI_"):
                self.environment[name] = value
        return ended.stdout

    @staticmethod
    def needs(command):
        program = command.split()[0]
        return program == "curl" and not shutil.which(program)

    def test_the_page_works_as_it_stands(self):
        for name, content in re.findall(r"^`([\w.]+)`:.*?\n\n```\w+\n(.*?)^```$", self.text, re.M | re.S):
            (self.folder / name).write_text(content)
        self.assertTrue((self.folder / "agent.yaml").exists())
        printed = ""
        for terminal, commands in re.findall(r"^```sh(?: terminal=(\d))?\n(.*?)^```$", self.text, re.M | re.S):
            if terminal:
                self.keep_running(terminal, commands.strip())
            elif not self.needs(commands):
                printed += self.run_to_end(commands)
        agent = self.terminals["3"]
        for line in ("→ shop (realtime)", "Please key in your order number.", "tool find_order: called",
                     "tool find_order: done", "Your order has been shipped. It arrives on Thursday."):
            wait_for(lambda: line in agent.output(), line)
        self.assertIn("agent.yaml: ok", printed)
        self.assertIn('{"order":17}', printed)
        self.assertIn('"arrives": "Thursday"', printed)
        self.assertGreater((self.folder / "heard.wav").stat().st_size, 100_000)
        agent.signal(signal.SIGTERM)
        self.assertEqual(agent.wait(), 0, agent.output())

    def test_the_command_tool_of_the_page_is_a_tool(self):
        page = PAGE.read_text()
        tools = page[page.rindex("```yaml\n") + 8:].split("```")[0]
        path = self.folder / "agent.yaml"
        path.write_text("provider: {api_key: sk-sim}\nwebhook: {secrets: [whsec_bm90LXRvLWJlLXNlZW4=]}\n"
                        "agents: {shop: {model: gpt-realtime-2.1, tools: [find_order]}}\n" + tools)
        code, output = self.offhook("check", path)
        self.assertEqual(code, 0, output)


if __name__ == "__main__":
    main()
