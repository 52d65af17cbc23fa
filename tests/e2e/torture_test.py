"""Malformed input of every kind to the sim: the answer a service would give, no crash, and the next call works."""
import random
import re
import socket
import struct

from support import DEADLINE_S, EndToEndTest, main
from torture_messages import CASES, CLOSED, Case, SILENCE, WAITS, request
from wire_support import ACCEPT, RawHttp, Sideband, UdpPhone, Webhooks, accepted_call, connect_stream, post, view


class TortureTest(EndToEndTest):
    options = ()

    def setUp(self):
        super().setUp()
        self.webhooks = Webhooks()
        self.addCleanup(self.webhooks.close)
        self.running = self.sim("--sip-udp", "127.0.0.1:0", "--webhook", self.webhooks.url, "--no-ears", *self.options)
        self.ready = self.running.ready
        self.numbers = iter(range(1, 1_000_000))
        self.addCleanup(self.assert_alive)

    def assert_alive(self):
        self.assertIsNone(self.running.process.poll(), self.running.output()[-4_000:])

    def assert_bad_frames_end_their_socket(self, sideband):
        """`sideband()` gives a new one each time."""
        for name, frames in BAD_FRAMES:
            with self.subTest(name):
                socket_of_it = sideband()
                for frame in frames:
                    socket_of_it.frame(**frame)
                self.assertIn(socket_of_it.close_code(), (1002, 1007))
        for name, length in (("17 MB", 17 << 20), ("2^63", 1 << 63), ("2^64 - 1", (1 << 64) - 1)):
            with self.subTest(name):
                socket_of_it = sideband()
                socket_of_it.frame(0x81, b"{", length=length)
                self.assertIn(socket_of_it.close_code(), (1002, 1009))

    def assert_refused(self, path, bodies, statuses=(400,)):
        """As an error of the client's, with an envelope."""
        for body in bodies:
            with self.subTest(body[:70], path=path):
                status, _, answer = post(self.ready, path, body)
                self.assertIn(status, statuses)
                self.assertEqual(answer["error"]["type"], "invalid_request_error")

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


# (name, frames) against RFC 6455.
BAD_FRAMES = (
    ("unmasked", [dict(first=0x81, payload=b"{}", masked=False)]), ("reserved bit 1", [dict(first=0xc1, payload=b"{}")]),
    ("reserved bits", [dict(first=0xf1, payload=b"{}")]), ("opcode 3", [dict(first=0x83, payload=b"{}")]),
    ("opcode 15", [dict(first=0x8f)]), ("fragmented ping", [dict(first=0x09, payload=b"x")]),
    ("fragmented close", [dict(first=0x08)]), ("long ping", [dict(first=0x89, payload=b"x" * 126)]),
    ("continuation of nothing", [dict(first=0x80, payload=b"x")]),
    ("a new message within one", [dict(first=0x01, payload=b"{"), dict(first=0x81, payload=b"}")]),
    ("text that is no UTF-8", [dict(first=0x81, payload=b"\xff\xfe\xfd")]),
    ("close with one byte", [dict(first=0x88, payload=b"x")]), ("close with code 5", [dict(first=0x88, payload=b"\x00\x05")]))


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
        self.assert_bad_frames_end_their_socket(self.sideband)
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


# Bodies that are no JSON object, whatever is asked for.
NO_OBJECTS = (b"{", b"{]}", b"[]", b"null", b"1", b'"x"', b"\xff\xfe{}", b'{"name":"\xc3\x28"}', b'{"name":"\\ud800"}', b'{"type":1e999}', b"{}{}", b"{}x",
              b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b"[" * 100_000, b'{"session":' + b"[" * 100_000)
# Members of a Live session that are none: they stand behind a model.
BAD_MEMBERS = (
    b'"model":[]', b'"colour":1', b'"instructions":{"a":1}', b'"instructions":"' + b"word " * 70_000 + b'"', b'"safety_identifier":7', b'"store":"yes"', b'"audio":[]',
    b'"audio":{"output":7}', b'"audio":{"output":{"voice":{"id":{}}}}', b'"audio":{"format":{"type":"audio/pcm"}}', b'"triggers":{}', b'"input":{}',
    b'"input":[7]', b'"input":[{"role":"system"}]', b'"input":[{"role":"user","content":[]}]', b'"input":[' + b"{}," * 128 + b"{}]",
    b'"delegation":7', b'"delegation":{}', b'"delegation":{"type":"nobody"}', b'"delegation":{"type":"responses"}', b'"delegation":{"type":"responses","responses":[]}',
    b'"delegation":{"type":"responses","responses":{"model":{}}}', b'"delegation":{"type":"responses","responses":{"model":"m","tools":[7]}}',
    b'"delegation":{"type":"decisions","decisions":{"model":"m"}}', b'"delegation":{"type":"decisions","decisions":{"model":"m","questions":[[]]}}',
    b'"delegation":{"type":"client","acknowledgement_delay_ms":-1}', b'"delegation":{"type":"client","acknowledgement_delay_ms":1e300}',
    b'"delegation":{"type":"client","acknowledgement_delay_ms":99999999999999999999}')
BASE64 = b"AAAA" * 600_000  # 37 s of silence: more than a fixture may have


class Live(TortureTest):
    options = ("--live-plain-rtp", "--live-outbound")

    def ringing(self):
        phone = UdpPhone(self.ready, f"live{next(self.numbers)}")
        self.addCleanup(phone.close)
        phone.invite()
        told = [self.webhooks.received.get(timeout=DEADLINE_S)[1] for _ in range(2)]  # both APIs are, in any order
        return phone, next(event["data"]["session_id"] for event in told if event["type"] == "live.transport.incoming")

    def accepted(self, session=b'{"type":"live","model":"gpt-live-1"}'):
        phone, self.session_id = self.ringing()
        status, _, answer = post(self.ready, f"/v1/live/sessions/{self.session_id}/accept", b'{"session":' + session + b"}")
        self.assertEqual(status, 200, answer)
        phone.answered()
        return phone

    def sideband(self):
        sideband = Sideband(self.ready, self.session_id)
        self.assertEqual(sideband.event()["type"], "session.started")
        self.addCleanup(sideband.close)
        return sideband

    def test_frames_against_the_protocol_end_their_socket_alone(self):
        phone = self.accepted()
        observer = self.sideband()
        self.assert_bad_frames_end_their_socket(self.sideband)
        observer.say({"type": "session.input_audio.mute"})
        self.assertIsNotNone(observer.event("session.input_audio.muted"))
        phone.hang_up()
        self.good_call()

    def assert_errors(self, texts):
        sideband = self.sideband()
        for text in texts:
            with self.subTest(text[:70]):
                sideband.frame(0x81, text)
                sideband.say({"type": "session.input_audio.unmute"})  # what comes after it, is understood
                answers = []
                while "session.input_audio.unmuted" not in answers:
                    event = sideband.event()
                    self.assertIsNotNone(event, "the socket ended")
                    answers.append(event["type"])
                    if event["type"] == "error":
                        self.assertEqual(event["error"]["type"], "invalid_request_error")
                self.assertEqual(answers.count("error"), 1, answers)

    def test_messages_that_are_no_events_are_errors_and_the_socket_stays(self):
        phone = self.accepted()
        events = [b'{"type":"%s"}' % name for name in (
            b"no.such.event", b"session.start", b"session.update", b"session.output_audio.fixture.play", b"transport.dtmf.send",
            b"session.instructions.append", b"decision.create", b"decision.item.create", b"decision.item.delete", b"response.item.create", b"response.create")]
        session = b'{"type":"session.update","session":%s}'
        appended = b'{"type":"session.commentary.append","content":%s,"delegation_id":%s}'
        self.assert_errors([
            b"", b"{", b"[]", b"null", b"{}", b'{"type":7}', b'{"type":"\\u0000"}', b"[" * 50_000, *events,
            *(session % b"[]", session % b"7", session % b'{"model":"x"}', session % b'{"delegation":[]}', session % b'{"delegation":{"type":"responses"}}',
              session % b'{"delegation":{"type":"client","client":{}}}', session % b'{"triggers":7}', session % b'{"a":1}'),
            *(appended % both for both in ((b"7", b"null"), (b'""', b"null"), (b'"x"', b"7"), (b'"x"', b'"dlg_none"'), (b'"x"', b"{}"))),
            appended % (b'"' + b"word " * 5_000 + b'"', b"null"),
            *(b'{"type":"transport.dtmf.send","event":%s}' % key for key in (b"5", b'"55"', b'""', b'"x"', b"[]")),
            *(b'{"type":"session.output_audio.fixture.play","audio":%s}' % sound for sound in (b"7", b'""', b'"AA"', b'"*"', b'"AAAA"', b'"' + BASE64 + b'"')),
            b'{"type":"session.input_audio.mute","colour":1}', b'{"type":"session.input_audio.append","audio":"AAAA"}'])
        phone.hang_up()
        self.good_call()

    def test_messages_that_are_none_to_its_delegates(self):
        for session, texts in (
                (b'{"type":"live","model":"m","delegation":{"type":"responses","responses":{"model":"m"}}}',
                 [b'{"type":"response.item.create","item":%s}' % item for item in (
                     b"7", b"[]", b"{}", b'{"type":7}', b'{"type":"function_call_output"}', b'{"type":"function_call_output","call_id":"none","output":"x"}',
                     b'{"type":"function_call_output","call_id":{},"output":[]}')] + [b'{"type":"response.create","response":{}}']),
                (b'{"type":"live","model":"m","delegation":{"type":"decisions","decisions":{"model":"m","questions":[{"type":"choice","choices":[7]}]}}}',
                 [b'{"type":"decision.item.create","item":%s}' % item for item in (b"7", b"[]", b"{}", b'{"role":7}')]
                 + [b'{"type":"decision.item.delete","item_id":%s}' % item for item in (b"7", b'""', b'"none"')] + [b'{"type":"decision.create"}'])):
            with self.subTest(session[:70]):
                phone = self.accepted(session)
                self.assert_errors(texts)
                phone.hang_up()
        self.good_call()

    def test_bodies_of_accept_reject_and_refer(self):
        phone, session_id = self.ringing()
        path = f"/v1/live/sessions/{session_id}"
        self.assert_refused(f"{path}/accept", NO_OBJECTS + (b"{}", b'{"session":null}', b'{"session":[]}', b'{"session":{}}', b'{"session":{"type":"realtime","model":"m"}}',
                                                           b'{"session":{"type":"live"}}', b'{"session":{"type":"live","model":"m"},"a":1}'))
        self.assert_refused(f"{path}/accept", [b'{"session":{"type":"live","model":"m",' + member + b"}}" for member in BAD_MEMBERS])
        self.assert_refused(f"{path}/reject", NO_OBJECTS + (b"{}", b'{"status_code":"486"}', b'{"status_code":200}', b'{"status_code":1e300}', b'{"status_code":-1}'))
        self.assertEqual(post(self.ready, f"{path}/accept", b'{"session":{"type":"live","model":"gpt-live-1"}}')[0], 200)
        phone.answered()
        self.assert_refused(f"{path}/refer", NO_OBJECTS + (b"{}", b'{"target_uri":7}', b'{"target_uri":" "}', b'{"target_uri":"sip:a\\r\\nX: y"}'))
        phone.hang_up()
        self.good_call()

    def test_bodies_of_calls_out(self):
        path = "/v1/live/sessions"
        whole = (b'{"session":{"model":"m"},"transport":{"type":"sip","destination":"+14155550123","trunk":'
                 b'{"provider_url":"sips:sip.example.com","caller_number":"+14155550100"}}}')
        session = b'{"model":"m"}'
        url, number = b'"sips:sip.example.com"', b'"+14155550123"'
        changes = [(session, one) for one in (b"7", b"null", b"[]", b"{}", b'{"type":"live","model":"m"}')]
        changes += [(session, b'{"model":"m",' + member + b"}") for member in BAD_MEMBERS]
        changes += [(b'"sip"', one) for one in (b"7", b'"websocket"', b"{}")]
        changes += [(number, one) for one in (b"7", b'""', b'"0123"', b'"+1415555012345678901234"', b'"sip:a@b"', b'"+1\\r\\n4155550123"', b"[]")]
        changes += [(url, one) for one in (b"7", b'""', b'"sip:sip.example.com"', b'"sips:"', b'"sips:u@sip.example.com"', b'"sips:sip.example.com/x"', b'"sips:sip.example.com:99999"',
                                           b'"sips:sip.example.com:x"', b'"sips:[::"', b'"sips:a b"', b'"sips:' + b"a" * 100_000 + b'@"', b'"sips:a\\r\\nX: y"')]
        changes += [(url, url + b',"auth":' + auth) for auth in (
            b"7", b"[]", b"{}", b'{"type":"basic","username":"u","password":"p"}', b'{"type":"digest","username":7,"password":"p"}', b'{"type":"digest","username":"u"}',
            b'{"type":"digest","username":"' + b"u" * 300 + b'","password":"p"}')]
        changes += [(b'"transport":{', b'"transport":{"a":1,'), (b'"trunk":{', b'"trunk":{"a":1,'), (b'{"session"', b'{"a":1,"session"'), (b'"trunk":{', b'"trunk":7,"x":{')]
        for before, _ in changes:
            self.assertIn(before, whole)
        self.assert_refused(path, NO_OBJECTS + (b"{}",) + tuple(whole.replace(before, after) for before, after in changes))
        self.good_call()


class WebhookEndpoints(TortureTest):
    def test_bodies_and_queries(self):
        path = "/v1/webhook_endpoints"
        good = b'{"name":"n","url":"https://example.com/hook","event_types":["realtime.call.incoming"]}'
        types = b'["realtime.call.incoming"]'
        wrong = [(b'"n"', one) for one in (b"7", b"null", b'""', b"[]")]
        wrong += [(types, one) for one in (b"7", b"null", b"[]", b"{}", b"[7]", b'[""]', b'["no.such.type"]', b'["live.transport.incoming"]', b'[["realtime.call.incoming"]]')]
        wrong += [(b'"https://example.com/hook"', one) for one in (
            b"7", b"null", b'""', b'"hook"', b'"ftp://example.com"', b'"http://example.com/hook"', b'"https://"', b'"https://a b/"', b'"https://[::/"',
            b'"https://example.com:99999/"', b'"https://example.com/\\r\\nX: y"', b'"file:///etc/passwd"', b'{"url":1}')]
        bodies = NO_OBJECTS + tuple(good.replace(before, after) for before, after in wrong) + (good[:-1] + b',"a":1}',)
        self.assert_refused(path, bodies + (b"{}", b'{"name":"n"}'))
        status, _, endpoint = post(self.ready, path, good)
        self.assertEqual(status, 200, endpoint)
        own = f"{path}/{endpoint['id']}"
        self.assert_refused(own, bodies)
        kept = b'{"keep_old_secret_active_for_24_hours":%s}'
        self.assert_refused(f"{own}/rotate_secret", NO_OBJECTS + tuple(kept % one for one in (b"7", b"null", b'"true"', b"[]")) + (b'{"a":1}',))
        self.assert_refused(f"{own}/test", NO_OBJECTS + (b"{}", b'{"event_type":7}', b'{"event_type":"no.such.type"}', b'{"event_type":"realtime.call.incoming","a":1}'))
        self.assert_refused(f"{path}/whsec_none", (b"{}", good), (404,))
        for strange in (f"{path}/%00", f"{path}/%zz", f"{path}/..%2f..", f"{path}/" + "a" * 5_000, f"{path}//test", f"{own}/none", f"{own}/test/more", "/v1/webhook_event_types"):
            with self.subTest(strange[:60]):
                self.assertIn(post(self.ready, strange, good)[0], (400, 404, 405))
        for query in ("limit=0", "limit=101", "limit=-1", "limit=x", "limit=99999999999999999999", "after=none", "after=%00", "after=%zz"):
            with self.subTest(query):
                http = RawHttp(self.ready)
                http.send(f"GET {path}?{query} HTTP/1.1\r\n".encode() + AUTH + b"\r\n")
                self.assertIn(http.status(), (400, 404))
                http.close()
        http = RawHttp(self.ready)
        http.send(f"GET {own} HTTP/1.1\r\n".encode() + AUTH + b"\r\n")
        self.assertEqual(http.status(), 200)
        http.close()
        self.good_call()


if __name__ == "__main__":
    main()
