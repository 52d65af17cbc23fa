#pragma once

#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "base/error.hpp"
#include "base/timeline.hpp"
#include "call/incoming_calls.hpp"
#include "cli/settings.hpp"
#include "net/http_server.hpp"
#include "openai/webhook_receiver.hpp"

namespace offhook::cli {

/// The webhook of `offhook call`: verified deliveries go to the call that expects them, all others
/// are acknowledged and shown on the timeline.
class WebhookServer {
 public:
  /// @return as `net::HttpServer::listen`, and TLS errors of --cert and --key.
  [[nodiscard]] static Result<std::unique_ptr<WebhookServer>> start(
      const boost::asio::any_io_executor& control,
      const CallSettings& settings,
      call::IncomingCalls& incoming,
      Timeline& timeline);

  [[nodiscard]] std::string url() const;

 private:
  WebhookServer() = default;
  std::unique_ptr<openai::WebhookReceiver> receiver_;
  std::unique_ptr<net::HttpServer> server_;
  std::string scheme_;
  std::string host_;
  std::string path_;
};

}  // namespace offhook::cli
