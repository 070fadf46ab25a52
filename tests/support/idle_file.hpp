#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/egress/segments/file_system.hpp"

namespace gateway::test {

// An empty file on which every call succeeds and has no effect. To be derived from by files of
// which one call matters.
class IdleFile : public egress::File {
 public:
  egress::IoResult<std::size_t> read(std::uint64_t, std::span<char>) override {
    return std::size_t{0};
  }
  egress::IoResult<void> write(std::uint64_t, std::string_view) override { return {}; }
  egress::IoResult<void> sync() override { return {}; }
  egress::IoResult<void> truncate(std::uint64_t) override { return {}; }
  egress::IoResult<void> reserve(std::uint64_t) override { return {}; }
  egress::IoResult<void> punch(std::uint64_t, std::uint64_t) override { return {}; }
  egress::IoResult<egress::FileStatus> status() override { return egress::FileStatus(); }
  egress::IoResult<void> try_lock() override { return {}; }
  void unlock() override {}
};

}  // namespace gateway::test
