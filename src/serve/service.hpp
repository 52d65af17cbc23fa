#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "agent/agent_file.hpp"
#include "agent/tools/tool_factory.hpp"
#include "openai/provider.hpp"
#include "serve/call_desk.hpp"
#include "serve/call_journal.hpp"
#include "serve/event_feed.hpp"

namespace offhook::serve {

/// An agent file with all that is made of it. Exchanged as a whole; calls keep what they have.
struct ServiceConfig {
  agent::AgentFile file;
  openai::Provider provider;
  agent::ToolFactory make_tool;
  std::map<std::string, std::shared_ptr<const std::string>> hold_sounds;
};

/// What a configuration needs beside its file.
struct ServiceParts {
  agent::ToolFunctions functions{};
  agent::CommandLog log{};
  /// PCM16LE, mono, 24 kHz by agent: `hold_sound` of the profiles, decoded by who may use audio.
  std::map<std::string, std::shared_ptr<const std::string>> hold_sounds{};
};

/// Loads certificates and makes tools. @return an Error naming the field that is unusable.
[[nodiscard]] Result<std::shared_ptr<const ServiceConfig>> make_service_config(
    agent::AgentFile file, ServiceParts parts = {});

/// Makes the conversation of a call by the configuration of the moment.
using ConversationFactory = std::function<std::unique_ptr<CallConversation>(
    const ServiceConfig& config, ConversationOrder order)>;

struct ServiceOptions {
  std::shared_ptr<const ServiceConfig> config;
  ConversationFactory make_conversation;
  std::string control_listen;  ///< Empty: no control API.
  Secret control_token;
  CallDeskOptions desk{};
  std::chrono::milliseconds drain_limit{60'000};
  CallDesk::DrainEnd drain_end = CallDesk::DrainEnd::goodbye;
};

/// `offhook serve` without its process: webhook server, desk, control API, journal. One executor.
class Service {
 public:
  /// Listens, but takes up nothing of an earlier process yet.
  /// @param journal  Must outlive the service.
  /// @return what cannot be listened to or used.
  /// The service is destroyed before its executor runs on: its coroutines refer to it.
  [[nodiscard]] static Result<std::unique_ptr<Service>> start(
      const boost::asio::any_io_executor& executor, ServiceOptions options, CallJournal& journal);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  [[nodiscard]] std::string webhook_url() const;
  [[nodiscard]] std::string control_url() const;  ///< Empty: there is none.
  [[nodiscard]] EventFeed& feed() noexcept;
  [[nodiscard]] CallDesk& desk() noexcept;

  /// Goes on with the calls of an earlier process. @return how many.
  [[nodiscard]] boost::asio::awaitable<Result<std::size_t>> resume_calls();

  /// The new configuration holds for calls that come from now on. What needs a restart (addresses,
  /// journal, control) stays as it is. @return what does, for the log; empty: everything holds.
  std::string reload(std::shared_ptr<const ServiceConfig> config);

  /// Begins to drain, as SIGTERM and POST /v1/drain do. Further calls change nothing.
  void drain(std::optional<std::chrono::milliseconds> limit = {});
  /// Until a drain has been begun, by whomever, and is over.
  [[nodiscard]] boost::asio::awaitable<void> drained();

 private:
  class Impl;
  explicit Service(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace offhook::serve
