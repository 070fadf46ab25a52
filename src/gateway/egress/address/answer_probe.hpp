#pragma once
#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/egress/address/dialer.hpp"
#include "gateway/http/response_reader.hpp"
#include "gateway/transport/transport.hpp"

namespace gateway::egress {

// Asks one address whether it answers, without an event: a server that hangs still accepts
// connections. Lives on the shard's thread; one question at a time.
class AnswerProbe final : private transport::Transport::User {
 public:
  AnswerProbe(transport::Transports& transports, const Executor& executor,
              Dialer::NewSession new_session, std::optional<ProxyTunnel> tunnel = std::nullopt);

  // Returns whether `address` gave any answer of HTTP to `request` by `deadline`; else problem()
  // says why.
  [[nodiscard]] Task<bool> answers(tcp::endpoint address, std::string request, Instant deadline);
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  // Ends answers().
  void cancel();

 private:
  void on_ready(bool writable) override;
  void send();
  void receive();
  void finish(bool answered, std::string problem);

  Dialer dialer_;
  Signal changed_;
  std::unique_ptr<transport::Transport> transport_;
  std::string request_;
  std::string_view unsent_;
  ResponseReader reader_;
  std::array<char, 4096> input_{};
  std::string problem_;
  bool answered_ = false;
  bool done_ = false;
};

}  // namespace gateway::egress
