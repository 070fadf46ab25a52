#pragma once
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testkit/post.hpp"
#include "testkit/synthetic_payloads.hpp"

namespace gateway::load {

// How the posts of a run are authenticated.
enum class Signing {
  none,
  hmac,   // X-Cos-Signature, of the time and the body
  bearer  // Authorization: Bearer
};

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
  PreparedPosts(const test::PayloadSettings& payloads, const PostForm& form) {
    const std::string_view close = form.close ? "Connection: close\r\n" : "";
    if (form.only_ask) {
      test::Post get;
      get.wire = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n{}\r\n", form.path, form.host, close);
      posts_.push_back(std::move(get));
      return;
    }
    const std::string hint =
        form.bucket.empty() ? std::string() : fmt::format("X-Cos-Bucket: {}\r\n", form.bucket);
    test::SyntheticPayloads maker(payloads);
    test::SyntheticPost payload;
    std::size_t bytes = 0;
    while (posts_.size() < kFewest || (posts_.size() < kMost && bytes < kBytes)) {
      maker.next(payload);
      const std::string fields =
          fmt::format("{}{}{}", authentication(form, payload.body), hint, close);
      posts_.push_back(
          test::make_post(form.host, form.path, payload.body, payload.records.size(), fields));
      bytes += posts_.back().wire.size();
    }
  }

  // Returns the requests in turn.
  [[nodiscard]] const test::Post* next() override {
    const test::Post& post = posts_[at_];
    at_ = at_ + 1 == posts_.size() ? 0 : at_ + 1;
    return &post;
  }
  [[nodiscard]] const std::vector<test::Post>& all() const noexcept { return posts_; }
  [[nodiscard]] double mean_body_bytes() const noexcept {
    double sum = 0;
    for (const test::Post& post : posts_) sum += post.body_bytes;
    return sum / static_cast<double>(posts_.size());
  }

  // Bounds of the number of requests. There are fewer when they are large, so that the load does
  // not displace the gateway from the caches.
  static constexpr std::size_t kMost = 1024;
  static constexpr std::size_t kFewest = 16;
  static constexpr std::size_t kBytes = std::size_t{4} << 20;

 private:
  static std::string authentication(const PostForm& form, std::string_view body) {
    switch (form.signing) {
      case Signing::none: break;
      case Signing::hmac:
        return fmt::format("X-Cos-Signature: {}\r\n",
                           test::post_signature(form.token, form.time, body));
      case Signing::bearer: return fmt::format("Authorization: Bearer {}\r\n", form.token);
    }
    return {};
  }

  std::vector<test::Post> posts_;
  std::size_t at_ = 0;
};

}  // namespace gateway::load
