"""What goes wrong is said in one line, with its own exit code, and nothing stays open."""
import json
import socket
import wave

from serve_support import SmallDisk
from sip_answerer import SipAnswerer, plain_answer, response
from support import OFFHOOK, Call, certificates, EndToEndTest, free_port, main, read_jsonl


class MissingSettings(EndToEndTest):
    def test_name_the_variable_and_where_to_get_it(self):
        nothing = {"OPENAI_API_KEY": "", "OPENAI_PROJECT_ID": "", "OPENAI_WEBHOOK_SECRET": ""}
        import os
        saved = {name: os.environ.pop(name, None) for name in nothing}
        self.addCleanup(lambda: os.environ.update({k: v for k, v in saved.items() if v is not None}))
        code, output = self.offhook("call")
        self.assertEqual(code, 2)
        self.assertIn("OPENAI_PROJECT_ID is not set", output)
        code, output = self.offhook("call", env={"OPENAI_PROJECT_ID": "proj_x"})
        self.assertEqual(code, 2)
        self.assertIn("OPENAI_API_KEY is not set", output)
        self.assertIn("platform.openai.com", output)

    def test_wrong_usage(self):
        for arguments in (["call", "--no-such-option"], ["call", "--srtp", "maybe", "--sim"], ["no-such-command"], [],
                          ["call", "--codecs", "G729", "--sim"], ["sim", "--rtp-ports", "9-"],
                          ["sim", "--quirk", "none-such"], ["sim", "--webhook", "not-a-url"], ["sim", "--voice", "none-such"],
                          ["sim", "--api", "0.0.0.0:0"], ["call", "--sip-target", "proj_x@host"], ["call", "--no-control", "--sip-target",
                          "sip:a@127.0.0.1;transport=tls", "--sip-ca", "/no/such/ca"], ["call", "--sim", "--instructions-file", "/"], ["call", "--sim", "--cert", "only.pem"]):
            with self.subTest(arguments):
                code, output = self.offhook(*arguments)
                self.assertEqual(code, 2, output)
                self.assertIn("offhook: ", output)


class SoundThatCannotBeUsed(EndToEndTest):
    def test_is_said_before_anybody_rings(self):
        (self.folder / "text.wav").write_text("this is no sound")
        (self.folder / "empty.wav").touch()
        with wave.open(str(self.folder / "no-samples.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", None))
        (self.folder / "circle.wav").symlink_to(self.folder / "circle.wav")
        for name in ("none.wav", "text.wav", "empty.wav", "no-samples.wav", "circle.wav"):
            path = self.folder / name
            with self.subTest(name):
                code, output = self.offhook("call", "--sim", "--audio", path, "--play", "null")
                self.assertEqual(code, 18, output)
                self.assertIn(str(path), output)
                self.assertNotIn("INVITE", output)

    def test_files_that_cannot_be_written_are_said_too(self):
        for option, expect in (("--events", 2), ("--timeline", 2), ("--play", 18), ("--record", 18)):
            with self.subTest(option):
                code, output = self.offhook("call", "--sim", "--audio", "null", *(() if option == "--play" else ("--play", "null")),
                                            option, self.folder / "no/such/folder/file.wav")
                self.assertEqual(code, expect, output)
                self.assertIn("no/such/folder", output)


class FullDisk(EndToEndTest):
    def test_cuts_the_recording_off_and_not_the_call(self):
        for kind, kilobytes in (("wav", 64), ("flac", 64), ("opus", 12)):
            with self.subTest(kind=kind):
                disk = SmallDisk(self, kilobytes)
                files = {name: self.folder / f"{kind}-{name}.json" for name in ("summary", "timeline", "events")}
                given = [part for name, path in files.items() for part in (f"--{name}", path)]
                recording = str(disk.folder / f"call.{kind}")
                call = self.start(*disk.within, OFFHOOK, "call", "--sim", "--audio", "null", "--play", "null",
                                  "--record", recording, "--max-duration", 5, "--say", "Say: " + "This line is long. " * 20, *given)
                self.assertEqual(call.wait(), 0, call.output())
                call = Call(files, call.output())
                self.assertEqual(call.summary["result"], "time_limit", call.output)
                self.assertEqual(call.summary["failed_files"], [recording], call.output)
                self.assertEqual([mark["file"] for mark in call.marks("audio", "file.failed")], [recording])
                self.assertGreater(call.summary["rtp"]["received"], 150)
                self.assertRegex(call.output, f"recording is cut off +{recording}")

    def test_is_not_told_of_when_all_was_written(self):
        call = self.call_sim("--record", str(self.folder / "call.flac"), "--max-duration", 1)
        self.assertEqual(call.summary["failed_files"], [])
        self.assertNotIn("cut off", call.output)


class SipTrouble(EndToEndTest):
    def dial(self, target, *arguments, expect):
        summary, timeline = self.folder / "summary.json", self.folder / "timeline.jsonl"
        code, output = self.offhook("call", "--no-control", "--sip-target", target, "--audio", "null", "--play", "null",
                                    "--summary", summary, "--timeline", timeline, *arguments)
        self.assertEqual(code, expect, output)
        self.timeline = read_jsonl(timeline)
        self.summary = json.loads(summary.read_text())
        return output

    def test_unresolvable_host(self):
        output = self.dial("sip:proj_x@no-such-host..invalid;transport=tls", expect=10)
        self.assertIn("no-such-host..invalid", output)

    def test_refused_port(self):
        port = free_port()
        output = self.dial(f"sip:proj_x@127.0.0.1:{port};transport=tls", expect=10)
        self.assertIn("refused", output.lower())

    def test_only_the_good_certificate_connects(self):
        with certificates(self.folder) as certs:
            for name, expect, reason in (("server", 12, "486"), ("wrong", 11, "another name"), ("rogue", 11, "unknown"),
                                         ("expired", 11, "expired")):
                with self.subTest(name):
                    peer = SipAnswerer(certs / f"{name}.pem", lambda m, r: [response(r, 486, "Busy Here")] if m == "INVITE" else [])
                    output = self.dial(f"sip:proj_x@127.0.0.1:{peer.port};transport=tls", "--sip-name", "sip.test",
                                       "--sip-ca", certs / "ca.crt", expect=expect)
                    peer.close()
                    self.assertIn(reason, output)
                    self.assertEqual("INVITE" in peer.methods(), name == "server")

    def answerer(self, certs, reply):
        peer = SipAnswerer(certs / "server.pem", reply)
        self.addCleanup(peer.close)
        return peer

    def dial_peer(self, certs, peer, *arguments, expect=0):
        return self.dial(f"sip:proj_x@127.0.0.1:{peer.port};transport=tls", "--sip-name", "sip.test",
                         "--sip-ca", certs / "ca.crt", *arguments, expect=expect)

    def test_srtp_refused_with_488_is_tried_once_more_in_the_clear(self):
        def reply(method, request):
            if method == "INVITE":
                if "RTP/SAVP" in request:
                    return [response(request, 488, "Not Acceptable Here")]
                return [response(request, 200, "OK", [f"Contact: <sip:OAI@127.0.0.1:{peer.port};transport=tls>", "Content-Type: application/sdp"],
                                 plain_answer(rtp.getsockname()[1]))]
            return [response(request, 200, "OK")] if method == "BYE" else []

        rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(rtp.close)
        rtp.bind(("127.0.0.1", 0))
        with certificates(self.folder) as certs:
            peer = self.answerer(certs, reply)
            output = self.dial_peer(certs, peer, "--max-duration", "1")
            self.assertIn("not encrypted", output)
            self.assertEqual(peer.methods().count("INVITE"), 2)
            self.assertEqual((self.summary["codec"], self.summary["srtp"]), ("PCMU", "off"))
            peer = self.answerer(certs, reply)
            self.dial_peer(certs, peer, "--srtp", "require", expect=12)
            self.assertEqual(peer.methods().count("INVITE"), 1)

    def test_the_answer_that_openai_has_been_seen_to_give(self):
        """No Content-Type, a Contact without transport, plain RTP; ACK and BYE stay on the one connection."""
        def reply(method, request):
            if method == "INVITE":
                return [response(request, 100, "Trying"),
                        response(request, 200, "OK", ["Contact: <sip:OAI@sip.api.openai.com:5061>"], plain_answer(rtp.getsockname()[1]))]
            return [response(request, 200, "OK")] if method == "BYE" else []

        rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(rtp.close)
        rtp.bind(("127.0.0.1", 0))
        with certificates(self.folder) as certs:
            peer = self.answerer(certs, reply)
            self.dial(f"sip:proj_x@127.0.0.1:{peer.port};transport=tls", "--sip-name", "sip.api.openai.com",
                      "--sip-ca", certs / "ca.crt", "--max-duration", "1", expect=0)
            self.assertEqual(peer.methods(), ["INVITE", "ACK", "BYE"])
            self.assertEqual({number for _, _, number in peer.requests}, {1})
            self.assertEqual(self.summary["codec"], "PCMU")

    def test_refusals_are_explained(self):
        with certificates(self.folder) as certs:
            for status, reason, advice in ((403, "Forbidden", "project id"), (404, "Not Found", "project id"),
                                           (400, "Bad Request", "accepted in time"), (603, "Decline", "rejected")):
                with self.subTest(status):
                    peer = self.answerer(certs, lambda m, r: [response(r, status, reason)] if m == "INVITE" else [])
                    output = self.dial_peer(certs, peer, expect=12)
                    self.assertIn(f"{status} {reason}", output)
                    self.assertIn(advice, output)

    def test_unusable_answers_end_with_bye(self):
        for body in ("v=0\r\n", plain_answer(40000).replace("RTP/AVP 0 101", "RTP/AVP 18"),
                     plain_answer(0), "v=0\r\n" + "\x00\xff" * 50):
            with self.subTest(body), certificates(self.folder) as certs:
                peer = self.answerer(certs, lambda m, r: [response(
                    r, 200, "OK", [f"Contact: <sip:OAI@127.0.0.1:{peer.port};transport=tls>", "Content-Type: application/sdp"] if m == "INVITE" else [],
                    body if m == "INVITE" else "")] if m in ("INVITE", "BYE") else [])
                self.dial_peer(certs, peer, expect=17)
                self.assertEqual(peer.methods(), ["INVITE", "ACK", "BYE"])

    def test_a_hundred_and_nothing_more(self):
        with certificates(self.folder) as certs:
            peer = self.answerer(certs, lambda m, r: [response(r, 100, "Trying")] if m == "INVITE" else
                                 [response(r, 200, "OK")] if m == "CANCEL" else [])
            output = self.dial_peer(certs, peer, "--answer-deadline", "1", expect=13)
            self.assertIn("no final answer", output)

    def test_what_a_peer_says_cannot_steer_the_terminal(self):
        with certificates(self.folder) as certs:
            peer = self.answerer(certs, lambda m, r: [response(r, 486, "Busy \x1b]0;owned\x07Here")] if m == "INVITE" else [])
            output = self.dial_peer(certs, peer, expect=12)
            self.assertIn("Here", output)
            self.assertNotIn("\x1b", output)
            self.assertNotIn("\x07", output)

    def test_silence_after_the_invite(self):
        with certificates(self.folder) as certs:
            peer = self.answerer(certs, lambda method, request: [])
            output = self.dial_peer(certs, peer, expect=13)
            self.assertIn("no answer", output)


class ControllerTrouble(EndToEndTest):
    def call(self, sim, *arguments, expect, env=None, **changes):
        summary = self.folder / "summary.json"
        code, output = self.offhook("call", *sim.target(**changes), "--summary", summary, *arguments,
                                    env=sim.env(**(env or {})))
        self.assertEqual(code, expect, output)
        for secret in (sim.secret, sim.secret[6:], "sk-sim", "sk-wrong"):
            self.assertNotIn(secret, output)
        return output

    def sim_for(self, port, *arguments):
        return self.sim("--webhook", f"http://127.0.0.1:{port}/webhook", *arguments)

    def test_the_webhook_never_comes(self):
        sim = self.sim("--assume", "no-webhook=wait")
        output = self.call(sim, "--webhook-deadline", "1", expect=14)
        for hint in ("public address", "tunnel", "subscribed"):
            self.assertIn(hint, output)

    def test_a_wrong_project(self):
        sim = self.sim()
        target = sim.ready["sip_target"].replace("proj_sim", "proj_other")
        output = self.call(sim, expect=12, **{"--sip-target": target})
        self.assertIn("404", output)

    def test_a_wrong_key_is_named_but_not_shown(self):
        port = free_port()
        sim = self.sim_for(port)
        output = self.call(sim, expect=15, env={"OPENAI_API_KEY": "sk-wrong"}, **{"--listen": f"127.0.0.1:{port}"})
        self.assertIn("401", output)

    def test_a_wrong_webhook_secret_is_refused_and_said(self):
        port = free_port()
        sim = self.sim_for(port)
        output = self.call(sim, "--webhook-deadline", "2", expect=14, env={"OPENAI_WEBHOOK_SECRET": "whsec_d3Jvbmcgd3Jvbmcgd3Jvbmc="},
                           **{"--listen": f"127.0.0.1:{port}"})
        self.assertIn("refused", output)

    def test_the_listening_port_is_taken(self):
        sim = self.sim()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            output = self.call(sim, expect=2, **{"--listen": f"127.0.0.1:{port}"})
        self.assertIn(str(port), output)

    def test_the_key_does_not_leave_the_machine_unencrypted(self):
        output = self.call(self.sim(), expect=2, **{"--api": "http://192.0.2.1/v1"})
        self.assertIn("unencrypted", output)

    def test_no_rest_server(self):
        port, nowhere = free_port(), free_port()
        sim = self.sim_for(port)
        output = self.call(sim, expect=15, **{"--listen": f"127.0.0.1:{port}", "--api": f"http://127.0.0.1:{nowhere}/v1"})
        self.assertIn("refused", output.lower())


if __name__ == "__main__":
    main()
