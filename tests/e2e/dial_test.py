"""`offhook dial`: a live agent calls somebody by a carrier's trunk. The sim is OpenAI; a second sim with an agent of its
own is the telephone that rings."""
import json
import pathlib
import signal

from carrier import DigestTrunk, trunk_certificate
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
        """A second sim whose number is CALLEE, and the agent that answers there. It lets the caller speak first."""
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
        self.files = {name: self.folder / f"{name}.json" for name in ("summary", "timeline", "events")}
        given = [part for name, path in self.files.items() for part in (f"--{name}", path)]
        return self.start(OFFHOOK, "dial", number, "--agent", agent_file, *given, *arguments,
                          env={"TRUNK_PASSWORD": self.password})

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


class CallsThatNobodyTakes(DialTest):
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

    def test_busy(self):
        carrier = self.carrier([(100, "Trying"), (486, "Busy Here")])
        running = self.dial(self.agent(self.openai(), carrier.port))
        self.assert_ends(running, 12, "invite_refused", "486 Busy Here")
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

    def test_an_api_that_is_not_there(self):
        sim = self.sim()
        agent_file = self.agent(sim, 9)
        sim.end()
        self.assert_ends(self.dial(agent_file), 10, "unreachable")


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
