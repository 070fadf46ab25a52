#pragma once
#include "soak/outcome.hpp"

// Attacks over real sockets, beside a load of well-behaved clients. Each function carries out one
// attack and returns its effect on the gateway (Outcome::attack); effects beyond the bounds are
// problems of the outcome. The gateway has a core of its own if there are two.
namespace gateway::soak {

// Attacks with 5,000 clients that send heads or bodies one byte at a time. Good posts must
// continue, and the slow clients must be disconnected.
[[nodiscard]] Outcome attack_slow(const Options& options);
// Attacks with clients that announce bodies of gateway.max_body, in total many times
// gateway.max_in_flight, and send hardly anything. Good posts must not be refused.
[[nodiscard]] Outcome attack_bodies(const Options& options);
// Attacks with 10,000 connections within a second from several addresses, half of them beyond the
// limit.
[[nodiscard]] Outcome attack_connections(const Options& options);
// Posts at five times the rate of the eventbus. Memory must stay constant, refusals must be fast,
// and events that can be delivered must be delivered.
[[nodiscard]] Outcome attack_overload(const Options& options);
// Attacks with clients that post without end and never read an answer. The gateway must stop
// reading from them.
[[nodiscard]] Outcome attack_flood(const Options& options);
// Attacks with clients that connect and send nothing, or post and never read. They must be
// disconnected.
[[nodiscard]] Outcome attack_half_open(const Options& options);
// Attacks with connections that are reset (RST) after whole and partial posts.
[[nodiscard]] Outcome attack_reset(const Options& options);

}  // namespace gateway::soak
