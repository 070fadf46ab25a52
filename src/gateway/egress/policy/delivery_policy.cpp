#include "gateway/egress/policy/delivery_policy.hpp"

#include <algorithm>
#include <cmath>

namespace gateway::egress {

namespace {

// RFC 9110 section 15, RFC 6585 and RFC 8470: the statuses that speak of the moment.
bool generic_may_pass(unsigned status) noexcept {
  if (status == 408 || status == 425 || status == 429) return true;
  return status / 100 == 5 && status != 501;
}

// The data plane contract of Knative Eventing, and 408, which Knative's own senders retry.
bool knative_may_pass(unsigned status) noexcept {
  return status == 404 || status == 408 || status == 409 || status == 429 || status >= 500;
}

Verdict verdict_of(config::Treatment treatment) noexcept {
  switch (treatment) {
    case config::Treatment::retry: return Verdict::retry;
    case config::Treatment::accept: return Verdict::delivered;
    case config::Treatment::refuse: break;
  }
  return Verdict::refused;
}

}  // namespace

DeliveryPolicy::DeliveryPolicy(const config::Delivery& delivery, bool by_proxy) {
  const bool knative = delivery.profile == config::Profile::knative;
  for (unsigned status = 0; status < verdicts_.size(); ++status) {
    const bool may_pass = knative ? knative_may_pass(status) : generic_may_pass(status);
    verdicts_[status] = status / 100 == 2 ? Verdict::delivered
                        : may_pass        ? Verdict::retry
                                          : Verdict::refused;
  }
  if (by_proxy) verdicts_[407] = Verdict::retry;
  for (const auto& [status, treatment] : delivery.status) {
    if (status < verdicts_.size()) verdicts_[status] = verdict_of(treatment);
  }
}

RetryReason retry_reason(unsigned status) noexcept {
  switch (status) {
    case 408: return RetryReason::http_408;
    case 425: return RetryReason::http_425;
    case 429: return RetryReason::http_429;
    case 500: return RetryReason::http_500;
    case 502: return RetryReason::http_502;
    case 503: return RetryReason::http_503;
    case 504: return RetryReason::http_504;
    default: return RetryReason::http_other;
  }
}

std::chrono::milliseconds Backoff::next(unsigned attempts,
                                        std::optional<std::chrono::seconds> asked) {
  using std::chrono::milliseconds;
  if (asked) return std::min<milliseconds>(*asked, retry_.max);
  const double grown = static_cast<double>(retry_.initial.count()) *
                       std::pow(retry_.multiplier, static_cast<double>(attempts - 1));
  const double bound = std::min(grown, static_cast<double>(retry_.max.count()));
  return milliseconds(
      std::uniform_int_distribution<std::int64_t>(0, static_cast<std::int64_t>(bound))(random_));
}

}  // namespace gateway::egress
