#pragma once
#include <boost/system/result.hpp>
#include <string>
#include <string_view>

namespace gateway::cloud {

// A bucket by the host of its XML API, which is also what a COS trigger is named after:
// `name-appid.cos.region.myqcloud.com`.
struct BucketEndpoint {
  std::string name;    // without the appid
  std::string appid;   // digits
  std::string region;  // such as ap-beijing

  [[nodiscard]] std::string host() const;
};

// The reason why a text is no bucket endpoint.
class BadBucketEndpoint {
 public:
  constexpr BadBucketEndpoint() = default;  // required by boost::system::result
  // `reason` must be a string literal.
  constexpr explicit BadBucketEndpoint(std::string_view reason) noexcept : reason_(reason) {}
  [[nodiscard]] constexpr std::string_view reason() const noexcept { return reason_; }

 private:
  std::string_view reason_;
};

[[nodiscard]] boost::system::result<BucketEndpoint, BadBucketEndpoint> parse_bucket_endpoint(
    std::string_view text);

// Returns whether a text has the form of a region: lower-case letters, digits and inner hyphens,
// such as ap-beijing or na-siliconvalley. Whether the region exists only the cloud knows: the list
// grows.
[[nodiscard]] bool is_region(std::string_view text);

}  // namespace gateway::cloud
