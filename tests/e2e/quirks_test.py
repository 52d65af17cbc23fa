"""The faults of the sim as its users meet them: the list, the manual, the command line."""
import pathlib
import urllib.request
import json

from support import EndToEndTest, main

MANUAL = pathlib.Path(__file__).parents[2] / "docs" / "sim.md"


class Quirks(EndToEndTest):
    def test_the_manual_has_a_line_for_each_with_who_saw_it(self):
        code, output = self.offhook("sim", "--quirks")
        self.assertEqual(code, 0, output)
        lines = output.splitlines()
        manual = MANUAL.read_text()
        self.assertEqual(len(lines) % 3, 0)
        self.assertGreater(len(lines), 60)
        for name, what, seen in zip(lines[0::3], lines[1::3], lines[2::3]):
            row = f"| `{name}` | {what.strip()} | {seen.strip().removeprefix('seen: ')} |"
            self.assertIn(row, manual)

    def test_a_view_without_key_and_a_probability_on_the_command_line(self):
        sim = self.sim("--quirk", "loss:0.5", "--quirk", "slow")
        port = sim.ready["api_port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_sim", timeout=60) as answer:
            view = json.load(answer)
        self.assertEqual(view["calls"], [])
        self.assertEqual(view["deliveries"], [])

    def test_a_probability_that_is_none_is_refused(self):
        code, output = self.offhook("sim", "--quirk", "loss:often")
        self.assertEqual(code, 2, output)
        self.assertIn("0 to 1", output)


if __name__ == "__main__":
    main()
