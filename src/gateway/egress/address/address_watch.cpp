#include "gateway/egress/address/address_watch.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>

#include "gateway/egress/address/harmless_request.hpp"
#include "runtime/log.hpp"
#include "runtime/random_seed.hpp"

namespace gateway::egress {
namespace {

using Clock = SteadyClock;

// A name is looked up again after so long, or delivery.max_age if that is shorter: new replicas
// behind it are then found in time.
constexpr std::chrono::milliseconds kLookUpAgain{30'000};
// And so soon where no address works.
constexpr std::chrono::milliseconds kLookUpSoon{500};
constexpr std::chrono::milliseconds kProbeWithin{3000};

}  // namespace

AddressWatch::AddressWatch(Context context, const config::Delivery& settings,
                           const config::Endpoint& endpoint)
    : context_(std::move(context)),
      part_(context_.supervisor, "addresses of the eventbus"),
      endpoint_(endpoint),
      timeout_(settings.timeout),
      look_up_every_(std::min(kLookUpAgain, settings.max_age)),
      request_(harmless_request(endpoint, settings, webhook_origin())),
      book_(settings.retry, random_seed()),
      lookup_(context_.executor),
      wake_(context_.executor),
      looked_up_(context_.executor) {}

void AddressWatch::stop() {
  stopping_ = true;
  lookup_.cancel();
  for (const auto& probe : probes_) probe->asks.cancel();
  wake_.notify_all();
  looked_up_.notify_all();
}

Task<void> AddressWatch::run() {
  while (!stopping_) {
    end_probes();
    const Instant now = Clock::now();
    if (now >= look_up_at_) {
      co_await ask_resolver();
      continue;
    }
    begin_probes(now);
    Instant until = look_up_at_;
    if (book_.size() > 1) until = std::min(until, book_.next_probe());
    co_await wake_.wait_until(until);
  }
  for (end_probes(); !probes_.empty(); end_probes()) co_await wake_.wait();
}

Task<void> AddressWatch::ask_resolver() {
  const Instant deadline = Clock::now() + timeout_;
  auto found =
      co_await lookup_.resolve(endpoint_.dialled_host(), endpoint_.dialled_port(), deadline);
  looked_up_at_ = Clock::now();
  look_up_at_ = looked_up_at_ + look_up_every_;
  if (found) {
    book_.found(*found);
    note_look_up({});
    context_.changed();
  } else {
    note_look_up("name look-up of " + endpoint_.dialled_host() + ": " + found.error().message());
  }
  looked_up_.notify_all();
}

// Where no address is known nothing is delivered, which others log with the reason.
void AddressWatch::note_look_up(std::string problem) {
  if (!stopping_ && !book_.empty() && problem_.empty() != problem.empty()) {
    if (problem.empty()) {
      log::info("the name of the eventbus is found again", {{"target", endpoint_.host_header}});
    } else {
      log::warn("the name of the eventbus is not found; its last addresses are used on",
                {{"target", endpoint_.host_header}, {"reason", problem}});
    }
  }
  problem_ = std::move(problem);
}

Task<void> AddressWatch::look_up(Instant deadline) {
  const Instant asked = Clock::now();
  if (book_.healthy() != 0 || asked - looked_up_at_ < kLookUpSoon) co_return;
  look_up_at_ = asked;
  wake_.notify_all();
  while (!stopping_ && looked_up_at_ < asked && Clock::now() < deadline) {
    co_await looked_up_.wait_until(deadline);
  }
}

void AddressWatch::failed(const tcp::endpoint& address, std::string_view reason) {
  if (book_.is_healthy(address) && book_.has_other(address)) {
    log::warn("an address of the eventbus does not work; events go to its others",
              {{"target", endpoint_.host_header},
               {"address", text_of(address)},
               {"reason", reason},
               {"healthy", book_.healthy() - 1}});
  }
  book_.failed(address, Clock::now());
  context_.changed();
  wake_.notify_all();
}

void AddressWatch::recovered(const tcp::endpoint& address) {
  if (!book_.is_healthy(address)) {
    log::info("an address of the eventbus works again",
              {{"target", endpoint_.host_header}, {"address", text_of(address)}});
  }
  book_.recovered(address);
  context_.changed();
}

// Where there is but one, connections are probes enough.
void AddressWatch::begin_probes(Instant now) {
  if (book_.size() < 2) return;
  while (const auto address = book_.probe(now)) {
    const std::size_t before = probes_.size();
    try {
      probes_.push_back(std::make_unique<Probe>(*this, *address));
      asio::co_spawn(context_.executor, run(*probes_.back()), asio::detached);
    } catch (...) {
      // The address is asked again later.
      book_.failed(*address, now);
      probes_.resize(before);
      throw;
    }
  }
}

Task<void> AddressWatch::run(Probe& probe) {
  const CoroutineLife::Guard life(probe.life);
  const Instant deadline = Clock::now() + std::min(timeout_, kProbeWithin);
  try {
    std::string request = request_;
    probe.answered = co_await probe.asks.answers(probe.address, std::move(request), deadline);
  } catch (...) {
    log::internal_error("probe of an address", std::current_exception());
  }
}

void AddressWatch::end_probes() {
  for (auto it = probes_.begin(); it != probes_.end();) {
    if (!(*it)->done) {
      ++it;
      continue;
    }
    const std::unique_ptr<Probe> probe = std::move(*it);
    it = probes_.erase(it);
    if (stopping_) continue;
    if (probe->answered) {
      recovered(probe->address);
    } else {
      failed(probe->address, probe->asks.problem());
    }
  }
}

}  // namespace gateway::egress
