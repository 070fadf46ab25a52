#pragma once
#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "cloud/api.hpp"

namespace gateway::cloud {

// The result of a successful call of Cloud API 3.0.
struct ApiAnswer {
  ApiAnswer() = default;
  boost::json::object members;  // of `Response`, without RequestId
  std::string request_id;       // or empty
};

// Parses the envelope of an answer: `{"Response":{...}}`, in which a member `Error` is the only
// mark of a failure, or the older `{"code":n,"message":...,"codeDesc":...}`. Returns the members,
// or the error. The service answers 200 to every request it understood; any other status is an
// error, with the service's own code if the body has one, else ClientError.HttpStatus. A body that
// is no such envelope is ClientError.Answer. Accepts any bytes.
[[nodiscard]] ApiResult<ApiAnswer> read_api_answer(std::string_view action, unsigned status,
                                                   std::string_view body);

}  // namespace gateway::cloud
