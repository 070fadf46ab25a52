#pragma once
#include <netinet/tcp.h>
#include <sys/types.h>

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/clock.hpp"
#include "simulation/file.hpp"

namespace gateway::simulation {

// An address of the simulated network: IPv4, in host order.
struct Address {
  std::uint32_t host = 0;
  std::uint16_t port = 0;
  auto operator<=>(const Address&) const = default;
};

// What lies between the two ends of a TCP connection.
struct Way {
  std::size_t capacity = std::size_t{256} << 10;  // bytes of a direction: sent and not read
  std::size_t segment = 0;                        // most that arrives at once; 0: all
  std::chrono::milliseconds delay{0};             // of a segment, if there is a bound for it
  bool forgets = false;                           // whatever is sent is dropped from now on
};

// One end of a TCP connection. What is sent is under way until it is delivered to the other end,
// where it waits to be read.
class Stream final : public File, public std::enable_shared_from_this<Stream> {
 public:
  // Has deliver() called after so long.
  using Later = std::function<void(std::chrono::milliseconds, std::function<void()>)>;

  explicit Stream(Later later) : later_(std::move(later)) {}

  [[nodiscard]] std::uint32_t ready() const override;
  // As recv(2) and send(2). Returns how many bytes, or -errno.
  [[nodiscard]] ssize_t receive(std::span<char> into, int flags);
  [[nodiscard]] ssize_t send(std::string_view bytes, Instant now);
  // Ends its own direction, as shutdown(2) with SHUT_WR does.
  void shut_down();
  // Ends both, as close(2) does: with a reset if something was not read, or SO_LINGER says so.
  void close();

  void begin_connecting() { state_ = State::connecting; }
  // Connects two ends.
  static void join(Stream& a, Stream& b, const std::shared_ptr<Way>& way);
  void fail(int error);
  [[nodiscard]] bool connected() const noexcept { return state_ == State::connected; }
  // Returns how many bytes have arrived that were not read.
  [[nodiscard]] std::size_t unread() const noexcept { return arrived_.size() - read_; }
  // Returns whether all that was sent has arrived.
  [[nodiscard]] bool all_arrived() const noexcept { return under_way_.empty(); }
  // Returns whether nothing of it is on its way any more.
  [[nodiscard]] bool over() const noexcept { return state_ == State::over; }
  [[nodiscard]] bool fresh() const noexcept { return state_ == State::fresh; }
  [[nodiscard]] Way* way() noexcept { return way_.get(); }
  // Returns what the other end has sent and will ever send, from what has not been read here on.
  [[nodiscard]] std::shared_ptr<const std::string> follow_peer();
  // Returns what getsockopt(2) says: the error, which is then gone, and TCP_INFO.
  [[nodiscard]] int take_error() noexcept { return std::exchange(error_, 0); }
  [[nodiscard]] tcp_info facts(Instant now) const;

  Address local;
  Address remote;
  bool resets_at_close = false;           // SO_LINGER
  std::chrono::milliseconds gives_up{0};  // TCP_USER_TIMEOUT

 private:
  enum class State : std::uint8_t { fresh, connecting, connected, over };

  // Returns how much more it takes to be sent.
  [[nodiscard]] std::size_t room() const;
  // The next segment of what was sent arrives.
  void deliver();
  void deliver_soon();

  Later later_;
  State state_ = State::fresh;
  std::shared_ptr<Way> way_;
  std::weak_ptr<Stream> peer_;
  std::string under_way_;                  // sent, not arrived
  std::shared_ptr<std::string> followed_;  // what is sent is added
  std::string arrived_;                    // from the other end
  std::size_t read_ = 0;                   // of these
  bool end_sent_ = false;
  bool end_arrived_ = false;  // from the other end
  bool delivering_ = false;
  bool closed_ = false;
  int error_ = 0;
  Instant heard_{};                       // from the other end, last
  std::optional<Instant> unheard_since_;  // something was sent that never arrives
};

}  // namespace gateway::simulation
