#pragma once
#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "cloud/api.hpp"

namespace gateway::cloud {

// What a successful call of Cloud API 3.0 gave.
struct ApiAnswer {
  ApiAnswer() = default;
  boost::json::object members;  // of `Response`, without RequestId
  std::string request_id;       // or empty
};

// Reads the envelope of an answer: `{"Response":{...}}`, in which a member `Error` is the only mark
// of a failure, or the older `{"code":n,"message":...,"codeDesc":...}`. The service answers 200 to
// whatever it understood; any other status is an error, its own code if the body has one, else
// ClientError.HttpStatus. What is no such envelope is ClientError.Answer. Any bytes may be given.
[[nodiscard]] ApiResult<ApiAnswer> read_api_answer(std::string_view action, unsigned status,
                                                   std::string_view body);

}  // namespace gateway::cloud
