"""`offhook call --agent FILE`: the agent of an agent file takes the call that we place."""
import json
import signal
import urllib.request

from front import Front
from serve_support import ServeTest
from support import DEADLINE_S, OFFHOOK, Call, main, wait_for

AGENT = """  support:
    model: gpt-realtime-2.1
    instructions: You are the support line of a shop.
    voice: cedar
    opening: |
      Say '{opening}'
    tools: [find_order, hang_up]
"""


class AgentFileTest(ServeTest):
    def write(self, sim, opening="Hello.", agents=AGENT, more="", tool="http://127.0.0.1:9/"):
        self.webhook_port = 0
        return self.agent_file(sim, f"""tools:
  find_order:
    kind: http
    description: Finds an order.
    url: {tool}
    parameters: {{type: object, properties: {{order: {{type: integer}}}}, required: [order]}}
{more}""", agents=agents.replace("{opening}", opening))

    def call(self, sim, agent_file, *arguments, expect=0):
        files = {name: self.folder / f"{name}.json" for name in ("summary", "timeline", "events")}
        given = [part for name, path in files.items() for part in (f"--{name}", path)]
        target = sim.target(**{"--api": None, "--listen": None, "--audio": None})
        # Neither key nor secret nor webhook from anywhere but the file.
        code, output = self.offhook("call", "--agent", agent_file, *target, *given, *arguments)
        self.assertEqual(code, expect, output)
        return Call(files, output)

    @staticmethod
    def said(call):
        return [line["text"] for line in call.summary["transcript"] if line["who"] == "model"]


class Agents(AgentFileTest):
    def test_the_file_says_who_takes_the_call_and_a_slow_tool_is_waited_for(self):
        tools = self.tool_server(pause_s=5)
        sim = self.sim_with_webhook("--replies", self.replies('call:find_order {"order": 17}',
                                                                "Your order has been shipped."))
        port = self.webhook_port
        agent_file = self.write(sim, "Hello.", tool=tools.url + "/slow")
        agent_file.write_text(agent_file.read_text().replace("listen: 127.0.0.1:0", f"listen: 127.0.0.1:{port}"))
        # The tool takes longer than the silence that counts as the last word.
        call = self.call(sim, agent_file, "--audio", self.speak("Where is my order?"))
        self.assertEqual(call.summary["result"], "completed")
        session = call.received("session.created")[0]["session"]
        self.assertEqual(session["instructions"], "You are the support line of a shop.")
        self.assertEqual(session["audio"]["output"]["voice"], "cedar")
        self.assertEqual([body["arguments"] for body, _ in tools.calls], [{"order": 17}])
        self.assertEqual(self.said(call)[-1], "Your order has been shipped.")
        self.assertEqual(len(call.marks("tool", "done")), 1)

    def test_options_win_over_the_file(self):
        sim = self.sim()
        agent_file = self.write(sim)
        files = {name: self.folder / f"{name}.json" for name in ("summary", "timeline", "events")}
        given = [part for name, path in files.items() for part in (f"--{name}", path)]
        code, output = self.offhook("call", "--sim", "--agent", agent_file, "--say", "Say \"Good evening.\"", "--voice",
                                    "marin", "--audio", "null", "--play", "null", "--max-duration", "5", *given)
        self.assertEqual(code, 0, output)
        call = Call(files, output)
        self.assertEqual(self.said(call), ["Good evening."])
        session = call.received("session.created")[0]["session"]
        self.assertEqual(session["audio"]["output"]["voice"], "marin")
        self.assertEqual(session["instructions"], "You are the support line of a shop.")

    def test_the_agent_hangs_up(self):
        sim = self.sim()
        agent_file = self.write(sim, "call:hang_up {}")
        code, output = self.offhook("call", "--sim", "--agent", agent_file, "--audio", "null", "--play", "null", "--json")
        self.assertEqual(code, 0, output)
        self.assertEqual(json.loads(output.splitlines()[-1])["result"], "hung_up_by_peer")

    def test_a_file_that_cannot_be_used_is_told_before_the_call(self):
        sim = self.sim()
        for agents, more, options, words in (
                ("  a: {api: live, model: gpt-live-1}\n", "", ("--srtp", "off"), "encrypted sound only"),
                ("  a: {model: m}\n  b: {model: m}\n", "routing: [{agent: a}]\n", (), "there are: a, b"),
                (AGENT, "", ("--as", "sales"), "--as sales: is no agent; there are: support"),
                (AGENT.replace("cedar", "cedra"), "", (), "agent.yaml:")):
            with self.subTest(words):
                agent_file = self.write(sim, agents=agents, more=more)
                code, output = self.offhook("call", "--sim", "--agent", agent_file, "--audio", "null", "--play", "null",
                                            *options)
                self.assertEqual(code, 2, output)
                self.assertIn(words, output)
                self.assertNotIn("INVITE", output)


class LiveAgents(AgentFileTest):
    """The same with api: live. It calls no tools itself: another model does, or the tool named delegate."""

    def begin(self, more, tool_name):
        self.tools = self.tool_server()
        sim = self.sim_with_webhook("--replies", self.replies('call:find_order {"order": 17}'),
                                    "--heard", self.replies("Where is my order?", name="heard"))
        path = self.folder / "live.yaml"
        path.write_text(f"""provider: {{api_key: sk-sim, base_url: {sim.ready["api_base"]}}}
webhook: {{secrets: ["{sim.secret}"], listen: "127.0.0.1:{self.webhook_port}"}}
agents:
  concierge:
    api: live
    model: gpt-live-1
    opening: Say "Hello, this is the hotel."
    tools: [{tool_name}]
    {more}
tools:
  {tool_name}:
    kind: http
    description: Knows everything about orders.
    url: {self.tools.url}/ok
    parameters: {{type: object}}
""")
        # The question waits for the end of the opening line, and the call for the answer.
        call = self.call(sim, path, "--audio", self.speak("Where is my order?"))
        self.assertEqual(call.summary["result"], "completed")
        self.assertTrue(call.summary["call_id"].startswith("live_"), call.summary["call_id"])
        self.assertNotEqual(call.summary["srtp"], "off")
        said = [(line["who"], line["text"]) for line in call.summary["transcript"]]
        self.assertEqual(said[:2], [("model", "Hello, this is the hotel."), ("caller", "Where is my order?")])
        self.assertIn("shipped", said[-1][1])
        return call

    def test_the_tools_of_its_responses_model(self):
        call = self.begin("delegation: {type: responses, responses: {model: gpt-5-mini}}", "find_order")
        self.assertEqual([body["arguments"] for body, _ in self.tools.calls], [{"order": 17}])
        self.assertEqual(len(call.marks("tool", "done")), 1)
        self.assertEqual(len(call.marks("webhook", "realtime.call.incoming")), 1, "left to others")

    def test_a_tool_named_delegate(self):
        self.begin("", "delegate")
        (body, _), = self.tools.calls
        self.assertEqual(body["arguments"]["conversation"][-1], {"who": "caller", "text": "Where is my order?"})

    def test_with_the_built_in_stand_in(self):
        sim = self.sim()
        agent_file = self.write(sim, agents="  a: {api: live, model: gpt-live-1, opening: 'Say \"Good evening.\"'}\n")
        files = {name: self.folder / f"{name}.json" for name in ("summary", "timeline", "events")}
        given = [part for name, path in files.items() for part in (f"--{name}", path)]
        code, output = self.offhook("call", "--sim", "--agent", agent_file, "--audio", "null", "--play", "null",
                                    "--max-duration", "6", *given)
        self.assertEqual(code, 0, output)
        call = Call(files, output)
        self.assertEqual(call.summary["result"], "time_limit")
        self.assertEqual(self.said(call), ["Good evening."])


class AcceptsWithoutAnAnswer(AgentFileTest):
    """Ctrl-C while the accept is pending: the call is over before anybody answers it."""

    def leave(self, before):
        sim = self.sim_with_webhook()
        front = Front(sim.ready["api_base"], "/accept", before=before)
        self.addCleanup(front.close)
        sim.ready["api_base"] = front.url
        summary = self.folder / "summary.json"
        running = self.start(OFFHOOK, "call", *sim.target(**{"--listen": f"127.0.0.1:{self.webhook_port}"}), "--summary", summary,
                             env=sim.env())
        wait_for(front.held.is_set, "the accept to be pending")
        running.signal(signal.SIGINT)
        self.assertEqual(running.wait(), 0, running.output())
        self.assertEqual(json.loads(summary.read_text())["result"], "hung_up_by_user")
        front.released.set()
        wait_for(front.done.is_set, "the answer of the accept")
        wait_for(lambda: not self.calls_at(sim), "the end of the call at the sim")
        return front

    @staticmethod
    def calls_at(sim):
        with urllib.request.urlopen(f"http://127.0.0.1:{sim.ready['api_port']}/_sim", timeout=DEADLINE_S) as answer:
            return json.loads(answer.read())["calls"]

    def test_the_api_has_taken_it(self):
        self.assertEqual(self.leave(before=False).answer, 200)

    def test_the_api_has_not_seen_it(self):
        self.assertEqual(self.leave(before=True).answer, 404)


if __name__ == "__main__":
    main()
