#pragma once
#include <chrono>
#include <functional>
#include <string>

#include "gateway/config/settings.hpp"
#include "gateway/egress/access/access_token.hpp"
#include "gateway/egress/access/authorization.hpp"
#include "gateway/egress/access/token_life.hpp"
#include "runtime/asio.hpp"
#include "runtime/signal.hpp"
#include "runtime/supervisor.hpp"

namespace gateway::egress {

// Keeps a token for the eventbus, one for all shards: fetches it, replaces it in time, and tells of
// each and of each failure. Lives on one thread; outlives its coroutine, which ends after stop().
class TokenKeeper {
 public:
  using OnChange = std::function<void(const Authorization&)>;

  TokenKeeper(const Executor& executor, const config::Delivery& delivery, Supervisor& supervisor,
              OnChange on_change);
  TokenKeeper(const TokenKeeper&) = delete;
  TokenKeeper& operator=(const TokenKeeper&) = delete;

  void start();
  // Starts again what was dropped for want of memory.
  void revive() {
    part_.revive([this] { start(); });
  }
  void stop();
  // The eventbus has refused the token with this number.
  void rejected(unsigned number);

 private:
  [[nodiscard]] Task<void> keep();
  [[nodiscard]] Task<void> fetch();

  const Executor executor_;
  const std::string where_;  // for messages
  const std::chrono::milliseconds timeout_;
  Supervisor::Part part_;
  OnChange on_change_;
  TokenClient client_;
  TokenLife life_;
  Authorization current_;
  Signal wake_;
  bool stopping_ = false;
};

}  // namespace gateway::egress
