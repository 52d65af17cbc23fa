"""The first thing a newcomer runs: `offhook demo`."""
import json

from support import EndToEndTest, main, read_jsonl

CALLER = ["Good morning, can you tell me where my order is?", "Wait, Thursday is too late for me.",
          "Perfect, thank you and goodbye."]


class Demo(EndToEndTest):
    def run_demo(self, *arguments):
        (self.folder / "sim").mkdir()
        code, output = self.offhook("demo", "--folder", self.folder / "demo", "--sim-record", self.folder / "sim", *arguments)
        self.assertEqual(code, 0, output)
        summary = json.loads((self.folder / "demo/summary.json").read_text())
        return output, summary

    def check_conversation(self, output, summary):
        said = [line["text"] for line in summary["transcript"] if line["who"] == "caller"]
        self.assertEqual(said, CALLER)
        answers = [line for line in summary["transcript"] if line["who"] == "model"]
        self.assertEqual(len(answers), 4, answers)
        self.assertIn("Hello!", answers[0]["text"])
        self.assertIn("Goodbye!", answers[3]["text"])
        self.assertEqual([line["interrupted"] for line in answers], [False, True, False, False])
        self.assertEqual(summary["result"], "hung_up_by_user")
        for line in said:
            self.assertIn(line, output)

    def check_interruption(self):
        events = [e["event"] for e in read_jsonl(self.folder / "demo/events.jsonl") if e["direction"] == "received"]
        cleared = [i for i, e in enumerate(events) if e["type"] == "output_audio_buffer.cleared"]
        self.assertEqual(len(cleared), 1, "the second line interrupts exactly one answer")
        self.assertIn("conversation.item.truncated", [e["type"] for e in events[cleared[0]:]])

    def check_recording(self, least):
        """Both sides are audible, and what was received is what the other end had sent."""
        ours = self.folder / "demo/recording.wav"
        theirs = next((self.folder / "sim").glob("*.wav"))
        results = []
        for channel in ("0", "1"):  # left caller, right model, in both
            one = self.compare(ours, theirs, "--channel", channel, "--reference-channel", channel)
            self.assertGreater(one["rms_dbfs_ref"], -40, one)
            self.assertGreaterEqual(one["mel_similarity"], least, one)
            results.append(one)
        caller = self.compare(self.speak(CALLER[0].replace(",", "").replace("?", "")), ours, "--channel", "0")
        self.assertGreaterEqual(caller["mel_similarity"], 0.9, caller)
        model = self.compare(self.speak("This is the off hook demo.", "model.wav", "slt"), ours, "--channel", "1")
        self.assertGreaterEqual(model["mel_similarity"], 0.9, model)
        return results

    def test_over_opus(self):
        output, summary = self.run_demo()
        self.check_conversation(output, summary)
        self.check_interruption()
        self.assertEqual(summary["codec"], "opus")
        self.assertEqual(summary["srtp"], "AES_CM_128_HMAC_SHA1_80")
        self.check_recording(0.9)
        self.assertNotIn("sk-sim", output)
        self.assertNotIn("whsec_", output)

    def test_over_pcmu_is_the_very_waveform(self):
        output, summary = self.run_demo("--codecs", "PCMU")
        self.check_conversation(output, summary)
        self.assertEqual(summary["codec"], "PCMU")
        for side in self.check_recording(0.95):
            self.assertGreaterEqual(side["correlation"], 0.9, side)

    def test_in_a_folder_that_cannot_be_written(self):
        (self.folder / "file").write_text("")
        code, output = self.offhook("demo", "--folder", self.folder / "file" / "demo")
        self.assertEqual(code, 2, output)
        self.assertIn("file/demo", output)


if __name__ == "__main__":
    main()
