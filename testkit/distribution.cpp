#include "testkit/distribution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "events/number_text.hpp"

namespace gateway::test {
namespace {

// No COS post or key comes near this. It keeps a typing error from filling the memory.
constexpr unsigned kMost = 100'000;

}  // namespace

boost::system::result<Distribution, std::string> Distribution::parse(std::string_view text) {
  const std::size_t colon = text.find(':');
  const bool plain = colon == std::string_view::npos;
  const std::string_view kind = plain ? std::string_view() : text.substr(0, colon);
  const std::string_view range = plain ? text : text.substr(colon + 1);
  const std::size_t dash = range.find('-');
  const bool one = dash == std::string_view::npos;
  const auto number = [](std::string_view digits) {
    return read_number<unsigned>(digits).value_or(kMost + 1);
  };
  Distribution made;
  made.text_ = text;
  made.least_ = number(range.substr(0, dash));
  made.most_ = one ? made.least_ : number(range.substr(dash + 1));
  if (kind == "geometric") made.kind_ = Kind::geometric;
  if (kind == "zipf") made.kind_ = Kind::weighted;
  const bool known = plain || kind == "uniform" || made.kind_ != Kind::uniform;
  const bool has_range = kind == "uniform" || kind == "zipf";
  const unsigned lowest = made.kind_ == Kind::uniform ? 0 : 1;
  if (!known || has_range == one || made.least_ < lowest || made.least_ > made.most_ ||
      made.most_ > kMost) {
    return fmt::format(
        "'{}': expected a number up to {}, uniform:A-B, geometric:MEAN from 1, or zipf:A-B from 1",
        text, kMost);
  }
  if (made.kind_ == Kind::weighted) {
    double sum = 0;
    for (unsigned k = made.least_; k <= made.most_; ++k) made.cumulated_.push_back(sum += 1.0 / k);
  }
  return made;
}

Distribution Distribution::mostly_one(unsigned most) {
  constexpr unsigned kFew = 4;
  Distribution made;
  made.text_ = fmt::format("mostly 1 of {}", most);
  made.kind_ = Kind::weighted;
  made.most_ = most;
  double sum = 0.8;
  for (unsigned k = 1; k <= most; ++k) {
    if (k <= kFew) sum += 0.15 / std::min(kFew, most);
    made.cumulated_.push_back(sum += 0.05 / most);
  }
  return made;
}

unsigned Distribution::sample(Random& random) const {
  switch (kind_) {
    case Kind::uniform: break;
    case Kind::geometric: {
      if (least_ == 1) return 1;
      // Inversion; 1 - unit() is never 0.
      const double trials = std::log(1 - random.unit()) / std::log1p(-1.0 / least_);
      return 1 + static_cast<unsigned>(std::min(trials, double{kMost}));
    }
    case Kind::weighted: {
      const double at = random.unit() * cumulated_.back();
      const auto found = std::ranges::upper_bound(cumulated_, at);
      const auto index = static_cast<unsigned>(found - cumulated_.begin());
      return std::min(least_ + index, most_);
    }
  }
  if (least_ == most_) return least_;
  return least_ + static_cast<unsigned>(random.below(most_ - least_ + 1U));
}

}  // namespace gateway::test
