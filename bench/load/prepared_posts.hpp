#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "load/payload_maker.hpp"
#include "testkit/post.hpp"

namespace gateway::load {

// How the posts of a run are authenticated.
enum class Signing {
  none,
  hmac,   // X-Cos-Signature, of the time and the body
  bearer  // Authorization: Bearer
};

// Returns the value of X-Cos-Signature: "t=<time>,v1=<hex>", where v1 is the HMAC-SHA256 of
// "<time>." and the body.
[[nodiscard]] std::string post_signature(std::string_view key, std::int64_t time,
                                         std::string_view body);

struct PostForm {
  std::string host = {};
  std::string path = "/";
  std::string bucket = {};  // of X-Cos-Bucket; empty: no such field
  bool close = false;       // asks for the connection's end after the answer
  bool only_ask = false;    // GET, without records
  Signing signing = Signing::none;
  std::string token = {};
  std::int64_t time = 0;  // of the signatures, Unix seconds
};

// Prepares requests before a run and sends them over and over, so that making them costs the run
// nothing.
class PreparedPosts final : public test::PostSource {
 public:
  PreparedPosts(const PayloadSettings& payloads, const PostForm& form);

  // Returns the requests in turn.
  [[nodiscard]] const test::Post* next() override {
    const test::Post& post = posts_[at_];
    at_ = at_ + 1 == posts_.size() ? 0 : at_ + 1;
    return &post;
  }
  [[nodiscard]] const std::vector<test::Post>& all() const noexcept { return posts_; }
  [[nodiscard]] double mean_body_bytes() const noexcept;

  // Bounds of the number of requests. There are fewer when they are large, so that the load does
  // not displace the gateway from the caches.
  static constexpr std::size_t kMost = 1024;
  static constexpr std::size_t kFewest = 16;
  static constexpr std::size_t kBytes = std::size_t{4} << 20;

 private:
  std::vector<test::Post> posts_;
  std::size_t at_ = 0;
};

}  // namespace gateway::load
