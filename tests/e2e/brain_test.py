"""`offhook sim --brain`: a chat endpoint answers the caller instead of the persona."""
import json
import signal
import threading
import wave

from serve_support import ServeTest
from support import DEADLINE_S, OFFHOOK, EndToEndTest, HttpPeer, free_port, main, read_jsonl, wait_for
from wire_support import Sideband, Webhooks, accepted_call, mulaw


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


STORY = ("Once upon a time there was a king who had seven daughters, and every daughter had a garden by the sea, and in every garden "
         "there was a tree, and on every tree there were seven golden apples, which nobody was allowed to eat before the summer was over.")


class Interruption(EndToEndTest):
    """A stream whose first sentence is spoken when the answer is no longer wanted: the brain writes on for ever."""

    def setUp(self):
        super().setUp()
        self.chat = ChatServer(lambda request: stream(f"{STORY} T", FOREVER) if request["messages"][-1]["content"] == "Tell me a story."
                               else whole("All right."))
        self.addCleanup(self.chat.close)
        heard = self.folder / "heard.txt"
        heard.write_text("stop please\n")
        webhooks = Webhooks()
        self.addCleanup(webhooks.close)
        self.running = self.sim("--brain", self.chat.base, "--heard", heard, "--no-ears", "--webhook", webhooks.url,
                                "--sip-udp", "127.0.0.1:0")
        self.words = mulaw(self.speak("Can you please stop?"))
        self.phone, call_id = accepted_call(self.running.ready, webhooks,
                                            body={"type": "realtime", "model": "gpt-realtime", "instructions": "Be brief."})
        self.addCleanup(self.phone.close)
        self.sideband = Sideband(self.running.ready, call_id)
        self.addCleanup(self.sideband.close)

    def expect(self, event_type):
        event = self.sideband.event(event_type)
        self.assertIsNotNone(event, f"the socket ended before {event_type}")
        return event

    def ask(self, text):
        content = [{"type": "input_text", "text": text}]
        self.sideband.say({"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}})
        self.sideband.say({"type": "response.create"})

    def hear_the_beginning(self):
        """Asks for the story, and listens for a second; returns the id of its response, and of its item."""
        self.ask("Tell me a story.")
        added = self.expect("response.output_item.added")
        self.assertEqual(self.expect("output_audio_buffer.started")["response_id"], added["response_id"])
        self.phone.hear_speech(50)
        return added["response_id"], added["item"]["id"]

    def check_cancelled(self, response_id, reason):
        response = self.expect("response.done")["response"]
        self.assertEqual((response["id"], response["status"]), (response_id, "cancelled"))
        self.assertEqual(response["status_details"], {"type": "cancelled", "reason": reason})
        self.assertEqual([item["status"] for item in response["output"]], ["incomplete"])

    def check_given_up(self):
        self.assertTrue(self.chat.left.wait(DEADLINE_S), "the request was not given up")
        wait_for(lambda: "brain.cancelled" in self.running.output(), "the sim to say so")

    def check_next_turn(self, words):
        """It is answered, and was asked with what was heard of the story."""
        self.assertEqual(self.expect("response.output_audio_transcript.done")["transcript"], "All right.")
        self.assertEqual(self.expect("response.done")["response"]["status"], "completed")
        self.assertEqual(len(self.chat.requests), 2)
        messages = [(message["role"], message["content"]) for message in self.chat.requests[1][2]["messages"]]
        told = messages[2][1]
        self.assertEqual(messages, [messages[0], ("user", "Tell me a story."), ("assistant", told), ("user", words)])
        self.assertTrue(told and STORY.startswith(told), told)
        self.assertLess(len(told), len(STORY))
        self.expect("output_audio_buffer.stopped")

    def test_a_caller_who_speaks_stops_the_answer_and_the_next_is_asked_with_what_was_heard_of_it(self):
        response_id, item_id = self.hear_the_beginning()
        self.phone.speak(self.words)
        self.expect("input_audio_buffer.speech_started")
        self.assertEqual(self.expect("output_audio_buffer.cleared")["response_id"], response_id)
        self.check_cancelled(response_id, "turn_detected")
        self.assertEqual(self.expect("conversation.item.truncated")["item_id"], item_id)
        self.check_given_up()
        self.check_next_turn("stop please")

    def test_a_controller_who_cancels_stops_the_answer_and_what_is_left_to_hear_of_it(self):
        response_id, item_id = self.hear_the_beginning()
        self.sideband.say({"type": "response.cancel"})
        self.check_cancelled(response_id, "client_cancelled")
        self.check_given_up()
        self.sideband.say({"type": "output_audio_buffer.clear"})
        self.assertEqual(self.expect("output_audio_buffer.cleared")["response_id"], response_id)
        self.sideband.say({"type": "conversation.item.truncate", "item_id": item_id, "content_index": 0, "audio_end_ms": 800})
        self.assertEqual(self.expect("conversation.item.truncated")["item_id"], item_id)
        self.ask("Another one.")
        self.check_next_turn("Another one.")


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
