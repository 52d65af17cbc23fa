"""`offhook serve` from the webhook to the end of the call, against `offhook sim`."""
import contextlib
import signal
import sqlite3
import threading
import time
import urllib.request
import json

from front import Front
from serve_support import AGENT, ServeTest
from support import DEADLINE_S, main, sign, wait_for


class ServedCalls(ServeTest):
    def test_a_call_is_answered_and_its_story_told(self):
        sim = self.sim_with_webhook("--quirk", "duplicate-webhook")
        serve = self.serve(self.agent_file(sim))
        phone = self.phone(sim, "--max-duration", "60")
        wait_for(lambda: any("Hello" in e["text"] for e in serve.events("transcript")), "the greeting")
        self.assertEqual(len(serve.calls("live")), 1)
        call = serve.calls("live")[0]
        self.assertEqual(call["agent"], "support")
        self.assertEqual(serve.request(f"/v1/calls/{call['id']}/hang_up", {"reason": "test"})[0], 202)
        self.assertEqual(phone.wait(), 0, phone.output())
        ended = wait_for(lambda: serve.events("ended"), "the end")
        self.assertEqual(ended[0]["outcome"], "hung_up")
        self.assertEqual(len(serve.events("incoming")), 1)
        self.assertEqual(serve.metric('offhook_calls_total{outcome="hung_up"}'), 1)
        self.assertGreaterEqual(serve.metric('offhook_webhooks_total{outcome="taken"}'), 1)
        serve.signal(signal.SIGTERM)
        self.assertEqual(serve.wait(), 0)

    def test_orders_reach_the_caller_and_the_stream_tells_of_it(self):
        sim = self.sim_with_webhook()
        serve = self.serve(self.agent_file(sim))
        self.phone(sim, "--max-duration", "120")
        call = wait_for(lambda: serve.calls("live"), "a live call")[0]
        seen = []
        thread = threading.Thread(target=self.follow, args=(serve, call["id"], seen), daemon=True)
        thread.start()
        wait_for(lambda: "transcript" in seen, "the greeting in the stream")
        self.assertEqual(serve.request(f"/v1/calls/{call['id']}/say", {"text": 'Say "The ticket is booked."'})[0], 202)
        wait_for(lambda: any("booked" in e["text"] for e in serve.events("transcript")), "the ordered words")
        self.assertEqual(serve.request(f"/v1/calls/{call['id']}/hang_up", {})[0], 202)
        thread.join(DEADLINE_S)
        self.assertFalse(thread.is_alive())
        self.assertEqual(seen[-1], "ended")
        self.assertEqual(serve.request("/v1/calls", token="wrong")[0], 401)

    @staticmethod
    def follow(serve, call_id, seen):
        request = urllib.request.Request(f"{serve.ready['control_url']}/v1/calls/{call_id}/events",
                                         headers={"Authorization": "Bearer tok"})
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as stream:
            for line in stream:
                if line.startswith(b"event: "):
                    seen.append(line[7:].strip().decode())

    def test_routing_rejects_with_its_own_status(self):
        sim = self.sim_with_webhook()
        serve = self.serve(self.agent_file(sim, "routing:\n  - reject: 486\n"))
        phone = self.phone(sim)
        self.assertEqual(phone.wait(), 12, phone.output())
        self.assertIn("486", phone.output())
        self.assertEqual(serve.events("webhook")[0]["outcome"], "rejected")
        self.assertEqual(serve.calls(), [])

    def test_a_call_whose_sideband_the_api_refuses_is_not_left_up(self):
        sim = self.sim_with_webhook("--quirk", "sideband-404")
        serve = self.serve(self.agent_file(sim))
        phone = self.phone(sim, "--max-duration", "120")
        ended = wait_for(lambda: serve.events("ended"), "the end of the call")[0]
        self.assertEqual(ended["outcome"], "caller_gone")
        self.assertEqual(phone.wait(), 0, phone.output())
        self.assertIn("bye", phone.output().lower())

    def test_draining_rejects_new_calls_and_ends_with_the_last_one(self):
        sim = self.sim_with_webhook()
        serve = self.serve(self.agent_file(sim), "--drain-seconds", "300")
        first = self.phone(sim, "--max-duration", "120")
        call = wait_for(lambda: serve.calls("live"), "a live call")[0]
        serve.signal(signal.SIGTERM)
        wait_for(lambda: serve.request("/readyz", token=None)[0] == 503, "draining")
        second = self.phone(sim)
        self.assertEqual(second.wait(), 12, second.output())
        self.assertIn("503", second.output())
        serve.request(f"/v1/calls/{call['id']}/hang_up", {})
        self.assertEqual(serve.wait(), 0, serve.output())
        self.assertEqual(first.wait(), 0, first.output())

    def test_a_reload_holds_for_new_calls_and_a_bad_file_for_none(self):
        sim = self.sim_with_webhook()
        path = self.agent_file(sim)
        serve = self.serve(path)
        path.write_text(path.read_text() + "nonsense: true\n")
        serve.signal(signal.SIGHUP)
        wait_for(lambda: "nonsense" in serve.output(), "the complaint")
        self.agent_file(sim, agents=AGENT.replace("support:", "sales:"))
        serve.signal(signal.SIGHUP)
        wait_for(lambda: serve.events("reloaded"), "the reload")
        self.phone(sim, "--max-duration", "60")
        call = wait_for(lambda: serve.calls("live"), "a live call")[0]
        self.assertEqual(call["agent"], "sales")

    def test_a_reload_leaves_a_live_call_and_its_agent_alone(self):
        sim = self.sim_with_webhook()
        serve = self.serve(self.agent_file(sim))
        phone = self.phone(sim, "--max-duration", "120")
        call = wait_for(lambda: serve.calls("live"), "a live call")[0]
        self.agent_file(sim, agents=AGENT.replace("support:", "sales:"))
        serve.signal(signal.SIGHUP)
        wait_for(lambda: serve.events("reloaded"), "the reload")
        self.assertEqual(serve.request(f"/v1/calls/{call['id']}/say", {"text": 'Say "The ticket is booked."'})[0], 202)
        wait_for(lambda: any("booked" in e["text"] for e in serve.events("transcript")), "the ordered words")
        still, = serve.calls("live")
        self.assertEqual((still["id"], still["agent"]), (call["id"], "support"))
        self.assertEqual(serve.request(f"/v1/calls/{call['id']}/hang_up", {})[0], 202)
        self.assertEqual(phone.wait(), 0, phone.output())

    def test_a_call_is_handed_over_to_the_next_process(self):
        sim = self.sim_with_webhook()
        path = self.agent_file(sim)
        first = self.serve(path, "--hand-over")
        phone = self.phone(sim, "--max-duration", "120")
        call = wait_for(lambda: first.calls("live"), "a live call")[0]
        wait_for(lambda: first.events("transcript"), "the greeting")
        first.signal(signal.SIGTERM)
        self.assertEqual(first.wait(), 0, first.output())
        self.assertEqual([e["outcome"] for e in first.events("ended")], ["released"])
        second = self.serve(path, log="second")
        resumed, = wait_for(lambda: second.calls("live"), "the call that was handed over")
        self.assertEqual((resumed["id"], resumed["resumed"]), (call["id"], True))
        self.assertEqual(second.request(f"/v1/calls/{call['id']}/say", {"text": 'Say "I am new here."'})[0], 202)
        wait_for(lambda: any("new here" in e["text"] for e in second.events("transcript")), "the words of the second")
        self.assertEqual(second.request(f"/v1/calls/{call['id']}/hang_up", {})[0], 202)
        self.assertEqual(phone.wait(), 0, phone.output())

    def test_a_call_that_outlasts_the_drain_is_told_goodbye(self):
        sim = self.sim_with_webhook("--replies", self.replies("We close now, goodbye."))
        serve = self.serve(self.agent_file(sim), "--drain-seconds", "24")  # of which 12 are for the goodbye
        phone = self.phone(sim, "--max-duration", "120")
        wait_for(lambda: serve.events("transcript"), "the greeting")
        serve.signal(signal.SIGTERM)
        self.assertEqual(serve.wait(), 0, serve.output())
        self.assertEqual([e["text"] for e in serve.events("transcript")],
                         ["Hello, this is the shop.", "We close now, goodbye."])
        self.assertEqual([e["outcome"] for e in serve.events("ended")], ["hung_up"])
        self.assertEqual(phone.wait(), 0, phone.output())

    def test_the_control_api_is_for_this_machine_alone(self):
        sim = self.sim_with_webhook()
        code, output = self.offhook("serve", self.agent_file(sim), "--control", "0.0.0.0:0")
        self.assertEqual(code, 2, output)
        self.assertIn("must be an address of this machine alone (127.0.0.1)", output)

    def test_after_a_crash_the_call_goes_on_with_the_next_process(self):
        sim = self.sim_with_webhook()
        path = self.agent_file(sim)
        first = self.serve(path)
        phone = self.phone(sim, "--max-duration", "120")
        call = wait_for(lambda: first.calls("live"), "a live call")[0]
        wait_for(lambda: first.metric("offhook_journal_commits_total") > 0, "the journal's entry")
        first.process.kill()
        first.process.wait()
        second = self.serve(path, log="second")
        resumed = wait_for(lambda: second.calls("live"), "the resumed call")
        self.assertEqual(resumed[0]["id"], call["id"])
        self.assertTrue(resumed[0]["resumed"])
        self.assertEqual(second.request(f"/v1/calls/{call['id']}/hang_up", {})[0], 202)
        self.assertEqual(phone.wait(), 0, phone.output())
        wait_for(lambda: second.events("ended"), "the end")



class KilledBesideItsAccept(ServeTest):
    """kill -9 when an accept is on its way, or has arrived, and its journal entry is not on the disk yet."""
    REALTIME, LIVE = AGENT, AGENT.replace("model: gpt-realtime-2.1", "api: live\n    model: gpt-live-1")

    def begin(self, agents, before, *quirks):
        """@param before  Its accept is held before it arrives, and thus lost; else once it has been carried out."""
        self.sim_process = self.sim_with_webhook("--accept-deadline", "60", *quirks)
        path = self.agent_file(self.sim_process, agents=agents)
        front = Front(self.sim_process.ready["api_base"], "/accept", before)
        self.addCleanup(front.close)
        path.write_text(path.read_text().replace(self.sim_process.ready["api_base"], front.url))
        first = self.serve(path)
        with contextlib.closing(sqlite3.connect(self.journal.path, timeout=DEADLINE_S, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # nothing is committed meanwhile, as with a slow disk
            caller = self.phone(self.sim_process, "--srtp", "require", "--max-duration", "120")
            self.assertTrue(front.held.wait(DEADLINE_S))
            first.process.kill()
            first.process.wait()
        self.assertEqual(self.journal.rows("SELECT call_id FROM call"), [])
        if not before:
            front.released.set()  # it answers nobody; what comes now passes
        self.agent_file(self.sim_process, agents=agents)  # to the sim itself
        return self.serve(path, log="second"), caller

    def check(self, agents, before=False):
        second, caller = self.begin(agents, before)
        said = wait_for(lambda: [e["text"] for e in second.events("transcript") if e["who"] == "model"], "the greeting")
        self.assertEqual(said, ["Hello, this is the shop."])
        call, = second.calls("live")
        self.assertTrue(call["resumed"])
        self.assertEqual(len(second.events("resumed")), 1)
        names = [(e["source"], e["name"]) for e in second.events("step")]
        self.assertIn(("rest", "accepted" if before else "accepted.before"), names)
        self.assertEqual(second.request(f"/v1/calls/{call['id']}/hang_up", {})[0], 202)
        self.assertEqual(caller.wait(), 0, caller.output())
        wait_for(lambda: self.journal.rows("SELECT 1 FROM call WHERE ended_at NOT NULL"), "its ending in the journal")
        self.assertEqual(self.journal.rows("SELECT call_id, outcome FROM call"), [(call["id"], "hung_up")])

    def test_a_call_that_was_accepted_is_taken_up_and_greeted(self):
        self.check(self.REALTIME)

    def test_so_is_one_of_the_live_api(self):
        self.check(self.LIVE)

    def test_a_call_that_was_not_is_accepted(self):
        self.check(self.REALTIME, before=True)

    def test_a_call_that_is_over_meanwhile_is_dropped(self):
        second, caller = self.begin(self.REALTIME, False, "--quirk", "sideband-404")
        ended, = wait_for(lambda: second.events("ended"), "the end")
        self.assertEqual(ended["outcome"], "caller_gone")
        wait_for(lambda: self.journal.rows("SELECT 1 FROM call WHERE ended_at NOT NULL"), "its ending in the journal")


class Deliveries(ServeTest):
    def deliver(self, serve, sim, webhook_id, event):
        body = json.dumps(event).encode()
        now = int(time.time())
        request = urllib.request.Request(serve.ready["webhook_url"], data=body, headers={
            "webhook-id": webhook_id, "webhook-timestamp": str(now),
            "webhook-signature": sign(sim.secret, webhook_id, now, body)})
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return answer.status

    def event(self, kind, ident, sip_call_id, age=0):
        key = "call_id" if kind.startswith("realtime") else "session_id"
        return {"id": "evt_1", "object": "event", "created_at": int(time.time()) - age, "type": kind,
                "data": {key: ident, "sip_headers": [{"name": "Call-ID", "value": sip_call_id}]}}

    def check_nothing_begins(self, quirk, outcome):
        sim = self.sim_with_webhook("--quirk", quirk, "--accept-deadline", "1")
        serve = self.serve(self.agent_file(sim))
        phone = self.phone(sim)
        ended = wait_for(lambda: serve.events("ended"), "the end of the call")[0]
        self.assertEqual(ended["outcome"], outcome)
        self.assertEqual(phone.wait(), 12, phone.output())
        self.assertIn("400", phone.output())
        self.assertEqual(serve.calls("live"), [])

    def test_a_call_that_is_over_when_its_webhook_comes_begins_nothing(self):
        self.check_nothing_begins("late-webhook", "not_accepted")

    def test_a_call_that_somebody_else_has_decided_begins_nothing(self):
        self.check_nothing_begins("decision-made", "decided_elsewhere")

    def test_one_call_is_decided_once_under_all_its_names(self):
        sim = self.sim_with_webhook()
        serve = self.serve(self.agent_file(sim))
        for webhook_id, kind, ident in (("wh_1", "realtime.call.incoming", "rtc_1"),
                                        ("wh_2", "realtime.call.incoming", "rtc_1"),
                                        ("wh_3", "live.transport.incoming", "live_1"),
                                        ("wh_4", "live.call.incoming", "live_1")):
            self.assertEqual(self.deliver(serve, sim, webhook_id, self.event(kind, ident, "one@test")), 200)
        self.assertEqual(self.deliver(serve, sim, "wh_5", self.event("realtime.call.incoming", "rtc_2", "two@test", 7200)), 200)
        self.assertEqual(self.deliver(serve, sim, "wh_6", {"type": "realtime.call.incoming", "data": {}}), 200)
        wait_for(lambda: serve.events("ended"), "the end of the only call")
        self.assertEqual(serve.events("ended")[0]["outcome"], "not_accepted")
        self.assertEqual([e["call_id"] for e in serve.events("incoming")], ["rtc_1"])
        self.assertEqual([e["outcome"] for e in serve.events("webhook")],
                         ["duplicate", "other_api", "other_api", "stale", "test"])


if __name__ == "__main__":
    main()
