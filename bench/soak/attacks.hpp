#pragma once
#include "soak/scene.hpp"

// Attacks over real sockets, beside a load that behaves. Each function plays one and returns what
// it did to the gateway (Outcome::attack); what exceeds the bounds is a problem of the outcome. The
// gateway has a core of its own where there are two.
namespace gateway::soak {

// Plays 5,000 clients that send heads or bodies a byte at a time. Good posts must go on, and the
// slow clients must be disconnected.
[[nodiscard]] Outcome attack_slow(const Options& options);
// Plays clients that announce bodies of gateway.max_body, together many times
// gateway.max_in_flight, and send hardly anything. Good posts must not be refused.
[[nodiscard]] Outcome attack_bodies(const Options& options);
// Plays 10,000 connections in a second from several addresses, half of them beyond the limit.
[[nodiscard]] Outcome attack_connections(const Options& options);
// Plays five times the posts the eventbus takes. Memory must be flat, refusals quick, and what can
// be delivered must be delivered.
[[nodiscard]] Outcome attack_overload(const Options& options);
// Plays clients that post without end and never read an answer. The gateway must stop reading them.
[[nodiscard]] Outcome attack_flood(const Options& options);
// Plays clients that connect and say nothing, or post and never read. They must be disconnected.
[[nodiscard]] Outcome attack_half_open(const Options& options);
// Plays connections cut with RST, after whole posts and half ones.
[[nodiscard]] Outcome attack_reset(const Options& options);

}  // namespace gateway::soak
