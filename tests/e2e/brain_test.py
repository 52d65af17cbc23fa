"""`offhook sim --brain`: a chat endpoint answers the caller instead of the persona."""
import json
import signal
import threading
import wave

from serve_support import ServeTest
from support import DEADLINE_S, OFFHOOK, EndToEndTest, HttpPeer, free_port, main, read_jsonl, wait_for


class ChatServer(HttpPeer):
    """The smallest chat endpoint of the OpenAI kind; `answer(request)` gives a status, a type and a body, which is
    whole or comes in pieces. `left` is set once the sim has closed a connection on which more would have come."""

    def __init__(self, answer):
        self.requests = []
        self.left = threading.Event()
        self.answer = answer
        super().__init__()

    def handle(self, request):
        body = json.loads(request.body)
        self.requests.append((request.path, request.headers["authorization"], body))
        status, kind, answer = self.answer(body)
        if isinstance(answer, bytes):
            return request.reply(status, answer, kind)
        request.send_response(status)
        request.send_header("content-type", kind)
        request.end_headers()
        for piece in answer:
            if piece is FOREVER:
                request.connection.recv(1)
                return self.left.set()
            request.wfile.write(piece)


FOREVER = object()


def event(**choice):
    return b"data: %s\n\n" % json.dumps({"choices": [{"index": 0, **choice}]}).encode()


def greets(request):
    """Whether this is asked before the caller said anything."""
    return all(message["role"] == "system" for message in request["messages"])


def whole(text):
    body = {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}
    return 200, "application/json", json.dumps(body).encode()


def stream(*words):
    """The words one by one, and the end; what can be called instead of words is called."""
    def pieces():
        for word in words:
            if callable(word):
                word()
            else:
                yield word if word is FOREVER else event(delta={"content": word})
        yield event(delta={}, finish_reason="stop") + b"data: [DONE]\n\n"
    return 200, "text/event-stream", pieces()


class Brain(EndToEndTest):
    def prepare(self, answer, *options):
        """Starts chat endpoint and sim; returns the options of a call that asks a question."""
        self.chat = ChatServer(answer)
        self.addCleanup(self.chat.close)
        heard = self.folder / "heard.txt"
        heard.write_text("what is the capital of france\n")
        port = free_port()
        self.running = self.sim("--brain", self.chat.base, "--heard", heard, "--no-ears", "--webhook",
                                f"http://127.0.0.1:{port}/webhook", *options)
        target = self.running.target(**{"--listen": f"127.0.0.1:{port}", "--audio": self.speak("What is the capital of France?")})
        return ["call", *target, "--max-duration", "60", "--instructions", "Be brief."]

    def ask(self, answer, *options):
        """One call that asks a question; returns what was said as [(who, text)], and the chat's requests."""
        call = self.prepare(answer, *options)
        summary = self.folder / "summary.json"
        code, output = self.offhook(*call, "--summary", summary, env=self.running.env())
        self.assertEqual(code, 0, output)
        return [(line["who"], line["text"]) for line in json.loads(summary.read_text())["transcript"]], self.chat.requests

    def marks(self, name):
        return [mark for mark in read_jsonl(self.running.log) if mark.get("name") == name]

    def test_the_question_goes_there_and_the_answer_is_said(self):
        key = self.folder / "key"
        key.write_text("sk-chat\n")
        said, requests = self.ask(lambda _: whole("It is Paris."), "--brain-model", "tiny", "--brain-key-file", key)
        self.assertIn(("model", "It is Paris."), said)
        path, authorization, request = requests[-1]
        self.assertEqual((path, authorization, request["model"]), ("/v1/chat/completions", "Bearer sk-chat", "tiny"))
        self.assertIn({"role": "user", "content": "what is the capital of france"}, request["messages"])
        self.assertTrue(request["messages"][0]["content"].startswith("Be brief."))

    def test_of_a_stream_the_first_sentence_is_heard_while_the_next_is_thought_of(self):
        begun = []

        def first_is_heard():
            begun.append(len(self.marks("output_audio_buffer.started")))
            wait_for(lambda: len(self.marks("output_audio_buffer.started")) > len(self.marks("output_audio_buffer.stopped")),
                     "the caller to hear the model")

        said, _ = self.ask(lambda request: stream("Hi.") if greets(request) else stream("It is ", "Paris. A", first_is_heard, "nything", " else?"))
        self.assertIn(("model", "It is Paris. Anything else?"), said)
        self.assertEqual(len(begun), 1)
        answered = self.marks("brain.answered")[-1]
        self.assertLess(answered["first_ms"], answered["ms"])

    def test_a_question_is_given_up_when_the_caller_hangs_up(self):
        call = self.prepare(lambda request: stream("Hi.") if greets(request) else stream("It is. N", FOREVER))
        running = self.start(OFFHOOK, *call, env=self.running.env())
        wait_for(lambda: any(mark.get("text") != "Hi." for mark in self.marks("output_audio_buffer.started")[1:]), "the answer to begin")
        running.signal(signal.SIGINT)
        self.assertTrue(self.chat.left.wait(DEADLINE_S))
        wait_for(lambda: self.marks("brain.cancelled"), "the sim to say so")
        self.assertEqual(running.wait(), 0)

    def test_a_failure_is_apologised_for_and_told_in_the_log(self):
        key = self.folder / "key"
        key.write_text("sk-chat\n")
        said, _ = self.ask(lambda _: (500, "text/plain", b"out of order: Bearer sk-chat"), "--brain-key-file", key)
        self.assertIn(("model", "Sorry, I cannot answer that right now."), said)
        self.assertIn("500: out of order", self.marks("brain.failed")[0]["why"])
        self.assertNotIn("sk-chat", self.running.log.read_text())

    def test_an_address_that_is_none_is_refused(self):
        code, output = self.offhook("sim", "--brain", "nowhere")
        self.assertEqual(code, 2)
        self.assertIn("--brain", output)


class LiveBrain(ServeTest):
    def test_a_live_call_is_answered_by_it(self):
        chat = ChatServer(lambda _: stream("We have room twelve. ", "It has a view."))
        self.addCleanup(chat.close)
        sim = self.sim_with_webhook("--brain", chat.base, "--heard", self.replies("is there a room", name="heard"), "--no-ears")
        serve = self.serve(self.agent_file(sim, agents="""  concierge:
    api: live
    model: gpt-live-1
    instructions: You are the concierge of a hotel.
    opening: Say "Hello, this is the hotel."
"""))
        with wave.open(str(self.speak("Is there a room?")), "rb") as spoken:
            parameters, frames = spoken.getparams(), spoken.readframes(spoken.getnframes())
        question = self.folder / "question.wav"
        second = b"\0" * (parameters.framerate * parameters.sampwidth * parameters.nchannels)
        with wave.open(str(question), "wb") as whole_call:
            whole_call.setparams(parameters)
            whole_call.writeframes(second * 4 + frames + second * 8)
        options = sim.target(**{"--listen": None, "--api": None, "--audio": question})
        caller = self.start(OFFHOOK, "call", "--no-control", "--srtp", "require", *options, env=sim.env())
        wait_for(lambda: [e for e in serve.events("transcript") if "It has a view." in e["text"]], "the answer")
        self.assertEqual(caller.wait(), 0, caller.output())
        messages = [(message["role"], message["content"]) for message in chat.requests[-1][2]["messages"]]
        self.assertTrue(messages[0][1].startswith("You are the concierge of a hotel."), messages)
        self.assertEqual(messages[1:], [("assistant", "Hello, this is the hotel."), ("user", "is there a room")])


if __name__ == "__main__":
    main()
