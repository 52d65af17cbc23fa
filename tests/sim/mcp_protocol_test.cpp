#include "sim/mcp_protocol.hpp"

#include <string>
#include <string_view>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "base/json.hpp"
#include "sim/mcp_client.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

/// The answer to request 2 in a body that comes a byte at a time.
McpResult<json::value> answer(std::string_view body) {
  McpAnswer answer{2};
  for (const char byte : body) {
    if (!answer.feed({&byte, 1})) {
      break;
    }
  }
  return answer.finish();
}

TEST_SUITE("MCP protocol") {
  TEST_CASE("finds an answer in JSON and in a stream that holds other messages") {
    CHECK(json::serialize(*answer(R"( {"jsonrpc":"2.0","id":2,"result":{"a":1}})")) ==
          R"({"a":1})");
    CHECK(json::serialize(
              *answer("event: message\r\n"
                      "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\r\n\r\n"
                      ": comment\r\n\r\n"
                      "data: {\"jsonrpc\":\"2.0\",\"id\":2,\r\n"
                      "data: \"result\":[3]}\r\n\r\n")) == "[3]");
    CHECK(json::serialize(*answer("data: {\"id\":2,\"result\":4}")) == "4");
  }

  TEST_CASE("wants no more of a stream once the answer is there") {
    McpAnswer answer{2};
    CHECK(answer.feed("data: {\"id\":1,\"result\":0}\n\n"));
    CHECK_FALSE(answer.feed("data: {\"id\":2,\"result\":0}\n\n"));
  }

  TEST_CASE("tells errors, and what is no answer") {
    const auto refused = answer(R"({"id":2,"error":{"code":-32602,"message":"Unknown tool"}})");
    REQUIRE_FALSE(refused);
    CHECK(json::serialize(refused.error().json()) ==
          R"({"type":"protocol_error","code":-32602,"message":"Unknown tool"})");
    for (const std::string_view body : {"", "<html>", R"({"id":3,"result":{}})", "{", "[]",
                                        "data: nonsense\n\n", R"({"id":2})"}) {
      CAPTURE(body);
      CHECK(answer(body).error().type == "protocol_error");
    }
  }

  TEST_CASE("shows tools as a session lists them") {
    CHECK(json::serialize(mcp_tools(json::parse(
              R"({"tools":[{"name":"roll","inputSchema":{"type":"object"},
                            "annotations":{"readOnlyHint":true}}, {"description":"nameless"}, 7]})"))) ==
          R"([{"name":"roll","description":"","input_schema":{"type":"object"},)"
          R"("annotations":{"readOnlyHint":true}}])");
    CHECK(mcp_tools(json::parse("{}")).empty());
  }

  TEST_CASE("takes text for output, structure where there is none, and isError for a failure") {
    CHECK(
        *mcp_output(json::parse(
            R"({"content":[{"type":"text","text":"a"},{"type":"image"},{"type":"text","text":"b"}]})")) ==
        "a\nb");
    CHECK(*mcp_output(json::parse(R"({"content":[],"structuredContent":{"n":1}})")) ==
          R"({"n":1})");
    const auto failed = mcp_output(
        json::parse(R"({"content":[{"type":"text","text":"no such order"}],"isError":true})"));
    REQUIRE_FALSE(failed);
    CHECK(json::serialize(failed.error().json()) ==
          R"({"type":"tool_execution_error","message":"no such order"})");
  }

  TEST_CASE("reaches servers by https, and by http on this machine only") {
    const auto reach = [](std::string_view url) {
      return mcp_address({{"type", "mcp"}, {"server_label", "a"}, {"server_url", url}});
    };
    CHECK(reach("https://tools.example.com/mcp"));
    CHECK(reach("http://127.0.0.1:9/mcp"));
    CHECK_FALSE(reach("http://tools.example.com/mcp"));
    CHECK_FALSE(reach("ws://127.0.0.1/mcp"));
    const auto connector =
        mcp_address({{"type", "mcp"}, {"server_label", "a"}, {"connector_id", "connector_gmail"}});
    REQUIRE_FALSE(connector);
    CHECK(connector.error().code == Errc::unsupported);
  }
}

}  // namespace
}  // namespace offhook::sim
