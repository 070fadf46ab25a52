#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/egress/address_book.hpp"
#include "gateway/egress/answer_probe.hpp"
#include "gateway/egress/dialer.hpp"
#include "gateway/transport/transports.hpp"
#include "runtime/asio.hpp"
#include "runtime/name_lookup.hpp"
#include "runtime/signal.hpp"

namespace gateway::egress {

// Keeps one shard's AddressBook: looks the eventbus' name up, now and then and whenever no address
// works, and asks addresses that failed whether they answer again. Owned by the Eventbus, which
// joins run(). Lives on the shard's thread.
class AddressWatch {
 public:
  struct Context {
    Executor executor;
    transport::Transports& transports;
    Dialer::NewSession new_session;
    std::function<void()> changed;  // the book has
  };
  AddressWatch(Context context, const config::Delivery& settings, const config::Endpoint& endpoint);
  AddressWatch(const AddressWatch&) = delete;
  AddressWatch& operator=(const AddressWatch&) = delete;

  // Until stop().
  [[nodiscard]] Task<void> run();
  void stop();

  [[nodiscard]] AddressBook& book() noexcept { return book_; }
  // Waits until there are addresses to be tried, looked up of late if none of them works; until
  // `deadline` at most.
  [[nodiscard]] Task<void> look_up(Instant deadline);
  // Why there are none.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  // The address could not be connected to, or has not answered in time.
  void failed(const tcp::endpoint& address, std::string_view reason);

 private:
  [[nodiscard]] Task<void> ask_resolver();
  void begin_probes(Instant now);
  [[nodiscard]] Task<void> probe(tcp::endpoint address);
  void recovered(const tcp::endpoint& address);

  Context context_;
  const config::Endpoint& endpoint_;
  const std::chrono::milliseconds timeout_;
  const std::chrono::milliseconds look_up_every_;
  const std::string request_;  // of a probe
  AddressBook book_;
  NameLookup lookup_;
  Signal wake_;
  Signal looked_up_;
  Instant look_up_at_{};
  Instant looked_up_at_{};
  std::string problem_;
  std::vector<AnswerProbe*> probes_;  // under way
  bool stopping_ = false;
};

}  // namespace gateway::egress
