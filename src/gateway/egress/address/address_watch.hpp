#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/config/endpoint.hpp"
#include "gateway/config/settings.hpp"
#include "gateway/egress/address/address_book.hpp"
#include "gateway/egress/address/answer_probe.hpp"
#include "gateway/egress/address/dialer.hpp"
#include "gateway/transport/transports.hpp"
#include "runtime/asio.hpp"
#include "runtime/coroutine_life.hpp"
#include "runtime/name_lookup.hpp"
#include "runtime/signal.hpp"
#include "runtime/supervisor.hpp"

namespace gateway::egress {

// Keeps one shard's AddressBook: looks the eventbus' name up, now and then and whenever no address
// works, and asks addresses that failed whether they answer again. Owned by the Eventbus, which
// supervises and joins run(). Lives on the shard's thread.
class AddressWatch {
 public:
  struct Context {
    Executor executor;
    transport::Transports& transports;
    Supervisor& supervisor;
    Dialer::NewSession new_session;
    std::function<void()> changed;  // the book has
  };
  AddressWatch(Context context, const config::Delivery& settings, const config::Endpoint& endpoint);
  AddressWatch(const AddressWatch&) = delete;
  AddressWatch& operator=(const AddressWatch&) = delete;

  // Until stop().
  [[nodiscard]] Task<void> run();
  void stop();
  [[nodiscard]] Supervisor::Part& part() noexcept { return part_; }

  [[nodiscard]] AddressBook& book() noexcept { return book_; }
  [[nodiscard]] const AddressBook& book() const noexcept { return book_; }
  // Waits until there are addresses to be tried, looked up of late if none of them works; until
  // `deadline` at most.
  [[nodiscard]] Task<void> look_up(Instant deadline);
  // Why there are none.
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  // The address could not be connected to, or has not answered in time.
  void failed(const tcp::endpoint& address, std::string_view reason);

 private:
  // One address that is asked whether it answers, and the coroutine that does it.
  struct Probe {
    Probe(AddressWatch& watch, tcp::endpoint to)
        : asks(watch.context_.transports, watch.context_.executor, watch.context_.new_session,
               watch.endpoint_.tunnel()),
          address(std::move(to)),
          life([this, &watch] {
            done = true;
            watch.wake_.notify_all();
          }) {}
    AnswerProbe asks;
    const tcp::endpoint address;
    CoroutineLife life;
    bool answered = false;
    bool done = false;
  };
  [[nodiscard]] Task<void> ask_resolver();
  // Takes why a look-up failed, empty if it did not, and logs when that changes.
  void note_look_up(std::string problem);
  void begin_probes(Instant now);
  [[nodiscard]] Task<void> run(Probe& probe);
  // Notes what came of the probes that have ended.
  void end_probes();
  void recovered(const tcp::endpoint& address);

  Context context_;
  Supervisor::Part part_;
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
  std::vector<std::unique_ptr<Probe>> probes_;  // under way, or ended since end_probes()
  bool stopping_ = false;
};

}  // namespace gateway::egress
