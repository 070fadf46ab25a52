#include "runtime/secret_filter.hpp"

#include <string_view>

namespace gateway {

void SecretFilter::add(const Secret& value) {
  const std::string& text = value.reveal();
  if (text.size() < kLeast) return;
  secrets_.push_back(value);
  const std::size_t space = text.rfind(' ');
  if (space != std::string::npos) add(Secret(text.substr(space + 1)));
}

void SecretFilter::apply(std::string& text) const {
  constexpr std::string_view kBlank = "***";
  for (const Secret& secret : secrets_) {
    const std::string& value = secret.reveal();
    for (std::size_t at = 0; (at = text.find(value, at)) != std::string::npos;
         at += kBlank.size()) {
      text.replace(at, value.size(), kBlank);
    }
  }
}

}  // namespace gateway
