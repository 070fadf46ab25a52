#include "testkit/arrival_schedule.hpp"

#include <cmath>
#include <cstdint>

namespace gateway::test {

ArrivalSchedule::ArrivalSchedule(Kind kind, double rate, TimePoint start, std::uint64_t seed)
    : kind_(kind), interval_(1e9 / rate), start_(start), due_(start), random_(seed) {
  next();
}

void ArrivalSchedule::next() {
  // Of a Poisson process the gaps are exponentially distributed; 1 - unit() is never 0.
  const double gap = kind_ == Kind::constant ? 1.0 : -std::log(1 - random_.unit());
  offset_ += gap * interval_;
  due_ = start_ + std::chrono::nanoseconds(static_cast<std::int64_t>(offset_));
}

}  // namespace gateway::test
