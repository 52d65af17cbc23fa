#include "sip/stream_message.hpp"

#include "sip/libre.hpp"

namespace offhook::sip {
namespace {

constexpr std::size_t longest_line = 8'192;
constexpr std::size_t longest_message = 65'536;

/// RFC 3261 section 25.1: "token", of which methods are made.
bool may_begin_message(char c) noexcept {
  constexpr std::string_view marks = "-.!%*_+`'~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         marks.find(c) != std::string_view::npos;
}

/// "METHOD URI VERSION" or "VERSION STATUS REASON", with single spaces.
bool is_start_line(std::string_view line) noexcept {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  return second != std::string_view::npos && second > first + 1 &&
         line.substr(0, second).find('\t') == std::string_view::npos;
}

/// Behind the empty line that ends the headers; 0: it has not come.
std::size_t end_of_headers(std::string_view text) noexcept {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    const std::string_view next = text.substr(at + 1, 2);
    if (next.starts_with('\n')) {
      return at + 2;
    }
    if (next == "\r\n") {
      return at + 3;
    }
  }
  return 0;
}

}  // namespace

StreamMessage read_message(std::string_view stream) {
  using State = StreamMessage::State;
  if (!may_begin_message(stream.front())) {
    return {State::unreadable};
  }
  const std::size_t line_end = stream.find('\n');
  const std::size_t headers_end = end_of_headers(stream);
  if (headers_end == 0) {
    const bool endless = line_end == std::string_view::npos && stream.size() > longest_line;
    const bool odd =
        line_end != std::string_view::npos && !is_start_line(stream.substr(0, line_end));
    return {endless || stream.size() > longest_message ? State::unreadable : State::incomplete, 0,
            odd};
  }
  sip_msg* raw = nullptr;
  const auto buffer = to_mbuf(stream.substr(0, headers_end));
  const bool readable = buffer != nullptr && sip_msg_decode(&raw, buffer.get()) == 0;
  const ReHandle<sip_msg> message{raw};
  // Without a Via nobody can be answered, and libre drops the message in silence.
  const bool answerable = readable && message->via.sentby.p != nullptr;
  if (!answerable || message->clen.p == nullptr) {
    return {State::unreadable, headers_end};
  }
  const std::size_t body = pl_u32(&message->clen);
  if (body > longest_message) {
    return {State::unreadable, headers_end};
  }
  const std::size_t size = headers_end + body;
  return {size <= stream.size() ? State::complete : State::incomplete, size};
}

}  // namespace offhook::sip
