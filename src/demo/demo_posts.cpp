#include "demo/demo_posts.hpp"

namespace gateway::demo {
namespace {

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

DemoPosts::DemoPosts(unsigned max_records, std::string host, std::string target, OnPost on_post,
                     OnEnd on_end)
    : payloads_(test::usual_payloads(max_records)),
      host_(std::move(host)),
      target_(std::move(target)),
      on_post_(std::move(on_post)),
      on_end_(std::move(on_end)) {}

const test::Post* DemoPosts::next() {
  payloads_.happen_at(unix_seconds());
  payloads_.next(payload_);
  auto made = std::make_unique<Made>();
  made->number = count_++;
  made->post = test::make_post(host_, target_, payload_.body, payload_.records.size());
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
