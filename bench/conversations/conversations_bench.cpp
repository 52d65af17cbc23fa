// What conversations cost `offhook sim`, one alone and many at once:
//
//   conversations_bench OFFHOOK [--calls 100] [--seconds 60] [--no-ears] [--codec opus]
//
// Every caller asks a question every 10 s; a controller has it answered by a sentence of its own.
// Callers, controller and sim share the machine. Told are the sim's CPU and memory, how late its
// RTP packets come (by the kernel's times, against the earliest of each call), and how long callers
// wait from the end of their question to the first sound of the answer.
#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include "audio/codec.hpp"
#include "audio/speech.hpp"
#include "base/json.hpp"
#include "controller.hpp"
#include "lines.hpp"
#include "sim_process.hpp"
#include "sip/endpoint.hpp"

namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace offhook;
using namespace std::chrono_literals;
using Cpu = std::map<std::string, double>;

constexpr int rate_hz = 16'000;
constexpr auto answer_limit = 60s;
constexpr auto settling = 2s;

struct Options {
  std::string offhook;
  std::size_t calls = 100;
  int seconds = 60;
  int period_s = 10;
  bool no_ears = false;
  std::string codec = "PCMU";
};

bench::Question question(const Options& options) {
  const audio::CodecId id = audio::codec_by_name(options.codec).value();
  const audio::CodecInfo& info = audio::codec_info(id);
  const auto speech = audio::speak("Where is my order please?", "rms", rate_hz).value();
  const auto encoder = audio::make_encoder(id, rate_hz).value();
  bench::Question question;
  question.payload_type = info.payload_type;
  question.ticks = info.ticks_per_frame();
  question.loud_by_size = id == audio::CodecId::opus;
  question.every_packets = options.period_s * 50;
  const auto encode = [&](const std::int16_t* samples, std::size_t count) {
    audio::Frame frame;
    frame.silence(rate_hz);
    std::copy_n(samples, count, frame.samples().begin());
    std::vector<std::uint8_t> payload(audio::max_payload_bytes);
    payload.resize(encoder->encode(frame, payload));
    return payload;
  };
  const auto& samples = speech.sound.samples;
  constexpr std::size_t frame = rate_hz / 50;
  for (std::size_t at = 0; at < samples.size(); at += frame) {
    question.speech.push_back(encode(samples.data() + at, std::min(frame, samples.size() - at)));
  }
  for (int settled = 0; settled < 50; ++settled) {
    question.silence = encode(nullptr, 0);
  }
  return question;
}

/// The callers of one measurement.
class Callers {
 public:
  Callers(const Options& options,
          asio::io_context& context,
          sip::Endpoint& endpoint,
          std::string target,
          std::size_t count)
      : codec_{audio::codec_info(audio::codec_by_name(options.codec).value())},
        context_{context},
        endpoint_{endpoint},
        target_{std::move(target)},
        lines_{count, question(options)} {
    const auto gap = std::chrono::milliseconds{1'000 * options.period_s} / count;
    for (std::size_t i = 0; i < count; ++i) {
      asio::co_spawn(context_, call(i, gap * i), asio::detached);
    }
  }

  [[nodiscard]] std::size_t answered() const noexcept { return answered_; }
  [[nodiscard]] bench::Lines& lines() noexcept { return lines_; }
  void hang_up() {
    for (auto& call : calls_) {
      call->hang_up();
    }
  }
  [[nodiscard]] std::size_t over() const noexcept { return over_; }

 private:
  asio::awaitable<void> call(std::size_t number, std::chrono::milliseconds after);

  const audio::CodecInfo& codec_;
  asio::io_context& context_;
  sip::Endpoint& endpoint_;
  std::string target_;
  bench::Lines lines_;
  std::vector<std::shared_ptr<sip::Call>> calls_{};
  std::size_t answered_ = 0;
  std::size_t over_ = 0;
};

asio::awaitable<void> Callers::call(std::size_t number, std::chrono::milliseconds after) {
  using Kind = sip::CallEvent::Kind;
  asio::steady_timer timer{context_, after};
  co_await timer.async_wait(asio::use_awaitable);
  sip::MediaCapabilities capabilities;
  capabilities.address = "127.0.0.1";
  capabilities.port = lines_.port(number);
  capabilities.codecs = {{codec_.payload_type, std::string{codec_.sdp_name}, codec_.rtp_clock_hz,
                          codec_.sdp_channels, std::string{codec_.fmtp}}};
  const auto offer = sip::make_offer(std::move(capabilities), sip::SdpProfile::avp).value();
  sip::InviteOptions invite;
  invite.target = target_;
  invite.from_user = fmt::format("+1555{:07}", number);
  invite.sdp = offer.sdp;
  const auto call = std::make_shared<sip::Call>(endpoint_.invite(std::move(invite)));
  calls_.push_back(call);
  for (;;) {
    const sip::CallEvent event = co_await call->next_event();
    if (event.kind == Kind::answered) {
      const auto media = sip::apply_answer(offer, event.sdp).value();
      call->set_media(offer.capabilities, media);
      lines_.connect(number, media.remote_address, media.remote_port);
      ++answered_;
    } else if (event.kind == Kind::failed || event.kind == Kind::closed) {
      if (event.error || event.kind == Kind::failed) {
        std::fprintf(stderr, "call %zu: %d %s\n", number, event.status,
                     event.error ? event.error->detail.c_str() : event.reason.c_str());
      }
      ++over_;
      co_return;
    }
  }
}

double at(std::vector<double>& values, double share) {
  if (values.empty()) {
    return std::nan("");
  }
  std::ranges::sort(values);
  return values.at(static_cast<std::size_t>(share * static_cast<double>(values.size() - 1)));
}

double share_above(const std::vector<double>& values, double limit) {
  const auto above = std::ranges::count_if(values, [&](double value) { return value > limit; });
  return 100.0 * static_cast<double>(above) /
         static_cast<double>(std::max<std::size_t>(1, values.size()));
}

double sum(const Cpu& cpu) {
  double all = 0;
  for (const auto& [name, seconds] : cpu) {
    all += seconds;
  }
  return all;
}

double own_cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct World {
  const Options& options;
  asio::io_context& context;
  bench::SimProcess& sim;
  bench::Controller& controller;
  sip::Endpoint& endpoint;

  template <class Condition>
  bool run_until(Condition done, std::chrono::steady_clock::duration limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    context.restart();
    while (!done()) {
      if (context.run_one_until(end) == 0 && std::chrono::steady_clock::now() >= end) {
        return false;
      }
      context.restart();
    }
    return true;
  }
  void pass(std::chrono::steady_clock::duration time) {
    run_until([] { return false; }, time);
  }
};

void tell(bench::Heard& heard, std::size_t calls, double seconds) {
  fmt::print(
      "  answers      {} of {} questions; median {:.0f} ms, 95 % {:.0f} ms, worst {:.0f} ms\n",
      heard.answers_ms.size(), heard.questions, at(heard.answers_ms, 0.5),
      at(heard.answers_ms, 0.95), at(heard.answers_ms, 1));
  fmt::print(
      "  RTP          {} packets ({:.1f} a second and call), {} lost; {:.3f} % later than 10 ms, "
      "{:.3f} % than 20 ms, worst {:.1f} ms\n",
      heard.late_ms.size(),
      static_cast<double>(heard.late_ms.size()) / static_cast<double>(calls) / seconds, heard.lost,
      share_above(heard.late_ms, 10), share_above(heard.late_ms, 20), at(heard.late_ms, 1));
  fmt::print("  (callers     {:.3f} % of their own packets later than 10 ms, worst {:.1f} ms)\n",
             share_above(heard.own_late_ms, 10), at(heard.own_late_ms, 1));
}

/// @return false when not all calls were answered.
bool measure(World& world, std::size_t count) {
  const double memory_before = world.sim.resident_mb();
  const std::size_t completed_before = world.controller.completed();
  const auto& ready = world.sim.ready();
  Callers callers{world.options, world.context, world.endpoint,
                  std::string{json_string(ready, "sip_target")}, count};
  if (!world.run_until([&] { return callers.answered() == count; }, answer_limit)) {
    std::fprintf(stderr, "only %zu of %zu calls were answered\n", callers.answered(), count);
    return false;
  }
  world.pass(settling);
  callers.lines().record(true);
  const Cpu before = world.sim.cpu_seconds();
  const double own_before = own_cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  world.pass(std::chrono::seconds{world.options.seconds});
  callers.lines().record(false);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  Cpu used = world.sim.cpu_seconds();
  const double own = own_cpu_seconds() - own_before;
  const double memory = world.sim.resident_mb() - memory_before;
  world.pass(5s);  // answers to the last questions
  auto heard = callers.lines().finish();
  callers.hang_up();
  world.run_until([&] { return callers.over() == count; }, answer_limit);
  fmt::print("{} conversation{}, {:.0f} s\n", count, count == 1 ? "" : "s", seconds);
  fmt::print("  sim          {:.1f} % of a core, {:.1f} MB of memory more; by thread:",
             100 * (sum(used) - sum(before)) / seconds, memory);
  for (auto& [name, spent] : used) {
    const auto earlier = before.find(name);
    const double percent =
        100 * (spent - (earlier == before.end() ? 0 : earlier->second)) / seconds;
    if (percent >= 0.1) {
      fmt::print(" {} {:.1f} %", name, percent);
    }
  }
  fmt::print("\n  bench        {:.1f} % of a core; {} responses completed, {} not\n",
             100 * own / seconds, world.controller.completed() - completed_before,
             world.controller.failed());
  tell(heard, count, seconds);
  return true;
}

int run(const Options& options) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("conversations-{}", getpid());
  fs::create_directories(folder);
  const std::unique_ptr<const fs::path, void (*)(const fs::path*)> cleaner{
      &folder, [](const fs::path* path) { fs::remove_all(*path); }};
  asio::io_context context{1};
  bench::Controller controller{context.get_executor()};
  std::vector<std::string> more{"--webhook", controller.webhook()};
  if (options.no_ears) {
    more.emplace_back("--no-ears");
  }
  bench::SimProcess sim{options.offhook, folder, more};
  controller.set_api(std::string{json_string(sim.ready(), "api_base")});
  const auto loop = sip::Loop::start().value();
  sip::TlsClientConfig client;
  client.server_name = json_string(sim.ready(), "sip_name");
  client.ca_file = json_string(sim.ready(), "ca_file");
  const auto endpoint =
      sip::Endpoint::start_client(*loop, context.get_executor(), std::move(client)).value();
  World world{options, context, sim, controller, *endpoint};
  const bool good = measure(world, 1) && (options.calls == 1 || measure(world, options.calls));
  fmt::print("understood: \"{}\"\n", controller.understood());
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Measures conversations with offhook sim: one alone, then many at once."};
  app.add_option("offhook", options.offhook, "The program")->required()->check(CLI::ExistingFile);
  app.add_option("--calls", options.calls, "How many at once")->check(CLI::Range(1, 1'000));
  app.add_option("--seconds", options.seconds, "To measure")->check(CLI::Range(1, 3'600));
  app.add_option("--period", options.period_s, "Seconds from one question of a caller to the next");
  app.add_flag("--no-ears", options.no_ears, "The sim recognises nothing");
  app.add_option("--codec", options.codec, "PCMU or opus")->check(CLI::IsMember({"PCMU", "opus"}));
  CLI11_PARSE(app, argc, argv);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  std::signal(SIGPIPE, SIG_IGN);
  return run(options);
}
