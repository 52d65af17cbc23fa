#include "base/printable.hpp"

namespace offhook {
namespace {

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

}  // namespace

std::string printable(std::string_view text, std::size_t longest) {
  const bool cut = text.size() > longest;
  if (cut) {
    std::size_t end = longest;
    while (end > 0 && (byte_at(text, end) & 0xC0U) == 0x80U) {
      --end;
    }
    text = text.substr(0, end);
  }
  std::string line{text};
  for (std::size_t at = 0; at < line.size(); ++at) {
    const unsigned byte = byte_at(line, at);
    const bool c1 = byte == 0xC2U && at + 1 < line.size() && byte_at(line, at + 1) >= 0x80U &&
                    byte_at(line, at + 1) < 0xA0U;
    if (byte < 0x20U || byte == 0x7FU || c1) {
      line.replace(at, c1 ? 2 : 1, " ");
    }
  }
  return cut ? line + "…" : line;
}

}  // namespace offhook
