"""Sound devices that need no sound system: files, nothing, and a loop of loudspeaker and microphone."""
import json
import os
import pty
import re
import select
import subprocess

from support import OFFHOOK, EndToEndTest, main, wait_for


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


class LoopCallTest(EndToEndTest):
    """The microphone hears the loudspeaker: what a call does with a device, without one."""

    loop = ("--audio", "device", "--play", "device", "--mic", "loop", "--speaker", "loop")

    def test_the_summary_has_figures_of_the_device(self):
        call = self.call_sim(*self.loop, "--max-duration", 4)
        device = call.summary["device"]
        self.assertEqual(device["backend"], "null")
        self.assertIn(device["echo_canceller"], ("dual", "speex"))
        self.assertEqual(device["interruptions"], 0)
        for name in ("capture_gaps", "playback_gaps", "dropped", "capture_drift_ppm", "playback_drift_ppm",
                     "capture_delay_ms", "playback_delay_ms", "capture_burst_ms", "erle_db", "echo_delay_ms"):
            self.assertIn(name, device)
        mark = call.marks("audio", "device")[0]
        self.assertEqual({name: mark[name] for name in device}, device)

    def hears_itself(self, *arguments):
        """A call in which only the model talks. @return the call, and whether its words interrupted it."""
        say = "Say: This line is long, so that there is enough of it to come back by the microphone, and to be taken for a person. "
        call = self.call_sim(*self.loop, "--max-duration", 8, "--say", say, *arguments)
        self.assertTrue(call.received("output_audio_buffer.started"), call.output)
        return call, bool(call.received("input_audio_buffer.speech_started"))

    def test_the_model_interrupts_itself_without_echo_cancellation_and_not_with_it(self):
        call, interrupted = self.hears_itself("--echo", "off")
        self.assertTrue(interrupted, call.output)
        self.assertEqual(call.summary["device"]["echo_canceller"], "off")
        if "dual" not in self.offhook("call", "--help")[1]:
            self.skipTest("this build has no dual (libtgowt-dev): speex needs some seconds for its first 20 dB")
        call, interrupted = self.hears_itself("--echo", "dual")
        self.assertFalse(interrupted, call.output)
        self.assertGreater(call.summary["device"]["erle_db"], 20)
        self.assertEqual(call.summary["device"]["echo_canceller"], "dual")

    def test_without_a_device_there_are_no_figures(self):
        self.assertIsNone(self.call_sim("--max-duration", 1).summary["device"])

    def test_the_level_meter_moves_mutes_and_ends_with_the_call(self):
        master, terminal = pty.openpty()
        self.addCleanup(os.close, master)
        output = bytearray()

        def text():
            while select.select([master], [], [], 0)[0]:
                try:
                    output.extend(os.read(master, 65536))
                except OSError:  # the other side has closed
                    break
            return output.decode(errors="replace")

        command = [OFFHOOK, "call", "--sim", *self.loop, "--summary", str(self.folder / "summary.json")]
        process = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True)
        os.close(terminal)
        self.addCleanup(process.kill)
        wait_for(lambda: re.search(r"mic [#-]{20}  model #+", text()), "the meter to show the model")
        os.write(master, b"m")
        wait_for(lambda: "mic muted (m)" in text(), "the meter to show that the microphone is muted")
        os.write(master, b"q")
        wait_for(lambda: (text(), process.poll())[1] is not None, "the end of the call")
        self.assertEqual(process.returncode, 0, text())
        self.assertEqual(json.loads((self.folder / "summary.json").read_text())["result"], "hung_up_by_user")


class NoServerTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.env = {"PULSE_SERVER": f"unix:{self.folder}/none", "PIPEWIRE_RUNTIME_DIR": str(self.folder), "XDG_RUNTIME_DIR": str(self.folder),
                    "HOME": str(self.folder), "ALSA_CONFIG_PATH": "/dev/null"}  # the last: no sound card either

    def test_says_what_to_do(self):
        for command in (("devices", "--backend", "pulse"), ("devices", "--backend", "pipewire")):
            code, output = self.offhook(*command, env=self.env)
            self.assertIn(code, (2, 18), output)
            self.assertRegex(output, "--audio FILE or --audio null|this build has no")

    def test_the_call_does_not_begin(self):
        summary = self.folder / "summary.json"
        code, output = self.offhook("call", "--sim", "--audio", "device", "--play", "device", "--summary", summary, env=self.env)
        self.assertEqual(code, 18, output)
        self.assertRegex(output, "--audio FILE or --audio null|this build has no")
        self.assertNotIn("INVITE", output)
        self.assertEqual(json.loads(summary.read_text())["result"], "audio_failed")


if __name__ == "__main__":
    main()
