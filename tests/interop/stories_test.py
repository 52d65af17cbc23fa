"""OpenAI's SDK as the controller, baresip as the caller, the sim between them: the caller interrupts, presses keys, is
transferred and hung up, and asks a Live session for what it delegates. Skipped where npm's packages or the phones are not there."""
import json
import pathlib
import socket
import sys
import wave

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from support import free_port, main, wait_for  # noqa: E402
from phones_test import needs_baresip, needs_sipp, PhonesTest  # noqa: E402
from sdk_test import SdkTest  # noqa: E402
from wire_support import view  # noqa: E402

RATE = 16_000  # of the files that speech is made of


class Keyboard:
    """baresip's commands over its ctrl_tcp: netstrings of JSON; `events` are those that it told."""

    def __init__(self, port, phone):
        def connected():
            try:
                return socket.create_connection(("127.0.0.1", port), 5)
            except OSError:
                if phone.process.poll() is not None:
                    raise AssertionError("baresip ended:\n" + phone.output()) from None
                return None

        self.socket = wait_for(connected, "baresip's control port")
        self.socket.settimeout(60)
        self.buffer = b""
        self.events = []

    def command(self, name, parameters=""):
        """Waits until the phone has carried it out."""
        text = json.dumps({"command": name, "params": parameters, "token": name}).encode()
        self.socket.sendall(b"%d:%s," % (len(text), text))
        while "response" not in (told := self.next()):
            self.events.append(told)
        if not told["ok"]:
            raise AssertionError(f"baresip refuses {name} {parameters}: {told}")

    def await_event(self, event_type):
        """The next event of that type."""
        while True:
            told = self.events.pop(0) if self.events else self.next()
            if told.get("type") == event_type:
                return told

    def next(self):
        while b":" not in self.buffer:
            self.read()
        length, self.buffer = self.buffer.split(b":", 1)
        while len(self.buffer) <= int(length):
            self.read()
        text, self.buffer = self.buffer[:int(length)], self.buffer[int(length) + 1:]
        return json.loads(text)

    def read(self):
        data = self.socket.recv(65536)
        if not data:
            raise AssertionError("baresip ended its control connection")
        self.buffer += data

    def close(self):
        self.socket.close()


@needs_baresip
class StoriesTest(SdkTest, PhonesTest):
    def with_silence(self, name, sound=b""):
        """A file of the sound, and of silence behind it: baresip hangs up where its file ends."""
        path = self.folder / name
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(sound + bytes(2 * RATE * 120))
        return path

    def lines(self, *lines, name="heard"):
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    def begin(self, script, *sim_arguments, account="", **environment):
        """A sim, the SDK's controller, and a silent phone whose call was answered: by UDP and PCMU unless an account for TLS is given."""
        hook, control = free_port(), free_port()
        self.running = self.sim("--webhook", f"http://127.0.0.1:{hook}/webhook", "--sip-udp", "127.0.0.1:0",
                                "--api-tls", "127.0.0.1:0", *sim_arguments)
        ready = self.running.ready
        self.program = self.controller(script, hook, self.running, BASE_URL=ready["api_tls_base"], NODE_EXTRA_CA_CERTS=ready["ca_file"],
                                     **environment)
        phone = self.baresip(account or "<sip:bob@127.0.0.1;transport=udp>;regint=0;audio_codecs=PCMU/8000/1", control=control,
                             source=f"aufile,{self.with_silence('silence.wav')}", rate=RATE, channels=1)
        self.phone = Keyboard(control, phone)
        self.addCleanup(self.phone.close)
        self.phone.command("dial", f"sip:proj_sim@127.0.0.1:{ready['sip_udp_port']}" if not account else ready["sip_target"])
        self.phone.await_event("CALL_ESTABLISHED")

    def story(self, name, *sim_arguments, **environment):
        self.begin("stories.mjs", *sim_arguments, STORY=name, **environment)

    def await_line(self, line):
        wait_for(lambda: f"{line}\n" in self.program.output() or self.program.process.poll() is not None, repr(line))
        self.assertIn(line, self.program.output())

    def speak_into_the_call(self, text):
        """Once the controller asks for it."""
        with wave.open(str(self.speak(text))) as spoken:
            self.assertEqual(spoken.getframerate(), RATE)
            speech = self.with_silence("speech-and-silence.wav", spoken.readframes(spoken.getnframes()))
        self.await_line("caller: speak")
        self.phone.command("ausrc", f"aufile,{speech}")

    def check_controller(self):
        """It says that all went well; returns its report."""
        self.assertEqual(self.program.wait(), 0, self.program.output())
        return json.loads(self.program.output().splitlines()[-1])

    def sip(self, start):
        """Messages of the call's log that begin so, as (direction, message)."""
        status, body = view(self.running.ready)
        self.assertEqual(status, 200, body)
        overview = json.loads(body)
        call_id, = {call["call_id"] for call in overview["calls"] + overview["ended_calls"]}
        log = json.loads(view(self.running.ready, f"/_sim/calls/{call_id}")[1])["log"]
        return [(entry["direction"], entry) for entry in log if entry["kind"] == "sip" and entry["start_line"].startswith(start)]

    def answers(self):
        """(direction, method) of every response of success to a request within the call."""
        return [(direction, header["value"].split()[1]) for direction, entry in self.sip("SIP/2.0 20")
                for header in entry["headers"] if header["name"] == "CSeq"]


class Realtime(StoriesTest):
    def test_a_caller_interrupts_the_model(self):
        self.story("interruption", "--heard", self.lines("Please stop the story now."))
        self.speak_into_the_call("Please stop the story now.")
        self.check_controller()

    def test_keys_arrive_in_their_order(self):
        keys = "19*0#"
        self.story("keys", KEYS=keys)
        for key in keys:
            self.await_line(f"caller: press {key}")
            self.phone.command("sndcode", key)
        self.await_line("caller: press no more")
        self.phone.command("hangup")
        report = self.check_controller()
        self.assertNotIn("input_audio_buffer.speech_started", report["events"], "a key was taken for speech")

    @needs_sipp
    def test_a_caller_is_transferred_to_another_phone(self):
        port = free_port(socket.SOCK_DGRAM)
        colleague = self.start("sipp", "-sn", "uas", "-i", "127.0.0.1", "-p", port, "-m", "1", "-nostdin", "-timeout", "60")
        target = f"sip:colleague@127.0.0.1:{port}"
        self.story("transfer", TARGET=target)
        self.phone.await_event("TRANSFER")
        self.phone.await_event("CALL_ESTABLISHED")
        notified = wait_for(lambda: [entry for entry in self.sip("NOTIFY ") if "SIP/2.0 200" in entry[1]["body"]], "the outcome")
        self.assertEqual(notified[0][0], "received")
        wait_for(lambda: ("sent", "NOTIFY") in self.answers(), "its answer")
        self.assertIn(("received", "REFER"), self.answers())
        (direction, refer), = self.sip("REFER ")
        self.assertEqual(direction, "sent")
        self.assertIn(target, json.dumps(refer["headers"]))
        self.phone.command("line", "1")  # leaves the call to the sim, which waits for that, and then its colleague
        self.phone.command("hangup")
        self.check_controller()
        self.phone.command("hangup")
        self.assertEqual(colleague.wait(), 0, colleague.output()[-2000:])

    def test_a_caller_is_hung_up(self):
        self.story("hangup")
        self.phone.await_event("CALL_CLOSED")
        self.check_controller()
        (direction, _), = self.sip("BYE ")
        self.assertEqual(direction, "sent")


class Live(StoriesTest):
    def test_what_a_caller_asks_for_is_delegated_and_answered(self):
        self.begin("delegation.mjs", "--heard", self.lines("Where is my order?"),
                   "--replies", self.lines('call:find_order {"order": 17}', name="replies"),
                   account="<sip:bob@127.0.0.1;transport=tls>;regint=0;mediaenc=srtp-mand;audio_codecs=opus/48000/2,PCMU/8000/1")
        self.speak_into_the_call("Where is my order?")
        report = self.check_controller()
        self.assertIn("Where is my order?", report["heard"])
        self.phone.await_event("CALL_CLOSED")


if __name__ == "__main__":
    main()
