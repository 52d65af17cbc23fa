"""Tools of an MCP server: the sim calls them, and `offhook serve` makes the conversation go on."""
import json
import wave

from serve_support import ServeTest
from support import OFFHOOK, HttpPeer, main, read_jsonl, wait_for


class McpServer(HttpPeer):
    """The smallest server of tools over streamable HTTP; its answers are streams, its one tool finds an order."""

    def __init__(self):
        self.asked = []  # (method, headers)
        super().__init__()
        self.url = self.base + "/mcp"

    def handle(self, request):
        message = json.loads(request.body) if request.command == "POST" else {"method": request.command}
        self.asked.append((message["method"], dict(request.headers)))
        status, body = 200, b""
        if request.headers["authorization"] != "Bearer tok-shop":
            status, body = 401, b"who is " + request.headers["authorization"].encode()
        elif "id" in message:
            reply = {"jsonrpc": "2.0", "id": message["id"], "result": self.result(message)}
            body = b"event: message\ndata: %s\n\n" % json.dumps(reply).encode()
        elif request.command == "POST":
            status = 202
        request.reply(status, body, "text/event-stream" if "id" in message else "text/plain", **{"mcp-session-id": "session-1"})

    @staticmethod
    def result(message):
        if message["method"] == "initialize":
            return {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "shop", "version": "1"}}
        if message["method"] == "tools/list":
            return {"tools": [{"name": "find_order", "description": "Finds an order.",
                               "inputSchema": {"type": "object", "properties": {"order": {"type": "string"}}}}]}
        order = message["params"]["arguments"]["order"]
        return {"content": [{"type": "text", "text": f"order {order} is on its way"}]}

    def methods(self):
        return [method for method, _ in self.asked]


class ServedMcpCalls(ServeTest):
    key = "tok-shop"

    def call(self, server, more=""):
        """A served call whose caller asks for order 17; the question comes from a script, the turn from sound."""
        persona = self.folder / "persona.yaml"
        persona.write_text("rules:\n  - hears: 'order ([0-9]+)'\n    call: find_order\n    arguments: {order: $1}\n")
        heard = self.replies("where is order 17", name="heard")
        sim = self.sim_with_webhook("--persona", persona, "--heard", heard, "--no-ears")
        agents = f"""  support:
    model: gpt-realtime-2.1
    instructions: You are the support line of a shop.
    opening: Say "Hello."
    mcp: [shop]
"""
        serve = self.serve(self.agent_file(sim, f"""mcp:
  shop:
    server_url: {server.url}
    authorization: {self.key}
{more}""", agents=agents))
        options = sim.target(**{"--listen": None, "--api": None, "--audio": self.question()})
        self.start(OFFHOOK, "call", "--no-control", *options, env=sim.env())
        return sim, serve

    def question(self):
        with wave.open(str(self.speak("Where is my order number seventeen?")), "rb") as spoken:
            parameters, frames = spoken.getparams(), spoken.readframes(spoken.getnframes())
        second = b"\0" * (parameters.framerate * parameters.sampwidth * parameters.nchannels)
        path = self.folder / "question.wav"
        with wave.open(str(path), "wb") as whole:
            whole.setparams(parameters)
            whole.writeframes(second * 3 + frames + second * 20)
        return path

    def server(self):
        server = McpServer()
        self.addCleanup(server.close)
        return server

    def marked(self, name):
        return self.journal.path.exists() and self.journal.rows(f"SELECT json FROM event WHERE type LIKE '%{name}'")

    def test_the_model_calls_a_tool_of_the_server_and_says_what_it_returned(self):
        server = self.server()
        sim, serve = self.call(server)
        wait_for(lambda: [e for e in serve.events("transcript") if "order 17 is on its way" in e["text"]], "the answer")
        self.assertEqual(server.methods()[:4], ["initialize", "notifications/initialized", "tools/list", "tools/call"])
        self.assertEqual(dict(server.asked)["tools/call"]["Mcp-Session-Id"], "session-1")
        call = serve.calls("live")[0]
        serve.request(f"/v1/calls/{call['id']}/hang_up", {})
        wait_for(lambda: "DELETE" in server.methods(), "the goodbye to the server")
        names = [mark.get("name") for mark in read_jsonl(sim.log)]
        self.assertIn("mcp.listed", names)
        self.assertIn("mcp.returned", names)
        for log in (sim.log, serve.log):
            self.assertNotIn("tok-shop", log.read_text())

    def test_a_server_that_refuses_is_told_without_its_key_and_the_call_goes_on(self):
        server = self.server()
        self.key = "tok-wrong"
        sim, serve = self.call(server)
        failed = wait_for(lambda: [m for m in read_jsonl(sim.log) if m.get("name") == "mcp.failed"], "the failure")
        self.assertIn("401: who is Bearer [key]", failed[0]["why"])
        wait_for(lambda: [e for e in serve.events("transcript") if e["text"] == "Hello."], "the greeting")

    def test_a_call_that_waits_for_approval_is_told(self):
        server = self.server()
        self.call(server, "    require_approval: always")
        wait_for(lambda: self.marked("mcp.approval_requested"), "the mark of the request")
        self.assertNotIn("tools/call", server.methods())


if __name__ == "__main__":
    main()
