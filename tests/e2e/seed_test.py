"""With one seed two runs of a conversation tell the same, byte for byte; with another they do not."""
import json
import socket

from support import EndToEndTest, free_port, main
from wire_support import Sideband, UdpPhone, Webhooks, mulaw, post, view

ACCEPT = {"type": "realtime", "model": "gpt-realtime", "instructions": "Be brief.",
          "audio": {"input": {"transcription": {"model": "gpt-4o-mini-transcribe"}}},
          "tools": [{"type": "function", "name": "lookup", "parameters": {"type": "object"}}]}
ACCEPT_LIVE = {"session": {"type": "live", "model": "gpt-live-1"}}


class RawSideband(Sideband):
    """Keeps the text of every event but the reflected sound of a Live call, which is as it came."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.texts = []

    def next(self):
        """The next event; None when the connection ended."""
        while (frame := self.next_frame()) is not None:
            if frame[0] == 1:
                event = json.loads(frame[1])
                if event["type"] == "error":  # what the test waits for will not come
                    raise AssertionError(event)
                if event["type"] not in ("session.input_audio.append", "session.output_audio.delta"):
                    self.texts.append(frame[1])
                return event
        return None

    def until(self, event_type):
        while (event := self.next()) is not None:
            if event["type"] == event_type:
                return event
        raise AssertionError(f"the socket ended before {event_type}")

    def until_silence(self):
        """Until the model of a Live call has said something, and then nothing for a second."""
        spoke, silent = False, 0
        while not spoke or silent < 10:
            event = self.next()
            spoke = spoke or event["type"] == "session.output_audio.delta"
            silent = 0 if event["type"] == "session.output_audio.delta" else silent + (event["type"] == "session.input_audio.append")


class Seed(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.port = free_port(socket.SOCK_DGRAM)
        self.question = mulaw(self.speak("Where is my order please?"))

    def converse(self, phone, sideband):
        sideband.say({"type": "response.create", "response": {"instructions": 'Say "Good morning, what can I do for you?"'}})
        sideband.until("output_audio_buffer.stopped")
        phone.speak(self.question)
        call = sideband.until("response.function_call_arguments.done")
        sideband.until("response.done")
        sideband.say({"type": "conversation.item.create",
                      "item": {"type": "function_call_output", "call_id": call["call_id"], "output": "Monday"}})
        sideband.say({"type": "response.create"})
        sideband.until("output_audio_buffer.stopped")

    def converse_live(self, phone, sideband):
        sideband.say({"type": "session.instructions.append", "delegation_id": None,
                      "content": 'Say "Good morning, what can I do for you?"'})
        sideband.until_silence()
        phone.speak(self.question)
        delegation = sideband.until("session.delegation.created")["delegation"]
        sideband.until_silence()  # one moment, please
        sideband.say({"type": "session.commentary.append", "content": "Monday", "delegation_id": delegation["id"]})
        sideband.until_silence()

    def run_once(self, *options, name="", live=False):
        """One conversation; returns (webhook bodies, sideband texts, transcript)."""
        heard, replies = self.folder / "heard.txt", self.folder / "replies.txt"
        heard.write_text("where is my order\n")
        replies.write_text('call:lookup {"order": 4712}\nIt comes on Monday.\n')
        webhooks = Webhooks()
        sim = self.sim("--webhook", webhooks.url, "--sip-udp", "127.0.0.1:0", "--heard", heard, "--replies", replies,
                       *options)
        phone = UdpPhone(sim.ready, "phone", self.port)
        try:
            phone.invite(f"X-Sim-Call: {name}\r\n" if name else "")
            event = webhooks.next("live.transport.incoming" if live else "realtime.call.incoming")[1]["data"]
            call_id = event["session_id" if live else "call_id"]
            path, body = (("live/sessions", ACCEPT_LIVE) if live else ("realtime/calls", ACCEPT))
            self.assertEqual(post(sim.ready, f"/v1/{path}/{call_id}/accept", body)[0], 200)
            sideband = RawSideband(sim.ready, call_id)
            phone.answered()
            (self.converse_live if live else self.converse)(phone, sideband)
            phone.hang_up()
            while sideband.next() is not None:
                pass
            story = json.loads(view(sim.ready, f"/_sim/calls/{call_id}")[1])
        finally:
            phone.close()
            webhooks.close()
            sim.end()
        (self.folder / "ready.json").unlink()
        bodies = [entry["body"] for entry in story["log"] if entry["kind"] == "webhook"]
        return bodies, sideband.texts, story["transcript"]

    def test_one_seed_tells_the_same_and_another_does_not(self):
        first, second = self.run_once("--seed", "7"), self.run_once("--seed", "7")
        self.assertEqual(len(first[0]), 2)
        self.assertEqual(first[0], second[0])
        self.assertEqual([json.loads(text)["type"] for text in first[1]], [json.loads(text)["type"] for text in second[1]])
        self.assertEqual(first[1], second[1])
        self.assertEqual(first[2], second[2])
        self.assertEqual([line["who"] for line in first[2]], ["model", "caller", "model"])
        other = self.run_once("--seed", "8", name="alice")
        self.assertFalse(set(first[0]) & set(other[0]))
        self.assertFalse(set(first[1]) & set(other[1]))
        self.assertNotEqual(first[2], other[2])

    def test_a_live_call_tells_the_same_but_for_the_sound(self):
        first, second = (self.run_once("--seed", "7", "--live-plain-rtp", live=True) for _ in range(2))
        types = [[json.loads(text)["type"] for text in run[1]] for run in (first, second)]
        self.assertEqual(types[0], types[1])
        for event_type in ("session.started", "session.input_transcript.delta", "session.delegation.created",
                           "session.commentary.appended", "session.closed"):
            self.assertIn(event_type, types[0])
        self.assertEqual(first, second)
        self.assertEqual([line["who"] for line in first[2]], ["model", "caller", "model"])


if __name__ == "__main__":
    main()
