"""pocketsphinx/narrowband/train_map.py: from sentences to a map that the recogniser reads."""
import contextlib
import importlib.util
import io
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRAIN_MAP = ROOT / "modules" / "pocketsphinx" / "narrowband" / "train_map.py"
MODEL = ROOT / "modules" / "pocketsphinx" / "model"
DEBIAN_PYTHON = "/usr/bin/python3"  # which has python3-numpy where another python may come first
SKIPPED = 77


def skip(why):
    print(f"narrowband_test: skipped: {why}")
    sys.exit(SKIPPED)


if "OFFHOOK_CEPSTRA_DUMP" not in os.environ:
    skip("cepstra_dump was not built: it needs libpocketsphinx-dev and flite1-dev")
if not pathlib.Path("/usr/share/pocketsphinx/model/en-us/en-us").is_dir():
    skip("pocketsphinx-en-us is not installed")
if importlib.util.find_spec("numpy") is None:
    here = os.path.realpath(sys.executable) == os.path.realpath(DEBIAN_PYTHON)
    if here or not os.path.exists(DEBIAN_PYTHON) or subprocess.run(
            [DEBIAN_PYTHON, "-c", "import numpy"], stderr=subprocess.DEVNULL, check=False).returncode:
        skip("python3-numpy is not installed")
    os.execv(DEBIAN_PYTHON, [DEBIAN_PYTHON, *sys.argv])

import numpy  # noqa: E402 (only after it is known to be there)

spec = importlib.util.spec_from_file_location("train_map", TRAIN_MAP)
train_map = importlib.util.module_from_spec(spec)
spec.loader.exec_module(train_map)

DUMP = pathlib.Path(os.environ["OFFHOOK_CEPSTRA_DUMP"])
UNHEARD = [(voice, "pcmu", 16_000, 0, sentence)
           for voice in train_map.VOICES
           for sentence in ("where does the yellow ship go", "my father bought three chairs")]


class TrainMapTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.map = pathlib.Path(folder.name) / "telephone.map"
        cls.arguments = [str(DUMP), "--sentences", "30", "--passes", "4"]
        with contextlib.redirect_stdout(io.StringIO()) as output:
            cls.network = train_map.train(
                train_map.options_of([*cls.arguments, "--output", str(cls.map)]))
        cls.output = output.getvalue()
        cls.pairs = train_map.speak(DUMP, UNHEARD)

    def mapped(self, map_file):
        """The unheard sentences after the recogniser's own code has mapped them."""
        pairs = train_map.speak(DUMP, UNHEARD, map_file)
        for (_, before), (_, after) in zip(self.pairs, pairs):
            numpy.testing.assert_array_equal(before, after, "flite spoke another way")
        return pairs

    def assert_nearer(self, pairs):
        def same(frames):
            return frames
        # Whoever guesses the mean of all speech is as far from it as the telephone is.
        self.assertLess(train_map.residual(pairs, same),
                        0.65 * train_map.residual(self.pairs, same))

    def test_the_recogniser_computes_with_the_file_what_was_trained(self):
        for (telephone, _), (mapped, _) in zip(self.pairs, self.mapped(self.map)):
            self.assertGreater(len(telephone), 100)
            numpy.testing.assert_allclose(mapped, self.network(telephone), rtol=0, atol=0.05)

    def test_unheard_sentences_come_nearer_to_wideband(self):
        self.assert_nearer(self.mapped(self.map))

    def test_so_they_do_by_the_model_of_the_module(self):
        self.assert_nearer(self.mapped(MODEL / "telephone.map"))

    def test_the_held_out_sentences_say_what_it_is_worth(self):
        rows = re.findall(r"^  (\w+) +([\d.]+) +([\d.]+) +([\d.]+)$", self.output, re.MULTILINE)
        self.assertEqual([row[0] for row in rows], train_map.VOICES)
        for voice, *figures in rows:
            no_map, affine, network = map(float, figures)
            self.assertLess(affine, no_map, voice)
            self.assertLess(network, affine, voice)

    def test_both_sides_of_a_pair_are_alike_in_time(self):
        for telephone, wideband in self.pairs:
            likeness = [numpy.corrcoef(telephone[5:-5, 1],
                                       wideband[5 + lag:len(wideband) - 5 + lag, 1])[0, 1]
                        for lag in range(-3, 4)]
            self.assertEqual(numpy.argmax(likeness), 3, likeness)

    def test_a_file_that_is_cut_short_is_refused(self):
        cut = self.map.with_name("cut.map")
        cut.write_text(self.map.read_text()[:-200])
        refusal = subprocess.run([DUMP, MODEL, os.devnull, os.devnull, cut], capture_output=True,
                                 text=True, check=False)
        self.assertEqual(refusal.returncode, 1)
        self.assertIn("cannot be read", refusal.stderr)

    def test_nothing_is_learnt_that_the_recogniser_is_tested_with(self):
        tested = re.findall(r'^    "([a-z ]+)",$',
                            (ROOT / "tests" / "audio" / "recogniser_test.cpp").read_text(),
                            re.MULTILINE)
        self.assertGreater(len(tested), 5)
        options = train_map.options_of([str(DUMP)])
        learnt = train_map.sentences(options.sentences, options.seed)
        self.assertFalse(set(tested) & set(learnt))
        self.assertFalse({sentence for *_, sentence in UNHEARD} & set(learnt))


if __name__ == "__main__":
    unittest.main()
