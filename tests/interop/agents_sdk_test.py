"""docs/sim.md's three commands: an Agents SDK shop, a baresip caller, and the sim between them.

Skipped where npm's packages, baresip or the recogniser are not there."""
import os
import pathlib
import re
import shutil
import sys
import unittest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from support import EndToEndTest, free_port, have, main, OFFHOOK, wait_for  # noqa: E402
from phones_test import MODULES  # noqa: E402
from sdk_test import install, SDK  # noqa: E402

ROOT = HERE.parents[1]


def commands():
    """The three commands as the manual shows them."""
    section = (ROOT / "docs/sim.md").read_text().split("## In three commands", 1)[1].split("\n## ", 1)[0]
    block = re.search(r"```\n(.*?)```", section, re.DOTALL)[1]
    return [one.replace("\\\n", "") for one in block.split("\n\n")]


@unittest.skipUnless(have("baresip") and MODULES, "baresip is not installed (baresip-core)")
class AgentsSdk(EndToEndTest):
    def test_a_shop_looks_up_the_order_that_a_telephone_asks_for(self):
        reason = install()
        if reason:
            self.skipTest(reason)
        shutil.copytree(ROOT / "examples", self.folder / "examples")
        (self.folder / "examples/agents-sdk/node_modules").symlink_to(SDK / "node_modules")
        phone = self.folder / "examples/baresip/config"
        phone.write_text(phone.read_text().replace("/usr/lib/baresip/modules", MODULES))
        sim_command, shop_command, phone_command = map(self.fitted, commands())
        env = {"HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder / ".cache"),
               "PATH": f"{pathlib.Path(OFFHOOK).resolve().parent}:{os.environ['PATH']}"}
        sim = self.shell(sim_command, env)
        wait_for(lambda: "ears" in sim.output(), "the sim")
        if "is not there" in sim.output():
            self.skipTest("no recogniser here (libpocketsphinx-dev, pocketsphinx-en-us)")
        shop = self.shell(shop_command, env)
        wait_for(lambda: "waiting for calls" in shop.output() or shop.process.poll() is not None, "the shop")
        self.shell(phone_command, env)
        wait_for(lambda: "model: The order is 4712." in shop.output() or shop.process.poll() is not None, "the answer")
        said = shop.output()
        self.assertIn("model: Hello. Please tell me the order number.", said)
        self.assertRegex(said, "caller: .*order")
        self.assertIn("tool: lookup_order 4712", said)
        self.assertIn("model: The order is 4712. The status is on its way. The arrival is Monday.", said)

    def fitted(self, command):
        """The same with ports that are free; npm's packages are there already."""
        if not hasattr(self, "ports"):
            self.ports = {default: free_port() for default in ("5060", "5061", "8090", "9000")}
        for default, port in self.ports.items():
            command = command.replace(f":{default}", f":{port}")
        command = command.replace("npm install && ", f"export PORT={self.ports['9000']} && ")
        if command.startswith("offhook sim"):
            command += f" --sip 127.0.0.1:{self.ports['5061']} --api 127.0.0.1:{self.ports['8090']}"
        return command

    def shell(self, command, env):
        return self.start("bash", "-c", f"cd {self.folder} && {command.replace('&& node', '&& exec node')}", env=env)


if __name__ == "__main__":
    main()
