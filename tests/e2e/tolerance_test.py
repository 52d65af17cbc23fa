"""What OpenAI has been seen to do, and what a call must survive."""
import json

from support import EndToEndTest, free_port, main, read_jsonl


class Tolerance(EndToEndTest):
    def call(self, *quirks, tls=False, duration=5):
        port = free_port()
        arguments = ["--webhook", f"http://127.0.0.1:{port}/webhook"]
        arguments += [part for quirk in quirks for part in ("--quirk", quirk)]
        arguments += ["--api-tls", "127.0.0.1:0"] if tls else []
        sim = self.sim(*arguments)
        files = {name: self.folder / f"{name}.json" for name in ("summary", "timeline", "events")}
        target = sim.target(**{"--listen": f"127.0.0.1:{port}"})
        if tls:
            target[target.index("--api") + 1] = sim.ready["api_tls_base"]
            target += ["--api-ca", sim.ready["ca_file"]]
        code, output = self.offhook("call", *target, "--max-duration", duration,
                                    *[part for name, path in files.items() for part in (f"--{name}", path)], env=sim.env())
        self.assertEqual(code, 0, output)
        self.summary = json.loads(files["summary"].read_text())
        self.marks = read_jsonl(files["timeline"])
        self.timeline = [(m["source"], m["name"]) for m in self.marks]
        self.events = read_jsonl(files["events"])
        self.assertEqual(self.summary["transcript"][0]["text"], "Hi.")
        self.assertGreater(self.summary["rtp"]["received"], 50)
        return output

    def greetings_sent(self):
        return sum(e["direction"] == "sent" and e["event"]["type"] == "response.create" for e in self.events)

    def test_rest_and_sideband_over_tls(self):
        self.call(tls=True)

    def test_ok_without_content_type(self):
        self.call("omit-content-type")

    def test_accept_404_then_200(self):
        self.call("accept-not-found")
        self.assertIn(("rest", "retry"), self.timeline)

    def test_a_sideband_that_drops_is_attached_again_and_greets_once(self):
        self.call("sideband-drop", duration=7)
        self.assertIn(("sideband", "dropped"), self.timeline)
        self.assertIn(("sideband", "attached.again"), self.timeline)
        self.assertEqual(self.greetings_sent(), 1)
        self.assertEqual(self.summary["result"], "time_limit")
        gap, = [line for line in self.summary["transcript"] if line["who"] == "gap"]
        dropped, = [m for m in self.marks if m["name"] == "dropped"]
        again, = [m for m in self.marks if m["name"] == "attached.again"]
        self.assertAlmostEqual(gap["at_ms"], dropped["at_ms"], delta=0.01)
        self.assertAlmostEqual(gap["at_ms"] + gap["gap_ms"], again["at_ms"], delta=0.01)
        self.assertIn("words may be missing", gap["text"])

    def test_a_sideband_that_drops_during_the_greeting_does_not_hold_the_input_back(self):
        question = self.speak("When does the next train leave?")
        call = self.call_sim_dropping("--audio", question, "--say", 'Say "' + "This is a rather long greeting. " * 2 + '"')
        self.assertIn(("sideband", "attached.again"), [(m["source"], m["name"]) for m in call.timeline])
        self.assertEqual(call.summary["result"], "completed")

    def call_sim_dropping(self, *arguments):
        from support import Call
        port = free_port()
        sim = self.sim("--webhook", f"http://127.0.0.1:{port}/webhook", "--quirk", "sideband-drop")
        files = {name: self.folder / f"{name}.json" for name in ("summary", "timeline", "events")}
        target = sim.target(**{"--listen": f"127.0.0.1:{port}", "--audio": None})
        code, output = self.offhook("call", *target, "--max-duration", "60", *arguments,
                                    *[part for name, path in files.items() for part in (f"--{name}", path)], env=sim.env())
        self.assertEqual(code, 0, output)
        return Call(files, output)

    def test_unknown_events_and_fields(self):
        self.call("unknown-events", "extra-fields")
        received = [e["event"] for e in self.events if e["direction"] == "received"]
        self.assertIn("session.weather_changed", [e["type"] for e in received])
        self.assertTrue(any("unheard_of" in e for e in received))

    def test_a_webhook_delivered_twice_is_one_call(self):
        self.call("duplicate-webhook")
        self.assertEqual(self.timeline.count(("rest", "accept.sent")), 1)
        self.assertEqual(self.greetings_sent(), 1)



if __name__ == "__main__":
    main()
