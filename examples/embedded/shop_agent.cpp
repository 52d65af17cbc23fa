// An agent whose tool is a function of this program: `offhook serve` inside one's own process.
//
//   shop_agent agent.yaml        the file names the tool: find_order: {kind: function, …}
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>

#include "agent/agent_file.hpp"
#include "serve/agent_conversation.hpp"
#include "serve/memory_journal.hpp"
#include "serve/service.hpp"

namespace {

namespace asio = boost::asio;
using namespace offhook;

/// A tool: a coroutine on the service's executor. It must not block; what does belongs to a thread
/// of yours. Cancelled when its `timeout` is over. A failure is told to the model, too.
asio::awaitable<Result<std::string>> find_order(agent::ToolCall call) {
  // Valid by the `parameters` of the agent file: it is there, and an integer.
  const std::int64_t order = call.arguments.at("order").to_number<std::int64_t>();
  if (order != 17) {
    co_return fail(Errc::not_found, "there is no order " + std::to_string(order));
  }
  // Something that takes a while, such as a database. `call.idempotency_key` is the same for every
  // attempt at this function call.
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer lookup{executor, std::chrono::milliseconds{50}};
  co_await lookup.async_wait(asio::use_awaitable);
  const boost::json::object found{{"order", order}, {"status", "shipped"}};
  co_return boost::json::serialize(found);
}

int complain(const std::string& what) {
  std::fprintf(stderr, "shop_agent: %s\n", what.c_str());
  return EXIT_FAILURE;
}

asio::awaitable<void> run(serve::Service& service, asio::io_context& context) {
  const auto resumed = co_await service.resume_calls();  // calls are taken from here on
  if (!resumed) {
    complain(resumed.error().detail);
  }
  std::printf("receiving webhooks at %s\n", service.webhook_url().c_str());
  std::fflush(stdout);
  co_await service.drained();
  context.stop();
}

int serve_file(const char* path) {
  const auto environment = [](const std::string& name) {
    const char* const value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
  };
  auto file = agent::load_agent_file(path, environment);
  if (!file) {
    return complain(file.error().front());
  }
  serve::ServiceParts parts;
  parts.functions["find_order"] = find_order;
  auto config = serve::make_service_config(std::move(*file), std::move(parts));
  if (!config) {
    return complain(config.error().detail);
  }

  asio::io_context context{1};
  serve::MemoryJournal journal;  // serve::StoredJournal outlives the process
  serve::ServiceOptions options;
  options.config = *config;
  options.make_conversation = [&](const serve::ServiceConfig& now, serve::ConversationOrder order) {
    return serve::make_agent_conversation(context.get_executor(), now, std::move(order));
  };
  auto service = serve::Service::start(context.get_executor(), std::move(options), journal);
  if (!service) {
    return complain(service.error().detail);
  }
  asio::signal_set stop{context, SIGINT, SIGTERM};
  stop.async_wait([&](boost::system::error_code failure, int) {
    if (!failure) {
      (*service)->drain();  // no new calls; those that are up are finished first
    }
  });
  asio::co_spawn(context, run(**service, context), asio::detached);
  context.run();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a peer that goes away is an error of that socket, not of us
  return argc == 2 ? serve_file(argv[1]) : complain("usage: shop_agent AGENT_FILE");
}
