#include "openai/provider.hpp"

#include "net/url.hpp"

namespace offhook::openai {
namespace {

/// http to ws, https to wss.
std::string as_socket(std::string url) {
  if (url.starts_with("http")) {
    url.replace(0, 4, "ws");
  }
  return url;
}

}  // namespace

net::HttpHeaders Provider::auth_headers() const {
  net::HttpHeaders headers;
  switch (key_header) {
    case KeyHeader::bearer:
      headers.add("Authorization", "Bearer " + std::string{api_key.reveal()});
      break;
    case KeyHeader::api_key: headers.add("api-key", std::string{api_key.reveal()}); break;
  }
  return headers;
}

std::string Provider::call_url(std::string_view call_id, std::string_view operation) const {
  return api_base + "/realtime/calls/" + net::percent_encode(call_id) + "/" +
         std::string{operation};
}

std::string Provider::sideband_url(std::string_view call_id) const {
  return as_socket(api_base + "/realtime?call_id=" + net::percent_encode(call_id));
}

std::string Provider::live_url(std::string_view session_id, std::string_view operation) const {
  return api_base + "/live/sessions/" + net::percent_encode(session_id) + "/" +
         std::string{operation};
}

std::string Provider::live_sideband_url(std::string_view session_id) const {
  return as_socket(live_url(session_id, "attach"));
}

Result<Region> region(std::string_view name) {
  if (name.empty()) {
    return Region{"sip.api.openai.com", "https://api.openai.com/v1"};
  }
  if (name == "eu") {
    return Region{"sip-eu.api.openai.com", "https://eu.api.openai.com/v1"};
  }
  if (name == "in") {
    return Region{"sip-in.api.openai.com", "https://in.api.openai.com/v1"};
  }
  return fail(Errc::invalid_argument,
              "region \"" + std::string{name} +
                  "\" is not known; use eu or in, or none for the global one");
}

}  // namespace offhook::openai
