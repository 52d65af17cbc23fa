"""Agents with tools, as `offhook serve` runs them: what they do, and that they do it once."""
import json
import os
import pathlib
import signal

from serve_support import ServeTest
from support import DEADLINE_S, json_lines, main, wait_for

CALLS = int(os.environ.get("OFFHOOK_TEST_CALLS", "6"))
CLAIMED, DONE, SENT = 1, 2, 3


class AgentTest(ServeTest):
    def agent(self, sim, tools, opening, names, more=""):
        """An agent whose first response is `opening`: words, or call:NAME {json}."""
        return self.agent_file(sim, f"tools:\n{tools}", agents=f"""  support:
    model: gpt-realtime-2.1
    transcription: gpt-4o-mini-transcribe
    opening: |
      Say '{opening}'
    tools: [{names}]
{more}""")

    @staticmethod
    def command_tool(program, more=""):
        return f"""  find_order:
    kind: command
    description: Finds an order.
    command: {json.dumps([str(part) for part in program])}
    parameters: {{type: object, properties: {{order: {{type: integer}}}}, required: [order]}}
{more}"""

    def script(self, text, name="tool.py"):
        path = self.folder / name
        path.write_text(text)
        return path

    def said(self, serve, text):
        return wait_for(lambda: [e for e in serve.events("transcript") if text in e["text"]], f"the words {text!r}")

    def steps(self, serve, source, name):
        return [e for e in serve.events("step") if e["source"] == source and e["name"] == name]

    def hang_up_all(self, serve):
        for call in serve.calls("live"):
            serve.request(f"/v1/calls/{call['id']}/hang_up", {})


class Tools(AgentTest):
    def test_an_http_tool_is_asked_once_and_its_answer_spoken_of(self):
        tools = self.tool_server()
        sim = self.sim_with_webhook("--replies", self.replies("It comes on Thursday."))
        serve = self.serve(self.agent(sim, self.http_tool(tools.url + "/ok"), 'call:find_order {"order": 17}', "find_order"))
        self.callers(sim)
        self.said(serve, "Thursday")
        (body, headers), = tools.calls
        self.assertEqual(body["name"], "find_order")
        self.assertEqual(body["arguments"], {"order": 17})
        self.assertEqual(headers["Idempotency-Key"], f"{body['call_id']}:{body['function_call_id']}")
        (call_id, function_call_id, name, state, attempt, output), = wait_for(
            lambda: [t for t in self.journal.tools() if t[3] == SENT], "the tool's last state")
        self.assertEqual((call_id, function_call_id), (body["call_id"], body["function_call_id"]))
        self.assertEqual((name, state, attempt), ("find_order", SENT, 1))
        self.assertIn("Thursday", output)
        done, = self.steps(serve, "tool", "done")
        self.assertEqual((done["tool"], done["function_call_id"]), ("find_order", function_call_id))

    def test_a_command_tool_gets_json_and_its_output_is_the_result(self):
        seen = self.folder / "seen.json"
        program = self.script(f"import sys\nopen({str(seen)!r}, 'w').write(sys.stdin.read())\nprint('{{\"found\": true}}')\n")
        sim = self.sim_with_webhook("--replies", self.replies("Found it."))
        serve = self.serve(self.agent(sim, self.command_tool(["python3", program]), 'call:find_order {"order": 4}',
                                      "find_order"))
        self.callers(sim)
        self.said(serve, "Found it.")
        asked = json.loads(seen.read_text())
        self.assertEqual(asked["arguments"], {"order": 4})
        self.assertIn(asked["function_call_id"], asked["idempotency_key"])
        self.assertEqual(json.loads(self.journal.tools()[0][5]), {"found": True})

    def test_wrong_arguments_reach_no_tool(self):
        tools = self.tool_server()
        sim = self.sim_with_webhook("--replies", self.replies("I need the number."))
        serve = self.serve(self.agent(sim, self.http_tool(tools.url + "/ok"), 'call:find_order {"order": "x"}', "find_order"))
        self.callers(sim)
        self.said(serve, "I need the number.")
        self.assertEqual(tools.calls, [])
        self.assertEqual(self.steps(serve, "tool", "not_recorded"), [])

    def test_a_tool_that_hangs_is_given_up_and_the_call_goes_on(self):
        tools = self.tool_server()
        sim = self.sim_with_webhook("--replies", self.replies("It does not answer."))
        serve = self.serve(self.agent(sim, self.http_tool(tools.url + "/hang", "    timeout: 1s\n"),
                                      'call:find_order {"order": 1}', "find_order"))
        self.callers(sim)
        self.said(serve, "It does not answer.")
        self.assertIn("no answer within 1000 ms", self.steps(serve, "tool", "done")[0]["error"])
        self.assertEqual(max(tools.attempts().values()), 1)

    def test_a_command_that_hangs_is_killed_with_its_children(self):
        pids = self.folder / "pids"
        program = self.script(f"""import os, subprocess, time
child = subprocess.Popen(["sleep", "1000"])
open({str(pids)!r} + ".part", "w").write(f"{{os.getpid()}} {{child.pid}}")
os.rename({str(pids)!r} + ".part", {str(pids)!r})
time.sleep(1000)
""")
        sim = self.sim_with_webhook("--replies", self.replies("It does not answer."))
        serve = self.serve(self.agent(sim, self.command_tool(["python3", program], "    timeout: 3s\n"),
                                      'call:find_order {"order": 1}', "find_order"))
        self.callers(sim)
        self.said(serve, "It does not answer.")
        for pid in pids.read_text().split():
            wait_for(lambda: not alive(int(pid)), f"the end of process {pid}")

    def crash(self, tool, attempts, tools):
        sim = self.sim_with_webhook("--replies", self.replies("Something went wrong."))
        serve = self.serve(self.agent(sim, tool, 'call:find_order {"order": 1}', "find_order"))
        self.callers(sim)
        self.said(serve, "Something went wrong.")
        self.assertTrue(self.steps(serve, "tool", "done")[0]["error"])
        self.assertEqual(list(tools.attempts().values()), [attempts] if attempts else [])

    def test_an_http_tool_that_drops_the_connection_is_tried_again_with_the_same_key(self):
        tools = self.tool_server()
        self.crash(self.http_tool(tools.url + "/crash", "    retries: 2\n"), 3, tools)

    def test_an_http_tool_that_fails_is_tried_again_with_the_same_key(self):
        tools = self.tool_server()
        self.crash(self.http_tool(tools.url + "/fail", "    retries: 1\n"), 2, tools)

    def test_a_command_that_crashes_is_an_error_for_the_model(self):
        program = self.script("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
        self.crash(self.command_tool(["python3", program]), 0, self.tool_server())

    def test_a_command_that_does_not_exist_is_an_error_for_the_model(self):
        self.crash(self.command_tool(["/no/such/program"]), 0, self.tool_server())

    def test_a_slow_tool_is_filled_and_answered_once(self):
        tools = self.tool_server(pause_s=4)
        filler = "    filler:\n      after: 200ms\n      say: Say \"One moment please.\"\n"
        sim = self.sim_with_webhook("--replies", self.replies("It comes on Thursday."))
        serve = self.serve(self.agent(sim, self.http_tool(tools.url + "/slow", filler), 'call:find_order {"order": 1}',
                                      "find_order"))
        self.callers(sim)
        self.said(serve, "Thursday")
        self.assertEqual([e["text"] for e in serve.events("transcript")], ["One moment please.", "It comes on Thursday."])
        self.assertEqual(list(tools.attempts().values()), [1])


class Endings(AgentTest):
    def test_the_farewell_is_played_before_the_call_ends(self):
        sim = self.sim_with_webhook("--replies", self.replies("call:hang_up {}"))
        serve = self.serve(self.agent(sim, self.http_tool("http://127.0.0.1:1/"), "Hello.", "find_order, hang_up"))
        callers = self.callers(sim, "--digits", "1#", "--first-after", "2500")
        self.assertEqual(callers.wait(), 0, callers.output())
        self.assertEqual(json.loads(callers.output())["ended_by_peer"], 1)
        ended, = wait_for(lambda: serve.events("ended"), "the end")
        self.assertEqual(ended["outcome"], "hung_up")
        told = serve.events()
        farewell = [i for i, e in enumerate(told) if e["event"] == "transcript"][-1]
        self.assertFalse(told[farewell]["interrupted"])
        names = [(e.get("source"), e.get("name")) for e in told]
        played = names.index(("sideband", "output_audio_buffer.stopped"), farewell)
        self.assertGreater(names.index(("rest", "hangup.sent")), played)
        self.assertEqual(self.steps(serve, "tool", "not_recorded"), [])

    def test_a_transfer_goes_where_it_may_and_its_failure_leaves_the_call(self):
        sim = self.sim_with_webhook("--replies", self.replies('call:transfer {"target": "tel:+14155550123"}', "Hold on."))
        tool = "  transfer:\n    kind: transfer\n    targets: [\"tel:+14155550123\"]\n"
        serve = self.serve(self.agent(sim, tool, 'call:transfer {"target": "tel:+19005550000"}', "transfer"))
        self.callers(sim)
        self.said(serve, "Hold on.")
        referred = [event for event in json_lines(sim.output()) if "refer.sent" in event.values()]
        self.assertEqual([r["target_uri"] for r in referred], ["tel:+14155550123"])
        self.assertEqual(len(serve.calls("live")), 1)

    def test_keys_of_the_caller_reach_the_model_as_one_entry(self):
        tools = self.tool_server()
        sim = self.sim_with_webhook("--replies", self.replies('call:find_order {"order": 4711}', "It comes on Thursday."))
        serve = self.serve(self.agent(sim, self.http_tool(tools.url + "/ok"), "Your order number please.", "find_order"))
        self.callers(sim, "--digits", "4711#", "--first-after", "3000")
        self.said(serve, "Thursday")
        entries = [json.loads(text) for (text,) in self.journal.rows(
            "SELECT json FROM event WHERE direction = 'sent' AND type = 'conversation.item.create'")]
        told = [e["item"]["content"][0]["text"] for e in entries if e["item"]["type"] == "message"]
        self.assertEqual(len(told), 1)
        self.assertIn("4711", told[0])
        self.assertNotIn("#", told[0])


class KilledUnderCalls(AgentTest):
    """kill -9 with function calls under way; the next process finishes them by their policy."""

    def begin(self, policy):
        self.tools = self.tool_server()
        self.sim_process = self.sim_with_webhook("--replies", self.replies("All done."), "--accept-deadline", "60")
        tool = self.http_tool(self.tools.url + "/hang", f"    in_doubt: {policy}\n    timeout: 300s\n")
        self.path = self.agent(self.sim_process, tool, 'call:find_order {"order": 1}', "find_order")
        first = self.serve(self.path)
        self.callers(self.sim_process, "--calls", str(CALLS), "--at-once", str(CALLS))
        wait_for(lambda: len(self.tools.calls) == CALLS, "all tools to be asked", 4 * DEADLINE_S)
        return first

    def kill(self, serve):
        serve.process.kill()
        serve.process.wait()

    def go_on(self, spoken=True):
        second = self.serve(self.path, log="second")
        wait_for(lambda: all(t[3] == SENT for t in self.journal.tools()), "all outputs to have arrived", 4 * DEADLINE_S)
        calls = second.calls("live")
        self.assertEqual(len(calls), CALLS)
        self.assertTrue(all(call["resumed"] for call in calls))
        self.assertEqual(len(self.journal.tools()), CALLS)
        self.assertEqual(set(self.journal.lines()), {call["id"] for call in calls})
        if spoken:
            wait_for(lambda: all(lines == [("model", "All done.")] for lines in self.journal.lines().values()),
                     "the transcripts", 4 * DEADLINE_S)
        self.assertEqual(sorted(self.journal.gaps()), sorted((call["id"], None) for call in calls))
        self.hang_up_all(second)
        wait_for(lambda: len(second.events("ended")) == CALLS, "the end of all calls")

    def test_retry_runs_them_again_with_the_same_key(self):
        first = self.begin("retry")
        self.kill(first)
        self.tools.released.set()
        self.go_on()
        attempts = self.tools.attempts()
        self.assertEqual((len(attempts), set(attempts.values())), (CALLS, {2}))
        self.assertTrue(all(t[4] == 2 and "Thursday" in t[5] for t in self.journal.tools()))

    def test_report_runs_nothing_again_and_tells_the_model(self):
        first = self.begin("report")
        self.kill(first)
        self.tools.released.set()
        self.go_on()
        attempts = self.tools.attempts()
        self.assertEqual((len(attempts), set(attempts.values())), (CALLS, {1}))
        self.assertTrue(all('"unknown"' in t[5] for t in self.journal.tools()))

    def test_what_was_done_is_sent_and_not_done_again(self):
        first = self.begin("retry")
        self.sim_process.signal(signal.SIGSTOP)  # so that no output can arrive
        self.tools.released.set()
        wait_for(lambda: all(t[3] == DONE for t in self.journal.tools()), "all tools to be done")
        self.kill(first)
        self.sim_process.signal(signal.SIGCONT)
        self.go_on(spoken=False)  # it had reached the model, which spoke while nobody listened
        self.assertTrue(all(len(lines) <= 1 for lines in self.journal.lines().values()))
        attempts = self.tools.attempts()
        self.assertEqual((len(attempts), set(attempts.values())), (CALLS, {1}))
        self.assertTrue(all("Thursday" in t[5] for t in self.journal.tools()))


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


if __name__ == "__main__":
    main()
