#include "media/delay_estimator.hpp"

#include <algorithm>

namespace offhook::media {
namespace {

constexpr std::size_t recompute_every = 10;  // packets; a sort of the window takes some µs
constexpr std::size_t excluded_permille = 8;

}  // namespace

void DelayEstimator::add(std::int64_t transit_us) noexcept {
  transits_[next_] = transit_us;
  next_ = (next_ + 1) % window;
  count_ = std::min(count_ + 1, window);
  const bool news = count_ == 1 || transit_us < base_us_ || transit_us - base_us_ > lateness_us_;
  if (until_recompute_ == 0 || (news && count_ < 2 * recompute_every)) {
    recompute();
    until_recompute_ = recompute_every;
  }
  --until_recompute_;
  base_us_ = std::min(base_us_, transit_us);
}

void DelayEstimator::shift(std::int64_t offset_us) noexcept {
  for (std::size_t i = 0; i < count_; ++i) {
    transits_[i] += offset_us;
  }
  base_us_ += offset_us;
}

void DelayEstimator::clear() noexcept {
  next_ = 0;
  count_ = 0;
  until_recompute_ = 0;
  base_us_ = 0;
  lateness_us_ = 0;
}

void DelayEstimator::recompute() noexcept {
  std::array<std::int64_t, window> sorted;
  std::copy_n(transits_.begin(), count_, sorted.begin());
  const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(count_);
  base_us_ = *std::min_element(sorted.begin(), end);
  const std::size_t rank = count_ - 1 - count_ * excluded_permille / 1000;
  const auto quantile = sorted.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(sorted.begin(), quantile, end);
  lateness_us_ = *quantile - base_us_;
}

}  // namespace offhook::media
