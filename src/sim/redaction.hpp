#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace offhook::sim {

/// What stands where a secret was.
inline constexpr std::string_view redacted = "(redacted)";

/// The Call-ID of a SIP message, or an empty view. Any bytes may come.
[[nodiscard]] std::string_view sip_call_id(std::string_view message);

/// A SIP message for people: `start_line`, `headers` (name and value, in order) and `body`.
/// Credentials (Authorization, Proxy-Authorization, passwords in SIP URIs) and the keys of SDP
/// (`a=crypto`, `a=key-mgmt`, `k=`) are taken out; bytes that are no UTF-8 become U+FFFD.
[[nodiscard]] boost::json::object show_sip(std::string_view message);

/// The same for an event of a sideband: credentials of MCP tools and passwords are taken out.
/// @param longest  Above that many bytes long strings are shortened; what is still longer is told
///                 by its type and its size only. Text that is no JSON object is quoted.
[[nodiscard]] boost::json::value show_event(std::string_view text, std::size_t longest);

/// `text` as valid UTF-8.
[[nodiscard]] std::string valid_utf8(std::string_view text);

}  // namespace offhook::sim
