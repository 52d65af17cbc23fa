#include "call/call_report.hpp"

#include <algorithm>

#include <doctest/doctest.h>

#include "base/json.hpp"

using offhook::Mark;
using offhook::call::CallReport;
using offhook::call::CallResult;

TEST_SUITE("CallReport") {
  TEST_CASE("names the steps of the set-up once, at their first mark") {
    offhook::call::SetupTimes setup;
    setup.on_mark(Mark{3, "sip", "invite.sent"});
    setup.on_mark(Mark{5, "sip", "trying"});
    setup.on_mark(Mark{9, "sip", "invite.sent"});
    setup.on_mark(Mark{10, "sideband", "response.created"});
    REQUIRE(setup.steps().size() == 2);
    CHECK(setup.steps()[0] == std::pair<std::string, double>{"invite_sent", 3});
  }

  TEST_CASE("has every documented field, and null for what the peer never told") {
    CallReport report;
    report.ending = {CallResult::hung_up_by_peer, {}};
    report.codec = "PCMU";
    report.transcript.push_back({"model", "Hi.", 12.5, false});
    const boost::json::value json = offhook::call::to_json(report);
    for (const char* path : {"result", "exit_code", "reason", "call_id", "sip_call_id", "codec",
                             "srtp", "duration_ms", "setup_ms", "rtp.sent", "rtp.received",
                             "rtp.lost", "rtp.jitter_ms", "rtp.concealed", "transcript"}) {
      CAPTURE(path);
      CHECK(offhook::json_at(json, path) != nullptr);
    }
    CHECK(offhook::json_at(json, "rtp.round_trip_ms")->is_null());
    CHECK(offhook::json_string(json, "result") == "hung_up_by_peer");
    CHECK(offhook::json_int(json, "exit_code") == 0);
  }

  TEST_CASE("gives every kind of failure an exit code of its own") {
    std::vector<int> codes;
    for (const CallResult result :
         {CallResult::internal_error, CallResult::unreachable, CallResult::tls_failed,
          CallResult::invite_refused, CallResult::no_answer, CallResult::no_webhook,
          CallResult::accept_failed, CallResult::sideband_failed, CallResult::media_failed,
          CallResult::audio_failed}) {
      const int code = exit_code(result);
      CHECK(code != 0);
      CHECK(std::ranges::find(codes, code) == codes.end());
      codes.push_back(code);
    }
  }
}
