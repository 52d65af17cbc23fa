#pragma once

// The only place that includes libre's C headers. Private to this folder.
//
// libre's headers define `bool`, `min` and `max` as macros unless they are told how the library was
// built, and struct sa has another size without HAVE_INET6.
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#define HAVE_STDBOOL_H 1
#define HAVE_INTTYPES_H 1
#define HAVE_INET6 1
#define USE_OPENSSL 1
#define USE_TLS 1
#include <re.h>
#undef MIN
#undef MAX
#undef min
#undef max
#undef ARRAY_SIZE
#undef BREAKPOINT

extern "C" {
// re_dbg.h is not part of re.h, and insists on macros of its own.
void dbg_init(int level, int flags);
// In the library, but in none of its headers: where requests of a dialog go.
const uri* sip_dialog_route(const sip_dialog* dialog);
}

namespace offhook::sip {

using SipCore = ::sip;  // the name of the struct is hidden by that of the namespace

struct Dereference {
  void operator()(void* object) const noexcept { mem_deref(object); }
};

/// One counted reference to an object of libre. The counts are not atomic: SIP thread only.
template <class T>
using ReHandle = std::unique_ptr<T, Dereference>;

[[nodiscard]] inline std::string_view view(const pl& text) noexcept {
  return text.p == nullptr ? std::string_view{} : std::string_view{text.p, text.l};
}

[[nodiscard]] inline std::string_view rest_of(const mbuf* buffer) noexcept {
  return {reinterpret_cast<const char*>(mbuf_buf(buffer)), mbuf_get_left(buffer)};
}

/// A buffer of libre that holds `text`, positioned at its beginning.
[[nodiscard]] inline ReHandle<mbuf> to_mbuf(std::string_view text) {
  ReHandle<mbuf> buffer{mbuf_alloc(text.size() + 1)};
  if (buffer != nullptr) {
    static_cast<void>(mbuf_write_mem(
        buffer.get(), reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
    buffer->pos = 0;
  }
  return buffer;
}

/// "127.0.0.1:5061"
[[nodiscard]] inline std::string to_string(const sa& address) {
  char text[80] = "";
  static_cast<void>(re_snprintf(text, sizeof text, "%J", &address));
  return text;
}

/// "127.0.0.1", "::1"
[[nodiscard]] inline std::string host_of(const sa& address) {
  char text[64] = "";
  static_cast<void>(sa_ntop(&address, text, sizeof text));
  return text;
}

/// As it goes into a URI: "127.0.0.1", "[::1]"
[[nodiscard]] inline std::string uri_host_of(const sa& address) {
  return sa_af(&address) == AF_INET6 ? '[' + host_of(address) + ']' : host_of(address);
}

}  // namespace offhook::sip
