#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <tl/expected.hpp>

#include "sim/event_stream.hpp"

namespace offhook::sim {

/// Why a request to a server of tools failed, as `error` of an `mcp_call` tells it.
struct McpFailure {
  std::string type;       ///< http_error, protocol_error or tool_execution_error.
  std::int64_t code = 0;  ///< HTTP status or JSON-RPC code; tool_execution_error has none.
  std::string message;

  [[nodiscard]] boost::json::object json() const;
};

template <class T>
using McpResult = tl::expected<T, McpFailure>;

/// One message of JSON-RPC 2.0. @param id  Nothing: a notification.
[[nodiscard]] std::string mcp_message(std::optional<int> id,
                                      std::string_view method,
                                      boost::json::object params);

/// Finds the answer to one request in the body of an HTTP answer, which is JSON or a stream of
/// server-sent events that may hold other messages, too.
class McpAnswer {
 public:
  explicit McpAnswer(int id) : id_{id} {}

  /// @return false once the answer is there.
  [[nodiscard]] bool feed(std::string_view piece);
  /// The body is over. @return `result` of the answer; `protocol_error` when there is none.
  [[nodiscard]] McpResult<boost::json::value> finish();

 private:
  void look_at(std::string_view text);

  int id_;
  bool stream_ = false;
  std::string text_{};  ///< Of a body that is no stream.
  EventStream events_{};
  std::optional<boost::json::value> message_{};
};

/// The tools in the result of a `tools/list`, each with name, description, input_schema and
/// annotations; what has no name is left out.
[[nodiscard]] boost::json::array mcp_tools(const boost::json::value& result);

/// What a `tools/call` returned: the text of its content, or its structured content.
/// @return `tool_execution_error` when the result says isError.
[[nodiscard]] McpResult<std::string> mcp_output(const boost::json::value& result);

}  // namespace offhook::sim
