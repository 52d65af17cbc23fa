#include "serve/metrics.hpp"

#include <array>
#include <cstdio>
#include <memory>

#include <dirent.h>
#include <unistd.h>

namespace offhook::serve {
namespace {

constexpr std::array<std::string_view, 6> refusals{
    "missing_header", "bad_timestamp", "too_old", "too_new", "wrong_signature", "malformed_body"};

/// Open file descriptors, most of them sockets: one sideband a call.
double open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder{opendir("/proc/self/fd"), closedir};
  double count = 0;
  while (folder && readdir(folder.get()) != nullptr) {
    ++count;
  }
  return count < 3 ? 0 : count - 3;  // ".", ".." and the folder itself
}

double resident_bytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::fopen("/proc/self/statm", "r"),
                                                             std::fclose};
  long whole = 0;
  long resident = 0;
  if (!file || std::fscanf(file.get(), "%ld %ld", &whole, &resident) != 2) {
    return 0;
  }
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

void write_webhooks(PrometheusText& out, const Metrics& metrics, const Gauges& now) {
  metrics.webhooks.write(out, "offhook_webhooks_total",
                         "Genuine webhook deliveries by what was done about them.", "outcome");
  out.sample(static_cast<double>(now.webhooks.duplicates), {{"outcome", "repeated"}});
  out.family("offhook_webhooks_refused_total", "counter", "Deliveries that were not believed.");
  for (std::size_t i = 0; i < refusals.size(); ++i) {
    out.sample(static_cast<double>(now.webhooks.refused.at(i)), {{"reason", refusals.at(i)}});
  }
}

void write_gauges(PrometheusText& out, const Gauges& now) {
  const auto gauge = [&](std::string_view name, std::string_view help, double value) {
    out.single(name, "gauge", help, value);
  };
  gauge("offhook_calls_live", "Calls that are up.", static_cast<double>(now.live_calls));
  gauge("offhook_offers_held", "Calls that wait for the webhook of the other API.",
        static_cast<double>(now.held_offers));
  gauge("offhook_event_followers", "Clients of event streams.", static_cast<double>(now.followers));
  gauge("offhook_draining", "1 while no new calls are taken.", now.draining ? 1 : 0);
  gauge("offhook_journal_up", "1 while the journal can be written.", now.journal_ok ? 1 : 0);
  gauge("offhook_journal_queue", "Writes that wait for the journal.",
        static_cast<double>(now.journal_queue));
  out.single("offhook_journal_commits_total", "counter", "Commits of the journal.",
             static_cast<double>(now.journal_commits));
  out.single("offhook_journal_writes_total", "counter", "Writes in those commits.",
             static_cast<double>(now.journal_writes));
  out.single("offhook_journal_failures_total", "counter", "Writes that failed.",
             static_cast<double>(now.journal_failures));
  out.single("offhook_journal_outages_total", "counter", "Times that the journal began to fail.",
             static_cast<double>(now.journal_outages));
  out.single("offhook_journal_down_seconds_total", "counter",
             "How long it could not be written, in all.", now.journal_down_s);
  gauge("offhook_clock_offset_seconds", "By how much the wall clock was set, in all.",
        now.clock_offset_s);
  gauge("offhook_clock_doubted",
        "1 while genuine webhooks do not fit the clock since it was set: /readyz says no.",
        now.clock_doubted ? 1 : 0);
  gauge("process_open_fds", "Open file descriptors.", open_descriptors());
  gauge("process_resident_memory_bytes", "Resident memory.", resident_bytes());
}

}  // namespace

std::string prometheus_text(const Metrics& metrics, const Gauges& now) {
  PrometheusText out;
  metrics.calls.write(out, "offhook_calls_total", "Calls that ended, by outcome.", "outcome");
  metrics.errors.write(out, "offhook_errors_total", "Errors by cause.", "cause");
  write_webhooks(out, metrics, now);
  out.single("offhook_clock_steps_total", "counter", "Times that the wall clock was set.",
             static_cast<double>(metrics.clock_steps));
  metrics.duration_s.write(out, "offhook_call_duration_seconds", "From accept to the end.");
  metrics.accept_s.write(out, "offhook_webhook_to_accept_seconds",
                         "From the verified webhook to the accept request being begun.");
  metrics.setup_s.write(out, "offhook_call_setup_seconds",
                        "From the accept request to the first event of the sideband.");
  metrics.first_audio_s.write(out, "offhook_first_audio_seconds",
                              "From the accept request to the first sound of the model.");
  metrics.turn_s.write(out, "offhook_turn_latency_seconds",
                       "From the end of the caller's turn to the sound of the answer.");
  metrics.tool_s.write(out, "offhook_tool_seconds",
                       "From the model's function call to its output being sent.");
  out.family("offhook_tokens_total", "counter", "Tokens used.");
  out.sample(static_cast<double>(metrics.input_tokens), {{"direction", "input"}});
  out.sample(static_cast<double>(metrics.output_tokens), {{"direction", "output"}});
  out.single("offhook_live_seconds_total", "counter", "Seconds of Live sessions.",
             metrics.live_seconds);
  write_gauges(out, now);
  return out.take();
}

}  // namespace offhook::serve
