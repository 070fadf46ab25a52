#include <chrono>
#include <string>

#include "cloud/digest.hpp"
#include "cloud/request_signing.hpp"
#include "micro/payloads.hpp"
#include "micro/subjects.hpp"
#include "runtime/secret.hpp"

namespace gateway::micro {
namespace {

// Adds the signature of a post: HMAC-SHA256 over time stamp and body.
void add_hmac(Subjects& subjects, std::string name, std::size_t records) {
  const std::string text = "1767322800." + post_of(Form::current, records);
  subjects.add(
      std::move(name), {text.size(), 1}, [] { return std::string(64, 'k'); },
      [text](const std::string& key) { benchmark::DoNotOptimize(cloud::hmac_sha256(key, text)); });
}

}  // namespace

void add_signing(Subjects& subjects) {
  add_hmac(subjects, "hmac/post_of_1_record", 1);
  add_hmac(subjects, "hmac/post_of_100_records", 100);
  struct Call {
    std::string body = record_of(Form::current);
    Secret id{"AKIDexample"};
    Secret key{std::string(32, 'k')};
  };
  subjects.add(
      "sign/api_request", {}, [] { return Call(); },
      [](const Call& call) {
        cloud::SigningInput input;
        input.host = "scf.tencentcloudapi.com";
        input.service = "scf";
        input.action = "UpdateFunctionConfiguration";
        input.content_type = "application/json; charset=utf-8";
        input.body = call.body;
        input.time = std::chrono::sys_seconds{std::chrono::seconds{1767322800}};
        benchmark::DoNotOptimize(cloud::authorization(input, call.id, call.key));
      });
}

}  // namespace gateway::micro
