#include "testkit/interruption.hpp"

#include <csignal>

namespace gateway::test {
namespace {

volatile std::sig_atomic_t caught = 0;

}  // namespace

void catch_interruption() {
  struct sigaction action{};
  action.sa_handler = [](int) { caught = caught + 1; };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() noexcept {
  return caught != 0;
}

int interruptions() noexcept {
  return caught;
}

}  // namespace gateway::test
