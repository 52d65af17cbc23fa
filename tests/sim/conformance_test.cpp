#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "conformance/type_book.hpp"

namespace offhook::conformance {
namespace {

using Findings = std::vector<std::string>;

Findings findings(const char* text, std::string_view body = "realtime server event") {
  return TypeBook::committed().mismatches(boost::json::parse(text), body);
}

TEST_SUITE("Type check") {
  TEST_CASE("lets pass what is as declared") {
    CHECK(findings(R"({"type":"conversation.item.deleted","event_id":"e","item_id":"i"})").empty());
  }

  TEST_CASE("finds a missing, an unknown and a mistyped field of the event that is meant") {
    CHECK(findings(R"({"type":"conversation.item.deleted","event_id":"e"})") ==
          Findings{"conversation.item.deleted.item_id: missing"});
    CHECK(findings(R"({"type":"conversation.item.deleted","event_id":"e","item_id":"i","x":1})") ==
          Findings{"conversation.item.deleted.x: no such field in "
                   "Realtime.ConversationItemDeletedEvent"});
    CHECK(findings(R"({"type":"conversation.item.deleted","event_id":5,"item_id":"i"})") ==
          Findings{"conversation.item.deleted.event_id: 5 is no string"});
  }

  TEST_CASE("looks into lists and into the members of a union") {
    const auto found = findings(R"({"type":"conversation.item.added","event_id":"e","item":
        {"type":"message","role":"user","content":[{"type":"input_text"},{"type":"sound"}]}})");
    REQUIRE(found.size() == 1);
    CHECK(found.front().starts_with("conversation.item.added.item.content[1].type: \"sound\""));
  }

  TEST_CASE("finds an event that OpenAI does not have") {
    CHECK_FALSE(findings(R"({"type":"call.ended","event_id":"e"})").empty());
  }
}

}  // namespace
}  // namespace offhook::conformance
