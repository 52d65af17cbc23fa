"""House rules that no compiler checks. Prints file:line: what to do instead; exit 1 on findings.

    tools/tidy.py [--root FOLDER] [layers] [coroutines] [form]      (default: all three)

layers      which module may include which (tools/layers.txt), and which module alone may see a library
coroutines  co_await forms that g++ 12 compiles into crashes without a warning
form        header guards and the length of files
"""
import argparse
import bisect
import itertools
import pathlib
import re
import sys

FILE_LINES_MAX = 600

# A library's headers, and the modules that may include them: everybody else uses those modules.
LIBRARIES = [
    (re.compile(r"boost/beast\b"), {"net"}),
    (re.compile(r"re/|re(_\w+)?\.h$"), {"sip", "media"}),
    (re.compile(r"(opus|speex|flite|pulse|spandsp)/|(sndfile|spandsp)\.h"), {"audio"}),
    (re.compile(r"sqlite3\.h"), {"store"}),
    (re.compile(r"CLI/"), {"cli"}),
]

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(?P<mark>["<])(?P<path>[^">]+)[">]', re.MULTILINE)
NOT_CODE = re.compile(
    r'R"(?P<raw>[^()\\\s]{0,16})\(.*?\)(?P=raw)"'      # raw string
    r"|//[^\n]*|/\*.*?\*/"                             # comments
    r'|"(?:\\.|[^"\\\n])*"'                            # string
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",           # character, not the mark in 1'000
    re.DOTALL)
CONDITION = re.compile(r"\b(?P<word>if|while|switch|for)\b\s*(?:constexpr\s*)?\(")
AWAIT = re.compile(r"\bco_await\b")
LAMBDA = re.compile(r"(?<![\w\])])\[[^\[\]]*\]\s*(?:\(|\{|mutable\b|noexcept\b|->)")
BRACED = re.compile(r"[(,]\s*\{|\b[A-Z]\w*\s*(?:<[^<>;]*>\s*)?\{|\bstd::array\s*(?:<[^;{]*>\s*)?\{")
OPENING, CLOSING = "([{", ")]}"


class Source:
    """One file, with its comments and strings blanked out in `code` so that offsets still fit."""

    def __init__(self, path, root):
        self.path = path
        self.name = path.relative_to(root).as_posix()
        self.text = path.read_text(encoding="utf-8")
        self._line_starts = [0, *(m.end() for m in re.finditer("\n", self.text))]
        parts = path.relative_to(root).parts
        self.module = parts[1] if parts[0] == "src" and len(parts) > 2 else None

    @property
    def code(self):
        return NOT_CODE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), self.text)

    def line_of(self, offset):
        return bisect.bisect_right(self._line_starts, offset)


def closing_of(code, start):
    """Offset of the bracket that closes the one at `start`."""
    depth = 0
    for match in re.compile(r"[()\[\]{}]").finditer(code, start):
        depth += 1 if match[0] in OPENING else -1
        if depth == 0:
            return match.start()
    return len(code)


def statement_around(code, offset):
    """The statement that holds `offset`, from the last ; { or } before it to its ; or closing bracket."""
    begin = max(code.rfind(mark, 0, offset) for mark in ";{}") + 1
    end = offset
    while end < len(code) and code[end] not in ";)]}":
        end = closing_of(code, end) + 1 if code[end] in OPENING else end + 1
    return code[begin:offset], code[offset:end]


def tested_part(word, head):
    """What a loop or branch evaluates as its condition: not the init statement, nor a range."""
    parts = head.split(";")
    if word == "for":
        return "".join(parts[1:]) if len(parts) == 3 else ""
    return parts[-1]


def coroutine_findings(source):
    if "co_await" not in source.text:
        return
    code = source.code
    for match in CONDITION.finditer(code):
        opening = match.end() - 1
        if "co_await" in tested_part(match["word"], code[opening + 1:closing_of(code, opening)]):
            yield match.start(), f"co_await in the condition of {match['word']}: name the awaited value first"
    for match in AWAIT.finditer(code):
        before, awaited = statement_around(code, match.start())
        if "co_await" in awaited[len("co_await"):]:
            yield match.start(), "two co_await in one statement: name the first value"
        if "?" in before or "?" in awaited:
            yield match.start(), "co_await beside ?: - use if and else"
        if LAMBDA.search(awaited):
            yield match.start(), "lambda inside a co_await expression: name it first"
        if BRACED.search(awaited):
            yield match.start(), "braced value inside a co_await expression: name it first"


def layer_findings(source, layers):
    if source.module is None:
        return
    if source.module not in layers:
        yield 0, f"module {source.module} is not in tools/layers.txt: add what it may include"
        return
    for match in INCLUDE.finditer(source.text):
        path = match["path"]
        module = path.split("/")[0]
        if match["mark"] == '"' and module in layers and "/" in path and module not in layers[source.module]:
            yield match.start(), f"{source.module} may not include {module}: see tools/layers.txt"
        for headers, owners in LIBRARIES:
            if match["mark"] == "<" and headers.match(path) and source.module not in owners:
                yield match.start(), f"<{path}> belongs to {' and '.join(sorted(owners))}: use their interface"


def form_findings(source):
    if source.path.suffix == ".hpp" and not re.search(r"^#pragma once$", source.text, re.MULTILINE):
        yield 0, "header without #pragma once"
    lines = source.text.count("\n")
    if lines > FILE_LINES_MAX:
        yield len(source.text) - 1, f"{lines} lines, {FILE_LINES_MAX} are the limit: cut the file by duty"


def read_layers(table):
    """{module: modules it may include, itself among them}. A module that stands below is refused."""
    layers = {}
    for line in table.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        module, below = line.split(":")
        unknown = set(below.split()) - layers.keys()
        if unknown:
            sys.exit(f"{table}: {module} may include only what stands above it, not {', '.join(sorted(unknown))}")
        layers[module] = {module, *below.split()}
    return layers


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[1])
    parser.add_argument("rules", nargs="*", metavar="RULES")
    options = parser.parse_args(arguments)
    layers = read_layers(options.root / "tools" / "layers.txt")
    rules = {
        "layers": lambda source: layer_findings(source, layers),
        "coroutines": coroutine_findings,
        "form": form_findings,
    }
    chosen = options.rules or list(rules)
    if unknown := set(chosen) - rules.keys():
        parser.error(f"no such rules: {', '.join(sorted(unknown))}")
    files = findings = 0
    paths = itertools.chain.from_iterable((options.root / top).rglob("*.[ch]pp") for top in ("src", "modules", "tests", "bench"))
    for path in sorted(paths):
        source = Source(path, options.root)
        files += 1
        found = sorted(finding for rule in chosen for finding in rules[rule](source))
        findings += len(found)
        for offset, advice in found:
            print(f"{source.name}:{source.line_of(offset)}: {advice}")
    print(f"{' '.join(chosen)}: {files} files, {findings} findings")
    return 1 if findings or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
