#pragma once
#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <memory>

#include "demo/received_event.hpp"

namespace gateway::demo {

// One connection's bytes become requests, pipelined ones included. No socket: whoever reads puts
// the bytes in. Allocates; made for demonstrations and tests.
class RequestStream {
 public:
  enum class State { complete, needs_more, malformed };

  RequestStream();
  ~RequestStream();
  RequestStream(const RequestStream&) = delete;
  RequestStream& operator=(const RequestStream&) = delete;

  // Room for the next read, and how much of it was filled.
  [[nodiscard]] boost::asio::mutable_buffer prepare(std::size_t size);
  void commit(std::size_t size);

  // Goes on to the next request. After `malformed` nothing more comes.
  [[nodiscard]] State next();
  // The one next() completed, until next() is called again.
  [[nodiscard]] const ReceivedRequest& request() const noexcept;
  // Whether the client wants the connection kept after it.
  [[nodiscard]] bool keep_alive() const;
  // Whether bytes of another request are here already.
  [[nodiscard]] bool has_more() const noexcept;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace gateway::demo
