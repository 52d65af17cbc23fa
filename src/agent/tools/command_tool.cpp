#include "agent/tools/command_tool.hpp"

namespace offhook::agent {

CommandTool::CommandTool(ToolConfig config, CommandLog log, std::chrono::milliseconds grace)
    : config_{std::move(config)}, log_{std::move(log)}, grace_{grace} {}

boost::asio::awaitable<Result<std::string>> CommandTool::run(ToolCall) {
  co_return fail(Errc::unsupported, "command tools are not there yet");
}

}  // namespace offhook::agent
