"""Calls whose media comes from a peer by hand: what is wrong with it is counted and told, and the sound goes on.
Its RTCP lies and losses are known, so the figures of summary and timeline are checked against them."""
import contextlib
import json
import math
import socket
import struct
import threading
import time
import wave
from array import array

from sip_answerer import SipAnswerer, plain_answer, response
from support import OFFHOOK, Call, EndToEndTest, certificates, main, read_jsonl, udp_ports, wait_for


def tone(hz):
    """20 ms of a loud square wave as PCMU, whole periods of it: 50, 100, 200, 250, 400, 500, 800, 1000 or 2000 Hz."""
    half = 4000 // hz
    return bytes([0x10] * half + [0x90] * half) * (80 // half)


OPUS_ANSWER = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
               "m=audio {port} RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n")


class Peer:
    """An RTP and an RTCP socket, and the state of one stream of PCMU."""

    def __init__(self):
        while True:
            self.rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.rtcp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.rtp.bind(("127.0.0.1", 0))
            self.port = self.rtp.getsockname()[1]
            try:
                self.rtcp.bind(("127.0.0.1", self.port + 1))
                break
            except OSError:
                self.rtp.close()
                self.rtcp.close()
        self.rtp.settimeout(0.2)
        self.rtcp.settimeout(0.2)
        self.ssrc, self.sequence, self.timestamp = 1, 100, 5000
        self.sound = tone(400)
        self.caller = self.caller_ssrc = None
        self.reports = []

    def close(self):
        self.rtp.close()
        self.rtcp.close()

    def find_caller(self):
        packet, self.caller = self.rtp.recvfrom(2048)
        self.caller_ssrc = struct.unpack("!I", packet[8:12])[0]

    def packet(self, payload_type=0, lost=False):
        header = struct.pack("!BBHII", 0x80, payload_type, self.sequence & 0xffff, self.timestamp & 0xffffffff, self.ssrc)
        if not lost:
            self.rtp.sendto(header + self.sound, self.caller)
        self.sequence += 1
        self.timestamp += 160

    def talk(self, packets, lose_every=0):
        """In real time, whatever a loaded machine does to one of the pauses."""
        began = time.monotonic()
        for i in range(packets):
            self.packet(lost=bool(lose_every) and i % lose_every == lose_every - 1)
            time.sleep(max(0.0, began + 0.02 * (i + 1) - time.monotonic()))

    def report(self, fraction=0, highest=0, jitter=0, last_sr=0, delay=0):
        """A receiver report about the caller, with a CNAME."""
        block = struct.pack("!IIIIII", self.caller_ssrc, fraction << 24, highest, jitter, last_sr, delay)
        packet = struct.pack("!BBHI", 0x81, 201, 7, 77) + block
        packet += struct.pack("!BBHI", 0x81, 202, 3, 77) + b"\x01\x04peer\x00\x00"
        self.rtp.sendto(packet, (self.caller[0], self.caller[1] + 1))


def heard(path):
    """(frequency in Hz, mean magnitude) of every twentieth of a second of a file with plain tones; of two sides the left."""
    with wave.open(str(path)) as sound:
        step = sound.getframerate() // 20
        samples = array("h", sound.readframes(sound.getnframes()))[::sound.getnchannels()]
    pieces = [samples[at:at + step] for at in range(0, len(samples) - step, step)]
    return [(10 * sum((a < 0) != (b < 0) for a, b in zip(piece, piece[1:])), sum(map(abs, piece)) / step) for piece in pieces]


class WithPeer(EndToEndTest):
    def call(self, script, seconds, answer=plain_answer, *arguments):
        """One call during which `script(peer)` runs in a thread."""
        peer = Peer()
        self.addCleanup(peer.close)
        failures = []

        def run():
            try:
                script(peer)
            except OSError as error:  # the call is over
                failures.append(error)

        def reply(method, request):
            if method == "INVITE":
                return [response(request, 200, "OK", ["Contact: <sip:a@127.0.0.1:5061>"], answer(peer.port))]
            return [response(request, 200, "OK")] if method == "BYE" else []

        with certificates(self.folder) as certs:
            answerer = SipAnswerer(certs / "server.pem", reply)
            self.addCleanup(answerer.close)
            thread = threading.Thread(target=run, daemon=True)
            thread.start()
            summary, timeline = self.folder / "summary.json", self.folder / "timeline.jsonl"
            code, output = self.offhook(
                "call", "--no-control", "--sip-target", f"sip:x@127.0.0.1:{answerer.port};transport=tls",
                "--sip-name", "sip.test", "--sip-ca", certs / "ca.crt", "--audio", "null", "--play",
                self.folder / "heard.wav", "--summary", summary, "--timeline", timeline, "--srtp", "off",
                "--max-duration", str(seconds), *arguments)
        self.assertEqual(code, 0, output)
        thread.join(60)
        self.assertEqual(failures, [])
        self.timeline = read_jsonl(timeline)
        self.rtp = json.loads(summary.read_text())["rtp"]
        return peer

    def marks(self, name):
        return [m for m in self.timeline if m["source"] == "media" and m["name"] == name]


class Troubles(WithPeer):
    """After each trouble the peer sends another tone: whether it is heard tells whether the sound went on."""
    STRANGERS = 2000

    def everything_goes_wrong(self, peer):
        peer.rtp.settimeout(60)
        peer.find_caller()
        peer.sound = tone(50)
        peer.talk(40)
        for trouble, hz in self.troubles():
            trouble(peer)
            peer.sound = tone(hz)
            peer.talk(40)
        peer.talk(40)

    def troubles(self):
        return ((self.no_audio, 500), (self.stranger, 800), (self.later, 250), (self.earlier, 200), (self.elsewhere, 1000),
                (self.other_source, 400), (self.flood, 100))

    def no_audio(self, peer):
        for _ in range(20):
            peer.packet(payload_type=77)
        for junk in (b"", b"\x80", bytes(300), b"\xff" * 1400):
            peer.rtp.sendto(junk, peer.caller)

    def stranger(self, peer):
        with contextlib.closing(Peer()) as stranger:
            stranger.caller, stranger.sound = peer.caller, tone(self.STRANGERS)
            for name in ("ssrc", "sequence", "timestamp"):
                setattr(stranger, name, getattr(peer, name))
            for _ in range(50):
                stranger.packet()

    def later(self, peer):
        peer.timestamp += 900_000_000

    def earlier(self, peer):
        peer.timestamp -= 1_800_000_000

    def elsewhere(self, peer):
        peer.sequence += 20_000

    def other_source(self, peer):
        peer.ssrc, peer.sequence, peer.timestamp = 2, 65_530, 3

    def flood(self, peer):
        for _ in range(2_000):
            peer.packet()

    def check(self, *arguments):
        self.call(self.everything_goes_wrong, 11, plain_answer, *arguments)
        told = {m["why"] for m in self.marks("packets.refused")}
        self.assertLessEqual({"payload type", "malformed", "unknown source", "sequence jump", "buffer reset"}, told)
        self.assertEqual(len(self.marks("source.changed")), 1)
        self.assertEqual(self.marks("silent"), [])
        self.assertGreaterEqual(self.rtp["discarded"], 20 + 4 + 50)
        self.assertGreaterEqual(self.rtp["buffer_resets"], 2)
        pieces = heard(self.folder / "heard.wav")
        for trouble, hz in self.troubles():
            with self.subTest(after=trouble.__name__):
                after = [loud for found, loud in pieces if abs(found - hz) <= 20 and loud > 1_000]
                self.assertGreaterEqual(len(after), 8, [(found, round(loud)) for found, loud in pieces])  # of 16
        self.assertEqual([found for found, _ in pieces if abs(found - self.STRANGERS) < 200], [])

    def test_are_told_and_the_sound_goes_on(self):
        self.check()

    def test_are_told_and_the_sound_goes_on_with_neteq(self):
        code, output = self.offhook("call", "--sim", "--jitter-buffer", "neteq", "--max-duration", "1",
                                    "--audio", "null", "--play", "null")
        if code != 0:
            self.assertIn("libtgowt-dev", output)
            self.skipTest("this build has no NetEQ")
        self.check("--jitter-buffer", "neteq")


class ForgedPackets(EndToEndTest):
    COUNT = 300

    def forge(self, call):
        """Packets of others, of an unknown key, at all the ports of the call and of its sim."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger:
            for port in udp_ports(call.process):
                for i in range(self.COUNT):
                    header = struct.pack("!BBHII", 0x80, 0, i, 160 * i, 7) if port % 2 == 0 else struct.pack("!BBHI", 0x80, 200, 6, 7)
                    forger.sendto(header + bytes([0x10] * 10 + [0x90] * 10) * 8, ("127.0.0.1", port))

    def test_are_counted_and_told_and_the_sound_goes_on(self):
        files = {name: self.folder / f"{name}.json" for name in ("summary", "timeline", "events")}
        given = [part for name, path in files.items() for part in (f"--{name}", path)]
        running = self.start(OFFHOOK, "call", "--sim", "--srtp", "require", "--codecs", "PCMU", "--audio", "null", "--play",
                             self.folder / "heard.wav", "--max-duration", 6, "--say", "Say: " + "This line is long. " * 20, *given)
        wait_for(lambda: "output_audio_buffer.started" in running.output(), "the model's first word")
        self.forge(running)
        self.assertEqual(running.wait(), 0, running.output())
        call = Call(files, running.output())
        self.assertEqual(call.summary["result"], "time_limit", call.output)
        self.assertGreaterEqual(call.summary["rtp"]["srtp_failures"], self.COUNT)
        self.assertLessEqual({"SRTP authentication", "SRTCP authentication"}, {m["why"] for m in call.marks("media", "packets.refused")})
        self.assertEqual(call.marks("media", "source.changed") + call.marks("media", "silent"), [])
        self.assertGreater(max(loud for _, loud in heard(self.folder / "heard.wav")[-40:]), 1_000)  # the last two seconds


class Figures(WithPeer):
    def test_are_those_of_the_losses_and_reports(self):
        def script(peer):
            peer.rtp.settimeout(60)
            peer.find_caller()
            threading.Thread(target=listen, args=(peer,), daemon=True).start()
            peer.talk(400, lose_every=10)

        def listen(peer):
            """Answers each sender report half a second late and claims to have been quick."""
            while True:
                try:
                    packet = peer.rtcp.recv(2048)
                except socket.timeout:
                    continue
                except OSError:
                    return
                if packet[1] == 200:
                    seconds, fraction = struct.unpack("!II", packet[8:16])
                    if packet[0] & 31:
                        peer.reports.append(struct.unpack("!I", packet[32:36])[0])
                    time.sleep(0.5)
                    peer.report(fraction=64, highest=50, jitter=80,
                                last_sr=(seconds & 0xffff) << 16 | fraction >> 16)

        peer = self.call(script, 9)
        rtp = self.rtp
        self.assertEqual(rtp["lost"], 39)  # of 40; the last packet of all is lost too, which nobody can know
        self.assertGreaterEqual(rtp["concealed"], 39)
        self.assertAlmostEqual(rtp["concealed_percent"], 100 * rtp["concealed"] / rtp["played"], places=2)
        self.assertEqual((rtp["remote_loss_percent"], rtp["remote_jitter_ms"]), (25, 10))
        self.assertGreaterEqual(rtp["round_trip_ms"], 499)
        self.assertTrue(peer.reports, "a report block of ours")
        self.assertAlmostEqual((peer.reports[-1] >> 24) / 256, 0.1, delta=0.03)
        delay = rtp["round_trip_ms"] / 2 + 20 + rtp["buffer_ms"]
        loss = rtp["concealed_percent"]
        r = 93.2 - 0.024 * delay - 0.11 * max(0, delay - 177.3) - 95 * loss / (loss + 25.1)  # G.711 with concealment: G.113 Appendix I
        self.assertAlmostEqual(rtp["r_factor"], r, delta=0.02)
        mark = self.marks("quality")[-1]
        for name in ("r_factor", "concealed_percent", "lost", "jitter_ms", "buffer_ms", "round_trip_ms",
                     "remote_loss_percent", "fec"):
            self.assertIn(name, mark)
        self.assertGreater(mark["lost"], 0)

    def test_of_lost_packets_switch_fec_on_and_off_again(self):
        def script(peer):
            peer.rtp.settimeout(60)
            peer.find_caller()
            for i in range(5):
                peer.report(fraction=51, highest=1_000 + 250 * i)
            time.sleep(1.5)
            for i in range(5, 15):
                peer.report(fraction=0, highest=1_000 + 250 * i)

        self.call(script, 4, lambda port: OPUS_ANSWER.format(port=port), "--codecs", "opus")
        self.assertEqual([m["name"] for m in self.timeline if m["name"].startswith("fec.")], ["fec.on", "fec.off"])
        self.assertFalse(self.rtp["fec"])


class SoundFiles(EndToEndTest):
    """Sound files of all kinds are said into calls."""
    # struct's letter for a sample, how loud it is at most, and the format tag of a WAV: 1 PCM, 3 floating point.
    WIDTHS = {"8 bits": ("B", 127, 1), "16 bits": ("<h", 32767, 1), "24 bits": ("<i", 2 ** 31 - 1, 1), "float": ("<f", 1.0, 3)}

    def write(self, width, rate, channels):
        """Two seconds of 400 Hz at half of full scale."""
        letter, most, tag = self.WIDTHS[width]
        data = bytearray()
        for at in range(2 * rate):
            value = most / 2 * math.sin(2 * math.pi * 400 * at / rate)
            sample = struct.pack(letter, value if tag == 3 else int(value) + (128 if letter == "B" else 0))
            data += (sample[1:] if width == "24 bits" else sample) * channels
        size = len(data) // (2 * rate * channels)
        head = struct.pack("<4sIHHIIHH4sI", b"fmt ", 16, tag, channels, rate, rate * channels * size, channels * size, 8 * size, b"data", len(data))
        path = self.folder / f"{width} {rate} {channels}.wav"
        path.write_bytes(struct.pack("<4sI4s", b"RIFF", 4 + len(head) + len(data), b"WAVE") + head + data)
        return path

    def test_of_all_widths_rates_and_channels_are_heard(self):
        calls = {}
        for kind in (("8 bits", 8000, 1), ("16 bits", 96000, 2), ("24 bits", 44100, 1), ("float", 48000, 2), ("16 bits", 11025, 1)):
            folder = self.folder / str(len(calls))
            calls[kind] = folder, self.start(OFFHOOK, "call", "--sim", "--codecs", "PCMU", "--audio", self.write(*kind), "--play", "null",
                                             "--sim-record", folder, "--max-duration", 4)
        for kind, (folder, call) in calls.items():
            with self.subTest(kind):
                self.assertEqual(call.wait(), 0, call.output())
                pieces = heard(next(folder.glob("*.wav")))
                self.assertGreaterEqual(sum(abs(hz - 400) <= 20 and 8_000 < loud < 13_000 for hz, loud in pieces), 30, pieces)  # of 40


class JitterBufferOption(EndToEndTest):
    def test_is_portable_unless_told(self):
        for arguments in ((), ("--jitter-buffer", "portable")):
            call = self.call_sim("--max-duration", "1", *arguments)
            self.assertEqual(call.marks("media", "started")[0]["jitter_buffer"], "portable")

    def test_takes_neteq_or_says_why_not(self):
        timeline = self.folder / "timeline.jsonl"
        code, output = self.offhook("call", "--sim", "--jitter-buffer", "neteq", "--max-duration", "2",
                                    "--audio", "null", "--play", "null", "--timeline", timeline)
        if code == 0:
            started = [m for m in read_jsonl(timeline) if m["name"] == "started" and m["source"] == "media"]
            self.assertEqual(started[0]["jitter_buffer"], "neteq")
        else:
            self.assertEqual(code, 2)
            self.assertIn("libtgowt-dev", output)

    def test_refuses_another_name(self):
        code, output = self.offhook("call", "--sim", "--jitter-buffer", "automatic")
        self.assertEqual(code, 2)
        self.assertIn("must be portable or neteq", output)


if __name__ == "__main__":
    main()
