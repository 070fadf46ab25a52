#include "runtime/early_signals.hpp"

#include <unistd.h>

#include <csignal>

namespace gateway {
namespace {

volatile std::sig_atomic_t came_first = 0;

extern "C" void keep_signal(int number) {
  if (came_first != 0) _exit(128 + number);
  came_first = number;
}

}  // namespace

EarlySignals::EarlySignals() noexcept {
  came_first = 0;
  struct sigaction action{};
  action.sa_handler = keep_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
}

bool EarlySignals::came() noexcept {
  return came_first != 0;
}

}  // namespace gateway
