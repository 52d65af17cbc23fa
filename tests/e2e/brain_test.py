"""`offhook sim --brain`: a chat endpoint answers the caller instead of the persona."""
import http.server
import json
import threading

from support import EndToEndTest, main, read_jsonl


class ChatServer:
    """The smallest chat endpoint of the OpenAI kind; `answer(request)` gives a status, a type and a body."""

    def __init__(self, answer):
        self.requests = []
        chat = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                chat.requests.append((self.path, self.headers["authorization"], request))
                status, kind, body = answer(request)
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def whole(text):
    body = {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}
    return 200, "application/json", json.dumps(body).encode()


def stream(*words):
    events = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in words]
    return 200, "text/event-stream", b"".join(b"data: %s\n\n" % json.dumps(e).encode() for e in events) + b"data: [DONE]\n\n"


class Brain(EndToEndTest):
    def ask(self, answer, *options):
        """One call that asks a question; returns what was said as [(who, text)], and the chat's requests."""
        chat = ChatServer(answer)
        self.addCleanup(chat.close)
        heard = self.folder / "heard.txt"
        heard.write_text("what is the capital of france\n")
        port = self.free_port()
        self.running = self.sim("--brain", chat.url, "--heard", heard, "--no-ears", "--webhook",
                                f"http://127.0.0.1:{port}/webhook", *options)
        summary = self.folder / "summary.json"
        target = self.running.target(**{"--listen": f"127.0.0.1:{port}", "--audio": self.speak("What is the capital of France?")})
        code, output = self.offhook("call", *target, "--max-duration", "60", "--instructions", "Be brief.", "--summary", summary,
                                    env=self.running.env())
        self.assertEqual(code, 0, output)
        return [(line["who"], line["text"]) for line in json.loads(summary.read_text())["transcript"]], chat.requests

    @staticmethod
    def free_port():
        import socket
        with socket.create_server(("127.0.0.1", 0)) as probe:
            return probe.getsockname()[1]

    def test_the_question_goes_there_and_the_answer_is_said(self):
        key = self.folder / "key"
        key.write_text("sk-chat\n")
        said, requests = self.ask(lambda _: whole("It is Paris."), "--brain-model", "tiny", "--brain-key-file", key)
        self.assertIn(("model", "It is Paris."), said)
        path, authorization, request = requests[-1]
        self.assertEqual((path, authorization, request["model"]), ("/v1/chat/completions", "Bearer sk-chat", "tiny"))
        self.assertIn({"role": "user", "content": "what is the capital of france"}, request["messages"])
        self.assertTrue(request["messages"][0]["content"].startswith("Be brief."))

    def test_an_answer_that_comes_as_a_stream_is_said(self):
        said, _ = self.ask(lambda _: stream("It ", "is ", "Paris."))
        self.assertIn(("model", "It is Paris."), said)

    def test_a_failure_is_apologised_for_and_told_in_the_log(self):
        key = self.folder / "key"
        key.write_text("sk-chat\n")
        said, _ = self.ask(lambda _: (500, "text/plain", b"out of order: Bearer sk-chat"), "--brain-key-file", key)
        self.assertIn(("model", "Sorry, I cannot answer that right now."), said)
        failed = [mark for mark in read_jsonl(self.running.log) if mark.get("name") == "brain.failed"]
        self.assertIn("500: out of order", failed[0]["why"])
        self.assertNotIn("sk-chat", self.running.log.read_text())

    def test_an_address_that_is_none_is_refused(self):
        code, output = self.offhook("sim", "--brain", "nowhere")
        self.assertEqual(code, 2)
        self.assertIn("--brain", output)


if __name__ == "__main__":
    main()
