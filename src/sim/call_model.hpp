#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "sim/actions.hpp"
#include "sim/brain.hpp"
#include "sim/mcp_clients.hpp"
#include "sim/response.hpp"
#include "sim/speaker.hpp"

namespace offhook::sim {

/// What a model needs from the call it is in.
struct ModelHooks {
  std::function<void(const boost::json::object&)> send;  ///< A server event for every observer.
  std::function<void()> end_call;                        ///< The session is over: hang up.
  /// Presses a key towards the caller; `CallModel::on_digit_sent` follows.
  std::function<Result<>(char)> send_digit{};
  /// Asks a chat model, and takes the question back: see `Brain`.
  std::function<void(const std::string& id, boost::json::object request, Brain::OnPart tell)>
      think{};
  std::function<void(const std::string& id)> stop_thinking{};
  /// The words of a turn of the caller are known.
  std::function<void(const std::string& turn_id, std::string_view words)> heard{};
  /// Asks a server for its tools, and calls one: see `McpClients`.
  std::function<void(const boost::json::object& tool, McpClients::OnTools tell)> list_tools{};
  std::function<void(const CallTool& call, McpClients::OnOutput tell)> call_tool{};
  /// Whether anybody observes the call.
  std::function<bool()> observed{};
  /// Quirk: changes what the caller said before anybody hears it.
  std::function<void(CallerFrame&)> haunt{};
  std::string first_voice{};  ///< Quirk: of the first speech; empty: that of the rest.
  /// Tells a step on the log.
  std::function<void(std::string_view name, const boost::json::object& detail)> mark{};
};

/// Why a call ends.
enum class CallEnd : std::uint8_t {
  requested,  ///< The controller hung up.
  remote,     ///< The caller did.
  lost,       ///< SIP broke off.
};

/// Who answers a call: a Realtime or a Live session with voice and ears. Control thread.
class CallModel {
 public:
  virtual ~CallModel() = default;

  /// What a socket that attaches now gets first.
  [[nodiscard]] virtual std::vector<boost::json::object> greeting() = 0;
  virtual void on_client_event(std::string_view text) = 0;
  virtual void on_digit(char digit) = 0;
  virtual void on_digit_sent(char digit) = 0;
  /// The call ends now; last words may be sent.
  virtual void on_call_end(CallEnd why) = 0;
  /// Hears, follows the playback and sends what is due. Call it every 20 ms or so.
  virtual void tick(Time now) = 0;
};

}  // namespace offhook::sim
