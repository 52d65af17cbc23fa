#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include "agent/conversation.hpp"
#include "agent/tools/memory_ledger.hpp"
#include "agent/tools/tool_factory.hpp"
#include "audio/speech.hpp"
#include "phone.hpp"
#include "sim_fixture.hpp"

namespace offhook::sim {
namespace {

using namespace std::chrono_literals;
using agent::ConversationEnd;
namespace asio = boost::asio;

agent::ToolConfig tool(const char* name, agent::ToolConfig::Kind kind) {
  agent::ToolConfig config;
  config.name = name;
  config.kind = kind;
  config.parameters = {{"type", "object"}};
  return config;
}

agent::AgentProfile profile(const std::string& opening) {
  agent::AgentProfile agent;
  agent.model = "gpt-realtime-2.1";
  agent.instructions = "Be brief.";
  agent.opening = opening;
  agent.tools = {tool("look_up", agent::ToolConfig::Kind::function),
                 tool("hang_up", agent::ToolConfig::Kind::hang_up),
                 tool("transfer", agent::ToolConfig::Kind::transfer)};
  return agent;
}

/// A caller on the line to the sim, and a conversation that controls the call.
struct Talk {
  Talk(SimWorld& sim, agent::AgentProfile agent)
      : world{sim}, phone{sim, {"opus"}, sip::SdpProfile::savp} {
    phone.dial();
    std::string id = world.take_call().call_id;
    if (agent.api == agent::Api::live) {
      id = world.take_session().session_id;
    }
    agent::ToolFactoryOptions tools;
    for (const char* name : {"look_up", "delegate"}) {
      tools.functions[name] = [this](agent::ToolCall call) { return look_up(std::move(call)); };
    }
    openai::Provider provider{world.api("http") + "/v1", Secret{test_key}};
    agent::ConversationServices services{world.context().get_executor(), provider, world.timeline(),
                                         ledger, agent::tool_factory(std::move(tools))};
    services.observer.on_message = [this](std::string_view direction, std::string_view text,
                                          double) {
      const auto event = boost::json::parse(text);
      ++count[std::string{direction} + " " + std::string{json_string(event, "type")}];
      if (json_string(event, "type") == "conversation.item.done" &&
          json_string(event, "item.type") == "function_call_output") {
        ++outputs;
      }
    };
    services.observer.on_transcript = [this](const agent::TranscriptLine& line) {
      said.push_back(line.who + ": " + line.text);
      gaps += line.who == agent::gap_line ? 1 : 0;
      gap_ms = line.gap_ms ? line.gap_ms : gap_ms;
    };
    agent::PendingCall pending{agent.api, id, {}, {}};
    conversation = std::make_unique<agent::Conversation>(std::move(services), std::move(agent),
                                                         std::move(pending));
    asio::co_spawn(world.context(), follow(), asio::detached);
    phone.talk();
  }

  asio::awaitable<void> follow() { result = co_await conversation->run(); }

  asio::awaitable<Result<std::string>> look_up(agent::ToolCall call) {
    keys.push_back(call.idempotency_key);
    asio::steady_timer timer{world.context(), tool_time};
    co_await timer.async_wait(asio::use_awaitable);
    co_return std::string{R"({"answer":42})"};
  }

  const agent::ConversationResult& wait() {
    world.run_until([this] { return result.has_value(); });
    return *result;
  }
  void wait_for(const std::string& what, int times = 1) {
    world.run_until([&] { return result.has_value() || count[what] >= times; });
  }

  SimWorld& world;
  Phone phone;
  agent::MemoryLedger ledger;
  std::chrono::milliseconds tool_time{50};
  std::vector<std::string> keys;
  std::map<std::string, int> count;
  std::vector<std::string> said;
  int gaps = 0;
  std::optional<double> gap_ms;
  int outputs = 0;
  std::unique_ptr<agent::Conversation> conversation;
  std::optional<agent::ConversationResult> result;
};

SimConfig replying(std::vector<std::string> replies) {
  SimConfig config;
  config.replies = std::move(replies);
  return config;
}

TEST_SUITE("Agent conversation with the sim") {
  TEST_CASE("a tool call is run once, answered once, and talked about once") {
    SimWorld world{replying({"The answer is forty two."})};
    Talk talk{world, profile("Say \"call:look_up {}\"")};
    talk.wait_for("received response.done", 2);
    talk.wait_for("received output_audio_buffer.stopped");
    CHECK(talk.keys.size() == 1);
    CHECK(talk.outputs == 1);
    CHECK(talk.count["sent response.create"] == 2);
    CHECK(talk.count["received error"] == 0);
    CHECK(talk.conversation->usage().tokens() > 0);
    talk.conversation->hang_up("done");
    CHECK(talk.wait().end == ConversationEnd::hung_up);
    CHECK(talk.result->reason == "done");
  }

  TEST_CASE("parallel calls of one response are answered once, together") {
    SimConfig config;
    config.heard = {"both orders please"};
    config.persona = parse_persona(R"(
rules:
  - hears: both
    calls: [{call: look_up, arguments: {id: "1"}}, {call: look_up, arguments: {id: "2"}}]
)",
                                   "both.yaml")
                         .value();
    SimWorld world{std::move(config)};
    Talk talk{world, profile("Say \"Hello.\"")};
    talk.wait_for("received output_audio_buffer.stopped");
    talk.phone.port.say(audio::speak("Both orders, please.", "rms", voice_rate_hz)->sound.samples);
    talk.wait_for("received output_audio_buffer.stopped", 2);
    CHECK(talk.keys.size() == 2);
    CHECK(talk.outputs == 2);
    CHECK(talk.count["sent response.create"] == 2);  // the opening, and one for both outputs
    CHECK(talk.count["received response.done"] == 3);
    CHECK(talk.count["received error"] == 0);
    talk.conversation->hang_up("done");
    CHECK(talk.wait().end == ConversationEnd::hung_up);
    REQUIRE(talk.said.size() >= 2);
    CHECK(talk.said.back() == "model: The answer is 42. The answer is 42.");
  }

  TEST_CASE("a tool that works while the sideband is away is answered after it") {
    SimConfig config = replying({"The answer is forty two."});
    config.quirks = {{Quirk::sideband_drop}};
    SimWorld world{std::move(config)};
    Talk talk{world, profile("")};
    talk.tool_time = 2'500ms;
    talk.conversation->say("Say \"call:look_up {}\"");
    talk.wait_for("received response.done", 2);
    CHECK(world.marked("dropped"));
    CHECK(world.marked("attached.again"));
    CHECK(talk.keys.size() == 1);
    CHECK(talk.outputs == 1);
    CHECK(talk.gaps == 1);
    CHECK(talk.gap_ms.value_or(0) > 0);
    talk.conversation->hang_up("done");
    CHECK(talk.wait().end == ConversationEnd::hung_up);
    CHECK(talk.gaps == 1);  // the end of a call drops its sideband, too
  }

  TEST_CASE("the call ends when the farewell was played") {
    SimWorld world{replying({"Goodbye and thank you."})};
    Talk talk{world, profile("Say \"call:hang_up {}\"")};
    CHECK(talk.wait().end == ConversationEnd::hung_up);
    CHECK(talk.count["received output_audio_buffer.started"] == 1);
    CHECK(talk.count["received output_audio_buffer.stopped"] == 1);
    CHECK(talk.result->reason.starts_with("the model hung up"));
  }

  TEST_CASE("a limit says goodbye before it ends the call") {
    agent::AgentProfile agent = profile("Say \"Hello.\"");
    agent.limits.seconds = 6s;
    agent.limits.goodbye = "Say \"Time is up.\"";
    SimWorld world;
    Talk talk{world, std::move(agent)};
    CHECK(talk.wait().end == ConversationEnd::hung_up);
    CHECK(talk.count["sent response.create"] == 2);
    CHECK(talk.result->reason.find("limit") != std::string::npos);
  }

  TEST_CASE("keys become a message to the model, and a response") {
    SimWorld world{replying({"You pressed some keys."})};
    Talk talk{world, profile("")};
    REQUIRE(talk.phone.stream->send_digits("42#"));
    talk.wait_for("received response.done");
    CHECK(talk.count["received input_audio_buffer.dtmf_event_received"] == 3);
    CHECK(talk.count["sent conversation.item.create"] == 1);
    talk.conversation->hang_up("done");
    talk.wait();
  }

  TEST_CASE("a caller who hangs up ends it, and a conversation can be released and resumed") {
    SimWorld world;
    Talk talk{world, profile("")};
    talk.wait_for("received session.created");
    talk.conversation->release();
    CHECK(talk.wait().end == ConversationEnd::released);
    talk.result.reset();
    agent::ConversationServices services{world.context().get_executor(),
                                         {world.api("http") + "/v1", Secret{test_key}},
                                         world.timeline(),
                                         talk.ledger,
                                         agent::tool_factory({})};
    std::vector<agent::TranscriptLine> lines;
    services.observer.on_transcript = [&](const agent::TranscriptLine& line) {
      lines.push_back(line);
    };
    agent::Conversation next{std::move(services), profile(""), talk.conversation->call()};
    std::optional<agent::ConversationResult> ended;
    asio::co_spawn(world.context(), next.resume(),
                   [&](const std::exception_ptr&, agent::ConversationResult r) { ended = r; });
    world.run_until([&] { return ended || world.marked("attached.again"); });
    talk.phone.call().hang_up();
    world.run_until([&] { return ended.has_value(); });
    CHECK(ended->end == ConversationEnd::caller_gone);
    REQUIRE(lines.size() == 1);
    CHECK(lines.front().who == agent::gap_line);
    CHECK_FALSE(lines.front().gap_ms);  // nobody knows since when
  }

  TEST_CASE("a transfer by the model and one by order are told to the model") {
    SimWorld world{replying({R"(call:transfer {"target":"tel:+15550100"})", "One moment."})};
    Talk talk{world, profile("Say \"Hello.\"")};
    talk.wait_for("received output_audio_buffer.stopped");
    talk.conversation->say("Help the caller.");
    talk.wait_for("received response.done", 3);
    CHECK(world.marked("referred"));
    CHECK(talk.outputs == 1);
    talk.conversation->transfer("tel:+15550101");
    talk.wait_for("sent conversation.item.create", 2);
    talk.conversation->hang_up("done");
    talk.wait();
  }

  TEST_CASE("Live: opening line, delegation to a tool, transcript and usage") {
    SimConfig config = replying({"call:anything {}"});
    config.heard = {"what is the answer"};
    SimWorld world{std::move(config)};
    agent::AgentProfile agent = profile("Say \"Hello caller.\"");
    agent.api = agent::Api::live;
    agent.model = "gpt-live-1";
    agent.tools.front().name = "delegate";
    Talk talk{world, std::move(agent)};
    talk.wait_for("received session.output_transcript.delta", 2);
    talk.phone.port.say(audio::speak("What is the answer?", "rms", voice_rate_hz)->sound.samples);
    talk.wait_for("sent session.commentary.append");
    CHECK(talk.count["received session.delegation.created"] == 1);
    CHECK(talk.keys.size() == 1);
    CHECK(talk.count["received session.output_audio.delta"] == 0);  // skipped, not looked at
    talk.conversation->say_goodbye("Say \"Goodbye.\"");
    CHECK(talk.wait().end == ConversationEnd::hung_up);
    CHECK(talk.result->usage.live_seconds > 0);
    REQUIRE_FALSE(talk.said.empty());
    CHECK(talk.said.front() == "model: Hello caller.");
  }

  TEST_CASE("a call that is not there is not accepted") {
    SimWorld world;
    agent::MemoryLedger ledger;
    agent::ConversationServices services{world.context().get_executor(),
                                         {world.api("http") + "/v1", Secret{test_key}},
                                         world.timeline(),
                                         ledger,
                                         agent::tool_factory({})};
    agent::Conversation conversation{
        std::move(services), profile(""), {agent::Api::realtime, "rtc_none", {}, {}}};
    const auto result = world.run(conversation.run());
    CHECK(result.end == ConversationEnd::not_accepted);
    CHECK(result.error.status == 404);
  }
}

}  // namespace
}  // namespace offhook::sim
