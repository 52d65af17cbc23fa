#include "serve/prometheus.hpp"

#include <doctest/doctest.h>

#include "serve/metrics.hpp"

using namespace offhook::serve;

TEST_SUITE("prometheus text") {
  TEST_CASE("a family has help, type and samples with escaped labels") {
    PrometheusText out;
    out.family("x_total", "counter", "Things\nof \\ all \"kinds\".");
    out.sample(3, {{"why", "a\"b\\c\nd"}, {"who", "me"}});
    CHECK(out.take() ==
          "# HELP x_total Things\\nof \\\\ all \"kinds\".\n# TYPE x_total counter\n"
          "x_total{why=\"a\\\"b\\\\c\\nd\",who=\"me\"} 3\n");
  }

  TEST_CASE("a histogram is cumulative and ends with +Inf, sum and count") {
    Histogram histogram{{0.1, 0.5}};
    for (const double value : {0.1, 0.2, 0.5, 7.0}) {
      histogram.observe(value);
    }
    PrometheusText out;
    histogram.write(out, "t_seconds", "Time.");
    CHECK(out.take() ==
          "# HELP t_seconds Time.\n# TYPE t_seconds histogram\n"
          "t_seconds_bucket{le=\"0.1\"} 1\nt_seconds_bucket{le=\"0.5\"} 3\n"
          "t_seconds_bucket{le=\"+Inf\"} 4\nt_seconds_sum 7.8\nt_seconds_count 4\n");
  }

  TEST_CASE("a label that strangers fill does not fill the memory") {
    LabelledCounter counter;
    for (int i = 0; i < 1'000; ++i) {
      counter.add("code " + std::to_string(i));
    }
    CHECK(counter.of("code 0") == 1);
    CHECK(counter.of("code 999") == 0);
    CHECK(counter.of("other") == 900);
  }

  TEST_CASE("all families are there from the start, each once") {
    const std::string text = prometheus_text({}, {.live_calls = 2, .journal_ok = false});
    CHECK(text.find("\noffhook_calls_live 2\n") != std::string::npos);
    CHECK(text.find("\noffhook_journal_up 0\n") != std::string::npos);
    CHECK(text.find("offhook_webhooks_refused_total{reason=\"wrong_signature\"} 0") !=
          std::string::npos);
    for (const char* name : {"offhook_calls_total", "offhook_turn_latency_seconds",
                             "offhook_webhook_to_accept_seconds", "process_open_fds"}) {
      const std::string type = std::string{"# TYPE "} + name + " ";
      const auto first = text.find(type);
      CHECK(first != std::string::npos);
      CHECK(text.find(type, first + 1) == std::string::npos);
    }
  }
}
