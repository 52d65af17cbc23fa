#pragma once

#include <chrono>
#include <functional>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"
#include "sim/persona.hpp"

namespace offhook::sim {

/// A chat endpoint of the OpenAI kind that answers instead of the persona.
struct BrainConfig {
  net::Url url;  ///< Of its chat completions; see `brain_url`.
  std::string model{};
  Secret key{};                               ///< Bearer token; empty: none is sent.
  std::chrono::milliseconds timeout{20'000};  ///< For one answer.
};

/// Takes an address as users give it: `/v1/chat/completions` is added to a bare one, and
/// `/chat/completions` to one that ends with `/v1`.
/// @return `invalid_argument` for what is no http or https address.
[[nodiscard]] Result<net::Url> brain_url(const std::string& text);

/// Asks a chat endpoint for what the model says. Control thread.
class Brain {
 public:
  using OnReply = std::function<void(Result<Reply>)>;

  Brain(boost::asio::any_io_executor control, BrainConfig config, net::TlsContext tls)
      : control_{std::move(control)}, config_{std::move(config)}, tls_{std::move(tls)} {}

  /// @param request  Of `chat_request`; `model` is added.
  /// @param tell     Called once, also after this was destroyed; an error says what failed: the
  ///                 endpoint cannot be reached, took too long, refused, or said nothing.
  void ask(boost::json::object request, OnReply tell);

 private:
  boost::asio::any_io_executor control_;
  BrainConfig config_;
  net::TlsContext tls_;
};

}  // namespace offhook::sim
