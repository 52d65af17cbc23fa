"""`offhook dial`: a live agent calls somebody by a carrier's trunk. The sim is OpenAI; a second sim with an agent of its
own is the telephone that rings."""
import json
import pathlib
import signal

from carrier import DigestTrunk, trunk_certificate
from front import Front
from serve_support import Serve, ServeTest
from sip_answerer import SipAnswerer, response
from support import OFFHOOK, Sim, free_port, main, read_jsonl, wait_for

CALLEE = "+14155550123"
CALLER = "+14155550100"


class DialTest(ServeTest):
    def setUp(self):
        super().setUp()
        self.certificate, self.trusted = trunk_certificate(self.folder)

    def openai(self, *arguments):
        """The sim that places the calls."""
        return self.sim("--live-outbound", "--live-trunk-ca", self.trusted, *arguments)

    def telephone(self):
        """A second sim whose number is CALLEE, and the agent that answers there. It lets the caller speak first, and does
        not take a pause between two sentences for the end."""
        folder = self.folder / "callee"
        folder.mkdir()
        port = free_port()
        sim = Sim(folder, "--project", CALLEE, "--webhook", f"http://127.0.0.1:{port}/webhook")
        self.addCleanup(sim.end)
        agent = folder / "callee.yaml"
        agent.write_text(f"""provider: {{api_key: sk-sim, base_url: {sim.ready["api_base"]}}}
webhook: {{secrets: ["{sim.secret}"], listen: "127.0.0.1:{port}"}}
agents:
  callee:
    model: gpt-realtime-2.1
    turn_detection: {{type: semantic_vad, eagerness: low}}
""")
        serve = Serve(folder, agent, "callee")
        self.addCleanup(serve.end)
        with open(self.trusted, "a") as trusted:  # in-dialog requests go to its own Contact
            trusted.write(pathlib.Path(sim.ready["ca_file"]).read_text())
        return sim, serve

    def sip_port(self, sim):
        return int(sim.ready["sip_target"].split(":")[2].split(";")[0])

    def agent(self, sim, port, password="secret", more="", agent=""):
        path = self.folder / "agent.yaml"
        path.write_text(f"""provider: {{api_key: sk-sim, base_url: {sim.ready["api_base"]}}}
trunk:
  provider_url: sips:127.0.0.1:{port}
  username: shop
  password: ${{TRUNK_PASSWORD}}
  caller_number: "{CALLER}"
agents:
  reminder:
    api: live
    model: gpt-live-1
    opening: Say "Good morning, this is the shop."
{agent}
prices: {{gpt-live-1: {{minute: 0.06}}}}
{more}""")
        self.password = password
        return path

    def dial(self, agent_file, *arguments, number=CALLEE):
        return self.run_dial(agent_file, number, *arguments)

    def run_dial(self, agent_file, *arguments):
        self.files = {name: self.folder / f"{name}.json" for name in ("summary", "timeline", "events")}
        given = [part for name, path in self.files.items() for part in (f"--{name}", path)]
        return self.start(OFFHOOK, "dial", *arguments, "--agent", agent_file, *given, env={"TRUNK_PASSWORD": self.password})

    def kept(self, *arguments):
        """The only call of the journal: what `offhook calls` lists of it, and shows."""
        path = self.folder / "offhook.db"
        code, output = self.offhook("calls", "--journal", path, "--json", *arguments)
        self.assertEqual(code, 0, output)
        call, = [json.loads(line) for line in output.splitlines()]
        code, output = self.offhook("calls", call["call_id"], "--journal", path, "--json")
        self.assertEqual(code, 0, output)
        return call, json.loads(output)

    @property
    def summary(self):
        return json.loads(self.files["summary"].read_text())

    def marked(self, source, name):
        path = self.files["timeline"]
        return [m for m in read_jsonl(path) if (m["source"], m["name"]) == (source, name)] if path.exists() else []

    def assert_ends(self, running, code, result, *words):
        self.assertEqual(running.wait(), code, running.output())
        self.assertEqual(self.summary["result"], result)
        for word in words:
            self.assertIn(word, running.output())
        told = [path.read_text() for path in self.files.values() if path.exists()]
        self.assertNotIn(self.password, "".join([running.output(), *told]))


class AnsweredCalls(DialTest):
    def test_the_callee_hears_the_opening_and_the_agent_uses_its_tool(self):
        tools = self.tool_server()
        telephone, _ = self.telephone()
        trunk = DigestTrunk(self.certificate, self.sip_port(telephone), "shop", "secret")
        self.addCleanup(trunk.close)
        openai = self.openai("--replies", self.replies('call:find_order {"order": 17}'),
                             "--heard", self.replies("Where is my order?", name="heard"))
        agent_file = self.agent(openai, trunk.port, agent="""    delegation: {type: responses, responses: {model: gpt-5-mini}}
    tools: [find_order]""", more=f"""tools:
  find_order:
    kind: http
    description: Finds an order.
    url: {tools.url}/ok
    parameters: {{type: object, properties: {{order: {{type: integer}}}}, required: [order]}}
""")
        running = self.dial(agent_file)
        wait_for(lambda: [m for m in self.marked("call", "transcript") if "shipped" in m["text"]],
                 "the tool's answer in the model's words")
        running.signal(signal.SIGINT)
        self.assert_ends(running, 0, "hung_up_by_user", "call      answered",
                         "model: Good morning, this is the shop.", "tool=find_order")
        self.assertEqual((trunk.challenged, trunk.admitted), (1, 1))
        self.assertEqual([body["arguments"] for body, _ in tools.calls], [{"order": 17}])
        said = [(line["who"], line["text"]) for line in self.summary["transcript"]]
        self.assertIn(("caller", "Where is my order?"), said)
        self.assertGreater(self.summary["usage_seconds"], 0)
        self.assertGreater(self.summary["cost"], 0)
        events = [e["event"]["type"] for e in read_jsonl(self.files["events"])]
        self.assertLess(events.index("transport.answered"), events.index("session.instructions.append"),
                        "the opening line waits for the answer")
        self.assertEqual(events[-1], "session.closed")

        call, whole = self.kept("--direction", "outbound")
        self.assertEqual((call["call_id"], call["state"], call["outcome"]),
                         (self.summary["session_id"], "ended", "hung_up_by_user"))
        self.assertEqual((call["agent"], call["caller"], call["called"]), ("reminder", CALLER, CALLEE))
        self.assertEqual((call["usage"]["live_seconds"], call["cost"]), (self.summary["usage_seconds"], self.summary["cost"]))
        self.assertEqual([(line["who"], line["text"]) for line in whole["transcript"]], said)
        self.assertEqual([(tool["name"], tool["state"], tool["attempt"]) for tool in whole["tools"]], [("find_order", "sent", 1)])
        kept = [event["type"] for event in whole["events"]]
        self.assertLess(kept.index("rest.placed"), kept.index("transport.answered"))
        listed = self.offhook("calls", "--journal", self.folder / "offhook.db")[1]
        self.assertIn(f"→ {CALLEE}", listed)

    def test_the_callee_hangs_up(self):
        telephone, callee = self.telephone()
        openai = self.openai()
        running = self.dial(self.agent(openai, self.sip_port(telephone)), "--say", "Say \"One moment.\"")
        wait_for(lambda: [m for m in self.marked("call", "transcript") if m["text"] == "One moment."], "the opening line")
        call = wait_for(lambda: callee.calls("live"), "the call at the callee's")[0]
        self.assertEqual(callee.request(f"/v1/calls/{call['id']}/hang_up", {})[0], 202)
        self.assert_ends(running, 0, "hung_up_by_peer")
        self.assertEqual(self.summary["destination"], CALLEE)
        self.assertTrue(self.summary["session_id"].startswith("live_"))
        for step in ("placed", "sideband_attached", "picked_up", "first_words"):
            self.assertIn(step, self.summary["setup_ms"])

    def test_the_time_is_up(self):
        telephone, callee = self.telephone()
        running = self.dial(self.agent(self.openai(), self.sip_port(telephone)), "--max-duration", "2")
        self.assert_ends(running, 0, "time_limit")
        wait_for(lambda: not callee.calls("live"), "the end of the call at the callee's")


    def test_several_at_once_and_serve_share_a_journal(self):
        telephone, _ = self.telephone()
        openai = self.openai()
        port = free_port()
        agent_file = self.agent(openai, self.sip_port(telephone),
                                more=f'webhook: {{secrets: ["{openai.secret}"], listen: "127.0.0.1:{port}"}}\n')
        serve = self.serve(agent_file, env={"TRUNK_PASSWORD": "secret"})
        both = [self.dial(agent_file) for _ in range(2)]
        wait_for(lambda: len([line for lines in self.journal.lines().values() for line in lines
                              if line == ("model", "Good morning, this is the shop.")]) == 2, "two opening lines")
        self.assertEqual(serve.calls(), [])
        for running in both:
            running.signal(signal.SIGTERM)
            self.assertEqual(running.wait(), 0, running.output())
        serve.signal(signal.SIGTERM)
        self.assertEqual(serve.wait(), 0, serve.output())
        self.assertEqual(self.journal.rows("SELECT direction, outcome FROM call"), [("outbound", "hung_up_by_user")] * 2)


class KilledCalls(DialTest):
    """`offhook dial` is killed while a tool is at work."""

    def begin(self, in_doubt):
        self.tools = self.tool_server()
        telephone, _ = self.telephone()
        openai = self.openai("--replies", self.replies('call:find_order {"order": 17}'),
                             "--heard", self.replies("Where is my order?", name="heard"))
        self.port = free_port()
        self.agent_path = self.agent(
            openai, self.sip_port(telephone),
            agent="""    delegation: {type: responses, responses: {model: gpt-5-mini}}
    tools: [find_order]""", more=f"""webhook: {{secrets: ["{openai.secret}"], listen: "127.0.0.1:{self.port}"}}
tools:
  find_order:
    kind: http
    description: Finds an order.
    url: {self.tools.url}/hang
    parameters: {{type: object, properties: {{order: {{type: integer}}}}, required: [order]}}
    in_doubt: {in_doubt}
    retries: 0
""")
        running = self.dial(self.agent_path)
        wait_for(lambda: self.tools.calls, "the tool to be at work")
        running.process.kill()
        running.wait()
        self.tools.released.set()
        (self.call_id,), = self.journal.rows("SELECT call_id FROM call WHERE ended_at IS NULL")

    def model_said(self, words):
        return [line for lines in self.journal.lines().values() for line in lines if line[0] == "model" and words in line[1]]

    def check_effects(self, attempts, attempt):
        (key, count), = self.tools.attempts().items()
        self.assertTrue(key.startswith(self.call_id), key)
        self.assertEqual(count, attempts)
        (_, _, name, _, journalled, _), = self.journal.tools()
        self.assertEqual((name, journalled), ("find_order", attempt))

    def test_it_goes_on_by_resume_and_the_tool_is_asked_again_where_the_file_says_so(self):
        self.begin("retry")
        running = self.run_dial(self.agent_path, "--resume", self.call_id)
        wait_for(lambda: self.model_said("shipped"), "the tool's answer in the model's words")
        self.check_effects(attempts=2, attempt=2)
        running.signal(signal.SIGINT)
        self.assert_ends(running, 0, "hung_up_by_user")
        self.assertEqual(self.summary["session_id"], self.call_id)
        call, whole = self.kept()
        self.assertEqual((call["state"], call["outcome"], call["called"]), ("ended", "hung_up_by_user", CALLEE))
        self.assertEqual(len({event["run"] for event in whole["events"]}), 2)
        gap, = [line for line in whole["transcript"] if line["who"] == "gap"]
        self.assertEqual(gap["run"], max(line["run"] for line in whole["transcript"]))
        self.assertEqual(len(self.model_said("Good morning")), 1)
        code, output = self.offhook("dial", "--resume", self.call_id, "--agent", self.agent_path, env={"TRUNK_PASSWORD": "x"})
        self.assertEqual(code, 2, output)
        self.assertIn("has no call", output)

    def test_serve_takes_it_up_and_the_tool_is_not_asked_again_where_the_file_says_so(self):
        self.begin("report")
        serve = self.serve(self.agent_path, env={"TRUNK_PASSWORD": "secret"})
        wait_for(lambda: [t for t in self.journal.tools() if t[3] == 3], "the tool's unknown outcome to be told")
        self.check_effects(attempts=1, attempt=2)
        call, = serve.calls("live")
        self.assertEqual((call["id"], call["direction"], call["called"]), (self.call_id, "outbound", CALLEE))
        self.assertEqual(serve.request(f"/v1/calls/{self.call_id}/hang_up", {})[0], 202)
        ended, = wait_for(lambda: serve.events("ended"), "the end of the call")
        self.assertEqual(ended["outcome"], "hung_up")

    def test_a_living_dial_keeps_its_call(self):
        telephone, _ = self.telephone()
        agent_file = self.agent(self.openai(), self.sip_port(telephone))
        running = self.dial(agent_file)
        wait_for(lambda: self.marked("call", "transcript"), "the opening line")
        (call_id,), = self.journal.rows("SELECT call_id FROM call")
        code, output = self.offhook("dial", "--resume", call_id, "--agent", agent_file, env={"TRUNK_PASSWORD": "x"})
        self.assertEqual(code, 2, output)
        self.assertIn("whose process is gone", output)
        running.signal(signal.SIGINT)
        self.assert_ends(running, 0, "hung_up_by_user")


class Carriers(DialTest):
    def carrier(self, *replies):
        """Answers INVITEs by these, in order, and the last of them from then on."""
        left = list(replies)

        def reply(method, message):
            if method == "INVITE":
                self.invite = message
                return [response(message, *one) for one in (left.pop(0) if len(left) > 1 else left[0])]
            if method == "CANCEL":
                return [response(message, 200, "OK"), response(self.invite, 487, "Request Terminated")]
            return [] if method == "ACK" else [response(message, 200, "OK")]

        carrier = SipAnswerer(self.certificate, reply)
        self.addCleanup(carrier.close)
        return carrier


class CallsThatNobodyTakes(Carriers):
    def test_busy(self):
        carrier = self.carrier([(100, "Trying"), (486, "Busy Here")])
        running = self.dial(self.agent(self.openai(), carrier.port))
        self.assert_ends(running, 12, "invite_refused", "486 Busy Here")
        call, _ = self.kept()
        self.assertEqual((call["outcome"], call["direction"], call["called"]), ("invite_refused", "outbound", CALLEE))
        self.assertIn("486", call["reason"])
        self.assertIn(f"<sip:{CALLER}@", self.invite)
        self.assertTrue(self.invite.startswith(f"INVITE sip:{CALLEE}@127.0.0.1"), self.invite)

    def test_a_wrong_password(self):
        trunk = DigestTrunk(self.certificate, 9, "shop", "another")
        self.addCleanup(trunk.close)
        running = self.dial(self.agent(self.openai(), trunk.port, password="swordfish"))
        self.assert_ends(running, 12, "invite_refused", "407")
        self.assertEqual(trunk.admitted, 0)

    def test_nobody_answers(self):
        carrier = self.carrier([(100, "Trying"), (180, "Ringing")])
        running = self.dial(self.agent(self.openai(), carrier.port), "--ring-time", "2")
        self.assert_ends(running, 13, "no_answer", "ringing", "nobody answered within 2 s")
        wait_for(lambda: "CANCEL" in carrier.methods(), "CANCEL at the carrier")

    def test_ctrl_c_while_it_rings(self):
        carrier = self.carrier([(100, "Trying"), (180, "Ringing")])
        running = self.dial(self.agent(self.openai(), carrier.port))
        wait_for(lambda: self.marked("call", "ringing"), "ringing")
        running.signal(signal.SIGINT)
        self.assert_ends(running, 0, "hung_up_by_user")
        wait_for(lambda: "CANCEL" in carrier.methods(), "CANCEL at the carrier")

    def test_the_trunk_is_not_trusted(self):
        carrier = self.carrier([(486, "Busy Here")])
        running = self.dial(self.agent(self.sim("--live-outbound"), carrier.port))
        self.assert_ends(running, 12, "invite_refused", "provider_invite_failed")

    def test_not_enabled_is_explained(self):
        running = self.dial(self.agent(self.sim(), 9))
        self.assert_ends(running, 15, "accept_failed", "outbound_sip_not_enabled", "ask OpenAI")
        call, _ = self.kept()
        self.assertTrue(call["call_id"].startswith("dial_"), call["call_id"])
        self.assertEqual((call["state"], call["outcome"]), ("ended", "accept_failed"))
        self.assertIn("outbound_sip_not_enabled", call["reason"])

    def test_an_api_that_is_not_there(self):
        sim = self.sim()
        agent_file = self.agent(sim, 9)
        sim.end()
        self.assert_ends(self.dial(agent_file), 10, "unreachable")


class RequestsWithoutAnAnswer(Carriers):
    """The request that places a call is answered late, or never."""

    def begin(self):
        self.ringing = self.carrier([(100, "Trying"), (180, "Ringing")])
        openai = self.openai()
        self.front = Front(openai.ready["api_base"], "/live/sessions")
        self.addCleanup(self.front.close)
        openai.ready["api_base"] = self.front.url
        self.agent_path = self.agent(openai, self.ringing.port)
        running = self.dial(self.agent_path)
        wait_for(self.front.held.is_set, "the request to be answered by the API")
        return running

    def test_ctrl_c_hangs_up_what_was_placed_once_the_answer_comes(self):
        running = self.begin()
        running.signal(signal.SIGINT)
        wait_for(lambda: self.marked("call", "leaving"), "the wish to leave")
        self.front.released.set()
        self.assert_ends(running, 0, "hung_up_by_user")
        session = self.summary["session_id"]
        self.assertIn(f"POST /v1/live/sessions/{session}/hangup", self.front.requests)
        self.assertFalse([request for request in self.front.requests if "attach" in request])
        wait_for(lambda: "CANCEL" in self.ringing.methods(), "CANCEL at the carrier")
        call, _ = self.kept()
        self.assertEqual((call["call_id"], call["outcome"]), (session, "hung_up_by_user"))

    def test_ctrl_c_does_not_wait_for_ever_and_says_what_is_not_known(self):
        running = self.begin()
        running.signal(signal.SIGTERM)
        self.assert_ends(running, 15, "accept_failed", "may have been placed")
        call, _ = self.kept()
        self.assertTrue(call["call_id"].startswith("dial_"), call["call_id"])
        self.assertEqual(call["state"], "ended")
        self.assertIn("may have been placed", call["reason"])

    def test_an_attempt_whose_process_was_killed_is_in_the_journal(self):
        running = self.begin()
        running.process.kill()
        running.wait()
        call, _ = self.kept()
        self.assertEqual((call["state"], call["called"]), ("live", CALLEE))
        code, output = self.offhook("dial", "--resume", call["call_id"], "--agent", self.agent_path, env={"TRUNK_PASSWORD": "x"})
        self.assertEqual(code, 2, output)
        self.assertIn("it may have been", output)
        call, _ = self.kept()
        self.assertEqual((call["state"], call["outcome"]), ("ended", "unknown"))


class WrongUsage(DialTest):
    def refused(self, *arguments, number=CALLEE):
        code, output = self.offhook("dial", number, *arguments)
        self.assertEqual(code, 2, output)
        return output

    def write(self, text):
        path = self.folder / "agent.yaml"
        path.write_text("provider: {api_key: sk-x}\n" + text)
        return path

    def test_bad_number(self):
        for number in ("14155550123", "+1 415 555", "+0123456", "+123456789012345678"):
            self.assertIn("E.164", self.refused("--agent", "nowhere.yaml", number=number))

    def test_no_trunk(self):
        agent_file = self.write("webhook: {secrets: [whsec_c2VjcmV0]}\nagents: {a: {api: live, model: gpt-live-1}}\n")
        self.assertIn("trunk is missing", self.refused("--agent", agent_file))

    def test_no_live_agent_or_several(self):
        trunk = f'trunk: {{provider_url: "sips:sip.example.com", caller_number: "{CALLER}"}}\n'
        agent_file = self.write(trunk + "agents: {a: {model: gpt-realtime-2.1}}\n")
        self.assertIn("none with api: live", self.refused("--agent", agent_file))
        agent_file = self.write(trunk + "agents: {a: {api: live, model: gpt-live-1}, b: {api: live, model: gpt-live-1}}\n"
                                "routing: [{agent: a}]\n")
        self.assertIn("there are: a, b", self.refused("--agent", agent_file))
        self.assertIn("is no agent", self.refused("--agent", agent_file, "--as", "c"))

    def test_a_bad_trunk_names_line_and_field(self):
        agent_file = self.write('trunk: {provider_url: "sip:me@host", caller_number: 0123, username: u}\n'
                                "agents: {a: {api: live, model: gpt-live-1}}\n")
        output = self.refused("--agent", agent_file)
        for words in ("agent.yaml:2", "trunk.provider_url", "trunk.caller_number", "username and password belong together"):
            self.assertIn(words, output)

    def test_serve_needs_a_webhook(self):
        agent_file = self.write(f'trunk: {{provider_url: "sips:sip.example.com", caller_number: "{CALLER}"}}\n'
                                "agents: {a: {api: live, model: gpt-live-1}}\n")
        code, output = self.offhook("check", agent_file)
        self.assertEqual(code, 0, output)
        code, output = self.offhook("serve", agent_file)
        self.assertEqual(code, 2, output)
        self.assertIn("webhook is missing", output)


if __name__ == "__main__":
    main()
