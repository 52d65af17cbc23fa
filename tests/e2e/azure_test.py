"""Azure as the provider of an agent file: paths, the key's header and the accept body, as the sim takes them."""
import json

from serve_support import ServeTest
from support import main, wait_for
from wire_support import view

KEY = "azure-key-0123"


class Azure(ServeTest):
    def azure_file(self, sim, where):
        path = self.folder / "agent.yaml"
        path.write_text(f"""provider:
  kind: azure
  resource: my-resource
  api_key: {KEY}
  sip_host: swedencentral.sip.ai.azure.com
  {where}
webhook:
  secrets: ["{sim.secret}"]
  listen: 127.0.0.1:{self.webhook_port}
agents:
  support:
    model: gpt-realtime-2.1
    instructions: You are a support agent.
    opening: Say "Hello from Azure."
""")
        return path

    def azure_sim(self):
        key = self.folder / "key"
        key.write_text(KEY + "\n")
        return self.sim_with_webhook("--api-key-file", key)

    def test_a_call_is_accepted_attached_and_hung_up_as_azure_wants_it(self):
        sim = self.azure_sim()
        base = sim.ready["api_base"].replace("/v1", "/openai/v1")
        serve = self.serve(self.azure_file(sim, f"base_url: {base}"))
        phone = self.phone(sim)
        wait_for(lambda: [e for e in serve.events("transcript") if e["text"] == "Hello from Azure."], "the opening line")
        call = serve.calls("live")[0]["id"]
        self.assertEqual(serve.request(f"/v1/calls/{call}/hang_up", {})[0], 202)
        self.assertEqual(phone.wait(), 0, phone.output())
        requests = [entry for entry in json.loads(view(sim.ready, f"/_sim/calls/{call}")[1])["log"] if entry["kind"] == "rest"]
        self.assertEqual([(entry["method"], entry["path"], entry["key"]) for entry in requests],
                         [("POST", f"/openai/v1/realtime/calls/{call}/accept", "api-key"),
                          ("GET", "/openai/v1/realtime", "api-key"),
                          ("POST", f"/openai/v1/realtime/calls/{call}/hangup", "api-key")])
        self.assertNotIn(KEY, serve.output())

    def test_its_hosts_follow_from_the_resource(self):
        sim = self.sim_with_webhook()
        code, output = self.offhook("check", self.azure_file(sim, "auth: bearer"))
        self.assertEqual(code, 0, output)
        self.assertIn("https://my-resource.openai.azure.com/openai/v1", output)
        self.assertIn("swedencentral.sip.ai.azure.com", output)


if __name__ == "__main__":
    main()
