"""The faults of the sim as its users meet them: the list, the manual, the command line."""
import pathlib
import urllib.request
import json

from support import EndToEndTest, main

MANUAL = pathlib.Path(__file__).parents[2] / "docs" / "sim.md"


def section(title):
    """Text of one section of the manual, up to the next heading."""
    return MANUAL.read_text().split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(text):
    """Cells of the tables in a text, without the rows that head them."""
    found = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.splitlines() if line.startswith("|")]
    return [row for row in found if row[0].startswith("`")]


class Quirks(EndToEndTest):
    def test_the_manual_has_a_line_for_each_with_who_saw_it(self):
        code, output = self.offhook("sim", "--quirks")
        self.assertEqual(code, 0, output)
        lines = output.splitlines()
        self.assertEqual(len(lines) % 3, 0)
        self.assertGreater(len(lines), 60)
        listed = [[f"`{name}`", what.strip(), seen.strip().removeprefix("seen: ")]
                  for name, what, seen in zip(lines[0::3], lines[1::3], lines[2::3])]
        self.assertEqual(listed, rows(section("Faults")))

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
