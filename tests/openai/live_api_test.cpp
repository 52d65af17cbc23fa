#include "openai/live_api.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include "imposter.hpp"

using namespace offhook;
using namespace offhook::openai;
using testing::answer;
using testing::api_error;
using testing::ImposterApi;
using testing::run;

TEST_SUITE("LiveApi") {
  TEST_CASE("posts to the session's own address, with the id escaped") {
    boost::asio::io_context context;
    ImposterApi server{context, {answer(200), answer(200)}};
    LiveApi api{server.provider()};
    CHECK(run(context, api.accept("live a", {{"session", {{"type", "live"}}}})));
    CHECK(run(context, api.reject("live_1", 486)));
    REQUIRE(server.requests.size() == 2);
    CHECK(server.requests[0].target == "/v1/live/sessions/live%20a/accept");
    CHECK(server.requests[0].body == R"({"session":{"type":"live"}})");
    CHECK(server.requests[1].body == R"({"status_code":486})");
  }

  TEST_CASE("a session that is over already is hung up") {
    boost::asio::io_context context;
    ImposterApi server{context, {api_error(404, "session_id_not_found", "No session found")}};
    LiveApi api{server.provider()};
    CHECK(run(context, api.hang_up("live_1")));
  }

  TEST_CASE("a call is placed once, whatever the answer") {
    boost::asio::io_context context;
    ImposterApi server{context,
                       {answer(201, {}, R"({"session":{"id":"live_9"}})"), answer(500),
                        api_error(403, "outbound_sip_not_enabled", "No.")}};
    LiveApi api{server.provider()};
    CHECK(run(context, api.create({})).value() == "live_9");
    CHECK_FALSE(run(context, api.create({})));
    const auto refused = run(context, api.create({}));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().detail.find("per organisation") != std::string::npos);
    CHECK(server.requests.size() == 3);
  }
}
