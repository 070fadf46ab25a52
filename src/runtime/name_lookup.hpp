#pragma once
#include <boost/system/result.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runtime/asio.hpp"
#include "runtime/clock.hpp"

namespace gateway {

// Asks the system's resolver for the addresses of a host. As getaddrinfo(3) cannot be interrupted,
// it runs on a thread of its own that is left behind when nobody waits any more: neither the end of
// a loop nor that of the process waits for a name server. At most one such thread an object: a
// look-up that outlasts its deadline serves the next one. One resolve() at a time.
class NameLookup {
 public:
  explicit NameLookup(const Executor& executor);
  // Not while a resolve() is under way.
  ~NameLookup();
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  // Always for the same host. A numeric address is answered at once. Errors: what getaddrinfo says,
  // asio::error::timed_out at the deadline, asio::error::operation_aborted after cancel().
  [[nodiscard]] Task<boost::system::result<std::vector<tcp::endpoint>>> resolve(std::string host,
                                                                                std::uint16_t port,
                                                                                Instant deadline);
  // Ends the resolve() under way, and every later one.
  void cancel();

 private:
  class Query;
  std::shared_ptr<Timer> wait_;
  std::shared_ptr<Query> query_;
  bool cancelled_ = false;
};

}  // namespace gateway
