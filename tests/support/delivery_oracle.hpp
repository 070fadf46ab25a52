#pragma once
#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "support/scripted_eventbus.hpp"

namespace gateway::test {

// Knows what was posted and how each post was answered, and says what the eventbus should have
// seen. Every record posted must be unique. Members but check() may be called from any thread.
class DeliveryOracle {
 public:
  // Before the post is sent. Returns the number to report the answer under.
  std::size_t posted(std::vector<std::string> records);
  // Posts that were never answered (the client went away) are simply not reported.
  void answered(std::size_t post, unsigned status);

  [[nodiscard]] std::size_t records() const;
  [[nodiscard]] std::size_t posts_answered(unsigned status) const;

  // What is wrong with `requests`, one line each, at most 20; binary mode, data = the record.
  //  - a record of a post answered 200 that the eventbus never accepted
  //  - a body that nobody posted, or that differs from the record by a byte
  //  - a record under two ids, an id with two records or two times
  [[nodiscard]] std::vector<std::string> check(const Requests& requests) const;

 private:
  struct Post {
    std::vector<std::string> records;
    unsigned status = 0;
  };

  mutable std::mutex mutex_;
  std::vector<Post> posts_;
};

}  // namespace gateway::test
