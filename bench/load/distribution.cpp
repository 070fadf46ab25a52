#include "load/distribution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <regex>

#include "events/number_text.hpp"

namespace gateway::load {
namespace {

// No COS post or key comes near this. It keeps a typing error from filling the memory.
constexpr unsigned kMost = 100'000;

}  // namespace

boost::system::result<Distribution, std::string> Distribution::parse(std::string_view text) {
  static const std::regex forms(R"((\d+)|geometric:(\d+)|(uniform|zipf):(\d+)-(\d+))");
  const auto wrong = [&] {
    return fmt::format(
        "'{}': expected a number up to {}, uniform:A-B, geometric:MEAN from 1, or zipf:A-B from 1",
        text, kMost);
  };
  std::match_results<std::string_view::const_iterator> parts;
  if (!std::regex_match(text.begin(), text.end(), parts, forms)) return wrong();
  const auto number = [&parts](std::size_t group) {
    return read_number<unsigned>(parts[group].str()).value_or(kMost + 1);
  };
  Distribution made;
  made.text_ = text;
  if (parts[1].matched) {
    made.least_ = made.most_ = number(1);
  } else if (parts[2].matched) {
    made.kind_ = Kind::geometric;
    made.mean_ = number(2);
  } else {
    made.kind_ = parts[3] == "zipf" ? Kind::zipf : Kind::uniform;
    made.least_ = number(4);
    made.most_ = number(5);
  }
  const unsigned lowest = made.kind_ == Kind::zipf ? 1 : 0;
  if (made.least_ < lowest || made.least_ > made.most_ || made.most_ > kMost || made.mean_ < 1 ||
      made.mean_ > kMost) {
    return wrong();
  }
  if (made.kind_ == Kind::zipf) {
    double sum = 0;
    for (unsigned k = made.least_; k <= made.most_; ++k) made.cumulated_.push_back(sum += 1.0 / k);
  }
  return made;
}

unsigned Distribution::sample(test::Random& random) const {
  switch (kind_) {
    case Kind::uniform: break;
    case Kind::geometric: {
      if (mean_ == 1) return 1;
      // Inversion; 1 - unit() is never 0.
      const double trials = std::log(1 - random.unit()) / std::log1p(-1.0 / mean_);
      return 1 + static_cast<unsigned>(std::min(trials, double{kMost}));
    }
    case Kind::zipf: {
      const double at = random.unit() * cumulated_.back();
      const auto found = std::ranges::upper_bound(cumulated_, at);
      const auto index = static_cast<unsigned>(found - cumulated_.begin());
      return std::min(least_ + index, most_);
    }
  }
  if (least_ == most_) return least_;
  return least_ + static_cast<unsigned>(random.below(most_ - least_ + 1U));
}

}  // namespace gateway::load
