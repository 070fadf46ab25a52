#pragma once
#include <chrono>
#include <thread>

namespace gateway::test {

// For what tells nobody that it has changed (counters, a status page, a program that starts):
// looks again and again, with a pause between, until `holds()`. False if it does not within
// `limit`.
template <class Condition>
[[nodiscard]] bool eventually(const Condition& holds,
                              std::chrono::milliseconds limit = std::chrono::seconds(10),
                              std::chrono::milliseconds pause = std::chrono::milliseconds(1)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

}  // namespace gateway::test
