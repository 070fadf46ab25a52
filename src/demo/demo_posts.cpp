#include "demo/demo_posts.hpp"

#include <fmt/format.h>

namespace gateway::demo {
namespace {

test::PayloadMix mix(unsigned max_records) {
  test::PayloadMix mix;
  mix.max_records = max_records;
  return mix;
}

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

test::Post post_of(std::string_view host, std::string_view target, std::string_view body,
                   unsigned records) {
  test::Post post;
  post.wire = fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
      "\r\n{}",
      target, host, body.size(), body);
  post.body_bytes = static_cast<std::uint32_t>(body.size());
  post.records = records;
  return post;
}

DemoPosts::DemoPosts(unsigned max_records, std::string host, std::string target, OnPost on_post,
                     OnEnd on_end)
    : payloads_(mix(max_records)),
      host_(std::move(host)),
      target_(std::move(target)),
      on_post_(std::move(on_post)),
      on_end_(std::move(on_end)) {}

const test::Post* DemoPosts::next() {
  payloads_.happen_at(unix_seconds());
  payloads_.next(payload_);
  auto made = std::make_unique<Made>();
  made->number = count_++;
  made->post =
      post_of(host_, target_, payload_.body, static_cast<unsigned>(payload_.records.size()));
  on_post_(made->number, payload_);
  const test::Post* const post = &made->post;
  made_.emplace(post, std::move(made));
  return post;
}

bool DemoPosts::ended(const test::Post& post, unsigned status, std::string_view /*text*/) {
  const auto found = made_.find(&post);
  on_end_(found->second->number, post.records, status);
  made_.erase(found);
  return false;
}

}  // namespace gateway::demo
