#include "support/delivery_oracle.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace gateway::test {

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
  for (const Post& post : posts_) total += post.records.size();
  return total;
}

std::size_t DeliveryOracle::posts_answered(unsigned status) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(
      posts_.begin(), posts_.end(), [&](const Post& post) { return post.status == status; }));
}

std::vector<std::string> DeliveryOracle::check(const Requests& requests) const {
  constexpr std::size_t kEnough = 20;
  const std::lock_guard lock(mutex_);
  std::vector<std::string> violations;
  const auto violation = [&](std::string text) {
    if (violations.size() < kEnough) violations.push_back(std::move(text));
  };

  struct Seen {
    std::string_view id;
    std::string_view time;
    bool accepted = false;
  };
  std::unordered_map<std::string_view, Seen> by_record;
  for (const Post& post : posts_) {
    for (const std::string& record : post.records) by_record.emplace(record, Seen{});
  }
  std::unordered_map<std::string_view, std::string_view> record_of_id;
  for (const Request& request : requests) {
    const auto found = by_record.find(request.body);
    if (found == by_record.end()) {
      violation(
          fmt::format("request {} carries what nobody posted: {}", request.index, request.body));
      continue;
    }
    const std::string_view id = request.headers["ce-id"];
    const std::string_view time = request.headers["ce-time"];
    Seen& seen = found->second;
    if (seen.id.empty()) {
      seen.id = id;
      seen.time = time;
    }
    if (seen.id != id) violation(fmt::format("one record came as {} and as {}", seen.id, id));
    if (seen.time != time) violation(fmt::format("event {} changed its time", id));
    const auto [owner, fresh] = record_of_id.emplace(id, found->first);
    if (!fresh && owner->second != found->first) {
      violation(fmt::format("id {} was given to two records", id));
    }
    seen.accepted = seen.accepted || request.accepted();
  }
  for (std::size_t number = 0; number < posts_.size(); ++number) {
    if (posts_[number].status != 200) continue;
    for (const std::string& record : posts_[number].records) {
      if (!by_record[record].accepted) {
        violation(
            fmt::format("post {} was answered 200, but its record was lost: {}", number, record));
      }
    }
  }
  return violations;
}

}  // namespace gateway::test
