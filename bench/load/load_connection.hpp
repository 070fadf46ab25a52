#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>

#include "gateway/egress/response_reader.hpp"
#include "load/conversation.hpp"
#include "load/load_generator.hpp"
#include "load/poller.hpp"
#include "load/stream.hpp"

namespace gateway::load {

// One of the generator's connections: moves bytes between its stream and its conversation, and
// connects again when there is need.
class LoadConnection final : public Pollable {
 public:
  using TimePoint = LoadGenerator::TimePoint;

  explicit LoadConnection(LoadGenerator& owner) : owner_(owner) {}

  void connect(TimePoint now);
  // Whether another post may begin here.
  [[nodiscard]] bool has_room() const noexcept;
  // The post leaves with the next transmit().
  void begin(const PreparedPost& post, TimePoint intended) { talk_.begin(post, intended); }
  void transmit();
  // Its rest is over.
  void wake(TimePoint now);
  [[nodiscard]] std::size_t outstanding() const noexcept { return talk_.outstanding(); }
  void close() noexcept;

  void ready(std::uint32_t events) override;

  bool listed = false;   // among the generator's free ones
  bool counted = false;  // among those that are up

 private:
  void receive();
  // False when the connection is no longer the one the bytes came from.
  [[nodiscard]] bool take(std::string_view input, TimePoint now);
  [[nodiscard]] bool answer(TimePoint now);
  void ended(TimePoint now);
  void lose(std::string_view why, TimePoint now);
  void renew(TimePoint now);
  // How long the answer just read asks to be left alone; 0 if it does not.
  [[nodiscard]] std::chrono::milliseconds asked_to_wait() const;

  LoadGenerator& owner_;
  Stream stream_;
  bool told_ = false;  // the generator, that the stream is open
  Conversation talk_;
  egress::ResponseReader reader_;
};

}  // namespace gateway::load
