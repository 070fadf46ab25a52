#pragma once
#include "soak/scene.hpp"

// Clients that mean no good, over real sockets, next to a load that does: each says what it did to
// the gateway (Outcome::attack) and misses its bounds if that was more than is allowed. The gateway
// has a core of its own where there are two.
namespace gateway::soak {

// 5,000 clients that send heads or bodies a byte at a time: good posts go on, and they are cut.
[[nodiscard]] Outcome attack_slow(const Options& options);
// Clients that announce bodies of gateway.max_body, many times gateway.max_in_flight together, and
// hardly send any of them: good posts are not refused for it.
[[nodiscard]] Outcome attack_bodies(const Options& options);
// 10,000 connections in a second from several addresses, half of them beyond the limit.
[[nodiscard]] Outcome attack_connections(const Options& options);
// Five times the posts the eventbus takes: memory is flat, refusals are quick, and what can be
// delivered is.
[[nodiscard]] Outcome attack_overload(const Options& options);
// Clients that post without end and never read an answer: they are not read any more.
[[nodiscard]] Outcome attack_flood(const Options& options);
// Clients that connect and vanish, or post and never read: they are ended for being idle.
[[nodiscard]] Outcome attack_half_open(const Options& options);
// Connections cut with RST, whole posts and half ones.
[[nodiscard]] Outcome attack_reset(const Options& options);

}  // namespace gateway::soak
