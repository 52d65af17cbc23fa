#!/usr/bin/env python3
"""Makes model/telephone.map: the network that guesses wideband cepstra from those of the telephone.

cepstra_dump speaks the sentences of ../language (its patterns drawn anew), and others of words from
the model's dictionary that mean nothing but hold every sound, in flite's voices. Each is spoken a
little higher or lower, louder or quieter, so that there are more speakers than voices, and passes
mu-law or A-law. The network (telephone_band.hpp) learns to undo the telephone; one sentence in ten
is held out and tells how well it does. In the root of the checkout:

    scripts/build dev cepstra_dump
    /usr/bin/python3 modules/pocketsphinx/narrowband/train_map.py \\
      build/dev/modules/pocketsphinx/narrowband/cepstra_dump

The same command gives the same file, with the numpy of the same Debian (python3-numpy).
"""
import argparse
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE.parent / "model"
sys.path.insert(0, str(HERE.parent / "language"))
import build_model  # noqa: E402 (its folder must be known first)

VOICES = ["slt", "rms", "kal16"]
PLAYED_HZ = range(14_500, 17_501, 500)  # of speech of 16 kHz; below 13.6 kHz its top would be empty
LEVELS_DB = range(-15, 4, 3)
QUIET = 0.25  # of the frames of an utterance are its pauses, which teach nothing
HELD_OUT = 10  # one sentence in so many

CEPSTRA = 13
CONTEXT = 3  # frames on either side
HIDDEN = 64
RIDGE = 50.0
BATCH = 512
RATE = 2e-3


def sentences(count, seed):
    """What callers say, as build_model.py has it, and as many of any words; but nothing that the
    recogniser is tested with."""
    tested = (HERE.parents[2] / "tests" / "audio" / "recogniser_test.cpp").read_text()
    pick = random.Random(seed).choice
    written = (build_model.HERE / "sentences.txt").read_text().splitlines()
    patterns = [pattern for times, pattern in build_model.PATTERNS for _ in range(times)]
    words = sorted({line.split("(")[0].split()[0]
                    for line in (MODEL / "telephone.dict").read_text().splitlines()})
    found = {}
    while len(found) < count:
        kind = pick(["written", "pattern", "words", "words"])
        if kind == "written":
            text = pick(written)
        elif kind == "pattern":
            text = pick(patterns)(pick)
        else:
            text = " ".join(pick(words) for _ in range(pick(range(4, 9))))
        text = " ".join(text.split())
        if f'"{text}"' not in tested:
            found[text] = None
    return list(found)


def utterances(count, seed):
    """Lines for cepstra_dump: each sentence in every voice."""
    pick = random.Random(seed + 1).choice
    return [(voice, pick(["pcmu", "pcma"]), pick(PLAYED_HZ), pick(LEVELS_DB), sentence)
            for sentence in sentences(count, seed) for voice in VOICES]


def read_pairs(path):
    """(telephone, wideband) of each utterance, a row a frame."""
    data = path.read_bytes()
    pairs, at = [], 0
    while at < len(data):
        frames = int.from_bytes(data[at:at + 4], sys.byteorder)
        both = numpy.frombuffer(data, "f4", 2 * frames * CEPSTRA, at + 4)
        pairs.append(tuple(both.reshape(2, frames, CEPSTRA)))
        at += 4 + both.nbytes
    return pairs


def speak(dump, lines, map_file=None):
    """Has the lines spoken; with a map the telephone's cepstra come through it."""
    with tempfile.TemporaryDirectory() as folder:
        text, pairs = pathlib.Path(folder, "list"), pathlib.Path(folder, "pairs")
        text.write_text("".join(" ".join(map(str, line)) + "\n" for line in lines))
        command = [dump.resolve(), MODEL, text, pairs, *([map_file] if map_file else [])]
        if subprocess.run(command, check=False).returncode:
            sys.exit("train_map.py: cepstra_dump failed")
        return read_pairs(pairs)


def loud(telephone):
    return telephone[:, 0] > numpy.quantile(telephone[:, 0], QUIET)


def with_context(frames):
    """Each frame with its neighbours; the first and the last stand for those beyond."""
    at = numpy.arange(len(frames))[:, None] + numpy.arange(-CONTEXT, CONTEXT + 1)
    return frames[at.clip(0, len(frames) - 1)].reshape(len(frames), -1)


def least_squares(inputs, outputs, ridge):
    square = inputs.T @ inputs + ridge * numpy.eye(inputs.shape[1], dtype="f4")
    return numpy.linalg.solve(square, inputs.T @ outputs)


class Affine:
    """The best map without context and without a network, to compare with."""

    def __init__(self, pairs):
        inputs, outputs = (numpy.vstack(side) for side in zip(*pairs))
        self.matrix = least_squares(self.extended(inputs), outputs, 1.0)

    @staticmethod
    def extended(frames):
        return numpy.hstack([frames, numpy.ones((len(frames), 1), "f4")])

    def __call__(self, telephone):
        return self.extended(telephone) @ self.matrix


class Network:
    """As CepstraMap computes it: one hidden layer beside a linear path, on normalised cepstra."""

    def __init__(self, pairs, passes, seed):
        kept = [loud(telephone) for telephone, _ in pairs]
        inputs, outputs = (numpy.vstack(side) for side in zip(*pairs))
        self.input_mean, self.input_deviation = inputs.mean(0), inputs.std(0)
        self.output_mean, self.output_deviation = outputs.mean(0), outputs.std(0)
        known = numpy.vstack([self.seen(telephone)[keep]
                              for (telephone, _), keep in zip(pairs, kept)])
        wanted = ((outputs - self.output_mean) / self.output_deviation)[numpy.concatenate(kept)]
        generator = numpy.random.default_rng(seed)
        size = known.shape[1]
        self.hidden_weights = (generator.standard_normal((HIDDEN, size)) / size ** 0.5).astype("f4")
        self.hidden_bias = numpy.zeros(HIDDEN, "f4")
        self.output_weights = numpy.zeros((CEPSTRA, HIDDEN), "f4")
        self.output_bias = numpy.zeros(CEPSTRA, "f4")
        # The linear path starts as the best one, so that the rest has only its error to learn.
        self.direct_weights = least_squares(known, wanted, RIDGE).T.astype("f4")
        self.learn(known, wanted, passes, generator)

    def seen(self, telephone):
        return with_context((telephone - self.input_mean) / self.input_deviation)

    def forward(self, known):
        inner = numpy.tanh(known @ self.hidden_weights.T + self.hidden_bias)
        return inner, (inner @ self.output_weights.T + self.output_bias +
                       known @ self.direct_weights.T)

    def __call__(self, telephone):
        return self.forward(self.seen(telephone))[1] * self.output_deviation + self.output_mean

    def learn(self, known, wanted, passes, generator):
        """Adam on the squared error, with a rate that halves four times on the way."""
        weights = [self.hidden_weights, self.hidden_bias, self.output_weights, self.output_bias,
                   self.direct_weights]
        first = [numpy.zeros_like(each) for each in weights]
        second = [numpy.zeros_like(each) for each in weights]
        step = 0
        for number in range(passes):
            rate = RATE * 0.5 ** (4 * number / passes)
            order = generator.permutation(len(known))
            for start in range(0, len(order), BATCH):
                some = order[start:start + BATCH]
                step += 1
                slopes = self.slopes(known[some], wanted[some])
                for weight, slope, mean, square in zip(weights, slopes, first, second):
                    mean += 0.1 * (slope - mean)
                    square += 0.001 * (slope * slope - square)
                    weight -= (rate * mean / (1 - 0.9 ** step) /
                               (numpy.sqrt(square / (1 - 0.999 ** step)) + 1e-8))

    def slopes(self, known, wanted):
        inner, output = self.forward(known)
        error = (output - wanted) * (2 / len(known))
        behind = (error @ self.output_weights) * (1 - inner * inner)
        return [behind.T @ known, behind.sum(0), error.T @ inner, error.sum(0), error.T @ known]

    def write(self, path):
        lines = ["# Weights of the network in telephone_band.hpp, made by train_map.py: a line "
                 "each of name, count and the numbers."]
        for name in ("input_mean input_deviation output_mean output_deviation hidden_weights "
                     "hidden_bias output_weights output_bias direct_weights").split():
            numbers = getattr(self, name).ravel()
            lines.append(" ".join([name, str(len(numbers)), *(f"{each:.5g}" for each in numbers)]))
        path.write_text("\n".join(lines) + "\n")


def residual(pairs, function):
    """What is left of the difference to wideband, in standard deviations of wideband cepstra."""
    error = numpy.vstack([(function(telephone) - wideband)[loud(telephone)]
                          for telephone, wideband in pairs])
    whole = numpy.vstack([wideband[loud(telephone)] for telephone, wideband in pairs])
    return float(numpy.sqrt((error ** 2).mean(0) / whole.var(0)).mean())


def split(lines, pairs, left_out):
    """Pairs to learn from, and those held out by voice."""
    held_out = {sentence for i, sentence in enumerate(dict.fromkeys(line[-1] for line in lines))
                if i % HELD_OUT == 0}
    learnt = [pair for line, pair in zip(lines, pairs)
              if line[-1] not in held_out and line[0] != left_out]
    return learnt, {voice: [pair for line, pair in zip(lines, pairs)
                            if line[-1] in held_out and line[0] == voice] for voice in VOICES}


def options_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cepstra_dump", type=pathlib.Path)
    parser.add_argument("--output", type=pathlib.Path, default=MODEL / "telephone.map")
    parser.add_argument("--sentences", type=int, default=1_000)
    parser.add_argument("--passes", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leave-out", choices=VOICES, help="a voice that is not learnt from")
    return parser.parse_args(arguments)


def train(options):
    """Writes the network, prints what it is worth and returns it."""
    lines = utterances(options.sentences, options.seed)
    learnt, held_out = split(lines, speak(options.cepstra_dump, lines), options.leave_out)
    affine = Affine(learnt)
    network = Network(learnt, options.passes, options.seed)
    network.write(options.output)
    print(f"{len(learnt)} utterances, {sum(len(wideband) for _, wideband in learnt)} frames")
    print("residual on held-out sentences: no map, affine map, network")
    for voice, some in held_out.items():
        figures = [residual(some, function) for function in (lambda same: same, affine, network)]
        print(f"  {voice:6}" + "".join(f"{each:7.3f}" for each in figures) +
              ("  (not learnt from)" if voice == options.leave_out else ""))
    return network


if __name__ == "__main__":
    train(options_of(sys.argv[1:]))
