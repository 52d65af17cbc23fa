#include "serve/prometheus.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace offhook::serve {
namespace {

constexpr std::size_t max_labels = 100;

std::string number(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  std::array<char, 32> text{};
  const auto [end, failure] = std::to_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc{} ? std::string{text.data(), end} : "NaN";
}

/// @param quotes  Label values escape them, help texts do not.
std::string escaped(std::string_view text, bool quotes) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\\' || (c == '"' && quotes)) {
      out.append("\\").push_back(c);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace

void PrometheusText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_.append("# HELP ").append(name).append(" ").append(escaped(help, false)).append("\n");
  text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void PrometheusText::sample(double value, Labels labels, std::string_view suffix) {
  text_.append(name_).append(suffix);
  char before = '{';
  for (const auto& [name, text] : labels) {
    text_.push_back(before);
    text_.append(name).append("=\"").append(escaped(text, true)).append("\"");
    before = ',';
  }
  if (before == ',') {
    text_.push_back('}');
  }
  text_.append(" ").append(number(value)).append("\n");
}

void PrometheusText::single(std::string_view name,
                            std::string_view type,
                            std::string_view help,
                            double value) {
  family(name, type, help);
  sample(value);
}

void Histogram::observe(double value) noexcept {
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    if (value <= bounds_[i]) {
      ++counts_[i];
      break;
    }
  }
  ++count_;
  sum_ += value;
}

void Histogram::write(PrometheusText& out, std::string_view name, std::string_view help) const {
  out.family(name, "histogram", help);
  std::uint64_t up_to = 0;
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    up_to += counts_[i];
    out.sample(static_cast<double>(up_to), {{"le", number(bounds_[i])}}, "_bucket");
  }
  out.sample(static_cast<double>(count_), {{"le", "+Inf"}}, "_bucket");
  out.sample(sum_, {}, "_sum");
  out.sample(static_cast<double>(count_), {}, "_count");
}

void LabelledCounter::add(std::string_view label, std::uint64_t count) {
  auto found = counts_.find(label);
  if (found == counts_.end()) {
    const std::string key{counts_.size() < max_labels ? label : "other"};
    found = counts_.emplace(key, 0).first;
  }
  found->second += count;
}

std::uint64_t LabelledCounter::of(std::string_view label) const {
  const auto found = counts_.find(label);
  return found == counts_.end() ? 0 : found->second;
}

void LabelledCounter::write(PrometheusText& out,
                            std::string_view name,
                            std::string_view help,
                            std::string_view label_name) const {
  out.family(name, "counter", help);
  for (const auto& [label, count] : counts_) {
    out.sample(static_cast<double>(count), {{label_name, label}});
  }
}

}  // namespace offhook::serve
