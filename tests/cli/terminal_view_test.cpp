#include "cli/terminal_view.hpp"

#include <doctest/doctest.h>

using offhook::Mark;
using offhook::cli::describe;

TEST_SUITE("Terminal view") {
  TEST_CASE("has a sentence for SIP and speech, and name and fields for the rest") {
    CHECK(describe(Mark{0, "sip", "trying", {{"status", 100}, {"reason", "Trying"}}}) ==
          "100 Trying");
    CHECK(describe(Mark{0,
                        "call",
                        "transcript",
                        {{"who", "model"}, {"text", "Hi."}, {"interrupted", false}}}) ==
          "model: Hi.");
    CHECK(describe(Mark{0, "rest", "accepted"}) == "accepted");
    CHECK(describe(Mark{0, "media", "started", {{"codec", "opus"}}}) == "started codec=opus");
  }
}
