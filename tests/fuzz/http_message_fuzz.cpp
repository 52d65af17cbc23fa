// Input: what a client sends to the HTTP server. It is refused, or is one message with an end that
// nobody can doubt, however it arrives in pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "expect.hpp"
#include "net/http_codec.hpp"

namespace net = offhook::net;

namespace {

struct Outcome {
  bool done = false;
  std::string left;
  std::string body;
};

Outcome read_in_pieces(std::string_view text, std::size_t piece) {
  net::HttpParser parser{net::HttpParser::Kind::request, {16U << 10U, 64U << 10U}};
  Outcome outcome;
  while (!outcome.done) {
    const std::size_t before = outcome.left.size();
    const auto progress = parser.feed(outcome.left);
    if (!progress) {
      const int status = progress.error().status;
      FUZZ_EXPECT(status == 400 || status == 413 || status == 431);
      return {};
    }
    outcome.done = *progress == net::HttpParser::Progress::done;
    if (!outcome.done && (outcome.left.size() == before || outcome.left.empty())) {
      if (text.empty()) {
        return outcome;
      }
      outcome.left += text.substr(0, piece);
      text.remove_prefix(std::min(piece, text.size()));
    }
  }
  outcome.left += text;
  const auto request = parser.take_request();
  const auto length = request.headers.get("Content-Length");
  FUZZ_EXPECT(length.empty() || request.headers.get("Transfer-Encoding").empty());
  FUZZ_EXPECT(length.empty() || request.body.size() == std::stoull(std::string{length}));
  outcome.body = request.body;
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const Outcome whole = read_in_pieces(text, std::max<std::size_t>(size, 1));
  const Outcome pieces = read_in_pieces(text, 7);
  FUZZ_EXPECT(whole.done == pieces.done);
  FUZZ_EXPECT(whole.left == pieces.left || !whole.done);
  FUZZ_EXPECT(whole.body == pieces.body);
  return 0;
}
