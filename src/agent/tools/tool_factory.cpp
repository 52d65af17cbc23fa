#include "agent/tools/tool_factory.hpp"

#include <exception>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "agent/tools/http_tool.hpp"

namespace offhook::agent {
namespace {

namespace asio = boost::asio;

class FunctionTool final : public Tool {
 public:
  explicit FunctionTool(ToolFunction function) : function_{std::move(function)} {}

  /// What a function throws is an error of the tool, unless it was cancelled.
  asio::awaitable<Result<std::string>> run(ToolCall call) override {
    try {
      auto output = co_await function_(std::move(call));
      co_return output;
    } catch (const boost::system::system_error& error) {
      if (error.code() == asio::error::operation_aborted) {
        throw;
      }
      co_return fail(Errc::internal, error.what());
    } catch (const std::exception& error) {
      co_return fail(Errc::internal, error.what());
    }
  }

 private:
  ToolFunction function_;
};

Result<std::shared_ptr<Tool>> make_tool(const ToolFactoryOptions& options,
                                        const ToolConfig& config) {
  switch (config.kind) {
    case ToolConfig::Kind::http: return std::make_shared<HttpTool>(config, options.tls);
    case ToolConfig::Kind::command: return std::make_shared<CommandTool>(config, options.log);
    case ToolConfig::Kind::function: {
      const auto function = options.functions.find(config.name);
      if (function == options.functions.end()) {
        return fail(Errc::not_found, "tool " + config.name + ": no function of that name");
      }
      return std::make_shared<FunctionTool>(function->second);
    }
    case ToolConfig::Kind::hang_up:
    case ToolConfig::Kind::transfer:
    case ToolConfig::Kind::send_digits: break;
  }
  return fail(Errc::unsupported, "tool " + config.name + ": conversations do this themselves");
}

}  // namespace

ToolFactory tool_factory(ToolFactoryOptions options) {
  const auto shared = std::make_shared<const ToolFactoryOptions>(std::move(options));
  return [shared](const ToolConfig& config) { return make_tool(*shared, config); };
}

}  // namespace offhook::agent
