#include "gateway/egress/delivery_policy.hpp"

#include <algorithm>
#include <cmath>

namespace gateway::egress {

Verdict judge(unsigned status) noexcept {
  if (status >= 200 && status < 300) return Verdict::delivered;
  if (status == 408 || status == 425 || status == 429) return Verdict::retry;
  if (status >= 500 && status < 600 && status != 501) return Verdict::retry;
  return Verdict::refused;
}

observe::RetryReason retry_reason(unsigned status) noexcept {
  using observe::RetryReason;
  switch (status) {
    case 408:
      return RetryReason::http_408;
    case 425:
      return RetryReason::http_425;
    case 429:
      return RetryReason::http_429;
    case 500:
      return RetryReason::http_500;
    case 502:
      return RetryReason::http_502;
    case 503:
      return RetryReason::http_503;
    case 504:
      return RetryReason::http_504;
    default:
      return RetryReason::http_other;
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
