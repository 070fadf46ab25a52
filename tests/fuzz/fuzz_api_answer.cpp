// Any bytes as an answer of the cloud API: reading them never fails, what is an error has a code
// and one line to log, and only what the service said was a success is one.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cloud/api_answer.hpp"
#include "fuzz/require.hpp"

namespace {

using namespace gateway;
using fuzz::require;

void check_success(std::string_view body) {
  boost::system::error_code error;
  const auto document = boost::json::parse(body, error);
  require(!error && document.is_object(), "a success is an object");
  const auto* const response = document.get_object().if_contains("Response");
  require(response != nullptr && response->is_object(), "with a response");
  const auto* const failure = response->get_object().if_contains("Error");
  require(failure == nullptr || failure->is_null(), "and no error in it");
}

void check_error(const cloud::ApiError& error) {
  require(!error.code().empty(), "an error has a code");
  const std::string text = error.text();
  require(text.starts_with("GetFunction: "), "an error names its action");
  for (const char c : text) {
    require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "an error is one line");
  }
}

}  // namespace

// Input: a byte that picks the HTTP status, and the body.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned status = data[0] % 2 == 0 ? 200 : 502;
  const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto answer = cloud::read_api_answer("GetFunction", status, body);
  if (answer) {
    require(status == 200, "a success has status 200");
    require(!answer->members.contains("RequestId"), "the request id stands apart");
    check_success(body);
  } else {
    check_error(answer.error());
  }
  return 0;
}
