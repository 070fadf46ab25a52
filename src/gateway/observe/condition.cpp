#include "gateway/observe/condition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <ranges>
#include <tuple>

#include "gateway/observe/figures.hpp"

namespace gateway::observe {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::chrono::hours kCertificateSoon{7 * 24};
// A spool is reported before it is full, while something can still be done.
constexpr double kNearlyFull = 0.8;
// So many unsigned posts within the window, and no other, are more than strangers who try the port.
constexpr std::uint64_t kMoreThanStrangers = 3;
// Events that wait for longer, while the eventbus gives no answer, are more than a broken
// connection.
constexpr std::chrono::seconds kUnansweredFor{5};

std::uint64_t of(const std::map<unsigned, std::uint64_t>& posts, unsigned status) {
  const auto found = posts.find(status);
  return found == posts.end() ? 0 : found->second;
}

std::uint64_t all(const std::map<unsigned, std::uint64_t>& posts) {
  std::uint64_t sum = 0;
  for (const auto& [status, count] : posts) sum += count;
  return sum;
}

// Returns the reason that has gained most since `then`.
Unavailable most(const Counts<Unavailable>& now, const Counts<Unavailable>& then) {
  Counts<Unavailable> gained{};
  std::ranges::transform(now, then, gained.begin(), std::minus<>());
  return static_cast<Unavailable>(std::ranges::max_element(gained) - gained.begin());
}

// Returns what to do when most posts that get 503 get it for this.
const char* remedy_for(Unavailable why) noexcept {
  switch (why) {
    case Unavailable::connections:
      return "raise gateway.max_connections, or find who opens so many";
    case Unavailable::source: return "raise gateway.max_per_source, or set it to 0 behind a proxy";
    case Unavailable::memory: return "give the process more memory, or lower gateway.max_in_flight";
    case Unavailable::storage:
      return "see the state of the stores in /status: room, permissions, the device";
    case Unavailable::queue:
    case Unavailable::bytes:
      return "the eventbus is slower than posts come, or the limit is too low; `cos-gateway check "
             "--connect` shows the limits";
    case Unavailable::stopping:
    case Unavailable::unhealthy:
    case Unavailable::count_: break;
  }
  return "see the log";
}

// Returns the target to be named: one that is down, else the one with most events that were not
// delivered since `then`, else the one that answered last.
const TargetObservation& worst_target(const Observation& now, const Observation& then) {
  const auto rank = [&](const TargetObservation& target) {
    const auto number = static_cast<std::size_t>(&target - now.targets.data());
    // Figures that are not all read at one moment may fall a little.
    const auto gained =
        static_cast<std::int64_t>(target.undelivered() - then.targets[number].undelivered());
    return std::tuple(target.down, gained, target.last.at);
  };
  return *std::ranges::max_element(now.targets, {}, rank);
}

bool is_usable(const egress::StoreStatus& store) {
  return store.state == egress::StoreState::ok;
}

const char* noun(std::uint64_t count) {
  return count == 1 ? "event" : "events";
}

}  // namespace

const char* label(Health health) noexcept {
  switch (health) {
    case Health::ok: return "ok";
    case Health::degraded: return "degraded";
    case Health::failing: return "failing";
    case Health::stopping: break;
  }
  return "stopping";
}

// What happened within the window.
struct ConditionMonitor::Gain {
  Seconds time{};
  std::uint64_t delivered = 0, retried = 0, refused = 0, timed_out = 0, not_stored = 0,
                dead_lettered = 0, spooled = 0;
  std::uint64_t posts = 0, unauthorised = 0, wrongly_signed = 0, busy = 0;
  Unavailable busiest = Unavailable::count_;  // why most of those are refused
  double spool_bytes_a_second = 0;

  [[nodiscard]] std::uint64_t lost() const noexcept { return refused + timed_out + not_stored; }
};

ConditionMonitor::Gain ConditionMonitor::gain(const Observation& seen) {
  while (past_.size() > 1 && past_[1].now <= seen.now - kWindow) past_.pop_front();
  Gain gain;
  if (!past_.empty()) {
    const Observation& then = past_.front();
    gain.time = seen.now - then.now;
    gain.delivered = seen.delivered - then.delivered;
    gain.retried = seen.retried - then.retried;
    gain.refused = seen.refused - then.refused;
    gain.timed_out = seen.timed_out - then.timed_out;
    gain.not_stored = seen.not_stored - then.not_stored;
    gain.dead_lettered = seen.dead_lettered - then.dead_lettered;
    gain.spooled = seen.spooled - then.spooled;
    gain.posts = all(seen.posts) - all(then.posts);
    gain.unauthorised = of(seen.posts, 401) - of(then.posts, 401);
    gain.wrongly_signed = seen.wrongly_signed - then.wrongly_signed;
    gain.busy = of(seen.posts, 503) - of(then.posts, 503);
    gain.busiest = most(seen.unavailable, then.unavailable);
    const auto first = std::ranges::find_if(past_, [](const auto& one) { return !!one.spool; });
    if (seen.spool && first != past_.end() && first->now < seen.now) {
      const std::uint64_t before = first->spool.value_or(egress::StoreStatus()).backlog_bytes;
      gain.spool_bytes_a_second =
          (static_cast<double>(seen.spool->backlog_bytes) - static_cast<double>(before)) /
          std::chrono::duration<double>(seen.now - first->now).count();
    }
  }
  past_.push_back(seen);
  return gain;
}

bool ConditionMonitor::is_silent(const Observation& seen, const BusAnswer& last) {
  Instant since = seen.now;  // events wait, and none is delivered
  for (const Observation& one : std::views::reverse(past_)) {
    if (one.in_flight == 0 || one.delivered != seen.delivered) break;
    since = one.now;
  }
  if (last.status == 0 && last.at >= since && seen.now - since >= kUnansweredFor) {
    silent_after_ = seen.delivered;
  }
  return silent_after_ == seen.delivered && seen.now - last.at <= kWindow;
}

Condition ConditionMonitor::judge(const Observation& seen) {
  const Gain gained = gain(seen);
  if (seen.stopping) return {Health::stopping, "stopping", ""};

  const TargetObservation& target = worst_target(seen, past_.front());
  const BusAnswer& answer = target.last;
  const std::string bus = fmt::format("the eventbus {} {}", target.url, described(answer));
  const bool others_up =
      target.down && !std::ranges::all_of(seen.targets, &TargetObservation::down);
  const char* const remedy = remedy_for(answer);
  const bool spools = seen.spool && is_usable(*seen.spool);

  // Failing: no event passes.
  if (!seen.eventbus_up && seen.spool && !spools) {
    const std::string_view state = egress::name_of(seen.spool->state);
    return {others_up ? Health::degraded : Health::failing, fmt::format("spool_{}", state),
            fmt::format("{}, and the spool is {}: posts are refused with 503; {}", bus, state,
                        seen.spool->error.empty() ? remedy : seen.spool->error.c_str())};
  }
  const bool tried = gained.lost() + gained.dead_lettered + gained.spooled + gained.retried > 0;
  if (!seen.eventbus_up || (tried && gained.delivered == 0) || is_silent(seen, answer)) {
    // An eventbus that refuses events for good is up, but no event passes: the spool takes none
    // that has its answer.
    const bool refuses =
        seen.eventbus_up && gained.refused + gained.dead_lettered >
                                gained.spooled + gained.timed_out + gained.not_stored;
    const char* consequence = spools ? "events go to the spool" : "posts fail with 502, 503 or 504";
    if (refuses) {
      consequence = gained.dead_lettered > 0 ? "events become dead letters" : "posts fail with 502";
    }
    const bool kept = (spools && !refuses) || others_up;
    return {kept ? Health::degraded : Health::failing, fmt::format("eventbus_{}", answer.status),
            fmt::format("{}; {}; {}", bus, consequence, remedy)};
  }
  const bool none_accepted = gained.unauthorised == gained.posts;
  if (none_accepted && (gained.wrongly_signed > 0 || gained.posts >= kMoreThanStrangers)) {
    return {Health::failing, "unauthorised",
            fmt::format("all posts are refused with 401: who posts {}; `cos-gateway token` prints "
                        "the key this gateway takes, and provisioning gives it to the relay "
                        "function",
                        gained.wrongly_signed > 0 ? "signs with another key" : "does not sign")};
  }
  const bool some_provisioned = seen.buckets_in_trouble < seen.buckets;
  if (seen.provisioning == "failed" && none_accepted && !some_provisioned) {
    return {Health::failing, "provisioning",
            fmt::format("provisioning failed, and no post arrives: {}", seen.provisioning_error)};
  }

  // Degraded: events pass, but an operator has to act.
  for (const bool spool : {true, false}) {
    const auto& store = spool ? seen.spool : seen.dead_letters;
    if (!store || is_usable(*store)) continue;
    return {Health::degraded, spool ? "spool" : "dead_letters",
            fmt::format("the {} cannot be written ({}): {}", spool ? "spool" : "dead-letter store",
                        egress::name_of(store->state), store->error)};
  }
  if (gained.not_stored > 0) {
    return {Health::degraded, "not_stored",
            fmt::format("{} {} not stored within {}, and their posts answered 503; the store takes "
                        "events again",
                        gained.not_stored, noun(gained.not_stored), duration_text(gained.time))};
  }
  if (gained.lost() > 0) {
    return {Health::degraded, "given_up",
            fmt::format("{} {} given up within {}: {}", gained.lost(), noun(gained.lost()),
                        duration_text(gained.time),
                        answer.status == 0 && answer.text.empty()
                            ? "not delivered within delivery.deadline"
                            : fmt::format("{}; {}", bus, remedy))};
  }
  if (gained.dead_lettered > 0) {
    return {Health::degraded, "dead_lettered",
            fmt::format("{} {} became dead letters within {}: {}; {}", gained.dead_lettered,
                        noun(gained.dead_lettered), duration_text(gained.time), bus, remedy)};
  }
  if (gained.posts > 0 && gained.busy * 20 > gained.posts) {
    return {Health::degraded, fmt::format("unavailable_{}", label(gained.busiest)),
            fmt::format("{} of {} posts within {} were refused with 503, most of them by reason "
                        "{}: {}",
                        gained.busy, gained.posts, duration_text(gained.time),
                        label(gained.busiest), remedy_for(gained.busiest))};
  }
  if (seen.spool && seen.spool_max_bytes > 0) {
    const double full =
        static_cast<double>(seen.spool->backlog_bytes) / static_cast<double>(seen.spool_max_bytes);
    if (full >= kNearlyFull && gained.spool_bytes_a_second >= 0) {
      const double left = static_cast<double>(seen.spool_max_bytes - seen.spool->backlog_bytes);
      return {
          Health::degraded, "spool_nearly_full",
          gained.spool_bytes_a_second > 0
              ? fmt::format("the spool is {:.0f} % full, {} left at this rate; bring the eventbus "
                            "back or raise spool.max_bytes",
                            full * 100, duration_text(Seconds(left / gained.spool_bytes_a_second)))
              : fmt::format("the spool is {:.0f} % full; raise spool.max_bytes", full * 100)};
    }
  }
  if (seen.buckets_in_trouble != 0) {
    return {Health::degraded, "buckets",
            fmt::format("{} of {} buckets {} not provisioned: {}: {}", seen.buckets_in_trouble,
                        seen.buckets, seen.buckets_in_trouble == 1 ? "is" : "are",
                        seen.bucket_in_trouble, seen.bucket_error)};
  }
  if (seen.provisioning == "failed" || seen.provisioning == "retrying" ||
      seen.provisioning == "superseded") {
    return {Health::degraded, "provisioning",
            fmt::format("provisioning is {}: {}", seen.provisioning, seen.provisioning_error)};
  }
  if (seen.certificate_left && *seen.certificate_left < kCertificateSoon) {
    const auto hours = std::chrono::floor<std::chrono::hours>(*seen.certificate_left).count();
    return {Health::degraded, "certificate",
            hours < 0 ? std::string("a certificate has expired; replace its files")
                      : fmt::format("a certificate expires in {} hours; replace its files", hours)};
  }
  if (seen.spool && seen.spool->unclaimed > 0) {
    return {Health::degraded, "unclaimed",
            fmt::format("{} {} of the spool {} for targets that are not configured any more: "
                        "configure these again, or stop the gateway and send the events to another "
                        "with `cos-gateway replay --spool --target URL --to URL`",
                        seen.spool->unclaimed, noun(seen.spool->unclaimed),
                        seen.spool->unclaimed == 1 ? "is" : "are")};
  }
  return {};
}

}  // namespace gateway::observe
