#include "demo/delivery_ledger.hpp"

#include <algorithm>
#include <functional>

namespace gateway::demo {
namespace {

DeliveryLedger::Latency quantile(const std::vector<DeliveryLedger::Latency>& sorted, double share) {
  if (sorted.empty()) return {};
  const auto index = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
  return sorted[std::min(index, sorted.size() - 1)];
}

}  // namespace

void DeliveryLedger::sent(std::uint64_t post, TimePoint now) {
  if (posts_.size() <= post) posts_.resize(post + 1);
  posts_[post].sent = now;
  ++running_.posts;
}

void DeliveryLedger::sent_record(std::uint64_t post, std::string_view record) {
  records_[std::hash<std::string_view>{}(record)].post = post;
  ++running_.records;
}

void DeliveryLedger::answered(std::uint64_t post, unsigned status) {
  posts_[post].status = status;
  if (status == 200) {
    ++running_.answered_200;
  } else if (status != 0) {
    ++running_.answered_otherwise;
  } else {
    ++running_.unanswered;
  }
}

std::optional<DeliveryLedger::Latency> DeliveryLedger::arrived(std::string_view data,
                                                               TimePoint now) {
  const auto found = records_.find(std::hash<std::string_view>{}(data));
  if (found == records_.end()) {
    ++running_.strangers;
    return std::nullopt;
  }
  Record& record = found->second;
  const Latency latency = now - posts_[record.post].sent;
  if (++record.arrivals == 1) {
    ++running_.delivered;
    latencies_.push_back(latency);
  } else {
    ++running_.duplicates;
  }
  return latency;
}

Balance DeliveryLedger::close() const {
  Balance balance = running_;
  for (const auto& [hash, record] : records_) {
    if (record.arrivals == 0 && posts_[record.post].status == 200) ++balance.lost;
  }
  std::vector<Latency> sorted = latencies_;
  std::sort(sorted.begin(), sorted.end());
  balance.p50 = quantile(sorted, 0.50);
  balance.p99 = quantile(sorted, 0.99);
  return balance;
}

}  // namespace gateway::demo
