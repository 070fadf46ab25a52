#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "cloud/api.hpp"
#include "runtime/asio.hpp"
#include "runtime/secret.hpp"

namespace gateway::cloud {

// A key pair for signing; temporary if it has a token.
class Credential {
 public:
  Credential() = default;
  Credential(Secret id, Secret key, Secret token = {},
             std::optional<std::chrono::system_clock::time_point> expires = {})
      : id_(std::move(id)), key_(std::move(key)), token_(std::move(token)), expires_(expires) {}

  [[nodiscard]] const Secret& id() const noexcept { return id_; }
  [[nodiscard]] const Secret& key() const noexcept { return key_; }
  [[nodiscard]] const Secret& token() const noexcept { return token_; }  // or empty
  [[nodiscard]] const std::optional<std::chrono::system_clock::time_point>& expires()
      const noexcept {
    return expires_;
  }

 private:
  Secret id_;
  Secret key_;
  Secret token_;
  std::optional<std::chrono::system_clock::time_point> expires_;
};

// A source of credentials. Used on one thread.
class Credentials {
 public:
  Credentials() = default;
  virtual ~Credentials() = default;
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  // Returns a valid pair: the present one, or a new one when that expires within five minutes.
  [[nodiscard]] virtual Task<ApiResult<Credential>> get() = 0;
  // Notes that the service refused the last pair, so that the next get() fetches another. Returns
  // false if there can be no other.
  virtual bool renew() = 0;
  // Ends a get() in progress.
  virtual void cancel() = 0;
  // Returns the name for logs: "configuration", "pod identity (OIDC)", "instance role".
  [[nodiscard]] virtual std::string name() const = 0;
};

}  // namespace gateway::cloud
