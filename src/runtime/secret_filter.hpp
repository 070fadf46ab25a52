#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "runtime/secret.hpp"

namespace gateway {

// Blanks secrets in texts that somebody else wrote. A server that is sent a secret may put it into
// its answer ("Invalid token 'xyz'"), and answers go into logs, pages and dead letters.
class SecretFilter {
 public:
  // Has the value of a header field blanked from now on, and what stands behind its scheme
  // ("Bearer xyz"). Shorter ones than kLeast would blank ordinary words.
  void add(const Secret& value);
  // Blanks the secrets that `text` contains.
  void apply(std::string& text) const;

 private:
  static constexpr std::size_t kLeast = 4;

  std::vector<Secret> secrets_;  // each before those that it contains
};

}  // namespace gateway
