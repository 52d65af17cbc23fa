#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "net/tls.hpp"
#include "net/url.hpp"
#include "sim/pending_request.hpp"
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

/// Asks a chat endpoint for what the model of one session says. Whoever destroys this gives up what
/// is under way. Control thread.
class Brain {
 public:
  using OnPart = std::function<void(Result<ReplyPart>)>;

  Brain(boost::asio::any_io_executor control, BrainConfig config, net::TlsContext tls)
      : control_{std::move(control)}, config_{std::move(config)}, tls_{std::move(tls)} {}
  Brain(const Brain&) = delete;
  Brain& operator=(const Brain&) = delete;
  ~Brain();

  /// @param id       Of the question, for `stop`.
  /// @param request  Of `chat_request`; `model` is added.
  /// @param tell     Called later, for sentences as soon as they are whole; at last with the last
  ///                 part, or an error that says what failed: the endpoint cannot be reached, took
  ///                 too long, refused, or said nothing. Not after `stop`, nor when this is gone.
  void ask(const std::string& id, boost::json::object request, OnPart tell);
  /// Gives a question up: its connection closes. @return false when it was answered already.
  bool stop(const std::string& id);
  /// Questions that are not answered yet.
  [[nodiscard]] std::size_t waiting() const noexcept { return questions_.size(); }

 private:
  struct Question {
    int number = 0;
    PendingRequest request;
    std::shared_ptr<OnPart> tell;
  };

  void on_part(const std::string& id, int number, Result<ReplyPart> part);
  [[nodiscard]] Question* find(const std::string& id, int number);

  boost::asio::any_io_executor control_;
  BrainConfig config_;
  net::TlsContext tls_;
  std::map<std::string, Question> questions_;
  int last_ = 0;
  std::shared_ptr<Brain*> self_ = std::make_shared<Brain*>(this);
};

}  // namespace offhook::sim
