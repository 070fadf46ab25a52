#include "runtime/service_manager.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "testkit/temporary_folder.hpp"

namespace gateway {
namespace {

// The manager's end of the socket.
class Manager {
 public:
  explicit Manager(const std::string& address) : socket_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::ranges::copy(address, at.sun_path);
    if (address.front() == '@') at.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&at), size), 0);
  }

  // Returns the next message; empty if there is none.
  [[nodiscard]] std::string next() const {
    std::array<char, 4096> text{};
    const ssize_t size = ::recv(socket_.get(), text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(size));
  }

 private:
  Descriptor socket_;
};

void say_everything(const ServiceManager& to) {
  to.ready();
  to.alive();
  to.status("the eventbus is down\nREADY=1\x1b[31m");
  to.stopping();
}

TEST(ServiceManager, IsToldByDatagrams) {
  const test::TemporaryFolder folder;
  for (const std::string& address :
       {(folder.path() / "notify").string(), "@cos-gateway-test-" + std::to_string(::getpid())}) {
    const Manager manager(address);
    const ServiceManager told(address, true);
    EXPECT_TRUE(told.there());
    say_everything(told);
    EXPECT_EQ(manager.next(), "READY=1");
    EXPECT_EQ(manager.next(), "WATCHDOG=1");
    EXPECT_EQ(manager.next(), "STATUS=the eventbus is down?READY=1?[31m") << "one line";
    EXPECT_EQ(manager.next(), "STOPPING=1");
    EXPECT_EQ(manager.next(), "");
  }
}

TEST(ServiceManager, GetsSignsOfLifeOnlyIfItAsksForThem) {
  const test::TemporaryFolder folder;
  const Manager manager((folder.path() / "notify").string());
  const ServiceManager told((folder.path() / "notify").string(), false);
  told.alive();
  EXPECT_EQ(manager.next(), "");
}

TEST(ServiceManager, NeedNotBeThere) {
  const test::TemporaryFolder folder;
  const std::string nobody = (folder.path() / "nobody").string();
  for (const std::string& address :
       {std::string(), std::string("relative"), std::string(200, '/'), nobody}) {
    const ServiceManager told(address, true);
    EXPECT_EQ(told.there(), address == nobody);
    say_everything(told);  // and nothing happens
  }
}

TEST(ServiceManager, IsFoundInTheEnvironment) {
  const test::TemporaryFolder folder;
  const std::string address = (folder.path() / "notify").string();
  const Manager manager(address);
  ::setenv("NOTIFY_SOCKET", address.c_str(), 1);
  ::setenv("WATCHDOG_USEC", "30000000", 1);
  ::setenv("WATCHDOG_PID", "1", 1);
  ServiceManager::of_environment().alive();
  EXPECT_EQ(manager.next(), "") << "another process is watched";
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  ServiceManager::of_environment().alive();
  EXPECT_EQ(manager.next(), "WATCHDOG=1");
  for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
  EXPECT_FALSE(ServiceManager::of_environment().there());
}

}  // namespace
}  // namespace gateway
