#pragma once
#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

#include "cloud/credentials.hpp"

namespace gateway::cloud {

// Credentials that are fetched, kept until shortly before they expire, and fetched again. A pair
// that is still valid survives a failed renewal.
class TemporaryCredentials : public Credentials {
 public:
  [[nodiscard]] Task<ApiResult<Credential>> get() final;
  bool renew() final;

 protected:
  // A fresh pair, with the time it expires at.
  [[nodiscard]] virtual Task<ApiResult<Credential>> fetch() = 0;
  // Whether there ever was a pair: the source exists, whatever is wrong with it now.
  [[nodiscard]] bool ever_had() const noexcept { return ever_had_; }

 private:
  std::optional<Credential> pair_;
  bool ever_had_ = false;
};

// The error of a source: nothing to be had for now (transient), or without an operator (denied).
[[nodiscard]] ApiError credentials_error(ErrorKind kind, std::string_view action,
                                         std::string message, std::string request_id = {},
                                         std::string advice = {});

// What every source says that has nothing.
inline constexpr std::string_view kHowToConfigure =
    "set secret_id and secret_key (in the configuration, the secret file, or "
    "TENCENTCLOUD_SECRET_ID "
    "and TENCENTCLOUD_SECRET_KEY), or run in TKE with a pod identity, or on a CVM with an instance "
    "role";

// TmpSecretId, TmpSecretKey and Token of `members`, ExpiredTime (UNIX seconds) of `answer`. Empty
// if one is missing or unusable.
[[nodiscard]] std::optional<Credential> read_temporary_pair(const boost::json::object& members,
                                                            const boost::json::object& answer);

// The texts that came for a pair are printable and there is one of each: they go into headers.
[[nodiscard]] bool is_usable(const Credential& pair);

}  // namespace gateway::cloud
