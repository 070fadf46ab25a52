#include "simulation/eventbus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "simulation/acceptance.hpp"
#include "simulation/network.hpp"

namespace gateway::simulation {
namespace {

std::string failing_answer(Random& random) {
  constexpr const char* kStatus[] = {"503 Service Unavailable", "500 Internal Server Error",
                                     "429 Too Many Requests"};
  const char* const later = random.in_thousand(300) ? "Retry-After: 1\r\n" : "";
  return fmt::format("HTTP/1.1 {}\r\n{}Content-Length: 0\r\n\r\n", random.of(kStatus), later);
}

// The gateway's requests give Content-Length, always.
std::size_t length_of(std::string_view head) {
  constexpr std::string_view kName = "content-length: ";
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  const auto at = std::search(head.begin(), head.end(), kName.begin(), kName.end(),
                              [&](char a, char b) { return lower(a) == b; });
  std::size_t length = 0;
  if (at != head.end()) {
    const char* const digits = head.data() + (at - head.begin()) + kName.size();
    std::from_chars(digits, head.data() + head.size(), length);
  }
  return length;
}

}  // namespace

Eventbus::Eventbus(Schedule& schedule, std::uint64_t seed, Oracle& oracle, std::size_t target,
                   const std::vector<std::uint32_t>& hosts)
    : schedule_(schedule), random_(seed), oracle_(oracle), target_(target) {
  for (const std::uint32_t host : hosts) listeners_.emplace_back(host, kPort);
}

void Eventbus::go_down() {
  for (std::size_t host = 0; host < listeners_.size(); ++host) refuse(host);
}

void Eventbus::come_up() {
  for (std::size_t host = 0; host < listeners_.size(); ++host) listen(host);
}

void Eventbus::refuse(std::size_t host) {
  connections_.remove_if([&](Connection& connection) {
    if (connection.host != host) return false;
    connection.socket.reset();
    return true;
  });
  listeners_[host].refuse();
}

void Eventbus::listen(std::size_t host) {
  if (!listeners_[host].listening()) listeners_[host].listen();
}

void Eventbus::hang(std::size_t host, bool hangs) {
  if (!hangs) {
    hung_.erase(host);
    return;
  }
  hung_.insert(host);
  for (Connection& connection : connections_) {
    if (connection.host == host) connection.silent = true;
  }
}

Eventbus::Connection* Eventbus::find(unsigned number) {
  const auto found = std::ranges::find(connections_, number, &Connection::number);
  return found == connections_.end() ? nullptr : &*found;
}

bool Eventbus::step() {
  bool any = false;
  for (std::size_t host = 0; host < listeners_.size(); ++host) {
    for (Socket socket = listeners_[host].accept(); socket.open();
         socket = listeners_[host].accept()) {
      Connection& connection = connections_.emplace_back();
      connection.socket = std::move(socket);
      connection.number = ++numbers_;
      connection.host = host;
      connection.silent = hung_.contains(host);
      any = true;
    }
  }
  for (auto it = connections_.begin(); it != connections_.end();) {
    any = step(*it) || any;
    it = it->socket.open() ? std::next(it) : connections_.erase(it);
  }
  return any;
}

bool Eventbus::step(Connection& connection) {
  const std::size_t had = connection.in.size();
  const bool goes_on = connection.socket.receive(connection.in);
  bool any = connection.in.size() != had || !goes_on;
  look_at_early(connection);
  while (!connection.silent && take_request(connection)) any = true;
  if (!connection.out.empty()) {
    std::string_view bytes = connection.out;
    if (manners_.most_written != 0)
      bytes = bytes.substr(0, random_.between(1, manners_.most_written));
    const auto sent = connection.socket.send(bytes);
    if (sent) connection.out.erase(0, *sent);
    any = any || (sent && *sent != 0);
  }
  const bool through = connection.closes && connection.out.empty() && connection.owed == 0;
  if (connection.cuts) {
    connection.socket.reset();
  } else if (!goes_on || through) {
    connection.socket.close();
  }
  return any || !connection.socket.open();
}

bool Eventbus::take_request(Connection& connection) {
  const auto end = connection.in.find("\r\n\r\n");
  if (end == connection.in.npos) return false;
  const std::size_t size = end + 4 + length_of(std::string_view(connection.in).substr(0, end + 2));
  if (connection.in.size() < size) {
    if (connection.taken_early != 0) return false;
    if (manners_.fails_early != 0 && random_.in_thousand(manners_.fails_early)) {
      fail_early(connection);
      return true;
    }
    if (random_.in_thousand(manners_.takes_early)) {
      take_early(connection, size);
      return true;
    }
    return false;
  }
  if (std::exchange(connection.taken_early, 0) != 0) {
    oracle_.arrived(std::string_view(connection.in).substr(0, size), target_);
    connection.in.erase(0, size);
    return true;
  }
  const std::string request = connection.in.substr(0, size);
  connection.in.erase(0, size);
  ++requests;
  answer(connection, request);
  return true;
}

void Eventbus::fail_early(Connection& connection) {
  ++oddities;
  connection.silent = connection.closes = true;
  plan(connection, failing_answer(random_), false);
}

void Eventbus::take_early(Connection& connection, std::size_t size) {
  ++early;
  connection.taken_early = size;
  connection.left = Network::current()->stream(connection.socket.handle())->follow_peer();
  connection.before_left = connection.in;
  plan(connection, draw_acceptance(random_), false);
}

// An event is delivered when it has wholly left the gateway and is answered, whatever becomes of
// the connection.
void Eventbus::look_at_early(Connection& connection) {
  if (connection.taken_early == 0) return;
  const std::string all = connection.before_left + *connection.left;
  if (all.size() >= connection.taken_early) {
    oracle_.arrived(std::string_view(all).substr(0, connection.taken_early), target_);
  }
}

void Eventbus::answer(Connection& connection, std::string_view request) {
  if (manners_.most_body != 0 && request.size() > manners_.most_body) {
    refuse(connection, request, 413);
    return;
  }
  if (manners_.culprits != 0 && request.find(kCulprit) != request.npos) {
    refuse(connection, request, manners_.culprits);
    return;
  }
  unsigned dice = static_cast<unsigned>(random_.between(0, 999));
  const auto falls_on = [&](unsigned share) {
    const bool it = dice < share;
    dice -= it ? 0 : share;
    if (it) ++oddities;
    return it;
  };
  if (falls_on(manners_.refuses)) {
    refuse(connection, request, 400);
  } else if (falls_on(manners_.fails)) {
    plan(connection, failing_answer(random_), false);
  } else if (falls_on(manners_.cuts_unread)) {
    connection.silent = connection.cuts = true;
  } else if (falls_on(manners_.cuts_taken)) {
    oracle_.arrived(request, target_);
    connection.silent = true;
    std::string answer = draw_acceptance(random_);
    answer.resize(random_.between(0, answer.find("\r\n\r\n") + 3));
    plan(connection, std::move(answer), true);
  } else if (falls_on(manners_.stays_silent)) {
    oracle_.arrived(request, target_);
    connection.silent = true;
  } else if (falls_on(manners_.answers_oddly)) {
    connection.silent = true;
    plan(connection, "what?\r\n\r\n", false);
  } else if (falls_on(manners_.ends_after)) {
    oracle_.arrived(request, target_);
    connection.silent = connection.closes = true;
    plan(connection, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", false);
  } else {
    oracle_.arrived(request, target_);
    plan(connection, draw_acceptance(random_), false);
  }
}

void Eventbus::refuse(Connection& connection, std::string_view request, unsigned status) {
  ++oddities;
  if (Oracle::records_in(request).size() > 1) ++batches_refused;
  oracle_.refused(request);
  plan(connection, fmt::format("HTTP/1.1 {} Refused\r\nContent-Length: 2\r\n\r\nno", status),
       false);
}

// Answers of one connection keep their order: each is planned no earlier than the one before it.
void Eventbus::plan(Connection& connection, std::string bytes, bool then_cut) {
  const auto write = [this, number = connection.number, bytes = std::move(bytes), then_cut] {
    Connection* const to = find(number);
    if (to == nullptr) return;
    --to->owed;
    to->out += bytes;
    if (then_cut) to->closes = true;
  };
  ++connection.owed;
  const auto delay = random_.between(0, static_cast<std::uint64_t>(manners_.slowest.count()));
  connection.last_due =
      std::max(connection.last_due, schedule_.now() + std::chrono::milliseconds(delay));
  schedule_.at(connection.last_due, write);
}

}  // namespace gateway::simulation
