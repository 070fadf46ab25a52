#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

// The causes of decisions, each named once: by the layer that decides, in counters, log lines and
// answers. label() is the value of a metric's label.
namespace gateway {

// Why an attempt did not count as an acknowledgement and is made again.
enum class RetryReason : std::uint8_t {
  connection,  // refused, reset or closed before the answer
  timeout,     // no answer within delivery.timeout
  protocol,    // an answer that is not HTTP, or one too many
  http_408,
  http_425,
  http_429,
  http_500,
  http_502,
  http_503,
  http_504,
  http_other,  // another 5xx
  count_
};
[[nodiscard]] constexpr const char* label(RetryReason reason) noexcept {
  constexpr std::array names{"connection", "timeout", "protocol", "408", "425",  "429",
                             "500",        "502",     "503",      "504", "other"};
  static_assert(names.size() == static_cast<std::size_t>(RetryReason::count_));
  return names[static_cast<std::size_t>(reason)];
}

// Why an event was given up.
enum class FailReason : std::uint8_t {
  refused,   // the eventbus answered that it never will take it
  deadline,  // delivery.deadline passed
  shutdown,  // the grace period ended first
  storage,   // neither delivered in time nor taken by the spool
  internal,  // an owner moved it where it could not be: a bug
  count_
};
[[nodiscard]] constexpr const char* label(FailReason reason) noexcept {
  constexpr std::array names{"refused", "deadline", "shutdown", "storage", "internal"};
  static_assert(names.size() == static_cast<std::size_t>(FailReason::count_));
  return names[static_cast<std::size_t>(reason)];
}

// Why a record's bucket had its post answered 422 (unknown_bucket: refuse).
enum class BucketRefusal : std::uint8_t {
  unknown,  // no entry of `buckets` names it
  foreign,  // the post is signed with the key of a function that is not the bucket's
  count_
};
[[nodiscard]] constexpr const char* label(BucketRefusal refusal) noexcept {
  constexpr std::array names{"unknown", "foreign"};
  static_assert(names.size() == static_cast<std::size_t>(BucketRefusal::count_));
  return names[static_cast<std::size_t>(refusal)];
}

// Why a post was answered 401.
enum class AuthFailure : std::uint8_t {
  missing,    // neither signature nor bearer token
  malformed,  // not to be understood, or more than one of a kind
  time,       // the signature's is too far from the gateway's
  token,      // a bearer token that is not ours
  signature,  // made with another key, or of another post
  version,    // there are `ce-` fields, and the signature is not of version 2
  replay,     // seen before, within gateway.replay_window
  count_
};
[[nodiscard]] constexpr const char* label(AuthFailure failure) noexcept {
  constexpr std::array names{"missing",   "malformed", "time",  "token",
                             "signature", "version",   "replay"};
  static_assert(names.size() == static_cast<std::size_t>(AuthFailure::count_));
  return names[static_cast<std::size_t>(failure)];
}

// Why a post was answered 503.
enum class Unavailable : std::uint8_t {
  stopping,     // the gateway is to end
  connections,  // gateway.max_connections
  source,       // gateway.max_per_source
  queue,        // delivery.queue
  bytes,        // gateway.max_in_flight
  memory,       // the system gives no more
  storage,      // a store does not take its events
  unhealthy,    // /healthz was asked for, and a loop does not turn
  count_
};
[[nodiscard]] constexpr const char* label(Unavailable why) noexcept {
  constexpr std::array names{"stopping",      "max_connections", "max_per_source", "queue",
                             "max_in_flight", "memory",          "storage",        "unhealthy"};
  static_assert(names.size() == static_cast<std::size_t>(Unavailable::count_));
  return names[static_cast<std::size_t>(why)];
}

// Which limit a client's connection is beyond.
enum class ConnectionLimit : std::uint8_t {
  total,   // gateway.max_connections
  source,  // gateway.max_per_source
  count_
};
[[nodiscard]] constexpr const char* label(ConnectionLimit limit) noexcept {
  constexpr std::array names{"total", "source"};
  static_assert(names.size() == static_cast<std::size_t>(ConnectionLimit::count_));
  return names[static_cast<std::size_t>(limit)];
}

// Why a client's TLS connection ended before its time.
enum class TlsFailure : std::uint8_t {
  timeout,      // the handshake took longer than gateway.request_timeout
  plain_text,   // HTTP without TLS
  certificate,  // none, or not one that gateway.tls.client_ca stands for
  protocol,     // not TLS, nothing both sides know, or what the client refuses
  gone,         // the client left within the handshake
  count_
};
[[nodiscard]] constexpr const char* label(TlsFailure failure) noexcept {
  constexpr std::array names{"timeout", "plain_text", "certificate", "protocol", "gone"};
  static_assert(names.size() == static_cast<std::size_t>(TlsFailure::count_));
  return names[static_cast<std::size_t>(failure)];
}

}  // namespace gateway
