#include "serve/event_feed.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

using namespace offhook::serve;

TEST_SUITE("event feed") {
  TEST_CASE("tells what came behind an id, of all calls or of one") {
    boost::asio::io_context context;
    EventFeed feed{context.get_executor()};
    std::uint64_t after = feed.last_id();
    const std::uint64_t begin = after;
    feed.publish("rtc_1", "live", {});
    feed.publish("rtc_2", "live", {});
    feed.publish("rtc_1", "ended", {{"outcome", "hung_up"}});
    bool gap = true;
    CHECK(feed.since(after, {}, gap).size() == 3);
    CHECK_FALSE(gap);
    CHECK(after == begin + 3);
    CHECK(feed.since(after, {}, gap).empty());
    after = begin;
    const auto of_one = feed.since(after, "rtc_1", gap);
    REQUIRE(of_one.size() == 2);
    CHECK(of_one[1].name == "ended");
    CHECK(after == begin + 3);
  }

  TEST_CASE("forgets the oldest and says so") {
    boost::asio::io_context context;
    EventFeed feed{context.get_executor(), 2};
    std::uint64_t after = feed.last_id();
    for (int i = 0; i < 5; ++i) {
      feed.publish("rtc_1", "step", {{"i", i}});
    }
    bool gap = false;
    const auto left = feed.since(after, {}, gap);
    CHECK(gap);
    REQUIRE(left.size() == 2);
    CHECK(left[0].json->find("\"i\":3") != std::string::npos);
  }

  TEST_CASE("an id of the future is waited for, not replayed") {
    boost::asio::io_context context;
    EventFeed feed{context.get_executor()};
    feed.publish("rtc_1", "step", {});
    std::uint64_t after = feed.last_id() + 100;
    bool gap = false;
    CHECK(feed.since(after, {}, gap).empty());
    CHECK(gap);                      // nobody knows what was missed
    CHECK(after == feed.last_id());  // a follower waits while these are equal
    feed.publish("rtc_1", "step", {});
    CHECK(feed.since(after, {}, gap).size() == 1);
  }

  TEST_CASE("an event stream message has id, name and one line of data") {
    boost::asio::io_context context;
    EventFeed feed{context.get_executor()};
    std::uint64_t after = feed.last_id();
    feed.publish("rtc_1", "transcript", {{"text", "two\nlines\r"}});
    bool gap = false;
    const std::string text = to_sse(feed.since(after, {}, gap).at(0));
    CHECK(
        text.starts_with("id: " + std::to_string(feed.last_id()) + "\nevent: transcript\ndata: {"));
    CHECK(text.find(R"("two\nlines\r")") != std::string::npos);
    CHECK(text.ends_with("}\n\n"));
  }
}
