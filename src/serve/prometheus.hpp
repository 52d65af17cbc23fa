#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace offhook::serve {

/// Writes the text exposition format 0.0.4 of Prometheus.
class PrometheusText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// @param type  "counter", "gauge" or "histogram".
  void family(std::string_view name, std::string_view type, std::string_view help);
  /// A value of the family begun last. @param suffix  "_bucket" and the like of histograms.
  void sample(double value, Labels labels = {}, std::string_view suffix = {});
  /// A family of one value.
  void single(std::string_view name, std::string_view type, std::string_view help, double value);

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string name_;
  std::string text_;
};

/// How often values fell below each of some bounds.
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds)
      : bounds_{std::move(bounds)}, counts_(bounds_.size(), 0) {}

  void observe(double value) noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] double sum() const noexcept { return sum_; }
  void write(PrometheusText& out, std::string_view name, std::string_view help) const;

 private:
  std::vector<double> bounds_;
  std::vector<std::uint64_t> counts_;  ///< Of values up to each bound, not cumulative.
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

/// Counters of one family told apart by one label. More than 100 values of the label become
/// "other": what strangers can choose must not fill the memory.
class LabelledCounter {
 public:
  void add(std::string_view label, std::uint64_t count = 1);
  [[nodiscard]] std::uint64_t of(std::string_view label) const;
  void write(PrometheusText& out,
             std::string_view name,
             std::string_view help,
             std::string_view label_name) const;

 private:
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

}  // namespace offhook::serve
