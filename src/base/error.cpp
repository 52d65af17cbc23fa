#include "base/error.hpp"

namespace offhook {
namespace {

class OffhookCategory final : public std::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "offhook"; }

  [[nodiscard]] std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::invalid_argument: return "invalid argument";
      case Errc::malformed_message: return "malformed message";
      case Errc::unsupported: return "unsupported";
      case Errc::authentication_failed: return "authentication failed";
      case Errc::not_found: return "not found";
      case Errc::refused: return "refused";
      case Errc::unreachable: return "unreachable";
      case Errc::timed_out: return "timed out";
      case Errc::peer_closed: return "peer closed";
      case Errc::overloaded: return "overloaded";
      case Errc::internal: return "internal error";
    }
    return "unknown offhook error";
  }
};

}  // namespace

const std::error_category& offhook_category() noexcept {
  static const OffhookCategory category;
  return category;
}

}  // namespace offhook
