#include <chrono>
#include <memory>
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
  subjects.add(std::move(name), {text.size(), 1}, [text] {
    return [text, key = std::string(64, 'k')] {
      benchmark::DoNotOptimize(cloud::hmac_sha256(key, text));
    };
  });
}

}  // namespace

void add_signing(Subjects& subjects) {
  add_hmac(subjects, "hmac/post_of_1_record", 1);
  add_hmac(subjects, "hmac/post_of_100_records", 100);
  subjects.add("sign/api_request", {}, [] {
    struct State {
      std::string body = record_of(Form::current);
      Secret id{"AKIDexample"};
      Secret key{std::string(32, 'k')};
    };
    const auto state = std::make_shared<State>();
    return [state] {
      cloud::SigningInput input;
      input.host = "scf.tencentcloudapi.com";
      input.service = "scf";
      input.action = "UpdateFunctionConfiguration";
      input.content_type = "application/json; charset=utf-8";
      input.body = state->body;
      input.time = std::chrono::sys_seconds{std::chrono::seconds{1767322800}};
      benchmark::DoNotOptimize(cloud::authorization(input, state->id, state->key));
    };
  });
}

}  // namespace gateway::micro
