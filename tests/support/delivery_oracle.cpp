#include "support/delivery_oracle.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "testkit/oracle.hpp"

namespace gateway::test {
namespace {

RecordMark mark_of(std::string_view record) {
  return {hash_of(record), hash_of(record)};
}

}  // namespace

std::size_t DeliveryOracle::posted(std::vector<std::string> records) {
  const std::lock_guard lock(mutex_);
  posts_.push_back({std::move(records), 0});
  return posts_.size() - 1;
}

void DeliveryOracle::answered(std::size_t post, unsigned status) {
  const std::lock_guard lock(mutex_);
  posts_.at(post).status = status;
}

std::size_t DeliveryOracle::records() const {
  const std::lock_guard lock(mutex_);
  std::size_t total = 0;
  for (const Posted& post : posts_) total += post.records.size();
  return total;
}

std::size_t DeliveryOracle::posts_answered(unsigned status) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count(posts_, status, &Posted::status));
}

std::vector<std::string> DeliveryOracle::check(const Requests& requests) const {
  const std::lock_guard lock(mutex_);
  Oracle oracle(Oracle::Posts::once);
  for (std::uint32_t number = 0; number < posts_.size(); ++number) {
    for (const std::string& record : posts_[number].records) {
      oracle.sent(number, mark_of(record), record);
    }
    oracle.answered(number, posts_[number].status);
  }
  for (const Request& request : requests) {
    const auto answer = request.accepted() ? Oracle::Answer::accepted : Oracle::Answer::refused;
    oracle.arrived(request.headers["ce-id"], mark_of(request.body), answer,
                   request.headers["ce-time"], request.body);
  }
  return oracle.check().problems;
}

}  // namespace gateway::test
