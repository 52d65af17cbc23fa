"""Calls of the Live API as `offhook serve` takes them: accept, delegation, tools, orders, usage."""
import base64
import json
import signal
import wave

from serve_support import ServeTest
from support import OFFHOOK, json_lines, main, wait_for

SENT = 3  # as the journal writes a tool's state


class LiveTest(ServeTest):
    def agent(self, sim, delegation, tool):
        return self.agent_file(sim, f"""tools:
{tool}
prices: {{gpt-live-1: {{minute: 0.06}}}}
""", agents=f"""  concierge:
    api: live
    model: gpt-live-1
    instructions: You are the concierge of a hotel.
    opening: Say "Hello, this is the hotel."
{delegation}""")

    def question(self, text, before_s=4, after_s=12):
        """Somebody who listens first, and waits for the answer."""
        with wave.open(str(self.speak(text)), "rb") as spoken:
            parameters, frames = spoken.getparams(), spoken.readframes(spoken.getnframes())
        second = b"\0" * (parameters.framerate * parameters.sampwidth * parameters.nchannels)
        path = self.folder / "question.wav"
        with wave.open(str(path), "wb") as whole:
            whole.setparams(parameters)
            whole.writeframes(second * before_s + frames + second * after_s)
        return path

    def caller(self, sim, audio="null", *more):
        options = sim.target(**{"--listen": None, "--api": None, "--audio": audio})
        return self.start(OFFHOOK, "call", "--no-control", "--srtp", "require", *options, *more, env=sim.env())

    def sim_with_order(self, call='call:find_order {"order": 17}'):
        return self.sim_with_webhook("--replies", self.replies(call),
                                     "--heard", self.replies("Where is my order?", name="heard"))

    def said(self, serve, text):
        return wait_for(lambda: [e for e in serve.events("transcript") if text in e["text"]], f"the words {text!r}")

    def listed(self):
        code, output = self.offhook("calls", "--journal", self.folder / "offhook.db", "--json")
        self.assertEqual(code, 0, output)
        call, = [json.loads(line) for line in output.splitlines()]
        code, output = self.offhook("calls", call["call_id"], "--journal", self.folder / "offhook.db", "--json")
        self.assertEqual(code, 0, output)
        return call, json.loads(output)


class ServedLiveCalls(LiveTest):
    def test_a_call_from_webhook_to_usage_with_a_tool_of_its_responses_model(self):
        tools = self.tool_server()
        sim = self.sim_with_order()
        serve = self.serve(self.agent(sim, """    delegation: {type: responses, responses: {model: gpt-5-mini}}
    tools: [find_order]""", f"""  find_order:
    kind: http
    description: Finds an order.
    url: {tools.url}/ok
    parameters: {{type: object, properties: {{order: {{type: integer}}}}, required: [order]}}"""))
        caller = self.caller(sim, self.question("Where is my order?"))
        self.said(serve, "Hello, this is the hotel.")
        self.said(serve, "shipped")
        self.assertEqual(caller.wait(), 0, caller.output())
        ended, = wait_for(lambda: serve.events("ended"), "the end of the call")
        self.assertEqual(ended["outcome"], "caller_gone")
        self.assertEqual([body["arguments"] for body, _ in tools.calls], [{"order": 17}])
        serve.signal(signal.SIGTERM)
        self.assertEqual(serve.wait(), 0)
        call, whole = self.listed()
        self.assertEqual((call["api"], call["agent"], call["model"]), ("live", "concierge", "gpt-live-1"))
        self.assertTrue(call["call_id"].startswith("live_"))
        self.assertGreater(call["usage"]["live_seconds"], 1)
        self.assertAlmostEqual(call["cost"], call["usage"]["live_seconds"] / 60 * 0.06, delta=0.001)
        self.assertEqual([(t["name"], t["state"]) for t in whole["tools"]], [("find_order", "sent")])
        lines = [(line["who"], line["text"]) for line in whole["transcript"]]
        self.assertIn(("caller", "Where is my order?"), lines)
        events = [(e["direction"], e["type"]) for e in whole["events"]]
        for event in (("received", "session.started"), ("sent", "session.instructions.append"),
                      ("received", "session.delegation.created"), ("sent", "response.item.create")):
            self.assertIn(event, events)
        closed, = [json.loads(e["json"]) for e in whole["events"] if e["type"] == "session.closed"]
        self.assertEqual(closed["reason"], "remote_hangup")
        self.assertEqual(closed["usage"]["seconds"], call["usage"]["live_seconds"])
        code, output = self.offhook("calls", "--journal", self.folder / "offhook.db")
        self.assertEqual(code, 0, output)
        self.assertIn(f"{call['usage']['live_seconds']:.0f} s", output)

    def test_a_tool_named_delegate_does_what_the_model_cannot(self):
        tools = self.tool_server()
        sim = self.sim_with_order()
        serve = self.serve(self.agent(sim, "    tools: [delegate]", f"""  delegate:
    kind: http
    description: Knows everything about orders.
    url: {tools.url}/ok"""))
        self.caller(sim, self.question("Where is my order?"))
        self.said(serve, "shipped")
        (body, _), = tools.calls
        self.assertEqual(body["name"], "delegate")
        said = body["arguments"]["conversation"]
        self.assertEqual(said[-1], {"who": "caller", "text": "Where is my order?"})
        call = serve.calls("live")[0]
        self.assertEqual(serve.request(f"/v1/calls/{call['id']}/hang_up", {})[0], 202)
        wait_for(lambda: serve.events("ended"), "the end of the call")
        serve.signal(signal.SIGTERM)
        self.assertEqual(serve.wait(), 0)
        _, whole = self.listed()
        told, = [json.loads(e["json"]) for e in whole["events"] if e["type"] == "session.commentary.append"]
        self.assertEqual(told["delegation_id"], body["arguments"]["delegation_id"])
        self.assertIn("shipped", told["content"])

    def test_orders_become_appends_and_are_acknowledged(self):
        sim = self.sim_with_webhook()
        serve = self.serve(self.agent_file(sim, agents="  a: {api: live, model: gpt-live-1}\n"))
        caller = self.caller(sim)
        call = wait_for(lambda: serve.calls("live"), "a live call")[0]
        self.assertEqual(serve.request(f"/v1/calls/{call['id']}/say", {"text": 'Say "The table is booked."'})[0], 202)
        self.said(serve, "The table is booked.")
        self.assertEqual(serve.request(f"/v1/calls/{call['id']}/instruct", {"text": "The kitchen closes at ten."})[0], 202)
        self.assertEqual(serve.request(f"/v1/calls/{call['id']}/hang_up", {})[0], 202)
        self.assertEqual(caller.wait(), 0, caller.output())
        ended, = wait_for(lambda: serve.events("ended"), "the end of the call")
        self.assertEqual(ended["outcome"], "hung_up")
        serve.signal(signal.SIGTERM)
        self.assertEqual(serve.wait(), 0)
        call, whole = self.listed()
        events = [(e["direction"], e["type"]) for e in whole["events"]]
        for kind in ("instructions", "thinking"):
            self.assertIn(("sent", f"session.{kind}.append"), events)
        self.assertIn(("received", "session.instructions.appended"), events)
        self.assertGreater(call["usage"]["live_seconds"], 0)

    def test_the_model_presses_keys_once_and_the_journal_knows(self):
        sim = self.sim_with_order('call:send_digits {"digits": "17#"}')
        serve = self.serve(self.agent(sim, """    delegation: {type: responses, responses: {model: gpt-5-mini}}
    tools: [send_digits]""", "  unused: {kind: function, description: Nothing.}"))
        timeline = self.folder / "caller.jsonl"
        self.caller(sim, self.question("Where is my order?"), "--timeline", timeline)
        wait_for(lambda: self.journal.path.exists() and
                 [state for *_, state, _, _ in self.journal.tools()] == [SENT], "the answer to the model")
        pressed = wait_for(lambda: len(keys := self.keys(timeline)) >= 3 and keys, "the keys at the caller")
        self.assertEqual(pressed, "17#")
        (_, _, name, _, attempt, output), = self.journal.tools()
        self.assertEqual((name, attempt, json.loads(output)), ("send_digits", 1, {"status": "sent"}))
        self.assertGreater(serve.metric("offhook_tool_seconds_count"), 0)

    @staticmethod
    def keys(timeline):
        marks = json_lines(timeline.read_text()) if timeline.exists() else []
        return "".join(m["digit"] for m in marks if m.get("name") == "digit.received")

    def test_keys_of_the_caller_are_told_to_the_model(self):
        sim = self.sim_with_webhook()
        serve = self.serve(self.agent(sim, "", "  unused: {kind: function, description: Nothing.}"))
        self.caller(sim, "null", "--dtmf", "42#")
        wait_for(lambda: self.journal.path.exists() and self.appended("42"), "the keys at the model")
        self.assertEqual(len(serve.calls("live")), 1)

    def appended(self, text):
        return [json for (json,) in self.journal.rows("SELECT json FROM event WHERE direction = 'sent' "
                                                      "AND type = 'session.instructions.append'") if text in json]

    def test_a_sound_is_played_and_what_is_said_waits_for_its_end(self):
        sim = self.sim_with_webhook()
        serve = self.serve(self.agent_file(sim, agents="  a: {api: live, model: gpt-live-1}\n"))
        self.caller(sim)
        call = wait_for(lambda: serve.calls("live"), "a live call")[0]
        sound = base64.b64encode(bytes(2 * 24_000)).decode()  # a second
        for order in (("play", {"audio": sound}), ("say", {"text": 'Say "That was music."'})):
            self.assertEqual(serve.request(f"/v1/calls/{call['id']}/{order[0]}", order[1])[0], 202)
        self.said(serve, "That was music.")
        order = [kind for (kind,) in self.journal.rows("SELECT type FROM event ORDER BY id")]
        played = order.index("session.output_audio.fixture.played")
        self.assertLess(order.index("session.output_audio.fixture.play"), played)
        self.assertLess(played, order.index("session.instructions.append"))


if __name__ == "__main__":
    main()
