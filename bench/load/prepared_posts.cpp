#include "load/prepared_posts.hpp"

#include <fmt/format.h>

#include <utility>

#include "cloud/digest.hpp"

namespace gateway::load {
namespace {

std::string authentication(const PostForm& form, std::string_view body) {
  switch (form.signing) {
    case Signing::none: break;
    case Signing::hmac:
      return fmt::format("X-Cos-Signature: {}\r\n", post_signature(form.token, form.time, body));
    case Signing::bearer: return fmt::format("Authorization: Bearer {}\r\n", form.token);
  }
  return {};
}

}  // namespace

std::string post_signature(std::string_view key, std::int64_t time, std::string_view body) {
  std::string text = fmt::format("{}.", time);
  text += body;
  return fmt::format("t={},v1={}", time, cloud::hex(cloud::hmac_sha256(key, text)));
}

PreparedPosts::PreparedPosts(const PayloadSettings& payloads, const PostForm& form) {
  const std::string_view close = form.close ? "Connection: close\r\n" : "";
  if (form.only_ask) {
    test::Post get;
    get.wire = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n{}\r\n", form.path, form.host, close);
    posts_.push_back(std::move(get));
    return;
  }
  const std::string hint =
      form.bucket.empty() ? std::string() : fmt::format("X-Cos-Bucket: {}\r\n", form.bucket);
  PayloadMaker maker(payloads);
  std::size_t bytes = 0;
  while (posts_.size() < kFewest || (posts_.size() < kMost && bytes < kBytes)) {
    const Payload payload = maker.next();
    const std::string fields =
        fmt::format("{}{}{}", authentication(form, payload.body), hint, close);
    posts_.push_back(test::make_post(form.host, form.path, payload.body, payload.records, fields));
    bytes += posts_.back().wire.size();
  }
}

double PreparedPosts::mean_body_bytes() const noexcept {
  double sum = 0;
  for (const test::Post& post : posts_) sum += post.body_bytes;
  return sum / static_cast<double>(posts_.size());
}

}  // namespace gateway::load
