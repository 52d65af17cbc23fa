#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/secret.hpp"
#include "net/http_client.hpp"
#include "net/http_message.hpp"
#include "net/tls.hpp"

namespace offhook::openai {

/// How a provider wants the key shown.
enum class KeyHeader : std::uint8_t {
  bearer,   ///< Authorization: Bearer <key>. OpenAI, and Azure with an Entra token.
  api_key,  ///< api-key: <key>. Azure.
};

/// Where one provider's REST API and sidebands are, and how to prove who we are.
struct Provider {
  std::string api_base = "https://api.openai.com/v1";  ///< http(s), without a trailing slash.
  Secret api_key;
  net::TlsContext tls{};  ///< For https and wss.
  KeyHeader key_header = KeyHeader::bearer;
  /// Shared by all who use this provider; null: a connection for every request.
  std::shared_ptr<net::HttpConnections> connections{};

  /// Authorization (and whatever else the provider wants on every request).
  [[nodiscard]] net::HttpHeaders auth_headers() const;
  /// "https://api.openai.com/v1/realtime/calls/<escaped>/<operation>"
  [[nodiscard]] std::string call_url(std::string_view call_id, std::string_view operation) const;
  /// "wss://api.openai.com/v1/realtime?call_id=<escaped>"
  [[nodiscard]] std::string sideband_url(std::string_view call_id) const;
  /// "https://api.openai.com/v1/live/sessions/<escaped>/<operation>"
  [[nodiscard]] std::string live_url(std::string_view session_id, std::string_view operation) const;
  /// "wss://api.openai.com/v1/live/sessions/<escaped>/attach"
  [[nodiscard]] std::string live_sideband_url(std::string_view session_id) const;
};

/// SIP and REST hosts of a data region.
struct Region {
  std::string sip_host;  ///< "sip.api.openai.com"
  std::string api_base;  ///< "https://api.openai.com/v1"
};
/// @param name  "" (global), "eu" or "in". @return `invalid_argument` for another.
[[nodiscard]] Result<Region> region(std::string_view name);

}  // namespace offhook::openai
