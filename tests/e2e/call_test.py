"""A call from end to end against the stand-in: codecs, keying, files, digits, and how it ends."""
import json
import os
import pty
import signal

from support import EndToEndTest, OFFHOOK, TcpProxy, free_port, main, read_jsonl, wait_for

QUESTION = "Could you please tell me when the next train leaves?"


class EveryCodecAndKeying(EndToEndTest):
    def talk(self, *arguments):
        """Says QUESTION after the greeting and hangs up after the answer. Sound is checked both ways:
        what the model said as we heard it, what we said as the stand-in heard it."""
        question = self.speak(QUESTION, "question.wav")
        (self.folder / "sim").mkdir()
        call = self.call_sim("--audio", question, "--play", self.folder / "heard.wav", "--say", 'Say "Welcome aboard."',
                             "--sim-record", self.folder / "sim", *arguments)
        self.assertEqual(call.summary["result"], "completed")
        answers = [line for line in call.summary["transcript"] if line["who"] == "model"]
        self.assertGreaterEqual(len(answers), 2, "the question was answered")
        sim = next((self.folder / "sim").glob("*.wav"))
        heard = self.compare(self.folder / "heard.wav", sim, "--channel", "1")
        asked = self.compare(question, sim, "--channel", "0")
        self.assertGreaterEqual(heard["mel_similarity"], 0.9, heard)
        self.assertGreaterEqual(asked["mel_similarity"], 0.9, asked)
        greeting = self.compare(self.speak("Welcome aboard.", "greeting.wav", "slt"), self.folder / "heard.wav")
        self.assertGreaterEqual(greeting["mel_similarity"], 0.9, greeting)
        return call, heard, asked

    def test_pcmu_srtp(self):
        call, heard, asked = self.talk("--codecs", "PCMU")
        self.assertEqual((call.summary["codec"], call.summary["srtp"]), ("PCMU", "AES_CM_128_HMAC_SHA1_80"))
        self.assertGreaterEqual(heard["correlation"], 0.9, heard)
        self.assertGreaterEqual(asked["correlation"], 0.9, asked)

    def test_pcma_plain(self):
        call, heard, asked = self.talk("--codecs", "PCMA", "--srtp", "off")
        self.assertEqual((call.summary["codec"], call.summary["srtp"]), ("PCMA", "off"))
        self.assertGreaterEqual(heard["correlation"], 0.9, heard)
        self.assertGreaterEqual(asked["correlation"], 0.9, asked)

    def test_opus_srtp(self):
        call, _, _ = self.talk("--codecs", "opus", "--srtp", "require")
        self.assertEqual((call.summary["codec"], call.summary["srtp"]), ("opus", "AES_CM_128_HMAC_SHA1_80"))


class ItsEventsAndFigures(EndToEndTest):
    def test_the_greeting_comes_in_the_order_of_the_reference(self):
        call = self.call_sim("--max-duration", "4")
        self.assertEqual(call.summary["result"], "time_limit")
        types = [e["event"]["type"] for e in call.events if e["direction"] == "received"]
        first = [t for t in types if t != "response.output_audio_transcript.delta"
                 and not t.startswith("output_audio_buffer.")]
        self.assertEqual(first[:11], [
            "session.created", "response.created", "response.output_item.added", "conversation.item.added",
            "response.content_part.added", "response.output_audio.done", "response.output_audio_transcript.done",
            "response.content_part.done", "conversation.item.done", "response.output_item.done", "response.done"])
        self.assertLess(types.index("response.done"), types.index("output_audio_buffer.stopped"))
        self.assertNotIn("response.output_audio.delta", types)
        sent = [e["event"]["type"] for e in call.events if e["direction"] == "sent"]
        self.assertEqual(sent, ["response.create"])

    def test_summary_and_timeline_have_what_is_documented(self):
        call = self.call_sim("--max-duration", "4")
        summary = call.summary
        self.assertTrue(summary["call_id"].startswith("rtc_"))
        self.assertTrue(summary["sip_call_id"])
        for step in ("invite_sent", "trying", "webhook", "accepted", "sideband_attached", "session_created",
                     "answered", "first_rtp_sent", "first_rtp_received", "first_speech"):
            self.assertIn(step, summary["setup_ms"])
        rtp = summary["rtp"]
        self.assertGreater(rtp["sent"], 100)
        self.assertGreater(rtp["received"], 100)
        self.assertEqual(rtp["lost"], 0)
        self.assertEqual(summary["transcript"][0]["text"], "Hi.")
        times = [m["at_ms"] for m in call.timeline if m["source"] != "media" and m["source"] != "sip"]
        self.assertEqual(times, sorted(times))

    def test_json_on_stdout_is_timeline_then_summary(self):
        call = self.call_sim("--max-duration", "3", "--json")
        lines = [json.loads(line) for line in call.output.splitlines()]
        self.assertEqual(lines[-1]["result"], "time_limit")
        self.assertTrue(all("at_ms" in line for line in lines[:-1]))


class Digits(EndToEndTest):
    def test_arrive_as_events_at_the_controller(self):
        call = self.call_sim("--dtmf", "42#", "--max-duration", "6")
        digits = call.received("input_audio_buffer.dtmf_event_received")
        self.assertEqual("".join(d["event"] for d in digits), "42#")
        self.assertTrue(all("event_id" not in d for d in digits))

    def test_typed_keys_are_sent_and_q_hangs_up(self):
        master, terminal = pty.openpty()
        self.addCleanup(os.close, master)
        events = self.folder / "events.jsonl"
        running = self.start(OFFHOOK, "call", "--sim", "--audio", "null", "--play", "null", "--events", events,
                             stdin=terminal)
        os.close(terminal)
        seen = lambda text: events.exists() and text in events.read_text()
        wait_for(lambda: seen("output_audio_buffer.stopped"), "the greeting")
        os.write(master, b"7")
        wait_for(lambda: seen('"input_audio_buffer.dtmf_event_received"'), "the digit at the controller")
        os.write(master, b"q")
        self.assertEqual(running.wait(), 0, running.output())
        self.assertIn("hung_up_by_user", running.output())

    def test_bad_digits_are_refused_before_the_call(self):
        code, output = self.offhook("call", "--sim", "--dtmf", "4x", "--audio", "null", "--play", "null")
        self.assertEqual(code, 2, output)
        self.assertIn("--dtmf 4x", output)
        self.assertNotIn("INVITE", output)


class Goodbyes(EndToEndTest):
    def start_call(self, sim, *arguments):
        timeline = self.folder / "timeline.jsonl"
        running = self.start(OFFHOOK, "call", *sim.target(), "--timeline", timeline, "--summary",
                             self.folder / "summary.json", *arguments, env=sim.env())
        return running, timeline

    def call_up(self, sim, *arguments):
        running, timeline = self.start_call(sim, *arguments)
        wait_for(lambda: timeline.exists() and "output_audio_buffer.started" in timeline.read_text(), "the greeting")
        return running, timeline

    def webhook_to_self(self):
        """A sim whose webhooks go to the fixed port that `offhook call` will listen on."""
        port = free_port()
        sim = self.sim("--webhook", f"http://127.0.0.1:{port}/webhook")
        original = sim.target
        sim.target = lambda **changes: original(**{"--listen": f"127.0.0.1:{port}", **changes})
        return sim

    def test_ctrl_c_says_bye_on_every_leg(self):
        sim = self.webhook_to_self()
        running, timeline = self.call_up(sim)
        running.signal(signal.SIGINT)
        self.assertEqual(running.wait(), 0, running.output())
        names = [(m["source"], m["name"]) for m in read_jsonl(timeline)]
        self.assertIn(("sip", "bye.sent"), names)
        wait_for(lambda: '"ended"' in sim.output(), "the sim to see the end")

    def test_ctrl_c_before_the_answer_cancels(self):
        sim = self.sim("--assume", "no-webhook=wait")  # nobody will be told about the call, so it stays pending
        running, timeline = self.start_call(sim, "--no-control")
        wait_for(lambda: timeline.exists() and '"trying"' in timeline.read_text(), "100 Trying")
        running.signal(signal.SIGINT)
        self.assertEqual(running.wait(), 0, running.output())
        self.assertIn(("sip", "cancel.sent"), [(m["source"], m["name"]) for m in read_jsonl(timeline)])

    def test_a_second_ctrl_c_leaves_at_once(self):
        sim = self.webhook_to_self()
        running, _ = self.call_up(sim)
        sim.signal(signal.SIGSTOP)  # now nobody answers the BYE
        self.addCleanup(sim.signal, signal.SIGCONT)
        running.signal(signal.SIGINT)
        wait_for(lambda: "hanging up" in running.output(), "the first Ctrl-C to be seen")
        running.signal(signal.SIGINT)
        self.assertEqual(running.wait(), 130, running.output())

    def test_a_second_ctrl_c_gives_the_terminal_back_as_it_was(self):
        import termios
        master, terminal = pty.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, terminal)
        echo = lambda: bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
        sim = self.webhook_to_self()
        timeline = self.folder / "timeline.jsonl"
        # In a session of its own, so that the terminal is its controlling one.
        running = self.start("setsid", "--ctty", OFFHOOK, "call", *sim.target(), "--timeline", timeline, env=sim.env(),
                             stdin=terminal)
        wait_for(lambda: timeline.exists() and "output_audio_buffer.started" in timeline.read_text(), "the greeting")
        self.assertFalse(echo(), "single keys are read")
        sim.signal(signal.SIGSTOP)
        self.addCleanup(sim.signal, signal.SIGCONT)
        running.signal(signal.SIGINT)
        wait_for(lambda: "hanging up" in running.output(), "the first Ctrl-C to be seen")
        running.signal(signal.SIGINT)
        self.assertEqual(running.wait(), 130, running.output())
        self.assertTrue(echo())

    def test_a_bye_that_cannot_be_delivered_is_followed_by_a_hangup_over_rest(self):
        sim = self.webhook_to_self()
        proxy = TcpProxy(sim.ready["sip_tls_port"])
        self.addCleanup(proxy.cut)
        target = sim.ready["sip_target"].replace(str(sim.ready["sip_tls_port"]), str(proxy.port))
        original = sim.target
        sim.target = lambda **changes: original(**{"--sip-target": target, **changes})
        running, timeline = self.call_up(sim)
        proxy.cut()
        running.signal(signal.SIGINT)
        running.wait()
        self.assertIn(("rest", "hangup.sent"), [(m["source"], m["name"]) for m in read_jsonl(timeline)], running.output())
        wait_for(lambda: '"ended"' in sim.output(), "the sim to see the end")

    def test_the_other_side_hangs_up(self):
        import urllib.request
        sim = self.webhook_to_self()
        running, timeline = self.call_up(sim)
        call_id = next(m["call_id"] for m in read_jsonl(timeline) if m["source"] == "webhook" and "call_id" in m)
        request = urllib.request.Request(f"{sim.ready['api_base']}/realtime/calls/{call_id}/hangup", method="POST",
                                         headers={"Authorization": "Bearer sk-sim"}, data=b"")
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.assertEqual(answer.status, 200)
        self.assertEqual(running.wait(), 0, running.output())
        self.assertEqual(json.loads((self.folder / "summary.json").read_text())["result"], "hung_up_by_peer")


if __name__ == "__main__":
    main()
