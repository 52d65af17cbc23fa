"""Sound devices that need no sound system: files, nothing, and a loop of loudspeaker and microphone."""
import json

from support import EndToEndTest, main


class AudioCheckTest(EndToEndTest):
    def check(self, *arguments):
        code, output = self.offhook("audio-check", "--json", *arguments)
        self.assertEqual(code, 0, output)
        return json.loads(output)

    def test_a_loop_is_measured(self):
        figures = self.check("--mic", "loop", "--speaker", "loop")
        self.assertTrue(figures["sound_found"], figures)
        self.assertAlmostEqual(figures["round_trip_ms"], 50, delta=10)  # the timer's lateness
        self.assertAlmostEqual(figures["echo_gain_db"], -12, delta=0.2)
        self.assertGreater(figures["echo_dbfs"] - figures["echo_after_dbfs"], 20)
        self.assertEqual(figures["clipped_samples"], 0)
        self.assertTrue(figures["good"], figures)

    def test_a_muted_microphone_is_named(self):
        figures = self.check("--mic", "null", "--speaker", "null")
        self.assertFalse(figures["sound_found"])
        self.assertIsNone(figures["round_trip_ms"])
        self.assertEqual([advice["key"] for advice in figures["advice"]], ["no_sound"])

    def test_a_mistake_is_named_before_anything_is_played(self):
        code, output = self.offhook("audio-check", "--mic", "null", "--echo", "magic")
        self.assertEqual(code, 2, output)
        self.assertIn("magic", output)
        code, output = self.offhook("audio-check", "--mic", "file:/nonexistent.wav")
        self.assertEqual(code, 18, output)
        self.assertIn("/nonexistent.wav", output)


if __name__ == "__main__":
    main()
