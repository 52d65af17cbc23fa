"""`offhook sim --record` and `--replay`: a call is recorded once and answers later calls, events and sound."""
import array
import json
import shutil
import signal
import wave

from call_agent_test import AgentFileTest
from serve_support import free_port
from support import OFFHOOK, Call, Sim, main, read_jsonl, wait_for
from wire_support import Sideband, Webhooks, accepted_call

AGENT = """  support:
    model: gpt-realtime-2.1
    instructions: You are the support line of a shop.
    opening: Say "Hello, this is the shop."
    tools: [find_order]
"""
CREATED = {"type": "session.created", "event_id": "e0", "session": {"type": "realtime", "id": "sess_1", "expires_at": 5,
                                                                    "model": "gpt-realtime", "instructions": 'Say "Hello there."'}}


class Listed(AgentFileTest):
    """What the tests of this file share."""

    def second_sim(self, name, *arguments):
        folder = self.folder / name
        folder.mkdir()
        sim = Sim(folder, *arguments)
        self.addCleanup(sim.end)
        return sim

    def write_fixture(self, name, *lines):
        """A file of (ms, direction, event)."""
        path = self.folder / name
        path.write_text("".join(json.dumps({"at_ms": at_ms, "direction": direction, "event": event}) + "\n"
                                for at_ms, direction, event in lines))
        return path

    @staticmethod
    def marks(sim, name):
        return [mark for mark in read_jsonl(sim.log) if mark.get("name") == name]

    def speech_of(self, path):
        """Where the model speaks in a stereo file, each utterance in a file of its own."""
        with wave.open(str(path)) as file:
            rate, right = file.getframerate(), array.array("h", file.readframes(file.getnframes()))[1::2]
        frame = rate // 50
        loud = [max(map(abs, right[at:at + frame])) > 300 for at in range(0, len(right) - frame, frame)]
        parts = []
        for i, is_loud in enumerate(loud):
            if is_loud and (not parts or parts[-1][1] < i - 25):
                parts.append([i, i])
            elif is_loud:
                parts[-1][1] = i
        files = []
        for begin, end in parts:
            files.append(self.folder / f"part{len(files)}.wav")
            with wave.open(str(files[-1]), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(rate)
                file.writeframes(right[begin * frame:(end + 1) * frame].tobytes())
        return files


class Replay(Listed):
    def write_agent(self, name, sim, port, tools):
        path = self.folder / name
        path.write_text(f"""provider: {{api_key: sk-sim, base_url: "{sim.ready["api_base"]}"}}
webhook: {{secrets: ["{sim.secret}"], listen: "127.0.0.1:{port}"}}
agents:
{AGENT}
tools:
  find_order:
    kind: http
    description: Finds an order.
    url: {tools.url}/ok
    parameters: {{type: object, properties: {{order: {{type: integer}}}}, required: [order]}}
""")
        return path

    def begin_call(self, name, sim, agent_file, *arguments):
        files = {kind: self.folder / f"{name}.{kind}" for kind in ("summary", "timeline", "events")}
        given = [part for kind, path in files.items() for part in (f"--{kind}", path)]
        target = sim.target(**{"--api": None, "--listen": None, "--audio": None})
        recording = self.folder / f"{name}.wav"
        process = self.start(OFFHOOK, "call", "--agent", agent_file, *target, *given, "--codecs", "pcmu",
                             "--record", recording, *arguments)
        return process, files, recording

    @staticmethod
    def types(call):
        """Of what was sent and of what was received: how these two interleave is not the replay's."""
        return [[e["event"]["type"] for e in call.events if e["direction"] == way] for way in ("sent", "received")]

    @staticmethod
    def transcript(call):
        return [(line["who"], line["text"]) for line in call.summary["transcript"]]

    def test_a_call_with_a_tool_is_recorded_once_and_answers_call_and_serve(self):
        tools = self.tool_server()
        heard = self.folder / "heard.txt"
        heard.write_text("where is my order\n")
        records = self.folder / "records"
        sim = self.sim_with_webhook("--record", records, "--heard", heard, "--replies",
                                    self.replies('call:find_order {"order": 17}', "Your order has been shipped."))
        process, files, near = self.begin_call("first", sim, self.write_agent("first.yaml", sim, self.webhook_port, tools),
                                               "--audio", self.speak("Where is my order?"))
        self.assertEqual(process.wait(), 0, process.output())
        recorded = Call(files, process.output())
        self.assertEqual([text for who, text in self.transcript(recorded) if who == "model"],
                         ["Hello, this is the shop.", "Your order has been shipped."])
        sim.end()
        utterances = self.speech_of(next(records.glob("*.wav")))
        self.assertEqual(len(utterances), 2)

        # What the sim recorded answers `offhook call`; what `offhook call` recorded answers `offhook serve`, whose caller
        # says nothing.
        shutil.copy(near, self.folder / "near.wav")
        shutil.copy(files["events"], self.folder / "near.jsonl")
        ports = [free_port() for _ in range(2)]
        first, second = (self.second_sim(f"replay{i}", "--webhook", f"http://127.0.0.1:{port}/webhook", "--replay", fixture)
                         for i, (port, fixture) in enumerate(zip(ports, (records, self.folder / "near.jsonl"))))
        process, files, recording = self.begin_call("again", first, self.write_agent("again.yaml", first, ports[0], tools),
                                                    "--audio", self.folder / "speech.wav")
        serve = self.serve(self.write_agent("serve.yaml", second, ports[1], tools))
        heard_of_serve = self.folder / "serve.wav"
        phone = self.phone(second, "--codecs", "pcmu", "--record", heard_of_serve)
        wait_for(lambda: self.marks(second, "replay.ended"), "the end of the replay for serve")
        phone.signal(signal.SIGINT)
        self.assertEqual(phone.wait(), 0, phone.output())
        self.assertEqual(process.wait(), 0, process.output())

        replayed = Call(files, process.output())
        self.assertEqual(self.types(replayed), self.types(recorded))
        self.assertEqual(self.transcript(replayed), self.transcript(recorded))
        ids = [[e["event"].get("event_id") for e in call.events if e["direction"] == "received"] for call in (recorded, replayed)]
        self.assertEqual(ids[0], ids[1])
        wait_for(lambda: not serve.calls("live"), "the end of the call")
        self.assertEqual(list(self.journal.lines().values()), [self.transcript(recorded)])
        self.assertEqual([body["arguments"] for body, _ in tools.calls], [{"order": 17}] * 3)
        for sound in (recording, heard_of_serve):
            for utterance in utterances:
                found = self.compare(utterance, sound, "--channel", "1")
                self.assertGreater(found["correlation"], 0.9, (sound, utterance, found))
        for one in (first, second):
            self.assertEqual(self.marks(one, "replay.departed"), [])


class Departures(Listed):
    def test_calls_take_recordings_in_turn_or_by_name_and_departures_are_told(self):
        def greeting(response):
            return [(0, "received", {**CREATED, "event_id": "e0"}), (10, "sent", {"type": "response.create", "event_id": "c1"}),
                    (20, "received", {"type": "response.created", "event_id": "e1", "response": {"id": response}})]

        folder = self.folder / "calls"
        folder.mkdir()
        for name in ("one", "two"):
            self.write_fixture(f"calls/{name}.jsonl", *greeting(name))
        webhooks = Webhooks()
        self.addCleanup(webhooks.close)
        sim = self.sim("--webhook", webhooks.url, "--sip-udp", "127.0.0.1:0", "--replay", folder)
        got = []
        for number, (headers, event) in enumerate((
                ("", {"type": "response.create", "event_id": "mine"}),
                ("X-Sim-Replay: two\r\n", {"type": "response.create"}),
                ("", {"type": "response.create", "response": {"instructions": "Sing."}}),
                ("X-Sim-Replay: three\r\n", {"type": "response.create"}))):
            phone, call_id = accepted_call(sim.ready, webhooks, f"phone{number}", headers=headers)
            sideband = Sideband(sim.ready, call_id)
            self.assertGreater(sideband.event("session.created")["session"]["expires_at"], 1_700_000_000)
            if number == 0:
                sideband.say({"type": "session.update", "event_id": "odd", "session": {"type": "realtime"}})
                error = sideband.event("error")["error"]
                self.assertEqual((error["code"], error["event_id"]), ("replay_departed", "odd"))
            sideband.say(event)
            got.append(sideband.event("response.created")["response"]["id"])
            sideband.close()
            phone.hang_up()
            phone.close()
        # The named call took nobody's turn; what nobody recorded is answered by the model.
        self.assertEqual(got[:3], ["one", "two", "two"])
        self.assertTrue(got[3].startswith("resp_"))
        self.assertEqual([mark["fixture"] for mark in self.marks(sim, "replay.unknown")], ["three"])
        departed = self.marks(sim, "replay.departed")
        self.assertEqual([(mark["fixture"], mark["line"], mark.get("at")) for mark in departed],
                         [("one", 2, None), ("two", 2, "response")])
        self.assertIn("session.update", departed[0]["got"])
        self.assertIn("response.create", departed[0]["expected"])

    def test_what_cannot_be_replayed_is_told_before_the_start(self):
        broken = self.write_fixture("broken.jsonl", (0, "received", CREATED), (1, "sideways", {}))
        live = self.write_fixture("live.jsonl", (0, "received", {"type": "session.started"}))
        for path, words in ((broken, f"--replay: {broken}:2: direction: "), (live, f"{live}:1: is of a call of the Live API"),
                            (self.folder / "none.jsonl", "none.jsonl: cannot be read")):
            with self.subTest(words):
                code, output = self.offhook("sim", "--sip", "127.0.0.1:0", "--api", "127.0.0.1:0", "--certs",
                                            self.folder / "certs", "--replay", path)
                self.assertEqual(code, 2, output)
                self.assertIn(words, output)


if __name__ == "__main__":
    main()
