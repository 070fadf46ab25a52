#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/config/settings.hpp"
#include "runtime/http_client.hpp"
#include "runtime/secret.hpp"

namespace gateway::observe {

// Who asks: what the gateway asks everybody for, where it does.
struct AdminKeys {
  Secret token;      // gateway.admin_token
  std::string host;  // gateway.admin_host
};
// Returns the origin of a gateway's admin port.
[[nodiscard]] HttpOrigin admin_origin(const config::HostPort& at, const AdminKeys& keys);
// Returns a GET of the admin port with gateway.admin_token, unless that is empty.
[[nodiscard]] HttpRequest admin_request(std::string_view target, const Secret& token);

// Sends requests of the commands to the admin port of a running gateway. Each call opens a
// connection of its own and blocks until it is done.
class AdminClient {
 public:
  struct Answer {
    unsigned status = 0;  // 0: no answer
    std::string body;
    std::string error;  // why there is no answer
  };

  explicit AdminClient(config::HostPort at, AdminKeys keys = {})
      : at_(std::move(at)), keys_(std::move(keys)) {}

  // Sends a GET and returns the answer; `limit` bounds the whole exchange.
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
  // Calls `on_event` for each event of a text/event-stream until a signal arrives or the stream
  // ends.
  [[nodiscard]] Followed follow(std::string_view target, const OnEvent& on_event) const;

  // Returns the address as people write it.
  [[nodiscard]] std::string address() const { return at_.text(); }

 private:
  config::HostPort at_;
  AdminKeys keys_;
};

}  // namespace gateway::observe
