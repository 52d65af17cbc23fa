"""The faults of the sim as its users meet them: the list, the manual, the command line."""
import pathlib
import re
import urllib.request
import json

from support import EndToEndTest, main

TESTS = pathlib.Path(__file__).parents[1]
MANUAL = TESTS.parent / "docs" / "sim.md"


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

    def test_the_manual_has_a_line_for_each_assumption_with_its_default(self):
        self.assertEqual(self.assumptions(), rows(section("Assumptions")))

    def assumptions(self):
        code, output = self.offhook("sim", "--assumptions")
        self.assertEqual(code, 0, output)
        lines = output.splitlines()
        self.assertEqual(len(lines) % 3, 0)
        listed = []
        for first, what, values in zip(lines[0::3], lines[1::3], lines[2::3]):
            name, default = first.split("=", 1)
            listed.append([f"`{name}`", default, what.strip(), values.strip().removeprefix("values: ")])
        return listed

    def test_each_report_and_each_unknown_has_what_it_says_and_where_it_is_tested(self):
        known = {row[0].strip("`") for row in rows(section("Faults")) + rows(section("Assumptions"))}
        self.assertEqual(len(known), len(rows(section("Faults"))) + len(rows(section("Assumptions"))))
        help_text = self.offhook("sim", "--help")[1]
        text = section("Where each report and each unknown is")
        table = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| ")]
        table = [row for row in table if row[0].strip() not in ("reported", "unknown")]
        self.assertGreater(len(table), 30)
        placed = set()
        for entry, here, tests in table:
            with self.subTest(entry.strip()):
                names = re.findall(r"`([^`]+)`", here)
                files = [next(TESTS.rglob(name)) for name in re.findall(r"`([^`]+)`", tests)]
                code = "".join(file.read_text() for file in files)
                for name in names:
                    if name.startswith("--"):
                        self.assertIn(name, help_text)
                    elif "." not in name:  # no event
                        self.assertIn(name, known)
                        self.assertIn(name, code)
                placed.update(names)
        assumptions = {row[0].strip("`") for row in rows(section("Assumptions"))}
        self.assertEqual(assumptions - placed, set(), "in no row")

    def test_each_fault_and_assumption_is_the_subject_of_a_test(self):
        titles = " ".join(re.findall(r'TEST_CASE\("([^"]*)"', "".join(file.read_text() for file in (TESTS / "sim").glob("*.cpp"))))
        for row in rows(section("Faults")) + rows(section("Assumptions")):
            name = row[0].strip("`")
            self.assertRegex(titles, rf"(?<![a-z-]){name}(?![a-z-])", name)

    def test_an_assumption_that_cannot_be_is_refused(self):
        for text, words in (("ringing=loud", "ringing must be never, at-once or after-accept"), ("colour=blue", "--assumptions")):
            code, output = self.offhook("sim", "--assume", text)
            self.assertEqual(code, 2, output)
            self.assertIn(words, output)

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
