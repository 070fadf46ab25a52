#include "cloud/bucket_endpoint.hpp"

#include <algorithm>

#include "events/ascii.hpp"

namespace gateway::cloud {
namespace {

constexpr std::string_view kService = ".cos.";
constexpr std::string_view kDomain = ".myqcloud.com";

constexpr bool is_lower_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || is_digit(c);
}

// Returns whether a text has lower-case letters, digits and hyphens only, and no hyphen at its
// ends.
bool is_label(std::string_view text) {
  return !text.empty() && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, [](char c) { return is_lower_alphanumeric(c) || c == '-'; });
}

}  // namespace

std::string BucketEndpoint::host() const {
  std::string host;
  host.append(name).append(1, '-').append(appid).append(kService).append(region).append(kDomain);
  return host;
}

bool is_region(std::string_view text) {
  return is_label(text) && text.find('-') != std::string_view::npos && !is_digit(text.front());
}

boost::system::result<BucketEndpoint, BadBucketEndpoint> parse_bucket_endpoint(
    std::string_view text) {
  if (text.find("://") != std::string_view::npos) {
    return BadBucketEndpoint("it is a host name, without https://");
  }
  if (text.find('/') != std::string_view::npos) {
    return BadBucketEndpoint("it is a host name, without a path");
  }
  if (!text.ends_with(kDomain)) return BadBucketEndpoint("it must end in .myqcloud.com");
  text.remove_suffix(kDomain.size());

  const auto service = text.find(kService);
  if (service == std::string_view::npos) {
    return BadBucketEndpoint("'.cos.' must follow the bucket");
  }
  const auto bucket = text.substr(0, service);
  const auto region = text.substr(service + kService.size());
  if (!is_region(region)) return BadBucketEndpoint("the region must be one such as ap-beijing");

  const auto hyphen = bucket.rfind('-');
  if (hyphen == std::string_view::npos) {
    return BadBucketEndpoint("the bucket must end in '-' and the appid");
  }
  const auto name = bucket.substr(0, hyphen);
  const auto appid = bucket.substr(hyphen + 1);
  if (appid.empty() || !std::ranges::all_of(appid, is_digit)) {
    return BadBucketEndpoint("the bucket must end in '-' and the appid, which is digits only");
  }
  if (!is_label(name)) {
    return BadBucketEndpoint("a bucket's name is lower-case letters, digits and inner hyphens");
  }
  return BucketEndpoint{std::string(name), std::string(appid), std::string(region)};
}

}  // namespace gateway::cloud
