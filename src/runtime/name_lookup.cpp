#include "runtime/name_lookup.hpp"

#include <netdb.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_category.hpp>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace gateway {
namespace {

using Endpoints = std::vector<tcp::endpoint>;

// What getaddrinfo(3) fails with, in the system's words.
class ResolverCategory final : public boost::system::error_category {
 public:
  [[nodiscard]] const char* name() const noexcept override { return "resolver"; }
  [[nodiscard]] std::string message(int error) const override { return gai_strerror(error); }
};

const ResolverCategory& resolver_category() noexcept {
  static const ResolverCategory category;
  return category;
}

struct Answer {
  error_code error;
  Endpoints endpoints;
};

Answer ask_system(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int result = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  Answer answer;
  if (result == EAI_SYSTEM) {
    answer.error = error_code(errno, boost::system::system_category());
  } else if (result != 0) {
    answer.error = error_code(result, resolver_category());
  }
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    tcp::endpoint endpoint;
    endpoint.resize(entry->ai_addrlen);
    std::memcpy(endpoint.data(), entry->ai_addr, entry->ai_addrlen);
    endpoint.port(port);
    answer.endpoints.push_back(endpoint);
  }
  if (list != nullptr) freeaddrinfo(list);
  return answer;
}

}  // namespace

// What the thread and the waiter share; lives as long as either. The thread touches the waiter's
// loop only under the lock and while there is a waiter, whose loop then exists.
class NameLookup::Query {
 public:
  void finish(Answer answer) {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(answer);
    finished_ = true;
    if (waiter_) asio::post(waiter_->get_executor(), [waiter = waiter_] { waiter->cancel(); });
  }
  void set_waiter(std::shared_ptr<Timer> waiter) {
    const std::lock_guard lock(mutex_);
    waiter_ = std::move(waiter);
  }
  [[nodiscard]] bool finished() const {
    const std::lock_guard lock(mutex_);
    return finished_;
  }
  [[nodiscard]] boost::system::result<Endpoints> take() {
    const std::lock_guard lock(mutex_);
    if (answer_.error) return answer_.error;
    return std::move(answer_.endpoints);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<Timer> waiter_;
  bool finished_ = false;
  Answer answer_;
};

NameLookup::NameLookup(const Executor& executor) : wait_(std::make_shared<Timer>(executor)) {}

NameLookup::~NameLookup() {
  if (query_) query_->set_waiter(nullptr);
}

void NameLookup::cancel() {
  cancelled_ = true;
  wait_->cancel();
}

Task<boost::system::result<Endpoints>> NameLookup::resolve(std::string host, std::uint16_t port,
                                                           Instant deadline) {
  error_code not_numeric;
  const auto address = asio::ip::make_address(host, not_numeric);
  if (!not_numeric) co_return Endpoints(1, tcp::endpoint(address, port));
  if (!query_) {
    auto query = std::make_shared<Query>();
    try {
      std::thread([query, host, port] { query->finish(ask_system(host, port)); }).detach();
    } catch (const std::system_error& error) {
      co_return error_code(error.code());
    }
    query_ = std::move(query);
  }
  query_->set_waiter(wait_);
  while (!query_->finished() && !cancelled_ && SteadyClock::now() < deadline) {
    wait_->expires_at(deadline);
    co_await wait_->async_wait(tuple);
  }
  query_->set_waiter(nullptr);
  if (cancelled_) co_return error_code(asio::error::operation_aborted);
  if (!query_->finished()) co_return error_code(asio::error::timed_out);
  const auto query = std::exchange(query_, nullptr);
  co_return query->take();
}

}  // namespace gateway
