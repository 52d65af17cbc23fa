#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>

#include "audio/speech.hpp"
#include "faulty_call.hpp"
#include "raw_phone.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;
using Kind = sip::CallEvent::Kind;

std::string say_hi() {
  return R"({"type":"response.create","response":{"instructions":"Say Hi."}})";
}

/// The next texts of a socket, whatever they are, until one holds `end`.
std::vector<std::string> texts(SimWorld& world, net::WebSocket& socket, std::string_view end) {
  std::vector<std::string> list;
  do {
    list.push_back(world.run(socket.receive()).value());
  } while (list.back().find(end) == std::string::npos);
  return list;
}

bool is_event(const std::string& text) {
  boost::system::error_code failure;
  const auto value = boost::json::parse(text, failure);
  return !failure && !json_string(value, "type").empty();
}

/// Types of the steps of a response, in the order in which they came.
std::vector<std::string> steps(SimWorld& world, net::WebSocket& socket) {
  REQUIRE(world.run(socket.send(say_hi())));
  std::vector<std::string> list;
  bool done = false;
  bool played = false;
  while (!done || !played) {
    const auto text = world.run(socket.receive()).value();
    const std::string type{json_string(boost::json::parse(text), "type")};
    done = done || type == "response.done";
    played = played || type == "output_audio_buffer.stopped";
    if (type.starts_with("response.") && !type.ends_with(".delta")) {
      list.push_back(type);
    }
  }
  return list;
}

SimConfig impatient() {
  SimConfig config;
  config.accept_deadline = 100ms;
  return config;
}

TEST_SUITE("Faults of webhooks") {
  TEST_CASE("late-webhook: it comes when the call has failed") {
    SimWorld world{impatient()};
    FaultyCall call{world, "late-webhook"};
    CHECK(call.phone.next(Kind::answered).status == 400);
    CHECK(world.webhooks.empty());
    const auto id = world.take_call().call_id;
    CHECK(world.post(id, "accept", plain_session).status == 404);
  }

  TEST_CASE("lost-webhook: none comes") {
    SimWorld world{impatient()};
    FaultyCall call{world, "lost-webhook"};
    CHECK(call.phone.next(Kind::answered).status == 400);
    CHECK(world.marked("webhook.lost"));
    CHECK(world.webhooks.empty());
  }

  TEST_CASE("duplicate-webhook: it comes twice, with one id") {
    SimWorld world;
    FaultyCall call{world, "duplicate-webhook"};
    CHECK(world.take_call().call_id == world.take_call().call_id);
    std::vector<std::string> ids;
    for (const auto& webhook : world.webhooks) {
      if (webhook.body.find("realtime.call.incoming") != std::string::npos) {
        ids.emplace_back(webhook.headers.get("webhook-id"));
      }
    }
    CHECK(ids == std::vector<std::string>(2, ids.at(0)));
  }

  TEST_CASE("extra-fields: webhooks and events have one that nobody knows") {
    SimWorld world;
    world.faults.extra_fields = true;
    FaultyCall call{world, "extra-fields"};
    call.take();
    CHECK(world.webhooks.at(0).body.find(R"("unheard_of": {)") != std::string::npos);
    world.wait_for(*call.sideband, "session.created");
    CHECK(call.sideband->events[0].as_object().contains("unheard_of"));
  }
}

TEST_SUITE("Faults of REST") {
  TEST_CASE("accept-then-fail: 200, then SIP 400, and no sideband") {
    SimWorld world;
    FaultyCall call{world, "accept-then-fail"};
    const auto id = world.take_call().call_id;
    CHECK(world.post(id, "accept", plain_session).status == 200);
    CHECK(call.phone.next(Kind::answered).status == 400);
    CHECK(world.connect(id).error().status == 404);
  }

  TEST_CASE("accept-204: it succeeds by another status") {
    SimWorld world;
    FaultyCall call{world, "accept-204"};
    call.take();
    CHECK(call.accepted == 204);
  }

  TEST_CASE("accept-not-found, rate-limit, server-error: the next accept is fine") {
    SimWorld world;
    FaultyCall call{world, "accept-not-found, rate-limit, server-error"};
    const auto id = world.take_call().call_id;
    const auto limited = world.post(id, "accept", plain_session);
    CHECK(limited.status == 429);
    CHECK(limited.headers.get("retry-after") == "1");
    CHECK(world.post(id, "accept", plain_session).status == 500);
    CHECK(world.post(id, "accept", plain_session).status == 404);
    CHECK(world.post(id, "accept", plain_session).status == 200);
    call.phone.talk();
  }

  TEST_CASE("lost-answer: what was asked is done, and only asking again gets an answer") {
    SimWorld world;
    world.request_timeout = 500ms;
    FaultyCall call{world, "lost-answer"};
    const auto id = world.take_call().call_id;
    CHECK(world.post(id, "accept", plain_session).status == 0);
    call.phone.talk();
    CHECK(world.post(id, "accept", plain_session).status == 409);
    CHECK(world.post(id, "refer", R"({"target_uri":"tel:+15550100"})").status == 0);
    CHECK(call.phone.next(Kind::refer).kind == Kind::refer);
    CHECK(world.post(id, "hangup").status == 0);
    CHECK(call.phone.next(Kind::closed).kind == Kind::closed);
    CHECK(world.post(id, "hangup").status == 404);
  }

  TEST_CASE("decision-made: 409, and nobody answers the caller") {
    SimWorld world{impatient()};
    FaultyCall call{world, "decision-made"};
    const auto id = world.take_call().call_id;
    CHECK(world.post(id, "accept", plain_session).status == 409);
    CHECK(call.phone.next(Kind::answered).status == 400);
  }

  TEST_CASE("accept-after-cancel: a session begins with nobody on the line") {
    SimWorld world;
    FaultyCall call{world, "accept-after-cancel"};
    const auto id = world.take_call().call_id;
    call.phone.call().hang_up();
    CHECK(call.phone.next(Kind::answered).kind == Kind::failed);
    world.run_until([&] { return world.marked("cancelled.unnoticed"); });
    CHECK(world.post(id, "accept", plain_session).status == 200);
    const auto sideband = world.observe(id);
    world.wait_for(*sideband, "session.created");
    world.pass(100ms);
    CHECK_FALSE(sideband->over);
    CHECK(world.post(id, "hangup").status == 200);
    world.run_until([&] { return sideband->over; });
  }

  TEST_CASE("refer-silent: 200, and no REFER") {
    SimWorld world;
    FaultyCall call{world, "refer-silent"};
    call.take();
    CHECK(world.post(call.id, "refer", R"({"target_uri":"tel:+14155550123"})").status == 200);
    CHECK(world.marked("refer.swallowed"));
    CHECK(world.post(call.id, "hangup").status == 200);
    CHECK(call.phone.next(Kind::refer).kind == Kind::closed);
  }

  TEST_CASE("refer-error: 500, and no REFER") {
    SimWorld world;
    FaultyCall call{world, "refer-error"};
    call.take();
    CHECK(world.post(call.id, "refer", R"({"target_uri":"tel:+14155550123"})").status == 500);
    CHECK(world.post(call.id, "hangup").status == 200);
    CHECK(call.phone.next(Kind::refer).kind == Kind::closed);
  }

  TEST_CASE("refer-no-id: the answer to refer has no request id, others have") {
    SimWorld world;
    FaultyCall call{world, "refer-no-id"};
    call.take();
    const auto referred = world.post(call.id, "refer", R"({"target_uri":"tel:+14155550123"})");
    CHECK(referred.status == 200);
    CHECK(referred.headers.get("x-request-id").empty());
    CHECK_FALSE(world.post(call.id, "hangup").headers.get("x-request-id").empty());
  }

  TEST_CASE("slow: webhook, REST and answer take a second more, events half a second") {
    SimWorld world;
    const auto began = std::chrono::steady_clock::now();
    FaultyCall call{world, "slow"};
    const auto passed = [&] { return std::chrono::steady_clock::now() - began; };
    call.id = world.take_call().call_id;
    CHECK(passed() >= 1s);
    CHECK(world.post(call.id, "accept", plain_session).status == 200);
    CHECK(passed() >= 2s);
    const auto sideband = world.observe(call.id);
    call.phone.talk();
    CHECK(passed() >= 3s);
    const auto asked = std::chrono::steady_clock::now();
    world.send(*sideband, R"({"type":"session.update","session":{"type":"realtime"}})");
    world.wait_for(*sideband, "session.updated");
    CHECK(std::chrono::steady_clock::now() - asked >= 500ms);
  }
}

TEST_SUITE("Faults of calls") {
  TEST_CASE("sideband-drop: the first one is cut while the call stays up") {
    SimWorld world;
    FaultyCall call{world, "sideband-drop"};
    call.take();
    world.run_until([&] { return call.sideband->over; });
    CHECK(call.sideband->close_status == 1006);
    const auto again = world.observe(call.id);
    world.send(*again, say_hi());
    world.wait_for(*again, "output_audio_buffer.stopped");
    CHECK_FALSE(again->over);
  }

  TEST_CASE("broken-frame, giant-frame: a sideband cannot be read any further, the next one can") {
    SimWorld world;
    FaultyCall call{world, "broken-frame, giant-frame, sideband-drop"};
    call.take();
    for (const int status : {1006, 1002, 1009}) {
      world.run_until([&] { return call.sideband->over; });
      CHECK(call.sideband->close_status == status);
      call.sideband = world.observe(call.id);
    }
    world.send(*call.sideband, say_hi());
    world.wait_for(*call.sideband, "output_audio_buffer.stopped");
    CHECK_FALSE(call.sideband->over);
  }

  TEST_CASE("sideband-drops: one after the other is cut while the call stays up") {
    SimWorld world;
    FaultyCall call{world, "sideband-drops"};
    call.take();
    for (int i = 0; i < 2; ++i) {
      world.run_until([&] { return call.sideband->over; });
      CHECK(call.sideband->close_status == 1006);
      call.sideband = world.observe(call.id);
    }
    CHECK(world.post(call.id, "hangup").status == 200);
  }

  TEST_CASE("sideband-404: every one is refused without a word while the call is up") {
    SimWorld world;
    FaultyCall call{world, "sideband-404"};
    const auto id = world.take_call().call_id;
    CHECK(world.post(id, "accept", plain_session).status == 200);
    call.phone.talk();
    for (int attempt = 0; attempt < 3; ++attempt) {
      CHECK(world.connect(id).error().status == 404);
    }
    CHECK(world.post(id, "hangup").status == 200);
    CHECK(call.phone.next(Kind::closed).kind == Kind::closed);
  }

  TEST_CASE("lost-last-events: what was due when the call ended does not come") {
    for (const std::string quirk : {"", "lost-last-events"}) {
      CAPTURE(quirk);
      SimWorld world;
      FaultyCall call{world, quirk};
      call.take();
      world.wait_for(*call.sideband, "session.created");
      world.send(*call.sideband, say_hi());
      world.run_until([&] { return world.marked("response.created"); });
      CHECK(world.post(call.id, "hangup").status == 200);
      world.run_until([&] { return call.sideband->over; });
      CHECK(call.sideband->find("response.created").has_value() == quirk.empty());
      CHECK(world.marked("events.lost") != quirk.empty());
    }
  }

  TEST_CASE("lost-last-events: until then all come, a second late") {
    SimWorld world;
    FaultyCall call{world, "lost-last-events"};
    call.take();
    const auto asked = std::chrono::steady_clock::now();
    world.send(*call.sideband, say_hi());
    world.wait_for(*call.sideband, "response.done");
    CHECK(std::chrono::steady_clock::now() - asked >= 1s);
  }

  TEST_CASE("bye-during-accept: the answer and BYE come together") {
    SimWorld world;
    FaultyCall call{world, "bye-during-accept"};
    const auto id = world.take_call().call_id;
    CHECK(world.post(id, "accept", plain_session).status == 200);
    CHECK(call.phone.next(Kind::answered).kind == Kind::answered);
    CHECK(call.phone.next(Kind::refer).kind == Kind::closed);
    CHECK(world.connect(id).error().status == 404);
  }

  TEST_CASE("early-expiry: the session ends after three seconds") {
    SimWorld world;
    FaultyCall call{world, "early-expiry"};
    call.take();
    const auto error = world.wait_for(*call.sideband, "error");
    CHECK(json_string(call.sideband->events[error], "error.code") == "session_expired");
    CHECK(call.phone.next(Kind::closed).kind == Kind::closed);
  }

  TEST_CASE("early-expiry: the session ends, too, when nobody observes it") {
    SimWorld world;
    FaultyCall call{world, "early-expiry"};
    const auto id = world.take_call().call_id;
    CHECK(world.post(id, "accept", plain_session).status == 200);
    call.phone.talk();
    CHECK(call.phone.next(Kind::closed).kind == Kind::closed);
    CHECK(world.connect(id).error().status == 404);
  }

  TEST_CASE("transcription-failed: answered, and how it was transcribed is an error") {
    SimWorld world;
    FaultyCall call{world, "transcription-failed"};
    call.take();
    world.send(*call.sideband, R"({"type":"session.update","session":{"type":"realtime","audio":)"
                               R"({"input":{"transcription":{"model":"gpt-transcribe"}}}}})");
    world.wait_for(*call.sideband, "session.updated");
    call.phone.port.say(audio::speak("Where is my order?", "rms", voice_rate_hz)->sound.samples);
    const auto failed =
        world.wait_for(*call.sideband, "conversation.item.input_audio_transcription.failed");
    const auto& event = call.sideband->events[failed];
    const auto committed = world.wait_for(*call.sideband, "input_audio_buffer.committed");
    CHECK(json_string(event, "item_id") ==
          json_string(call.sideband->events[committed], "item_id"));
    CHECK_FALSE(json_string(event, "error.code").empty());
    world.wait_for(*call.sideband, "output_audio_buffer.started");
    CHECK_FALSE(
        call.sideband->find("conversation.item.input_audio_transcription.completed").has_value());
    CHECK_FALSE(call.sideband->find("error").has_value());
  }

  TEST_CASE("response-failed: the first one says nothing and why, the next is fine") {
    SimWorld world;
    FaultyCall call{world, "response-failed"};
    call.take();
    world.send(*call.sideband, say_hi());
    const auto failed = world.wait_for(*call.sideband, "response.done");
    const auto& response = call.sideband->events[failed];
    CHECK(json_string(response, "response.status") == "failed");
    CHECK(json_string(response, "response.status_details.type") == "failed");
    CHECK(json_string(response, "response.status_details.error.code") == "rate_limit_exceeded");
    CHECK(json_at(response, "response.output")->as_array().empty());
    CHECK_FALSE(call.sideband->find("response.output_item.added").has_value());
    world.send(*call.sideband, say_hi());
    const auto done = world.wait_for(*call.sideband, "response.done", failed + 1);
    CHECK(json_string(call.sideband->events[done], "response.status") == "completed");
    world.wait_for(*call.sideband, "output_audio_buffer.stopped");
  }

  TEST_CASE("content-filter: the first response ends after a word, the next is whole") {
    SimWorld world;
    FaultyCall call{world, "content-filter"};
    call.take();
    const std::string words = "One two three four five.";
    std::size_t from = 0;
    for (const bool cut : {true, false}) {
      CAPTURE(cut);
      world.send(*call.sideband, R"({"type":"response.create","response":{"instructions":"Say )" +
                                     words + R"("}})");
      const auto done = world.wait_for(*call.sideband, "response.done", from);
      const auto& response = call.sideband->events[done];
      CHECK(json_string(response, "response.status") == (cut ? "incomplete" : "completed"));
      CHECK(json_string(response, "response.status_details.reason") ==
            (cut ? "content_filter" : ""));
      const auto said = call.sideband->find("response.output_audio_transcript.done", from);
      REQUIRE(said.has_value());
      CHECK(json_string(call.sideband->events[*said], "transcript") == (cut ? "One" : words));
      from = world.wait_for(*call.sideband, "output_audio_buffer.stopped", from) + 1;
    }
  }

  TEST_CASE("broken-events: a sideband begins with what is no event, and goes on") {
    SimWorld world;
    FaultyCall call{world, "broken-events"};
    net::WebSocket socket = call.take_unread();
    REQUIRE(world.run(socket.send(say_hi())));
    const auto all = texts(world, socket, "output_audio_buffer.stopped");
    CHECK(is_event(all.front()));
    CHECK(std::count_if(all.begin(), all.end(), is_event) + 7 == static_cast<long>(all.size()));
    CHECK(world.marked("events.broken"));
  }

  TEST_CASE("reordered-events: some are overtaken, and none is lost") {
    SimWorld world;
    FaultyCall call{world, "reordered-events"};
    net::WebSocket socket = call.take_unread();
    std::set<std::vector<std::string>> orders;
    std::set<std::vector<std::string>> contents;
    for (int i = 0; i < 20 && orders.size() < 2; ++i) {
      auto list = steps(world, socket);
      orders.insert(list);
      std::sort(list.begin(), list.end());
      contents.insert(std::move(list));
    }
    CHECK(orders.size() == 2);
    CHECK(contents.size() == 1);
  }

  TEST_CASE("unknown-events: one comes") {
    SimWorld world;
    world.faults.unknown_events = true;
    FaultyCall call{world, "unknown-events"};
    call.take();
    world.wait_for(*call.sideband, "session.weather_changed");
  }

  TEST_CASE("omit-content-type and sips-contact: so says the answer on the wire") {
    SimWorld world{udp_config()};
    {
      RawPhone plain{world};
      const std::string answer = plain.call("");
      CHECK(answer.find("Content-Type: application/sdp\r\n") != std::string::npos);
      CHECK(answer.find("Contact: <sip:OAI@127.0.0.1:") != std::string::npos);
    }
    RawPhone phone{world};
    const std::string answer = phone.call("omit-content-type,sips-contact");
    CHECK(answer.find("\r\nContent-Type:") == std::string::npos);
    CHECK(answer.find("\r\n\r\nv=0\r\n") != std::string::npos);
    CHECK(answer.find("Contact: <sips:OAI@127.0.0.1:") != std::string::npos);
  }

  TEST_CASE("come to all calls, or to none, as the sim was told; unknown wishes are noted") {
    SimConfig config = impatient();
    config.quirks = {{Quirk::lost_webhook, 1}, {Quirk::slow, 0}};
    SimWorld world{std::move(config)};
    FaultyCall call{world, "dance"};
    CHECK(call.phone.next(Kind::answered).status == 400);
    CHECK(world.marked("webhook.lost"));
    CHECK(world.marked("quirk.unknown"));
    const auto marks = world.marks;
    int quirks = 0;
    for (const Mark& mark : marks) {
      quirks += mark.name == "quirk" ? 1 : 0;
    }
    CHECK(quirks == 1);
  }
}

}  // namespace
}  // namespace offhook::sim
