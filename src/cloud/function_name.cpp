#include "cloud/function_name.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "cloud/digest.hpp"
#include "events/ascii.hpp"

namespace gateway::cloud {
namespace {

constexpr std::string_view kDerivedPrefix = "vanus-cos-source-function-";

constexpr bool is_name_character(char c) {
  return is_alphanumeric(c) || c == '-' || c == '_';
}

// The first 64 bits of SHA-256, big-endian.
std::uint64_t leading_bits(std::string_view text) {
  const Digest digest = sha256(text);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < sizeof bits; ++i) bits = bits << 8U | digest[i];
  return bits;
}

}  // namespace

std::string derive_function_name(const FunctionIdentity& identity) {
  // Each part goes with its length: "a" + "bc" and "ab" + "c" are different identities.
  std::string joined;
  for (const auto part :
       {identity.region, identity.space, identity.bucket_endpoint, identity.eventbus}) {
    joined += fmt::format("{}:{},", part.size(), part);
  }
  return fmt::format("{}{}", kDerivedPrefix, leading_bits(joined));
}

bool is_derived_function_name(std::string_view text) {
  if (!text.starts_with(kDerivedPrefix)) return false;
  text.remove_prefix(kDerivedPrefix.size());
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

bool is_function_name(std::string_view text) {
  return text.size() >= 2 && text.size() <= 60 && is_letter(text.front()) &&
         is_alphanumeric(text.back()) && std::ranges::all_of(text, is_name_character);
}

bool is_function_namespace(std::string_view text) {
  return !text.empty() && text.size() <= 30 && std::ranges::all_of(text, is_name_character);
}

}  // namespace gateway::cloud
