"""An agent inside another program, with a tool that is a C++ function: examples/embedded/shop_agent.cpp."""
import json
import signal

from serve_support import ServeTest
from support import TOOLS, main, wait_for
from wire_support import view


class Embedded(ServeTest):
    def test_a_function_of_the_program_is_a_tool_of_the_model(self):
        sim = self.sim_with_webhook("--replies", self.replies('call:find_order {"order": 17}', "It has been shipped."))
        path = self.agent_file(sim, """tools:
  find_order:
    kind: function
    description: Finds an order.
    parameters: {type: object, properties: {order: {type: integer}}, required: [order]}
""", agents="""  support:
    model: gpt-realtime-2.1
    tools: [find_order]
""")
        shop = self.start(TOOLS / "shop_agent", path)
        wait_for(lambda: "receiving webhooks at" in shop.output() or shop.process.poll() is not None, "the service")
        phone = self.phone(sim, "--dtmf", "17#")
        result, = wait_for(lambda: self.outputs(sim), "the result at the model")
        self.assertEqual(json.loads(result), {"order": 17, "status": "shipped"})
        phone.signal(signal.SIGINT)
        phone.wait()
        shop.signal(signal.SIGTERM)
        self.assertEqual(shop.wait(), 0, shop.output())

    @staticmethod
    def outputs(sim):
        """What functions returned to the model, as the sim has heard it."""
        calls = json.loads(view(sim.ready)[1])["calls"]
        log = [entry for call in calls for entry in json.loads(view(sim.ready, f"/_sim/calls/{call['call_id']}")[1])["log"]]
        events = [entry["event"] for entry in log if entry["kind"] == "sideband" and entry["direction"] == "received"]
        return [event["item"]["output"] for event in events if event.get("item", {}).get("type") == "function_call_output"]


if __name__ == "__main__":
    main()
