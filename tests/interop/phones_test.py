"""Other people's phones call `offhook sim` and are called by `offhook call`. Skipped where not installed."""
import json
import math
import pathlib
import struct
import subprocess
import sys
import threading
import unittest
import urllib.request
import wave

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from support import certificates, EndToEndTest, free_port, have, HttpPeer, main, read_jsonl, Running, wait_for  # noqa: E402

MODULES = next((path for path in ("/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules",
                                  "/usr/lib/aarch64-linux-gnu/baresip/modules") if pathlib.Path(path).is_dir()), None)
needs_baresip = unittest.skipUnless(have("baresip") and MODULES, "baresip is not installed (baresip-core)")
needs_linphone = unittest.skipUnless(have("linphonec"), "linphonec is not installed (linphone-cli)")
needs_sipp = unittest.skipUnless(have("sipp"), "sipp is not installed (sip-tester)")
needs_socat = unittest.skipUnless(have("socat"), "socat is not installed")


class Acceptor(HttpPeer):
    """The smallest controller there is: accepts every call that a webhook announces."""

    def __init__(self):
        self.calls = []
        self.api = None
        super().__init__()
        self.url = self.base + "/webhook"

    def handle(self, request):
        event = json.loads(request.body)
        request.reply()
        if event["type"] == "realtime.call.incoming":
            threading.Thread(target=self.accept, args=(event["data"],), daemon=True).start()

    def post(self, call_id, action, body=b""):
        request = urllib.request.Request(f"{self.api}/realtime/calls/{call_id}/{action}", data=body, method="POST",
                                         headers={"Authorization": "Bearer sk-sim", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status

    def accept(self, data):
        session = {"type": "realtime", "model": "gpt-realtime-2.1", "instructions": "Be brief."}
        self.post(data["call_id"], "accept", json.dumps(session).encode())
        self.calls.append(data)


class PhonesTest(EndToEndTest):
    def start_sim(self, *arguments):
        acceptor = Acceptor()
        self.addCleanup(acceptor.close)
        sim = self.sim("--webhook", acceptor.url, "--record", self.folder / "calls", *arguments)
        acceptor.api = sim.ready["api_base"]
        return sim, acceptor

    def baresip(self, account, *arguments, certificate="", port=0, source="ausine,440", rate=48000, channels=2, control=None):
        """`source`: its voice, a tone unless a file is named, which has that rate and those channels. `control`: the port of
        loopback where it takes commands."""
        folder = self.folder / "baresip"
        folder.mkdir(exist_ok=True)
        config = (HERE / "baresip/config.in").read_text()
        for name, value in (("@SIP_PORT@", port), ("@CERT@", certificate), ("@MODULES@", MODULES), ("@SOURCE@", source),
                            ("@RATE@", rate), ("@CHANNELS@", channels)):
            config = config.replace(name, str(value))
        if control:
            config += f"ctrl_tcp_listen 127.0.0.1:{control}\nmodule_app ctrl_tcp.so\n"
        (folder / "config").write_text(config)
        (folder / "accounts").write_text(account + "\n")
        (folder / "contacts").write_text("")
        phone = Running(["baresip", "-f", folder, "-t", "60", *arguments], self.folder / "baresip.log")
        self.addCleanup(phone.end)
        return phone

    def tone(self, seconds):
        """A file with 440 Hz."""
        path = self.folder / f"tone-{seconds}.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(b"".join(struct.pack("<h", int(12000 * math.sin(2 * math.pi * 440 * i / 8000)))
                                      for i in range(int(8000 * seconds))))
        return path

    def check_tone(self, path, channel=None):
        """What arrived is the phone's 440 Hz tone."""
        found = self.compare(self.tone(0.5), path, *(() if channel is None else ("--channel", str(channel))))
        self.assertGreaterEqual(found["correlation"], 0.95, found)

    def await_sound(self, acceptor):
        """The recording of the call, with three seconds in it."""
        wait_for(lambda: acceptor.calls, "the webhook and the accept")
        recording = self.folder / "calls" / f"{acceptor.calls[0]['call_id']}.wav"
        wait_for(lambda: recording.exists() and recording.stat().st_size > 200_000, "three seconds of sound")
        return recording


@needs_baresip
class Baresip(PhonesTest):
    def test_calls_the_sim_over_tls_with_srtp(self):
        sim, acceptor = self.start_sim()
        phone = self.baresip("<sip:bob@127.0.0.1;transport=tls>;regint=0;mediaenc=srtp-mand;audio_codecs=opus/48000/2,PCMU/8000/1",
                             "-e", f"/dial {sim.ready['sip_target']}")
        self.talk_and_hang_up(sim, acceptor, phone)
        self.assertIn("srtp", acceptor.calls[0]["sip_media_security"])
        self.assertIn("AES_CM_128_HMAC_SHA1_80", phone.output())

    def test_calls_the_sim_over_udp_in_the_clear(self):
        sim, acceptor = self.start_sim("--sip-udp", "127.0.0.1:0")
        phone = self.baresip("<sip:bob@127.0.0.1;transport=udp>;regint=0;audio_codecs=PCMU/8000/1",
                             "-e", f"/dial sip:proj_sim@127.0.0.1:{sim.ready['sip_udp_port']}")
        self.talk_and_hang_up(sim, acceptor, phone)
        self.assertEqual(acceptor.calls[0]["sip_media_security"], "rtp")

    def talk_and_hang_up(self, sim, acceptor, phone):
        recording = self.await_sound(acceptor)
        wait_for(lambda: "Call established" in phone.output(), "the phone to be answered")
        self.assertEqual(acceptor.post(acceptor.calls[0]["call_id"], "hangup"), 200)
        wait_for(lambda: "session closed" in phone.output() or "terminated" in phone.output(), "the phone to see BYE")
        wait_for(lambda: '"ended"' in sim.output(), "the sim to end the call")
        self.check_tone(recording, 0)

    def answering_phone(self, certificate):
        """Starts a phone that answers by itself; returns its UDP port, TLS is the one above.

        Somebody else may have taken that one meanwhile: the phone then ends, and another pair is tried."""
        for _ in range(10):
            port = free_port()
            phone = self.baresip(f"<sip:bob@127.0.0.1:{port + 1};transport=tls>;regint=0;answermode=auto;mediaenc=srtp-mand;"
                                 "audio_codecs=opus/48000/2,PCMU/8000/1", certificate=certificate, port=port)
            ready = wait_for(lambda: phone.process.poll() is not None or "baresip is ready" in phone.output(), "the phone to be ready")
            if phone.process.poll() is None and ready:
                return port
        raise AssertionError("no free pair of ports was found:\n" + phone.output())

    def test_is_called_over_tls_with_srtp(self):
        with certificates(self.folder) as certs:
            port = self.answering_phone(certs / "server.pem")
            summary = self.folder / "summary.json"
            code, output = self.offhook("call", "--no-control", "--sip-target", f"sip:bob@127.0.0.1:{port + 1};transport=tls",
                                        "--sip-name", "sip.test", "--sip-ca", certs / "ca.crt", "--srtp", "require",
                                        "--audio", "null", "--play", self.folder / "heard.wav", "--max-duration", "4",
                                        "--summary", summary)
        self.assertEqual(code, 0, output)
        result = json.loads(summary.read_text())
        self.assertEqual((result["codec"], result["srtp"]), ("opus", "AES_CM_128_HMAC_SHA1_80"))
        self.assertEqual(result["rtp"]["srtp_failures"], 0)
        self.check_tone(self.folder / "heard.wav")


@needs_linphone
class Linphone(PhonesTest):
    def linphone(self, ca_file, *commands):
        """Linphone's phone for the terminal: files in place of a sound card, and only calls with SRTP."""
        home = self.folder / "linphone"
        (home / ".local/share/linphone").mkdir(parents=True)
        config = (HERE / "linphone/config.in").read_text()
        for name, value in (("@SIP_TLS_PORT@", free_port()), ("@CA_FILE@", ca_file)):
            config = config.replace(name, str(value))
        (home / "config").write_text(config)
        phone = Running(["linphonec", "-c", home / "config", "-d", "5", "-l", home / "log"], self.folder / "linphone.log",
                        env={"HOME": str(home)}, stdin=subprocess.PIPE)
        self.addCleanup(phone.process.stdin.close)
        self.addCleanup(phone.end)
        phone.process.stdin.write("".join(f"{command}\n" for command in ("ipv6 disable", "soundcard use files", *commands)).encode())
        phone.process.stdin.flush()
        return phone

    def test_calls_the_sim_over_tls_with_srtp_and_is_hung_up(self):
        sim, acceptor = self.start_sim()
        phone = self.linphone(sim.ready["ca_file"], f"play {self.tone(60)}", f"call {sim.ready['sip_target']}")
        recording = self.await_sound(acceptor)
        self.assertIn("srtp", acceptor.calls[0]["sip_media_security"])
        self.assertIn('"codec":"opus"', sim.output())
        self.assertEqual(acceptor.post(acceptor.calls[0]["call_id"], "hangup"), 200)
        wait_for(lambda: '"ended"' in sim.output(), "the sim to end the call")
        wait_for(lambda: "ended" in phone.output(), "the phone to see BYE")
        self.check_tone(recording, 0)


@needs_sipp
class Sipp(PhonesTest):
    def test_calls_the_sim_over_udp_and_tcp(self):
        sim, acceptor = self.start_sim("--sip-udp", "127.0.0.1:0")
        for transport in ("u1", "t1"):
            with self.subTest(transport):
                before = len(acceptor.calls)
                sipp = self.start("sipp", f"127.0.0.1:{sim.ready['sip_udp_port']}", "-sn", "uac", "-s", "proj_sim",
                                  "-t", transport, "-m", "5", "-l", "5", "-d", "300", "-i", "127.0.0.1", "-nostdin",
                                  "-timeout", "60")
                self.assertEqual(sipp.wait(), 0, sipp.output()[-2000:])
                self.assertEqual(len(acceptor.calls) - before, 5)

    @needs_socat
    def test_answers_as_openai_has_been_seen_to(self):
        sip_port, tls_port = free_port(), free_port()
        with certificates(self.folder) as certs:
            sipp = self.start("sipp", "-sf", HERE / "sipp/openai_answer.xml", "-t", "t1", "-i", "127.0.0.1", "-p", sip_port,
                              "-m", "1", "-nostdin", "-timeout", "60")
            socat = self.start("socat", f"OPENSSL-LISTEN:{tls_port},bind=127.0.0.1,reuseaddr,fork,cert={certs}/server.pem,verify=0",
                               f"TCP:127.0.0.1:{sip_port}")
            listening = lambda port: f":{port:04X} " in pathlib.Path("/proc/net/tcp").read_text()
            wait_for(lambda: listening(sip_port) and listening(tls_port), "sipp and socat to listen")
            code, output = self.offhook("call", "--no-control", "--sip-target", f"sip:proj_x@127.0.0.1:{tls_port};transport=tls",
                                        "--sip-name", "sip.api.openai.com", "--sip-ca", certs / "ca.crt", "--audio", "null",
                                        "--play", "null", "--max-duration", "1")
            self.assertEqual(code, 0, output)
            self.assertEqual(sipp.wait(), 0, sipp.output()[-2000:])  # it saw INVITE, ACK and BYE
            socat.end()


if __name__ == "__main__":
    main()
