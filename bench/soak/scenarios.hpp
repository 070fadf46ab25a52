#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "soak/outcome.hpp"

namespace gateway::soak {

struct Scenario {
  enum class Kind : std::uint8_t {
    plain,
    stored,   // needs --spool
    measure,  // likewise; only if it is named
    attack    // one of --attacks, or if it is named
  };
  std::string_view name;
  std::string_view what;  // for --help
  Outcome (*play)(const Options&);
  Kind kind = Kind::plain;
  // Returns why the scenario cannot run on this machine; empty if it can.
  std::string (*obstacle)() = nullptr;

  [[nodiscard]] bool needs_spool() const { return kind == Kind::stored || kind == Kind::measure; }
  [[nodiscard]] bool only_named() const { return kind == Kind::measure || kind == Kind::attack; }
};

[[nodiscard]] std::span<const Scenario> scenarios();

// Returns why the next one cannot run on this machine; empty if it can.
[[nodiscard]] std::string no_haproxy();
// Runs three gateways behind HAProxy as configured in deploy/haproxy/haproxy.cfg, with a post every
// 10 ms, and restarts each gateway in turn. No post may fail, and no event may be missing.
[[nodiscard]] Outcome rolling_restart(const Options& options);

// Returns why a scenario cannot have a network of its own on this machine; empty if it can.
[[nodiscard]] std::string no_private_network();
// One of four addresses after the other, and several, fall silent and come back.
[[nodiscard]] Outcome addresses(const Options& options);
// The network forgets all connections to the eventbus, again and again.
[[nodiscard]] Outcome forgotten(const Options& options);

// Measure how fast the spool takes events and gives them back. They count events without following
// them; the other scenarios test that nothing is lost.
//
// Measures without an eventbus: records acknowledged per second in posts of 1, 10 and 100 records
// over different numbers of connections, the CPU time of each thread, and the rate of the device
// alone with the same bytes in pieces of the size of a commit.
[[nodiscard]] Outcome spool_rate(const Options& options);
// Measures how fast a backlog is delivered, compared with direct delivery of the same events.
[[nodiscard]] Outcome replay_rate(const Options& options);

// Attacks over real sockets, beside a load of well-behaved clients. Each returns its effect on the
// gateway (Outcome::attack); effects beyond the bounds are problems of the outcome. The gateway has
// a core of its own if there are two.
//
// 5,000 clients send heads or bodies one byte at a time. Good posts must continue, and the slow
// clients must be disconnected.
[[nodiscard]] Outcome attack_slow(const Options& options);
// Clients announce bodies of gateway.max_body, in total many times gateway.max_in_flight, and send
// hardly anything. Good posts must not be refused.
[[nodiscard]] Outcome attack_bodies(const Options& options);
// 10,000 connections come within a second from several addresses, half of them beyond the limit.
[[nodiscard]] Outcome attack_connections(const Options& options);
// Posts come at five times the rate of the eventbus. Memory must stay constant, refusals must be
// fast, and events that can be delivered must be delivered.
[[nodiscard]] Outcome attack_overload(const Options& options);
// Clients post without end and never read an answer. The gateway must stop reading from them.
[[nodiscard]] Outcome attack_flood(const Options& options);
// Clients connect and send nothing, or post and never read. They must be disconnected.
[[nodiscard]] Outcome attack_half_open(const Options& options);
// Connections are reset (RST) after whole and partial posts.
[[nodiscard]] Outcome attack_reset(const Options& options);

}  // namespace gateway::soak
