#include "load/distribution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "events/number_text.hpp"

namespace gateway::load {
namespace {

// No COS post or key comes near this. It keeps a typing error from filling the memory.
constexpr unsigned kMost = 100'000;

std::optional<unsigned> number(std::string_view text) {
  const auto value = read_number<unsigned>(text);
  return value && *value <= kMost ? value : std::nullopt;
}

}  // namespace

boost::system::result<Distribution, std::string> Distribution::parse(std::string_view text) {
  const auto wrong = [&](std::string_view why) { return fmt::format("'{}': {}", text, why); };
  constexpr std::string_view kForms =
      "expected a number up to 100000, uniform:A-B, geometric:MEAN or zipf:A-B";
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    const auto value = number(text);
    if (!value) return wrong(kForms);
    return Distribution(*value);
  }
  const std::string_view name = text.substr(0, colon);
  const std::string_view rest = text.substr(colon + 1);
  Distribution made;
  if (name == "geometric") {
    const auto mean = number(rest);
    if (!mean || *mean == 0) return wrong("geometric needs a mean of at least 1");
    made.kind_ = Kind::geometric;
    made.mean_ = *mean;
    return made;
  }
  if (name != "uniform" && name != "zipf") return wrong(kForms);
  const std::size_t dash = rest.find('-');
  if (dash == std::string_view::npos) return wrong("expected a range A-B");
  const auto least = number(rest.substr(0, dash));
  const auto most = number(rest.substr(dash + 1));
  if (!least || !most || *least > *most) return wrong("expected a range A-B, A not above B");
  made.least_ = *least;
  made.most_ = *most;
  if (name == "zipf") {
    if (*least == 0) return wrong("zipf begins at 1 or above");
    made.kind_ = Kind::zipf;
    double sum = 0;
    for (unsigned k = *least; k <= *most; ++k) made.cumulated_.push_back(sum += 1.0 / k);
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

std::string Distribution::text() const {
  switch (kind_) {
    case Kind::uniform: break;
    case Kind::geometric: return fmt::format("geometric:{}", mean_);
    case Kind::zipf: return fmt::format("zipf:{}-{}", least_, most_);
  }
  return least_ == most_ ? fmt::format("{}", least_) : fmt::format("uniform:{}-{}", least_, most_);
}

}  // namespace gateway::load
