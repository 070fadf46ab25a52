#pragma once
#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "testkit/random.hpp"

namespace gateway::test {

// Describes how a count or length varies from post to post. A plain value; samples are at least 0.
class Distribution {
 public:
  // Creates the distribution of one fixed value.
  explicit Distribution(unsigned value = 1)
      : text_(std::to_string(value)), least_(value), most_(value) {}

  // Parses "7", "uniform:1-100", "geometric:8" (from 1, with this mean) or "zipf:1-1000" (the
  // probability of k is proportional to 1/k). Returns the distribution, or an error that says what
  // is wrong.
  [[nodiscard]] static boost::system::result<Distribution, std::string> parse(
      std::string_view text);

  // Returns a distribution in which four of five are 1, most others a few, and one of twenty is
  // anything up to `most`.
  [[nodiscard]] static Distribution mostly_one(unsigned most);

  [[nodiscard]] unsigned sample(Random& random) const;
  // Returns the distribution as it was written.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  enum class Kind { uniform, geometric, weighted };  // fixed is uniform from a value to itself

  std::string text_;
  Kind kind_ = Kind::uniform;
  unsigned least_;  // of geometric: the mean
  unsigned most_;
  std::vector<double> cumulated_;  // weights up to each value; the last is the sum of all
};

}  // namespace gateway::test
