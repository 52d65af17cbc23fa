// Input: the body of an HTTP answer of a server of tools. It comes out the same in one piece and
// byte by byte; what is taken for tools and output is well-formed.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <boost/json/serialize.hpp>

#include "base/json.hpp"
#include "expect.hpp"
#include "sim/mcp_protocol.hpp"

using namespace offhook;
using namespace offhook::sim;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body{reinterpret_cast<const char*>(data), size};
  McpAnswer whole{2};
  static_cast<void>(whole.feed(body));
  const auto result = whole.finish();
  McpAnswer bytewise{2};
  for (std::size_t i = 0; i < size && bytewise.feed(body.substr(i, 1)); ++i) {
  }
  const auto again = bytewise.finish();
  FUZZ_EXPECT(result.has_value() == again.has_value());
  if (!result) {
    FUZZ_EXPECT(!result.error().json().empty());
    return 0;
  }
  FUZZ_EXPECT(*result == *again);
  for (const auto& tool : mcp_tools(*result)) {
    FUZZ_EXPECT(!json_string(tool, "name").empty());
    FUZZ_EXPECT(json_at(tool, "input_schema") != nullptr);
  }
  const auto output = mcp_output(*result);
  FUZZ_EXPECT(output || output.error().type == "tool_execution_error");
  return 0;
}
