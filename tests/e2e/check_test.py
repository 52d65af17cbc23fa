"""`offhook check` tells whether `offhook serve` could use an agent file, and everything that is wrong with it."""
import json
import pathlib

from support import EndToEndTest, main

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
ENVIRONMENT = {"OPENAI_API_KEY": "sk-not-to-be-seen", "OPENAI_WEBHOOK_SECRET": "whsec_bm90LXRvLWJlLXNlZW4=",
               "OFFHOOK_TOKEN": "not-to-be-seen", "TRUNK_USERNAME": "shop", "TRUNK_PASSWORD": "not-to-be-seen", "AZURE_OPENAI_API_KEY": "sk-not-to-be-seen",
               "AZURE_WEBHOOK_SECRET": "whsec_bm90LXRvLWJlLXNlZW4="}


class Check(EndToEndTest):
    def check(self, path, expect):
        code, output = self.offhook("check", path, env=ENVIRONMENT)
        self.assertEqual(code, expect, output)
        self.assertNotIn("not-to-be-seen", output)
        return output

    def test_the_examples_are_fine(self):
        for name, agent in (("agent", "reception"), ("agent-azure", "support"), ("agent-live", "concierge"),
                            ("agent-dial", "reminder")):
            with self.subTest(name):
                output = self.check(EXAMPLES / f"{name}.yaml", 0)
                self.assertIn(f"{name}.yaml: ok", output)
                self.assertIn(f"agent      {agent}: ", output)

    def test_all_problems_are_told_with_their_places(self):
        path = self.folder / "agent.yaml"
        path.write_text((EXAMPLES / "agent.yaml").read_text().replace("voice: marin", "voice: marine")
                        .replace("kind: http", "kind: htpp").replace("seconds: 15m", "secnods: 15m"))
        output = self.check(path, 2)
        self.assertIn("agent.yaml:16:12: agents.reception.voice: must be alloy", output)
        self.assertIn('agents.reception.limits.secnods: is no field of this place (did you mean "seconds"?)', output)
        self.assertIn('tools.find_order.kind: "htpp" must be http', output)
        self.assertEqual(output.count("agent.yaml:"), 3, output)

    def test_files_that_are_named_are_tried_out(self):
        path = self.folder / "agent.yaml"
        text = (EXAMPLES / "agent.yaml").read_text().replace("webhook:", "webhook:\n  cert: none.pem\n  key: none.pem")
        path.write_text(text)
        self.assertIn("webhook.cert: ", self.check(path, 2))
        self.assertIn("no-such.yaml", self.check(self.folder / "no-such.yaml", 2))

    def test_schema_and_fields_are_printed(self):
        code, output = self.offhook("check", "--schema")
        self.assertEqual(code, 0)
        self.assertIn("agents", json.loads(output)["properties"])
        code, output = self.offhook("check", "--fields")
        self.assertIn("| `agents.NAME.voice` |", output)
        code, _ = self.offhook("check")
        self.assertEqual(code, 2)


if __name__ == "__main__":
    main()
