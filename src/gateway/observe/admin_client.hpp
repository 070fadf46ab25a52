#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/config/settings.hpp"
#include "runtime/secret.hpp"

namespace gateway::observe {

// What the commands ask a running gateway's admin port. Each call makes a connection of its own and
// blocks until it is through.
class AdminClient {
 public:
  struct Answer {
    unsigned status = 0;  // 0: no answer
    std::string body;
    std::string error;  // why there is no answer
  };

  // `token`: gateway.admin_token, if what is asked for asks for it.
  explicit AdminClient(config::HostPort at, Secret token = {})
      : at_(std::move(at)), token_(std::move(token)) {}

  // The whole of it within `limit`.
  [[nodiscard]] Answer get(std::string_view target, std::chrono::milliseconds limit) const;

  enum class End {
    signal,       // SIGINT or SIGTERM
    lost,         // the stream ended
    refused,      // an answer other than 200
    unreachable,  // no answer
  };
  struct Followed {
    End end = End::unreachable;
    std::string error;
  };
  using OnEvent = std::function<void(std::string_view name, std::string_view data)>;
  // Hands over each event of a text/event-stream until a signal comes or the stream ends.
  [[nodiscard]] Followed follow(std::string_view target, const OnEvent& on_event) const;

  // As people write it.
  [[nodiscard]] std::string address() const;

 private:
  config::HostPort at_;
  Secret token_;
};

}  // namespace gateway::observe
