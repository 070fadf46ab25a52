#pragma once
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "support/scripted_eventbus.hpp"

namespace gateway::test {

// The kit's oracle for what a ScriptedEventbus has recorded, of posts that are made once each:
// records are told apart by their bytes. Every record posted must be unique. Members but check()
// may be called from any thread.
class DeliveryOracle {
 public:
  // Before the post is sent. Returns the number to report the answer under.
  std::size_t posted(std::vector<std::string> records);
  // Posts that were never answered (the client went away) are simply not reported.
  void answered(std::size_t post, unsigned status);

  [[nodiscard]] std::size_t records() const;
  [[nodiscard]] std::size_t posts_answered(unsigned status) const;

  // Returns what is wrong with `requests`, one line each, at most 20; binary mode, data = the
  // record. See Balance::problems.
  [[nodiscard]] std::vector<std::string> check(const Requests& requests) const;

 private:
  struct Posted {
    std::vector<std::string> records;
    unsigned status = 0;
  };

  mutable std::mutex mutex_;
  std::vector<Posted> posts_;
};

}  // namespace gateway::test
