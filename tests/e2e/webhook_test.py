"""The webhook server of `offhook call`, seen from the sender's side."""
import http.client
import json
import time

from support import EndToEndTest, main, OFFHOOK, read_jsonl, sign, wait_for


class WebhookServer(EndToEndTest):
    def setUp(self):
        super().setUp()
        sim = self.sim("--assume", "no-webhook=wait", "--accept-deadline", "600")  # a call that stays pending while we send
        timeline = self.folder / "timeline.jsonl"
        self.secret = sim.secret
        self.start(OFFHOOK, "call", *sim.target(), "--webhook-deadline", "600", "--timeline", timeline, env=sim.env())
        wait_for(lambda: timeline.exists() and '"listening"' in timeline.read_text(), "the webhook server")
        url = next(m["url"] for m in read_jsonl(timeline) if m["name"] == "listening")
        self.timeline = timeline
        self.port = int(url.rsplit(":", 1)[1].split("/")[0])
        self.count = 0

    def deliver(self, body=b'{"type":"realtime.call.incoming","data":{}}', at=0, secret=None, method="POST",
                path="/webhook", headers=None, webhook_id=None):
        self.count += 1
        webhook_id = webhook_id or f"wh_{self.count}"
        timestamp = int(time.time()) + at
        signed = {"webhook-id": webhook_id, "webhook-timestamp": str(timestamp),
                  "webhook-signature": sign(secret or self.secret, webhook_id, timestamp, body),
                  "content-type": "application/json"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, {**signed, **(headers or {})})
            return connection.getresponse().status
        finally:
            connection.close()

    def test_answers(self):
        self.assertEqual(self.deliver(), 200)
        self.assertEqual(self.deliver(at=-290), 200)
        self.assertEqual(self.deliver(at=-310), 401)
        self.assertEqual(self.deliver(at=310), 401)
        self.assertEqual(self.deliver(secret="whsec_" + "A" * 40), 401)
        self.assertEqual(self.deliver(headers={"webhook-signature": ""}), 401)
        self.assertEqual(self.deliver(headers={"webhook-timestamp": "soon"}), 401)
        self.assertEqual(self.deliver(body=b'{"type":'), 400)
        self.assertEqual(self.deliver(method="GET"), 405)
        self.assertEqual(self.deliver(path="/admin"), 404)

    def test_a_repetition_is_acknowledged_and_dropped(self):
        body = json.dumps({"type": "realtime.call.incoming", "data": {"call_id": "rtc_nobody", "sip_headers": []}}).encode()
        for _ in range(3):
            self.assertEqual(self.deliver(body, webhook_id="wh_same"), 200)
        self.assertEqual(self.deliver(body, webhook_id="wh_other"), 200)
        wait_for(lambda: self.timeline.read_text().count('"other_call"') >= 2, "both to be seen")
        self.assertEqual(self.timeline.read_text().count('"other_call"'), 2)

    def test_an_oversized_body(self):
        try:
            status = self.deliver(body=b"x" * (4 << 20))
        except (ConnectionResetError, BrokenPipeError):
            status = 413  # cut off while sending: refused all the same
        self.assertEqual(status, 413)


if __name__ == "__main__":
    main()
