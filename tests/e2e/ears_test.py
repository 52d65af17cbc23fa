"""The sim understands a caller: what a sound file asks is recognised, and answered by what was asked."""
import json

from support import OFFHOOK, EndToEndTest, free_port, main, wait_for

PERSONA = r"""
greeting: Hello.
rules:
  - hears: 'weather .*\bin (\w+)'
    say: You want the weather in $1.
otherwise: I did not understand.
"""


class Ears(EndToEndTest):
    def ask(self, question, *options, codec="PCMU"):
        """One call that asks; returns its transcript as [(who, text)]."""
        port = free_port()
        sim = self.sim("--webhook", f"http://127.0.0.1:{port}/webhook", *options)
        if "recogniser" not in sim.ready and "--no-ears" not in options:
            self.skipTest("no recogniser here (libpocketsphinx-dev, pocketsphinx-en-us)")
        summary = self.folder / "summary.json"
        target = sim.target(**{"--listen": f"127.0.0.1:{port}", "--audio": self.speak(question)})
        code, output = self.offhook("call", *target, "--codecs", codec, "--max-duration", "60",
                                    "--summary", summary, env=sim.env())
        self.assertEqual(code, 0, output)
        return [(line["who"], line["text"]) for line in json.loads(summary.read_text())["transcript"]]

    def persona(self):
        path = self.folder / "persona.yaml"
        path.write_text(PERSONA)
        return path

    def test_a_question_over_g711_is_answered_by_the_rule_that_fits_it(self):
        said = self.ask("What is the weather like in London tomorrow?", "--persona", self.persona())
        self.assertIn(("caller", "what is the weather like in london tomorrow"), said)
        self.assertIn(("model", "You want the weather in london."), said)

    def test_a_question_over_opus_is_answered_by_the_persona_of_our_own(self):
        said = self.ask("Can you tell me a joke please?", codec="opus")
        self.assertTrue(any(who == "caller" and "joke" in text for who, text in said), said)
        self.assertTrue(any(who == "model" and "packet" in text for who, text in said), said)

    def test_without_ears_the_words_are_not_known(self):
        said = self.ask("What is the weather like in London?", "--persona", self.persona(), "--no-ears")
        self.assertIn(("caller", "(speech)"), said)

    def test_the_start_tells_which_voice_speaks(self):
        ready = self.folder / "ready.json"
        sim = self.start(OFFHOOK, "sim", "--sip", "127.0.0.1:0", "--api", "127.0.0.1:0", "--certs", self.folder / "certs",
                         "--voice", "rms", "--ready-file", ready)
        wait_for(ready.exists, "the sim's ready file")
        voice = json.loads(ready.read_text()).get("voice")
        self.assertIn("  voice     " + (voice or "tones: this build has no flite"), sim.output())
        self.assertIn(voice, ("rms", None))

    def test_a_persona_with_a_mistake_is_refused_with_its_line(self):
        path = self.folder / "persona.yaml"
        path.write_text("greeting: Hello.\nrules:\n  - says: nothing\n")
        code, output = self.offhook("sim", "--persona", path)
        self.assertEqual(code, 2)
        self.assertIn("persona.yaml:3: rules: each needs hears", output)


if __name__ == "__main__":
    main()
