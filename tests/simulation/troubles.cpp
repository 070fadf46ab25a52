// What happens to a world: clients, and everything that goes wrong.
#include <fmt/format.h>

#include <algorithm>

#include "simulation/living_world.hpp"
#include "support/payloads.hpp"

namespace gateway::simulation {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

// What a post for a target that is well may take: some turns, on a plain way.
constexpr milliseconds kAtOnce{500};

std::string given_id(Oracle::Record record) {
  return fmt::format("given-{}", record);
}

// CloudEvents, as a client that makes them itself posts them.
std::string batch_of(const std::vector<std::string>& data,
                     const std::vector<Oracle::Record>& records) {
  std::string batch = "[";
  for (std::size_t i = 0; i < data.size(); ++i) {
    batch += fmt::format(
        R"({}{{"specversion":"1.0","id":"{}","source":"client","type":"test","data":{}}})",
        i == 0 ? "" : ",", given_id(records[i]), data[i]);
  }
  return batch + "]";
}

}  // namespace

void LivingWorld::plan(Milliseconds after, std::function<void(Random&)> happens) {
  const std::uint32_t number = result_.planned++;
  if (without_.contains(number)) return;
  Random own(seed_ ^ (std::uint64_t{number} + 1) << 32U);
  schedule_.after(after, [own, happens = std::move(happens)]() mutable { happens(own); });
}

void LivingWorld::plan_some(std::uint64_t least, std::uint64_t most,
                            void (LivingWorld::*change)(Random&)) {
  for (std::uint64_t i = random_.between(least, most); i != 0; --i) {
    plan(milliseconds(random_.between(1, 7000)),
         [this, change](Random& random) { (this->*change)(random); });
  }
}

void LivingWorld::plan_clients() {
  for (std::uint64_t i = random_.between(1, 25); i != 0; --i) {
    plan(milliseconds(random_.between(0, 7000)), [this](Random& random) { begin_client(random); });
  }
}

void LivingWorld::plan_troubles() {
  plan_some(1, 6, &LivingWorld::change_eventbus);
  plan_some(0, 2, &LivingWorld::change_way);
  plan_some(0, 3, &LivingWorld::change_device);
  if (random_.in_thousand(250)) plan_some(1, 3, &LivingWorld::set_clock);
  if (one_is_well_) return;
  if (random_.in_thousand(250)) plan_some(1, 6, &LivingWorld::refuse_memory);
  if (random_.in_thousand(250)) plan_some(1, 2, &LivingWorld::crash);
}

std::string LivingWorld::data_of(std::string record) const {
  if (settings_.event.redact.empty()) return record;
  const std::string name = fmt::format("\"{}\":", kRedacted);
  const auto value = record.find(name) + name.size();
  const auto end = record.find('"', value + 1);
  return record.replace(value, end + 1 - value, "\"\"" + std::string(end - 1 - value, ' '));
}

std::string LivingWorld::credentials(bool good) const {
  if (settings_.ingress.token.empty()) return {};
  return fmt::format("Authorization: Bearer {}{}\r\n", kToken, good ? "" : " of somebody else");
}

std::string LivingWorld::draw_record(Random& random, std::size_t bucket, Oracle::Record record,
                                     const Draft& draft) {
  std::string key = Oracle::mark(record);
  if (random.in_thousand(50)) key += Eventbus::kCulprit;
  const bool several = targets_.size() > 1;
  const bool left_out =
      process_->targets() > 1 && bucket < process_->targets() && random.in_thousand(50);
  if (left_out) key += kLeftOut;
  std::string text = test::cos_record(key);
  constexpr std::string_view kBucket = "pictures";
  for (auto at = text.find(kBucket); several && at != text.npos; at = text.find(kBucket, at + 1)) {
    text.replace(at, kBucket.size(), bucket_of(bucket));
  }
  if (random.in_thousand(30)) text.insert(1, random.between(2'000, 12'000), ' ');
  // Where the configuration names a target no more its records go where the top level says.
  const std::size_t target = bucket < process_->targets() ? bucket : 0;
  oracle_.expect(record, left_out || !draft.wanted ? std::nullopt : std::optional(target),
                 data_of(text), draft.events ? given_id(record) : std::string());
  return text;
}

Client::Request LivingWorld::draw_post(Random& random, bool alone) {
  const std::uint64_t count = random.in_thousand(50) ? 0 : random.between(1, 8);
  const bool mixed = random.in_thousand(300);
  const std::size_t bucket = random.between(0, targets_.size() - 1);
  const bool malformed = random.in_thousand(30);
  const bool stranger = !settings_.ingress.token.empty() && random.in_thousand(50);
  const Draft draft{.wanted = !malformed && !stranger,
                    .events = targets_.size() == 1 && random.in_thousand(150)};
  Client::Request request;
  request.post.unwanted = !draft.wanted;
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < count; ++i) {
    request.post.records.push_back(++last_record_);
    const std::size_t of = mixed ? random.between(0, targets_.size() - 1) : bucket;
    texts.push_back(draw_record(random, of, last_record_, draft));
  }
  std::string fields = credentials(!stranger);
  if (!mixed && targets_.size() > 1 && random.in_thousand(700)) {
    fields += fmt::format("X-Cos-Bucket: {}-1250000000\r\n", bucket_of(bucket));
    if (alone && draft.wanted && one_is_well_ && bucket + 1 == targets_.size()) {
      request.post.due = kAtOnce;
      texts.resize(std::min<std::size_t>(texts.size(), 2));  // within max_body
      request.post.records.resize(texts.size());
    }
  }
  ++result_.posts;
  result_.records += count;
  if (draft.events) fields += "Content-Type: application/cloudevents-batch+json\r\n";
  std::string body =
      draft.events ? batch_of(texts, request.post.records) : test::cos_payload(texts);
  if (malformed) body.pop_back();
  constexpr Client::Body kBodies[] = {Client::Body::length, Client::Body::length,
                                      Client::Body::length, Client::Body::chunks,
                                      Client::Body::after_leave};
  request.text = Client::text_of(fields, body, random.of(kBodies));
  tell(fmt::format("post of {} {} from {}{}{}{}", count, draft.events ? "events" : "records",
                   request.post.records.empty() ? 0 : request.post.records.front(),
                   mixed                 ? std::string(", mixed")
                   : targets_.size() > 1 ? fmt::format(" for {}", bucket)
                                         : std::string(),
                   malformed ? ", malformed" : "", stranger ? ", of a stranger" : ""));
  return request;
}

void LivingWorld::begin_client(Random& random) {
  Client::Manners manners = draw_client(random);
  const std::uint64_t posts = random.in_thousand(700) ? 1 : random.between(2, 5);
  std::vector<Client::Request> requests;
  while (requests.size() < posts) requests.push_back(draw_post(random, posts == 1));
  if (requests.front().post.due) manners = Client::Manners();
  if (posts != 1) tell(fmt::format("of one client{}", manners.pipelines ? ", at once" : ""));
  if (manners.leaves || manners.sends_half || manners.half_closes) {
    note(Fault::client);
    tell(fmt::format("the client{}{}{}", manners.leaves ? " leaves" : "",
                     manners.sends_half ? " sends half of the last" : "",
                     manners.half_closes ? " half-closes" : ""));
  }
  clients_.emplace_back(schedule_, random, oracle_, shard().port(), std::move(requests), manners);
}

void LivingWorld::refuse_memory(Random& random) {
  const std::uint64_t times = random.between(1, 4);
  const std::uint64_t after = random.between(0, 60);
  tell(fmt::format("{} allocations are refused after {}", times, after));
  note(Fault::allocation, times);
  test::AllocationCounter::refuse(after, times);
}

std::size_t LivingWorld::draw_troubled(Random& random) const {
  return random.between(0, targets_.size() - (one_is_well_ ? 2 : 1));
}

void LivingWorld::change_eventbus(Random& random) {
  const std::size_t target = draw_troubled(random);
  const Eventbus::Manners manners = draw_eventbus(random);
  tell(fmt::format(
      "eventbus {}: refuses {} fails {} cuts {}/{} silent {} odd {} ends {} slow {} "
      "early {}/{} culprits {} most {}",
      target, manners.refuses, manners.fails, manners.cuts_unread, manners.cuts_taken,
      manners.stays_silent, manners.answers_oddly, manners.ends_after, manners.slowest.count(),
      manners.fails_early, manners.takes_early, manners.culprits, manners.most_body));
  buses_[target]->behave(manners);
  if (!random.in_thousand(300)) return;
  tell(fmt::format("eventbus {} down", target));
  buses_[target]->go_down();
  schedule_.after(milliseconds(random.between(10, 4000)), [this, target] {
    tell(fmt::format("eventbus {} up", target));
    buses_[target]->come_up();
  });
}

// Connections are forgotten, or a host is in trouble.
void LivingWorld::change_way(Random& random) {
  if (!random.in_thousand(400)) {
    change_host(random);
    return;
  }
  const unsigned share = random.in_thousand(500) ? 1000 : 400;
  tell(fmt::format("of {} in 1000 connections nothing is known any more on the way", share));
  note(Fault::forgotten);
  network_.forget_if([&](Address to) {
    return to.port == Eventbus::kPort && !is_well(to.host) && random.in_thousand(share);
  });
}

// One host is dead, refuses connections or hangs, and comes back.
void LivingWorld::change_host(Random& random) {
  enum class Trouble : std::uint8_t { silent, refuses, hangs };
  constexpr Trouble kTroubles[] = {Trouble::silent, Trouble::refuses, Trouble::hangs};
  constexpr std::string_view kWords[] = {"is silent", "refuses", "hangs"};
  const std::size_t target = draw_troubled(random);
  const std::size_t host = random.between(0, targets_[target].hosts.size() - 1);
  const Trouble trouble = random.of(kTroubles);
  const auto set = [this, target, host, trouble](bool bad) {
    switch (trouble) {
      case Trouble::silent: network_.silence(targets_[target].hosts[host], bad); break;
      case Trouble::hangs: buses_[target]->hang(host, bad); break;
      case Trouble::refuses: bad ? buses_[target]->refuse(host) : buses_[target]->listen(host);
    }
  };
  tell(fmt::format("host {} of target {} {}", host, target,
                   kWords[static_cast<std::size_t>(trouble)]));
  note(Fault::host);
  set(true);
  schedule_.after(milliseconds(random.between(10, 6000)), [this, target, host, set] {
    tell(fmt::format("host {} of target {} is back", host, target));
    set(false);
  });
}

void LivingWorld::change_device(Random& random) {
  Device& device = random.in_thousand(500) ? spool_ : dead_letters_;
  constexpr milliseconds kSlowest[] = {0ms, 20ms, 500ms, 3000ms, 15'000ms};
  constexpr unsigned kFailing[] = {0, 0, 300, 1000};
  const milliseconds slowest = random.of(kSlowest);
  const unsigned failing = random.of(kFailing);
  device.behave(slowest, failing);
  const bool breaks = random.in_thousand(200);
  const bool lies = random.in_thousand(200);
  tell(fmt::format("{}: slow {} failing {}{}{}", &device == &spool_ ? "spool" : "dead letters",
                   slowest.count(), failing, breaks ? ", broken" : "", lies ? ", lies" : ""));
  if (lies) {
    note(Fault::lying_sync);
    device.lies();
  }
  if (breaks) {
    device.breaks(random.in_thousand(500) ? egress::StoreState::full : egress::StoreState::failing);
  }
  if (!breaks && !lies) return;
  schedule_.after(milliseconds(random.between(10, 4000)), [&device] { device.mends(); });
}

// Somebody or something sets the system's time; nothing that waits may depend on it.
void LivingWorld::set_clock(Random& random) {
  constexpr std::chrono::seconds kSteps[] = {-1s, 1s, -3600s, 3600s, -86400s * 400, 86400s * 400};
  const std::chrono::seconds step = random.of(kSteps);
  tell(fmt::format("the wall clock is set by {} s", step.count()));
  note(Fault::clock_step);
  schedule_.wall_offset += step;
}

// What the gateway was about is lost: its clients, what was on its way to the disks, its leases. It
// may be started again without the last target.
void LivingWorld::crash(Random& random) {
  if (ending_) return;
  const bool power_cut = random.in_thousand(500);
  const bool less = targets_.size() > 1 && random.in_thousand(300);
  crash(power_cut, targets_.size() - (less ? 1 : 0));
}

void LivingWorld::crash(bool power_cut, std::size_t targets) {
  tell(
      fmt::format("{} and restarted with {} targets", power_cut ? "power cut" : "killed", targets));
  note(power_cut ? Fault::power_cut : Fault::kill);
  if (targets < targets_.size()) note(Fault::less_targets);
  clients_.clear();
  for (Device* const device : {&spool_, &dead_letters_}) {
    device->loses_owner(power_cut ? Device::End::power_cut : Device::End::killed);
  }
  end_shard(schedule_.now());
  begin_gateway(targets);
}

void LivingWorld::become_well() {
  tell("the world is well");
  test::AllocationCounter::refuse_no_more();
  for (const auto& bus : buses_) {
    bus->behave({});
    bus->come_up();
  }
  for (std::size_t target = 0; target < targets_.size(); ++target) {
    for (std::size_t host = 0; host < targets_[target].hosts.size(); ++host) {
      network_.silence(targets_[target].hosts[host], false);
      buses_[target]->hang(host, false);
    }
  }
  for (Device* const device : {&spool_, &dead_letters_}) {
    device->behave(5ms, 0);
    device->mends();
  }
  // What was kept for a target that the configuration did not name any more was only kept.
  if (process_->targets() < targets_.size()) crash(false, targets_.size());
}

}  // namespace gateway::simulation
