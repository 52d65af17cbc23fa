"""With one seed two runs of a conversation tell the same, byte for byte; with another they do not."""
import audioop
import json
import socket
import time
import wave

from support import EndToEndTest, free_port, main
from wire_support import Sideband, UdpPhone, Webhooks, post, view

ACCEPT = {"type": "realtime", "model": "gpt-realtime", "instructions": "Be brief.",
          "audio": {"input": {"transcription": {"model": "gpt-4o-mini-transcribe"}}},
          "tools": [{"type": "function", "name": "lookup", "parameters": {"type": "object"}}]}


class RawSideband(Sideband):
    """Keeps the text of every event."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.texts = []

    def until(self, event_type):
        while (frame := self.next_frame()) is not None:
            if frame[0] == 1:
                self.texts.append(frame[1])
                event = json.loads(frame[1])
                if event["type"] == event_type:
                    return event
        raise AssertionError(f"the socket ended before {event_type}")


class Seed(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.port = free_port(socket.SOCK_DGRAM)
        with wave.open(str(self.speak("Where is my order please?"))) as file:
            sound, rate = file.readframes(file.getnframes()), file.getframerate()
            sound = audioop.tomono(sound, 2, 1, 0) if file.getnchannels() == 2 else sound
        sound = audioop.ratecv(sound, 2, 1, rate, 8000, None)[0]
        self.question = audioop.lin2ulaw(sound, 2)

    def speak_turn(self, phone, sideband):
        """Says the question, and silence until the sim has heard it end."""
        sound = self.question + b"\xff" * 160 * 60
        begin = time.monotonic()
        for i in range(0, len(sound) - 159, 160):
            phone.say(sound[i:i + 160], i // 160, i)
            time.sleep(max(0, begin + (i // 160 + 1) * 0.02 - time.monotonic()))
        return sideband.until("input_audio_buffer.speech_stopped")

    def run_once(self, *options, name=""):
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
            call_id = webhooks.next()[1]["data"]["call_id"]
            self.assertEqual(post(sim.ready, f"/v1/realtime/calls/{call_id}/accept", ACCEPT)[0], 200)
            sideband = RawSideband(sim.ready, call_id)
            phone.answered()
            sideband.say({"type": "response.create", "response": {"instructions": 'Say "Good morning, what can I do for you?"'}})
            sideband.until("output_audio_buffer.stopped")
            self.speak_turn(phone, sideband)
            call = sideband.until("response.function_call_arguments.done")
            sideband.until("response.done")
            sideband.say({"type": "conversation.item.create",
                          "item": {"type": "function_call_output", "call_id": call["call_id"], "output": "Monday"}})
            sideband.say({"type": "response.create"})
            sideband.until("output_audio_buffer.stopped")
            phone.hang_up()
            while (frame := sideband.next_frame()) is not None:
                sideband.texts.append(frame[1])
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


if __name__ == "__main__":
    main()
