"""Each rule of tools/tidy.py fires on a bad snippet and stays quiet on a good one."""
import contextlib
import importlib.util
import io
import pathlib
import tempfile
import unittest

TIDY = pathlib.Path(__file__).resolve().parents[2] / "tools" / "tidy.py"
spec = importlib.util.spec_from_file_location("tidy", TIDY)
tidy = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tidy)

LAYERS = "# a comment\nbase:\nnet: base\naudio: base\nsip: base\ncall: sip net audio base\n"


class TidyTest(unittest.TestCase):
    def run_tidy(self, path, text, rule, layers=LAYERS):
        """Exit status and output of tidy over one file at `path`."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, content in (("tools/layers.txt", layers), (path, text)):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(content, encoding="utf-8")
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                status = tidy.main(["--root", str(root), rule])
            return status, output.getvalue()

    def assert_finding(self, path, text, rule, line, words):
        status, output = self.run_tidy(path, text, rule)
        self.assertEqual(status, 1, f"no finding in:\n{text}")
        self.assertIn(f"{path}:{line}: ", output)
        self.assertIn(words, output)

    def assert_clean(self, path, text, rule):
        status, output = self.run_tidy(path, text, rule)
        self.assertEqual(status, 0, f"{output}in:\n{text}")


class Layers(TidyTest):
    def test_a_module_may_include_itself_and_what_stands_in_its_row(self):
        self.assert_clean("src/call/a.cpp", '#include "call/a.hpp"\n#include "sip/b.hpp"\n', "layers")

    def test_a_module_may_not_include_what_stands_above_it(self):
        self.assert_finding("src/sip/a.cpp", '\n#include "call/a.hpp"\n', "layers", 2, "sip may not include call")

    def test_a_nested_folder_belongs_to_its_module(self):
        self.assert_finding("src/audio/device/a.hpp", '#include "net/url.hpp"\n', "layers", 1, "audio may not include net")
        self.assert_clean("src/audio/device/a.hpp", '#include "audio/frame.hpp"\n', "layers")

    def test_a_folder_that_is_not_in_the_table_is_refused(self):
        self.assert_finding("src/store/a.cpp", "int x;\n", "layers", 1, "not in tools/layers.txt")

    def test_a_row_may_name_only_rows_above_it(self):
        with self.assertRaises(SystemExit) as refusal:
            self.run_tidy("src/base/a.cpp", "", "layers", layers="base: net\nnet: base\n")
        self.assertIn("base may include only what stands above it, not net", str(refusal.exception))

    def test_beast_belongs_to_net(self):
        self.assert_finding("src/call/a.cpp", "#include <boost/beast/http.hpp>\n", "layers", 1, "belongs to net")
        self.assert_clean("src/net/a.cpp", "#include <boost/beast/http.hpp>\n", "layers")

    def test_libre_belongs_to_sip_and_media(self):
        self.assert_finding("src/call/a.cpp", "#include <re.h>\n", "layers", 1, "belongs to media and sip")
        self.assert_finding("src/net/a.cpp", "# include <re/re_types.h>\n", "layers", 1, "belongs to media and sip")
        self.assert_clean("src/sip/a.cpp", "#include <re.h>\n", "layers")
        self.assert_clean("src/call/a.cpp", "#include <regex>\n#include <regex.h>\n", "layers")

    def test_codecs_belong_to_audio(self):
        self.assert_finding("src/call/a.cpp", "#include <opus/opus.h>\n", "layers", 1, "belongs to audio")
        self.assert_clean("src/audio/a.cpp", "#include <opus/opus.h>\n#include <sndfile.h>\n", "layers")


class Coroutines(TidyTest):
    def assert_bad(self, statement, words):
        text = f"awaitable<void> f() {{\n  {statement}\n}}\n"
        self.assert_finding("src/net/a.cpp", text, "coroutines", 2, words)

    def assert_good(self, statement):
        self.assert_clean("src/net/a.cpp", f"awaitable<void> f() {{\n  {statement}\n}}\n", "coroutines")

    def test_no_co_await_in_a_condition(self):
        for statement in ("if (co_await ready()) { go(); }",
                          "if (a && co_await b()) { go(); }",
                          "if (auto x = co_await ready()) { go(); }",
                          "if (int i = 0; co_await ready(i)) { go(); }",
                          "while (!co_await ready()) { go(); }",
                          "do { go(); } while (co_await more());",
                          "for (int i = 0; co_await more(i); ++i) { go(); }",
                          "switch (co_await kind()) { default: break; }",
                          "if (a &&\n      co_await b()) { go(); }"):
            self.assert_bad(statement, "condition")

    def test_a_named_value_may_be_tested(self):
        for statement in ("const auto ok = co_await ready(); if (ok) { go(); }",
                          "if (const auto ok = co_await ready(); ok) { go(); }",
                          "for (auto& item : co_await items()) { go(item); }",
                          "while (true) { const auto x = co_await next(); go(x); }",
                          "if (ready) { co_await go(); }"):
            self.assert_good(statement)

    def test_no_co_await_beside_a_conditional_expression(self):
        self.assert_bad("const auto s = x ? co_await f() : std::string{};", "?:")
        self.assert_bad("co_await f(x ? 1 : 2);", "?:")
        self.assert_good('const auto s = x ? 1 : 2; co_await f(s, "why?"); // really?')

    def test_no_lambda_in_a_co_await_expression(self):
        self.assert_bad("co_await call([x] { return x; });", "lambda")
        self.assert_bad("co_await call([] { return 1; });", "lambda")
        self.assert_bad("co_await co_spawn(ex,\n      [&]() -> awaitable<void> { co_return; }, token);", "lambda")
        self.assert_good("auto work = [x] { return x; }; co_await call(std::move(work));")
        self.assert_good("co_await send(parts[0], names[i](1));")

    def test_no_braced_value_in_a_co_await_expression(self):
        for statement in ("co_await connect({.host = h, .port = p});",
                          "co_await connect(Endpoint{h, p});",
                          "co_await connect(net::Endpoint{\n      h, p});",
                          "co_await Connector{}.connect();",
                          "co_await send(a, {1, 2});",
                          "co_await send(std::array<std::string, 2>{a, b});"):
            self.assert_bad(statement, "braced value")

    def test_values_with_constructors_may_stay_in_the_expression(self):
        for statement in ('Endpoint to{h, p}; co_await connect(to);',
                          'co_await send(std::string{"{"}, std::chrono::seconds{5});',
                          "co_await wait(1'000, '{', Clock::now());"):
            self.assert_good(statement)

    def test_one_co_await_in_a_statement(self):
        self.assert_bad("go(co_await a(), co_await b());", "two co_await")
        self.assert_good("const auto x = co_await a(); const auto y = co_await b(); go(x, y);")

    def test_comments_and_strings_are_no_code(self):
        self.assert_good("// if (co_await ready()) {\n  /* co_await f({1}) */ go(\"co_await x ? y : z\");")
        self.assert_good('go(R"(if (co_await x) { co_await f({}); })");')


class Form(TidyTest):
    def test_a_header_says_pragma_once(self):
        self.assert_finding("src/net/a.hpp", "#ifndef A\n#define A\n#endif\n", "form", 1, "#pragma once")
        self.assert_clean("src/net/a.hpp", "#pragma once\n", "form")
        self.assert_clean("src/net/a.cpp", "int x;\n", "form")

    def test_a_file_has_at_most_600_lines(self):
        self.assert_clean("tests/net/a_test.cpp", "//\n" * 600, "form")
        self.assert_finding("tests/net/a_test.cpp", "//\n" * 601, "form", 601, "600 are the limit")


class CommandLine(TidyTest):
    def test_an_empty_tree_is_a_failure_and_not_a_success(self):
        status, output = self.run_tidy("README.md", "", "form")
        self.assertEqual(status, 1)
        self.assertIn("0 files", output)

    def test_a_rule_that_does_not_exist_is_refused(self):
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
            self.run_tidy("src/net/a.cpp", "", "layer")


if __name__ == "__main__":
    unittest.main()
