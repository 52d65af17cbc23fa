#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "conformance/conversations.hpp"
#include "conformance/type_book.hpp"

namespace offhook::conformance {
namespace {

using Findings = std::vector<std::string>;

Findings findings(const std::string& text, Faults faults = {}) {
  return TypeBook::committed().mismatches(boost::json::parse(text), "realtime server event",
                                          faults);
}

std::string session(const std::string& more) {
  return R"({"type":"session.created","event_id":"e","session":{"type":"realtime",)" + more + "}}";
}

std::string response(const std::string& more) {
  return R"({"type":"response.done","event_id":"e","response":{"id":"r",)" + more + "}}";
}

constexpr const char* usage = R"("usage":{"total_tokens":1})";

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

  TEST_CASE("knows the types of what is documented only") {
    CHECK(findings(session(R"("id":"s","object":"realtime.session","expires_at":5)")).empty());
    CHECK(findings(session(R"("id":5)")) == Findings{"session.created.session.id: 5 is no string"});
    CHECK(findings(session(R"("object":"session")")).size() == 1);
    CHECK(findings(session(R"("expires_at":"soon")")).size() == 1);
    CHECK(findings(session(R"("include":null)")).empty());
    CHECK(findings(session(R"("include":5)")).size() == 1);
  }

  TEST_CASE("wants usage at the end of a response, and the reason of one that did not complete") {
    const std::string done = usage;
    CHECK(findings(response(done + R"(,"status":"completed","status_details":null)")).empty());
    CHECK(findings(response(R"("status":"completed","usage":null)")) ==
          Findings{"response.done.response.usage: missing at the end"});
    CHECK(findings(response(done + R"(,"status":"cancelled","status_details":null)")) ==
          Findings{"response.done.response.status_details: missing at the end"});
    CHECK(
        findings(response(done + R"(,"status":"cancelled","status_details":{"type":"cancelled"})"))
            .empty());
  }

  TEST_CASE("wants a conversation of every response but those that were asked for out of band") {
    const auto event = [](const std::string& type, const std::string& id, const std::string& in) {
      return boost::json::parse(R"({"type":"response.)" + type + R"(","response":{"id":")" + id +
                                R"(","conversation_id":)" + in + "}}");
    };
    Conversations conversations;
    CHECK(conversations.mismatches(event("created", "a", R"("conv_1")")).empty());
    CHECK(conversations.mismatches(event("created", "b", "null")) ==
          Findings{"response.created.response.conversation_id: null though it is not out of band"});
    conversations.asked(R"({"type":"response.create","response":{"conversation":"auto"}})");
    CHECK(conversations.mismatches(event("created", "c", "null")).size() == 1);
    conversations.asked(R"({"type":"response.create","response":{"conversation":"none"}})");
    CHECK(conversations.mismatches(event("created", "d", "null")).empty());
    CHECK(conversations.mismatches(event("created", "e", "null")).size() == 1);
    CHECK(conversations.mismatches(event("done", "a", "null")).size() == 1);
    CHECK(conversations.mismatches(event("done", "d", "null")).empty());
    CHECK(conversations.mismatches(event("done", "d", R"("conv_1")")) ==
          Findings{R"(response.done.response.conversation_id: "conv_1" though it is out of band)"});
  }

  TEST_CASE("excuses what a fault adds only where the fault is asked for") {
    const std::string extra =
        R"({"type":"conversation.item.deleted","event_id":"e","item_id":"i","unheard_of":{}})";
    CHECK(findings(extra).size() == 1);
    CHECK(findings(extra, {.extra_fields = true}).empty());
    const std::string unknown = R"({"type":"session.weather_changed","event_id":"e"})";
    CHECK_FALSE(findings(unknown).empty());
    CHECK(findings(unknown, {.unknown_events = true}).empty());
  }
}

}  // namespace
}  // namespace offhook::conformance
