#pragma once
#include <sys/fsuid.h>
#include <unistd.h>

#include <thread>
#include <utility>

namespace gateway::test {

// Runs `body` in a thread that may do no more with files than anybody: root may do everything, and
// tests may be run by root. Threads that it starts may do no more either.
template <class Body>
void as_another_user(Body body) {
  constexpr uid_t kNobody = 65534;
  std::thread([body = std::move(body)] {
    if (::geteuid() == 0) {
      ::setfsgid(kNobody);
      ::setfsuid(kNobody);  // of this thread alone
    }
    body();
  }).join();
}

}  // namespace gateway::test
