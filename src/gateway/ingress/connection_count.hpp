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

// Where a connection comes from: an IPv4 address or, as that is what one host has at least, the
// first 64 bits of an IPv6 address. IPv4 addresses mapped into IPv6 are IPv4 addresses.
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

// How many client connections the whole process has, and each source; shared by the shards'
// listeners. Thread-safe; touched when connections come and go, not by posts.
class ConnectionCount {
 public:
  // Stands for one connection and gives its place back when it goes. Outlived by the count.
  class [[nodiscard]] Place {
   public:
    Place(Place&& other) noexcept
        : count_(std::exchange(other.count_, nullptr)),
          source_(other.source_),
          beyond_(other.beyond_),
          far_beyond_(other.far_beyond_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (count_ != nullptr) count_->remove(source_);
    }

    // The limit the connection is beyond: it is only there to be told so.
    [[nodiscard]] std::optional<ConnectionLimit> beyond() const noexcept { return beyond_; }
    // So many are beyond it that this one is not even told.
    [[nodiscard]] bool far_beyond() const noexcept { return far_beyond_; }
    // Records whose connection it is, once that is known; for one that was added without.
    void attribute_to(const Source& source) { count_->add_source(*this, source); }
    // Another connection is going instead.
    void forgive() noexcept {
      beyond_.reset();
      far_beyond_ = false;
    }

   private:
    friend class ConnectionCount;
    explicit Place(ConnectionCount& count) noexcept : count_(&count) {}

    ConnectionCount* count_;
    std::optional<Source> source_;
    std::optional<ConnectionLimit> beyond_;
    bool far_beyond_ = false;
  };

  // `per_source` 0: sources are not counted.
  ConnectionCount(std::size_t limit, std::size_t per_source) noexcept
      : limit_(limit), per_source_(per_source) {}
  ConnectionCount(const ConnectionCount&) = delete;
  ConnectionCount& operator=(const ConnectionCount&) = delete;

  [[nodiscard]] bool counts_sources() const noexcept { return per_source_ != 0; }
  // Returns how many connections there are.
  [[nodiscard]] std::size_t total() const noexcept {
    return total_.load(std::memory_order_relaxed);
  }
  // One more; `source` if they are counted.
  Place add(const std::optional<Source>& source = std::nullopt);

 private:
  void add_source(Place& place, const Source& source);
  void remove(const std::optional<Source>& source) noexcept;

  const std::size_t limit_;
  const std::size_t per_source_;
  std::atomic<std::size_t> total_{0};
  std::mutex mutex_;
  std::unordered_map<Source, std::size_t, Source::Hash> by_source_;  // guarded by mutex_
};

}  // namespace gateway::ingress
