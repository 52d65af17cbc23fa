#!/usr/bin/env python3
"""Makes the small language model of the sim's recogniser: model/telephone.{arpa,dict}.

A trigram model (Witten-Bell) of what callers say on the telephone (sentences.txt and the patterns
below), mixed with the most frequent single words of general English. Words, their pronunciations
and their general frequencies come from Debian's pocketsphinx-en-us.

    build_model.py [OUTPUT_FOLDER]
"""
import collections
import math
import pathlib
import random
import re
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
ENGLISH = pathlib.Path("/usr/share/pocketsphinx/model/en-us")
GENERAL_WORDS = 3_000
OWN_WEIGHT = 0.7  # of our own sentences against general English
FLOOR = 1e-7

DIGITS = "zero one two three four five six seven eight nine oh".split()
NUMBERS = ("ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty "
           "thirty forty fifty sixty hundred").split()
DAYS = "monday tuesday wednesday thursday friday saturday sunday today tomorrow".split()
CITIES = ("london,paris,berlin,rome,madrid,dublin,vienna,boston,chicago,new york,san francisco,"
          "tokyo,sydney,moscow,amsterdam").split(",")
NAMES = "john mary peter paul anna david susan robert michael sarah thomas james".split()
ROOMS = ["in the kitchen", "in the bedroom", "in the living room", "in the bathroom", ""]


def digits(pick):
    return " ".join(pick(DIGITS) for _ in range(pick(range(3, 10))))


# How often each pattern stands in the text, and what it makes.
PATTERNS = [
    (60, lambda p: f"my {p(['', 'order', 'account', 'phone'])} number is {digits(p)}"),
    (60, lambda p: f"{p(['it is', 'the number is', '', ''])} {digits(p)}"),
    (40, lambda p: f"what is {p(DIGITS + NUMBERS)} {p(['plus', 'minus', 'times', 'divided by'])} "
                   f"{p(DIGITS + NUMBERS)}"),
    (40, lambda p: f"what is the weather {p(['', 'like'])} in {p(CITIES)} {p(['', p(DAYS)])}"),
    (25, lambda p: f"book a flight to {p(CITIES)} {p(['on', 'next', ''])} {p(DAYS)}"),
    (25, lambda p: f"{p(['make', 'cancel', 'change'])} {p(['an', 'my', 'the'])} appointment "
                   f"{p(['on', 'for'])} {p(DAYS)} "
                   f"{p(['', 'at ' + p(DIGITS[1:] + NUMBERS[:3]) + p(['', oclock()])])}"),
    (15, lambda p: f"set a timer for {p(DIGITS[1:] + NUMBERS)} {p(['minutes', 'seconds', 'hours'])}"),
    (15, lambda p: f"when {p(['are you open', 'do you close'])} on {p(DAYS)}"),
    (20, lambda p: f"turn {p(['on', 'off'])} the "
                   f"{p(['light', 'lights', 'radio', 'heating', 'television'])} {p(ROOMS)}"),
    (20, lambda p: f"my name is {p(NAMES)}"),
    (10, lambda p: f"a table for {p(DIGITS[1:])} {p(['people', ''])} at {p(DIGITS[1:])} "
                   f"{p(['pm', 'tonight', ''])}"),
]


def oclock():
    return " o'clock"


def sentences():
    pick = random.Random(7).choice
    written = (HERE / "sentences.txt").read_text().splitlines()
    made = [pattern(pick) for count, pattern in PATTERNS for _ in range(count)]
    return [line.split() for line in written * 3 + made if line.strip()]


def pronunciations():
    spoken = collections.defaultdict(list)
    for line in (ENGLISH / "cmudict-en-us.dict").read_text().splitlines():
        word, phones = line.split(" ", 1)
        spoken[re.sub(r"\(\d+\)$", "", word)].append(phones)
    return spoken


def general_frequencies(spoken):
    """Probabilities of the most frequent words, from the unigrams of the general model.

    Its file: "Trie Language Model", the order (1 byte), that many counts, a 16 bit quantiser with
    three tables of floats, then (log p, back-off, index) per word, with logarithms to the base
    1.0001; at the end the length of the words and the words themselves."""
    data = (ENGLISH / "en-us.lm.bin").read_bytes()
    magic = b"Trie Language Model"
    if not data.startswith(magic) or data[len(magic)] != 3:
        sys.exit("build_model.py: en-us.lm.bin has another form than that of Debian 12")
    count = struct.unpack_from("<I", data, len(magic) + 1)[0]
    first = len(magic) + 1 + 3 * 4 + 4 + 3 * 65_536 * 4
    words = data.rstrip(b"\0").split(b"\0")[-count:]
    words[0] = words[0][-words[0][::-1].index(b"'") - 1:]  # the length stands before the first
    frequency = {}
    for i, word in enumerate(words):
        text = word.decode()
        usable = re.fullmatch(r"[a-z][a-z']*", text) and text in spoken
        if usable and (len(text) > 1 or text in "ai"):
            frequency[text] = 1.0001 ** struct.unpack_from("<f", data, first + 12 * i)[0]
    best = sorted(frequency, key=lambda word: (-frequency[word], word))[:GENERAL_WORDS]
    whole = sum(frequency[word] for word in best)
    return {word: frequency[word] / whole for word in best}


class Model:
    """Witten-Bell trigrams over the sentences, backed by a mix of both unigram models."""

    def __init__(self, lines, general):
        ones = collections.Counter()
        self.twos = collections.defaultdict(collections.Counter)
        self.threes = collections.defaultdict(collections.Counter)
        for line in lines:
            words = ["<s>", *line, "</s>"]
            for i in range(1, len(words)):
                ones[words[i]] += 1
                self.twos[words[i - 1]][words[i]] += 1
                if i > 1:
                    self.threes[words[i - 2], words[i - 1]][words[i]] += 1
        total = sum(ones.values())
        mixed = {word: max(FLOOR, OWN_WEIGHT * ones[word] / total +
                           (1 - OWN_WEIGHT) * general.get(word, 0))
                 for word in set(ones) | set(general)}
        whole = sum(mixed.values())
        self.p1 = {word: p / whole for word, p in mixed.items()}

    @staticmethod
    def smooth(counts, word, shorter):
        if not counts:
            return shorter
        return (counts[word] + len(counts) * shorter) / (counts.total() + len(counts))

    def p2(self, before, word):
        return self.smooth(self.twos.get(before), word, self.p1[word])

    def p3(self, before, word):
        return self.smooth(self.threes.get(before), word, self.p2(before[1], word))

    @staticmethod
    def back_off(counts, longer, shorter):
        if not counts:
            return 1.0
        left = 1 - sum(longer(word) for word in counts)
        free = 1 - sum(shorter(word) for word in counts)
        return max(1e-6, left) / max(FLOOR, free)

    def back_off2(self, before):
        return self.back_off(self.twos.get(before), lambda w: self.p2(before, w), self.p1.get)

    def back_off3(self, before):
        return self.back_off(self.threes.get(before), lambda w: self.p3(before, w),
                             lambda w: self.p2(before[1], w))

    def write(self, path):
        def log(p):
            return f"{math.log10(max(p, 1e-9)):.4f}"
        ones = sorted([*self.p1, "<s>"])
        twos = [(a, b) for a in sorted(self.twos) for b in sorted(self.twos[a])]
        threes = [(a, b) for a in sorted(self.threes) for b in sorted(self.threes[a])]
        out = ["\\data\\", f"ngram 1={len(ones)}", f"ngram 2={len(twos)}",
               f"ngram 3={len(threes)}", "", "\\1-grams:"]
        out += [f"{'-99' if w == '<s>' else log(self.p1[w])} {w} {log(self.back_off2(w))}"
                for w in ones]
        out += ["", "\\2-grams:"]
        out += [f"{log(self.p2(a, b))} {a} {b} {log(self.back_off3((a, b)))}" for a, b in twos]
        out += ["", "\\3-grams:"]
        out += [f"{log(self.p3(a, b))} {a[0]} {a[1]} {b}" for a, b in threes]
        path.write_text("\n".join([*out, "", "\\end\\", ""]))


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parent / "model")
    spoken = pronunciations()
    lines = sentences()
    missing = sorted({word for line in lines for word in line if word not in spoken})
    if missing:
        sys.exit("build_model.py: no pronunciation for: " + " ".join(missing))
    model = Model(lines, general_frequencies(spoken))
    model.write(folder / "telephone.arpa")
    entries = [word + (f"({i + 1})" if i else "") + " " + phones
               for word in sorted(model.p1) if word != "</s>"
               for i, phones in enumerate(spoken[word])]
    (folder / "telephone.dict").write_text("\n".join(entries) + "\n")
    print(f"{len(model.p1)} words, {len(lines)} sentences")


if __name__ == "__main__":
    main()
