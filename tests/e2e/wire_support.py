"""A phone, a webhook receiver and a sideband written out on bare sockets, for tests that say every byte."""
import base64
import http.client
import json
import os
import queue
import re
import socket
import ssl
import struct
import time
import wave

from support import DEADLINE_S, HttpPeer


class Webhooks(HttpPeer):
    """Receives on loopback; `next()` gives (headers, event) in the order of arrival."""

    def __init__(self):
        self.received = queue.Queue()
        super().__init__()
        self.url = self.base + "/webhook"

    def handle(self, request):
        request.reply()
        self.received.put((dict(request.headers), json.loads(request.body)))

    def next(self, event_type="realtime.call.incoming"):
        while True:
            headers, event = self.received.get(timeout=DEADLINE_S)
            if event["type"] == event_type:
                return headers, event


def plain_offer(port, payloads="0", extra=""):
    return ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {payloads}\r\n{extra}a=ptime:20\r\n").encode()


def mulaw(path):
    """The sound of a file of `speak`, which has 16 kHz, as PCMU (G.711)."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16000), file.getparams()
        samples = struct.unpack(f"<{file.getnframes()}h", file.readframes(file.getnframes()))

    def encode(sample):
        magnitude = min(abs(sample), 32635) + 132
        exponent = magnitude.bit_length() - 8
        return ~((0x80 if sample < 0 else 0) | exponent << 4 | magnitude >> exponent + 3 & 15) & 0xff

    return bytes(encode((a + b) // 2) for a, b in zip(samples[::2], samples[1::2]))


class UdpPhone:
    """SIP and PCMU over UDP. Identifiers are chosen by the test, so that two runs can be the same."""

    def __init__(self, ready, name="phone", port=0):
        self.sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for one, own_port in ((self.sip, port), (self.rtp, 0)):
            one.bind(("127.0.0.1", own_port))
            one.settimeout(DEADLINE_S)
        self.server = ("127.0.0.1", ready["sip_udp_port"])
        self.name = name
        self.to = "<sip:proj_sim@127.0.0.1>"
        self.media = None

    def own(self):
        return "127.0.0.1:%d" % self.sip.getsockname()[1]

    def request(self, method, sequence, body=b"", headers=""):
        kind = "Content-Type: application/sdp\r\n" if body else ""
        return (f"{method} sip:proj_sim@127.0.0.1 SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP {self.own()};rport;branch=z9hG4bK{self.name}{method}{sequence}\r\n"
                f"Max-Forwards: 70\r\nFrom: <sip:{self.name}@127.0.0.1>;tag={self.name}\r\nTo: {self.to}\r\n"
                f"Call-ID: {self.name}@test\r\nCSeq: {sequence} {method}\r\nContact: <sip:{self.name}@{self.own()}>\r\n"
                f"{headers}{kind}Content-Length: {len(body)}\r\n\r\n").encode() + body

    def send(self, *request, **more):
        self.sip.sendto(self.request(*request, **more), self.server)

    def receive(self, start):
        """The next message that begins like that; others are dropped."""
        while True:
            text = self.sip.recv(65536).decode(errors="replace")
            if text.startswith(start):
                return text

    def invite(self, headers="", offer=None):
        self.send("INVITE", 1, offer or plain_offer(self.rtp.getsockname()[1]), headers)

    def answered(self):
        """Waits for the 200 OK and acknowledges it."""
        ok = self.receive("SIP/2.0 200")
        self.to = re.search(r"^To: (.*?)\r$", ok, re.M).group(1)
        self.media = ("127.0.0.1", int(re.search(r"^m=audio (\d+)", ok, re.M).group(1)))
        self.send("ACK", 1)
        return ok

    def hang_up(self):
        self.send("BYE", 2)
        return self.receive("SIP/2.0 200")

    def say(self, payload, sequence, timestamp, ssrc=0x0ff400c):
        self.rtp.sendto(struct.pack("!BBHII", 0x80, 0, sequence & 0xffff, timestamp & 0xffffffff, ssrc) + payload, self.media)

    def speak(self, sound):
        """Says it at the pace of a caller, and silence long enough for the sim to hear it end."""
        sound += b"\xff" * 160 * 60
        begin = time.monotonic()
        for i in range(0, len(sound) - 159, 160):
            self.say(sound[i:i + 160], i // 160, i)
            time.sleep(max(0, begin + (i // 160 + 1) * 0.02 - time.monotonic()))

    def hear_speech(self, packets):
        """Waits for so many packets that are no silence; what came before counts, too."""
        while packets > 0:
            packets -= len(set(self.rtp.recv(2048)[12:])) > 8

    def close(self):
        self.sip.close()
        self.rtp.close()


class RawHttp:
    """One connection to the API, TLS or not; says bytes and reads what comes."""

    def __init__(self, ready, port="api_port"):
        self.socket = socket.create_connection(("127.0.0.1", ready[port]), DEADLINE_S)
        self.socket.settimeout(DEADLINE_S)
        self.buffer = b""

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it did not wait for the rest

    def read(self, size):
        while len(self.buffer) < size:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def head(self):
        """Status and header of the next answer; None when the connection ended."""
        while b"\r\n\r\n" not in self.buffer:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.buffer += data
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        return head.decode(errors="replace")

    def status(self):
        head = self.head()
        if head is None:
            return None
        length = re.search(r"^content-length: *(\d+)", head, re.I | re.M)
        if length:
            self.read(int(length.group(1)))
        return int(head.split()[1])

    def rest(self):
        """Everything up to the end of the connection."""
        try:
            while data := self.socket.recv(65536):
                self.buffer += data
        except ConnectionResetError:
            pass
        return self.buffer

    def close(self):
        self.socket.close()


class Sideband(RawHttp):
    """A WebSocket client that may send any frame."""

    def __init__(self, ready, call_id, key="sk-sim"):
        super().__init__(ready)
        nonce = base64.b64encode(os.urandom(16)).decode()
        path = f"live/sessions/{call_id}/attach" if call_id.startswith("live_") else f"realtime?call_id={call_id}"
        self.send((f"GET /v1/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                   f"Connection: Upgrade\r\nSec-WebSocket-Key: {nonce}\r\nSec-WebSocket-Version: 13\r\n"
                   f"Authorization: Bearer {key}\r\n\r\n").encode())
        self.upgraded = (self.head() or "").startswith("HTTP/1.1 101")

    def frame(self, first, payload=b"", masked=True, length=None):
        """`first`: FIN, reserved bits and opcode. `length`: what the frame says instead of the truth."""
        size = len(payload) if length is None else length
        mark = 0x80 if masked else 0
        if size < 126:
            head = struct.pack("!BB", first, mark | size)
        elif size < 65536:
            head = struct.pack("!BBH", first, mark | 126, size)
        else:
            head = struct.pack("!BBQ", first, mark | 127, size)
        if masked:
            mask = os.urandom(4)
            head += mask
            payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
        self.send(head + payload)

    def say(self, event):
        self.frame(0x81, json.dumps(event).encode())

    def next_frame(self):
        """(opcode, payload); None when the connection ended."""
        try:
            first, second = self.read(2)
            size = second & 127
            if size >= 126:
                size = int.from_bytes(self.read(2 if size == 126 else 8), "big")
            payload = self.read(size)
            if first & 15 == 9:
                self.frame(0x8a, payload)
            return first & 15, payload
        except (EOFError, ConnectionResetError):
            return None

    def event(self, event_type=None):
        """The next event (of that type); None when the connection ended."""
        while (frame := self.next_frame()) is not None:
            if frame[0] == 1:
                event = json.loads(frame[1])
                if event_type in (None, event["type"]):
                    return event
        return None

    def close_code(self):
        """Of the close frame, whatever comes before it; None when there is none."""
        while (frame := self.next_frame()) is not None:
            if frame[0] == 8:
                return int.from_bytes(frame[1][:2], "big") if len(frame[1]) >= 2 else 1005
        return None


def post(ready, path, body=None, key="sk-sim"):
    """(status, headers, JSON or bytes) of one request to the API."""
    connection = http.client.HTTPConnection("127.0.0.1", ready["api_port"], timeout=DEADLINE_S)
    try:
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        connection.request("POST", path, data, {"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, dict(answer.getheaders()), json.loads(text) if text else text
    finally:
        connection.close()


def view(ready, path="/_sim"):
    connection = http.client.HTTPConnection("127.0.0.1", ready["api_port"], timeout=DEADLINE_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def connect_stream(ready, transport):
    """A connection to the SIP port by "TCP" or "TLS"."""
    if transport == "TCP":
        stream = socket.create_connection(("127.0.0.1", ready["sip_udp_port"]), DEADLINE_S)
    else:
        context = ssl.create_default_context(cafile=ready["ca_file"])
        plain = socket.create_connection(("127.0.0.1", ready["sip_tls_port"]), DEADLINE_S)
        stream = context.wrap_socket(plain, server_hostname=ready["sip_name"])
    stream.settimeout(DEADLINE_S)
    return stream


ACCEPT = {"type": "realtime", "model": "gpt-realtime", "instructions": "Say \"Hello there.\""}


def accepted_call(ready, webhooks, name="phone", body=None, headers=""):
    """INVITE, accept, ACK; returns (phone, call id)."""
    phone = UdpPhone(ready, name)
    phone.invite(headers)
    call_id = webhooks.next()[1]["data"]["call_id"]
    status, _, answer = post(ready, f"/v1/realtime/calls/{call_id}/accept", body or ACCEPT)
    assert status == 200, answer
    phone.answered()
    return phone, call_id
