#pragma once
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gateway::ingress {

// A balancer in front makes connections of its own, so that the address of the client is not the
// socket's. It says whose connection it is in a header in front of all else: version 1 (a line) or
// 2 (binary) of HAProxy's PROXY protocol. This reads such a header. Pure.
class ProxyHeader {
 public:
  // Longer ones are refused: nobody has so many type-length-values to say.
  static constexpr std::size_t kMost = 4096;

  enum class State : std::uint8_t {
    incomplete,
    complete,
    absent,  // the connection begins with something else
    malformed
  };

  // Returns what the first bytes of a connection are. `bytes`: all of them, from the first on, of
  // which kMost are enough.
  [[nodiscard]] static ProxyHeader read(std::string_view bytes);

  [[nodiscard]] State state() const noexcept { return state_; }
  // Returns how many bytes the header takes; once it is complete.
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  // Returns whose connection it is, or nullopt if it is the balancer's own (its health check), or
  // of a kind that has no TCP address: then the socket's peer is meant.
  [[nodiscard]] const std::optional<boost::asio::ip::tcp::endpoint>& client() const noexcept {
    return client_;
  }

 private:
  explicit ProxyHeader(State state) noexcept : state_(state) {}
  [[nodiscard]] static ProxyHeader read_line(std::string_view bytes);
  [[nodiscard]] static ProxyHeader read_binary(std::string_view bytes);

  State state_;
  std::size_t size_ = 0;
  std::optional<boost::asio::ip::tcp::endpoint> client_;
};

}  // namespace gateway::ingress
