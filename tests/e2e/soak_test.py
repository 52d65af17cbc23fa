"""Many calls at once, with tools, with and without faults; and many short ones, that leave nothing behind.

Small numbers by default. OFFHOOK_SOAK_CALLS and OFFHOOK_SOAK_SHORT_CALLS set others, OFFHOOK_SOAK_FAULTS names more faults
to do it with, one after the other, OFFHOOK_SOAK_SEED a number that the faults come from, and OFFHOOK_SOAK_REPORT a file that
what was measured is added to."""
import collections
import json
import os
import pathlib
import time

from serve_support import ServeTest, SetClock, SmallDisk
from support import DEADLINE_S, main, wait_for

CALLS = int(os.environ.get("OFFHOOK_SOAK_CALLS", "4"))
SHORT_CALLS = int(os.environ.get("OFFHOOK_SOAK_SHORT_CALLS", "40"))
PARTS = 4 if SHORT_CALLS < 1_000 else 20
AT_ONCE = int(os.environ.get("OFFHOOK_SOAK_AT_ONCE", "8"))
REPORT = os.environ.get("OFFHOOK_SOAK_REPORT")
SEED = os.environ.get("OFFHOOK_SOAK_SEED")
FAULTS = os.environ.get("OFFHOOK_SOAK_FAULTS", "").split()
PATIENCE_S = DEADLINE_S + 3 * CALLS
SENT = 3
DISK_KB = 65_536
DAY_S = 86_400
BREAK_SIDEBANDS = {"sideband-drop", "broken-frame", "giant-frame"}  # of every call

HELLO, WHERE, THURSDAY = "Hello, this is the shop.", "Where is my order?", "It comes on Thursday."
THANKS, GOODBYE = "Thank you.", "goodbye in one short sentence."
CONVERSATION = [("model", HELLO), ("caller", WHERE), ("model", THURSDAY), ("caller", THANKS), ("model", GOODBYE)]


def resources(process):
    """(file descriptors, resident memory in kB, seconds of CPU) of one of ours."""
    folder = pathlib.Path(f"/proc/{process.process.pid}")
    fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
    cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    resident_kb = int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024
    return len(os.listdir(folder / "fd")), resident_kb, cpu_s


def slope(values):
    """Of the straight line that fits best, for each step of the index."""
    mean_x, mean_y = (len(values) - 1) / 2, sum(values) / len(values)
    return (sum((x - mean_x) * (y - mean_y) for x, y in enumerate(values)) /
            sum((x - mean_x) ** 2 for x in range(len(values))))


class SoakTest(ServeTest):
    def begin(self, opening, quirks, replies, tool="/ok", options="    timeout: 60s\n", journal="", **how):
        """@param tool  What it does: see ToolServer. @param options  Of it, in the agent file."""
        self.tools = self.tool_server()
        more = [part for quirk in quirks for part in ("--quirk", quirk)] + (["--seed", SEED] if SEED else [])
        heard = self.replies(WHERE, THANKS, name="heard")
        self.sim_process = self.sim_with_webhook("--replies", self.replies(*replies), "--heard", heard,
                                                 "--accept-deadline", "60", *more)
        return self.serve(self.agent_file(self.sim_process, "tools:\n" + self.http_tool(self.tools.url + tool, options) + journal, agents=f"""  support:
    model: gpt-realtime-2.1
    transcription: gpt-4o-mini-transcribe
    opening: |
      Say '{opening}'
    tools: [find_order, hang_up]
"""), **how)

    def report(self, what, **numbers):
        if REPORT:
            with open(REPORT, "a") as file:
                file.write(json.dumps({"what": what, **numbers}) + "\n")


class ManyAtOnce(SoakTest):
    def converse(self, *quirks, meanwhile=lambda serve: None, **options):
        """Every caller asks twice and is answered from a tool; then the agent says goodbye and hangs up.
        @param meanwhile  What happens when all calls are live."""
        serve = self.begin(HELLO, quirks, ['call:find_order {"order": 17}', THURSDAY, "call:hang_up {}"], **options)
        # The greeting comes when an accept is known to have been heard.
        first_ms = (20_000 if "lost-answer" in quirks else 6_000) + 60 * CALLS
        callers = self.callers(self.sim_process, "--calls", CALLS, "--at-once", CALLS, "--stagger", "100", "--first-after", first_ms,
                               "--every", "9000", "--speak", "where is my order", "--speak", "thank you very much")
        most = [0, 0]
        began = time.monotonic()
        wait_for(lambda: len(serve.calls("live")) == CALLS, "all calls to be live at once", PATIENCE_S)
        meanwhile(serve)

        def over():
            fds, resident_kb, _ = resources(serve)
            most[0], most[1] = max(most[0], fds), max(most[1], resident_kb)
            return callers.process.poll() is not None

        wait_for(over, "the end of the calls", PATIENCE_S)
        self.assertEqual(json.loads(callers.output()), {"answered": CALLS, "ended_by_us": 0, "ended_by_peer": CALLS,
                                                        "without_sound": 0, "failed": {}}, callers.output())
        wait_for(lambda: not serve.calls("live"), "all endings")
        self.report("many at once", calls=CALLS, quirks=quirks, seconds=round(time.monotonic() - began, 1), most_fds=most[0],
                    most_resident_kb=most[1], serve_cpu_s=resources(serve)[2], sim_cpu_s=resources(self.sim_process)[2], tool=options.get("tool", "/ok"))
        return serve

    def check(self, *quirks, attempts_each=1, **options):
        """All transcripts are whole, and every tool did its work as often as it was to."""
        self.converse(*quirks, **options)
        wait_for(lambda: len(self.journal.rows("SELECT 1 FROM call WHERE ended_at NOT NULL")) == CALLS, "all endings in the journal")
        # Where one sideband after the other drops, a line may begin and end in a gap with another one behind it.
        twice = {call_id for call_id, n in collections.Counter(call_id for call_id, _ in self.journal.gaps()).items() if n > 1}
        interrupted, lost = self.check_transcripts(twice if "sideband-drops" in quirks else ())
        self.report("transcripts", interrupted=interrupted, lost=lost)
        self.assertEqual({outcome for (outcome,) in self.journal.rows("SELECT outcome FROM call")}, {"hung_up"})
        gaps = self.journal.gaps()
        if "sideband-drops" not in quirks:
            self.assertEqual(len({call_id for call_id, _ in gaps}), CALLS if BREAK_SIDEBANDS & {*quirks} else 0, gaps)
        self.assertTrue(all(gap_ms > 0 for _, gap_ms in gaps), gaps)
        attempts = self.tools.attempts()
        self.assertEqual((len(attempts), set(attempts.values())), (CALLS, {attempts_each}))
        self.assertEqual({key.split(":")[0] for key in attempts}, set(self.journal.lines()))
        self.assertEqual([t[3] for t in self.journal.tools()], [SENT] * CALLS)

    def check_transcripts(self, may_lack=()):
        """@param may_lack  Calls of which a line may be missing. @return lines that were interrupted, and that are missing.
        On a machine with too much to do the sim may take what a caller says for two turns, and the second one
        interrupts the answer. The line then says so, and holds what was heard of it."""
        cut = set(self.journal.rows("SELECT call_id, text FROM line JOIN call ON call.id = line.call WHERE interrupted"))
        lost = 0
        for call_id, lines in self.journal.lines().items():
            whole_lines = list(CONVERSATION)
            if call_id in may_lack:
                whole_lines = [line for line in CONVERSATION if line in lines or line[1].startswith(tuple(t for c, t in cut if c == call_id))]
                lost += len(CONVERSATION) - len(whole_lines)
            self.assertEqual([who for who, _ in lines], [who for who, _ in whole_lines], (call_id, lines))
            for (_, text), (_, whole) in zip(lines, whole_lines):
                if (call_id, text) in cut:
                    self.assertTrue(whole.startswith(text), (call_id, lines))
                else:
                    self.assertEqual(text, whole, (call_id, lines))
        return len(cut), lost

    def test_all_transcripts_are_complete_and_no_effect_is_doubled(self):
        self.check()

    def test_the_same_with_faults_of_webhooks_accepts_sockets_and_events(self):
        self.check("duplicate-webhook", "accept-not-found", "sideband-drop", "broken-frame", "giant-frame", "unknown-events",
                   "broken-events", "reordered-events", "omit-content-type")

    def test_the_same_with_a_tool_that_hangs(self):
        self.check(tool="/hang", options="    timeout: 3s\n")

    def test_the_same_with_a_tool_that_crashes(self):
        self.check(tool="/crash", options="    retries: 1\n", attempts_each=2)

    def test_the_same_while_the_clock_is_set(self):
        clock = SetClock(self)

        def later(serve):
            """All webhooks are in: those of another time are refused."""
            clock.set(DAY_S)
            wait_for(lambda: serve.metric("offhook_clock_steps_total") >= 1, "the clock to be seen")

        self.check(meanwhile=later, env=clock.env)

    def test_a_disk_that_is_full_for_a_while_ends_no_call_and_doubles_nothing(self):
        disk = SmallDisk(self, DISK_KB)

        def refused(serve):
            """Calls whose tool was not run, because that could not be recorded."""
            return {event["call_id"] for event in serve.events("step")
                    if (event["source"], event["name"]) == ("tool", "done") and "could not be recorded" in event.get("error", "")}

        def full(serve):
            disk.of(serve)
            disk.fill()
            wait_for(lambda: serve.metric("offhook_journal_up") == 0, "the journal to fail", PATIENCE_S)
            wait_for(lambda: refused(serve), "a tool to be refused", PATIENCE_S)
            disk.clear()
            wait_for(lambda: serve.metric("offhook_journal_up") == 1, "the journal to recover", PATIENCE_S)

        serve = self.converse(meanwhile=full, journal=f"journal: {disk.journal}\n", within=disk.within)
        attempts = self.tools.attempts()
        self.assertLessEqual(set(attempts.values()), {1})
        self.assertEqual({key.split(":")[0] for key in attempts} | refused(serve), {call["id"] for call in serve.calls()})
        self.assertEqual(len(attempts) + len(refused(serve)), CALLS)


for fault in FAULTS:
    setattr(ManyAtOnce, f"test_the_same_with_{fault.replace('-', '_')}", lambda self, fault=fault: self.check(fault))


class ManyShortOnes(SoakTest):
    def test_they_leave_neither_memory_nor_descriptors_behind(self):
        serve = self.begin('call:find_order {"order": 17}', (), [THURSDAY])
        wait_for(lambda: resources(serve)[0], "serve")
        samples = []
        began = time.monotonic()
        parts = PARTS
        for _ in range(parts):
            callers = self.callers(self.sim_process, "--calls", SHORT_CALLS // parts, "--at-once", AT_ONCE,
                                   "--hang-up-after", "400")
            self.assertEqual(callers.wait(DEADLINE_S + SHORT_CALLS), 0, callers.output())
            self.assertEqual(json.loads(callers.output())["ended_by_us"], SHORT_CALLS // parts)
            wait_for(lambda: not serve.calls("live"), "the end of all calls")
            samples.append(resources(serve)[:2])
        seconds = time.monotonic() - began
        total = SHORT_CALLS // parts * parts
        wait_for(lambda: len(self.journal.rows("SELECT 1 FROM call WHERE ended_at NOT NULL")) == total, "all endings in the journal")
        attempts = self.tools.attempts()
        # On a busy machine some callers are gone before the model asks; wherever it did, the tool ran once.
        asked = {call_id for (call_id,) in self.journal.rows(
            "SELECT DISTINCT call_id FROM event JOIN call ON call.id = event.call WHERE event.direction = 'received' "
            "AND type = 'response.done' AND json LIKE '%\"function_call\"%'")}
        self.assertGreater(len(asked), total // 2)
        self.assertEqual({key.split(":")[0] for key in attempts}, asked)
        self.assertEqual(set(attempts.values()), {1})
        settled = [kb for _, kb in samples[parts // 2:]]
        bytes_a_call = slope(settled) * 1024 / (total // parts)
        self.report("short calls", calls=total, slope_bytes_a_call=round(bytes_a_call), seconds=round(seconds, 1), fds_and_kb=samples,
                    serve_cpu_s=resources(serve)[2])
        # Pooled connections and the journal's files come with the first calls; nothing comes with the others that stays.
        wait_for(lambda: resources(serve)[0] <= samples[0][0] + 4, f"no more descriptors than after the first calls: {samples}")
        self.assertLess(samples[-1][1], samples[1][1] * 1.25 + 8_192, samples)
        if SHORT_CALLS >= 1_000:  # of fewer calls the slope says nothing
            self.assertLess(bytes_a_call, 200, samples)


if __name__ == "__main__":
    main()
