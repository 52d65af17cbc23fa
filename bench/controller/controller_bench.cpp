// What `offhook serve` costs: time from a webhook to its accept, webhooks a second, memory of a
// call.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <new>
#include <thread>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "net/url.hpp"
#include "serve/agent_conversation.hpp"
#include "serve/memory_journal.hpp"
#include "serve/service.hpp"
#include "stand_in.hpp"
#include "wire_times.hpp"

namespace {

namespace asio = boost::asio;
using namespace offhook;
using namespace std::chrono_literals;
using bench::now_ns;

const Secret secret{"whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="};
constexpr auto patience = 60s;

struct Options {
  std::size_t calls = 1'000;
  std::size_t deliveries = 20'000;
};

/// A webhook as OpenAI sends it, on a connection that is kept open.
std::string delivery(std::size_t number, std::int64_t created_at) {
  const std::string id = fmt::format("rtc_{}", number);
  const std::string body = fmt::format(
      R"({{"id": "evt_{0}", "object": "event", "created_at": {1}, "type": "realtime.call.incoming", "data": {{"call_id": "{2}", "sip_headers": [{{"name": "From", "value": "<sip:+15550100@127.0.0.1>;tag=a"}}, {{"name": "To", "value": "<sip:proj_x@127.0.0.1>"}}, {{"name": "Call-ID", "value": "{0}@bench"}}], "sip_media_security": "srtp"}}}})",
      number, created_at, id);
  const std::string webhook_id = fmt::format("wh_{}_{}", number, created_at);
  const std::string timestamp = std::to_string(unix_seconds());
  return fmt::format(
      "POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\nwebhook-id: {}\r\n"
      "webhook-timestamp: {}\r\nwebhook-signature: {}\r\n\r\n{}",
      body.size(), webhook_id, timestamp, openai::sign_webhook(secret, webhook_id, timestamp, body),
      body);
}

/// A blocking client: it runs on a thread of its own beside the service.
class Sender {
 public:
  explicit Sender(std::uint16_t port) : socket_{context_} {
    socket_.connect({asio::ip::address_v4::loopback(), port});
    socket_.set_option(asio::ip::tcp::no_delay{true});
  }
  void send(const std::string& bytes) { asio::write(socket_, asio::buffer(bytes)); }
  void read_answer() { buffer_.consume(asio::read_until(socket_, buffer_, "\r\n\r\n")); }

 private:
  asio::io_context context_;
  asio::ip::tcp::socket socket_;
  asio::streambuf buffer_;
};

double resident_kb() {
  long whole = 0;
  long resident = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr || std::fscanf(file, "%ld %ld", &whole, &resident) != 2) {
    resident = 0;
  }
  if (file != nullptr) {
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1'024;
}

template <class Condition>
bool wait_for(Condition done) {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > until) {
      return false;
    }
    std::this_thread::sleep_for(20us);
  }
  return true;
}

double at(std::vector<double> values, double share) {
  std::ranges::sort(values);
  return values.at(static_cast<std::size_t>(share * static_cast<double>(values.size() - 1)));
}

agent::AgentFile agent_file(const bench::Shared& shared,
                            const net::CertificateFiles& certificates) {
  agent::AgentFile file;
  file.provider.api_base = fmt::format("https://127.0.0.1:{}/v1", shared.port.load());
  file.provider.api_key = Secret{"sk-bench"};
  file.provider.ca_file = certificates.ca_file;
  file.webhook.secrets = {secret};
  file.webhook.listen = "127.0.0.1:0";
  file.webhook.path = "/webhook";
  agent::AgentProfile& support = file.agents["support"];
  support.name = "support";
  support.model = "gpt-realtime-2.1";
  support.instructions = "You are the support line of a shop.";
  file.routing = {{{}, {}, {}, "support", 0}};
  return file;
}

int measure(const Options& options,
            bench::Shared& shared,
            const net::CertificateFiles& certificates) {
  asio::io_context context{1};
  serve::MemoryJournal journal;
  serve::ServiceOptions service_options;
  service_options.config = serve::make_service_config(agent_file(shared, certificates)).value();
  service_options.make_conversation = [&](const serve::ServiceConfig& config,
                                          serve::ConversationOrder order) {
    return serve::make_agent_conversation(context.get_executor(), config, std::move(order));
  };
  const auto service =
      serve::Service::start(context.get_executor(), std::move(service_options), journal).value();
  const auto url = net::parse_url(service->webhook_url()).value();
  asio::co_spawn(context, service->resume_calls(), asio::detached);
  std::thread loop{[&] { context.run(); }};

  Sender sender{url.port};
  const double before = resident_kb();
  std::vector<double> accept_us;
  std::vector<double> answer_us;
  bool complete = true;
  for (std::size_t i = 0; i < options.calls && complete; ++i) {
    const std::string bytes = delivery(i, unix_seconds());
    sender.send(bytes);
    const std::int64_t sent = now_ns();
    sender.read_answer();
    answer_us.push_back(static_cast<double>(now_ns() - sent) / 1e3);
    // Attached as well, so that the next thing sent by TLS is the next accept.
    complete = wait_for([&] { return shared.accepted_at.at(i) != 0 && shared.attached == i + 1; });
    accept_us.push_back(static_cast<double>(shared.accepted_at.at(i) - sent) / 1e3);
  }
  complete = complete && wait_for([&] { return shared.attached == options.calls; });
  const double each_kb = (resident_kb() - before) / static_cast<double>(options.calls);

  const std::int64_t begun = now_ns();
  constexpr std::size_t window = 16;
  for (std::size_t i = 0; i < options.deliveries; ++i) {
    sender.send(delivery(i % bench::max_calls + bench::max_calls,
                         unix_seconds() - 7'200 - static_cast<std::int64_t>(i)));
    if (i >= window) {
      sender.read_answer();
    }
  }
  const double seconds = static_cast<double>(now_ns() - begun) / 1e9;

  fmt::print("calls                       {}{}\n", options.calls, complete ? "" : "  INCOMPLETE");
  fmt::print("webhook to its 200          p50 {:.0f} us, p99 {:.0f} us\n", at(answer_us, 0.5),
             at(answer_us, 0.99));
  fmt::print(
      "webhook to accept received  p50 {:.0f} us, p99 {:.0f} us (TLS; the connection is kept)\n",
      at(accept_us, 0.5), at(accept_us, 0.99));
  const auto& own_us = bench::own_times_us();
  complete = complete && own_us.size() >= options.calls;
  fmt::print("of that our own             p50 {:.0f} us, p99 {:.0f} us ({}/{})\n",
             own_us.empty() ? 0 : at(own_us, 0.5), own_us.empty() ? 0 : at(own_us, 0.99),
             own_us.size(), options.calls);
  fmt::print("memory of a live call, TLS  {:.1f} kB\n", each_kb);
  fmt::print("webhooks a second           {:.0f} (one connection, signing by the bench included)\n",
             static_cast<double>(options.deliveries) / seconds);
  std::fflush(stdout);
  asio::post(context, [&] { context.stop(); });
  loop.join();
  return complete ? 0 : 1;
}

void allow_many_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"What offhook serve costs, against a stand-in for the API in another process."};
  app.add_option("--calls", options.calls, "Live calls")
      ->check(CLI::Range(1, 4'000))
      ->capture_default_str();
  app.add_option("--deliveries", options.deliveries, "Webhooks for the rate")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  allow_many_files();
  std::signal(SIGPIPE, SIG_IGN);
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("offhook-controller-bench-{}", getpid());
  const auto certificates =
      net::make_certificates(folder, {.names = {"localhost"}, .ips = {"127.0.0.1"}});
  void* const memory = mmap(nullptr, sizeof(bench::Shared), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (!certificates || memory == MAP_FAILED) {
    std::fputs("controller_bench: no certificates or no memory\n", stderr);
    return 1;
  }
  auto& shared = *new (memory) bench::Shared;
  const pid_t stand_in = fork();
  if (stand_in == 0) {
    bench::run_stand_in(shared, *certificates);
  }
  int exit_code = 1;
  if (wait_for([&] { return shared.port != 0; })) {
    exit_code = measure(options, shared, *certificates);
  }
  kill(stand_in, SIGKILL);
  std::filesystem::remove_all(folder);
  return exit_code;
}
