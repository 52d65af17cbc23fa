// Networks from traces against the jitter buffers: what they conceal and what delay they add.
//
//   jitter_bench [--seeds FIRST COUNT] [--buffer KIND] [--network PART]   the table
//   jitter_bench --gates [--buffer KIND]   the limits that a buffer keeps, as a test: exit 1 if
//   not,
//                                          77 when this build has no such buffer
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "gates.hpp"
#include "sweep.hpp"

using namespace offhook;
using namespace offhook::bench;

namespace {

struct Arguments {
  bool gates = false;
  Seeds seeds = unseen_seeds;
  std::optional<media::JitterBufferKind> buffer{};
  std::string_view network{};
};

std::optional<Arguments> parse(const std::vector<std::string_view>& words) {
  Arguments arguments;
  const auto number = [](std::string_view word, auto& value) {
    return std::from_chars(word.data(), word.data() + word.size(), value).ec == std::errc{};
  };
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--gates") {
      arguments.gates = true;
    } else if (words[i] == "--seeds" && i + 2 < words.size() &&
               number(words[i + 1], arguments.seeds.first) &&
               number(words[i + 2], arguments.seeds.count) && arguments.seeds.count > 0) {
      i += 2;
    } else if (words[i] == "--buffer" && i + 1 < words.size() &&
               media::jitter_buffer_kind(words[i + 1])) {
      arguments.buffer = media::jitter_buffer_kind(words[++i]);
    } else if (words[i] == "--network" && i + 1 < words.size()) {
      arguments.network = words[++i];
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

int print_row(const Network& one, const Setup& setup, const Seeds& seeds, std::string_view remark) {
  const auto all = sweep(one, setup, seeds);
  if (!all) {
    fmt::print("{}: {}\n", one.name, all.error().detail);
    return 1;
  }
  const auto delay = [&](const Spread& spread, bool worst) {
    return all->added_ms.mean > 0 ? fmt::format("{:.0f}", worst ? spread.worst : spread.mean) : "-";
  };
  fmt::print("| {}{} | {} | {:.2f} | {:.2f} | {} | {} | {} | {:.1f} |\n", one.name, remark,
             to_string(setup.buffer), all->concealed_percent.mean, all->concealed_percent.worst,
             delay(all->added_ms, false), delay(all->added_ms, true),
             delay(all->added_p95_ms, false), all->cpu_us.mean);
  std::fflush(stdout);
  return 0;
}

int print_table(const Arguments& arguments) {
  int failures = 0;
  fmt::print("| network | buffer | concealed % | worst | added ms | worst | p95 ms | CPU us |\n");
  fmt::print("|---|---|---|---|---|---|---|---|\n");
  for (const Network& one : networks()) {
    for (const auto kind : {media::JitterBufferKind::neteq, media::JitterBufferKind::portable}) {
      const bool wanted = arguments.buffer.value_or(kind) == kind &&
                          one.name.find(arguments.network) != std::string_view::npos;
      if (!wanted || (kind == media::JitterBufferKind::neteq && !media::have_neteq())) {
        continue;
      }
      Setup setup{.buffer = kind, .codec = audio::CodecId::opus};
      failures += print_row(one, setup, arguments.seeds, "");
      if (one.loss_percent >= 5) {
        setup.expected_loss_percent = 10;
        failures += print_row(one, setup, arguments.seeds, ", FEC");
      }
    }
  }
  return failures;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = parse({argv + 1, argv + argc});
  if (!arguments) {
    fmt::print(
        "usage: jitter_bench [--gates] [--seeds FIRST COUNT] [--buffer KIND] "
        "[--network PART]\n");
    return 2;
  }
  if (arguments->gates) {
    return check_gates(arguments->buffer.value_or(media::default_jitter_buffer));
  }
  return std::min(print_table(*arguments), 1);
}
