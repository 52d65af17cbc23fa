#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "net/event.hpp"
#include "serve/call_desk.hpp"
#include "serve/memory_journal.hpp"

namespace offhook::serve::testing {

inline Offer offer(agent::Api api, std::string id, std::string sip_call_id = {}) {
  Offer offer;
  offer.api = api;
  offer.id = std::move(id);
  offer.webhook_id = "wh_" + offer.id;
  if (!sip_call_id.empty()) {
    offer.sip_headers = {{"Call-ID", std::move(sip_call_id)}};
  }
  return offer;
}

inline openai::WebhookEvent realtime_event(std::string id, std::string sip_call_id = {}) {
  Offer made = offer(agent::Api::realtime, std::move(id), std::move(sip_call_id));
  return openai::RealtimeCallIncoming{"evt", made.id, made.sip_headers, "srtp", 0};
}

inline openai::WebhookEvent live_event(std::string id, std::string sip_call_id = {}) {
  Offer made = offer(agent::Api::live, std::move(id), std::move(sip_call_id));
  return openai::LiveTransportIncoming{"evt", made.id, made.sip_headers, "srtp", 0};
}

/// One agent takes everything, within `places`.
class FakePolicy : public CallPolicy {
 public:
  explicit FakePolicy(agent::Api api = agent::Api::realtime) {
    auto profile = std::make_shared<agent::AgentProfile>();
    profile->name = "support";
    profile->api = api;
    agent = profile;
  }
  Parties parties(const Offer&) const override { return {"+15550100", "+15550199"}; }
  Choice route(const Offer&) override { return {agent, refusal}; }
  Choice admit(const Offer&, std::shared_ptr<const agent::AgentProfile> chosen) override {
    if (places == 0) {
      return {nullptr, {486, "too many calls"}};
    }
    --places;
    return {std::move(chosen)};
  }
  std::shared_ptr<const agent::AgentProfile> resume(const Offer&,
                                                    const std::string& name,
                                                    const EarlierUse& earlier) override {
    earlier_uses.push_back(earlier);
    return agent && agent->name == name ? agent : nullptr;
  }
  std::string used(const std::string&, std::uint64_t tokens) override {
    return tokens >= tokens_left ? "limit reached" : "";
  }
  void ended(const std::string& id, std::chrono::seconds, std::uint64_t) override {
    ++places;
    over.push_back(id);
  }

  std::shared_ptr<const agent::AgentProfile> agent;  ///< Null: refuses.
  Refusal refusal{603, "no rule fits"};
  int places = 1'000;
  std::uint64_t tokens_left = 1'000'000;
  std::vector<std::string> over;
  std::vector<EarlierUse> earlier_uses;
};

/// Does what the test says, and writes down its orders.
class FakeConversation : public CallConversation {
 public:
  FakeConversation(const boost::asio::any_io_executor& executor,
                   ConversationOrder order,
                   std::vector<std::string>& log)
      : order_{std::move(order)}, log_{log}, changed_{executor} {}

  boost::asio::awaitable<agent::ConversationResult> run() override { return follow("run"); }
  boost::asio::awaitable<agent::ConversationResult> resume() override { return follow("resume"); }
  void say(std::string words) override { log("say " + words); }
  void instruct(std::string text) override { log("instruct " + text); }
  void hang_up(std::string reason) override {
    log("hang_up " + reason);
    finish(agent::ConversationEnd::hung_up, std::move(reason));
  }
  void say_goodbye(std::string words, std::string reason) override {
    log("goodbye " + words);
    if (!deaf) {
      finish(agent::ConversationEnd::hung_up, std::move(reason));
    }
  }
  void transfer(std::string target_uri) override { log("transfer " + target_uri); }
  void play(std::string pcm) override { log("play " + std::to_string(pcm.size())); }
  void release() override {
    log("release");
    finish(agent::ConversationEnd::released, {});
  }

  void finish(agent::ConversationEnd end, std::string reason, bool may_be_up = false) {
    result_ = {end, std::move(reason), {}, {}, may_be_up};
    over_ = true;
    changed_.notify();
  }
  void receive(std::string_view json) {
    order_.on_message("received", json, order_.timeline.ms_at(Timeline::Clock::now()));
  }
  void said(std::string who, std::string text) {
    order_.on_said({std::move(who), std::move(text), 1, false});
  }
  void used(std::uint64_t tokens) {
    agent::Usage usage;
    usage.output_text_tokens = tokens;
    order_.on_usage(usage);
  }
  bool throws = false;  ///< `run` ends with an exception instead.
  bool deaf = false;    ///< Never finishes its goodbye.

 private:
  void log(const std::string& text) { log_.push_back(order_.call.id + " " + text); }
  boost::asio::awaitable<agent::ConversationResult> follow(std::string how) {
    log(how);
    order_.timeline.mark("rest", "accept.sent");
    while (!over_) {
      co_await changed_.wait();
    }
    if (throws) {
      throw std::runtime_error{"broken"};
    }
    co_return result_;
  }

  ConversationOrder order_;
  std::vector<std::string>& log_;
  net::Event changed_;
  agent::ConversationResult result_{};
  bool over_ = false;
};

/// A desk with everything around it made up.
struct World {
  explicit World(agent::Api api = agent::Api::realtime, CallDeskOptions options = {})
      : policy{api}, desk{services(), options} {}

  CallDeskServices services() {
    return {context.get_executor(),
            policy,
            journal,
            feed,
            metrics,
            [this](ConversationOrder order) {
              const std::string id = order.call.id;
              auto made =
                  std::make_unique<FakeConversation>(context.get_executor(), std::move(order), log);
              conversations[id] = made.get();
              return made;
            },
            [this](agent::Api api, std::string id, int status) {
              return rejected(api, std::move(id), status);
            },
            [this](agent::Api, std::string id) { return hung_up(std::move(id)); }};
  }
  boost::asio::awaitable<Result<>> hung_up(std::string id) {
    log.push_back(id + " hang up");
    co_return Result<>{};
  }
  boost::asio::awaitable<Result<>> rejected(agent::Api, std::string id, int status) {
    log.push_back(id + " reject " + std::to_string(status));
    co_return reject_answer;
  }

  /// Everything that can happen without new input.
  void settle() {
    context.restart();
    while (context.poll_one() > 0) {
    }
  }

  boost::asio::io_context context;
  std::vector<std::string> log;
  std::map<std::string, FakeConversation*> conversations;
  FakePolicy policy;
  MemoryJournal journal;
  EventFeed feed{context.get_executor()};
  Metrics metrics;
  Result<> reject_answer{};
  CallDesk desk;
};

}  // namespace offhook::serve::testing
