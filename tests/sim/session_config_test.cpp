#include "sim/session_config.hpp"

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <doctest/doctest.h>

#include "base/json.hpp"

namespace offhook::sim {
namespace {

namespace json = boost::json;

ApiResult<SessionConfig> accept(std::string_view body,
                                audio::CodecId codec = audio::CodecId::pcmu) {
  return SessionConfig::from_accept(json::parse(body), codec);
}

std::string at(const SessionConfig& config, std::string_view path) {
  const json::value whole(config.json());
  const auto* const found = json_at(whole, path);
  return found == nullptr ? "(none)" : json::serialize(*found);
}

struct Refusal {
  std::string_view session;
  std::string_view code;
  std::string_view param;
};

TEST_SUITE("Accept body") {
  TEST_CASE("needs nothing but its type") {
    const auto config = accept(R"({"type":"realtime"})");
    REQUIRE(config);
    CHECK(at(*config, "object") == R"("realtime.session")");
    CHECK(at(*config, "output_modalities") == R"(["audio"])");
    CHECK(at(*config, "audio.output.voice") == R"("marin")");
    CHECK(at(*config, "audio.input.turn_detection.silence_duration_ms") == "200");
    CHECK(config->turns().has_value());
    CHECK_FALSE(config->transcription_model());
  }

  TEST_CASE("cannot choose the audio formats, because SDP did") {
    const std::string_view body =
        R"({"type":"realtime","audio":{"input":{"format":{"type":"audio/pcm","rate":24000}},
            "output":{"format":{"type":"audio/pcm","rate":24000}}}})";
    CHECK(at(*accept(body), "audio.input.format") == R"({"type":"audio/pcmu"})");
    CHECK(at(*accept(body, audio::CodecId::pcma), "audio.output.format") ==
          R"({"type":"audio/pcma"})");
    CHECK(at(*accept(body, audio::CodecId::opus), "audio.output.format") ==
          R"({"type":"audio/pcm","rate":24000})");
  }

  TEST_CASE("is refused with the path of the field at fault") {
    for (const auto& [session, code, param] : {
             Refusal{R"({"model":"gpt-realtime"})", "missing_required_parameter", "session.type"},
             Refusal{R"({"type":"transcription"})", "invalid_value", "session.type"},
             Refusal{R"({"type":"realtime","colour":"red"})", "unknown_parameter",
                     "session.colour"},
             Refusal{R"({"type":"realtime","audio":{"input":{"echo":1}}})", "unknown_parameter",
                     "session.audio.input.echo"},
             Refusal{R"({"type":"realtime","audio":"loud"})", "invalid_value", "session.audio"},
             Refusal{R"({"type":"realtime","audio":{"output":{"speed":9}}})", "invalid_value",
                     "session.audio.output.speed"},
             Refusal{R"({"type":"realtime","output_modalities":["audio","text"]})", "invalid_value",
                     "session.output_modalities"},
             Refusal{R"({"type":"realtime","max_output_tokens":0})", "invalid_value",
                     "session.max_output_tokens"},
             Refusal{R"({"type":"realtime","instructions":7})", "invalid_value",
                     "session.instructions"},
             Refusal{R"({"type":"realtime","tools":[{"type":"function"}]})",
                     "missing_required_parameter", "session.tools[0].name"},
             Refusal{R"({"type":"realtime","audio":{"input":{"turn_detection":{"type":"magic"}}}})",
                     "invalid_value", "session.audio.input.turn_detection.type"},
             Refusal{"[]", "invalid_value", "session"},
         }) {
      CAPTURE(session);
      const auto config = accept(session);
      REQUIRE_FALSE(config);
      CHECK(config.error().code == code);
      CHECK(config.error().param == std::string{param});
      CHECK(config.error().status == 400);
    }
  }

  TEST_CASE("must leave the numbers of server_vad alone") {
    for (const std::string field : {"threshold", "prefix_padding_ms", "silence_duration_ms"}) {
      CAPTURE(field);
      const auto config =
          accept(R"({"type":"realtime","audio":{"input":{"turn_detection":{"type":"server_vad",")" +
                 field + R"(":0.5}}}})");
      REQUIRE_FALSE(config);
      CHECK(config.error().code == "unknown_parameter");
      CHECK(config.error().message ==
            "Unknown parameter: 'session.audio.input.turn_detection." + field + "'.");
    }
    CHECK(accept(R"({"type":"realtime","audio":{"input":{"turn_detection":
                 {"type":"server_vad","idle_timeout_ms":6000,"create_response":false}}}})"));
  }
}

TEST_SUITE("Session update") {
  TEST_CASE("changes only the fields that are there") {
    auto config = *accept(R"({"type":"realtime","instructions":"Be brief.","model":"m"})");
    const auto session = json::parse(
        R"({"type":"realtime","audio":{"input":{"turn_detection":{"threshold":0.7}}}})");
    REQUIRE(config.update(session, false));
    CHECK(config.instructions() == "Be brief.");
    REQUIRE(config.turns());
    CHECK(config.turns()->threshold == doctest::Approx(0.7));
    CHECK(config.turns()->prefix_padding_ms == 300);
  }

  TEST_CASE("clears with an empty text, an empty list or null") {
    auto config = *accept(R"({"type":"realtime","instructions":"Be brief.",
        "tools":[{"type":"function","name":"f"}],
        "audio":{"input":{"transcription":{"model":"whisper-1"}}}})");
    CHECK(config.transcription_model() == "whisper-1");
    const auto session = json::parse(R"({"type":"realtime","instructions":"","tools":[],
        "audio":{"input":{"turn_detection":null,"transcription":null}}})");
    REQUIRE(config.update(session, true));
    CHECK(config.instructions().empty());
    CHECK(at(config, "tools") == "[]");
    CHECK_FALSE(config.turns());
    CHECK_FALSE(config.transcription_model());
  }

  TEST_CASE("takes another kind of turn detection with that kind's defaults") {
    auto config = *accept(R"({"type":"realtime"})");
    REQUIRE(config.update(json::parse(R"({"type":"realtime","audio":{"input":{"turn_detection":
        {"type":"semantic_vad","eagerness":"low"}}}})"),
                          false));
    CHECK(at(config, "audio.input.turn_detection.threshold") == "(none)");
    CHECK(at(config, "audio.input.turn_detection.create_response") == "true");
    CHECK(config.turns()->silence_duration_ms > 600);
    REQUIRE(config.update(json::parse(R"({"type":"realtime","audio":{"input":{"turn_detection":
        {"type":"server_vad"}}}})"),
                          false));
    CHECK(config.turns()->silence_duration_ms == 200);
  }

  TEST_CASE("never changes the model, nor the voice once it was heard") {
    auto config = *accept(R"({"type":"realtime","model":"a"})");
    CHECK(config.update(json::parse(R"({"type":"realtime","model":"a"})"), false));
    const auto model = config.update(json::parse(R"({"type":"realtime","model":"b"})"), false);
    REQUIRE_FALSE(model);
    CHECK(model.error().param == "session.model");
    const auto ash = json::parse(R"({"type":"realtime","audio":{"output":{"voice":"ash"}}})");
    const auto coral = json::parse(R"({"type":"realtime","audio":{"output":{"voice":"coral"}}})");
    CHECK(config.update(ash, false));
    CHECK(config.update(ash, true));
    const auto voice = config.update(coral, true);
    REQUIRE_FALSE(voice);
    CHECK(voice.error().code == "cannot_update_voice");
    CHECK(at(config, "audio.output.voice") == R"("ash")");
  }

  TEST_CASE("leaves the session as it was when it is refused") {
    auto config = *accept(R"({"type":"realtime","instructions":"Be brief."})");
    const auto refused = config.update(
        json::parse(R"({"type":"realtime","instructions":"Be long.","nonsense":1})"), false);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == "unknown_parameter");
    CHECK(config.instructions() == "Be brief.");
  }

  TEST_CASE("freezes tracing once it is on") {
    auto config = *accept(R"({"type":"realtime"})");
    REQUIRE(config.update(json::parse(R"({"type":"realtime","tracing":"auto"})"), false));
    CHECK_FALSE(config.update(json::parse(R"({"type":"realtime","tracing":null})"), false));
  }
}

}  // namespace
}  // namespace offhook::sim
