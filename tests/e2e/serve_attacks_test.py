"""Forged, altered and repeated webhooks, as `offhook serve` receives them: none of them begins a call."""
import base64
import http.client
import json
import time

from serve_support import ServeTest
from support import DEADLINE_S, main, sign, wait_for

OTHER_SECRET = "whsec_" + base64.b64encode(b"not the secret of this webhook").decode()


class Attacks(ServeTest):
    def setUp(self):
        super().setUp()
        self.sim_process = self.sim_with_webhook()
        self.served = self.serve(self.agent_file(self.sim_process))
        self.secret = self.sim_process.secret

    @staticmethod
    def body(call="rtc_1"):
        return json.dumps({"id": "evt_1", "object": "event", "created_at": int(time.time()), "type": "realtime.call.incoming",
                           "data": {"call_id": call, "sip_headers": [{"name": "Call-ID", "value": call + "@test"}]}}).encode()

    def signed(self, body, webhook_id="wh_1", at=0, secret=None):
        timestamp = int(time.time()) + at
        return {"webhook-id": webhook_id, "webhook-timestamp": str(timestamp), "Content-Type": "application/json",
                "webhook-signature": sign(secret or self.secret, webhook_id, timestamp, body)}

    def post(self, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.webhook_port, timeout=DEADLINE_S)
        try:
            connection.request("POST", "/webhook", body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def told(self):
        return [e for e in self.served.events("webhook") if e["outcome"] == "refused"]

    def assert_nothing_began(self):
        self.assertEqual(self.served.calls(), [])
        self.assertNotIn(self.secret.removeprefix("whsec_"), self.served.output())

    def refuse_all(self, body, list_of_headers, why):
        for headers in list_of_headers:
            before = len(self.told())
            self.assertEqual(self.post(body, headers), 401)
            wait_for(lambda: len(self.told()) == before + 1, "the refusal")
            self.assertIn(why, self.told()[-1]["why"])
        self.assert_nothing_began()

    def test_another_secret(self):
        body = self.body()
        for secret in (OTHER_SECRET, self.secret[:-4] + "AAAA", self.secret.removeprefix("whsec_")):
            self.refuse_all(body, [self.signed(body, secret=secret)], "signature")

    def test_a_replay_after_its_time_and_one_from_the_future(self):
        body = self.body()
        self.refuse_all(body, [self.signed(body, at=-301), self.signed(body, at=-86_400)], "old")
        self.refuse_all(body, [self.signed(body, at=310)], "ahead")

    def test_a_replay_with_another_id_or_time(self):
        body = self.body()
        headers = self.signed(body)
        later = str(int(headers["webhook-timestamp"]) + 1)
        self.refuse_all(body, [{**headers, "webhook-id": "wh_2"}, {**headers, "webhook-timestamp": later}], "signature")

    def test_a_replay_within_its_time_is_acknowledged_and_begins_nothing(self):
        body = self.body()
        headers = self.signed(body)
        for _ in range(3):
            self.assertEqual(self.post(body, headers), 200)
        wait_for(lambda: self.served.events("ended"), "the end of the only call")
        self.assertEqual([e["call_id"] for e in self.served.events("incoming")], ["rtc_1"])

    def test_a_truncated_or_altered_body(self):
        body = self.body()
        headers = self.signed(body)
        for altered in (body[:-1], body[:40], b"", body + b" ", body + b"\n", body.replace(b"rtc_1", b"rtc_2"),
                        body.replace(b"created_at", b"Created_at")):
            self.refuse_all(altered, [headers], "signature")

    def test_a_body_that_was_read_and_written_again(self):
        body = self.body()
        headers = self.signed(body)
        event = json.loads(body)
        for again in (json.dumps(event, separators=(",", ":")), json.dumps(event, indent=2), json.dumps(event, sort_keys=True)):
            self.assertEqual(json.loads(again), event)
            self.refuse_all(again.encode(), [headers], "signature")

    def test_signatures_that_are_none(self):
        body = self.body()
        headers = self.signed(body)
        whole = headers["webhook-signature"]
        raw = whole.removeprefix("v1,")
        wrong = [whole[:-4], whole.rstrip("="), "v2," + raw, "v1a," + raw, raw, "v1," + raw.swapcase(), "v1,", "v1",
                 "v1," + "A" * 44, "v1,???", whole.replace(",", ", "), "v1," + "A" * 4_000]
        self.refuse_all(body, [{**headers, "webhook-signature": signature} for signature in wrong], "signature")
        missing = [{name: value for name, value in headers.items() if name != gone}
                   for gone in ("webhook-id", "webhook-timestamp", "webhook-signature")]
        self.refuse_all(body, [*missing, {**headers, "webhook-signature": ""}], "missing")
        self.refuse_all(body, [{**headers, "webhook-timestamp": text} for text in ("soon", "1e9", "-1", "0x10", "1.5")],
                        "timestamp")

    def test_thirty_three_candidates_and_more(self):
        body = self.body()
        headers = self.signed(body)
        wrong = sign(OTHER_SECRET, "wh_1", int(headers["webhook-timestamp"]), body)
        for count in (33, 100):
            self.refuse_all(body, [{**headers, "webhook-signature": " ".join([wrong] * count)}], "signature")
        many = " ".join([wrong] * 32 + [headers["webhook-signature"]])
        self.assertEqual(self.post(body, {**headers, "webhook-signature": many}), 200)
        wait_for(lambda: self.served.events("incoming"), "the call behind the only valid one of 33")


if __name__ == "__main__":
    main()
