#include "gateway/checkup/process_fit.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/config/targets.hpp"
#include "gateway/observe/figures.hpp"

namespace gateway::checkup {
namespace {

// The rest is shared out in so many parts: one for events, one for the stores if there are any, the
// others for the bodies of posts.
constexpr std::uint64_t kShares = 4;
// Of the stores' part, what is for dead letters: they come one by one.
constexpr std::uint64_t kDeadLetters = 4;
// As a share of it, what is beside it for the replay of the spool.
constexpr std::uint64_t kReplays = 2;
// Of each target and thread: a post with more events is refused for good.
constexpr std::uint64_t kLeastEvents = 2048;
// A body lies in a buffer of the next power of two.
constexpr std::uint64_t kBuffer = 2;
// What an event takes beside its bytes: its id, its state, what is known of its record, its places
// in queues that double, its request's head. Measured with records of 60 bytes.
constexpr std::uint64_t kEvent = 512;

// Standard streams, log, control loop, signals, a look-up, a file that is read.
constexpr std::size_t kProcess = 32;
// Listener, the loop's epoll set with its event and timer descriptors, and the transports' set.
constexpr std::size_t kThread = 5;
// The admin port's connections, watchers included, and its listener.
constexpr std::size_t kAdmin = 80;
// Of a store: eight segments that are kept open, the one that is appended to, the lock, and files
// that are open for a moment, such as the folder.
constexpr std::size_t kStoreFiles = 12;
// Connections beyond the limit that get an answer 503: an eighth of it, and these
// (ConnectionCount).
constexpr std::size_t kTold = 16;
// Eventbus connections of the process with delivery.connections: auto.
constexpr std::size_t kMostAutomaticLinks = 64;
// The least part of a small limit that is for clients.
constexpr std::size_t kLeastShare = 4;
// What is open of the process, as kProcess, and of a store, where nothing is open for a moment
// only.
constexpr std::size_t kLeastProcess = 16;
constexpr std::size_t kLeastStoreFiles = 4;
// A client that is served, and one that is told that there are too many.
constexpr std::size_t kLeastClients = 2;

// Returns with how many descriptors posts can be taken at all: each thread has one connection to
// the eventbus then.
std::size_t least_descriptors(const config::Settings& settings, unsigned threads) noexcept {
  return kLeastProcess + (kThread + 1) * threads + kLeastStoreFiles * stores_of(settings) +
         kLeastClients;
}

// Returns how many connections fit into so many descriptors, with room for those beyond the limit
// that get an answer 503.
std::size_t clients_within(std::size_t descriptors) noexcept {
  return descriptors <= kTold ? 0
                              : (descriptors - kTold) / 9 * 8 + (descriptors - kTold) % 9 * 8 / 9;
}

void fit_events(ProcessFit& fitted, unsigned threads, std::size_t targets, std::uint64_t share,
                std::uint64_t memory) {
  auto& most = fitted.settings.delivery.queue.events;
  const std::uint64_t fits = std::max(share / kEvent / threads, kLeastEvents * targets);
  if (fits >= most) return;
  fitted.notes.push_back(fmt::format(
      "delivery.queue.events is {} instead of {}, to fit the memory this process may have, {}; "
      "raise the memory limit to take more events at a time",
      fits, most, observe::bytes_text(memory)));
  most = static_cast<std::size_t>(fits);
}

// `parts`: that replay at the same time.
void fit_stores(config::Settings& settings, std::size_t parts, std::uint64_t share) {
  const bool both = stores_of(settings) == 2;
  const std::uint64_t letters = both ? share / kDeadLetters : share;
  settings.spool.memory = static_cast<std::size_t>(both ? share - letters : share);
  settings.dead_letter.memory = static_cast<std::size_t>(letters);
  // While it is written it is there twice, as events and as what is written of them.
  settings.spool.largest = settings.dead_letter.largest = static_cast<std::size_t>(share / 3);
  settings.spool.replay_memory =
      std::max<std::size_t>(static_cast<std::size_t>(share / kReplays) / parts, 1);
}

void fit_posts(ProcessFit& fitted, std::uint64_t fits, std::uint64_t memory) {
  auto& ingress = fitted.settings.ingress;
  if (fits >= ingress.max_in_flight) return;
  if (fits < ingress.max_body) {
    fitted.problem = fmt::format(
        "gateway.max_body: {} does not fit the memory this process may have, {}: lower it, or "
        "raise "
        "the memory limit",
        observe::bytes_text(ingress.max_body), observe::bytes_text(memory));
    return;
  }
  fitted.notes.push_back(fmt::format(
      "gateway.max_in_flight is {} instead of {}, to fit the memory this process may have, {}; "
      "raise the memory limit to take more posts at a time",
      observe::bytes_text(fits), observe::bytes_text(ingress.max_in_flight),
      observe::bytes_text(memory)));
  ingress.max_in_flight = static_cast<std::size_t>(fits);
}

void fit_memory(ProcessFit& fitted, unsigned threads, std::uint64_t memory) {
  config::Settings& settings = fitted.settings;
  const std::uint64_t rest = memory <= kProgramMemory ? 0 : memory - kProgramMemory;
  const std::uint64_t share = rest / kShares;
  const std::uint64_t without_stores = (rest - share) / kBuffer;
  std::uint64_t posts = without_stores;
  const std::size_t targets = config::target_count(settings);
  if (stores_of(settings) != 0) {
    fit_stores(settings, threads * targets, share);
    // The largest post is taken nevertheless, if need be alone.
    const auto largest = std::min<std::uint64_t>(settings.ingress.max_body, without_stores);
    posts = std::max((rest - 2 * share - share / kReplays) / kBuffer, largest);
  }
  fit_posts(fitted, posts, memory);
  if (fitted.problem.empty()) fit_events(fitted, threads, targets, share, memory);
}

void fit_descriptors(ProcessFit& fitted, unsigned threads, std::size_t descriptors) {
  auto& ingress = fitted.settings.ingress;
  const std::size_t least = least_descriptors(fitted.settings, threads);
  if (descriptors < least) {
    fitted.problem = fmt::format(
        "this process may have {} descriptors, and needs {} with {} threads: raise them "
        "(ulimit -n, LimitNOFILE, --ulimit nofile), or lower gateway.threads",
        descriptors, least, threads);
    return;
  }
  const std::size_t others = other_descriptors(fitted.settings, threads);
  const std::size_t rest = descriptors > others ? descriptors - others : 0;
  const std::size_t share =
      std::min(clients_within(descriptors / kLeastShare), descriptors - least);
  const std::size_t fits = std::max({clients_within(rest), share, std::size_t{1}});
  if (fits >= ingress.max_connections) return;
  fitted.notes.push_back(fmt::format(
      "gateway.max_connections is {} instead of {}, to fit the {} descriptors this process may "
      "have; raise them (ulimit -n, LimitNOFILE, --ulimit nofile) to take more clients",
      fits, ingress.max_connections, descriptors));
  ingress.max_connections = fits;
}

}  // namespace

std::size_t stores_of(const config::Settings& settings) noexcept {
  return (settings.spool.path.empty() ? 0U : 1U) + (settings.dead_letter.path.empty() ? 0U : 1U);
}

std::size_t wanted_descriptors(const config::Settings& settings, unsigned threads) {
  const std::size_t clients = settings.ingress.max_connections;
  // One more for what the division in clients_within() leaves over.
  return clients + clients / 8 + kTold + 2 + other_descriptors(settings, threads);
}

std::size_t other_descriptors(const config::Settings& settings, unsigned threads) {
  // A connection to the eventbus may be in the making while the one it replaces is still there.
  const std::size_t links = settings.delivery.connections == 0
                                ? kMostAutomaticLinks
                                : std::size_t{threads} * settings.delivery.connections;
  return kProcess + kAdmin + kThread * threads + 2 * links + kStoreFiles * stores_of(settings);
}

ProcessFit fit(const config::Settings& settings, unsigned threads, const ProcessLimits& limits) {
  ProcessFit fitted;
  fitted.settings = settings;
  if (limits.memory != 0) fit_memory(fitted, threads, limits.memory);
  if (limits.descriptors != 0) fit_descriptors(fitted, threads, limits.descriptors);
  return fitted;
}

}  // namespace gateway::checkup
