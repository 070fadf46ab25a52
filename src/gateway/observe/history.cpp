#include "gateway/observe/history.hpp"

#include <fmt/format.h>

namespace gateway::observe {

std::optional<double> quantile(
    double share, const std::array<std::uint64_t, Histogram::kBuckets>& counts) noexcept {
  std::uint64_t all = 0;
  for (const std::uint64_t count : counts) all += count;
  if (all == 0) return std::nullopt;
  const double wanted = share * static_cast<double>(all);
  double seen = 0;
  double from = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    // The last bucket has no upper bound, so its lower bound is the best known value.
    const double to = i + 1 < counts.size() ? Histogram::bound(i) : from;
    const auto here = static_cast<double>(counts[i]);
    if (here > 0 && seen + here >= wanted) return from + (to - from) * (wanted - seen) / here;
    seen += here;
    from = to;
  }
  return from;
}

void History::look(const Snapshot& seen, Instant now) {
  if (last_ && now - last_->at < kStep) return;
  const Mark mark{now, seen.received, seen.delivered + seen.replayed,
                  seen.failed_total() + seen.dead_lettered, seen.post_duration.counts};
  if (last_) {
    const float past = std::chrono::duration<float>(now - last_->at).count();
    const auto rate = [past](std::uint64_t a, std::uint64_t b) {
      return static_cast<float>(a - b) / past;
    };
    std::array<std::uint64_t, Histogram::kBuckets> gained{};
    for (std::size_t i = 0; i < gained.size(); ++i) {
      gained[i] = mark.post_duration[i] - last_->post_duration[i];
    }
    points_.push_back({rate(mark.received, last_->received), rate(mark.delivered, last_->delivered),
                       rate(mark.given_up, last_->given_up), quantile(0.5, gained),
                       quantile(0.99, gained)});
    if (points_.size() > kPoints) points_.pop_front();
  }
  last_ = mark;
}

std::string History::json() const {
  std::string text = fmt::format("{{\"step_seconds\":{},\"points\":[", kStep.count());
  const auto time = [](const std::optional<float>& seconds) {
    return seconds ? fmt::format("{:.6g}", *seconds) : std::string("null");
  };
  bool first = true;
  for (const Point& point : points_) {
    text += fmt::format(
        "{}{{\"received\":{:.6g},\"delivered\":{:.6g},\"given_up\":{:.6g},"
        "\"p50\":{},\"p99\":{}}}",
        first ? "" : ",", point.received, point.delivered, point.given_up, time(point.p50),
        time(point.p99));
    first = false;
  }
  return text + "]}\n";
}

}  // namespace gateway::observe
