"""Malformed input of every kind to the sim: the answer a service would give, no crash, and the next call works."""
import random
import re
import socket
import struct

from support import EndToEndTest, main
from torture_messages import CASES, CLOSED, Case, SILENCE, WAITS, request
from wire_support import ACCEPT, RawHttp, Sideband, UdpPhone, Webhooks, accepted_call, connect_stream, post, view


class TortureTest(EndToEndTest):
    def setUp(self):
        super().setUp()
        self.webhooks = Webhooks()
        self.addCleanup(self.webhooks.close)
        self.running = self.sim("--sip-udp", "127.0.0.1:0", "--webhook", self.webhooks.url, "--no-ears")
        self.ready = self.running.ready
        self.numbers = iter(range(1, 1_000_000))
        self.addCleanup(self.assert_alive)

    def assert_alive(self):
        self.assertIsNone(self.running.process.poll(), self.running.output()[-4_000:])

    def good_call(self):
        phone, call_id = accepted_call(self.ready, self.webhooks, f"good{next(self.numbers)}")
        sideband = Sideband(self.ready, call_id)
        self.assertEqual(sideband.event()["type"], "session.created")
        self.assertIn("200", phone.hang_up())
        phone.close()
        sideband.close()


def status_of(message):
    match = re.match(rb"SIP/2\.0 (\d{3}) ", message)
    return int(match.group(1)) if match else 0


class Sip(TortureTest):
    def probe(self, own, transport):
        number = next(self.numbers)
        return (f"OPTIONS sip:proj_sim@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{transport} {own};rport;branch=z9hG4bKprobe{number}\r\n"
                f"From: <sip:probe@127.0.0.1>;tag=1\r\nTo: <sip:proj_sim@127.0.0.1>\r\nCall-ID: probe{number}\r\n"
                f"CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n").encode(), f"probe{number}".encode()

    def filled(self, case, own, transport):
        return case.data.replace(b"{H}", own.encode()).replace(b"{T}", transport.encode()).replace(
            b"{N}", b"%d" % next(self.numbers))

    def test_datagrams(self):
        for case in CASES:
            with self.subTest(case.name, section=case.section), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
                phone.bind(("127.0.0.1", 0))
                phone.settimeout(60)
                own = "127.0.0.1:%d" % phone.getsockname()[1]
                server = ("127.0.0.1", self.ready["sip_udp_port"])
                phone.sendto(self.filled(case, own, "UDP"), server)
                probe, name = self.probe(own, "UDP")
                got = []
                probed = answered = False
                # Finals of INVITEs may come after the probe's answer: they pass through another thread.
                while not (probed and (answered or SILENCE in case.answers)):
                    if not probed:
                        phone.sendto(probe, server)
                    message = phone.recv(65536)
                    if name in message:
                        probed = True
                    elif status_of(message) != 100:
                        got.append(status_of(message))
                        answered = True
                if SILENCE in case.answers and not got:
                    continue
                self.assertTrue(set(got) <= set(case.answers), f"{case.name}: {got}, not {case.answers}")
        self.good_call()

    def test_tcp(self):
        self.streams("TCP")

    def test_tls(self):
        self.streams("TLS")

    def streams(self, transport):
        for case in CASES:
            with self.subTest(case.name, section=case.section), connect_stream(self.ready, transport) as stream:
                own = "127.0.0.1:%d" % stream.getsockname()[1]
                try:
                    stream.sendall(self.filled(case, own, transport))
                except OSError:
                    self.assertIn(CLOSED, case.stream)
                if WAITS in case.stream:  # for more: it gets to know that there is none
                    try:
                        stream.shutdown(socket.SHUT_WR)
                    except OSError:
                        pass
                    self.assertIn(self.outcome(stream), (CLOSED, *case.stream))
                elif SILENCE not in case.stream:
                    self.assertIn(self.outcome(stream), case.stream)
                self.assert_answered(transport)
        self.good_call()

    @staticmethod
    def outcome(stream):
        """Status of the first final answer, or CLOSED."""
        text = b""
        while True:
            try:
                data = stream.recv(65536)
            except OSError:
                return CLOSED
            if not data:
                return CLOSED
            text += data
            for line in re.findall(rb"^SIP/2\.0 (\d{3}) ", text, re.M):
                if line != b"100":
                    return int(line)

    def assert_answered(self, transport):
        with connect_stream(self.ready, transport) as stream:
            probe, _ = self.probe("127.0.0.1:%d" % stream.getsockname()[1], transport)
            stream.sendall(probe)
            self.assertEqual(self.outcome(stream), 200)

    def test_streams_that_carry_no_sip_are_answered_where_they_can_be_and_closed(self):
        for transport in ("TCP", "TLS"):
            for name, before, line, headers, statuses in (
                    ("two words", b"", b"OPTIONS sip:a@b", True, [400]), ("four words", b"", b"WHAT IS THIS HERE", True, [400]),
                    ("another version", b"", b"OPTIONS sip:a@b SIP/3.0", True, [505]), ("another scheme", b"", b"OPTIONS ftp:a SIP/2.0", True, [416]),
                    ("no length", b"", b"OPTIONS sip:a@b SIP/2.0", True, [400]), ("an ACK", b"", b"ACK  sip:a@b SIP/2.0", True, []),
                    ("a response", b"", b"SIP/2.0 0 Nothing", True, []), ("no Via", b"", b"OPTIONS sip:a@b", False, []),
                    ("HTTP", b"", b"GET / HTTP/1.1\r\nHost: a", False, []), ("the beginning of TLS", b"", b"\x16\x03\x01\x02\x00" + b"a" * 300, False, []),
                    ("a word and no more", b"", b"hello", None, []), ("an endless line", b"", b"a" * 20_000, None, []),
                    ("behind a good one", b"good", b"OPTIONS sip:a@b", True, [200, 400]), ("behind empty lines", b"\r\n\r\n\r\n", b"OPTIONS sip:a@b", True, [400]),
                    ("a byte at a time", None, b"OPTIONS sip:a@b", True, [400]), ("with much behind it", b"", b"OPTIONS sip:a@b", 500_000, [400])):
                with self.subTest(name, transport=transport), connect_stream(self.ready, transport) as stream:
                    own = "127.0.0.1:%d" % stream.getsockname()[1]
                    data = line + b"\r\n"
                    if headers:
                        data += self.filled(Case(name, "-", request("", {"CSeq": "1 OPTIONS", "Content-Length": None}).replace("\n", "\r\n").encode()[2:],
                                                 ()), own, transport)
                    elif headers is not None:
                        data += b"\r\n"
                    data += b"x" * (headers if headers not in (True, None) else 0)
                    if before == b"good":
                        data = self.probe(own, transport)[0] + data
                    try:
                        for part in [data[at:at + 1] for at in range(len(data))] if before is None else [(before if before != b"good" else b"") + data]:
                            stream.sendall(part)
                    except OSError:
                        pass  # it was answered before its end
                    self.assertEqual(self.statuses(stream), statuses)
                    self.assert_answered(transport)
        self.good_call()

    @staticmethod
    def statuses(stream):
        """Of all that comes until the other side ends the stream."""
        text = b""
        while True:
            try:
                data = stream.recv(65536)
            except ConnectionError:
                break
            if not data:
                break
            text += data
        return [int(line) for line in re.findall(rb"^SIP/2\.0 (\d{3}) ", text, re.M)]

    def test_random_changes_of_good_messages(self):
        dice = random.Random(4475)
        good = [case.data for case in CASES if not case.name.startswith("SDP")]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.bind(("127.0.0.1", 0))
            phone.settimeout(60)
            own = "127.0.0.1:%d" % phone.getsockname()[1]
            server = ("127.0.0.1", self.ready["sip_udp_port"])
            for _ in range(40):
                for _ in range(50):
                    data = bytearray(dice.choice(good).replace(b"{H}", own.encode()).replace(b"{T}", b"UDP"))
                    for _ in range(dice.randrange(1, 8)):
                        at = dice.randrange(len(data))
                        data[at:at + dice.randrange(3)] = bytes(dice.choices(range(256), k=dice.randrange(3)))
                    phone.sendto(bytes(data[:60_000]), server)
                probe, name = self.probe(own, "UDP")
                phone.sendto(probe, server)
                while name not in phone.recv(65536):
                    pass
        self.good_call()


class Media(TortureTest):
    def test_rtp_and_rtcp_that_are_none(self):
        dice = random.Random(3550)
        phone, call_id = accepted_call(self.ready, self.webhooks)
        rtcp = (phone.media[0], phone.media[1] + 1)
        head = lambda first, kind, sequence: struct.pack("!BBHII", first, kind, sequence, 160 * sequence, 7)
        packets = [b"", b"\x80", b"\x80" * 11, head(0x8f, 0, 1), head(0xb0, 0, 2) + b"\xbe\xde\xff\xff", head(0xa0, 0, 3) + b"\xff",
                   head(0xa0, 0, 4) + b"\x00" * 10 + b"\x00", head(0x00, 0, 5) + b"x" * 160, head(0xc0, 0, 6), head(0x80, 127, 7) + b"x" * 1_400,
                   head(0x80, 101, 8), head(0x80, 101, 9) + b"\xff\xff\xff\xff", head(0x80, 0, 10) + b"\x55" * 60_000]
        reports = [b"", b"\x80\xc8", b"\x9f\xc8\x00\x06" + b"\xff" * 24, b"\x81\xc9\xff\xff" + b"\x00" * 28, b"\x9f\xca\x00\x01" + b"\x00" * 4,
                   b"\x81\xca\x00\x02\x00\x00\x00\x07\x01\xff\x41\x41", b"\x81\xcb\x00\x01\x00\x00\x00\x07", b"\x80\xcc\x00\x00", b"\xbf\xc8\x00\x00"]
        for packet in packets:
            phone.rtp.sendto(packet, phone.media)
        for report in reports:
            phone.rtp.sendto(report, rtcp)
        for _ in range(2_000):
            phone.rtp.sendto(dice.randbytes(dice.randrange(200)), dice.choice([phone.media, rtcp]))
        for number in range(50):
            phone.say(b"\xff" * 160, 100 + number, 160 * number)
        self.assertEqual(post(self.ready, f"/v1/realtime/calls/{call_id}/hangup")[0], 200)
        self.assertIn("BYE", phone.receive("BYE "))
        phone.close()
        self.good_call()


AUTH = b"Host: 127.0.0.1\r\nAuthorization: Bearer sk-sim\r\n"


class Http(TortureTest):
    def status(self, data):
        http = RawHttp(self.ready)
        http.send(data)
        status = http.status()
        http.close()
        return status

    def test_requests_that_are_none(self):
        for name, data, expected in (
                ("garbage", b"\x00\x01\x02 what?\r\n\r\n", (400,)), ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 600 + b"\r\n", (400,)),
                ("no version", b"GET /_sim\r\n\r\n", (400,)), ("another version", b"GET /_sim HTTP/9.9\r\n" + AUTH + b"\r\n", (400, 505)),
                ("no host", b"GET /_sim HTTP/1.1\r\n\r\n", (400,)), ("two hosts", b"GET /_sim HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", (400,)),
                ("a space before the colon", b"GET /_sim HTTP/1.1\r\nHost : a\r\n\r\n", (400,)),
                ("NUL in a header", b"GET /_sim HTTP/1.1\r\n" + AUTH + b"X: a\x00b\r\n\r\n", (400,)),
                ("a bare CR", b"GET /_sim HTTP/1.1\r\n" + AUTH + b"X: a\rY: b\r\n\r\n", (400,)),
                ("huge header", b"GET /_sim HTTP/1.1\r\n" + AUTH + b"X: " + b"a" * 100_000 + b"\r\n\r\n", (431,)),
                ("many headers", b"GET /_sim HTTP/1.1\r\n" + AUTH + b"X: a\r\n" * 20_000 + b"\r\n", (431,)),
                ("long target", b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + AUTH + b"\r\n", (400, 414, 431)),
                ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505))):
            with self.subTest(name):
                self.assertIn(self.status(data), expected)
        self.good_call()

    def test_bodies_whose_length_is_doubtful(self):
        start = b"POST /v1/realtime/calls/rtc_1/accept HTTP/1.1\r\n" + AUTH
        smuggled = b"GET /smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        for name, data, expected in (
                ("both lengths", start + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, (400,)),
                ("both, other order", start + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + smuggled, (400,)),
                ("two lengths", start + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + smuggled, (400,)),
                ("a list of lengths", start + b"Content-Length: 0, 44\r\n\r\n" + smuggled, (400,)),
                ("negative", start + b"Content-Length: -1\r\n\r\n", (400,)), ("signed", start + b"Content-Length: +2\r\n\r\n{}", (400,)),
                ("hexadecimal", start + b"Content-Length: 0x2\r\n\r\n{}", (400,)), ("endless number", start + b"Content-Length: 1" + b"0" * 40 + b"\r\n\r\n", (400, 413)),
                ("too large", start + b"Content-Length: 99999999\r\n\r\n", (413,)),
                ("chunk that is no number", start + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", (400,)),
                ("negative chunk", start + b"Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", (400,)),
                ("chunk of 2^64", start + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}", (400, 413)),
                ("chunk beyond the limit", start + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n", (413,)),
                ("chunk without end", start + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n", (400,)),
                ("unknown encoding", start + b"Transfer-Encoding: gzip, identity\r\n\r\n" + smuggled, (400, 501)),
                ("chunked twice", start + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", (400,))):
            with self.subTest(name):
                http = RawHttp(self.ready)
                http.send(data)
                self.assertIn(http.status(), expected)
                self.assertEqual(http.rest(), b"", "what came after it was taken for a request")
                http.close()
        self.good_call()

    def test_clients_that_dawdle_stand_in_nobodys_way(self):
        slow = [RawHttp(self.ready) for _ in range(200)]
        for number, one in enumerate(slow):
            one.send([b"GET /_sim HTT", b"GET /_sim HTTP/1.1\r\nHost: a\r\nX-A: b\r\n", b"", b"\r\n",
                      b"POST /v1/realtime/calls/x/accept HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"][number % 5])
        self.good_call()
        self.assertEqual(slow[0].status(), 408)
        self.assertEqual(slow[4].status(), 408)
        self.assertEqual(slow[2].rest(), b"")
        for one in slow:
            one.close()

    def test_bodies_that_are_no_json_or_too_much_of_it(self):
        phone = UdpPhone(self.ready)
        phone.invite()
        call_id = self.webhooks.next()[1]["data"]["call_id"]
        deep = b"[" * 100_000
        for body in (b"{", b"{]}", b"[]", b"null", b"1", b'"x"', b"\xff\xfe{}", b'{"type":"realtime"', b'{"type":"\xc3\x28"}', b'{"type":"\\ud800"}',
                     b'{"type":1e999}', b'{"type":"realtime","type":7}', b"{}{}", b"{}x", b'{"a":' * 5_000 + b"1" + b"}" * 5_000, deep, b'{"type":"realtime","tools":' + deep,
                     b'{"' + b"k" * 500_000 + b'":1}', b'{"type":"realtime","instructions":{"a":1}}', b'{"type":"realtime","model":[]}',
                     b'{"type":"realtime","tools":[{"type":"function","name":7}]}', b'{"type":"realtime","audio":{"output":{"voice":{"id":{}}}}}',
                     b'{"type":"realtime","max_output_tokens":-99999999999999999999}', b'{"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad","threshold":"loud"}}}}'):
            with self.subTest(body[:60]):
                status, _, answer = post(self.ready, f"/v1/realtime/calls/{call_id}/accept", body)
                self.assertEqual(status, 400)
                self.assertEqual(answer["error"]["type"], "invalid_request_error")
        for path in ("/v1/realtime/calls/%00/accept", "/v1/realtime/calls/..%2f..%2fetc/accept", "/v1/realtime/calls/" + "a" * 5_000 + "/accept",
                     "/v1/realtime/calls/%zz/hangup", "/v1/live/sessions/%ff/accept", "/v1/realtime/calls//accept"):
            with self.subTest(path[:60]):
                self.assertIn(post(self.ready, path, b"{}")[0], (400, 404))
        self.assertEqual(post(self.ready, f"/v1/realtime/calls/{call_id}/accept", ACCEPT)[0], 200)
        phone.answered()
        phone.hang_up()
        self.good_call()


class Frames(TortureTest):
    def setUp(self):
        super().setUp()
        self.phone, self.call_id = accepted_call(self.ready, self.webhooks)

    def sideband(self):
        sideband = Sideband(self.ready, self.call_id)
        self.assertEqual(sideband.event()["type"], "session.created")
        self.addCleanup(sideband.close)
        return sideband

    def test_frames_against_the_protocol_end_their_socket_alone(self):
        observer = self.sideband()
        for name, frames in (
                ("unmasked", [dict(first=0x81, payload=b"{}", masked=False)]), ("reserved bit 1", [dict(first=0xc1, payload=b"{}")]),
                ("reserved bits", [dict(first=0xf1, payload=b"{}")]), ("opcode 3", [dict(first=0x83, payload=b"{}")]),
                ("opcode 15", [dict(first=0x8f)]), ("fragmented ping", [dict(first=0x09, payload=b"x")]),
                ("fragmented close", [dict(first=0x08)]), ("long ping", [dict(first=0x89, payload=b"x" * 126)]),
                ("continuation of nothing", [dict(first=0x80, payload=b"x")]),
                ("a new message within one", [dict(first=0x01, payload=b"{"), dict(first=0x81, payload=b"}")]),
                ("text that is no UTF-8", [dict(first=0x81, payload=b"\xff\xfe\xfd")]),
                ("close with one byte", [dict(first=0x88, payload=b"x")]), ("close with code 5", [dict(first=0x88, payload=b"\x00\x05")])):
            with self.subTest(name):
                sideband = self.sideband()
                for frame in frames:
                    sideband.frame(**frame)
                self.assertIn(sideband.close_code(), (1002, 1007))
        for name, length in (("17 MB", 17 << 20), ("2^63", 1 << 63), ("2^64 - 1", (1 << 64) - 1)):
            with self.subTest(name):
                sideband = self.sideband()
                sideband.frame(0x81, b"{", length=length)
                self.assertIn(sideband.close_code(), (1002, 1009))
        observer.say({"type": "session.update", "session": {"type": "realtime", "instructions": "Still here."}})
        self.assertIsNotNone(observer.event("session.updated"))
        self.phone.hang_up()
        self.good_call()

    def test_messages_that_are_no_events_are_errors_and_the_socket_stays(self):
        sideband = self.sideband()
        for text in (b"", b"{", b"[]", b"null", b"{}", b'{"type":7}', b'{"type":"\\u0000"}', b'{"type":"no.such.event"}', b"[" * 50_000,
                     b'{"type":"session.update"}', b'{"type":"session.update","session":[]}', b'{"type":"conversation.item.create","item":7}',
                     b'{"type":"conversation.item.truncate","item_id":"x","content_index":-1,"audio_end_ms":1e300}',
                     b'{"type":"response.create","response":{"conversation":{}}}', b'{"type":"input_audio_buffer.append","audio":7}'):
            with self.subTest(text[:50]):
                sideband.frame(0x81, text)
                error = sideband.event("error")
                self.assertIsNotNone(error, "the socket ended")
                self.assertEqual(error["error"]["type"], "invalid_request_error")
        sideband.frame(0x01, b'{"type":"no.such')
        sideband.frame(0x89, b"ping between")
        sideband.frame(0x80, b'.event"}')
        self.assertIsNotNone(sideband.event("error"))
        self.phone.hang_up()
        self.good_call()

    def test_upgrades_that_are_none(self):
        path = f"/v1/realtime?call_id={self.call_id}"
        good = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
        for name, lines in (("no key", good[:2] + good[3:]),
                            ("version 99", good[:3] + ["Sec-WebSocket-Version: 99"]), ("no version", good[:3])):
            with self.subTest(name):
                http = RawHttp(self.ready)
                http.send(f"GET {path} HTTP/1.1\r\n".encode() + AUTH + "".join(line + "\r\n" for line in lines).encode() + b"\r\n")
                self.assertIn(http.status(), (400, 426))
                http.close()
        for name, query in (("no id", ""), ("unknown id", "?call_id=rtc_none"), ("bad escape", "?call_id=%zz"), ("two ids", "?call_id=a&call_id=b")):
            with self.subTest(name):
                http = RawHttp(self.ready)
                http.send(f"GET /v1/realtime{query} HTTP/1.1\r\n".encode() + AUTH + "".join(line + "\r\n" for line in good).encode() + b"\r\n")
                self.assertEqual(http.status(), 404)
                http.close()
        self.phone.hang_up()
        self.assertEqual(view(self.ready)[0], 200)


if __name__ == "__main__":
    main()
