#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/payload_maker.hpp"

namespace gateway::load {

// How the posts of a run say that they may be trusted.
enum class Signing {
  none,
  hmac,   // X-Cos-Signature, of the time and the body
  bearer  // Authorization: Bearer
};

// The value of X-Cos-Signature: "t=<time>,v1=<hex>", v1 being HMAC-SHA256 of "<time>." and the
// body.
[[nodiscard]] std::string post_signature(std::string_view key, std::int64_t time,
                                         std::string_view body);

struct PostForm {
  std::string host;
  std::string path = "/";
  bool close = false;  // asks for the connection's end after the answer
  Signing signing = Signing::none;
  std::string token;
  std::int64_t time = 0;  // of the signatures, Unix seconds
};

// One request, ready to be sent.
struct PreparedPost {
  std::string wire;
  std::uint32_t body_bytes = 0;
  std::uint32_t records = 0;
};

// Requests made before a run and sent over and over, so that making them costs the run nothing.
class PreparedPosts {
 public:
  PreparedPosts(const PayloadSettings& payloads, const PostForm& form);

  // In turn.
  [[nodiscard]] const PreparedPost& next() noexcept {
    const PreparedPost& post = posts_[at_];
    at_ = at_ + 1 == posts_.size() ? 0 : at_ + 1;
    return post;
  }
  [[nodiscard]] const std::vector<PreparedPost>& all() const noexcept { return posts_; }
  [[nodiscard]] double mean_body_bytes() const noexcept;

  // So many at most; fewer when they are large, lest the load push everybody else out of the
  // caches; but never fewer than a handful.
  static constexpr std::size_t kMost = 1024;
  static constexpr std::size_t kFewest = 16;
  static constexpr std::size_t kBytes = std::size_t{4} << 20;

 private:
  std::vector<PreparedPost> posts_;
  std::size_t at_ = 0;
};

}  // namespace gateway::load
