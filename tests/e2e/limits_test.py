"""Limits of a caller and of a day, as `offhook serve` keeps them while calls run side by side and across a crash."""
import signal

from serve_support import ServeTest
from support import main, wait_for


class Limits(ServeTest):
    def tokens(self, serve, call_id):
        """What a live call has used, once it has used anything."""
        def used():
            usage, = [call["usage"] for call in serve.calls("live") if call["id"] == call_id]
            return sum(usage[kind] for kind in ("input_text_tokens", "input_audio_tokens", "output_text_tokens",
                                                "output_audio_tokens"))
        return wait_for(used, "tokens that are used")

    def end_of(self, serve, call_id):
        ended, = wait_for(lambda: [e for e in serve.events("ended") if e["call_id"] == call_id], "the end of the call")
        return ended

    def assert_refused(self, sim, serve, why):
        phone = self.phone(sim)
        self.assertEqual(phone.wait(), 12, phone.output())
        self.assertIn("486", phone.output())
        rejected = [event for event in serve.events("webhook") if event["outcome"] == "rejected"]
        self.assertIn(why, rejected[-1]["why"])

    def test_calls_of_one_caller_share_what_is_left(self):
        sim = self.sim_with_webhook()
        serve = self.serve(self.agent_file(sim))
        first_phone = self.phone(sim)
        first = wait_for(lambda: serve.calls("live"), "a live call")[0]["id"]
        limit = self.tokens(serve, first) + 1
        self.agent_file(sim, f"limits: {{caller: {{tokens: {limit}}}}}\n")
        serve.signal(signal.SIGHUP)
        wait_for(lambda: serve.events("reloaded"), "the reload")
        second_phone = self.phone(sim)
        self.assertEqual(second_phone.wait(), 0, second_phone.output())
        second = serve.events("incoming")[1]["call_id"]
        self.assertIn("limit of 1 tokens", self.end_of(serve, second)["reason"])
        self.assertEqual([call["id"] for call in serve.calls("live")], [first])
        self.assertEqual(serve.request(f"/v1/calls/{first}/say", {"text": 'Say "One more thing."'})[0], 202)
        self.assertEqual(first_phone.wait(), 0, first_phone.output())
        ended = self.end_of(serve, first)
        self.assertEqual((ended["outcome"], ended["reason"]),
                         ("hung_up", f"limit reached: {limit} tokens of one caller in 24 hours"))
        self.assert_refused(sim, serve, f"{limit} tokens of one caller")

    def test_a_crash_lifts_no_limit_of_the_day(self):
        sim = self.sim_with_webhook()
        first = self.serve(self.agent_file(sim))
        phone = self.phone(sim)
        call = wait_for(lambda: first.calls("live"), "a live call")[0]["id"]
        limit = self.tokens(first, call)
        wait_for(lambda: self.journal.rows("SELECT 1 FROM call WHERE output_audio_tokens > 0"), "the usage in the journal")
        first.process.kill()
        first.process.wait()
        second = self.serve(self.agent_file(sim, f"limits: {{day: {{tokens: {limit}}}}}\n"), log="second")
        self.assertEqual(phone.wait(), 0, phone.output())
        self.assertIn(f"limit of {limit} tokens", self.end_of(second, call)["reason"])
        self.assert_refused(sim, second, f"{limit} tokens of all callers")
        second.process.kill()
        second.process.wait()
        third = self.serve(self.folder / "agent.yaml", log="third")
        self.assert_refused(sim, third, f"{limit} tokens of all callers")


if __name__ == "__main__":
    main()
