// Many callers in one process: places calls to `offhook sim`, speaks and presses keys in them, and
// tells how they went.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <optional>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include "audio/codec.hpp"
#include "audio/speech.hpp"
#include "base/race.hpp"
#include "media/engine.hpp"
#include "sip/endpoint.hpp"

namespace {

namespace asio = boost::asio;
using namespace offhook;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr int rate_hz = 8'000;
constexpr auto pause_between_calls = 20ms;

struct Options {
  std::string target;
  std::string name;
  std::string ca;
  std::size_t calls = 1;
  std::size_t at_once = 1;
  std::vector<std::string> speak;
  std::vector<std::string> digits;
  int first_after_ms = 3'000;
  int every_ms = 6'000;
  int hang_up_after_ms = 0;
  int stagger_ms = 20;
};

struct Outcome {
  std::size_t answered = 0;
  std::size_t ended_by_us = 0;
  std::size_t ended_by_peer = 0;
  std::size_t without_sound = 0;  ///< Answered, and no packet came.
  std::map<std::string, std::size_t> failed;
};

/// A caller's mouth: silence, and from time to time one of the lines. The media thread plays them
/// by counting its own frames, so that they keep their distances however late the machine is.
class Mouth : public audio::Port {
 public:
  Mouth(const std::vector<std::vector<std::int16_t>>& lines, const Options& options)
      : lines_{lines},
        next_{options.first_after_ms / 20},
        every_{std::max(1, options.every_ms / 20)} {}

  void exchange(const audio::Frame& /*received*/, audio::Frame& to_send) noexcept override {
    if (frame_++ >= next_ && line_ < lines_.size()) {
      const auto& samples = lines_[line_];
      const std::size_t count = std::min<std::size_t>(to_send.size, samples.size() - position_);
      std::copy_n(samples.begin() + static_cast<std::ptrdiff_t>(position_), count,
                  to_send.storage.begin());
      position_ += count;
      if (position_ == samples.size()) {
        position_ = 0;
        ++line_;
        next_ = frame_ + every_;
      }
    }
  }

 private:
  const std::vector<std::vector<std::int16_t>>& lines_;
  std::size_t line_ = 0;
  std::size_t position_ = 0;
  int frame_ = 0;
  int next_;
  int every_;
};

class Callers {
 public:
  Callers(Options options,
          asio::io_context& context,
          sip::Endpoint& endpoint,
          media::Engine& engine)
      : options_{std::move(options)}, context_{context}, endpoint_{endpoint}, engine_{engine} {}

  Result<> prepare() {
    for (const std::string& line : options_.speak) {
      auto speech = audio::speak(line, "rms", rate_hz);
      if (!speech) {
        return fail(std::move(speech).error());
      }
      lines_.push_back(std::move(speech->sound.samples));
    }
    return {};
  }

  /// One caller of several: places call after call.
  asio::awaitable<void> call_on(std::size_t caller) {
    asio::steady_timer timer{context_, milliseconds{options_.stagger_ms} * caller};
    co_await timer.async_wait(asio::use_awaitable);
    while (begun_ < options_.calls) {
      const std::size_t number = begun_++;
      co_await call(number);
      timer.expires_after(pause_between_calls);
      co_await timer.async_wait(asio::use_awaitable);
    }
    ++finished_callers_;
    if (finished_callers_ == options_.at_once) {
      context_.stop();
    }
  }

  [[nodiscard]] const Outcome& outcome() const noexcept { return outcome_; }

 private:
  asio::awaitable<void> call(std::size_t number);
  asio::awaitable<std::string> follow(sip::Call& call,
                                      const sip::MediaOffer& offer,
                                      media::MediaSockets& sockets,
                                      std::optional<media::Stream>& stream,
                                      Mouth& mouth);
  asio::awaitable<bool> press_keys(std::optional<media::Stream>& stream);
  asio::awaitable<bool> lose_patience(std::optional<media::Stream>& stream);
  std::string start_media(sip::Call& call,
                          const sip::CallEvent& event,
                          const sip::MediaOffer& offer,
                          media::MediaSockets& sockets,
                          std::optional<media::Stream>& stream,
                          Mouth& mouth);
  asio::awaitable<std::string> last_event(sip::Call& call);
  void failed(const std::string& why) { ++outcome_.failed[why]; }

  Options options_;
  asio::io_context& context_;
  sip::Endpoint& endpoint_;
  media::Engine& engine_;
  std::vector<std::vector<std::int16_t>> lines_;
  std::size_t begun_ = 0;
  std::size_t finished_callers_ = 0;
  Outcome outcome_;
};

asio::awaitable<bool> wait_for_answer(asio::steady_timer& timer,
                                      const std::optional<media::Stream>& stream) {
  while (!stream) {
    timer.expires_after(50ms);
    co_await timer.async_wait(asio::use_awaitable);
  }
  co_return true;
}

asio::awaitable<bool> Callers::press_keys(std::optional<media::Stream>& stream) {
  asio::steady_timer timer{context_};
  const bool answered = co_await wait_for_answer(timer, stream);
  timer.expires_after(milliseconds{options_.first_after_ms});
  co_await timer.async_wait(asio::use_awaitable);
  for (const std::string& digits : options_.digits) {
    const auto sent = stream->send_digits(digits);
    if (!sent) {
      failed(sent.error().detail);
    }
    timer.expires_after(milliseconds{options_.every_ms});
    co_await timer.async_wait(asio::use_awaitable);
  }
  timer.expires_at(asio::steady_timer::time_point::max());
  co_await timer.async_wait(asio::use_awaitable);
  co_return answered;
}

asio::awaitable<bool> Callers::lose_patience(std::optional<media::Stream>& stream) {
  asio::steady_timer timer{context_};
  const bool answered = co_await wait_for_answer(timer, stream);
  timer.expires_after(milliseconds{options_.hang_up_after_ms});
  if (options_.hang_up_after_ms == 0) {
    timer.expires_at(asio::steady_timer::time_point::max());
  }
  co_await timer.async_wait(asio::use_awaitable);
  co_return answered;
}

std::string Callers::start_media(sip::Call& call,
                                 const sip::CallEvent& event,
                                 const sip::MediaOffer& offer,
                                 media::MediaSockets& sockets,
                                 std::optional<media::Stream>& stream,
                                 Mouth& mouth) {
  auto media = sip::apply_answer(offer, event.sdp);
  if (!media) {
    return media.error().detail;
  }
  call.set_media(offer.capabilities, *media);
  media::StreamConfig config;
  config.remote_address = media->remote_address;
  config.remote_port = media->remote_port;
  config.payload_type = media->codec.payload_type;
  config.telephone_event_type = media->telephone_event_type;
  config.audio_rate_hz = rate_hz;
  auto started = engine_.add(std::move(sockets), config, mouth);
  if (!started) {
    return started.error().detail;
  }
  stream.emplace(std::move(*started));
  ++outcome_.answered;
  return {};
}

/// Goes with the call to its end. @return why it failed, or nothing.
asio::awaitable<std::string> Callers::follow(sip::Call& call,
                                             const sip::MediaOffer& offer,
                                             media::MediaSockets& sockets,
                                             std::optional<media::Stream>& stream,
                                             Mouth& mouth) {
  using Kind = sip::CallEvent::Kind;
  for (;;) {
    const sip::CallEvent event = co_await call.next_event();
    if (event.kind == Kind::answered) {
      std::string why = start_media(call, event, offer, sockets, stream, mouth);
      if (!why.empty()) {
        co_return why;
      }
    } else if (event.kind == Kind::failed || event.kind == Kind::closed) {
      if (event.error) {
        co_return event.error->detail;
      }
      co_return event.kind == Kind::failed ? fmt::format("{} {}", event.status, event.reason)
                                           : std::string{};
    }
  }
}

asio::awaitable<std::string> Callers::last_event(sip::Call& call) {
  for (;;) {
    const sip::CallEvent event = co_await call.next_event();
    if (event.kind == sip::CallEvent::Kind::closed || event.kind == sip::CallEvent::Kind::failed) {
      co_return event.error ? event.error->detail : std::string{};
    }
  }
}

asio::awaitable<void> Callers::call(std::size_t number) {
  auto sockets = media::MediaSockets::bind("127.0.0.1");
  if (!sockets) {
    failed(sockets.error().detail);
    co_return;
  }
  const audio::CodecInfo& pcmu = audio::codec_info(audio::CodecId::pcmu);
  sip::MediaCapabilities capabilities;
  capabilities.address = "127.0.0.1";
  capabilities.port = sockets->rtp_port();
  capabilities.codecs = {{pcmu.payload_type, std::string{pcmu.sdp_name}, pcmu.rtp_clock_hz,
                          pcmu.sdp_channels, std::string{pcmu.fmtp}},
                         {101, "telephone-event", 8'000, 1, "0-15"}};
  const auto offer = sip::make_offer(std::move(capabilities), sip::SdpProfile::avp).value();
  sip::InviteOptions invite;
  invite.target = options_.target;
  invite.from_user = fmt::format("+1555{:07}", number);
  invite.sdp = offer.sdp;
  Mouth mouth{lines_, options_};
  std::optional<media::Stream> stream;
  sip::Call call = endpoint_.invite(std::move(invite));
  std::optional<std::string> ended;
  const auto watch = [&]() -> asio::awaitable<bool> {
    std::string why = co_await follow(call, offer, *sockets, stream, mouth);
    ended = std::move(why);
    co_return true;
  };
  const auto over = co_await first_of(watch(), press_keys(stream), lose_patience(stream));
  if (stream && stream->stats().packets_received == 0) {
    ++outcome_.without_sound;
  }
  if (!ended) {
    call.hang_up();
    ended = co_await last_event(call);
    outcome_.ended_by_us += static_cast<std::size_t>(over && ended->empty());
  } else {
    outcome_.ended_by_peer += static_cast<std::size_t>(stream && ended->empty());
  }
  if (!ended->empty()) {
    failed(*ended);
  }
}

int run(const Options& options) {
  asio::io_context context{1};
  const auto loop = sip::Loop::start().value();
  const auto engine = media::Engine::start().value();
  auto endpoint = sip::Endpoint::start_client(*loop, context.get_executor(),
                                              {.server_name = options.name, .ca_file = options.ca});
  if (!endpoint) {
    std::fprintf(stderr, "call_many: %s\n", endpoint.error().detail.c_str());
    return 1;
  }
  Callers callers{options, context, **endpoint, *engine};
  if (const auto ready = callers.prepare(); !ready) {
    std::fprintf(stderr, "call_many: %s\n", ready.error().detail.c_str());
    return 1;
  }
  for (std::size_t i = 0; i < options.at_once; ++i) {
    asio::co_spawn(context, callers.call_on(i), asio::detached);
  }
  context.run();
  context.restart();
  asio::co_spawn(context, (*endpoint)->close(3s), asio::detached);
  context.run();
  const Outcome& outcome = callers.outcome();
  std::string failures;
  for (const auto& [why, count] : outcome.failed) {
    failures += fmt::format("{}\"{}\": {}", failures.empty() ? "" : ", ", why, count);
  }
  fmt::print(
      "{{\"answered\": {}, \"ended_by_us\": {}, \"ended_by_peer\": {}, \"without_sound\": {}, "
      "\"failed\": {{{}}}}}\n",
      outcome.answered, outcome.ended_by_us, outcome.ended_by_peer, outcome.without_sound,
      failures);
  return outcome.failed.empty() ? 0 : 2;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Places calls to offhook sim, several at once, with PCMU and plain RTP."};
  app.add_option("--target", options.target, "SIP URI")->required();
  app.add_option("--name", options.name, "Name in the peer's certificate")->required();
  app.add_option("--ca", options.ca, "PEM file")->required();
  app.add_option("--calls", options.calls, "How many in all");
  app.add_option("--at-once", options.at_once, "How many at the same time");
  app.add_option("--speak", options.speak, "A line that every caller says; several allowed");
  app.add_option("--digits", options.digits, "Keys that every caller presses; several allowed");
  app.add_option("--first-after", options.first_after_ms,
                 "ms from the answer to the first of them");
  app.add_option("--every", options.every_ms, "ms between them");
  app.add_option("--stagger", options.stagger_ms, "ms from one caller's beginning to the next");
  app.add_option("--hang-up-after", options.hang_up_after_ms,
                 "ms from the answer to the caller's hang-up (default: never)");
  CLI11_PARSE(app, argc, argv);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  std::signal(SIGPIPE, SIG_IGN);
  return run(options);
}
