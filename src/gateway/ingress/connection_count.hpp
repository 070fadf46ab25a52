#pragma once
#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "gateway/domain/reasons.hpp"

namespace gateway::ingress {

// Where a connection comes from: an IPv4 address, or the first 64 bits of an IPv6 address, as one
// host has at least a /64. An IPv4 address mapped into IPv6 is that IPv4 address.
class Source {
 public:
  explicit Source(const boost::asio::ip::address& address) noexcept;
  bool operator==(const Source&) const = default;

  struct Hash {
    std::size_t operator()(const Source& source) const noexcept {
      return static_cast<std::size_t>((source.bits_ ^ (source.bits_ >> 32U)) * 0x9E3779B97F4A7C15U);
    }
  };

 private:
  std::uint64_t bits_ = 0;
  bool v6_ = false;
};

// Counts the client connections of the process and of each source, and tells which of them are
// beyond a limit. Shared by the shards' listeners. Thread-safe; used when connections come and go,
// not by posts.
class ConnectionCount {
 public:
  // Holds one connection's part of the count and gives it back when it is destroyed. The count
  // outlives it.
  class [[nodiscard]] Permit {
   public:
    Permit(Permit&& other) noexcept
        : count_(std::exchange(other.count_, nullptr)),
          source_(other.source_),
          beyond_(other.beyond_),
          far_beyond_(other.far_beyond_) {}
    Permit& operator=(Permit&&) = delete;
    ~Permit() {
      if (count_ != nullptr) count_->remove(source_);
    }

    // Returns the limit that the connection exceeds, or nullopt. Such a connection is accepted only
    // to be told so.
    [[nodiscard]] std::optional<ConnectionLimit> beyond() const noexcept { return beyond_; }
    // Returns true if the limit is exceeded by more than 1/8: close without sending 503.
    [[nodiscard]] bool far_beyond() const noexcept { return far_beyond_; }
    // Records whose connection it is, once that is known; for one that was added without.
    void attribute_to(const Source& source) { count_->add_source(*this, source); }
    // Takes the connection as one within the limits, as another one is closed for it.
    void forgive() noexcept {
      beyond_.reset();
      far_beyond_ = false;
    }

   private:
    friend class ConnectionCount;
    explicit Permit(ConnectionCount& count) noexcept : count_(&count) {}

    ConnectionCount* count_;
    std::optional<Source> source_;
    std::optional<ConnectionLimit> beyond_;
    bool far_beyond_ = false;
  };

  // Creates a count with those limits. `per_source` 0: sources are not counted.
  ConnectionCount(std::size_t limit, std::size_t per_source) noexcept
      : limit_(limit), per_source_(per_source) {}
  ConnectionCount(const ConnectionCount&) = delete;
  ConnectionCount& operator=(const ConnectionCount&) = delete;

  // Returns whether connections are counted by source.
  [[nodiscard]] bool counts_sources() const noexcept { return per_source_ != 0; }
  // Returns how many connections there are.
  [[nodiscard]] std::size_t total() const noexcept {
    return total_.load(std::memory_order_relaxed);
  }
  // Returns how many connections there have been.
  [[nodiscard]] std::uint64_t ever() const noexcept {
    return ever_.load(std::memory_order_relaxed);
  }
  // Counts one connection more. `source`: where it comes from, if sources are counted and it is
  // known.
  Permit add(const std::optional<Source>& source = std::nullopt);

 private:
  void add_source(Permit& permit, const Source& source);
  void remove(const std::optional<Source>& source) noexcept;

  const std::size_t limit_;
  const std::size_t per_source_;
  std::atomic<std::size_t> total_{0};
  std::atomic<std::uint64_t> ever_{0};
  std::mutex mutex_;
  std::unordered_map<Source, std::size_t, Source::Hash> by_source_;  // guarded by mutex_
};

}  // namespace gateway::ingress
