#include "cloud/credentials_chain.hpp"

#include "cloud/temporary_credentials.hpp"

namespace gateway::cloud {
namespace {

// A key pair that the operator gave.
class FixedCredentials : public Credentials {
 public:
  explicit FixedCredentials(Credential pair) : pair_(std::move(pair)) {}

  [[nodiscard]] Task<ApiResult<Credential>> get() override {
    if (!is_usable(pair_)) {
      co_return credentials_error(
          ErrorKind::denied, "Configuration",
          "secret_id, secret_key or session_token holds blanks or characters no key has", {},
          "copy them again, each without anything around it");
    }
    co_return pair_;
  }
  bool renew() override { return false; }
  void cancel() override {}
  [[nodiscard]] std::string name() const override { return "configuration"; }

 private:
  const Credential pair_;
};

}  // namespace

CredentialSources::CredentialSources()
    : sts(true, "sts.tencentcloudapi.com", 443), metadata(false, "metadata.tencentyun.com", 80) {}

std::unique_ptr<Credentials> make_credentials(const Executor& executor, CredentialSources sources) {
  if (!sources.id.empty() && !sources.key.empty()) {
    return std::make_unique<FixedCredentials>(
        Credential(std::move(sources.id), std::move(sources.key), std::move(sources.token)));
  }
  if (sources.pod_identity) {
    return std::make_unique<PodIdentityCredentials>(executor, std::move(*sources.pod_identity),
                                                    std::move(sources.sts), sources.sts_timeout,
                                                    std::move(sources.ca_file));
  }
  return std::make_unique<InstanceRoleCredentials>(executor, std::move(sources.metadata),
                                                   sources.metadata_timeout);
}

}  // namespace gateway::cloud
