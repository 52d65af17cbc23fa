#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "openai/webhook.hpp"

namespace offhook::agent {

/// Headers of the INVITE that hold numbers, the first that has one counts.
///
/// Whoever sends the INVITE chooses its headers: name only those here that the own carrier or PBX
/// sets or removes.
struct NumberSources {
  std::vector<std::string> called{"Diversion", "X-Called-Number", "To"};
  std::vector<std::string> caller{"P-Asserted-Identity", "From"};
};

/// One rule. Every condition that it has must hold.
struct RouteRule {
  std::vector<std::string> called;  ///< Patterns, one of which must fit; empty: any number.
  std::vector<std::string> caller;  ///< The same.
  std::vector<std::pair<std::string, std::string>> headers;  ///< Name to pattern, all must fit.
  std::string agent;                                         ///< Takes the call …
  int reject_code = 0;  ///< … or, when not 0, this SIP status refuses it.
};

/// Who calls whom: user parts of SIP URIs or numbers of tel URIs, "+14155550123"; empty: unknown.
struct CallParties {
  std::string called;
  std::string caller;
};

[[nodiscard]] CallParties call_parties(const std::vector<openai::SipHeaderField>& headers,
                                       const NumberSources& sources);

/// The user or number of the URI in a header such as From (RFC 3261 section 20.10), and of nothing
/// else in it: neither display name nor parameters can smuggle one in. A bare number counts, too.
/// Visual separators of numbers are removed. Empty when there is none.
[[nodiscard]] std::string number_of_header(std::string_view value);

/// `*` stands for any characters, `?` for one.
[[nodiscard]] bool pattern_fits(std::string_view pattern, std::string_view text) noexcept;

struct Route {
  int rule = -1;      ///< Index of the rule that decided; -1: none did.
  std::string agent;  ///< Empty: refused.
  int reject_code = 603;
};

/// The first rule that fits decides; without one the call is refused with 603.
[[nodiscard]] Route find_route(const std::vector<RouteRule>& rules,
                               const std::vector<openai::SipHeaderField>& headers,
                               const CallParties& parties);

}  // namespace offhook::agent
