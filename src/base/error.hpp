#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include <tl/expected.hpp>

namespace offhook {

/// Everything that can go wrong in normal operation, as seen by a caller who must decide.
///
/// One enumerator per *decision*, not per cause: two causes that a caller handles alike share one
/// enumerator and differ in `Error::detail`.
enum class Errc {
  invalid_argument = 1,   ///< The user gave something unusable; nothing was started.
  malformed_message,      ///< The peer broke its protocol; drop the message, keep the session.
  unsupported,            ///< Well-formed, but nothing we implement (codec, method, extension).
  authentication_failed,  ///< Wrong key, signature, digest, token or certificate.
  not_found,              ///< The host, call, file or device does not exist.
  refused,                ///< The peer understood and said no; `Error::status` holds its code.
  unreachable,            ///< No connection: refused, reset, no route.
  timed_out,              ///< The deadline of this one operation passed.
  peer_closed,            ///< The other side ended the connection or the call.
  overloaded,             ///< A limit of ours was reached; the caller may retry later.
  internal,               ///< A library failed in a way that no input explains.
};

/// A failure with the story of how it came about.
///
/// `code` is for programs (compare it), `detail` is for people: it says what failed, why, and what
/// they can do about it. It never holds a secret.
struct Error {
  std::error_code code;
  std::string detail;
  int status = 0;  ///< SIP or HTTP status code when a peer answered with one, else 0.

  /// The same error with one more step of the story in front: "sideband: TLS: timed out".
  [[nodiscard]] Error with(std::string_view step) && {
    detail.insert(0, std::string{step} + ": ");
    return std::move(*this);
  }
};

/// Value or `Error`. Functions that return it are marked `[[nodiscard]]`.
template <class T = void>
using Result = tl::expected<T, Error>;

[[nodiscard]] const std::error_category& offhook_category() noexcept;

[[nodiscard]] inline std::error_code make_error_code(Errc e) noexcept {
  return {static_cast<int>(e), offhook_category()};
}

/// Shorthand for the failing return: `return fail(Errc::unsupported, "codec G.729");`.
[[nodiscard]] inline tl::unexpected<Error> fail(std::error_code code,
                                                std::string detail = {},
                                                int status = 0) {
  return tl::unexpected<Error>{Error{code, std::move(detail), status}};
}

/// Hands an error on: `return fail(std::move(result).error());`.
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>{std::move(error)};
}

}  // namespace offhook

template <>
struct std::is_error_code_enum<offhook::Errc> : std::true_type {};
