#pragma once
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "cloud/credentials.hpp"
#include "cloud/pod_identity.hpp"
#include "runtime/fair_semaphore.hpp"
#include "runtime/http_client.hpp"

namespace gateway::cloud {

// Credentials that are fetched, kept until shortly before they expire, and fetched again. A pair
// that is still valid survives a failed renewal. The clients of several regions may ask for it at
// the same time: one fetches, the others wait.
class TemporaryCredentials : public Credentials {
 public:
  explicit TemporaryCredentials(const Executor& executor) : fetching_(executor, 1) {}

  [[nodiscard]] Task<ApiResult<Credential>> get() final;
  bool renew() final;

 protected:
  // Fetches a new pair. Returns it with the time at which it expires.
  [[nodiscard]] virtual Task<ApiResult<Credential>> fetch() = 0;
  // Returns whether there ever was a pair: then the source exists, whatever is wrong with it now.
  [[nodiscard]] bool ever_had() const noexcept { return ever_had_; }

 private:
  [[nodiscard]] Task<ApiResult<Credential>> fetch_or_keep();
  [[nodiscard]] bool is_fresh() const;

  FairSemaphore fetching_;
  std::optional<Credential> pair_;
  bool ever_had_ = false;
};

// Credentials of a role that is assumed with the pod's OpenID Connect token (STS 2018-08-13,
// AssumeRoleWithWebIdentity). The token's file is read each time, as the kubelet replaces it.
class PodIdentityCredentials : public TemporaryCredentials {
 public:
  PodIdentityCredentials(const Executor& executor, PodIdentity identity, HttpOrigin sts,
                         std::chrono::milliseconds timeout, std::string ca_file = {});

  void cancel() override { http_.cancel(); }
  [[nodiscard]] std::string name() const override { return "pod identity (OIDC)"; }

 private:
  [[nodiscard]] Task<ApiResult<Credential>> fetch() override;

  const PodIdentity identity_;
  const std::chrono::milliseconds timeout_;
  HttpClient http_;
};

// Credentials of the role that is bound to the CVM this process runs on, from the metadata service.
class InstanceRoleCredentials : public TemporaryCredentials {
 public:
  InstanceRoleCredentials(const Executor& executor, HttpOrigin metadata,
                          std::chrono::milliseconds timeout);

  void cancel() override { http_.cancel(); }
  [[nodiscard]] std::string name() const override { return "instance role"; }

 private:
  [[nodiscard]] Task<ApiResult<Credential>> fetch() override;
  [[nodiscard]] Task<ApiResult<std::string>> read(std::string target);

  const std::chrono::milliseconds timeout_;
  HttpClient http_;
};

// Returns the error of a source: it has no credentials for now (transient), or until an operator
// acts (denied).
[[nodiscard]] ApiError credentials_error(ErrorKind kind, std::string_view action,
                                         std::string message, std::string request_id = {},
                                         std::string advice = {});

// The message of every source that has no credentials.
inline constexpr std::string_view kHowToConfigure =
    "set secret_id and secret_key (in the configuration, the secret file, or "
    "TENCENTCLOUD_SECRET_ID "
    "and TENCENTCLOUD_SECRET_KEY), or run in TKE with a pod identity, or on a CVM with an instance "
    "role";

// Reads TmpSecretId, TmpSecretKey and Token of `members`, and ExpiredTime (UNIX seconds) of
// `answer`. Returns nullopt if one is missing or unusable.
[[nodiscard]] std::optional<Credential> read_temporary_pair(const boost::json::object& members,
                                                            const boost::json::object& answer);

// Returns whether both texts of a pair are there and printable: they go into headers.
[[nodiscard]] bool is_usable(const Credential& pair);

}  // namespace gateway::cloud
