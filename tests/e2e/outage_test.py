"""The disk of the journal is full, the clock is set: calls go on, it is told, and nothing is done twice."""
import json

from serve_support import ServeTest, SetClock, SmallDisk
from support import main, wait_for

DISK_KB = 1_024
MOST_CALLERS = 40
DAY_S = 86_400


class OutageTest(ServeTest):
    """Every call asks for the tool at once, and stays up."""

    def begin(self, more="", **options):
        self.tools = self.tool_server()
        self.sim_process = self.sim_with_webhook("--replies", self.replies("It comes on Thursday."), "--accept-deadline", "60")
        return self.serve(self.agent_file(self.sim_process, "tools:\n" + self.http_tool(self.tools.url + "/ok") + more, agents="""  support:
    model: gpt-realtime-2.1
    opening: |
      Say 'call:find_order {"order": 17}'
    tools: [find_order]
"""), **options)

    def outcomes(self, serve):
        """Call id to the error of its tool, or to nothing when it was done."""
        return {event["call_id"]: event.get("error") for event in serve.events("step")
                if (event["source"], event["name"]) == ("tool", "done")}

    @staticmethod
    def of_all(serve, name):
        """Events of the service, not of one call."""
        return [event for event in serve.events(name) if "call_id" not in event]

    def next_call(self, serve):
        """One more caller. @return id and what came of its tool."""
        before = self.outcomes(serve)
        self.callers(self.sim_process)
        wait_for(lambda: len(self.outcomes(serve)) > len(before), "the tool of another call")
        (call_id, error), = [item for item in self.outcomes(serve).items() if item[0] not in before]
        return call_id, error

    def asked(self):
        return {key.split(":")[0] for key in self.tools.attempts()}

    def check_effects(self, serve):
        """What was told to be done was done once, and what was told not to be done was not."""
        outcomes = self.outcomes(serve)
        self.assertEqual(set(self.tools.attempts().values()), {1})
        self.assertEqual(self.asked(), {call_id for call_id, error in outcomes.items() if not error})
        self.assertEqual({call["id"] for call in serve.calls("live")}, set(outcomes))


class FullDisk(OutageTest):
    def begin_on_small_disk(self):
        self.disk = SmallDisk(self, DISK_KB)
        serve = self.begin(f"journal: {self.disk.journal}\n", within=self.disk.within)
        self.disk.of(serve)
        return serve

    def fill_until_a_tool_is_refused(self, serve):
        """@return the call whose tool it was."""
        self.disk.fill()
        # What the journal's files have room for inside goes on to be written.
        for _ in range(MOST_CALLERS):
            refused, error = self.next_call(serve)
            if error:
                break
        self.assertIn("could not be recorded", error)
        return refused

    def test_calls_go_on_and_no_tool_runs_that_cannot_be_recorded(self):
        serve = self.begin_on_small_disk()
        first, error = self.next_call(serve)
        self.assertIsNone(error)
        self.assertEqual(serve.request("/readyz")[0], 200)
        refused = self.fill_until_a_tool_is_refused(serve)
        status, why = wait_for(lambda: (lambda answer: answer if answer[0] == 503 else None)(serve.request("/readyz")),
                               "/readyz to say so")
        self.assertIn("the journal cannot be written", why)
        self.assertEqual(serve.metric("offhook_journal_up"), 0)
        self.assertGreater(serve.metric("offhook_journal_failures_total"), 0)
        self.assertIn("free space", json.dumps(wait_for(lambda: self.of_all(serve, "journal_failed"), "the log to say so")))
        self.assertNotIn(refused, self.asked())
        self.check_effects(serve)

        self.disk.clear()
        wait_for(lambda: serve.request("/readyz")[0] == 200, "the journal to recover by itself")
        self.assertEqual(serve.metric("offhook_journal_up"), 1)
        self.assertGreater(serve.metric("offhook_journal_down_seconds_total"), 0)
        wait_for(lambda: self.of_all(serve, "journal_restored"), "the log to say so")
        last, error = self.next_call(serve)
        self.assertIsNone(error)
        self.check_effects(serve)
        self.assertLessEqual({first, refused, last}, {call["id"] for call in serve.calls("live")})

    def test_an_outage_that_is_over_at_once_is_told_too(self):
        serve = self.begin_on_small_disk()
        self.next_call(serve)
        self.fill_until_a_tool_is_refused(serve)
        self.disk.clear()
        began = wait_for(lambda: self.of_all(serve, "journal_failed"), "the log to say that it began")
        over = wait_for(lambda: self.of_all(serve, "journal_restored"), "the log to say that it is over")
        wait_for(lambda: serve.request("/readyz")[0] == 200, "/readyz to say so")
        self.assertEqual(serve.metric("offhook_journal_outages_total"), len(self.of_all(serve, "journal_failed")))
        self.assertLess(began[0]["id"], over[0]["id"])
        self.assertGreaterEqual(over[0]["after_ms"], 0)
        self.check_effects(serve)


class ClockThatIsSet(OutageTest):
    def refused(self, serve, reason):
        found = 0
        for line in serve.request("/metrics")[1].splitlines():
            if line.startswith("offhook_webhooks_refused_total") and reason in line:
                found = float(line.split()[-1])
        return found

    def test_calls_go_on_and_webhooks_of_another_time_are_refused_until_it_is_right_again(self):
        clock = SetClock(self)
        serve = self.begin(env=clock.env)
        first, error = self.next_call(serve)
        self.assertIsNone(error)

        for days, reason in ((2, "too_old"), (-2, "too_new")):
            clock.set(days * DAY_S)
            self.callers(self.sim_process)
            wait_for(lambda: self.refused(serve, reason) > 0, f"webhooks to be {reason}")
            wait_for(lambda: [e for e in serve.events("clock_set") if abs(e["by_s"] - days * DAY_S) < DAY_S * 3],
                               "the log to tell of the clock")
            self.assertEqual({call["id"] for call in serve.calls("live")}, {first})
            self.assertEqual(self.asked(), {first})
            status, why = serve.request("/readyz")
            self.assertEqual(status, 503)
            self.assertIn("the clock was set by", why)
            self.assertEqual(serve.metric("offhook_clock_doubted"), 1)
            self.assertLess(abs(serve.metric("offhook_clock_offset_seconds") - days * DAY_S), 60)
        self.assertGreaterEqual(serve.metric("offhook_clock_steps_total"), 2)
        wait_for(lambda: len(self.of_all(serve, "clock_doubted")) >= 2, "the log to tell of both")

        clock.set(0)
        wait_for(lambda: serve.metric("offhook_clock_steps_total") >= 3, "the clock to be seen right again")
        self.assertEqual(serve.request("/readyz")[0], 200)
        self.callers(self.sim_process)
        wait_for(lambda: len(self.outcomes(serve)) > 1, "a call at the right time")
        self.assertEqual(set(self.tools.attempts().values()), {1})
        serve.request(f"/v1/calls/{first}/hang_up", {})
        ended = wait_for(lambda: [e for e in serve.events("ended") if e["call_id"] == first], "the end of the first call")
        self.assertLess(ended[0]["seconds"], DAY_S)
        self.assertGreaterEqual(ended[0]["seconds"], 0)


if __name__ == "__main__":
    main()
